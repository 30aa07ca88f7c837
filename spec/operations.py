"""Operations: what can be differentiated, and the derivative of each."""

import math

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_structure,
    clause,
    raises,
)


def assert_derivatives(tf, run, points, table):
    """Each function of the table has the derivative that stands beside it at the points."""
    weight = 3.0

    def program(x):
        gradients = []
        for function, _ in table:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = weight * function(x)
            gradients.append(tape.gradient(y, x))
        return gradients

    for gradient, (_, derivative) in zip(run(program, tf.constant(points, tf.float32)), table):
        assert_close(gradient, weight * np.broadcast_to(derivative, points.shape), dtype="float32")


def assert_partial_derivatives(tf, run, column, row, table):
    """Each function of the table has the two partial derivatives that stand beside it.

    The column (n, 1) and the row (m,) are broadcast to (n, m). The gradient with respect to one of
    them is the sum, along the other, of the partial derivative times the weight of the element.
    """
    shape = np.broadcast(column, row).shape
    weights = 1.0 + np.arange(column.size * row.size).reshape(shape)

    def program(a, b):
        gradients = []
        for function, _, _ in table:
            with tf.GradientTape() as tape:
                tape.watch([a, b])
                y = function(a, b) * tf.constant(weights, tf.float32)
            gradients.append(tape.gradient(y, [a, b]))
        return gradients

    found = run(program, tf.constant(column, tf.float32), tf.constant(row, tf.float32))
    for (by_column, by_row), (_, first, second) in zip(found, table):
        first, second = weights * first, weights * second
        assert_close(by_column, first.sum(1, keepdims=True), magnitude=np.abs(first).max())
        assert_close(by_row, second.sum(0), magnitude=np.abs(second).max())


def assert_moves(tf, run, shape, table):
    """Each function moves elements as its counterpart in NumPy does, and the gradient back.

    The counterpart, applied to the positions of the elements, tells for each place of the result
    where its element comes from; the position after the last stands for a constant. The gradient
    of an element is the sum of the weights of the places that it went to.
    """
    size = int(np.prod(shape))
    positions = np.arange(size).reshape(shape)
    origins = [counterpart(positions) for _, counterpart in table]
    weights = [1.0 + np.arange(origin.size).reshape(origin.shape) for origin in origins]

    def program(x):
        gradients = []
        for (function, _), weight in zip(table, weights):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x) * tf.constant(weight, tf.float32)
            gradients.append(tape.gradient(y, x))
        return gradients

    gradients = run(program, tf.constant(positions, tf.float32))
    for gradient, origin, weight in zip(gradients, origins, weights):
        arrived = np.bincount(origin.ravel(), weight.ravel(), minlength=size + 1)
        assert_close(gradient, arrived[:size].reshape(shape))


def assert_gradients(tf, run, function, inputs, expected, dtype="float32", magnitude=0.0):
    """The function of the inputs has the expected gradients, one for each input."""

    def program(*arguments):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            y = function(*arguments)
        return tape.gradient(y, arguments)

    gradients = run(program, *[tf.constant(value, dtype) for value in inputs])
    assert_equal(len(gradients), len(expected))
    for gradient, value in zip(gradients, expected):
        assert_close(gradient, value, magnitude=magnitude, dtype=dtype)


