"""Output gradients: cotangents of the targets, given by the caller."""

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


@clause(MUST, covers="OUT-01", needs="arrays output_gradients")
def test_a_target_is_weighted_by_its_output_gradient(tf, run):
    """Each element of the target counts as often as its element of output_gradients says.

    The answer is the product of output_gradients with the jacobian.
    """

    def program(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x, output_gradients=upstream)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0]), tf.constant([1.0, 10.0, -100.0]))
    assert_close(gradient, [2 * 1.0, 10 * (2 * 2.0), -100 * (2 * 3.0)])


@clause(MUST, covers="OUT-01", needs="arrays output_gradients")
def test_an_output_gradient_runs_through_the_whole_chain(tf, run):
    """An output gradient that mixes the elements of the source gives the transposed product."""

    def program(x, w, upstream):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.matmul(x, w)
        return tape.gradient(y, [x, w], output_gradients=upstream)

    x, w = np.array([[1.0, 2.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 5.0], [7.0, 11.0]])
    upstream = np.array([[10.0, -100.0]])
    inputs = [tf.constant(value, tf.float32) for value in (x, w, upstream)]
    assert_structure(run(program, *inputs), [upstream @ w.T, x.T @ upstream])


@clause(MUST, covers="OUT-01", needs="arrays output_gradients persistent")
def test_ones_are_the_default_output_gradient(tf, run):
    """Without output_gradients, or with None for it, every element of the target counts once."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        ones = tape.gradient(y, x, output_gradients=tf.ones([2]))
        return ones, tape.gradient(y, x), tape.gradient(y, x, output_gradients=None)

    for gradient in run(program, tf.constant([3.0, 5.0])):
        assert_close(gradient, [6.0, 10.0])


@clause(MUST, covers="OUT-02", needs="arrays output_gradients")
def test_each_target_has_its_output_gradient(tf, run):
    """For a list of targets output_gradients holds one entry for each, in the same order."""

    def program(x, for_square, for_scaled):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square, scaled = x * x, x * tf.constant([3.0, 4.0])
        return tape.gradient([square, scaled], x, output_gradients=[for_square, for_scaled])

    gradient = run(program, tf.constant(2.0), tf.constant(10.0), tf.constant([100.0, 1000.0]))
    assert_close(gradient, 10 * (2 * 2.0) + 100 * 3.0 + 1000 * 4.0)


@clause(MUST, covers="OUT-02", needs="output_gradients")
def test_a_target_listed_twice_has_two_output_gradients(tf, run):
    """The output gradients of a target that is listed twice are added."""

    def program(x, first, second):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient([y, y], x, output_gradients=[first, second])

    gradient = run(program, tf.constant(3.0), tf.constant(10.0), tf.constant(100.0))
    assert_close(gradient, (10 + 100) * (2 * 3.0))


@clause(MUST, covers="OUT-02", needs="output_gradients")
def test_a_target_that_feeds_another_keeps_its_output_gradient(tf, run):
    """A target that another target is computed from adds its own output gradient to the chain."""

    def program(x, for_y, for_z):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        return tape.gradient([y, z], x, output_gradients=[for_y, for_z])

    gradient = run(program, tf.constant(3.0), tf.constant(10.0), tf.constant(100.0))
    assert_close(gradient, 10 * (2 * 3.0) + 100 * (4 * 3.0**3))


@clause(OBSERVED, covers="OUT-03", needs="output_gradients")
def test_none_for_one_of_the_targets_is_refused(tf, run):
    """None as the output gradient of one of several targets raises ValueError.

    An internal docstring promises that it asks for the default.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, z = x * x, 3.0 * x
        with raises(ValueError):
            tape.gradient([y, z], x, output_gradients=[tf.constant(2.0), None])

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="OUT-04", needs="arrays output_gradients")
def test_an_array_is_an_output_gradient(tf, run):
    """A NumPy array given as output gradient is converted to a tensor."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        arrays = [np.array([5.0, 7.0], np.float32), np.array([1.0, 10.0], np.float32)]
        of_x, of_y = tape.gradient([x, y], [x, y], output_gradients=arrays)
        assert_equal([bool(tf.is_tensor(one)) for one in (of_x, of_y)], [True, True])
        return of_x, of_y

    of_x, of_y = run(program, tf.constant([3.0, 11.0]))
    assert_close(of_x, [5.0 + 1 * 6.0, 7.0 + 10 * 22.0])
    assert_close(of_y, [1.0, 10.0])


@clause(OBSERVED, covers="OUT-04", needs="arrays output_gradients variables")
def test_a_variable_is_an_output_gradient(tf, run):
    """A variable given as output gradient is read."""
    upstream = tf.Variable([1.0, 10.0])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x, output_gradients=upstream)

    assert_close(run(program, tf.constant([3.0, 5.0])), [6.0, 100.0])


@clause(OBSERVED, covers="OUT-04", needs="arrays output_gradients")
def test_a_list_for_one_target_is_not_a_vector(tf, run):
    """A list of numbers for one vector is a list of output gradients: the first one is used."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x, output_gradients=[2.0, 10.0])

    assert_close(run(program, tf.constant([3.0, 5.0])), [2 * 6.0, 2 * 10.0])


