"""The table of derivatives of the NumPy tape, against an oracle that does without a tape."""

from __future__ import annotations

import numpy as np
import pytest

import tapecheck.tapes.numpy as tf
from tapecheck.tapes.numpy import operations
from tapecheck.tapes.numpy.pullback import DERIVATIVES
from tests.tapes import checking
from tests.tapes.cases import CASES

EACH = [
    pytest.param(case, id="{}-{}".format(name, number))
    for name, cases in sorted(CASES.items())
    for number, case in enumerate(cases)
]


def test_every_recorded_operation_has_a_derivative_and_every_derivative_a_case():
    recorded = {
        name.rstrip("_")
        for name, value in vars(operations).items()
        if hasattr(value, "__wrapped__")
    }
    assert recorded == set(DERIVATIVES) == set(CASES)


@pytest.mark.parametrize("case", EACH)
def test_an_operation_computes_what_its_reference_does(case):
    checking.check_value(case)


@pytest.mark.parametrize("case", EACH)
def test_a_first_derivative_agrees_with_the_oracle(case):
    checking.check_first_derivative(case)


@pytest.mark.parametrize("case", EACH)
def test_a_second_derivative_agrees_with_the_oracle(case):
    checking.check_second_derivative(case)


@pytest.mark.parametrize("case", EACH)
def test_a_gradient_has_the_shape_and_the_precision_of_its_source(case):
    checking.check_precision(case)


AT_SINGULAR_POINTS = [
    ("relu at 0", tf.nn.relu, [0.0], [0.0]),
    ("abs at 0", tf.abs, [0.0], [0.0]),
    ("abs at complex 0", tf.abs, [0j], [0j]),
    ("leaky_relu at 0", tf.nn.leaky_relu, [0.0], [0.2]),
    ("elu at 0", tf.nn.elu, [0.0], [1.0]),
    ("elu far out", tf.nn.elu, [1000.0], [1.0]),
    ("maximum of equals", tf.maximum, [2.0, 2.0], [1.0, 0.0]),
    ("minimum of equals", tf.minimum, [2.0, 2.0], [1.0, 0.0]),
    ("reduce_max of equals", tf.reduce_max, [np.array([2.0, 1.0, 2.0])], [[0.5, 0.0, 0.5]]),
    ("x**2 at 0", tf.pow, [0.0, 2.0], [0.0, 0.0]),
    ("x**1 at 0", tf.pow, [0.0, 1.0], [1.0, 0.0]),
    ("x**0 at 0", tf.pow, [0.0, 0.0], [0.0, 0.0]),
    ("negative base", tf.pow, [-2.0, 2.0], [-4.0, 0.0]),
    ("sqrt at 0", tf.sqrt, [0.0], [np.inf]),
    ("log at 0", tf.math.log, [0.0], [np.inf]),
    ("reciprocal at 0", tf.math.reciprocal, [0.0], [-np.inf]),
    ("product with one zero", tf.reduce_prod, [np.array([2.0, 0.0, 3.0])], [[0.0, 6.0, 0.0]]),
    ("product with two zeros", tf.reduce_prod, [np.array([0.0, 0.0, 3.0])], [[0.0, 0.0, 0.0]]),
    ("divide_no_nan", tf.math.divide_no_nan, [1.0, 0.0], [0.0, 0.0]),
    ("multiply_no_nan", tf.math.multiply_no_nan, [np.inf, 0.0], [0.0, 0.0]),
    ("xlogy", tf.math.xlogy, [0.0, 0.0], [0.0, 0.0]),
    ("logsumexp far out", tf.reduce_logsumexp, [np.array([1000.0, 0.0])], [[1.0, 0.0]]),
    ("softplus far out", tf.nn.softplus, [1000.0], [1.0]),
    ("sigmoid far out", tf.sigmoid, [-1000.0], [0.0]),
    ("log_sigmoid far out", tf.math.log_sigmoid, [-1000.0], [1.0]),
    ("clip_by_value on a bound", lambda x: tf.clip_by_value(x, 0.0, 1.0), [1.0], [1.0]),
]


@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [row[1:] for row in AT_SINGULAR_POINTS],
    ids=[row[0] for row in AT_SINGULAR_POINTS],
)
def test_at_a_singular_point_the_gradient_is_the_documented_one(function, point, expected):
    sources = [tf.constant(x, tf.complex128 if np.iscomplexobj(x) else tf.float64) for x in point]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        target = function(*sources)
    for gradient, value in zip(tape.gradient(target, sources), expected):
        np.testing.assert_array_equal(gradient.numpy(), np.asarray(value))


def test_a_product_with_zeros_has_the_second_derivatives_of_the_polynomial():
    x = tf.constant([0.0, 2.0, 3.0], tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            product = tf.reduce_prod(x)
        gradient = inner.gradient(product, x)
    hessian = outer.jacobian(gradient, x)
    np.testing.assert_array_equal(hessian.numpy(), [[0, 3, 2], [3, 0, 0], [2, 0, 0]])


def test_a_product_of_no_factors_is_connected_by_a_derivative_without_elements():
    x = tf.constant([], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = tf.reduce_prod(x)
    assert product.numpy() == 1.0
    assert tape.gradient(product, x).numpy().shape == (0,)


@pytest.mark.parametrize("scan", [tf.math.cumprod, tf.math.cumulative_logsumexp, tf.cumsum])
def test_a_scan_of_a_single_element_is_a_new_tensor(scan):
    x = tf.constant([[2.0], [3.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tape.stop_recording():
            scanned = scan(x, axis=1)
    np.testing.assert_array_equal(scanned.numpy(), x.numpy())
    assert tape.gradient(scanned, x) is None


def test_an_accumulator_follows_a_part_of_a_variable():
    x = tf.Variable([2.0, 3.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.5])) as accumulator:
        product = x[0] * x[1]
    assert accumulator.jvp(product).numpy() == 1.0 * 3.0 + 2.0 * 0.5
