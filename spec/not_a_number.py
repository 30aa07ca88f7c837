"""Not a number: gradients at singular points, at kinks, and of values beyond all bounds."""

import numpy as np

from tapecheck import MUST, OBSERVED, SHOULD, assert_close, assert_structure, clause, raises

_INF, _NAN = np.inf, np.nan


def _gradient(tf, function, *inputs):
    """The gradient of function(*inputs) by each input: a tensor for one, a list for several."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
    gradients = tape.gradient(y, list(inputs))
    return gradients if len(inputs) > 1 else gradients[0]


@clause(OBSERVED, covers="NAN-01", needs="arrays comparison elementary")
def test_where_does_not_hide_a_singular_branch(tf, run):
    """where(x > 0, log(x), 0) has the gradient NaN at 0, since log multiplies 0 by infinity.

    A second where inside of log avoids it.
    """

    def program(x):
        def of_log(x):
            return tf.where(x > 0.0, tf.math.log(x), 0.0)

        def of_safe_log(x):
            safe = tf.where(x > 0.0, x, 1.0)
            return tf.where(x > 0.0, tf.math.log(safe), 0.0)

        return _gradient(tf, of_log, x), _gradient(tf, of_safe_log, x)

    of_log, of_safe_log = run(program, tf.constant([0.0, 4.0]))
    assert_close(of_log, [_NAN, 0.25])
    assert_close(of_safe_log, [0.0, 0.25])


@clause(SHOULD, covers="NAN-02", needs="arrays elementary")
def test_gradients_at_singular_points_are_infinite(tf, run):
    """At zero sqrt, log and x**0.5 have the gradient infinity, and 1/x minus infinity."""

    def program(x):
        functions = (tf.sqrt, tf.math.log, lambda x: x**0.5, lambda x: 1.0 / x)
        return [_gradient(tf, function, x) for function in functions]

    of_sqrt, of_log, of_power, of_reciprocal = run(program, tf.constant([0.0, 4.0]))
    assert_close(of_sqrt, [_INF, 0.25])
    assert_close(of_log, [_INF, 0.25])
    assert_close(of_power, [_INF, 0.25])
    assert_close(of_reciprocal, [-_INF, -0.0625])


@clause(OBSERVED, covers="NAN-03", needs="arrays elementary nn")
def test_activations_choose_a_subgradient_at_their_kinks(tf, run):
    """At 0 abs, sign and relu have the gradient 0, leaky_relu alpha, elu 1; relu6 also 0 at 6."""

    def program(x):
        functions = (
            tf.abs,
            tf.sign,
            tf.nn.relu,
            tf.nn.relu6,
            lambda x: tf.nn.leaky_relu(x, alpha=0.25),
            tf.nn.elu,
        )
        return [_gradient(tf, function, x) for function in functions]

    gradients = run(program, tf.constant([0.0, 6.0, 1.0]))
    expected = [[0, 1, 1], [0, 0, 0], [0, 1, 1], [0, 0, 1], [0.25, 1, 1], [1, 1, 1]]
    assert_structure(gradients, [np.array(one) for one in expected])


@clause(OBSERVED, covers="NAN-03 NAN-04", needs="arrays elementary")
def test_of_two_equal_values_the_first_has_the_gradient(tf, run):
    """At a tie maximum and minimum give the whole gradient to their first argument."""

    def program(x, w):
        return _gradient(tf, tf.maximum, x, w), _gradient(tf, tf.minimum, x, w)

    x, w = [1.0, 2.0, 5.0], [1.0, 3.0, 4.0]
    of_maximum, of_minimum = run(program, tf.constant(x), tf.constant(w))
    assert_structure(of_maximum, [np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])])
    assert_structure(of_minimum, [np.array([1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])])


@clause(OBSERVED, covers="NAN-04", needs="arrays")
def test_equal_extremes_share_the_gradient(tf, run):
    """reduce_max and reduce_min split the gradient equally among equal extremes."""

    def program(x):
        return [_gradient(tf, function, x) for function in (tf.reduce_max, tf.reduce_min)]

    of_maximum, of_minimum = run(program, tf.constant([3.0, 1.0, 3.0, 1.0, 1.0, 1.0]))
    assert_close(of_maximum, [0.5, 0.0, 0.5, 0.0, 0.0, 0.0])
    assert_close(of_minimum, [0.0, 0.25, 0.0, 0.25, 0.25, 0.25])


@clause(OBSERVED, covers="NAN-05", needs="arrays")
def test_the_norm_of_zero_has_no_gradient(tf, run):
    """The norm of the zero vector has the gradient NaN; its square has the gradient zero."""

    def program(x):
        return _gradient(tf, tf.norm, x), _gradient(tf, lambda x: tf.reduce_sum(x * x), x)

    of_norm, of_square = run(program, tf.constant([0.0, 0.0]))
    assert_close(of_norm, [_NAN, _NAN])
    assert_close(of_square, [0.0, 0.0])


@clause(OBSERVED, covers="NAN-05", needs="arrays", modes="eager function")
def test_the_euclidean_norm_of_zero_has_no_gradient(tf, run):
    """reduce_euclidean_norm of zeros has the gradient NaN."""

    def program(x):
        return _gradient(tf, tf.math.reduce_euclidean_norm, x)

    assert_close(run(program, tf.constant([0.0, 0.0])), [_NAN, _NAN])


@clause(OBSERVED, covers="NAN-05", needs="arrays")
def test_the_standard_deviation_of_a_constant_has_no_gradient(tf, run):
    """The standard deviation of equal values has the gradient NaN; the variance has zero."""

    def program(x):
        functions = (tf.math.reduce_std, tf.math.reduce_variance)
        return [_gradient(tf, function, x) for function in functions]

    expected = [np.full(2, _NAN), np.zeros(2)]
    assert_structure(run(program, tf.constant([3.0, 3.0])), expected)


@clause(OBSERVED, covers="NAN-06", needs="arrays elementary")
def test_powers_of_zero_and_of_negative_numbers(tf, run):
    """The logarithm in the gradient of a power by its exponent counts as 0 for bases up to 0."""

    def program(x, exponent):
        return _gradient(tf, tf.pow, x, exponent)

    x, exponent = tf.constant([0.0, -2.0, 0.0, 1.0]), tf.constant([2.0, 2.0, 1.0, 3.0])
    gradients = run(program, x, exponent)
    assert_structure(gradients, [np.array([0.0, -4.0, 1.0, 3.0]), np.zeros(4)])


@clause(OBSERVED, covers="NAN-06", needs="arrays", modes="eager")
def test_a_power_of_zero_at_zero_has_no_gradient(tf, run):
    """x**0 has the gradient NaN at 0, the product of 0 and 0**-1."""

    def program(x, exponent):
        return _gradient(tf, lambda x: x**exponent, x)

    assert_close(run(program, tf.constant([0.0, 2.0]), tf.constant(0.0)), [_NAN, 0.0])


@clause(SHOULD, covers="NAN-07", needs="arrays")
def test_a_product_with_zeros_has_its_gradient(tf, run):
    """The gradient of reduce_prod is the product of the other elements, even among zeros."""

    def program(one_zero, two_zeros):
        return _gradient(tf, tf.reduce_prod, one_zero), _gradient(tf, tf.reduce_prod, two_zeros)

    inputs = tf.constant([2.0, 0.0, 3.0]), tf.constant([0.0, 5.0, 0.0])
    of_one_zero, of_two_zeros = run(program, *inputs)
    assert_close(of_one_zero, [0.0, 2 * 3.0, 0.0])
    assert_close(of_two_zeros, [0.0, 0.0, 0.0])


@clause(SHOULD, covers="NAN-08", needs="elementary")
def test_safe_operations_have_finite_gradients_at_zero(tf, run):
    """divide_no_nan, multiply_no_nan, xlogy and xdivy have the gradient zero where they are safe.

    That is a divisor of 0, a second factor of 0, or x = 0 with y = 0.
    """

    def program(x, zero):
        names = ("divide_no_nan", "multiply_no_nan", "xlogy", "xdivy")
        first = (x, zero, zero, zero)
        return [_gradient(tf, getattr(tf.math, name), a, zero) for name, a in zip(names, first)]

    gradients = run(program, tf.constant(3.0), tf.constant(0.0))
    assert_structure(gradients, [[0.0, 0.0]] * 4)


@clause(SHOULD, covers="NAN-08", needs="elementary")
def test_safe_operations_have_their_gradients_elsewhere(tf, run):
    """Where nothing is zero the safe operations have the gradients of the plain ones."""

    def program(x, y):
        names = ("divide_no_nan", "multiply_no_nan", "xlogy", "xdivy")
        return [_gradient(tf, getattr(tf.math, name), x, y) for name in names]

    gradients = run(program, tf.constant(3.0), tf.constant(2.0))
    of_quotient = [1 / 2.0, -3 / 2.0**2]
    expected = [of_quotient, [2.0, 3.0], [np.log(2.0), 3 / 2.0], of_quotient]
    assert_structure(gradients, expected)


@clause(MUST, covers="NAN-09", needs="arrays elementary")
def test_nan_reaches_the_gradients_that_depend_on_it(tf, run):
    """A NaN in a value makes NaN of every gradient that is computed from it, and of no other."""

    def program(x):
        functions = (tf.sin, lambda x: x * x, lambda x: x + 2.0, lambda x: x * 3.0)
        return [_gradient(tf, function, x) for function in functions]

    of_sine, of_square, of_sum, of_multiple = run(program, tf.constant([_NAN, 0.0]))
    assert_close(of_sine, [_NAN, 1.0])
    assert_close(of_square, [_NAN, 0.0])
    assert_close(of_sum, [1.0, 1.0])
    assert_close(of_multiple, [3.0, 3.0])


@clause(MUST, covers="NAN-09", needs="arrays output_gradients")
def test_nan_in_output_gradients_reaches_the_gradient(tf, run):
    """NaN and infinity in output_gradients reach the gradients of their elements alone."""

    def program(x, seed):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x, output_gradients=seed)

    seed = tf.constant([_NAN, 5.0, -_INF])
    assert_close(run(program, tf.constant([1.0, 3.0, 2.0]), seed), [_NAN, 30.0, -_INF])


@clause(MUST, covers="NAN-10", needs="arrays exp")
def test_overflow_is_no_exception(tf, run):
    """A gradient that overflows is infinite, and where infinities cancel NaN; nothing is raised."""

    def program(x):
        def ratio(x):
            return tf.exp(x) / (tf.exp(x) + 1.0)

        return _gradient(tf, tf.exp, x), _gradient(tf, lambda x: x * x * x, x * 1e30), ratio(x)

    of_exp, of_cube, ratio = run(program, tf.constant([1000.0, 0.0]))
    assert_close(of_exp, [_INF, 1.0])
    assert_close(of_cube, [_INF, 0.0])
    assert_close(ratio, [_NAN, 0.5])


@clause(SHOULD, covers="NAN-11", needs="arrays elementary nn")
def test_stable_functions_have_finite_gradients_at_extreme_inputs(tf, run):
    """logsumexp, softplus and log_sigmoid have finite gradients where exp overflows."""

    def program(x):
        functions = (tf.reduce_logsumexp, tf.math.softplus, tf.math.log_sigmoid)
        return [_gradient(tf, function, x) for function in functions]

    of_logsumexp, of_softplus, of_log_sigmoid = run(program, tf.constant([1000.0, 0.0, -1000.0]))
    assert_close(of_logsumexp, [1.0, 0.0, 0.0])
    assert_close(of_softplus, [1.0, 0.5, 0.0])
    assert_close(of_log_sigmoid, [0.0, 0.5, 1.0])


@clause(SHOULD, covers="NAN-11", needs="arrays nn")
def test_cross_entropies_of_logits_have_finite_gradients_at_extreme_inputs(tf, run):
    """The cross entropies of logits have the gradient probability minus label at any logits."""

    def program(logits, labels):
        def softmax(logits):
            return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)

        def sigmoid(logits):
            return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

        return _gradient(tf, softmax, logits), _gradient(tf, sigmoid, logits)

    logits, labels = [[1000.0, 0.0, -1000.0]], [[0.0, 0.25, 0.75]]
    of_softmax, of_sigmoid = run(program, tf.constant(logits), tf.constant(labels))
    assert_close(of_softmax, [[1.0, -0.25, -0.75]])
    assert_close(of_sigmoid, [[1.0, 0.5 - 0.25, -0.75]])


@clause(OBSERVED, covers="NAN-12", modes="eager function")
def test_a_check_for_numbers_is_differentiable(tf, run):
    """check_numerics hands finite values on, and finite gradients back."""

    def program(x):
        return _gradient(tf, lambda x: tf.debugging.check_numerics(x * x, "not finite") * 5.0, x)

    assert_close(run(program, tf.constant(3.0)), 30.0)


@clause(OBSERVED, covers="NAN-12", needs="elementary", modes="eager")
def test_a_check_for_numbers_checks_the_gradient(tf, run):
    """A gradient that is not finite at check_numerics raises InvalidArgumentError.

    The value x = 0 is finite; the gradient of sqrt(x) above it is infinite.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.sqrt(tf.debugging.check_numerics(x, "not finite"))
        with raises(tf.errors.InvalidArgumentError):
            tape.gradient(y, x)

    run(program, tf.constant(0.0))