@clause(OBSERVED, covers="OUT-05", needs="output_gradients")
def test_surplus_output_gradients_are_ignored(tf, run):
    """Where output_gradients has more entries than there are targets, the rest is ignored.

    Fewer entries than targets are no clause: the outcome is undefined, a crash included.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        upstream = [tf.constant(10.0), tf.constant(100.0)]
        return tape.gradient(y, x, output_gradients=upstream)

    assert_close(run(program, tf.constant(3.0)), 10 * 6.0)


@clause(OBSERVED, covers="OUT-06", needs="arrays output_gradients")
def test_a_scalar_output_gradient_is_broadcast(tf, run):
    """A scalar as output gradient of a vector weights all of its elements."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x, output_gradients=tf.constant(10.0))

    assert_close(run(program, tf.constant([3.0, 5.0])), [60.0, 100.0])


@clause(OBSERVED, covers="OUT-06", needs="arrays output_gradients", modes="eager")
def test_an_output_gradient_of_a_wrong_shape_fails_in_an_operation(tf, run):
    """In eager execution an output gradient of a wrong shape raises InvalidArgumentError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(tf.errors.InvalidArgumentError, "shape"):
            tape.gradient(y, x, output_gradients=tf.ones([3]))

    run(program, tf.constant([3.0, 5.0]))


@clause(OBSERVED, covers="OUT-06", needs="arrays output_gradients", modes="function jit")
def test_a_traced_output_gradient_of_a_wrong_shape_fails_in_an_operation(tf, run):
    """In a traced program an output gradient of a wrong shape raises ValueError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError, "dimensions"):
            tape.gradient(y, x, output_gradients=tf.ones([3]))

    run(program, tf.constant([3.0, 5.0]))


@clause(OBSERVED, covers="OUT-07", needs="output_gradients dtype-float", modes="eager")
def test_an_output_gradient_of_another_dtype_fails_in_an_operation(tf, run):
    """In eager execution an output gradient of another dtype raises InvalidArgumentError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(tf.errors.InvalidArgumentError, "double"):
            tape.gradient(y, x, output_gradients=tf.constant(2.0, tf.float64))

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="OUT-07", needs="output_gradients dtype-float", modes="function jit")
def test_a_traced_output_gradient_of_another_dtype_fails_in_an_operation(tf, run):
    """In a traced program an output gradient of another dtype raises TypeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(TypeError, "float64"):
            tape.gradient(y, x, output_gradients=tf.constant(2.0, tf.float64))

    run(program, tf.constant(3.0))


@clause(MUST, covers="OUT-08", needs="output_gradients nested")
def test_a_gradient_is_differentiated_by_its_output_gradient(tf, run):
    """Another tape differentiates a gradient with respect to its output gradient and its source.

    The gradient of x^3 is upstream * 3 x^2, linear in upstream.
    """

    def program(x, upstream):
        with tf.GradientTape() as outer:
            outer.watch([x, upstream])
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            gradient = inner.gradient(y, x, output_gradients=upstream)
        return gradient, outer.gradient(gradient, [upstream, x])

    gradient, derivatives = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_close(gradient, 5.0 * (3 * 3.0**2))
    assert_structure(derivatives, [3 * 3.0**2, 5.0 * (6 * 3.0)])


