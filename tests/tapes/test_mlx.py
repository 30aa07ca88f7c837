"""The tape on MLX: what it does beyond calling MLX's functions by NumPy's names."""

import math
import threading

import numpy as np
import pytest

pytest.importorskip("mlx.core", reason="MLX is not installed")

import tapecheck.tapes.mlx as tf
import tapecheck.tapes.mlx.compiled as compiled
from tapecheck.tapes.mlx import xp

_IDS = np.array([[1, 0], [1, 1]])


def derivative_at(function, x):
    """The derivative at one point by a tape, as a number."""
    source = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(source)
        y = function(source)
    return float(tape.gradient(y, source))


def test_what_one_thread_computed_is_read_in_another():
    results = []
    thread = threading.Thread(target=lambda: results.append(tf.constant(3.0) * 2.0))
    thread.start()
    thread.join()
    assert float(results[0]) == 6.0


def test_numbers_of_64_bits_keep_them():
    third = tf.constant(1 / 3, tf.float64)
    assert float(third) == 1 / 3
    assert float(third * 3.0) == 1.0
    assert int(tf.constant(2**53 + 1, tf.int64)) == 2**53 + 1


def test_complex_numbers_are_of_single_precision_and_others_are_refused():
    assert tf.constant(1.0 + 2.0j).dtype == tf.complex64
    with pytest.raises(TypeError, match="complex128"):
        tf.constant(1.0 + 2.0j, tf.complex128)
    with pytest.raises(tf.errors.InvalidArgumentError, match="complex128"):
        tf.complex(tf.constant(1.0, tf.float64), tf.constant(2.0, tf.float64))


def test_the_pullback_of_a_sum_has_a_pullback():
    def pullback(cotangent):
        return tuple(xp.vjp(lambda a, b: a + b, [cotangent, cotangent], [cotangent]))

    cotangents = [xp.asarray(np.float32(value)) for value in (7.0, 100.0)]
    (result,) = xp.vjp(pullback, [xp.asarray(np.float32(1.0))], cotangents)
    assert float(xp.to_numpy(result)) == 107.0


@pytest.mark.parametrize("index", [5, -4])
def test_a_place_out_of_range_is_refused(index):
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.constant([1.0, 2.0, 3.0])[index]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.scatter_nd([[index]], [1.0], [3])


@pytest.mark.parametrize(
    "index",
    [
        (_IDS, slice(None), _IDS),
        (0, Ellipsis, _IDS),
        (slice(None, None, -1), None, _IDS, 3),
    ],
)
def test_an_index_reads_and_adds_where_it_does_for_numpy(index):
    array = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    taken, spread = array[index], np.zeros_like(array)
    np.add.at(spread, index, taken)
    np.testing.assert_array_equal(xp.to_numpy(xp.take(xp.asarray(array), index)), taken)
    scattered = xp.scatter(xp.asarray(taken), index, array.shape)
    np.testing.assert_array_equal(xp.to_numpy(scattered), spread)
    (pulled,) = xp.vjp(lambda x: xp.take(x, index), [xp.asarray(array)], [xp.asarray(taken)])
    np.testing.assert_array_equal(xp.to_numpy(pulled), spread)


def test_the_complementary_error_function_has_all_digits_everywhere():
    points = [-3.0, -0.5, 0.0, 0.4, 0.5, 1.0, 3.0, 5.9, 6.1, 9.0]
    values = np.asarray(tf.math.erfc(tf.constant(points)))
    exact = [math.erfc(np.float32(x)) for x in points]
    np.testing.assert_allclose(values, exact, rtol=1e-6)
    assert np.asarray(tf.math.erfc(tf.constant([np.inf, 40.0]))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("x", [0.0, 0.5, 3.0])
def test_the_complementary_error_function_has_its_derivative(x):
    exact = -2 / math.sqrt(math.pi) * math.exp(-(x**2))
    assert derivative_at(tf.math.erfc, x) == pytest.approx(exact, rel=1e-6)


def test_the_logarithm_of_gamma_is_that_of_python():
    points = [-4.5, -0.5, 0.01, 0.5, 1.5, 2.5, 10.0, 100.0, 1e5]
    values = np.asarray(tf.math.lgamma(tf.constant(points)))
    np.testing.assert_allclose(values, [math.lgamma(np.float32(x)) for x in points], rtol=1e-6)
    assert np.isinf(np.asarray(tf.math.lgamma(tf.constant([0.0, -2.0])))).all()


def test_derivatives_of_the_logarithm_of_gamma_are_known_at_one():
    zeta = {2: math.pi**2 / 6, 3: 1.2020569031595942, 5: 1.0369277551433699}
    one = tf.constant(1.0)
    assert float(tf.math.digamma(one)) == pytest.approx(-0.5772156649015329, rel=1e-6)
    for order in (1, 2, 4):
        exact = (-1) ** (order + 1) * math.factorial(order) * zeta[order + 1]
        assert float(tf.math.polygamma(order, one)) == pytest.approx(exact, rel=1e-6)


def test_a_sigmoid_takes_complex_numbers():
    z = 0.5 + 1.0j
    value = np.asarray(tf.sigmoid(tf.constant(z)))
    assert complex(value) == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-6)


def test_a_compiled_program_is_differentiated_and_not_run_again():
    traced = []

    @compiled.function(jit_compile=True)
    def square(x):
        traced.append(tf.executing_eagerly())
        return x * x

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = square(x)
    assert float(tape.gradient(y, x)) == 6.0
    assert float(square(tf.constant(5.0))) == 25.0
    assert not any(traced)
    assert tf.executing_eagerly()


def test_a_compiled_program_takes_an_index_that_it_does_not_know():
    @compiled.function(jit_compile=True)
    def program(x, places):
        return tf.gather(x, places)

    x = tf.constant([2.0, 3.0, 5.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = program(x, tf.constant([2, 0, 2]))
    assert np.asarray(y).tolist() == [5.0, 2.0, 5.0]
    assert np.asarray(tape.gradient(y, x)).tolist() == [1.0, 0.0, 2.0]


def test_only_the_compiled_namespace_claims_a_compiler():
    assert "xla" in tf.__tapecheck__["lacks"]
    assert "xla" not in compiled.__tapecheck__["lacks"]
    assert not hasattr(tf, "function")
