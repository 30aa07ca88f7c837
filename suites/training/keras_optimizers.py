"""Optimizers of Keras: apply_gradients(zip(gradients, variables)) does what their formulas say."""

import numpy as np
import pytest

from tapecheck import MUST, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, draw, follow

NEEDS = "arrays dtype-float elementary keras optimizer state variables"

X = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.25], [1.5, 0.5], [-0.5, -1.0], [0.25, 2.0]])
T = np.array([[1.0], [-0.5], [0.25], [0.75], [-1.0], [0.5]])
LAYERS = [
    np.array([[0.5, -0.25, 1.0], [0.75, 0.5, -1.0]]),
    np.array([0.25, -0.5, 0.125]),
    np.array([[1.5], [-2.0], [0.5]]),
    np.array([0.75]),
]
NOTHING = 1e-30
"""What keeps a division from failing, too small to count."""


def exact_loss(parameters):
    w, b, v, c = parameters
    return ((np.tanh(X @ w + b) @ v + c - T) ** 2).mean()


class Nesterov:
    """Momentum whose step looks ahead along the new velocity."""

    def __init__(self, rate, kept):
        self._rate, self._kept, self._velocities = rate, kept, None

    def __call__(self, parameters, gradients):
        rate, kept = self._rate, self._kept
        velocities = self._velocities or [np.zeros_like(one) for one in parameters]
        self._velocities = [
            kept * velocity - rate * slope for velocity, slope in zip(velocities, gradients)
        ]
        return [
            one + kept * velocity - rate * slope
            for one, velocity, slope in zip(parameters, self._velocities, gradients)
        ]


class Squares:
    """Steps divided by the root of the squares so far: added up, or a mean that forgets."""

    def __init__(self, rate, start, forget, add):
        self._rate, self._start, self._forget, self._add = rate, start, forget, add
        self._sums = None

    def __call__(self, parameters, gradients):
        sums = self._sums or [np.full_like(one, self._start) for one in parameters]
        self._sums = [
            self._forget * total + self._add * slope**2 for total, slope in zip(sums, gradients)
        ]
        return [
            one - self._rate * slope / np.sqrt(total)
            for one, slope, total in zip(parameters, gradients, self._sums)
        ]


# All numbers have few binary digits, since Keras rounds some of them to float32.
OPTIMIZERS = {
    "SGD": (
        lambda optimizers: optimizers.SGD(0.125),
        lambda: oracle.Descent(0.125),
    ),
    "momentum": (
        lambda optimizers: optimizers.SGD(0.0625, momentum=0.75),
        lambda: oracle.Momentum(0.0625, 0.75),
    ),
    "Nesterov": (
        lambda optimizers: optimizers.SGD(0.0625, momentum=0.75, nesterov=True),
        lambda: Nesterov(0.0625, 0.75),
    ),
    "Adam": (
        lambda optimizers: optimizers.Adam(0.03125, 0.875, 0.96875, epsilon=NOTHING),
        lambda: oracle.Adam(0.03125, 0.875, 0.96875, NOTHING),
    ),
    "RMSprop": (
        lambda optimizers: optimizers.RMSprop(0.015625, rho=0.96875, epsilon=NOTHING),
        lambda: Squares(0.015625, 0.0, 0.96875, 0.03125),
    ),
    "Adagrad": (
        lambda optimizers: optimizers.Adagrad(
            0.125, initial_accumulator_value=0.25, epsilon=NOTHING
        ),
        lambda: Squares(0.125, 0.25, 1.0, 1.0),
    ),
}


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@clause(MUST, covers="TRN-05", needs=NEEDS)
def test_an_optimizer_goes_the_way_of_its_formula(tf, run, measured, name):
    """A hundred times apply_gradients, given what a tape answers, lead the exact way."""
    make, update = OPTIMIZERS[name]
    variables = [tf.Variable(tf.constant(one, tf.float64)) for one in LAYERS]
    x, t = tf.constant(X, tf.float64), tf.constant(T, tf.float64)
    optimizer = make(tf.keras.optimizers)

    def step():
        w, b, v, c = variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w) + b), v) + c - t))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)

    def exact_gradients(parameters):
        return oracle.gradient(exact_loss, parameters)

    oracle.assert_path(path, oracle.trajectory(exact_gradients, LAYERS, update(), STEPS))
