"""Precision: how close a gradient comes to the derivative, and in which arithmetic."""

import math

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    clause,
)

STEP = 2.0**-10
"""A step of difference quotients that adds no rounding of its own."""


def complex_step(function, x):
    """The derivative of a NumPy function at real points, exact to rounding.

    For an analytic function the imaginary part of f(x + ih) is h f'(x) plus terms of h^3, and no
    digits cancel. Source: Squire and Trapp, SIAM Review 40 (1998) 110-112.
    """
    return function(x + 1e-100j).imag / 1e-100


@clause(MUST, covers="NUM-01", needs="arrays elementary exp dtype-float")
def test_gradients_in_float64_are_exact_to_rounding(tf, run):
    """A float64 gradient agrees with a derivative found without a tape in nearly all its digits.

    A central difference would confirm eight digits; a step along the imaginary axis confirms
    them all.
    """
    x = np.array([0.25, 1.5, -2.0])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.sin(x) * tf.exp(-x * x) + tf.math.log(x * x + 3.0) / (tf.cos(x) + 2.0)
        return tape.gradient(y, x)

    def function(x):
        return np.sin(x) * np.exp(-x * x) + np.log(x * x + 3.0) / (np.cos(x) + 2.0)

    gradient = run(program, tf.constant(x, tf.float64))
    assert_close(gradient, complex_step(function, x), magnitude=1.0, dtype="float64")


@clause(SHOULD, covers="NUM-02", needs="arrays elementary exp dtype-float")
def test_gradients_in_float32_agree_with_those_in_float64(tf, run):
    """The same program has the same gradient in float32 and in float64, to rounding."""
    x = np.array([0.25, 1.5, 2.0])

    def program(narrow, wide):
        gradients = []
        for point in (narrow, wide):
            with tf.GradientTape() as tape:
                tape.watch(point)
                y = tf.exp(point) * tf.sin(point) / (1.0 + point * point)
            gradients.append(tape.gradient(y, point))
        return gradients

    narrow, wide = run(program, tf.constant(x, tf.float32), tf.constant(x, tf.float64))
    q = 1 + x**2
    exact = np.exp(x) * ((np.sin(x) + np.cos(x)) / q - 2 * x * np.sin(x) / q**2)
    assert_close(wide, exact, magnitude=3.0, dtype="float64")
    assert_close(narrow, np.asarray(wide), magnitude=3.0, dtype="float32")


@clause(SHOULD, covers="NUM-03", needs="nested")
def test_gradients_of_small_integer_polynomials_are_exact(tf, run):
    """A polynomial with small integers has an exact gradient in float32, to the last bit."""

    def program(x):
        with tf.GradientTape() as square, tf.GradientTape() as fourth, tf.GradientTape() as mixed:
            for tape in (square, fourth, mixed):
                tape.watch(x)
            y = x * x
            z = y * y
            p = 7.0 * x * y - 5.0 * y + 11.0 * x - 13.0
        return square.gradient(y, x), fourth.gradient(z, x), mixed.gradient(p, x)

    gradients = [float(gradient) for gradient in run(program, tf.constant(3.0))]
    assert_equal(gradients, [6.0, 108.0, 21.0 * 3**2 - 10.0 * 3 + 11.0])


@clause(OBSERVED, covers="NUM-04", needs="nested")
def test_a_power_is_off_by_one_rounding_at_most(tf, run):
    """The gradient of x**3 and of x**3.5 lies within one unit in the last place of float32."""

    def program(x):
        with tf.GradientTape() as cube, tf.GradientTape() as fractional:
            cube.watch(x)
            fractional.watch(x)
            y, z = x**3, x**3.5
        return cube.gradient(y, x), fractional.gradient(z, x)

    of_cube, of_fractional = run(program, tf.constant(3.0))
    for gradient, exact in [(of_cube, 3 * 3.0**2), (of_fractional, 3.5 * 3.0**2.5)]:
        unit = float(np.spacing(np.float32(exact)))
        assert_equal(abs(float(gradient) - exact) <= unit, True)


@clause(SHOULD, covers="NUM-05", needs="arrays elementary exp persistent")
def test_a_gradient_is_repeated_to_the_last_bit(tf, run):
    """The same computation has the same gradient in every bit, recorded twice or asked twice."""

    def program(x):
        gradients = []
        for _ in range(2):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = tf.reduce_sum(tf.sin(x) * tf.exp(x)) / tf.reduce_sum(tf.cos(x) + x * x)
            gradients += [tape.gradient(y, x), tape.gradient(y, x)]
        return gradients

    x = np.linspace(-2.0, 3.0, 301, dtype=np.float32)
    first, *others = [np.asarray(gradient).tolist() for gradient in run(program, tf.constant(x))]
    p, q = (np.sin(x.astype(float)) * np.exp(x.astype(float))).sum(), (np.cos(x) + x * x).sum()
    slope = (np.sin(x) + np.cos(x)) * np.exp(x) / q - p / q**2 * (2 * x - np.sin(x))
    assert_close(np.float32(first), slope, magnitude=1.0)
    assert_equal(others, [first, first, first])


@clause(SHOULD, covers="NUM-06", needs="arrays elementary exp nested")
def test_second_derivatives_in_float32_are_close(tf, run):
    """A second derivative in float32 agrees with the analytic one, to rounding.

    That of exp(x) sin(x) is 2 exp(x) cos(x), that of log(x) is -1 / x^2.
    """
    x = np.array([0.5, 2.0, -1.0])

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.exp(x) * tf.sin(x) + tf.math.log(x * x)
            first = inner.gradient(y, x)
        return outer.gradient(first, x)

    expected = 2 * np.exp(x) * np.cos(x) - 2 / x**2
    assert_close(run(program, tf.constant(x, tf.float32)), expected, magnitude=8.0)


