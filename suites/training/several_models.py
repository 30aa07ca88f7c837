"""Several models: two losses under one tape, each of which trains a model of its own."""

import contextlib

import numpy as np
import pytest

from tapecheck import MUST, SHOULD, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, descend, draw, follow

FLOATS = "arrays elementary nn variables state dtype-float"

NOISE = np.array([-1.5, -0.5, 0.25, 0.75, 1.25, -0.25])
REAL = np.array([2.5, 3.0, 3.25, 3.5, 2.75, 3.75])
GENERATOR = [np.array(0.75), np.array(0.25)]
JUDGE = [np.array(0.5), np.array(-0.125), np.array(0.25)]

IMAGES = np.array([[1.0, -0.5, 0.25], [0.5, 0.75, -1.0], [-0.25, 1.0, 0.5], [-1.0, -0.75, 0.0]])
ENCODER = [np.array([[0.5, -0.25], [0.25, 0.75], [-0.5, 0.5]]), np.array([0.125, -0.125])]
DECODER = [np.array([[0.25, 0.5, -0.5], [-0.75, 0.25, 0.5]]), np.array([0.125, 0.0, -0.25])]


def variables_of(tf, values):
    return [tf.Variable(tf.constant(one, tf.float64)) for one in values]


def soft(z):
    return np.log(1 + np.exp(z))


def exact_adversaries(generator, judge):
    """What the generator and the judge lose."""

    def score(x):
        return judge[0] * x + judge[1] * x * x + judge[2]

    made = generator[0] * NOISE + generator[1]
    return soft(-score(made)).mean(), soft(-score(REAL)).mean() + soft(score(made)).mean()


def exact_steps(parameters):
    """The gradient of each loss by its own model."""
    generator, judge = parameters[:2], parameters[2:]
    return oracle.gradient(
        lambda own: exact_adversaries(own, judge)[0], generator
    ) + oracle.gradient(lambda own: exact_adversaries(generator, own)[1], judge)


def adversaries(tf, generator, judge):
    """The same in the namespace under test."""

    def score(x):
        return judge[0] * x + judge[1] * x * x + judge[2]

    made = generator[0] * tf.constant(NOISE, tf.float64) + generator[1]
    real = tf.constant(REAL, tf.float64)
    softplus = tf.nn.softplus
    of_judge = tf.reduce_mean(softplus(-score(real))) + tf.reduce_mean(softplus(score(made)))
    return tf.reduce_mean(softplus(-score(made))), of_judge


@pytest.mark.parametrize("tapes", ["one", "two"])
@clause(MUST, needs=FLOATS + " persistent")
def test_adversaries_train_each_other(tf, run, measured, tapes):
    """A generator and its judge, trained at once by two losses, each go the exact way.

    The losses are recorded by one persistent tape, or by two tapes at once.
    """
    generator, judge = variables_of(tf, GENERATOR), variables_of(tf, JUDGE)

    def step():
        with contextlib.ExitStack() as stack:
            one = stack.enter_context(tf.GradientTape(persistent=tapes == "one"))
            other = one if tapes == "one" else stack.enter_context(tf.GradientTape())
            of_generator, of_judge = adversaries(tf, generator, judge)
        for_generator = one.gradient(of_generator, generator)
        for_judge = other.gradient(of_judge, judge)
        descend(generator, for_generator, 0.0625)
        descend(judge, for_judge, 0.0625)
        return of_generator, of_judge

    losses, path = follow(run.compiled(step), generator + judge)
    for name, values in zip(("generator", "judge"), zip(*losses)):
        draw(measured, values, "loss of the " + name)
    update = oracle.Descent(0.0625)
    oracle.assert_path(path, oracle.trajectory(exact_steps, GENERATOR + JUDGE, update, STEPS))


@clause(SHOULD, needs=FLOATS)
def test_adversaries_take_turns(tf, run, measured):
    """A judge that learns first and a generator that meets the new judge go the exact way."""
    generator, judge = variables_of(tf, GENERATOR), variables_of(tf, JUDGE)

    def step():
        with tf.GradientTape() as tape:
            loss = adversaries(tf, generator, judge)[1]
        descend(judge, tape.gradient(loss, judge), 0.0625)
        with tf.GradientTape() as tape:
            loss = adversaries(tf, generator, judge)[0]
        descend(generator, tape.gradient(loss, generator), 0.0625)
        return loss

    losses, path = follow(run.compiled(step), generator + judge)
    draw(measured, losses, "loss of the generator")
    own, others, exact = GENERATOR, JUDGE, []
    for _ in range(STEPS):
        slopes = exact_steps([*own, *others])
        others = [one - 0.0625 * slope for one, slope in zip(others, slopes[2:])]
        slopes = exact_steps([*own, *others])
        own = [one - 0.0625 * slope for one, slope in zip(own, slopes[:2])]
        exact.append([*own, *others])
    oracle.assert_path(path, exact)


def exact_code(parameters):
    """What an encoder and a decoder lose."""
    w, b, v, c = parameters
    code = np.tanh(IMAGES @ w + b)
    error = ((code @ v + c - IMAGES) ** 2).mean()
    return error + 0.25 * (code**2).mean(), error


@clause(MUST, needs=FLOATS + " persistent")
def test_an_encoder_and_its_decoder_have_losses_of_their_own(tf, run, measured):
    """An encoder that is also to keep its code small, and its decoder, each go the exact way."""
    encoder, decoder = variables_of(tf, ENCODER), variables_of(tf, DECODER)

    def step():
        images = tf.constant(IMAGES, tf.float64)
        with tf.GradientTape(persistent=True) as tape:
            code = tf.tanh(tf.matmul(images, encoder[0]) + encoder[1])
            made = tf.matmul(code, decoder[0]) + decoder[1]
            error = tf.reduce_mean(tf.square(made - images))
            of_encoder = error + 0.25 * tf.reduce_mean(tf.square(code))
        for_encoder = tape.gradient(of_encoder, encoder)
        for_decoder = tape.gradient(error, decoder)
        descend(encoder, for_encoder, 0.25)
        descend(decoder, for_decoder, 0.25)
        return error

    losses, path = follow(run.compiled(step), encoder + decoder)
    draw(measured, losses)

    def gradients(parameters):
        of_encoder = oracle.gradient(lambda at: exact_code(at)[0], parameters)
        of_decoder = oracle.gradient(lambda at: exact_code(at)[1], parameters)
        return of_encoder[:2] + of_decoder[2:]

    update = oracle.Descent(0.25)
    oracle.assert_path(path, oracle.trajectory(gradients, ENCODER + DECODER, update, STEPS))
