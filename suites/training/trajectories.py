"""Trajectories: training goes, step by step, the way that exact derivatives lead."""

import numpy as np
import pytest

from tapecheck import MUST, SHOULD, assert_close, assert_equal, clause
from tapecheck.training import adam, oracle
from tapecheck.training.following import STEPS, descend, draw, follow

FLOATS = "arrays elementary variables state dtype-float"

NOTHING = 1e-30
"""What keeps a division from failing, too small to count."""

X = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.25], [1.5, 0.5], [-0.5, -1.0], [0.25, 2.0]])
T = np.array([[1.0], [-0.5], [0.25], [0.75], [-1.0], [0.5]])
CLASS = (T > 0).astype(np.float64)


class Model:
    """A loss and where its parameters start, in the namespace under test and in NumPy."""

    def __init__(self, loss, exact, start):
        self.loss = loss
        self.exact = exact
        self.start = [np.asarray(one, np.float64) for one in start]

    def gradients(self, parameters):
        return oracle.gradient(self.exact, parameters)

    def variables(self, tf, dtype="float64"):
        return [tf.Variable(tf.constant(one, getattr(tf, dtype))) for one in self.start]


def line(tf, parameters, x, t):
    w, b = parameters
    return tf.reduce_mean(tf.square(tf.matmul(x, w) + b - t))


def exact_line(parameters, x=X, t=T):
    w, b = parameters
    return ((x @ w + b - t) ** 2).mean()


def logistic(tf, parameters, x, t):
    w, b = parameters
    z = tf.matmul(x, w) + b
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=z))


def exact_logistic(parameters, x=X, t=CLASS):
    w, b = parameters
    z = x @ w + b
    return (np.log(1 + np.exp(z)) - t * z).mean()


def network(tf, parameters, x, t):
    w, b, v, c = parameters
    return tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w) + b), v) + c - t))


def exact_network(parameters, x=X, t=T):
    w, b, v, c = parameters
    return ((np.tanh(x @ w + b) @ v + c - t) ** 2).mean()


LAYERS = (
    [[0.5, -0.25, 1.0], [0.75, 0.5, -1.0]],
    [0.25, -0.5, 0.125],
    [[1.5], [-2.0], [0.5]],
    [0.75],
)
MODELS = {
    "line": (Model(line, exact_line, ([[0.5], [-0.25]], [0.125])), T),
    "logistic": (Model(logistic, exact_logistic, ([[0.5], [-0.25]], [0.125])), CLASS),
    "network": (Model(network, exact_network, LAYERS), T),
}
NETWORK = MODELS["network"][0]


def data(tf, t=T, rows=slice(None), dtype="float64"):
    """The points of the namespace under test."""
    kind = getattr(tf, dtype)
    return tf.constant(X[rows], kind), tf.constant(t[rows], kind)


@pytest.mark.parametrize("name", list(MODELS))
@clause(MUST, covers="TRN-08", needs=FLOATS + " nn")
def test_descent_goes_the_exact_way(tf, run, measured, name):
    """A hundred steps of descent lead where exact derivatives lead, after each of the steps."""
    model, t = MODELS[name]
    variables, points = model.variables(tf), data(tf, t)

    def step():
        with tf.GradientTape() as tape:
            loss = model.loss(tf, variables, *points)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)
    exact = oracle.trajectory(model.gradients, model.start, oracle.Descent(0.125), STEPS)
    oracle.assert_path(path, exact)


@clause(MUST, covers="TRN-08", needs="arrays elementary variables state nn")
def test_descent_in_single_precision_goes_the_exact_way(tf, run, measured):
    """A hundred steps in float32 stay as close to the exact ones as its roundings let them."""
    model, t = MODELS["logistic"]
    variables, points = model.variables(tf, "float32"), data(tf, t, dtype="float32")

    def step():
        with tf.GradientTape() as tape:
            loss = model.loss(tf, variables, *points)
        descend(variables, tape.gradient(loss, variables), 0.125)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)
    exact = oracle.trajectory(model.gradients, model.start, oracle.Descent(0.125), STEPS)
    oracle.assert_path(path, exact)