@clause(MUST, covers="OPS-01", needs="arrays elementary")
def test_powers_and_magnitudes_have_their_derivatives(tf, run):
    """neg, abs, square and reciprocal have their derivatives on both sides of zero."""
    x = np.array([-0.25, 4.0])
    table = [
        (tf.negative, -1),
        (tf.abs, np.array([-1, 1])),
        (tf.square, 2 * x),
        (tf.math.reciprocal, -1 / x**2),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-01", needs="arrays elementary")
def test_roots_have_their_derivatives(tf, run):
    """sqrt and rsqrt have the derivatives 1 / (2 sqrt(x)) and -1 / (2 x sqrt(x))."""
    x = np.array([0.25, 4.0])
    table = [
        (tf.sqrt, 1 / (2 * np.sqrt(x))),
        (tf.math.rsqrt, -1 / (2 * x * np.sqrt(x))),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-01", needs="arrays elementary exp")
def test_exponentials_and_logarithms_have_their_derivatives(tf, run):
    """exp, expm1, log, log1p and sigmoid have their derivatives."""
    x = np.array([0.5, 2.0])
    sigmoid = 1 / (1 + np.exp(-x))
    table = [
        (tf.exp, np.exp(x)),
        (tf.math.expm1, np.exp(x)),
        (tf.math.log, 1 / x),
        (tf.math.log1p, 1 / (1 + x)),
        (tf.sigmoid, sigmoid * (1 - sigmoid)),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-01", needs="arrays elementary")
def test_trigonometric_functions_have_their_derivatives(tf, run):
    """sin, cos, tan, asin, acos and atan have their derivatives."""
    x = np.array([-0.5, 0.75])
    table = [
        (tf.sin, np.cos(x)),
        (tf.cos, -np.sin(x)),
        (tf.tan, 1 / np.cos(x) ** 2),
        (tf.asin, 1 / np.sqrt(1 - x**2)),
        (tf.acos, -1 / np.sqrt(1 - x**2)),
        (tf.atan, 1 / (1 + x**2)),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-01", needs="arrays elementary")
def test_hyperbolic_functions_have_their_derivatives(tf, run):
    """sinh, cosh, tanh, asinh, acosh and atanh have their derivatives."""
    x = np.array([-0.5, 0.75])
    table = [
        (tf.sinh, np.cosh(x)),
        (tf.cosh, np.sinh(x)),
        (tf.tanh, 1 - np.tanh(x) ** 2),
        (tf.asinh, 1 / np.sqrt(x**2 + 1)),
        (tf.atanh, 1 / (1 - x**2)),
        (lambda x: tf.acosh(x + 2.0), 1 / np.sqrt((x + 2) ** 2 - 1)),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-01", needs="arrays special")
def test_error_functions_have_their_derivatives(tf, run):
    """erf and erfc have the derivatives 2 exp(-x^2) / sqrt(pi) and its opposite."""
    x = np.array([-0.5, 1.0])
    bell = 2 / math.sqrt(math.pi) * np.exp(-(x**2))
    assert_derivatives(tf, run, x, [(tf.math.erf, bell), (tf.math.erfc, -bell)])


@clause(MUST, covers="OPS-01", needs="arrays special")
def test_the_logarithm_of_gamma_has_its_derivatives(tf, run):
    """lgamma has the derivative digamma, and digamma the derivative trigamma.

    At one half and one they are -g - 2 log 2 and -g, with the constant g of Euler, and
    pi^2 / 2 and pi^2 / 6.
    """
    euler = 0.57721566490153286
    x = np.array([0.5, 1.0])
    table = [
        (tf.math.lgamma, np.array([-euler - 2 * math.log(2), -euler])),
        (tf.math.digamma, np.array([math.pi**2 / 2, math.pi**2 / 6])),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-01", needs="arrays nn")
def test_softplus_and_softsign_have_their_derivatives(tf, run):
    """softplus has the derivative sigmoid, and softsign 1 / (1 + |x|)^2."""
    x = np.array([-0.5, 2.0])
    table = [
        (tf.nn.softplus, 1 / (1 + np.exp(-x))),
        (tf.nn.softsign, 1 / (1 + np.abs(x)) ** 2),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-02", needs="arrays nn")
def test_rectifiers_have_their_derivatives(tf, run):
    """relu, relu6 and leaky_relu have the slope of the piece that the input lies on."""
    x = np.array([-2.0, 1.0, 8.0])
    table = [
        (tf.nn.relu, np.array([0, 1, 1])),
        (tf.nn.relu6, np.array([0, 1, 0])),
        (lambda x: tf.nn.leaky_relu(x, alpha=0.125), np.array([0.125, 1, 1])),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-02", needs="arrays nn")
def test_crelu_has_the_slopes_of_both_halves(tf, run):
    """crelu, relu(x) beside relu(-x), has the slopes of both halves."""
    weights = np.array([2.0, 3.0, 5.0, 7.0], np.float32)

    def crelu(x):
        return tf.nn.crelu(x) * weights

    assert_gradients(tf, run, crelu, [[-2.0, 1.0]], [[-5.0, 3.0]])


@clause(MUST, covers="OPS-02", needs="arrays nn")
def test_smooth_activations_have_their_derivatives(tf, run):
    """elu, selu and swish have their derivatives on both sides of zero."""
    x = np.array([-2.0, 1.0])
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    sigmoid = 1 / (1 + np.exp(-x))
    table = [
        (tf.nn.elu, np.where(x > 0, 1, np.exp(x))),
        (tf.nn.selu, scale * np.where(x > 0, 1, alpha * np.exp(x))),
        (tf.nn.swish, sigmoid * (1 + x * (1 - sigmoid))),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-02", needs="arrays nn", since="2.4")
def test_gelu_has_its_derivative(tf, run):
    """gelu, x times the normal distribution at x, has the distribution plus x times its density."""
    x = np.array([-1.0, 0.5])
    distribution = np.array([(1 + math.erf(one / math.sqrt(2))) / 2 for one in x])
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    assert_derivatives(tf, run, x, [(tf.nn.gelu, distribution + x * density)])


@clause(MUST, covers="OPS-02", needs="arrays nn")
def test_softmax_and_log_softmax_have_their_derivatives(tf, run):
    """With weights w softmax s has the gradient s (w - sum w s), log_softmax w - s sum w."""
    x, w = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 7.0])
    s = np.exp(x) / np.exp(x).sum()

    def program(x):
        weights = tf.constant(w, tf.float32)
        gradients = []
        for function in (tf.nn.softmax, tf.nn.log_softmax):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x) * weights
            gradients.append(tape.gradient(y, x))
        return gradients

    of_softmax, of_log_softmax = run(program, tf.constant(x, tf.float32))
    assert_close(of_softmax, s * (w - (w * s).sum()), magnitude=7.0)
    assert_close(of_log_softmax, w - s * w.sum(), magnitude=12.0)


@clause(MUST, covers="OPS-03", needs="arrays elementary")
def test_arithmetic_is_broadcast_and_summed_back(tf, run):
    """add, subtract, multiply, divide, pow and squared_difference have their derivatives.

    What was broadcast gets the sum over the elements that it was repeated for.
    """
    a, b = np.array([[2.0], [4.0]]), np.array([1.0, 2.0, 0.5])
    one = np.ones([2, 3])
    table = [
        (tf.add, one, one),
        (tf.subtract, one, -one),
        (tf.multiply, b * one, a * one),
        (tf.divide, 1 / b * one, -a / b**2),
        (tf.pow, b * a ** (b - 1), a**b * np.log(a)),
        (tf.math.squared_difference, 2 * (a - b), -2 * (a - b)),
    ]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-03", needs="arrays elementary")
def test_the_chosen_of_two_has_the_gradient(tf, run):
    """maximum and minimum pass the gradient to the argument that they choose."""
    a, b = np.array([[2.0], [4.0]]), np.array([1.0, 3.0, 8.0])
    table = [(tf.maximum, a > b, a < b), (tf.minimum, a < b, a > b)]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-05", needs="arrays")
def test_a_selection_is_broadcast_and_summed_back(tf, run):
    """where broadcasts what it selects from, and each gets the sum over where it was selected."""
    a, b = np.array([[2.0], [4.0]]), np.array([1.0, 3.0, 8.0])
    condition = np.array([[True, False, True], [False, False, True]])
    table = [(lambda a, b: tf.where(condition, a, b), condition, ~condition)]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-03", needs="arrays elementary")
def test_angles_and_remainders_have_their_derivatives(tf, run):
    """atan2 and floormod have their derivatives with respect to both arguments.

    The remainder a - b floor(a / b) has the derivatives 1 and -floor(a / b).
    """
    a, b = np.array([[2.0], [-5.0]]), np.array([1.5, 4.0, -3.0])
    square = a**2 + b**2
    table = [
        (tf.math.atan2, b / square, -a / square),
        (tf.math.floormod, np.ones([2, 3]), -np.floor(a / b)),
    ]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-03", needs="arrays elementary")
def test_products_with_logarithms_have_their_derivatives(tf, run):
    """xlogy and xdivy have the derivatives of x log(y) and x / y."""
    a, b = np.array([[2.0], [4.0]]), np.array([1.5, 0.25, 8.0])
    one = np.ones([2, 3])
    table = [
        (tf.math.xlogy, np.log(b) * one, a / b),
        (tf.math.xdivy, 1 / b * one, -a / b**2),
    ]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-03", needs="arrays elementary", since="2.4")
def test_xlog1py_has_its_derivatives(tf, run):
    """xlog1py has the derivatives of x log(1 + y)."""
    a, b = np.array([[2.0], [4.0]]), np.array([1.5, 0.25, 8.0])
    table = [(tf.math.xlog1py, np.log(1 + b) * np.ones([2, 3]), a / (1 + b))]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-03", needs="arrays elementary")
def test_guarded_products_and_quotients_have_their_derivatives(tf, run):
    """divide_no_nan and multiply_no_nan have the derivatives of a / b and a b where b is not 0."""
    a, b = np.array([[2.0], [4.0]]), np.array([1.5, 0.25, 8.0])
    one = np.ones([2, 3])
    table = [
        (tf.math.divide_no_nan, 1 / b * one, -a / b**2),
        (tf.math.multiply_no_nan, b * one, a * one),
    ]
    assert_partial_derivatives(tf, run, a, b, table)


def assert_reductions(tf, run, values, table):
    """Each function reduces the values (2, 3) to (2,) or (2, 1), with those derivatives."""
    weights = np.array([3.0, 5.0])

    def program(x):
        gradients = []
        for function, _ in table:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reshape(function(x), [2]) * tf.constant(weights, tf.float32)
            gradients.append(tape.gradient(y, x))
        return gradients

    for gradient, (_, derivative) in zip(run(program, tf.constant(values, tf.float32)), table):
        expected = weights[:, None] * np.broadcast_to(derivative, values.shape)
        assert_close(gradient, expected, magnitude=np.abs(expected).max())


@clause(MUST, covers="OPS-04", needs="arrays")
def test_sums_means_and_products_have_their_derivatives(tf, run):
    """reduce_sum, reduce_mean and reduce_prod along an axis have their derivatives."""
    x = np.array([[1.0, 2.0, 4.0], [-2.0, 8.0, 0.5]])
    table = [
        (lambda x: tf.reduce_sum(x, axis=1), 1),
        (lambda x: tf.reduce_sum(x, axis=-1, keepdims=True), 1),
        (lambda x: tf.reduce_mean(x, axis=1), 1 / 3),
        (lambda x: tf.reduce_mean(x, axis=[1], keepdims=True), 1 / 3),
        (lambda x: tf.reduce_prod(x, axis=1), x.prod(1, keepdims=True) / x),
        (lambda x: tf.reduce_prod(x, axis=1, keepdims=True), x.prod(1, keepdims=True) / x),
    ]
    assert_reductions(tf, run, x, table)


@clause(MUST, covers="OPS-04", needs="arrays")
def test_reductions_without_an_axis_take_all_elements(tf, run):
    """reduce_sum, reduce_mean, reduce_prod and reduce_max reduce all axes where none is named."""
    x = np.array([[1.0, 2.0, 4.0], [-2.0, 8.0, 0.5]])

    def program(x):
        gradients = []
        for function in (tf.reduce_sum, tf.reduce_mean, tf.reduce_prod, tf.reduce_max):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = 3.0 * function(x)
            gradients.append(tape.gradient(y, x))
        return gradients

    by_sum, by_mean, by_prod, by_max = run(program, tf.constant(x, tf.float32))
    assert_close(by_sum, np.full([2, 3], 3.0))
    assert_close(by_mean, np.full([2, 3], 3.0 / 6))
    assert_close(by_prod, 3.0 * x.prod() / x)
    assert_close(by_max, 3.0 * (x == 8.0))


@clause(MUST, covers="OPS-04", needs="arrays")
def test_extremes_have_their_derivatives(tf, run):
    """reduce_max and reduce_min along an axis pass the gradient to the element they choose."""
    x = np.array([[1.0, 4.0, 2.0], [-2.0, 8.0, -3.0]])
    table = [
        (lambda x: tf.reduce_max(x, axis=1), [[0, 1, 0], [0, 1, 0]]),
        (lambda x: tf.reduce_max(x, axis=1, keepdims=True), [[0, 1, 0], [0, 1, 0]]),
        (lambda x: tf.reduce_min(x, axis=1), [[1, 0, 0], [0, 0, 1]]),
        (lambda x: tf.reduce_min(x, axis=-1, keepdims=True), [[1, 0, 0], [0, 0, 1]]),
    ]
    assert_reductions(tf, run, x, table)


@clause(MUST, covers="OPS-04", needs="arrays")
def test_the_logarithm_of_a_sum_of_exponentials_has_the_softmax(tf, run):
    """reduce_logsumexp along an axis has the softmax along that axis."""
    x = np.array([[1.0, 2.0, 4.0], [-2.0, 1.0, 0.5]])
    softmax = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    table = [
        (lambda x: tf.reduce_logsumexp(x, axis=1), softmax),
        (lambda x: tf.reduce_logsumexp(x, axis=1, keepdims=True), softmax),
    ]
    assert_reductions(tf, run, x, table)


@clause(MUST, covers="OPS-04", needs="arrays")
def test_statistics_have_their_derivatives(tf, run):
    """reduce_variance and reduce_std along an axis have their derivatives.

    The variance of n elements has 2 (x - mean) / n, its root half of that over the root.
    """
    x = np.array([[1.0, 2.0, 6.0], [-2.0, 7.0, 4.0]])
    centred = x - x.mean(1, keepdims=True)
    std = x.std(1, keepdims=True)
    table = [
        (lambda x: tf.math.reduce_variance(x, axis=1), 2 * centred / 3),
        (lambda x: tf.math.reduce_variance(x, axis=1, keepdims=True), 2 * centred / 3),
        (lambda x: tf.math.reduce_std(x, axis=1), centred / (3 * std)),
        (lambda x: tf.math.reduce_std(x, axis=1, keepdims=True), centred / (3 * std)),
    ]
    assert_reductions(tf, run, x, table)


@clause(MUST, covers="OPS-04", needs="arrays", modes="eager function")
def test_the_length_of_a_vector_has_its_direction(tf, run):
    """reduce_euclidean_norm along an axis has x over the norm."""
    x = np.array([[2.0, -3.0, 6.0], [4.0, 4.0, -7.0]])
    direction = x / np.array([[7.0], [9.0]])
    table = [
        (lambda x: tf.math.reduce_euclidean_norm(x, axis=1), direction),
        (lambda x: tf.math.reduce_euclidean_norm(x, axis=1, keepdims=True), direction),
    ]
    assert_reductions(tf, run, x, table)


@clause(MUST, covers="OPS-04", needs="arrays")
def test_running_sums_have_the_sums_that_remain(tf, run):
    """cumsum has, for each element, the sum of the weights of the results that it entered."""
    w = np.array([2.0, 3.0, 7.0])
    table = [
        (lambda x: tf.cumsum(x), [2 + 3 + 7, 3 + 7, 7]),
        (lambda x: tf.cumsum(x, exclusive=True), [3 + 7, 7, 0]),
        (lambda x: tf.cumsum(x, reverse=True), [2, 2 + 3, 2 + 3 + 7]),
    ]

    def program(x):
        gradients = []
        for function, _ in table:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x) * tf.constant(w, tf.float32)
            gradients.append(tape.gradient(y, x))
        return gradients

    gradients = run(program, tf.constant([1.0, 4.0, 2.0]))
    assert_structure(gradients, [np.array(expected) for _, expected in table])


@clause(MUST, covers="OPS-04", needs="arrays")
def test_running_products_have_their_derivatives(tf, run):
    """cumprod has the derivatives of the products a, a b and a b c."""
    a, b, c = 2.0, 5.0, 3.0
    w = np.array([2.0, 3.0, 7.0], np.float32)

    def products(x):
        return tf.math.cumprod(x) * w

    expected = [w[0] + w[1] * b + w[2] * b * c, w[1] * a + w[2] * a * c, w[2] * a * b]
    assert_gradients(tf, run, products, [[a, b, c]], [expected])


@clause(MUST, covers="OPS-04", needs="arrays")
def test_running_logarithms_of_sums_of_exponentials_have_their_derivatives(tf, run):
    """cumulative_logsumexp has the softmax of the elements that entered each result."""
    x, w = np.array([1.0, 4.0, 2.0]), np.array([2.0, 3.0, 7.0], np.float32)

    def running(x):
        return tf.math.cumulative_logsumexp(x) * w

    entered = np.tril(np.ones([3, 3])) * np.exp(x)
    softmax = entered / entered.sum(1, keepdims=True)
    assert_gradients(tf, run, running, [x], [w @ softmax])


@clause(MUST, covers="OPS-05", needs="arrays")
def test_new_shapes_take_the_gradient_along(tf, run):
    """reshape, transpose, squeeze, expand_dims and broadcast_to carry the gradient back."""
    table = [
        (lambda x: tf.reshape(x, [3, 2]), lambda p: p.reshape([3, 2])),
        (lambda x: tf.reshape(x, [-1]), lambda p: p.ravel()),
        (lambda x: tf.transpose(x), lambda p: p.T),
        (
            lambda x: tf.transpose(tf.reshape(x, [1, 2, 3]), [2, 0, 1]),
            lambda p: p.reshape([1, 2, 3]).transpose([2, 0, 1]),
        ),
        (lambda x: tf.expand_dims(x, 1), lambda p: p[:, None]),
        (lambda x: tf.squeeze(tf.reshape(x, [1, 6, 1]), [0]), lambda p: p.reshape([6, 1])),
        (lambda x: tf.broadcast_to(x, [2, 2, 3]), lambda p: np.stack([p, p])),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-05", needs="arrays")
def test_joined_and_divided_tensors_take_the_gradient_along(tf, run):
    """concat, split, stack and unstack carry the gradient of each part back."""
    table = [
        (lambda x: tf.concat([x, x[:1]], 0), lambda p: np.concatenate([p, p[:1]])),
        (lambda x: tf.concat([x[:, 2:], x], 1), lambda p: np.concatenate([p[:, 2:], p], 1)),
        (lambda x: tf.split(x, [1, 2], axis=1)[1], lambda p: p[:, 1:]),
        (lambda x: tf.split(x, 2)[0], lambda p: p[:1]),
        (lambda x: tf.stack([x, -1.0 * -x], 1), lambda p: np.stack([p, p], 1)),
        (lambda x: tf.unstack(x, axis=1)[2], lambda p: p[:, 2]),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-05", needs="arrays", since="2.1")
def test_repeated_and_padded_tensors_take_the_gradient_along(tf, run):
    """tile, repeat and pad, in all its modes, add up the gradients of all copies."""
    widths = [[1, 0], [2, 1]]
    outside = 6
    table = [
        (lambda x: tf.tile(x, [2, 1]), lambda p: np.tile(p, [2, 1])),
        (lambda x: tf.repeat(x, [1, 0, 2], axis=1), lambda p: np.repeat(p, [1, 0, 2], 1)),
        (
            lambda x: tf.pad(x, widths, constant_values=5.0),
            lambda p: np.pad(p, widths, "constant", constant_values=outside),
        ),
        (lambda x: tf.pad(x, widths, "REFLECT"), lambda p: np.pad(p, widths, "reflect")),
        (lambda x: tf.pad(x, widths, "SYMMETRIC"), lambda p: np.pad(p, widths, "symmetric")),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-05", needs="arrays")
def test_parts_of_tensors_take_the_gradient_along(tf, run):
    """slice, strided_slice, gather and gather_nd carry the gradient to the elements they take."""
    table = [
        (lambda x: tf.slice(x, [0, 1], [2, 2]), lambda p: p[:, 1:]),
        (lambda x: tf.strided_slice(x, [1, 2], [2, 0], [1, -1]), lambda p: p[1:2, 2:0:-1]),
        (lambda x: tf.gather(x, [2, 0, 2], axis=1), lambda p: p[:, [2, 0, 2]]),
        (lambda x: tf.gather_nd(x, [[1, 2], [0, 1], [1, 2]]), lambda p: p[[1, 0, 1], [2, 1, 2]]),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-05", needs="arrays")
def test_rearranged_tensors_take_the_gradient_along(tf, run):
    """reverse, roll, sort and top_k carry the gradient back to where each element stood."""
    table = [
        (lambda x: tf.reverse(x, [1]), lambda p: p[:, ::-1]),
        (lambda x: tf.roll(x, 1, axis=1), lambda p: np.roll(p, 1, 1)),
        (lambda x: tf.sort(x, direction="DESCENDING"), lambda p: p[:, ::-1]),
        (lambda x: tf.sort(tf.reverse(x, [1])), lambda p: p),
        (lambda x: tf.math.top_k(x, 2)[0], lambda p: p[:, :0:-1]),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-05", needs="arrays")
def test_selected_and_scattered_elements_take_the_gradient_along(tf, run):
    """where and tensor_scatter pass the gradient to what they keep, and none to what they replace.

    To add to an element keeps it.
    """
    condition = np.array([[True, False, True], [False, False, True]])
    outside = 6
    table = [
        (lambda x: tf.where(condition, x, 5.0), lambda p: np.where(condition, p, outside)),
        (
            lambda x: tf.tensor_scatter_nd_update(x, [[1]], [[5.0, 5.0, 5.0]]),
            lambda p: np.stack([p[0], np.full(3, outside)]),
        ),
        (
            lambda x: tf.tensor_scatter_nd_update(tf.zeros([3, 3]), [[2], [0]], x),
            lambda p: np.stack([p[1], np.full(3, outside), p[0]]),
        ),
        (lambda x: tf.tensor_scatter_nd_add(x, [[1]], [[5.0, 5.0, 5.0]]), lambda p: p),
        (
            lambda x: tf.tensor_scatter_nd_add(tf.zeros([3, 3]), [[2], [0]], x),
            lambda p: np.stack([p[1], np.full(3, outside), p[0]]),
        ),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-05", needs="arrays", modes="eager function")
def test_masked_and_partitioned_elements_take_the_gradient_along(tf, run):
    """boolean_mask, dynamic_partition and dynamic_stitch carry the gradient back.

    The shape of what they give depends on values, which an optimising compiler may refuse.
    """
    mask = np.array([[True, False, True], [False, False, True]])
    table = [
        (lambda x: tf.boolean_mask(x, mask), lambda p: p[mask]),
        (lambda x: tf.dynamic_partition(x, mask.astype(np.int32), 2)[0], lambda p: p[~mask]),
        (lambda x: tf.dynamic_stitch([[1], [0]], [x[:1], x[1:]]), lambda p: p[::-1]),
    ]
    assert_moves(tf, run, [2, 3], table)


@clause(MUST, covers="OPS-17")
def test_sums_and_products_have_their_derivatives(tf, run):
    """a + b and a * b have their derivatives, with a Python number on either side, too."""

    def program(a, b):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = a * b + a * 5.0 + 7.0 * b + (a + 11.0) * (13.0 + b)
        return y, tape.gradient(y, [a, b])

    value, gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_close(value, 6.0 + 10.0 + 21.0 + 13.0 * 16.0)
    assert_structure(gradients, [3.0 + 5.0 + (13.0 + 3.0), 2.0 + 7.0 + (2.0 + 11.0)])


@clause(MUST, covers="OPS-17")
def test_differences_and_quotients_have_their_derivatives(tf, run):
    """-a, a - b and a / b have their derivatives, with a Python number on either side, too."""

    def program(a, b):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = a / b - b / 8.0 + 3.0 / a - (5.0 - b) + (-a - 7.0)
        return y, tape.gradient(y, [a, b])

    value, gradients = run(program, tf.constant(2.0), tf.constant(4.0))
    assert_close(value, 0.5 - 0.5 + 1.5 - 1.0 - 9.0)
    assert_structure(gradients, [1 / 4.0 - 3 / 2.0**2 - 1.0, -2.0 / 4.0**2 - 1 / 8.0 + 1.0])


@clause(MUST, covers="OPS-17")
def test_powers_have_their_derivatives(tf, run):
    """a ** n has the derivative n a ** (n - 1) for a Python number n."""
    exponents = [1, 2, 3, -1, -2, 0.5, -0.5, 2.5]

    def program(a):
        gradients = []
        for exponent in exponents:
            with tf.GradientTape() as tape:
                tape.watch(a)
                y = a**exponent
            gradients.append(tape.gradient(y, a))
        return gradients

    gradients = run(program, tf.constant(4.0))
    assert_structure(gradients, [exponent * 4.0 ** (exponent - 1) for exponent in exponents])


@clause(MUST, covers="OPS-01", needs="exp")
def test_the_exponential_function_is_its_own_derivative(tf, run):
    """exp(a) has the derivative exp(a), and exp(exp(a) / 4) that of the chain rule."""

    def derivative(function, a):
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = function(a)
        return tape.gradient(y, a)

    def program(a):
        return derivative(tf.exp, a), derivative(lambda x: tf.exp(tf.exp(x) * 0.25), a)

    e = math.exp(0.5)
    once, twice = run(program, tf.constant(0.5))
    assert_close(once, e)
    assert_close(twice, math.exp(e / 4) * e / 4)


@clause(MUST, covers="OPS-01", needs="elementary")
def test_elementary_functions_of_one_number_have_their_derivatives(tf, run):
    """Roots, logarithms and functions of angles have their derivatives at a single number."""
    a, sigmoid = 0.5, 1 / (1 + math.exp(-0.5))
    table = [
        (tf.sqrt, 1 / (2 * math.sqrt(a))),
        (tf.math.log, 1 / a),
        (tf.sin, math.cos(a)),
        (tf.cos, -math.sin(a)),
        (tf.tanh, 1 - math.tanh(a) ** 2),
        (tf.sigmoid, sigmoid * (1 - sigmoid)),
        (lambda x: tf.abs(-x), 1.0),
        (lambda x: tf.maximum(x, 0.25) + tf.minimum(x, 0.25), 1.0),
    ]

    def program(x):
        gradients = []
        for function, _ in table:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            gradients.append(tape.gradient(y, x))
        return gradients

    assert_structure(run(program, tf.constant(a)), [derivative for _, derivative in table])


@clause(MUST, covers="OPS-17", needs="arrays")
def test_operators_with_numbers_are_recorded(tf, run):
    """+ - * / % ** with a Python number on either side, unary - and abs are differentiated."""
    x = np.array([2.5, 0.75])
    table = [
        (lambda x: x + 2, 1),
        (lambda x: 2 + x, 1),
        (lambda x: x - 2, 1),
        (lambda x: 2 - x, -1),
        (lambda x: x * 5, 5),
        (lambda x: 5 * x, 5),
        (lambda x: x / 4, 1 / 4),
        (lambda x: 4 / x, -4 / x**2),
        (lambda x: x % 2, 1),
        (lambda x: 7 % x, -np.floor(7 / x)),
        (lambda x: x**3, 3 * x**2),
        (lambda x: 2**x, 2**x * np.log(2)),
        (lambda x: -x, -1),
        (lambda x: abs(-x), 1),
    ]
    assert_derivatives(tf, run, x, table)


@clause(MUST, covers="OPS-17", needs="arrays")
def test_operators_between_tensors_are_recorded(tf, run):
    """+ - * / % ** between tensors are differentiated with respect to both."""
    a, b = np.array([[2.0], [4.0]]), np.array([1.5, 0.75, 8.0])
    one = np.ones([2, 3])
    table = [
        (lambda a, b: a + b, one, one),
        (lambda a, b: a - b, one, -one),
        (lambda a, b: a * b, b * one, a * one),
        (lambda a, b: a / b, 1 / b * one, -a / b**2),
        (lambda a, b: a % b, one, -np.floor(a / b)),
        (lambda a, b: a**b, b * a ** (b - 1), a**b * np.log(a)),
    ]
    assert_partial_derivatives(tf, run, a, b, table)


@clause(MUST, covers="OPS-17", needs="arrays")
def test_the_matrix_product_operator_is_recorded(tf, run):
    """a @ b is differentiated with respect to both matrices."""
    a, b = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[2.0], [3.0], [5.0]])
    w = np.array([[7.0], [11.0]])

    def product(a, b):
        return (a @ b) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, product, [a, b], [w @ b.T, a.T @ w])


@clause(MUST, covers="OPS-17", needs="nested arrays unconnected_zero")
def test_the_floor_division_operator_is_piecewise_constant(tf, run):
    """x // 2 contributes nothing to a gradient, whether that is None or zero."""

    def program(x):
        with tf.GradientTape() as alone, tf.GradientTape() as beside:
            alone.watch(x)
            beside.watch(x)
            whole = x // 2
            y = whole * x
        return alone.gradient(whole, x, unconnected_gradients="zero"), beside.gradient(y, x)

    of_whole, of_product = run(program, tf.constant([5.0, -3.0]))
    assert_close(of_whole, [0.0, 0.0])
    assert_close(of_product, [2.0, -2.0])


@clause(MUST, covers="OPS-18", needs="arrays")
def test_indexing_is_recorded(tf, run):
    """A part of a tensor taken by indices and slices is differentiated."""
    parts = [
        lambda x: x[1],
        lambda x: x[-1, 0],
        lambda x: x[0:1, 1:],
        lambda x: x[..., 2],
        lambda x: x[:, None, ::2],
        lambda x: x[::-1],
        lambda x: x[1, ::-1],
    ]
    assert_moves(tf, run, [2, 3], [(part, part) for part in parts])


@clause(MUST, covers="OPS-18", needs="arrays dtype-int")
def test_indexing_by_a_tensor_is_recorded(tf, run):
    """A part of a tensor taken by an index that is itself a tensor is differentiated."""

    def program(x, index):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x[index] * x[:, index]
        return tape.gradient(y, x)

    # The row (4, 5) times the column (3, 5)
    gradient = run(program, tf.constant([[2.0, 3.0], [4.0, 5.0]]), tf.constant(1))
    assert_close(gradient, [[0.0, 4.0], [3.0, 5.0 + 5.0]])


@clause(MUST, covers="OPS-18", needs="arrays", modes="eager")
def test_iteration_is_recorded(tf, run):
    """The rows of a tensor that a for statement gives are differentiated.

    A traced program refuses to iterate over a tensor.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = 0.0
            for factor, row in enumerate(x, start=2):
                y = y + factor * row * row
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([[1.0, 3.0], [5.0, 7.0]]))
    assert_close(gradient, [[4 * 1.0, 4 * 3.0], [6 * 5.0, 6 * 7.0]])


@clause(MUST, covers="OPS-18", needs="arrays", modes="eager")
def test_unpacking_is_recorded(tf, run):
    """The elements of a tensor that an assignment unpacks are differentiated."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            a, b, c = x
            y = a * b + b * c * c
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([2.0, 3.0, 5.0])), [3.0, 2.0 + 5.0**2, 2 * 3.0 * 5.0])


@clause(SHOULD, covers="OPS-06", needs="arrays")
def test_matrix_products_have_their_gradients(tf, run):
    """matmul has the gradients w b^T and a^T w, whichever of its factors is transposed."""
    a, b = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[2.0], [3.0], [5.0]])
    w = np.array([[7.0], [11.0]])

    def products(a, b, at, bt):
        all_four = (
            tf.matmul(a, b),
            tf.matmul(at, b, transpose_a=True),
            tf.matmul(a, bt, transpose_b=True),
            tf.matmul(at, bt, transpose_a=True, transpose_b=True),
        )
        return tf.concat(all_four, 1) * tf.constant(w * [1.0, 2.0, 4.0, 8.0], tf.float32)

    by_a, by_b = w @ b.T, a.T @ w
    expected = [(1 + 4) * by_a, (1 + 2) * by_b, (2 + 8) * by_a.T, (4 + 8) * by_b.T]
    assert_gradients(tf, run, products, [a, b, a.T, b.T], expected)


@clause(SHOULD, covers="OPS-06", needs="arrays")
def test_batched_matrix_products_have_their_gradients(tf, run):
    """matmul of stacks of matrices has the gradients of each; a lone matrix the sum of them."""
    a = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    b = np.array([[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]])
    w = np.array([[[1.0, 2.0, 3.0]], [[4.0, 5.0, 7.0]]])

    def products(a, b):
        return tf.matmul(a, b) * tf.constant(w, tf.float32)

    expected = [w @ b.T, a[0].T @ w[0] + a[1].T @ w[1]]
    assert_gradients(tf, run, products, [a, b], expected)


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_contractions_have_their_gradients(tf, run):
    """einsum and tensordot have the gradients of the sums that they stand for."""
    a, b = (
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        np.array([[2.0, 7.0], [3.0, 1.0], [5.0, 4.0]]),
    )
    w = np.array([[7.0, 2.0], [11.0, 3.0]])

    def contractions(a, b):
        weights = tf.constant(w, tf.float32)
        by_letters = tf.einsum("ij,jk->ki", a, b) * weights
        by_axes = tf.tensordot(b, a, axes=[[0], [1]]) * weights
        return by_letters + 2.0 * by_axes

    assert_gradients(tf, run, contractions, [a, b], [3 * (b @ w).T, 3 * (w @ a).T])


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_inverses_have_their_gradients(tf, run):
    """inv, with the inverse b, has the gradient -b^T w b^T."""
    a, w = np.array([[3.0, 1.0], [2.0, 2.0]]), np.array([[2.0, 3.0], [5.0, 7.0]])
    b = np.array([[0.5, -0.25], [-0.5, 0.75]])

    def inverse(a):
        return tf.linalg.inv(a) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, inverse, [a], [-b.T @ w @ b.T], magnitude=8.0)


@clause(SHOULD, covers="OPS-06", needs="arrays linalg", modes="eager function")
def test_determinants_have_their_gradients(tf, run):
    """det of a, with the inverse b, has the gradient det(a) b^T, and slogdet has b^T."""
    a, b = np.array([[3.0, 1.0], [2.0, 2.0]]), np.array([[0.5, -0.25], [-0.5, 0.75]])

    def determinants(a):
        return 3.0 * tf.linalg.det(a) + 5.0 * tf.linalg.slogdet(a)[1]

    assert_gradients(tf, run, determinants, [a], [3 * 4 * b.T + 5 * b.T], magnitude=8.0)


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_solutions_have_their_gradients(tf, run):
    """solve and triangular_solve have the gradients of the solution x of a x = b.

    With v = a^-T w they are -v x^T, of a triangular matrix its triangle, and v.
    """
    a, b = np.array([[4.0, 0.0], [2.0, 2.0]]), np.array([[8.0], [2.0]])
    x, w = np.array([[2.0], [-1.0]]), np.array([[3.0], [5.0]])
    v = np.linalg.solve(a.T, w)

    def general(a, b):
        return tf.linalg.solve(a, b) * tf.constant(w, tf.float32)

    def lower(a, b):
        return tf.linalg.triangular_solve(a, b) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, general, [a, b], [-v @ x.T, v], magnitude=4.0)
    assert_gradients(tf, run, lower, [a, b], [np.tril(-v @ x.T), v], magnitude=4.0)


@clause(SHOULD, covers="OPS-06", needs="dtype-float arrays linalg", modes="eager function")
def test_least_squares_have_their_gradients(tf, run):
    """lstsq has the gradients of the vector x that brings a x closest to b.

    With the inverse g of a^T a and the rest r = b - a x they are r (g w)^T - a g w x^T and a g w.
    """
    a, b = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([[1.0], [2.0], [5.0]])
    w = np.array([[3.0], [5.0]])
    gw = np.linalg.solve(a.T @ a, w)
    x = np.linalg.solve(a.T @ a, a.T @ b)

    def solution(a, b):
        return tf.linalg.lstsq(a, b) * tf.constant(w, tf.float64)

    expected = [(b - a @ x) @ gw.T - a @ gw @ x.T, a @ gw]
    assert_gradients(tf, run, solution, [a, b], expected, dtype="float64", magnitude=50.0)


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_the_cholesky_factor_has_its_gradient(tf, run):
    """cholesky has the gradient of its factor with respect to what the matrix was made of.

    The factor of [[a, b], [b, c]] is [[d, 0], [b / d, e]], d^2 = a, e^2 = c - b^2 / a.
    """
    a, b, c = 4.0, 2.0, 10.0
    w = np.array([[2.0, 0.0], [3.0, 5.0]])

    def factor(a, b, c):
        matrix = tf.reshape(tf.stack([a, b, b, c]), [2, 2])
        return tf.linalg.cholesky(matrix) * tf.constant(w, tf.float32)

    d, e = 2.0, 3.0
    by_a = 2 / (2 * d) - 3 * b / (2 * a * d) + 5 * b**2 / a**2 / (2 * e)
    expected = [by_a, 3 / d - 5 * b / a / e, 5 / (2 * e)]
    assert_gradients(tf, run, factor, [a, b, c], expected, magnitude=5.0)


def rotation(tf, angle):
    """The matrix (2, 2) that rotates the plane by an angle."""
    cosine, sine = tf.cos(angle), tf.sin(angle)
    return tf.reshape(tf.stack([cosine, -sine, sine, cosine]), [2, 2])


@clause(SHOULD, covers="OPS-06", needs="arrays elementary linalg")
def test_eigenvalues_and_vectors_have_their_gradients(tf, run):
    """eigh has the gradients of the values and of the vectors, whose signs are not determined.

    A diagonal matrix, rotated by an angle t, has its diagonal as values at every angle, and the
    squares cos(t)^2 and sin(t)^2 in its first vector.
    """
    t, p, q = 0.5, 1.0, 4.0

    def sums(angle, first, second):
        turn = rotation(tf, angle)
        matrix = tf.matmul(turn * tf.stack([first, second]), turn, transpose_b=True)
        values, vectors = tf.linalg.eigh(matrix)
        return 3.0 * values[0] + 5.0 * values[1] + 7.0 * vectors[0, 0] ** 2

    expected = [-7 * math.sin(2 * t), 3.0, 5.0]
    assert_gradients(tf, run, sums, [t, p, q], expected, dtype="float64", magnitude=50.0)


@clause(SHOULD, covers="OPS-06", needs="arrays elementary linalg decomposition")
def test_singular_values_and_vectors_have_their_gradients(tf, run):
    """svd has the gradients of the values and of the vectors on both sides.

    A diagonal matrix between a rotation by the angle s and one back by t has its diagonal as
    singular values and the squares cos(s)^2 and cos(t)^2 in its first vectors.
    """
    s, t, p, q = 0.5, 0.25, 4.0, 1.0

    def sums(left, right, first, second):
        scaled = rotation(tf, left) * tf.stack([first, second])
        values, u, v = tf.linalg.svd(tf.matmul(scaled, rotation(tf, right), transpose_b=True))
        squares = 7.0 * u[0, 0] ** 2 + 11.0 * v[0, 0] ** 2
        return 3.0 * values[0] + 5.0 * values[1] + squares

    expected = [-7 * math.sin(2 * s), -11 * math.sin(2 * t), 3.0, 5.0]
    assert_gradients(tf, run, sums, [s, t, p, q], expected, dtype="float64", magnitude=100.0)


@clause(SHOULD, covers="OPS-06", needs="dtype-float arrays elementary linalg decomposition")
def test_the_qr_factors_have_their_gradients(tf, run):
    """qr has the gradients of both factors, whose signs are not determined.

    A triangular matrix [[a, b], [0, c]], rotated by an angle t, has itself as the factor r, and
    the square cos(t)^2 in the factor q.
    """
    t, a, b, c = 0.5, 2.0, 3.0, 4.0

    def sums(angle, a, b, c):
        triangle = tf.reshape(tf.stack([a, b, 0.0 * a, c]), [2, 2])
        q, r = tf.linalg.qr(tf.matmul(rotation(tf, angle), triangle))
        squares = r * r * tf.constant([[3.0, 5.0], [0.0, 7.0]], tf.float64)
        return tf.reduce_sum(squares) + 11.0 * q[0, 0] ** 2

    expected = [-11 * math.sin(2 * t), 3 * 2 * a, 5 * 2 * b, 7 * 2 * c]
    assert_gradients(tf, run, sums, [t, a, b, c], expected, dtype="float64", magnitude=200.0)


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_parts_of_matrices_have_their_gradients(tf, run):
    """diag_part and band_part carry the gradient to the elements that they take."""
    outside = 9
    table = [
        (lambda x: tf.linalg.diag_part(x), lambda p: np.diag(p)),
        (
            lambda x: tf.linalg.band_part(x, 1, 0),
            lambda p: np.where([[1, 0, 0], [1, 1, 0], [0, 1, 1]], p, outside),
        ),
    ]
    assert_moves(tf, run, [3, 3], table)


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_the_trace_has_the_identity(tf, run):
    """trace has the identity matrix as its gradient, for each matrix of a stack."""
    weights = np.array([3.0, 5.0], np.float32)

    def traces(x):
        return tf.linalg.trace(x) * weights

    assert_gradients(tf, run, traces, [np.ones([2, 2, 2])], [[3 * np.eye(2), 5 * np.eye(2)]])


@clause(SHOULD, covers="OPS-06", needs="arrays linalg")
def test_norms_have_their_gradients(tf, run):
    """norm has the gradient x / |x|, and that of order one the signs."""
    x = [2.0, -3.0, 6.0]

    def norms(x):
        return 14.0 * tf.norm(x) + 3.0 * tf.norm(x, ord=1)

    assert_gradients(tf, run, norms, [x], [[4.0 + 3.0, -6.0 - 3.0, 12.0 + 3.0]])


@clause(SHOULD, covers="OPS-06", needs="dtype-float arrays linalg", modes="eager function")
def test_the_matrix_exponential_has_its_gradient(tf, run):
    """expm of t times [[0, -1], [1, 0]], the rotation by t, has the rotation's derivative."""
    w = np.array([[2.0, 3.0], [5.0, 7.0]])

    def exponential(angle):
        generator = tf.constant([[0.0, -1.0], [1.0, 0.0]], tf.float64)
        return tf.linalg.expm(angle * generator) * tf.constant(w)

    sine, cosine = math.sin(0.5), math.cos(0.5)
    expected = -2 * sine - 3 * cosine + 5 * cosine - 7 * sine
    assert_gradients(tf, run, exponential, [0.5], [expected], dtype="float64", magnitude=20.0)


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_convolution_has_its_gradients(tf, run):
    """conv1d with stride two has the gradients of the sums that it stands for.

    Without padding the results are (a p + b q, c p + d q) of the signal (a, b, c, d, e).
    """
    signal, kernel, w = [1.0, 2.0, 4.0, 5.0, 7.0], [3.0, 11.0], [2.0, 5.0]

    def convolution(signal, kernel):
        signal, kernel = tf.reshape(signal, [1, 5, 1]), tf.reshape(kernel, [2, 1, 1])
        return tf.reshape(tf.nn.conv1d(signal, kernel, 2, "VALID"), [2]) * tf.constant(w)

    by_signal = [2 * 3.0, 2 * 11.0, 5 * 3.0, 5 * 11.0, 0.0]
    by_kernel = [2 * 1.0 + 5 * 4.0, 2 * 2.0 + 5 * 5.0]
    assert_gradients(tf, run, convolution, [signal, kernel], [by_signal, by_kernel])


def patches(image, height, width):
    """The parts of the image that a kernel (height, width) meets: (rows, columns, kernel)."""
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    return np.array(
        [[image[i : i + height, j : j + width] for j in range(columns)] for i in range(rows)]
    )


def scattered(parts, weights, shape):
    """The transpose of `patches`: each weighted part is added to where it came from."""
    image = np.zeros(shape)
    height, width = parts.shape
    for i, j in np.ndindex(*weights.shape):
        image[i : i + height, j : j + width] += weights[i, j] * parts
    return image


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_convolution_of_images_has_its_gradients(tf, run):
    """conv2d has the gradients of image and kernel, with padding and without.

    The gradient of the kernel is the weighted sum of the patches that it met, that of the image
    the kernel laid down, weighted, where it met the image. SAME pads here below and on the right.
    """
    image = np.array([[1.0, 2.0, 3.0], [5.0, 7.0, 11.0], [13.0, 17.0, 19.0]])
    kernel, w = np.array([[2.0, 3.0], [5.0, 7.0]]), np.arange(1.0, 10.0).reshape([3, 3])

    def convolutions(image, kernel):
        image, kernel = tf.reshape(image, [1, 3, 3, 1]), tf.reshape(kernel, [2, 2, 1, 1])
        valid = tf.reshape(tf.nn.conv2d(image, kernel, 1, "VALID"), [2, 2])
        same = tf.reshape(tf.nn.conv2d(image, kernel, 1, "SAME"), [3, 3])
        weights = tf.constant(w, tf.float32)
        return tf.reduce_sum(valid * weights[:2, :2]) + 100.0 * tf.reduce_sum(same * weights)

    padded = np.pad(image, [[0, 1], [0, 1]], "constant")
    of_same = np.einsum("ij,ijkl->kl", w, patches(padded, 2, 2))
    of_valid = np.einsum("ij,ijkl->kl", w[:2, :2], patches(image, 2, 2))
    by_image = scattered(kernel, w[:2, :2], [3, 3]) + 100 * scattered(kernel, w, [4, 4])[:3, :3]
    assert_gradients(tf, run, convolutions, [image, kernel], [by_image, of_valid + 100 * of_same])


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_convolution_mixes_channels(tf, run):
    """conv2d with a kernel of one pixel has the gradients of a product of matrices."""
    x, k = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[2.0, 3.0, 7.0], [11.0, 4.0, 6.0]])
    w = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])

    def convolution(x, k):
        mixed = tf.nn.conv2d(tf.reshape(x, [1, 2, 1, 2]), tf.reshape(k, [1, 1, 2, 3]), 1, "VALID")
        return tf.reshape(mixed, [2, 3]) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, convolution, [x, k], [w @ k.T, x.T @ w])


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_dilated_convolution_has_its_gradients(tf, run):
    """conv2d with dilations meets the pixels at that distance, and has their gradients."""
    image, kernel = np.arange(1.0, 10.0).reshape([3, 3]), np.array([[2.0, 3.0], [5.0, 7.0]])

    def convolution(image, kernel):
        image, kernel = tf.reshape(image, [1, 3, 3, 1]), tf.reshape(kernel, [2, 2, 1, 1])
        return 4.0 * tf.nn.conv2d(image, kernel, 1, "VALID", dilations=2)

    by_image = np.zeros([3, 3])
    by_image[::2, ::2] = 4 * kernel
    assert_gradients(tf, run, convolution, [image, kernel], [by_image, 4 * image[::2, ::2]])


