"""Whole lives: everything that a tape can meet, in one script."""

from hypothesis import given, settings

from tapecheck import SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(
    SHOULD,
    needs="arrays elementary nested output_gradients persistent reset stop_recording struct "
    "unconnected_zero variables",
    modes="eager",
)
@settings(max_examples=budget(40, 6000))
@given(
    script=scripts(
        "arrays elementary exceptions inside misuse nested output_gradients overlap persistent "
        "reset stop_recording struct unconnected_zero variables",
        steps=40,
    )
)
def test_a_long_life_has_no_surprises(tf, run, devices, script):
    """Whatever a tape went through, it answers by what it watched and recorded."""
    script.perform(Stage(tf, run, devices[0]))
