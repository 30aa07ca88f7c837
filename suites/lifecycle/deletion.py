"""Deletion: what nothing can ask for any more is released."""

from hypothesis import given, settings

from tapecheck import SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(SHOULD, needs="memory nested persistent reset stop_recording", modes="eager")
@settings(max_examples=budget(40, 2000))
@given(script=scripts("memory nested persistent reset stop_recording", steps=24))
def test_a_tensor_goes_when_no_tape_can_need_it(tf, run, devices, script):
    """A deleted tensor is released once no tape has a record of it: used up, reset or deleted."""
    script.perform(Stage(tf, run, devices[0]))