@clause(OBSERVED, covers="OPS-07", needs="arrays nn dtype-float", modes="eager")
def test_a_dilated_convolution_of_doubles_has_no_gradient(tf, run):
    """On a CPU conv2d with dilations is computed in float64, but its gradient is not."""

    def program(image, kernel):
        with tf.GradientTape() as tape:
            tape.watch([image, kernel])
            y = tf.nn.conv2d(image, kernel, 1, "VALID", dilations=2)
        with raises(tf.errors.InvalidArgumentError):
            tape.gradient(y, [image, kernel])

    run(program, tf.ones([1, 3, 3, 1], tf.float64), tf.ones([2, 2, 1, 1], tf.float64))


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_convolution_in_space_has_its_gradients(tf, run):
    """conv3d of a volume by a kernel of its own size is a scalar product, with its gradients."""
    volume, kernel = np.arange(1.0, 9.0), np.arange(3.0, 19.0, 2.0)

    def convolution(volume, kernel):
        volume = tf.reshape(volume, [1, 2, 2, 2, 1])
        kernel = tf.reshape(kernel, [2, 2, 2, 1, 1])
        return 3.0 * tf.nn.conv3d(volume, kernel, [1, 1, 1, 1, 1], "VALID")

    assert_gradients(tf, run, convolution, [volume, kernel], [3 * kernel, 3 * volume])


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_transposed_convolution_has_its_gradients(tf, run):
    """conv2d_transpose with stride two lays the kernel down once for each pixel.

    Each pixel has the weighted sum of its copy of the kernel, the kernel that of the pixels.
    """
    pixels, kernel = np.array([2.0, 3.0]), np.array([[5.0, 7.0], [11.0, 13.0]])
    w = np.arange(1.0, 9.0).reshape([2, 4])

    def transposed(pixels, kernel):
        pixels, kernel = tf.reshape(pixels, [1, 1, 2, 1]), tf.reshape(kernel, [2, 2, 1, 1])
        laid = tf.nn.conv2d_transpose(pixels, kernel, [1, 2, 4, 1], 2, "VALID")
        return tf.reshape(laid, [2, 4]) * tf.constant(w, tf.float32)

    left, right = w[:, :2], w[:, 2:]
    by_pixels = [(kernel * left).sum(), (kernel * right).sum()]
    assert_gradients(tf, run, transposed, [pixels, kernel], [by_pixels, 2 * left + 3 * right])


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_a_depthwise_convolution_has_its_gradients(tf, run):
    """depthwise_conv2d has the gradients of each channel with its own kernel."""
    channels, kernels = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[7.0, 11.0], [13.0, 17.0]])
    w = np.array([2.0, 4.0])

    def depthwise(channels, kernels):
        image, kernel = tf.reshape(channels, [1, 1, 2, 2]), tf.reshape(kernels, [1, 2, 2, 1])
        result = tf.nn.depthwise_conv2d(image, kernel, [1, 1, 1, 1], "VALID")
        return tf.reshape(result, [2]) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, depthwise, [channels, kernels], [w * kernels, w * channels])


