"""Inputs: gradients by what a network is given, and by what it learns from such gradients."""

import numpy as np
import pytest

from tapecheck import MUST, assert_close, assert_equal, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, descend, draw, follow

FLOATS = "arrays elementary variables state dtype-float"

X = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.25], [1.5, 0.5], [-0.5, -1.0], [0.25, 2.0]])
T = np.array([[1.0], [0.0], [1.0], [1.0], [0.0], [0.0]])
LAYERS = [
    np.array([[0.5, -0.25, 1.0], [0.75, 0.5, -1.0]]),
    np.array([0.25, -0.5, 0.125]),
    np.array([[1.5], [-2.0], [0.5]]),
    np.array([0.75]),
]


@pytest.mark.parametrize(("beyond", "deceived"), [(1.001, True), (0.999, False)])
@clause(MUST, needs="arrays comparison elementary nn")
def test_a_linear_classifier_is_deceived_by_the_sign_of_its_gradient(tf, run, beyond, deceived):
    """Moved along the sign of the gradient, an input is taken for another just beyond its distance.

    In the greatest change of an element, the distance of x from the plane w x + b = 0 is
    |w x + b| / (|w1| + |w2| + ...), and the sign of the gradient of the loss leads straight there
    (Goodfellow, Shlens and Szegedy, Explaining and harnessing adversarial examples, 2015).
    """
    w, b, x = np.array([3.0, -1.0, 0.5, 2.0]), -0.5, np.array([1.0, 0.5, -2.0, 0.25])
    margin = w @ x + b
    distance = beyond * abs(margin) / np.abs(w).sum()

    def score(x):
        return tf.reduce_sum(tf.constant(w, tf.float32) * x) + b

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=1.0, logits=score(x))
        gradient = tape.gradient(loss, x)
        return gradient, score(x + distance * tf.sign(gradient))

    gradient, after = run(program, tf.constant(x, tf.float32))
    assert_close(gradient, -w / (1 + np.exp(margin)))
    assert_close(after, margin * (1 - beyond), magnitude=abs(margin))
    assert_equal(bool(np.asarray(after) < 0), deceived)


def exact_loss(parameters, x, t=T):
    w, b, v, c = parameters
    z = np.tanh(x @ w + b) @ v + c
    return (np.log(1 + np.exp(z)) - t * z).mean()


@clause(MUST, needs=FLOATS + " nn")
def test_a_trained_network_is_deceived(tf, run, measured):
    """The inputs of a network that was trained go up the gradient of its loss the exact way.

    What was watched while it was trained, its variables, is not watched while its inputs move.
    """
    variables = [tf.Variable(tf.constant(one, tf.float64)) for one in LAYERS]
    inputs, t = tf.Variable(tf.constant(X, tf.float64)), tf.constant(T, tf.float64)

    def loss(x):
        w, b, v, c = variables
        z = tf.matmul(tf.tanh(tf.matmul(x, w) + b), v) + c
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=z))

    def train():
        with tf.GradientTape() as tape:
            value = loss(inputs)
        descend(variables, tape.gradient(value, variables), 0.25)
        return value

    def deceive():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            value = loss(inputs)
        descend([inputs], [tape.gradient(value, inputs)], -0.25)
        return value

    falling, path = follow(run.compiled(train), variables)
    rising, moved = follow(run.compiled(deceive), [inputs])
    draw(measured, falling, "loss while its variables learn")
    draw(measured, rising, "loss while its inputs move")
    exact = oracle.trajectory(
        lambda parameters: oracle.gradient(lambda at: exact_loss(at, X), parameters),
        LAYERS,
        oracle.Descent(0.25),
        STEPS,
    )
    oracle.assert_path(path, exact)
    expected = oracle.trajectory(
        lambda parameters: oracle.gradient(lambda at: exact_loss(exact[-1], at[0]), parameters),
        [X],
        oracle.Descent(-0.25),
        STEPS,
    )
    oracle.assert_path(moved, expected)


PLACES = np.linspace(0.0, 1.0, 9)[:, None]
FORCE = 1.0 + PLACES
UNITS = [
    np.array([[1.0, -1.5, 0.5, 2.0]]),
    np.array([0.25, 0.5, -0.75, -1.0]),
    np.array([[0.5], [-0.25], [1.0], [-0.5]]),
]


def exact_residual(parameters):
    """How far u'' + u = 1 + x, u(0) = 0 and u(1) = 1 are from being true."""
    w, b, v = parameters
    h = np.tanh(PLACES @ w + b)
    u, bent = h @ v, (-2 * h * (1 - h**2) * w**2) @ v
    return ((bent + u - FORCE) ** 2).mean() + u[0, 0] ** 2 + (u[-1, 0] - 1.0) ** 2


@clause(MUST, needs=FLOATS + " nested")
def test_a_network_learns_a_differential_equation(tf, run, measured):
    """A network learns from the residual of u'' + u = 1 + x, in which its own derivatives stand.

    Two inner tapes give u' and u'' by the input, the outer one the gradient by the variables: third
    derivatives of the network (Raissi, Perdikaris and Karniadakis, Physics-informed neural
    networks, 2019).
    """
    variables = [tf.Variable(tf.constant(one, tf.float64)) for one in UNITS]

    def step():
        x, force = tf.constant(PLACES, tf.float64), tf.constant(FORCE, tf.float64)
        w, b, v = variables
        with tf.GradientTape() as tape:
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    u = tf.matmul(tf.tanh(tf.matmul(x, w) + b), v)
                slope = inner.gradient(u, x)
            bent = outer.gradient(slope, x)
            loss = tf.reduce_mean(tf.square(bent + u - force))
            loss = loss + tf.square(u[0, 0]) + tf.square(u[-1, 0] - 1.0)
        descend(variables, tape.gradient(loss, variables), 0.015625)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)
    exact = oracle.trajectory(
        lambda parameters: oracle.gradient(exact_residual, parameters),
        UNITS,
        oracle.Descent(0.015625),
        STEPS,
    )
    oracle.assert_path(path, exact)