@clause(MUST, covers="OUT-09", needs="arrays output_gradients")
def test_an_output_gradient_of_zero_gives_zero(tf, run):
    """An output gradient of zeros gives a gradient of zeros, not None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x, output_gradients=tf.zeros([2]))

    assert_close(run(program, tf.constant([3.0, 5.0])), [0.0, 0.0])


@clause(SHOULD, covers="OUT-10", needs="output_gradients struct")
def test_output_gradients_have_the_structure_of_the_targets(tf, run):
    """For nested targets output_gradients may be nested in the same way.

    The keys of the two dicts stand in different orders, so that order alone pairs them wrongly.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square, cube, scaled = x * x, x * x * x, 5.0 * x
        targets = {"square": square, "more": [cube, scaled]}
        upstream = {"more": [tf.constant(10.0), tf.constant(100.0)], "square": tf.constant(1.0)}
        return tape.gradient(targets, x, output_gradients=upstream)

    assert_close(run(program, tf.constant(2.0)), 1 * 4.0 + 10 * 12.0 + 100 * 5.0)


@clause(SHOULD, covers="OUT-10", needs="output_gradients struct")
def test_a_list_of_output_gradients_follows_the_sorted_keys(tf, run):
    """For a dict of targets a list of output gradients stands in the order of the sorted keys."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            targets = {"b": x * x, "a": 5.0 * x}
        upstream = [tf.constant(10.0), tf.constant(100.0)]
        return tape.gradient(targets, x, output_gradients=upstream)

    assert_close(run(program, tf.constant(2.0)), 10 * 5.0 + 100 * (2 * 2.0))


@clause(MUST, covers="OUT-11", needs="arrays output_gradients")
def test_a_target_that_is_the_source_returns_its_output_gradient(tf, run):
    """A target that is the source itself has its output gradient as its gradient."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        return tape.gradient(x, x, output_gradients=tf.constant([5.0, 7.0]))

    assert_close(run(program, tf.constant([2.0, 3.0])), [5.0, 7.0])


@clause(SHOULD, covers="OUT-12", needs="arrays output_gradients ragged", since="2.9")
def test_a_ragged_target_has_a_ragged_output_gradient(tf, run):
    """For a ragged target output_gradients may be a ragged tensor with the same rows."""

    def program(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x, output_gradients=upstream)
        assert_equal(isinstance(gradient, tf.RaggedTensor), True)
        return gradient.values

    x = tf.ragged.constant([[1.0, 2.0], [3.0]])
    upstream = tf.ragged.constant([[1.0, 10.0], [100.0]])
    assert_close(run(program, x, upstream), [1 * 2.0, 10 * 4.0, 100 * 6.0])


@clause(OBSERVED, covers="OUT-13", needs="output_gradients dtype-int")
def test_an_integer_target_consumes_an_output_gradient(tf, run):
    """An integer among the targets takes an entry of output_gradients.

    The documentation promises one entry for each differentiable target.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            count, square = tf.constant(7), x * x
        upstream = [tf.constant(10.0), tf.constant(100.0)]
        return tape.gradient([count, square], x, output_gradients=upstream)

    assert_close(run(program, tf.constant(3.0)), 100 * 6.0)


@clause(OBSERVED, covers="OUT-14", needs="persistent output_gradients dtype-int")
def test_an_integer_target_gives_none(tf, run):
    """An integer target gives None by default, and with an integer output gradient."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.cast(x * x, tf.int32)
        return tape.gradient(y, x), tape.gradient(y, x, output_gradients=tf.constant(10))

    default, weighted = run(program, tf.constant(3.0))
    assert_none(default)
    assert_none(weighted)


@clause(OBSERVED, covers="OUT-14", needs="output_gradients dtype-int")
def test_a_float_output_gradient_flows_through_integers(tf, run):
    """A float output gradient of an integer target flows back through the cast to integers."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cast(x * x, tf.int32)
        return tape.gradient(y, x, output_gradients=tf.constant(10.0))

    assert_close(run(program, tf.constant(3.0)), 10 * 6.0)
