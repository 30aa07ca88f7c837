"""Through time: recurrent networks, whose weights are used again at each moment."""

import numpy as np
import pytest

from tapecheck import MUST, assert_close, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, descend, draw, follow

FLOATS = "arrays elementary variables state dtype-float"

TIMES = 6
SERIES = np.sin(np.arange(5 * TIMES * 2).reshape([5, TIMES, 2]))
T = np.cos(np.arange(5.0))[:, None]
WEIGHTS = [
    np.array([[0.5, -0.25, 0.75], [-0.5, 1.0, 0.25]]),
    np.array([[0.25, 0.5, -0.5], [-0.75, 0.25, 0.5], [0.5, -0.25, 0.75]]),
    np.array([0.125, -0.25, 0.0]),
    np.array([[1.0], [-0.5], [0.75]]),
]


def exact_loss(parameters, kept=None):
    """What a recurrent network loses whose state after `kept` moments is taken as it is."""
    u, w, b, v = parameters
    state = np.zeros([5, 3])
    for time in range(TIMES):
        state = np.tanh(SERIES[:, time] @ u + state @ w + b)
        if kept is not None and time == kept - 1:
            state = state.real
    return ((state @ v - T) ** 2).mean()


def train(tf, run, measured, last_state):
    """Follow the training of a network, given what its last state is."""
    variables = [tf.Variable(tf.constant(one, tf.float64)) for one in WEIGHTS]

    def step():
        with tf.GradientTape() as tape:
            state = last_state(tf.constant(SERIES, tf.float64), *variables[:3])
            loss = tf.reduce_mean(tf.square(tf.matmul(state, variables[3]) - T))
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)
    return path


def exact_path(kept=None):
    def gradients(parameters):
        return oracle.gradient(lambda at: exact_loss(at, kept), parameters)

    return oracle.trajectory(gradients, WEIGHTS, oracle.Descent(0.125), STEPS)


@clause(MUST, needs=FLOATS)
def test_a_recurrent_network_is_trained_through_its_moments(tf, run, measured):
    """A recurrent network, unrolled by a loop of Python, goes the exact way."""

    def last_state(series, u, w, b):
        state = tf.zeros([5, 3], tf.float64)
        for time in range(TIMES):
            state = tf.tanh(tf.matmul(series[:, time], u) + tf.matmul(state, w) + b)
        return state

    oracle.assert_path(train(tf, run, measured, last_state), exact_path())


@clause(MUST, needs=FLOATS + " control_flow")
def test_a_recurrent_network_in_a_loop_is_trained_through_its_moments(tf, run, measured):
    """A recurrent network in a while_loop, recorded as often as it runs, goes the exact way."""

    def last_state(series, u, w, b):
        def moment(time, state):
            now = tf.gather(series, time, axis=1)
            return time + 1, tf.tanh(tf.matmul(now, u) + tf.matmul(state, w) + b)

        def goes_on(time, state):
            return time < TIMES

        start = (tf.constant(0), tf.zeros([5, 3], tf.float64))
        # A compiler that keeps all states in one piece of memory must know how many there are.
        return tf.while_loop(goes_on, moment, start, maximum_iterations=TIMES)[1]

    oracle.assert_path(train(tf, run, measured, last_state), exact_path())


@clause(MUST, needs=FLOATS + " stop_gradient")
def test_the_past_may_be_cut_off(tf, run, measured):
    """Behind stop_gradient the state is what it is, and the moments before it do not learn."""

    def last_state(series, u, w, b):
        state = tf.zeros([5, 3], tf.float64)
        for time in range(TIMES):
            state = tf.tanh(tf.matmul(series[:, time], u) + tf.matmul(state, w) + b)
            if time == 2:
                state = tf.stop_gradient(state)
        return state

    oracle.assert_path(train(tf, run, measured, last_state), exact_path(kept=3))


@pytest.mark.parametrize("weight", [0.5, 2.0, -1.0])
@clause(MUST, needs="arrays elementary")
def test_what_was_long_ago_counts_by_powers_of_the_weight(tf, run, weight):
    """After 60 moments h = w h + x the state depends on the first x by the 59th power of w.

    Be that almost nothing or almost too much: by powers of two it is exact.
    """

    def program(series):
        with tf.GradientTape() as tape:
            tape.watch(series)
            state = tf.constant(0.0)
            for time in range(60):
                state = weight * state + series[time]
        return tape.gradient(state, series)

    gradient = run(program, tf.constant(np.linspace(-1.0, 1.0, 60), tf.float32))
    assert_close(gradient, weight ** np.arange(59.0, -1.0, -1.0))