@clause(MUST, covers="TRN-08", needs=FLOATS)
def test_momentum_goes_the_exact_way(tf, run, measured):
    """A hundred steps with momentum, whose velocities are variables, lead the exact way."""
    variables, points = NETWORK.variables(tf), data(tf)
    velocities = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    def step():
        with tf.GradientTape() as tape:
            loss = network(tf, variables, *points)
        gradients = tape.gradient(loss, variables)
        for variable, velocity, gradient in zip(variables, velocities, gradients):
            velocity.assign(0.75 * velocity - 0.0625 * gradient)
            variable.assign_add(velocity)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)
    update = oracle.Momentum(0.0625, 0.75)
    oracle.assert_path(path, oracle.trajectory(NETWORK.gradients, NETWORK.start, update, STEPS))


@clause(MUST, covers="TRN-08", needs=FLOATS)
def test_adam_goes_the_exact_way(tf, run, measured):
    """A hundred steps of Adam, whose moments are variables, lead the exact way."""
    variables, points = NETWORK.variables(tf), data(tf)
    optimizer = adam.Adam(tf, variables)

    def step(rate):
        with tf.GradientTape() as tape:
            loss = network(tf, variables, *points)
        optimizer.apply(tape.gradient(loss, variables), rate)
        return loss

    def rate(number):
        return (tf.constant(adam.corrected(0.03125, number), tf.float64),)

    losses, path = follow(run.compiled(step), variables, arguments=rate)
    draw(measured, losses)
    update = oracle.Adam(0.03125)
    oracle.assert_path(path, oracle.trajectory(NETWORK.gradients, NETWORK.start, update, STEPS))


@clause(MUST, covers="TRN-07", needs=FLOATS)
def test_a_part_of_the_layers_is_trained(tf, run, measured):
    """Where the last layer alone is trained, the first stays as it was, to the last bit."""
    variables, points = NETWORK.variables(tf), data(tf)
    first, last = variables[:2], variables[2:]

    def step():
        with tf.GradientTape() as tape:
            loss = network(tf, variables, *points)
        descend(last, tape.gradient(loss, last), 0.125)
        return loss

    losses, path = follow(run.compiled(step), last)
    draw(measured, losses)
    for variable, value in zip(first, NETWORK.start):
        assert_equal(np.array_equal(variable.numpy(), value), True)

    def gradients(parameters):
        return NETWORK.gradients([*NETWORK.start[:2], *parameters])[2:]

    update = oracle.Descent(0.125)
    oracle.assert_path(path, oracle.trajectory(gradients, NETWORK.start[2:], update, STEPS))


@clause(MUST, covers="TRN-06", needs=FLOATS + " persistent stop_recording")
def test_gradients_midway_train_as_those_of_the_end(tf, run, measured):
    """Gradients of a first loss, taken before the second is computed, train as those of the end.

    The first loss is a penalty on the hidden layer, the second the error of the network.
    """
    paths = []
    for midway in (True, False):
        variables, (x, t) = NETWORK.variables(tf), data(tf)

        def step(midway=midway, variables=variables, x=x, t=t):
            w, b, v, c = variables
            with tf.GradientTape(persistent=True) as tape:
                hidden = tf.tanh(tf.matmul(x, w) + b)
                penalty = 0.25 * tf.reduce_mean(tf.square(hidden))
                if midway:
                    with tape.stop_recording():
                        early = tape.gradient(penalty, [w, b])
                loss = tf.reduce_mean(tf.square(tf.matmul(hidden, v) + c - t))
            if not midway:
                early = tape.gradient(penalty, [w, b])
            descend(variables, tape.gradient(loss, variables), 0.125)
            descend([w, b], early, 0.125)
            return loss + penalty

        losses, path = follow(run.compiled(step), variables)
        paths.append(path)
    draw(measured, losses)

    def exact(parameters):
        hidden = np.tanh(X @ parameters[0] + parameters[1])
        return exact_network(parameters) + 0.25 * (hidden**2).mean()

    expected = oracle.trajectory(
        lambda parameters: oracle.gradient(exact, parameters),
        NETWORK.start,
        oracle.Descent(0.125),
        STEPS,
    )
    for path in paths:
        oracle.assert_path(path, expected)


@clause(MUST, needs=FLOATS)
def test_gradients_of_parts_of_a_batch_add_up(tf, run, measured):
    """Gradients added up over three parts of a batch train as the gradient of the whole batch."""
    variables = NETWORK.variables(tf)
    sums = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
    parts = [data(tf, rows=slice(start, start + 2)) for start in (0, 2, 4)]

    def accumulate(x, t):
        with tf.GradientTape() as tape:
            loss = network(tf, variables, x, t)
        for total, gradient in zip(sums, tape.gradient(loss, variables)):
            total.assign_add(gradient / 3.0)
        return loss

    def apply():
        descend(variables, sums, 0.125)
        for total in sums:
            total.assign(tf.zeros_like(total))

    accumulate, apply = run.compiled(accumulate), run.compiled(apply)

    def step():
        losses = [float(accumulate(*part)) for part in parts]
        apply()
        return sum(losses) / 3.0

    losses, path = follow(step, variables)
    draw(measured, losses)
    update = oracle.Descent(0.125)
    oracle.assert_path(path, oracle.trajectory(NETWORK.gradients, NETWORK.start, update, STEPS))