@clause(SHOULD, covers="OPS-07", needs="arrays nn")
def test_pooling_has_its_gradients(tf, run):
    """max_pool2d passes the gradient to the winner of each window, avg_pool2d equal shares."""
    image = np.array([[1.0, 4.0, 3.0, 2.0], [2.0, 3.0, 9.0, 5.0]])

    def pools(image):
        image = tf.reshape(image, [1, 2, 4, 1])
        winners = tf.reshape(tf.nn.max_pool2d(image, 2, 2, "VALID"), [2])
        means = tf.reshape(tf.nn.avg_pool2d(image, 2, 2, "VALID"), [2])
        return winners * tf.constant([3.0, 5.0]) + means * tf.constant([4.0, 8.0])

    expected = [[1.0, 3.0 + 1.0, 2.0, 2.0], [1.0, 1.0, 5.0 + 2.0, 2.0]]
    assert_gradients(tf, run, pools, [image], [expected])


@clause(SHOULD, covers="OPS-07", needs="arrays nn morphology", modes="eager function")
def test_an_erosion_has_its_gradients(tf, run):
    """erosion2d, the least of image minus kernel, passes the gradient to those two elements.

    The kernel (1, 4) is reflected: 2 - 1 is less than 6 - 4, and 2 - 4 less than 8 - 1.
    """

    def erosion(image, kernel):
        image, kernel = tf.reshape(image, [1, 1, 3, 1]), tf.reshape(kernel, [1, 2, 1])
        ones = [1, 1, 1, 1]
        result = tf.nn.erosion2d(image, kernel, ones, "VALID", "NHWC", ones)
        return tf.reshape(result, [2]) * tf.constant([3.0, 7.0])

    expected = [[0.0, 3.0 + 7.0, 0.0], [-3.0, -7.0]]
    assert_gradients(tf, run, erosion, [[6.0, 2.0, 8.0], [1.0, 4.0]], expected)


