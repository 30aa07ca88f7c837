"""Persistent tapes: asked again and again, paused and reset in between."""

from hypothesis import given, settings

from tapecheck import MUST, SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(MUST, needs="elementary persistent reset stop_recording", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("elementary persistent reset stop_recording"))
def test_a_persistent_tape_is_asked_at_any_time(tf, run, devices, script):
    """A persistent tape answers at any time, during a pause too, until it is reset."""
    script.perform(Stage(tf, run, devices[0]))


@clause(SHOULD, needs="elementary persistent reset stop_recording", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(script=scripts("elementary inside misuse persistent reset stop_recording"))
def test_a_persistent_tape_records_its_own_answers(tf, run, devices, script):
    """A persistent tape records an answer that it gives inside its block, unless it is paused."""
    script.perform(Stage(tf, run, devices[0]))


@clause(
    SHOULD, needs="arrays batch_jacobian jacobian persistent pfor unconnected_zero", modes="eager"
)
@settings(max_examples=budget(20, 1500))
@given(
    script=scripts(
        "arrays batch_jacobian inside jacobian looped misuse persistent unconnected_zero"
    )
)
def test_jacobians_are_answers_like_gradients(tf, run, devices, script):
    """A jacobian uses a tape up, or not, as a gradient does, and is computed from the same."""
    script.perform(Stage(tf, run, devices[0]))
