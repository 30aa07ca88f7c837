"""Several tapes: one inside another, side by side, and differentiating each other's answers."""

from hypothesis import given, settings

from tapecheck import MUST, SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(MUST, needs="elementary nested", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("elementary nested", steps=24))
def test_every_tape_records_for_itself(tf, run, devices, script):
    """Tapes that are open at once record for themselves, the answers of inner tapes included."""
    script.perform(Stage(tf, run, devices[0]))


@clause(
    MUST,
    needs="arrays elementary nested output_gradients persistent reset stop_recording",
    modes="eager",
)
@settings(max_examples=budget(40, 4000))
@given(
    script=scripts(
        "arrays elementary nested output_gradients persistent reset stop_recording", steps=24
    )
)
def test_a_pause_or_reset_concerns_one_of_several_tapes(tf, run, devices, script):
    """A pause or a reset concerns one tape; all others go on, with derivatives of any order."""
    script.perform(Stage(tf, run, devices[0]))


@clause(SHOULD, needs="elementary nested persistent stop_recording", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("elementary inside nested overlap persistent stop_recording", steps=24))
def test_blocks_and_pauses_end_in_any_order(tf, run, devices, script):
    """Blocks and pauses of different tapes may overlap; each tape records within its own."""
    script.perform(Stage(tf, run, devices[0]))


@clause(SHOULD, needs="arrays elementary jacobian nested persistent pfor", modes="eager")
@settings(max_examples=budget(20, 1500))
@given(script=scripts("arrays elementary jacobian looped nested persistent"))
def test_tapes_differentiate_jacobians(tf, run, devices, script):
    """An outer tape differentiates the jacobian that an inner one gives, and the other way."""
    script.perform(Stage(tf, run, devices[0]))