@clause(OBSERVED, covers="NAN-13", needs="elementary")
def test_zero_times_an_infinite_slope_is_not_a_number(tf, run):
    """A gradient of zero from above is NaN below the infinite slopes of log, 1/x and x**0.5."""

    def program(x, zero):
        functions = (tf.math.log, lambda x: 1.0 / x, lambda x: x**0.5)
        return [_gradient(tf, lambda x, f=f: f(x) * zero, x) for f in functions]

    gradients = run(program, tf.constant(0.0), tf.constant(0.0))
    assert_structure(gradients, [_NAN, _NAN, _NAN])


def _zero_above_sqrt(tf, x):
    """The gradients of where(x > 0, sqrt(x), 0) and of 0 * sqrt(x)."""
    of_where = _gradient(tf, lambda x: tf.where(x > 0.0, tf.sqrt(x), 0.0), x)
    return of_where, _gradient(tf, lambda x: tf.sqrt(x) * (x * 0.0), x)


@clause(OBSERVED, covers="NAN-01 NAN-13", needs="comparison elementary", modes="eager function")
def test_zero_times_the_infinite_slope_of_sqrt_is_zero(tf, run):
    """A gradient of zero from above is zero below sqrt, whose kernel treats it apart."""
    gradients = run(lambda x: _zero_above_sqrt(tf, x), tf.constant(0.0))
    assert_structure(gradients, (0.0, 0.0))


