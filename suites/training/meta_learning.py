"""Meta-learning: what a step of training leads to is differentiated by where it began.

C. Finn, P. Abbeel and S. Levine, Model-agnostic meta-learning, 2017.
"""

import numpy as np
import pytest

from tapecheck import MUST, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, descend, draw, follow

NEEDS = "arrays elementary variables state dtype-float nested"

SHOWN = np.array([-1.5, -0.5, 0.25, 1.0])[:, None]
ASKED = np.array([-1.0, 0.5, 1.5])[:, None]
TASKS = (np.sin, np.cos)
START = [
    np.array([[0.5, -0.75, 1.25]]),
    np.array([0.25, 0.5, -0.25]),
    np.array([[0.5], [-1.0], [0.75]]),
]
RATE = np.array(0.25)


def exact_loss(parameters, x, t):
    w, b, v = parameters
    return ((np.tanh(x @ w + b) @ v - t) ** 2).mean()


def exact_gradient(parameters, x, t):
    """The gradient of the loss, derived by hand, since the step through it is a complex one."""
    w, b, v = parameters
    h = np.tanh(x @ w + b)
    r = 2 * (h @ v - t) / len(x)
    s = r @ v.T * (1 - h**2)
    return [x.T @ s, s.sum(0), h.T @ r]


def exact_outer(parameters, rate, inner_steps=1, gradient=exact_gradient):
    """What all tasks lose after some steps of each from the parameters."""
    total = 0.0
    for task in TASKS:
        own = parameters
        for _ in range(inner_steps):
            slopes = gradient(own, SHOWN, task(SHOWN))
            own = [one - rate * slope for one, slope in zip(own, slopes)]
        total = total + exact_loss(own, ASKED, task(ASKED))
    return total


def loss_of(tf, parameters, x, task):
    w, b, v = parameters
    points, t = tf.constant(x, tf.float64), tf.constant(task(x), tf.float64)
    return tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(points, w) + b), v) - t))


def outer(tf, parameters, rate, inner_steps=1, through=lambda gradient: gradient):
    """The same in the namespace under test, to be recorded by a tape around it."""
    total = 0.0
    for task in TASKS:
        own = [one + 0.0 for one in parameters]
        for _ in range(inner_steps):
            with tf.GradientTape() as tape:
                tape.watch(own)
                loss = loss_of(tf, own, SHOWN, task)
            gradients = tape.gradient(loss, own)
            own = [one - rate * through(slope) for one, slope in zip(own, gradients)]
        total = total + loss_of(tf, own, ASKED, task)
    return total


def variables_of(tf, values):
    return [tf.Variable(tf.constant(one, tf.float64)) for one in values]


@pytest.mark.parametrize("inner_steps", [1, 2])
@clause(MUST, needs=NEEDS, patience=3)
def test_a_start_is_learned_from_which_tasks_are_learned(tf, run, measured, inner_steps):
    """A start is trained through the inner steps of its tasks, second derivatives included."""
    variables = variables_of(tf, START)

    def step():
        with tf.GradientTape() as tape:
            loss = outer(tf, variables, 0.25, inner_steps)
        descend(variables, tape.gradient(loss, variables), 0.0625)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)

    def gradients(parameters):
        return oracle.gradient(lambda at: exact_outer(at, 0.25, inner_steps), parameters)

    oracle.assert_path(path, oracle.trajectory(gradients, START, oracle.Descent(0.0625), STEPS))


@clause(MUST, needs=NEEDS)
def test_the_rate_of_inner_steps_is_learned(tf, run, measured):
    """The rate of the inner steps is a variable like others, and is trained with the start."""
    variables = variables_of(tf, [*START, RATE])

    def step():
        with tf.GradientTape() as tape:
            loss = outer(tf, variables[:-1], variables[-1])
        descend(variables, tape.gradient(loss, variables), 0.0625)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)

    def gradients(parameters):
        return oracle.gradient(lambda at: exact_outer(at[:-1], at[-1]), parameters)

    start = [*START, RATE]
    oracle.assert_path(path, oracle.trajectory(gradients, start, oracle.Descent(0.0625), STEPS))


@clause(MUST, needs=NEEDS + " stop_gradient")
def test_inner_gradients_may_be_taken_as_they_are(tf, run, measured):
    """Behind stop_gradient the gradients of the inner step are constants: no second derivatives."""
    variables = variables_of(tf, START)

    def step():
        with tf.GradientTape() as tape:
            loss = outer(tf, variables, 0.25, through=tf.stop_gradient)
        descend(variables, tape.gradient(loss, variables), 0.0625)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)

    def constant_gradient(parameters, x, t):
        return exact_gradient([one.real for one in parameters], x, t)

    def gradients(parameters):
        return oracle.gradient(
            lambda at: exact_outer(at, 0.25, gradient=constant_gradient), parameters
        )

    oracle.assert_path(path, oracle.trajectory(gradients, START, oracle.Descent(0.0625), STEPS))
