"""Several threads: tapes that live in each of them at once; threads take turns in a fixed order."""

from hypothesis import given, settings

from tapecheck import SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts


@clause(SHOULD, needs="nested persistent threads", modes="eager")
@settings(max_examples=budget(40, 3000))
@given(script=scripts("nested persistent threads", steps=28))
def test_tapes_of_different_threads_do_not_meet(tf, run, devices, script):
    """Whatever other threads do in between, the tapes of a thread answer for that thread."""
    script.perform(Stage(tf, run, devices[0]))


@clause(
    SHOULD,
    needs="elementary nested persistent reset stop_recording threads variables",
    modes="eager",
)
@settings(max_examples=budget(40, 3000))
@given(
    script=scripts(
        "elementary inside misuse nested persistent reset stop_recording threads variables",
        steps=28,
    )
)
def test_threads_share_variables_but_no_tapes(tf, run, devices, script):
    """Threads that read and assign the same variables watch and list them each for itself."""
    script.perform(Stage(tf, run, devices[0]))