@clause(SHOULD, covers="OPS-08", needs="arrays nn")
def test_a_normalisation_has_its_gradients(tf, run):
    """batch_normalization has the gradients of scale (x - mean) / sqrt(variance) + offset."""
    x, mean, variance = np.array([2.0, 7.0]), np.array([1.0, 3.0]), np.array([4.0, 16.0])
    offset, scale, w = np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([7.0, 11.0])

    def normalised(x, mean, variance, offset, scale):
        result = tf.nn.batch_normalization(x, mean, variance, offset, scale, 0.0)
        return result * tf.constant(w, tf.float32)

    root, centred = np.sqrt(variance), x - mean
    by_x, by_variance = w * scale / root, -w * scale * centred / (2 * variance * root)
    expected = [by_x, -by_x, by_variance, w, w * centred / root]
    assert_gradients(tf, run, normalised, [x, mean, variance, offset, scale], expected)


@clause(SHOULD, covers="OPS-08", needs="arrays nn")
def test_moments_have_their_gradients(tf, run):
    """moments has 1 / n for the mean and 2 (x - mean) / n for the variance."""
    x = np.array([1.0, 2.0, 6.0, 3.0])

    def moments(x):
        mean, variance = tf.nn.moments(x, axes=[0])
        return 4.0 * mean + 2.0 * variance

    assert_gradients(tf, run, moments, [x], [1 + (x - 3.0)])