@clause(OBSERVED, covers="NAN-01 NAN-13", needs="comparison elementary", modes="jit")
def test_zero_times_the_infinite_slope_of_a_compiled_sqrt_is_not_a_number(tf, run):
    """In a program of the optimising compiler zero from above is NaN below sqrt, too."""
    gradients = run(lambda x: _zero_above_sqrt(tf, x), tf.constant(0.0))
    assert_structure(gradients, (_NAN, _NAN))


@clause(OBSERVED, covers="NAN-14", needs="elementary")
def test_compositions_at_singular_points(tf, run):
    """At 0 x*log(x), sqrt(x*x) and sin(x)/x have the gradient NaN, and xlogy(x, x) has 0.

    The chain rule meets 0*inf or inf - inf there, whatever the limit is.
    """

    def program(x):
        functions = (
            lambda x: x * tf.math.log(x),
            lambda x: tf.sin(x) / x,
            lambda x: tf.math.xlogy(x, x),
        )
        return [_gradient(tf, function, x) for function in functions]

    assert_structure(run(program, tf.constant(0.0)), [_NAN, _NAN, 0.0])


@clause(OBSERVED, covers="NAN-14", needs="elementary")
def test_inverse_functions_at_singular_points(tf, run):
    """atan2 has the gradient NaN at (0, 0), and acosh infinity at 1."""

    def program(zero, one):
        return _gradient(tf, tf.math.atan2, zero, zero * 1.0), _gradient(tf, tf.math.acosh, one)

    answers = run(program, tf.constant(0.0), tf.constant(1.0))
    assert_structure(answers, ([_NAN, _NAN], _INF))
