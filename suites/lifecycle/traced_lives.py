"""Traced lives: lives of tapes within a program that is traced."""

import numpy as np
from hypothesis import example, given, settings

from tapecheck import SHOULD, budget, clause
from tapecheck.lifecycle import Stage, scripts
from tapecheck.lifecycle.script import Asked, Number, Script

# The inner tape takes the tensor into the program while the outer one is paused, and the derivative
# of sin(x) is computed, as cos(x), while it records.
_TAKEN_DURING_A_PAUSE = Script(
    setup=["x1 = tf.constant(1.5)"],
    parameters=[],
    body=[
        "tape1 = tf.GradientTape()",
        "tape2 = tf.GradientTape()",
        "with tape1:",
        "    tape1.watch(x1)",
        "    with tape1.stop_recording():",
        "        with tape2:",
        "            tape2.watch(x1)",
        "            y1 = tf.sin(x1)",
        "    a1 = tape2.gradient(y1, x1)",
        "a2 = tape1.gradient(a1, x1)",
    ],
    asked=[
        Asked("a1", 8, Number(np.array(np.cos(1.5)), 1.0), True),
        Asked("a2", 9, Number(np.array(-np.sin(1.5)), 1.0), True),
    ],
)

# Two jacobians row by row, and the jacobian of the second by the default way.
_THIRD_ORDER = Script(
    setup=["x1 = tf.constant(1.5)"],
    parameters=["x1"],
    body=[
        "with tf.GradientTape(persistent=True) as tape1:",
        "    tape1.watch(x1)",
        "    y1 = tf.cos(x1)",
        "    a1 = tape1.jacobian(y1, x1, experimental_use_pfor=False)",
        "    a2 = tape1.jacobian(a1, x1, experimental_use_pfor=False)",
        "    a3 = tape1.jacobian(a2, x1)",
    ],
    asked=[
        Asked("a1", 3, Number(np.array(-np.sin(1.5)), 1.0), True),
        Asked("a2", 4, Number(np.array(-np.cos(1.5)), 1.0), True),
        Asked("a3", 5, Number(np.array(np.sin(1.5)), 1.0), True),
    ],
)


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


@clause(SHOULD, needs="elementary nested persistent stop_recording", modes="function jit")
@settings(max_examples=budget(8, 500))
@example(script=_TAKEN_DURING_A_PAUSE)
@given(script=scripts("captured elementary nested persistent stop_recording"))
def test_tensors_that_a_compiled_function_finds_are_followed(tf, run, devices, script):
    """Tensors that a traced program takes from around it are followed like its arguments."""
    script.perform(Stage(tf, run, devices[0]))


@clause(
    SHOULD, needs="arrays elementary jacobian nested persistent stop_recording", modes="function"
)
@settings(max_examples=budget(6, 300))
@given(script=scripts("arrays elementary inside jacobian nested persistent stop_recording"))
def test_jacobians_within_a_compiled_function_are_answers_like_gradients(tf, run, devices, script):
    """A jacobian that a traced program asks for is computed and recorded as outside of one."""
    script.perform(Stage(tf, run, devices[0]))


@clause(SHOULD, needs="elementary jacobian persistent pfor", modes="function")
def test_jacobians_row_by_row_are_differentiated_in_a_compiled_function(tf, run, devices):
    """In a traced program jacobians that were computed row by row have derivatives of any order."""
    _THIRD_ORDER.perform(Stage(tf, run, devices[0]))