@clause(SHOULD, covers="OPS-08", needs="arrays")
def test_a_unit_vector_has_its_gradient(tf, run):
    """l2_normalize, u = x / |x|, has the gradient (w - u (u w)) / |x|."""
    x, w = np.array([2.0, -3.0, 6.0]), np.array([2.0, 3.0, 7.0])
    u = x / 7.0

    def normalised(x):
        return tf.math.l2_normalize(x) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, normalised, [x], [(w - u * (u @ w)) / 7.0])


@clause(SHOULD, covers="OPS-08", needs="arrays nn random")
def test_dropout_drops_the_gradient_of_what_it_dropped(tf, run):
    """dropout at a rate of one half doubles the gradient of what it keeps, and drops the rest."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            kept = tf.nn.dropout(x, 0.5, seed=5)
            y = 3.0 * kept
        return kept, tape.gradient(y, x)

    x = np.arange(1.0, 65.0)
    kept, gradient = run(program, tf.constant(x, tf.float32))
    assert_close(gradient, 3.0 * np.asarray(kept) / x)
    assert_equal(set(np.asarray(gradient).tolist()), {0.0, 6.0})


@clause(SHOULD, covers="OPS-08", needs="arrays nn random stateless_random", since="2.7")
def test_dropout_from_a_seed_drops_the_gradient_of_what_it_dropped(tf, run):
    """stateless_dropout at a rate of one half doubles the gradient of what it keeps."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            kept = tf.nn.experimental.stateless_dropout(x, 0.5, seed=[5, 7])
            y = 3.0 * kept
        return kept, tape.gradient(y, x)

    x = np.arange(1.0, 65.0)
    kept, gradient = run(program, tf.constant(x, tf.float32))
    assert_close(gradient, 3.0 * np.asarray(kept) / x)
    assert_equal(set(np.asarray(gradient).tolist()), {0.0, 6.0})


