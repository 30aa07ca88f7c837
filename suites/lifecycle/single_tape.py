"""One tape: built, entered and left, told what to watch, and asked."""

import numpy as np
from hypothesis import example, given, settings

from tapecheck import MUST, SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts
from tapecheck.lifecycle.script import Asked, Container, Nothing, Number, Script

# The product is recorded for the sake of its other factor, before the second one is watched.
_WATCHED_LATE = Script(
    setup=["x1 = tf.constant(1.5)", "x2 = tf.constant(-0.5)"],
    parameters=["x1", "x2"],
    body=[
        "tape1 = tf.GradientTape()",
        "with tape1:",
        "    tape1.watch(x1)",
        "    y1 = x1 * x2",
        "    tape1.watch(x2)",
        "a1 = tape1.gradient(y1, [x1, x2])",
    ],
    asked=[Asked("a1", 5, Container(list, (0, 1), (Number(np.array(-0.5), 1.0), Nothing())), True)],
)


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
@example(script=_WATCHED_LATE)
@given(script=scripts("late reset"))
def test_a_tensor_that_is_watched_late_has_no_part_in_what_was_before(tf, run, devices, script):
    """Only operations after the watching have a part in a gradient, whatever else they used."""
    script.perform(Stage(tf, run, devices[0]))
