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


@clause(SHOULD, needs="elementary nested persistent reset stop_recording", modes="function jit")
@settings(max_examples=budget(12, 500))
@given(
    script=scripts(
        "elementary exceptions inside misuse nested overlap persistent reset stop_recording"
    )
)
def test_a_life_within_a_compiled_function_is_the_same(tf, run, devices, script):
    """A tape that lives and dies while a program is traced answers as it does outside of one."""
    script.perform(Stage(tf, run, devices[0]))


@clause(
    SHOULD,
    needs="arrays elementary nested persistent reset stop_recording variables",
    modes="function jit",
)
@settings(max_examples=budget(12, 500))
@given(
    script=scripts(
        "arrays elementary inside nested output_gradients persistent reset stop_recording "
        "unconnected_zero variables"
    )
)
def test_variables_within_a_compiled_function_are_followed(tf, run, devices, script):
    """Variables that a traced program reads and assigns are followed as outside of one."""
    script.perform(Stage(tf, run, devices[0]))
