"""Exceptional ends: blocks and pauses that they leave, and operations that fail."""

from hypothesis import given, settings

from tapecheck import MUST, SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(MUST, needs="nested", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("exceptions nested", steps=24))
def test_an_exception_ends_the_blocks_that_it_leaves(tf, run, devices, script):
    """An exception passes the blocks of tapes, which stop recording and keep what they have."""
    script.perform(Stage(tf, run, devices[0]))


@clause(
    SHOULD,
    needs="arrays elementary nested persistent reset stop_recording variables",
    modes="eager",
)
@settings(max_examples=budget(40, 4000))
@given(
    script=scripts(
        "arrays elementary exceptions inside misuse nested persistent reset stop_recording "
        "variables",
        steps=24,
    )
)
def test_a_tape_lives_on_after_an_exception(tf, run, devices, script):
    """After an exception tapes go on as if their blocks and pauses had ended without one."""
    script.perform(Stage(tf, run, devices[0]))
