"""Stopping gradients: stop_gradient, and operations without a gradient."""

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_structure,
    clause,
    raises,
)


@clause(MUST, covers="SGR-01", needs="stop_gradient")
def test_a_stopped_tensor_has_its_value_and_no_gradient(tf, run):
    """stop_gradient is the identity, and no gradient passes it: that of its input is None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = 2.0 * tf.stop_gradient(x * x)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (2 * 3.0**2, None))


@clause(MUST, covers="SGR-01", needs="stop_gradient")
def test_a_stopped_source_has_no_gradient(tf, run):
    """The gradient of stop_gradient(x) by x is None, and by its own result it is 1."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.stop_gradient(x)
            tape.watch(y)
        return tape.gradient(y, [x, y])

    assert_structure(run(program, tf.constant(3.0)), [None, 1.0])


@clause(MUST, covers="SGR-02", needs="stop_gradient")
def test_only_the_wrapped_path_is_cut(tf, run):
    """In x^2 + stop_gradient(w^2) the gradient of x is whole and that of w is None."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = x**2 + tf.stop_gradient(w**2)
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [2 * 3.0, None])


@clause(MUST, covers="SGR-02", needs="stop_gradient")
def test_a_tensor_that_is_stopped_once_passes_elsewhere(tf, run):
    """A tensor that is stopped on one path has the gradient of the other paths."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square = x * x
            y = tf.stop_gradient(square) * 10.0 + square * 3.0
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(5.0)), 3 * 2 * 5.0)


@clause(MUST, covers="SGR-03", needs="stop_gradient")
def test_a_stopped_factor_is_a_constant(tf, run):
    """A stopped factor of a product is a constant: x^2 * stop_gradient(x) has 2x times x."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * tf.stop_gradient(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0 * 3.0)


@clause(MUST, covers="SGR-04", needs="stop_gradient nested persistent")
def test_every_tape_is_stopped(tf, run):
    """stop_gradient cuts its path for each tape that is open, and for each order.

    In x^3 * stop_gradient(x) the first derivative is 3x^2 times x, and the second 6x times x.
    """

    def program(x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x * tf.stop_gradient(x)
            first = inner.gradient(y, x)
        return first, outer.gradient(y, x), outer.gradient(first, x)

    x = 3.0
    assert_structure(run(program, tf.constant(x)), (3 * x**3, 3 * x**3, 6 * x * x))


@clause(SHOULD, covers="SGR-05", needs="stop_gradient nested")
def test_a_stopped_gradient_is_a_constant(tf, run):
    """stop_gradient around an inner gradient removes its part of the outer one.

    The inner gradient of x^3 is 3x^2, which only multiplies x in what the outer tape sees.
    """

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            z = tf.stop_gradient(inner.gradient(y, x)) * x
        return outer.gradient(z, x)

    assert_close(run(program, tf.constant(5.0)), 3 * 5.0**2)


@clause(SHOULD, covers="SGR-06", needs="arrays elementary stop_gradient")
def test_a_rounded_value_may_have_a_straight_gradient(tf, run):
    """x + stop_gradient(round(x) - x) is rounded, and has the gradient of x."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x + tf.stop_gradient(tf.round(x) - x)
            z = y * y
        return y, tape.gradient(z, x)

    y, gradient = run(program, tf.constant([2.75, -1.25]))
    assert_close(y, [3.0, -1.0])
    assert_close(gradient, [2 * 3.0, 2 * -1.0])


@clause(SHOULD, covers="SGR-07", needs="arrays exp stop_gradient")
def test_a_stable_softmax_has_the_gradient_of_softmax(tf, run):
    """A softmax of x - stop_gradient(max(x)) has the gradient of the softmax of x.

    For a sum of the softmax p with weights w it is p * (w - sum(w * p)).
    """

    def program(x, weights):
        with tf.GradientTape() as tape:
            tape.watch(x)
            powers = tf.exp(x - tf.stop_gradient(tf.reduce_max(x)))
            y = tf.reduce_sum(weights * powers / tf.reduce_sum(powers))
        return tape.gradient(y, x)

    x, weights = np.array([1000.0, 1001.0, 1000.5]), np.array([1.0, 5.0, 10.0])
    p = np.exp(x - 1000.0) / np.sum(np.exp(x - 1000.0))
    gradient = run(program, tf.constant(x, tf.float32), tf.constant(weights, tf.float32))
    assert_close(gradient, p * (weights - np.sum(weights * p)), magnitude=10.0)


