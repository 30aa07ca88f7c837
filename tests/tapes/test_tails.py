"""Derivatives of the NumPy tape where a plain formula would cancel, overflow or divide by zero."""

import math

import numpy as np
import pytest

import tapecheck.tapes.numpy as tf

INFINITY = float("inf")
BELL = math.exp(-50.0) / math.sqrt(2 * math.pi)  # the density of the normal distribution at 10


def derivatives(function, *inputs):
    """The gradient by the first input, and the gradient of that."""
    inputs = [tf.constant(x, tf.float64) for x in inputs]
    with tf.GradientTape() as outer:
        outer.watch(inputs[0])
        with tf.GradientTape() as inner:
            inner.watch(inputs[0])
            y = function(*inputs)
        first = inner.gradient(y, inputs[0])
    return first.numpy(), outer.gradient(first, inputs[0]).numpy()


@pytest.mark.parametrize(
    ("function", "inputs", "first", "second"),
    [
        (tf.math.tanh, [20.0], 4 * math.exp(-40), -8 * math.exp(-40)),
        (tf.math.sigmoid, [40.0], math.exp(-40), -math.exp(-40)),
        (tf.math.expm1, [-40.0], math.exp(-40), math.exp(-40)),
        (tf.math.atan, [1e200], 0.0, 0.0),
        (tf.math.atan, [1e10], 1e-20, -2e-30),
        (tf.math.asinh, [1e200], 1e-200, 0.0),
        (tf.math.acosh, [1e200], 1e-200, 0.0),
        (tf.math.erf, [INFINITY], 0.0, 0.0),
        (tf.math.softsign, [1e20], 1e-40, -2e-60),
        (tf.math.atan2, [1e200, 1e200], 5e-201, 0.0),
        (tf.nn.gelu, [-10.0], math.erfc(10 / math.sqrt(2)) / 2 - 10 * BELL, -98 * BELL),
    ],
)
def test_no_digit_is_lost(function, inputs, first, second):
    actual = derivatives(function, *inputs)
    assert actual[0] == pytest.approx(first, rel=1e-12, abs=1e-300)
    assert actual[1] == pytest.approx(second, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    ("function", "y", "slope"),
    [
        (tf.math.xlogy, 2.0, math.log(2.0)),
        (tf.math.xlogy, 0.0, 0.0),
        (tf.math.xlog1py, 2.0, math.log(3.0)),
        (tf.math.xdivy, 2.0, 0.5),
        (tf.math.xdivy, 0.0, 0.0),
    ],
)
def test_zero_times_a_factor_has_the_factor_as_its_slope(function, y, slope):
    x = tf.constant(0.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = function(x, tf.constant(y, tf.float64))
    assert float(tape.gradient(product, x)) == pytest.approx(slope)


def test_the_gradient_of_a_softmax_that_is_all_but_certain_is_what_is_left():
    logits = tf.constant([50.0, -50.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = -tf.nn.log_softmax(logits)[0]
    expected = math.exp(-100.0)
    assert float(loss) == pytest.approx(expected)
    assert tape.gradient(loss, logits).numpy() == pytest.approx([-expected, expected])


def test_equal_terms_of_a_running_logsumexp_share_the_gradient():
    x = tf.constant([1.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.cumulative_logsumexp(x)[1]
    assert tape.gradient(y, x).numpy() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("matrix", "cofactors"),
    [
        ([[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
        (np.zeros([2, 2]), np.zeros([2, 2])),
        (np.diag([1.0, 2.0, 0.0]), np.diag([0.0, 0.0, 2.0])),
        ([[3.0]], [[1.0]]),
    ],
)
def test_the_gradient_of_a_determinant_is_made_of_cofactors_also_where_it_is_zero(
    matrix, cofactors
):
    a = tf.constant(matrix, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = tf.linalg.det(a)
    assert tape.gradient(y, a).numpy() == pytest.approx(np.asarray(cofactors))


def test_the_least_of_many_solutions_is_the_shortest():
    a, b = np.array([[1.0, 2.0, 2.0]]), np.array([[9.0]])
    assert tf.linalg.lstsq(a, b).numpy() == pytest.approx(np.array([[1.0], [2.0], [2.0]]))
