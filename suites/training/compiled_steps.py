"""Compiled steps: a step of training, or a part of one, is traced and called again and again."""

import numpy as np
import pytest

from tapecheck import MUST, SHOULD, assert_equal, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, descend, draw, follow

FLOATS = "arrays elementary variables state dtype-float"

X = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.25], [1.5, 0.5], [-0.5, -1.0], [0.25, 2.0]])
T = np.array([[1.0], [-0.5], [0.25], [0.75], [-1.0], [0.5]])
LAYERS = [
    np.array([[0.5, -0.25, 1.0], [0.75, 0.5, -1.0]]),
    np.array([0.25, -0.5, 0.125]),
    np.array([[1.5], [-2.0], [0.5]]),
    np.array([0.75]),
]


def loss_of(tf, variables, x, t):
    w, b, v, c = variables
    return tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w) + b), v) + c - t))


def exact_loss(parameters, x=X, t=T):
    w, b, v, c = parameters
    return ((np.tanh(x @ w + b) @ v + c - t) ** 2).mean()


def exact_gradients(parameters):
    return oracle.gradient(exact_loss, parameters)


def exact_path():
    return oracle.trajectory(exact_gradients, LAYERS, oracle.Descent(0.125), STEPS)


def prepare(tf):
    """Variables, inputs and targets."""
    variables = [tf.Variable(tf.constant(one, tf.float64)) for one in LAYERS]
    return variables, tf.constant(X, tf.float64), tf.constant(T, tf.float64)


@clause(SHOULD, needs=FLOATS, modes="function jit")
def test_a_step_is_traced_once(tf, run, measured):
    """A compiled step, called a hundred times, is traced once, and trains at every call."""
    variables, x, t = prepare(tf)
    traced = []

    def step(x, t):
        traced.append(1)
        with tf.GradientTape() as tape:
            loss = loss_of(tf, variables, x, t)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    losses, path = follow(run.compiled(step), variables, arguments=lambda number: (x, t))
    draw(measured, losses)
    assert_equal(len(traced), 1)
    oracle.assert_path(path, exact_path())


@clause(MUST, needs=FLOATS)
def test_batches_differ_in_length(tf, run, measured):
    """A step that is given four examples, then two, and so on, goes the exact way."""
    variables, x, t = prepare(tf)

    def step(x, t):
        with tf.GradientTape() as tape:
            loss = loss_of(tf, variables, x, t)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    parts = [(slice(0, 4)), (slice(4, 6))]
    batches = [(x[part], t[part]) for part in parts]
    losses, path = follow(
        run.compiled(step), variables, arguments=lambda number: batches[number % 2]
    )
    draw(measured, losses)
    numbers = iter(range(1, STEPS + 1))

    def gradients(parameters):
        part = parts[next(numbers) % 2]
        return oracle.gradient(lambda at: exact_loss(at, X[part], T[part]), parameters)

    oracle.assert_path(path, oracle.trajectory(gradients, LAYERS, oracle.Descent(0.125), STEPS))


@clause(MUST, needs=FLOATS)
def test_a_tape_around_a_compiled_loss_trains(tf, run, measured):
    """A tape that records the call of a compiled loss, from outside, gives the exact gradients."""
    variables, x, t = prepare(tf)
    loss_at = run.compiled(lambda x, t: loss_of(tf, variables, x, t))

    def step():
        with tf.GradientTape() as tape:
            loss = loss_at(x, t)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    losses, path = follow(step, variables)
    draw(measured, losses)
    oracle.assert_path(path, exact_path())


@clause(MUST, needs=FLOATS)
def test_compiled_gradients_are_applied_outside(tf, run, measured):
    """Gradients that a compiled function returns train variables when they are applied outside."""
    variables, x, t = prepare(tf)

    def gradients(x, t):
        with tf.GradientTape() as tape:
            loss = loss_of(tf, variables, x, t)
        return loss, tape.gradient(loss, variables)

    gradients = run.compiled(gradients)

    def step():
        loss, found = gradients(x, t)
        descend(variables, found, 0.125)
        return loss

    losses, path = follow(step, variables)
    draw(measured, losses)
    oracle.assert_path(path, exact_path())


@clause(MUST, needs=FLOATS + " control_flow")
def test_the_whole_training_runs_in_a_loop(tf, run, measured):
    """Twenty steps at a time in a while_loop, tape and assignments inside, go the exact way."""
    variables, x, t = prepare(tf)

    def step(count):
        with tf.GradientTape() as tape:
            loss = loss_of(tf, variables, x, t)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return (count + 1,)

    def program():
        tf.while_loop(lambda count: count < 20, step, (tf.constant(0),))
        return loss_of(tf, variables, x, t)

    losses, path = follow(run.compiled(program), variables, STEPS // 20)
    draw(measured, losses)
    oracle.assert_path(path, exact_path()[19::20])


@pytest.mark.parametrize("inner", ["loss", "step"])
@clause(MUST, needs=FLOATS + " xla")
def test_a_part_is_compiled_by_itself(tf, run, measured, inner):
    """A loss, or a whole step, of function(jit_compile=True) trains inside a step of any mode."""
    variables, x, t = prepare(tf)
    compile_by_itself = tf.function(jit_compile=True)

    def loss_at(x, t):
        return loss_of(tf, variables, x, t)

    if inner == "loss":
        loss_at = compile_by_itself(loss_at)

    def step(x, t):
        with tf.GradientTape() as tape:
            loss = loss_at(x, t)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    if inner == "step":
        step = compile_by_itself(step)

    def program(x, t):
        return step(x, t)

    losses, path = follow(run.compiled(program), variables, arguments=lambda number: (x, t))
    draw(measured, losses)
    oracle.assert_path(path, exact_path())