@clause(MUST, covers="SGR-08", needs="elementary no_gradient")
def test_an_operation_marked_as_not_differentiable_has_no_gradient(tf, run):
    """An operation registered as not differentiable is a constant to the tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.math.floor(x) * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.75)), 2.0)


@clause(MUST, covers="SGR-08", needs="no_gradient")
def test_an_operation_without_a_gradient_is_refused(tf, run):
    """The gradient of an operation that has none registered is a LookupError that names it.

    Silently it would be None. The forward computation is recorded without an error.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.bitcast(x, tf.float32)
        with raises(LookupError, "Bitcast"):
            tape.gradient(y, x)
        return y

    assert_close(run(program, tf.constant(3.0)), 3.0)


@clause(SHOULD, covers="SGR-09", needs="no_gradient persistent")
def test_an_operation_without_a_gradient_disturbs_no_other_path(tf, run):
    """A target that does not depend on an operation without a gradient has its own one."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = tf.bitcast(y, tf.float32)
        with raises(LookupError, "Bitcast"):
            tape.gradient(z, x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="SGR-09", needs="no_gradient")
def test_an_operation_without_a_gradient_may_take_constants(tf, run):
    """An operation without a gradient is no obstacle where its inputs are not watched."""

    def program(x, c):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.bitcast(c, tf.float32) * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(5.0), tf.constant(3.0)), 3.0)


@clause(OBSERVED, covers="SGR-10", needs="no_gradient graph", modes="eager")
def test_a_compiled_function_without_a_gradient_is_refused_at_its_call(tf, run):
    """Under a tape, a compiled function with such an operation raises LookupError when called."""

    @tf.function
    def same_bits(x):
        return tf.bitcast(x, tf.float32)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with raises(LookupError, "No gradient defined for operation", "Bitcast"):
                same_bits(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(OBSERVED, covers="SGR-10", needs="no_gradient graph stop_gradient", modes="eager")
def test_a_compiled_function_that_stops_its_gradient_may_be_called(tf, run):
    """With stop_gradient around such an operation a compiled function is called, and cuts."""

    @tf.function
    def same_bits(x):
        return tf.stop_gradient(tf.bitcast(x, tf.float32))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = same_bits(x) * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 3.0)


@clause(OBSERVED, covers="SGR-10", needs="arrays no_gradient graph random", modes="eager")
def test_a_compiled_shuffle_has_no_gradient(tf, run):
    """A compiled function that shuffles is called without an error, and its gradient is None.

    The documentation of custom_gradient says that it raises LookupError.
    """
    shuffle = tf.function(tf.random.shuffle)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = shuffle(x)
        return tf.reduce_sum(y), tape.gradient(y, x)

    assert_structure(run(program, tf.constant([3.0, 5.0])), (3.0 + 5.0, None))


@clause(OBSERVED, covers="SGR-11", needs="no_gradient", modes="eager function")
def test_a_gradient_can_be_forbidden(tf, run):
    """raw_ops.PreventGradient is the identity; its gradient is a LookupError with its message."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.raw_ops.PreventGradient(input=x * x, message="forbidden here")
        with raises(LookupError, "explicitly disabled", "forbidden here"):
            tape.gradient(y, x)
        return y

    assert_close(run(program, tf.constant(3.0)), 3.0**2)


@clause(OBSERVED, covers="SGR-12", needs="no_gradient", modes="eager")
def test_a_gradient_is_registered_once(tf, run):
    """RegisterGradient and no_gradient raise KeyError for an operation that has a gradient."""

    def program(x):
        with raises(KeyError, "two gradient", "'Mul'"):
            tf.RegisterGradient("Mul")(lambda op, upstream: (upstream, upstream))
        with raises(KeyError, "two gradient", "'Mul'"):
            tf.no_gradient("Mul")
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="SGR-12", needs="no_gradient", modes="eager")
def test_a_gradient_is_registered_by_name(tf, run):
    """RegisterGradient and no_gradient raise TypeError for what is not a text."""
    with raises(TypeError):
        tf.RegisterGradient(3)
    with raises(TypeError):
        tf.no_gradient(3)