@clause(SHOULD, covers="OPS-08", needs="arrays nn")
def test_cross_entropies_of_classes_have_their_gradients(tf, run):
    """The cross entropies of a softmax, with dense and with sparse labels, have p - label.

    The dense one has -log(p) with respect to its labels.
    """
    logits, labels = (
        np.log([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]),
        np.array([[0.0, 0.25, 0.75], [1, 0, 0]]),
    )
    p = np.array([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]) / 8
    w, sparse = np.array([3.0, 5.0]), np.array([2, 1])

    def dense(logits, labels):
        loss = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
        return loss * tf.constant(w, tf.float32)

    def by_index(logits):
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(sparse), logits)
        return loss * tf.constant(w, tf.float32)

    by_logits, by_labels = w[:, None] * (p - labels), -w[:, None] * np.log(p)
    assert_gradients(tf, run, dense, [logits, labels], [by_logits, by_labels], magnitude=5.0)
    by_logits = w[:, None] * (p - np.eye(3)[sparse])
    assert_gradients(tf, run, by_index, [logits], [by_logits], magnitude=5.0)


@clause(SHOULD, covers="OPS-08", needs="arrays nn")
def test_cross_entropies_of_truth_values_have_their_gradients(tf, run):
    """The cross entropies of a sigmoid, plain and weighted, have their gradients by the logits.

    With the sigmoid s and the truth z they are s - z and, where the weight of the truth is q,
    (1 - z) - (1 - z + q z) (1 - s).
    """
    x, z = np.array([-1.0, 2.0, 0.5]), np.array([0.0, 1.0, 0.25])

    def plain(x):
        return 3.0 * tf.nn.sigmoid_cross_entropy_with_logits(z.astype(np.float32), x)

    def weighted(x):
        return 3.0 * tf.nn.weighted_cross_entropy_with_logits(z.astype(np.float32), x, 4.0)

    s = 1 / (1 + np.exp(-x))
    assert_gradients(tf, run, plain, [x], [3 * (s - z)], magnitude=3.0)
    expected = 3 * ((1 - z) - (1 - z + 4 * z) * (1 - s))
    assert_gradients(tf, run, weighted, [x], [expected], magnitude=12.0)


@clause(SHOULD, covers="OPS-08", needs="arrays nn")
def test_other_losses_have_their_gradients(tf, run):
    """log_poisson_loss has exp(x) - t, and l2_loss, half the square of the norm, has x."""
    x, t = np.array([-1.0, 2.0]), np.array([3.0, 0.5])

    def poisson(x):
        return 3.0 * tf.nn.log_poisson_loss(t.astype(np.float32), x)

    assert_gradients(tf, run, poisson, [x], [3 * (np.exp(x) - t)], magnitude=25.0)
    assert_gradients(tf, run, lambda x: 3.0 * tf.nn.l2_loss(x), [x], [3 * x])


@clause(SHOULD, covers="OPS-08", needs="arrays keras")
def test_the_huber_loss_has_its_gradient(tf, run):
    """The Huber loss has the error within its bound, and the bound beyond, over their number."""
    errors = np.array([[0.5, -3.0, 0.25, 2.0]])

    def huber(prediction):
        return 4.0 * tf.keras.losses.Huber(delta=1.0)(tf.zeros([1, 4]), prediction)

    assert_gradients(tf, run, huber, [errors], [np.clip(errors, -1.0, 1.0)])


@clause(OBSERVED, covers="OPS-09", needs="arrays special", modes="eager function")
def test_gamma_and_beta_functions_have_derivatives(tf, run):
    """igamma, betainc, zeta and polygamma have the derivatives by their last argument.

    P(2, x) has x exp(-x), I_x(2, 3) has 12 x (1 - x)^2, the Hurwitz zeta function -s zeta(s + 1),
    which for s = 3 is -3 pi^4 / 90 at 1, and polygamma of order one has that of order two.
    """
    x = np.array([0.5, 0.25])
    two, three, one = np.full(2, 2, np.float32), np.full(2, 3, np.float32), np.ones(2, np.float32)
    table = [
        (lambda x: tf.math.igamma(two, x), x * np.exp(-x)),
        (lambda x: tf.math.igammac(two, x), -x * np.exp(-x)),
        (lambda x: tf.math.betainc(two, three, x), 12 * x * (1 - x) ** 2),
    ]
    assert_derivatives(tf, run, x, table)
    table = [
        (lambda x: tf.math.zeta(three, x), -3 * math.pi**4 / 90),
        (lambda x: tf.math.polygamma(three - 1, x), math.pi**4 / 15),
    ]
    assert_derivatives(tf, run, one, table)


@clause(OBSERVED, covers="OPS-09", needs="arrays special", modes="eager function")
def test_igamma_has_a_derivative_by_its_first_argument(tf, run):
    """igamma is differentiated by its first argument, too.

    At a = x = 1 that is the integral of exp(-t) log(t) from 0 to 1, minus psi(1) (1 - exp(-1)).
    """
    euler, integral = 0.57721566490153286, -0.79659959929705313
    derivative = integral + euler * (1 - math.exp(-1))

    def igamma(a):
        return tf.math.igamma(a, tf.ones([1]))

    assert_derivatives(tf, run, np.ones(1), [(igamma, derivative)])


@clause(OBSERVED, covers="OPS-09", needs="special", modes="eager function")
def test_parameters_of_special_functions_have_no_derivative(tf, run):
    """betainc by a and b, zeta by x and polygamma by a have None, and no exception."""

    def program(a, b, x):
        gradients = []
        for function, sources in [
            (lambda: tf.math.betainc(a, b, x), [a, b]),
            (lambda: tf.math.zeta(b, x), [b]),
            (lambda: tf.math.polygamma(a, x), [a]),
        ]:
            with tf.GradientTape() as tape:
                tape.watch([a, b, x])
                y = function()
            gradients += tape.gradient(y, sources)
        return gradients

    gradients = run(program, tf.constant(2.0), tf.constant(3.0), tf.constant(0.5))
    assert_structure(gradients, [None, None, None, None])


@clause(OBSERVED, covers="OPS-09", needs="arrays special", since="2.3", modes="eager function")
def test_bessel_functions_have_derivatives(tf, run):
    """The Bessel functions of order zero have those of order one as derivatives, or the opposite.

    Their values at one are known.
    """
    special = tf.math.special
    table = [
        (special.bessel_i0, 0.56515910399248503),
        (special.bessel_k0, -0.60190723019723457),
        (special.bessel_j0, -0.44005058574493352),
        (special.bessel_y0, 0.78121282130028872),
    ]
    assert_derivatives(tf, run, np.ones(1), table)


@clause(OBSERVED, covers="OPS-09", needs="arrays special", since="2.2", modes="eager function")
def test_integrals_have_their_integrands_as_derivatives(tf, run):
    """expint, fresnel_sin, fresnel_cos, spence and dawsn have their derivatives.

    That of Dawson's function D is 1 - 2 x D(x).
    """
    x, special = np.array([0.5, 1.5]), tf.math.special
    dawson = np.array([0.42443638350202230, 0.42824907108539863])
    table = [
        (special.expint, np.exp(x) / x),
        (special.fresnel_sin, np.sin(math.pi * x**2 / 2)),
        (special.fresnel_cos, np.cos(math.pi * x**2 / 2)),
        (special.spence, -np.log(x) / (x - 1)),
        (special.dawsn, 1 - 2 * x * dawson),
    ]
    assert_derivatives(tf, run, x, table)


@clause(OBSERVED, covers="OPS-10", needs="arrays image", modes="eager function")
def test_resizing_has_its_gradient(tf, run):
    """image.resize to twice the size passes to each pixel what was made of it.

    The nearest neighbour makes four of one. Between two pixels (a, b) the bilinear method puts
    a, (3 a + b) / 4, (a + 3 b) / 4, b.
    """
    w = np.array([1.0, 2.0, 4.0, 8.0])

    def nearest(pixels):
        larger = tf.image.resize(tf.reshape(pixels, [1, 2, 1]), [2, 4], "nearest")
        return tf.reshape(larger, [2, 4]) * tf.constant(w, tf.float32)

    def bilinear(pixels):
        larger = tf.image.resize(tf.reshape(pixels, [1, 2, 1]), [1, 4], "bilinear")
        return tf.reshape(larger, [4]) * tf.constant(w, tf.float32)

    assert_gradients(tf, run, nearest, [[3.0, 5.0]], [[2 * (1.0 + 2.0), 2 * (4.0 + 8.0)]])
    expected = [1.0 + 2.0 * 0.75 + 4.0 * 0.25, 2.0 * 0.25 + 4.0 * 0.75 + 8.0]
    assert_gradients(tf, run, bilinear, [[3.0, 5.0]], [expected])