@clause(SHOULD, covers="NUM-07", needs="dtype-half")
def test_gradients_in_float16_underflow_and_overflow(tf, run):
    """A float16 gradient below 2^-24 is zero, one above 65504 is infinite, and scaling helps.

    That is why losses are scaled: the gradient of 2^10 times the loss is there, to be divided.
    """
    tiny, huge = 2.0**-14, 300.0

    def program(x):
        gradients = []
        for factor, scale in [(tiny, 1.0), (tiny, 2.0**10), (huge, 1.0)]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = (x * factor) * factor * scale
            gradients.append(tape.gradient(y, x))
        return gradients

    under, scaled, over = run(program, tf.constant(0.0, tf.float16))
    assert_close(under, 0.0, dtype="float16")
    assert_close(scaled, 2.0**-18, dtype="float16")
    assert_close(over, math.inf, dtype="float16")


@clause(SHOULD, covers="NUM-07", needs="dtype-bfloat16")
def test_gradients_in_bfloat16_have_eight_bits(tf, run):
    """A bfloat16 gradient is rounded to eight binary digits: 256 + 1 is 256."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * 256.0 + x
        gradient = tape.gradient(y, x)
        assert_equal(gradient.dtype == tf.bfloat16, True)
        return tf.cast(gradient, tf.float32)

    assert_equal(float(run(program, tf.constant(3.0, tf.bfloat16))), 256.0)


@clause(SHOULD, covers="NUM-08", needs="arrays compute_gradient", modes="eager")
def test_the_checker_finds_the_numeric_jacobian_equal(tf, run):
    """test.compute_gradient gives the jacobian twice, by the tape and by differences.

    It has one row for each element of the target and one column for each of the source. The
    difference quotients of this polynomial are exact, since no square meets another factor.
    """

    def function(x):
        return tf.stack([x[0] * x[1], 3.0 * x[2] * x[2]])

    point = tf.constant([2.0, 5.0, 4.0])
    (theoretical,), (numeric,) = tf.test.compute_gradient(function, [point], delta=STEP)
    jacobian = np.array([[5.0, 2.0, 0.0], [0.0, 0.0, 3 * 2 * 4.0]])
    assert_close(theoretical, jacobian)
    assert_close(numeric, jacobian)


@clause(SHOULD, covers="NUM-08", needs="arrays compute_gradient custom_gradient", modes="eager")
def test_the_checker_exposes_a_wrong_gradient(tf, run):
    """test.compute_gradient gives what the tape says beside what the function does."""

    @tf.custom_gradient
    def wrong(x):
        return 3.0 * x, lambda upstream: 7.0 * upstream

    point = tf.constant([2.0])
    (theoretical,), (numeric,) = tf.test.compute_gradient(wrong, [point], delta=STEP)
    assert_close(theoretical, [[7.0]])
    assert_close(numeric, [[3.0]])


@clause(MUST, covers="NUM-09", needs="nested arrays")
def test_differentiation_is_linear(tf, run):
    """The gradient of a f + b g is a times that of f plus b times that of g."""
    a, b = 3.0, -5.0

    def program(x):
        with tf.GradientTape() as both, tf.GradientTape() as first, tf.GradientTape() as second:
            for tape in (both, first, second):
                tape.watch(x)
            f = x * x * x
            g = tf.reduce_sum(x) * x
            combined = a * f + b * g
        return both.gradient(combined, x), first.gradient(f, x), second.gradient(g, x)

    x = np.array([2.0, 3.0, 7.0])
    of_sum, of_f, of_g = run(program, tf.constant(x, tf.float32))
    # g_i = (sum x) x_i, so that the sum of all g_i is (sum x)^2
    assert_close(of_f, 3 * x**2)
    assert_close(of_g, np.full(3, 2 * 12.0))
    assert_close(of_sum, a * 3 * x**2 + b * 2 * 12.0)


@clause(MUST, covers="NUM-10", needs="nested arrays output_gradients")
def test_the_chain_rule_holds_through_an_intermediate(tf, run):
    """The gradient of z by x is that of y by x with the gradient of z by y as output gradient."""

    def program(x):
        with tf.GradientTape() as whole, tf.GradientTape() as outer, tf.GradientTape() as inner:
            whole.watch(x)
            inner.watch(x)
            y = x * tf.reduce_sum(x)
            outer.watch(y)
            z = tf.reduce_sum(y * y * tf.constant([1.0, 2.0]))
        of_y = outer.gradient(z, y)
        return whole.gradient(z, x), inner.gradient(y, x, output_gradients=of_y), of_y

    directly, in_steps, of_y = run(program, tf.constant([2.0, 3.0]))
    # y = s x with s = 5: y = (10, 15), dz/dy = (20, 60), dz/dx_i = s dz/dy_i + sum_j x_j dz/dy_j
    assert_close(of_y, [2 * 10.0, 2 * 2 * 15.0])
    expected = [5 * 20.0 + 2 * 20.0 + 3 * 60.0, 5 * 60.0 + 2 * 20.0 + 3 * 60.0]
    assert_close(directly, expected)
    assert_close(in_steps, expected)