@clause(OBSERVED, covers="SGR-13", needs="stop_gradient")
def test_a_tape_is_not_told_what_to_stop(tf, run):
    """gradient has no argument stop_gradients, as tf.gradients has."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(TypeError, "stop_gradients"):
            tape.gradient(y, x, stop_gradients=[x])
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(OBSERVED, covers="SGR-13", needs="stop_gradient persistent")
def test_a_partial_derivative_needs_a_stopped_path(tf, run):
    """Of a + b with b = 2a, the total derivative by a is 3, the partial one with b stopped is 1."""

    def program(a):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(a)
            b = 2.0 * a
            total = a + b
            stopped = tf.stop_gradient(b)
            tape.watch(stopped)
            partial = a + stopped
        return tape.gradient(total, [a, b]), tape.gradient(partial, [a, stopped])

    assert_structure(run(program, tf.constant(0.0)), ([3.0, 1.0], [1.0, 1.0]))


@clause(SHOULD, covers="SGR-14", needs="arrays stop_gradient dtype-int dtype-float")
def test_a_stopped_tensor_keeps_dtype_and_shape(tf, run):
    """stop_gradient keeps value, dtype and shape, of integers and truth values, too."""

    def program(*tensors):
        return [tf.stop_gradient(tensor) for tensor in tensors]

    integers = tf.constant([[1, 2, 3]])
    doubles = tf.constant([1 / 3, 5.0], tf.float64)
    stopped = run(program, integers, doubles, tf.constant([True, False]))
    assert_close(stopped[0], [[1, 2, 3]], dtype="int32")
    assert_close(stopped[1], [1 / 3, 5.0], dtype="float64")
    assert_close(stopped[2], [True, False], dtype="bool")


@clause(
    OBSERVED,
    covers="SGR-14",
    needs="arrays stop_gradient ragged",
    since="2.8",
    modes="eager function",
)
def test_a_stopped_ragged_tensor_is_cut(tf, run):
    """stop_gradient of a ragged tensor keeps its rows and cuts the path to them."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            rows = tf.RaggedTensor.from_row_lengths(x * x, [1, 2])
            stopped = tf.stop_gradient(rows)
            y = tf.reduce_sum(stopped, axis=1) * x[:2]
        return stopped.row_lengths(), tape.gradient(y, x)

    lengths, gradient = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(lengths, [1, 2])
    assert_close(gradient, [1.0, 4.0 + 9.0, 0.0])


@clause(MUST, covers="SGR-15", needs="stop_gradient variables")
def test_a_stopped_variable_is_a_constant(tf, run):
    """stop_gradient of a variable is its value as a constant, beside the variable itself."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(variable) * variable * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 3.0 * 2 * 3.0)


@clause(MUST, covers="SGR-15", needs="stop_gradient variables state")
def test_a_stopped_variable_is_a_copy(tf, run):
    """stop_gradient of a variable keeps the value that the variable had then."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            stopped = tf.stop_gradient(variable)
            variable.assign(5.0)
            y = stopped * 10.0
        return stopped, tape.gradient(y, variable)

    assert_structure(run(program), (3.0, None))


@clause(OBSERVED, covers="SGR-16", needs="arrays stop_gradient")
def test_a_stopped_list_is_stacked(tf, run):
    """stop_gradient of a list of tensors is one tensor, without a gradient."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            stopped = tf.stop_gradient([x, x * x])
            y = stopped * x
        return stopped, tape.gradient(y, x)

    stopped, gradient = run(program, tf.constant(3.0))
    assert_close(stopped, [3.0, 9.0])
    assert_close(gradient, 3.0 + 9.0)


@clause(SHOULD, covers="SGR-17", needs="stop_gradient custom_gradient")
def test_what_follows_a_stopped_tensor_is_not_differentiated(tf, run):
    """An operation that depends on the source only through stop_gradient is not differentiated.

    Its own gradient is never asked for, so that it may be one that fails.
    """

    def program(x):
        @tf.custom_gradient
        def fails(value):
            return value * 2.0, lambda upstream: upstream * (1 // 0)

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fails(tf.stop_gradient(x)) * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="SGR-17", needs="stop_gradient custom_gradient graph", modes="eager")
def test_a_compiled_function_of_a_stopped_tensor_is_not_differentiated(tf, run):
    """A compiled function that takes only a stopped tensor is not differentiated."""

    @tf.custom_gradient
    def fails(value):
        return value * 2.0, lambda upstream: upstream * (1 // 0)

    compiled = tf.function(fails)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(tf.stop_gradient(x))
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (2 * 3.0, None))