@clause(OBSERVED, covers="OPS-10", needs="persistent arrays image", modes="eager function")
def test_crops_and_brightness_have_their_gradients(tf, run):
    """crop_and_resize, bicubic resizing and adjust_brightness are differentiated.

    A crop of its own size is a copy; the weights of a bicubic pixel sum to one.
    """

    def program(pixels):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(pixels)
            image = tf.reshape(pixels, [1, 2, 2, 1])
            crop = tf.image.crop_and_resize(image, [[0.0, 0.0, 1.0, 1.0]], [0], [2, 2])
            bright = 3.0 * tf.image.adjust_brightness(image, 0.5)
            larger = tf.image.resize(image, [4, 4], "bicubic")
            weighted = tf.reshape(crop, [4]) * tf.constant([1.0, 2.0, 4.0, 8.0])
        by_bicubic = tf.reduce_sum(tape.gradient(larger, pixels))
        return tape.gradient(weighted, pixels), tape.gradient(bright, pixels), by_bicubic

    by_crop, by_bright, by_bicubic = run(program, tf.constant([0.25, 0.5, 0.75, 0.125]))
    assert_close(by_crop, [1.0, 2.0, 4.0, 8.0])
    assert_close(by_bright, [3.0, 3.0, 3.0, 3.0])
    assert_close(by_bicubic, 16.0)


@clause(OBSERVED, covers="OPS-10", needs="arrays image", modes="eager function")
def test_contrast_hue_saturation_and_area_have_no_gradients(tf, run):
    """adjust_contrast, adjust_hue, adjust_saturation and resizing by area raise LookupError."""
    functions = [
        lambda image: tf.image.adjust_contrast(image, 2.0),
        lambda image: tf.image.adjust_hue(image, 0.25),
        lambda image: tf.image.adjust_saturation(image, 2.0),
        lambda image: tf.image.resize(image, [2, 2], "area"),
    ]

    def program(image):
        for function in functions:
            with raises(LookupError), tf.GradientTape() as tape:
                tape.watch(image)
                tape.gradient(function(image), image)

    run(program, tf.constant([[[[0.25, 0.5, 0.75]]]]))


@clause(SHOULD, covers="OPS-11", needs="arrays complex fft")
def test_a_fourier_transform_keeps_the_energy(tf, run):
    """The energy of fft2d is n times that of its n inputs, with the gradient 2 n x."""
    x = np.array([[1.0, 2.0, 4.0], [3.0, 7.0, 5.0]])

    def energy(x):
        spectrum = tf.signal.fft2d(tf.cast(x, tf.complex64))
        return tf.math.real(spectrum * tf.math.conj(spectrum))

    assert_gradients(tf, run, energy, [x], [2 * 6 * x], magnitude=6 * 22.0)


@clause(SHOULD, covers="OPS-11", needs="arrays complex fft")
def test_a_real_fourier_transform_and_back_is_the_identity(tf, run):
    """irfft undoes rfft, and the two together have the gradient of the identity."""
    w = [2.0, 3.0, 5.0, 7.0]

    def there_and_back(x):
        return tf.signal.irfft(tf.signal.rfft(x)) * tf.constant(w)

    assert_gradients(tf, run, there_and_back, [[1.0, 2.0, 4.0, 3.0]], [w], magnitude=17.0)


@clause(SHOULD, covers="OPS-11", needs="arrays complex fft")
def test_a_real_fourier_transform_has_its_gradient(tf, run):
    """rfft has cosines as the gradient of its real part, and minus sines of its imaginary part."""
    w, v = np.array([2.0, 3.0, 5.0]), np.array([1.0, 7.0, 4.0])

    def weighted(x):
        spectrum = tf.signal.rfft(x)
        real = tf.math.real(spectrum) * tf.constant(w, tf.float32)
        return real + tf.math.imag(spectrum) * tf.constant(v, tf.float32)

    angles = 2 * math.pi * np.outer(np.arange(4), np.arange(3)) / 4
    expected = np.cos(angles) @ w - np.sin(angles) @ v
    assert_gradients(tf, run, weighted, [[1.0, 2.0, 4.0, 3.0]], [expected], magnitude=17.0)


@clause(SHOULD, covers="OPS-11", needs="arrays complex signal")
def test_frames_and_their_spectra_have_their_gradients(tf, run):
    """frame and stft give each element the gradients of all the frames that it is in.

    Without a window the first value of a spectrum is the sum of the frame.
    """
    w = np.array([3.0, 5.0])

    def sums(x):
        frames = tf.signal.frame(x, 4, 2)
        spectra = tf.signal.stft(x, 4, 2, window_fn=None)
        weights = tf.constant(w, tf.float32)
        return (
            tf.reduce_sum(frames, axis=1) * weights + 10.0 * tf.math.real(spectra[:, 0]) * weights
        )

    expected = 11 * np.array([3.0, 3.0, 3.0 + 5.0, 3.0 + 5.0, 5.0, 5.0])
    assert_gradients(tf, run, sums, [np.arange(6.0)], [expected], magnitude=200.0)


@clause(SHOULD, covers="OPS-11", needs="arrays complex signal")
def test_cosine_transforms_have_their_gradients(tf, run):
    """dct has the cosines 2 cos(pi k (2 j + 1) / (2 n)) that it sums with as its gradient."""
    w = np.array([2.0, 3.0, 5.0])

    def transform(x):
        return tf.signal.dct(x) * tf.constant(w, tf.float32)

    j, k = np.arange(3)[:, None], np.arange(3)
    cosines = 2 * np.cos(math.pi * k * (2 * j + 1) / 6)
    assert_gradients(tf, run, transform, [[1.0, 2.0, 4.0]], [cosines @ w], magnitude=20.0)


@clause(SHOULD, covers="OPS-11", needs="arrays complex signal", since="2.2")
def test_a_lapped_cosine_transform_has_its_gradient(tf, run):
    """mdct of one block, without a window, has the cosines that it sums with as its gradient.

    Of 2 n = 4 samples the orthonormal transform makes sums with sqrt(2 / n) times
    cos(pi / n (j + 1 / 2 + n / 2) (k + 1 / 2)), and 1 / sqrt(2) stands for the window.
    """
    w = np.array([2.0, 3.0])

    def transform(x):
        blocks = tf.signal.mdct(x, 4, window_fn=None, norm="ortho")
        return tf.reshape(blocks, [2]) * tf.constant(w, tf.float32)

    j, k = np.arange(4)[:, None], np.arange(2)
    cosines = np.cos(math.pi / 2 * (j + 1.5) * (k + 0.5)) / math.sqrt(2)
    assert_gradients(tf, run, transform, [[1.0, 2.0, 4.0, 3.0]], [cosines @ w], magnitude=5.0)


@clause(OBSERVED, covers="OPS-12", needs="arrays dtype-int dtype-string", modes="eager function")
def test_counts_positions_and_bits_have_no_gradient(tf, run):
    """Histogram, argsort, searchsorted, bucketize, as_string and bitcast have the gradient None."""
    functions = [
        lambda x: tf.histogram_fixed_width(x, [0.0, 4.0]),
        lambda x: tf.argsort(x),
        lambda x: tf.searchsorted([0.5, 2.5], x),
        lambda x: tf.raw_ops.Bucketize(input=x, boundaries=[0.5, 2.5]),
        lambda x: tf.strings.length(tf.strings.as_string(x)),
        lambda x: tf.bitcast(x, tf.int32),
    ]

    def program(x):
        for function in functions:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.cast(function(x), tf.float32)
            assert_none(tape.gradient(y, x))

    run(program, tf.constant([1.0, 3.0, 2.0]))


@clause(OBSERVED, covers="OPS-12", needs="arrays", modes="eager function")
def test_unique_values_and_weighted_counts_have_no_gradient_registered(tf, run):
    """unique and bincount with weights raise LookupError."""

    def program(x):
        with raises(LookupError), tf.GradientTape() as tape:
            tape.watch(x)
            tape.gradient(tf.unique(x)[0], x)
        with raises(LookupError), tf.GradientTape() as tape:
            tape.watch(x)
            tape.gradient(tf.math.bincount([0, 1, 1], weights=x, minlength=2, maxlength=2), x)

    run(program, tf.constant([1.0, 3.0, 2.0]))


@clause(OBSERVED, covers="OPS-14", needs="arrays tnp", since="2.4")
def test_functions_of_the_numpy_api_are_recorded(tf, run):
    """The functions of experimental.numpy are differentiated, and their arrays are watched."""

    def program(x):
        tnp = tf.experimental.numpy
        x = tnp.asarray(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tnp.sum(tnp.multiply(x, x)) * tnp.float32(3.0)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([2.0, 5.0])), [12.0, 30.0])


@clause(SHOULD, covers="OPS-15", needs="arrays ragged", since="2.6")
def test_ragged_tensors_are_differentiated_by_their_values(tf, run):
    """Arithmetic on a ragged tensor and sums of its rows have gradients by its flat values."""

    def program(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            rows = tf.RaggedTensor.from_row_lengths(values, [2, 0, 1])
            sums = tf.reduce_sum(rows * rows, axis=1)
            y = sums * tf.constant([1.0, 5.0, 10.0])
        return tape.gradient(y, values)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(gradient, [2 * 1.0, 2 * 2.0, 10 * 2 * 3.0])


@clause(OBSERVED, covers="OPS-16", needs="persistent extension_type", since="2.9")
def test_an_extension_type_alone_is_no_source(tf, run):
    """An extension type without a gradient protocol is refused as source, its tensors are not."""

    class Pair(tf.experimental.ExtensionType):
        first: tf.Tensor
        second: tf.Tensor

    def program(first, second):
        pair = Pair(first, second)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(pair)
            y = pair.first * pair.first * pair.second
        with raises(ValueError):
            tape.gradient(y, pair)
        return tape.gradient(y, [pair.first, pair.second])

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, [2 * 2.0 * 3.0, 2.0**2])
