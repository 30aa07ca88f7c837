"""Variables: read, assigned, watched by themselves or on request, and listed."""

from hypothesis import given, settings

from tapecheck import MUST, SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(MUST, needs="variables", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("variables"))
def test_a_tape_follows_the_variables_that_it_watches(tf, run, devices, script):
    """A tape watches trainable variables that are read, or those it is told to, and lists them."""
    script.perform(Stage(tf, run, devices[0]))


@clause(MUST, needs="elementary persistent reset stop_recording variables", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("elementary persistent reset stop_recording variables"))
def test_every_reading_counts_with_its_own_value(tf, run, devices, script):
    """A variable is differentiated at the values that were read, while the tape recorded."""
    script.perform(Stage(tf, run, devices[0]))


@clause(SHOULD, needs="nested persistent reset variables", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("inside misuse nested overlap persistent reset variables", steps=24))
def test_every_tape_lists_its_own_variables(tf, run, devices, script):
    """Each of several tapes watches and lists the variables that were read while it recorded."""
    script.perform(Stage(tf, run, devices[0]))
