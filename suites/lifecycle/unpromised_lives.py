"""Unpromised lives: what TensorFlow makes of states that its documentation does not speak of."""

from hypothesis import given, settings

from tapecheck import OBSERVED, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(OBSERVED, needs="nested persistent reset stop_recording variables", modes="eager")
@settings(max_examples=budget(40, 4000))
@given(
    script=scripts("inside misuse nested observed persistent reset stop_recording variables", 24)
)
def test_a_used_tape_starts_anew(tf, run, devices, script):
    """A used tape that is entered again, or goes on after a pause with an answer, starts anew."""
    script.perform(Stage(tf, run, devices[0]))


@clause(OBSERVED, needs="elementary nested persistent stop_recording threads", modes="eager")
@settings(max_examples=budget(40, 3000))
@given(script=scripts("elementary nested observed persistent stop_recording threads", 28))
def test_what_other_threads_compute_is_constant(tf, run, devices, script):
    """What other threads compute, their tapes or not, is a constant to the tapes of a thread."""
    script.perform(Stage(tf, run, devices[0]))
