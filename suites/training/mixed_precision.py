"""Mixed precision: variables in float32, computed with in half, and a loss that is scaled."""

import numpy as np

from tapecheck import MUST, OBSERVED, assert_close, assert_equal, clause
from tapecheck.training import oracle
from tapecheck.training.following import STEPS, descend, draw, follow

NEEDS = "arrays elementary variables state dtype-half"

TINY = 2.0**-13


@clause(MUST, needs=NEEDS)
def test_scaling_saves_what_half_precision_would_lose(tf, run):
    """A gradient of 2^-26 is lost in float16, and is exact where the loss is scaled by 4096.

    Two factors of 2^-13 stand between the variable and the loss; the smallest number of float16 is
    2^-24. A compiler may compute with more than it was asked for, so that what is lost is shown
    where operations run one by one.
    """
    weight = tf.Variable(3.0)

    def gradient(scale):
        with tf.GradientTape() as tape:
            product = tf.cast(weight, tf.float16) * tf.constant(TINY, tf.float16)
            loss = tf.cast(product, tf.float32) * TINY * scale
        return tape.gradient(loss, weight) / scale

    assert_close(run(lambda: gradient(4096.0)), TINY**2, dtype="float32")
    if run.mode == "eager":
        assert_close(run(lambda: gradient(1.0)), 0.0, dtype="float32")


@clause(MUST, needs=NEEDS + " comparison", modes="eager function")
def test_a_scale_that_is_too_large_is_halved(tf, run, measured):
    """Steps whose scaled gradients are infinite in float16 are left out, and the scale is halved.

    The gradient is 2, so that scales from 2^15 on, of 2^17 at first, are more than 65504 can hold.
    """
    weight, scale = tf.Variable(1.0), tf.Variable(2.0**17)

    def step():
        with tf.GradientTape() as tape:
            product = tf.cast(weight, tf.float16) * tf.constant(2.0, tf.float16)
            loss = tf.cast(product, tf.float32) * scale
        gradient = tape.gradient(loss, weight)
        fits = tf.math.is_finite(gradient)
        weight.assign_sub(tf.where(fits, 0.125 * gradient / scale, 0.0))
        scale.assign(tf.where(fits, scale + 0.0, 0.5 * scale))
        return loss / scale

    _, path = follow(run.compiled(step), [weight, scale], 6)
    weights, scales = (np.array(one) for one in zip(*path))
    assert_equal(scales.tolist(), [2.0**16, 2.0**15, 2.0**14, 2.0**14, 2.0**14, 2.0**14])
    assert_equal(weights.tolist(), [1.0, 1.0, 1.0, 0.75, 0.5, 0.25])
    measured.series("scale", np.arange(6), scales, "step", "scale of the loss")


X = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.25], [1.5, 0.5], [-0.5, -1.0], [0.25, 2.0]])
T = np.array([[1.0], [-0.5], [0.25], [0.75], [-1.0], [0.5]])
LINE = [np.array([[0.5], [-0.25]]), np.array([0.125])]


def exact_loss(parameters):
    w, b = parameters
    return ((X @ w + b - T) ** 2).mean()


@clause(MUST, needs=NEEDS)
def test_a_line_is_fitted_in_mixed_precision(tf, run, measured):
    """Steps computed in float16 with a scaled loss keep to the exact way, as near as half can tell.

    Descent on a square forgets what it was rounded by, so that a hundred steps are as near as one.
    """
    variables = [tf.Variable(tf.constant(one, tf.float32)) for one in LINE]
    x, t = tf.constant(X, tf.float16), tf.constant(T, tf.float16)

    def step():
        with tf.GradientTape() as tape:
            w, b = (tf.cast(variable, tf.float16) for variable in variables)
            error = tf.cast(tf.matmul(x, w) + b - t, tf.float32)
            loss = tf.reduce_mean(tf.square(error))
            scaled = loss * 256.0
        gradients = [one / 256.0 for one in tape.gradient(scaled, variables)]
        descend(variables, gradients, 0.125)
        return loss

    losses, path = follow(run.compiled(step), variables)
    draw(measured, losses)
    exact = oracle.trajectory(
        lambda parameters: oracle.gradient(exact_loss, parameters),
        LINE,
        oracle.Descent(0.125),
        STEPS,
    )
    for found, wanted in zip(path, exact):
        for value, one in zip(found, wanted):
            assert_equal(value.dtype.name, "float32")
            assert_close(value.astype(np.float16), one, magnitude=0.5)


@clause(OBSERVED, needs=NEEDS + " keras optimizer", since="2.16", modes="eager function")
def test_an_optimizer_of_keras_scales_the_loss(tf, run, measured):
    """LossScaleOptimizer leaves out infinite steps, halves its scale and unscales the gradients."""
    weight = tf.Variable(1.0)
    plain = tf.keras.optimizers.SGD(0.125)
    optimizer = tf.keras.mixed_precision.LossScaleOptimizer(plain, initial_scale=2.0**17)
    optimizer.build([weight])

    def step():
        with tf.GradientTape() as tape:
            product = tf.cast(weight, tf.float16) * tf.constant(2.0, tf.float16)
            loss = optimizer.scale_loss(tf.cast(product, tf.float32))
        optimizer.apply_gradients([(tape.gradient(loss, weight), weight)])

    _, path = follow(run.compiled(step), [weight], 6)
    weights = [float(one[0]) for one in path]
    measured.series("weight", np.arange(6), weights, "step", "weight")
    assert_equal(weights, [1.0, 1.0, 1.0, 0.75, 0.5, 0.25])