@clause(MUST, needs=FLOATS)
def test_gradients_are_clipped_by_their_global_norm(tf, run, measured):
    """Gradients scaled to a common norm of at most one half lead the exact way.

    They are scaled at first, and no longer once they have become small.
    """
    variables, points = NETWORK.variables(tf), data(tf)

    def step():
        with tf.GradientTape() as tape:
            loss = network(tf, variables, *points)
        gradients, norm = tf.clip_by_global_norm(tape.gradient(loss, variables), 0.5)
        descend(variables, gradients, 0.125)
        return loss, norm

    answers, path = follow(run.compiled(step), variables)
    draw(measured, [loss for loss, _ in answers])
    norms = []

    def gradients(parameters):
        exact = NETWORK.gradients(parameters)
        norms.append(np.sqrt(sum((one**2).sum() for one in exact)))
        return [one * min(0.5 / norms[-1], 1.0) for one in exact]

    oracle.assert_path(
        path, oracle.trajectory(gradients, NETWORK.start, oracle.Descent(0.125), STEPS)
    )
    assert_close(np.array([float(norm) for _, norm in answers]), norms, magnitude=STEPS)
    assert_equal((norms[0] > 0.5, norms[-1] < 0.5), (True, True))


@clause(MUST, needs=FLOATS)
def test_a_restored_state_goes_on_as_the_one_that_was_kept(tf, run, measured):
    """Variables and moments, kept as arrays and put into new variables, go on the same way."""

    def prepare():
        variables, points = NETWORK.variables(tf), data(tf)
        optimizer = adam.Adam(tf, variables)

        def step(rate):
            with tf.GradientTape() as tape:
                loss = network(tf, variables, *points)
            optimizer.apply(tape.gradient(loss, variables), rate)
            return loss

        state = [*variables, *optimizer.firsts, *optimizer.seconds]
        return run.compiled(step), variables, state

    def rates(passed):
        return lambda number: (tf.constant(adam.corrected(0.03125, passed + number), tf.float64),)

    step, variables, state = prepare()
    before, path = follow(step, variables, STEPS // 2, rates(0))
    kept = [np.array(one.numpy()) for one in state]
    follow(step, variables, 3, rates(STEPS // 2))
    step, variables, state = prepare()
    for one, value in zip(state, kept):
        one.assign(value)
    after, rest = follow(step, variables, STEPS // 2, rates(STEPS // 2))
    draw(measured, [*before, *after])
    exact = oracle.trajectory(NETWORK.gradients, NETWORK.start, oracle.Adam(0.03125), STEPS)
    oracle.assert_path(path + rest, exact)


@clause(SHOULD, needs=FLOATS + " keras optimizer savedmodel")
def test_a_checkpoint_goes_on_as_the_one_that_was_written(tf, run, measured, tmp_path):
    """A model and its optimizer, written to a checkpoint and read back, go on the same way.

    All numbers of the optimizer have few binary digits, since Keras rounds some of them to float32.
    """

    def prepare():
        variables, points = NETWORK.variables(tf), data(tf)
        optimizer = tf.keras.optimizers.Adam(0.03125, 0.875, 0.96875, epsilon=NOTHING)
        checkpoint = tf.train.Checkpoint(optimizer=optimizer, **dict(zip("wbvc", variables)))

        def step():
            with tf.GradientTape() as tape:
                loss = network(tf, variables, *points)
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            return loss

        return run.compiled(step), variables, checkpoint

    step, variables, checkpoint = prepare()
    before, path = follow(step, variables, STEPS // 2)
    written = checkpoint.write(str(tmp_path / "state"))
    follow(step, variables, 3)
    step, variables, checkpoint = prepare()
    checkpoint.read(written)
    after, rest = follow(step, variables, STEPS // 2)
    draw(measured, [*before, *after])
    update = oracle.Adam(0.03125, 0.875, 0.96875, NOTHING)
    exact = oracle.trajectory(NETWORK.gradients, NETWORK.start, update, STEPS)
    oracle.assert_path(path + rest, exact)
