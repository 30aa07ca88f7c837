"""One tape: built, entered and left, told what to watch, and asked."""

from hypothesis import given, settings

from tapecheck import MUST, SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(MUST, modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts(""))
def test_a_tape_answers_once_for_what_it_recorded(tf, run, devices, script):
    """A tape answers once, for what its blocks computed from what it watched until then."""
    script.perform(Stage(tf, run, devices[0]))


@clause(SHOULD, needs="reset stop_recording", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("inside misuse reset stop_recording"))
def test_a_tape_refuses_what_does_not_fit_its_state(tf, run, devices, script):
    """A tape that was never entered, records, was left or is used up refuses what does not fit."""
    script.perform(Stage(tf, run, devices[0]))


@clause(MUST, needs="arrays output_gradients struct unconnected_zero", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("arrays output_gradients struct unconnected_zero"))
def test_a_tape_is_asked_in_every_form(tf, run, devices, script):
    """Whatever the form of a question, the answer has the form of its sources."""
    script.perform(Stage(tf, run, devices[0]))


@clause(MUST, needs="reset", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("late reset"))
def test_a_tensor_that_is_watched_late_has_no_part_in_what_was_before(tf, run, devices, script):
    """Only operations after the watching have a part in a gradient, whatever else they used."""
    script.perform(Stage(tf, run, devices[0]))
