"""Fitting: lines and polynomials are found again from their points."""

import numpy as np
import pytest

from tapecheck import MUST, Broken, assert_close, clause
from tapecheck.training.following import descend, draw, follow

NEEDS = "arrays elementary variables state"


def fit(tf, run, measured, variables, loss, rate, steps):
    """Steps against the gradient of the loss, which goes down to almost nothing."""

    def step():
        with tf.GradientTape() as tape:
            value = loss()
        descend(variables, tape.gradient(value, variables), rate)
        return value

    losses, _ = follow(run.compiled(step), variables, steps)
    draw(measured, losses)
    first, last = float(losses[0]), float(losses[-1])
    if not last < 1e-8 * first:
        raise Broken("a loss that vanishes", "{} after {} at first".format(last, first))


@clause(MUST, covers="TRN-01", needs=NEEDS)
def test_a_line_is_found(tf, run, seed, measured):
    """Descent on the mean square error finds y = 10 x + 5 from a thousand random points."""
    x = np.random.RandomState(seed).normal(0.0, 1.0, 1000).astype(np.float32)
    slope, offset = tf.Variable(0.0), tf.Variable(0.0)
    points, y = tf.constant(x), tf.constant(10 * x + 5)

    def loss():
        return tf.reduce_mean(tf.square(slope * points + offset - y))

    fit(tf, run, measured, [slope, offset], loss, 0.25, 100)
    assert_close(slope.numpy(), 10.0)
    assert_close(offset.numpy(), 5.0)


@clause(MUST, covers="TRN-03", needs=NEEDS)
def test_a_parabola_is_found(tf, run, seed, measured):
    """Descent finds all three coefficients of 6 x^2 + 8 x + 2 from random points.

    The columns x^2 and 1 are far from orthogonal, so that it takes hundreds of steps.
    """
    x = np.random.RandomState(seed).uniform(-1.0, 1.0, 1000).astype(np.float32)
    coefficients = [tf.Variable(0.0), tf.Variable(0.0), tf.Variable(0.0)]
    points, y = tf.constant(x), tf.constant(6 * x * x + 8 * x + 2)

    def loss():
        a, b, c = coefficients
        return tf.reduce_mean(tf.square(a * points * points + b * points + c - y))

    fit(tf, run, measured, coefficients, loss, 0.4, 400)
    for coefficient, exact in zip(coefficients, [6.0, 8.0, 2.0]):
        assert_close(coefficient.numpy(), exact, magnitude=16.0)


@pytest.mark.parametrize("degree", [1, 3, 5, 8, 12])
@clause(MUST, covers="TRN-03", needs=NEEDS)
def test_a_polynomial_of_any_degree_is_found(tf, run, seed, measured, degree):
    """Descent finds all coefficients of a polynomial, written in those of Chebyshev.

    At their nodes these are orthogonal: the mean square is 1 for the first and 1/2 for the others.
    They are computed by their recurrence T(k+1) = 2 x T(k) - T(k-1).
    """
    count = 32
    x = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    truth = np.random.RandomState(seed).randint(1, 10, degree + 1).astype(np.float64)
    coefficients = [tf.Variable(0.0) for _ in truth]
    points = tf.constant(x.astype(np.float32))
    y = tf.constant(np.polynomial.chebyshev.chebval(x, truth).astype(np.float32))

    def loss():
        before, now = points, tf.ones_like(points)
        total = -y
        for coefficient in coefficients:
            total = total + coefficient * now
            before, now = now, 2.0 * points * now - before
        return tf.reduce_mean(tf.square(total))

    fit(tf, run, measured, coefficients, loss, 0.625, 50)
    for coefficient, exact in zip(coefficients, truth):
        assert_close(coefficient.numpy(), exact, magnitude=10.0 * (degree + 1))
