"""Sparse gradients: what is gathered from a tensor, and the IndexedSlices that come of it."""

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


@clause(MUST, covers="IDX-01", needs="arrays indexed_slices variables")
def test_gathered_rows_of_a_variable_have_sparse_gradients(tf, run):
    """The gradient of gather by a variable is an IndexedSlices: one slice for each index."""
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])

    def program():
        with tf.GradientTape() as tape:
            rows = tf.gather(table, [3, 1])
            y = rows * [[2.0, 3.0], [5.0, 7.0]]
        gradient = tape.gradient(y, table)
        assert_equal(isinstance(gradient, tf.IndexedSlices), True)
        return rows, gradient.values, gradient.indices

    rows, values, indices = run(program)
    assert_close(rows, [[7.0, 8.0], [3.0, 4.0]])
    assert_close(values, [[2.0, 3.0], [5.0, 7.0]], dtype="float32")
    assert_close(indices, [3, 1])


@clause(MUST, covers="IDX-01", needs="arrays indexed_slices variables")
def test_a_sparse_gradient_knows_the_shape_of_its_source(tf, run):
    """The dense_shape of a sparse gradient is the shape of the variable."""
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])

    def program():
        with tf.GradientTape() as tape:
            y = tf.gather(table, [3, 1])
        return tape.gradient(y, table).dense_shape

    assert_close(run(program), [4, 2])


@clause(SHOULD, covers="IDX-02", needs="arrays indexed_slices")
def test_gathered_rows_of_a_tensor_have_sparse_gradients(tf, run):
    """The gradient of gather by a watched tensor is an IndexedSlices, too."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(x, [2, 0, 2]) * [3.0, 5.0, 7.0]
        gradient = tape.gradient(y, x)
        assert_equal(isinstance(gradient, tf.IndexedSlices), True)
        return gradient.values, gradient.indices, gradient.dense_shape

    values, indices, shape = run(program, tf.constant([1.0, 2.0, 3.0, 4.0]))
    assert_close(values, [3.0, 5.0, 7.0])
    assert_close(indices, [2, 0, 2])
    assert_close(shape, [4])


@clause(SHOULD, covers="IDX-03", needs="arrays indexed_slices variables")
def test_a_sparse_gradient_becomes_dense(tf, run):
    """convert_to_tensor makes a dense gradient of a sparse one, and sums repeated indices."""
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def program():
        with tf.GradientTape() as tape:
            y = tf.gather(table, [2, 0, 2]) * [[2.0, 3.0], [5.0, 7.0], [11.0, 13.0]]
        return tf.convert_to_tensor(tape.gradient(y, table))

    assert_close(run(program), [[5.0, 7.0], [0.0, 0.0], [2 + 11.0, 3 + 13.0]], dtype="float32")


@clause(OBSERVED, covers="IDX-04", needs="arrays indexed_slices")
def test_a_sparse_gradient_is_no_tensor(tf, run):
    """An IndexedSlices has no numpy() and cannot be multiplied; it can be negated."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(x, [2, 0])
        gradient = tape.gradient(y, x)
        assert_equal(hasattr(gradient, "numpy"), False)
        with raises(TypeError):
            gradient * 2.0
        assert_equal(isinstance(-gradient, tf.IndexedSlices), True)
        return tf.convert_to_tensor(-gradient)

    assert_close(run(program, tf.constant([1.0, 2.0, 3.0])), [-1.0, 0.0, -1.0])


@clause(SHOULD, covers="IDX-05", needs="arrays indexed_slices")
def test_sparse_and_dense_contributions_give_a_dense_gradient(tf, run):
    """A source that is gathered from and used as a whole has a dense gradient, in either order."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.reduce_sum(tf.gather(x, [2, 0, 2])) + tf.reduce_sum(x * x)
            z = tf.reduce_sum(w * w) + tf.reduce_sum(tf.gather(w, [1, 1]) * [5.0, 7.0])
        gradients = tape.gradient([y, z], [x, w])
        assert_equal([isinstance(one, tf.IndexedSlices) for one in gradients], [False, False])
        return gradients

    x = [1.0, 2.0, 3.0]
    of_x, of_w = [2 * 1 + 1.0, 2 * 2.0, 2 * 3 + 2.0], [2 * 1.0, 2 * 2 + 12.0, 2 * 3.0]
    gradients = run(program, tf.constant(x), tf.constant(x))
    assert_structure(gradients, [np.array(of_x), np.array(of_w)])


@clause(SHOULD, covers="IDX-06", needs="arrays indexed_slices")
def test_several_gathers_give_one_sparse_gradient(tf, run):
    """A source that is gathered from several times has one IndexedSlices that holds all slices."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.gather(x, [2, 0]) * [3.0, 5.0])
            y += tf.reduce_sum(tf.gather(x, [1, 2, 1]) * [7.0, 11.0, 13.0])
        gradient = tape.gradient(y, x)
        assert_equal(isinstance(gradient, tf.IndexedSlices), True)
        assert_equal(tuple(gradient.indices.shape), (5,))
        return tf.convert_to_tensor(gradient)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0, 4.0]))
    assert_close(gradient, [5.0, 7.0 + 13.0, 3.0 + 11.0, 0.0])


@clause(OBSERVED, covers="IDX-07", needs="arrays indexed_slices")
def test_gathered_columns_have_dense_gradients(tf, run):
    """The gradient of gather along another axis than the first is dense."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(x, [2, 0, 2], axis=1) * [[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]]
        gradient = tape.gradient(y, x)
        assert_equal(isinstance(gradient, tf.IndexedSlices), False)
        return gradient

    gradient = run(program, tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    assert_close(gradient, [[3.0, 0.0, 7.0], [11.0, 0.0, 20.0]])


@clause(OBSERVED, covers="IDX-08", needs="arrays indexed_slices persistent")
def test_gather_nd_is_sparse_where_it_gathers_rows(tf, run):
    """The gradient of gather_nd is sparse for indices of rows, and dense for those of elements."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            rows = tf.gather_nd(x, [[2], [0]]) * [[2.0, 3.0], [5.0, 7.0]]
            elements = tf.gather_nd(x, [[2, 1], [0, 0]]) * [11.0, 13.0]
        gradients = tape.gradient(rows, x), tape.gradient(elements, x)
        assert_equal([isinstance(one, tf.IndexedSlices) for one in gradients], [True, False])
        return tf.convert_to_tensor(gradients[0]), gradients[1]

    of_rows, of_elements = run(program, tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert_close(of_rows, [[5.0, 7.0], [0.0, 0.0], [2.0, 3.0]])
    assert_close(of_elements, [[13.0, 0.0], [0.0, 0.0], [0.0, 11.0]])


@clause(MUST, covers="IDX-09", needs="arrays")
def test_slices_have_dense_gradients(tf, run):
    """The gradient of an index or a slice is a dense tensor, zero outside of what was taken."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x[1] * [2.0, 3.0, 5.0]) + x[0, 2] * 7.0
            y += tf.reduce_sum(x[:, 1:] * [[11.0, 13.0], [17.0, 19.0]])
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    assert_close(gradient, [[0.0, 11.0, 7 + 13.0], [2.0, 3 + 17.0, 5 + 19.0]])


@clause(SHOULD, covers="IDX-10", needs="arrays indexed_slices variables nn")
def test_an_embedding_has_a_sparse_gradient(tf, run):
    """The gradient of embedding_lookup by its table is an IndexedSlices."""
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def program():
        with tf.GradientTape() as tape:
            y = tf.nn.embedding_lookup(table, [1, 2, 1]) * [[2.0], [3.0], [5.0]]
        gradient = tape.gradient(y, table)
        assert_equal(isinstance(gradient, tf.IndexedSlices), True)
        return tf.convert_to_tensor(gradient)

    assert_close(run(program), [[0.0, 0.0], [7.0, 7.0], [3.0, 3.0]])


@clause(SHOULD, covers="IDX-10", needs="arrays indexed_slices keras")
def test_an_embedding_layer_has_a_sparse_gradient(tf, run):
    """The gradient of a Keras Embedding by its table is an IndexedSlices."""
    layer = tf.keras.layers.Embedding(3, 2)
    layer.build((None,))

    def program(ids):
        with tf.GradientTape() as tape:
            y = layer(ids) * [[2.0], [3.0], [5.0]]
        gradient = tape.gradient(y, layer.trainable_variables)[0]
        assert_equal(isinstance(gradient, tf.IndexedSlices), True)
        return tf.convert_to_tensor(gradient)

    gradient = run(program, tf.constant([1, 2, 1]))
    assert_close(gradient, [[0.0, 0.0], [7.0, 7.0], [3.0, 3.0]])


@clause(SHOULD, covers="IDX-11", needs="arrays indexed_slices optimizer variables", modes="eager")
def test_an_optimizer_takes_sparse_gradients(tf, run):
    """An optimizer applies a sparse gradient, and the sum of the slices of a repeated index."""
    table = tf.Variable([1.0, 2.0, 3.0])
    optimizer = tf.keras.optimizers.SGD(0.5)

    def program():
        with tf.GradientTape() as tape:
            y = tf.gather(table, [2, 0, 2]) * [3.0, 5.0, 7.0]
        optimizer.apply_gradients([(tape.gradient(y, table), table)])

    run(program)
    assert_close(table, [1.0 - 0.5 * 5, 2.0, 3.0 - 0.5 * (3 + 7)])


@clause(SHOULD, covers="IDX-12", needs="arrays indexed_slices nested")
def test_a_second_derivative_goes_through_gather(tf, run):
    """A sparse gradient that is made dense is differentiated again.

    The cube of what was gathered has the second derivative 6*x, twice for a repeated index.
    """

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                rows = tf.gather(x, [2, 0, 2])
                y = rows * rows * rows
            first = tf.convert_to_tensor(inner.gradient(y, x))
        return first, tf.convert_to_tensor(outer.gradient(first, x))

    first, second = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(first, [3 * 1.0, 0.0, 2 * 3 * 9.0])
    assert_close(second, [6 * 1.0, 0.0, 2 * 6 * 3.0])


@clause(MUST, covers="IDX-13", needs="arrays")
def test_gathering_from_a_result_leads_to_a_dense_gradient(tf, run):
    """The gradient goes through gather to what the rows were computed from."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(x * x, [2, 0, 2]) * [5.0, 7.0, 11.0]
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(gradient, [7 * 2 * 1.0, 0.0, (5 + 11) * 2 * 3.0])


@clause(
    SHOULD, covers="IDX-14", needs="arrays indexed_slices graph variables", modes="function jit"
)
def test_a_traced_program_returns_sparse_gradients(tf, run):
    """A sparse gradient that a traced program returns is an IndexedSlices to its caller."""
    table = tf.Variable([1.0, 2.0, 3.0])

    def program():
        with tf.GradientTape() as tape:
            y = tf.gather(table, [2, 1]) * [5.0, 7.0]
        return tape.gradient(y, table)

    gradient = run(program)
    assert_equal(isinstance(gradient, tf.IndexedSlices), True)
    assert_close(gradient.values, [5.0, 7.0])
    assert_close(gradient.indices, [2, 1])
    assert_close(gradient.dense_shape, [3])


@clause(SHOULD, covers="IDX-14", needs="arrays indexed_slices graph variables", modes="eager")
def test_the_gradient_of_a_compiled_gather_is_sparse(tf, run):
    """A tape outside of a compiled function that gathers has the right gradient of the table."""
    table = tf.Variable([1.0, 2.0, 3.0])
    compiled = tf.function(lambda: tf.gather(table, [2, 1, 2]), autograph=False)

    def program():
        with tf.GradientTape() as tape:
            y = compiled() * [5.0, 7.0, 11.0]
        return tf.convert_to_tensor(tape.gradient(y, table))

    assert_close(run(program), [0.0, 7.0, 5.0 + 11.0])


@clause(OBSERVED, covers="IDX-15", needs="device arrays", modes="eager")
def test_indices_out_of_range_are_refused(tf, run):
    """On a CPU gather refuses indices that are too large or negative, and records nothing.

    The promise is one of the operation: on other devices and in compiled programs zeros or the
    nearest rows may come instead.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.device("CPU:0"):
                with raises(tf.errors.InvalidArgumentError):
                    tf.gather(x, [5])
                with raises(tf.errors.InvalidArgumentError):
                    tf.gather(x, [-1])
                y = tf.gather(x, [1])
        return tf.convert_to_tensor(tape.gradient(y, x))

    assert_close(run(program, tf.constant([1.0, 2.0])), [0.0, 1.0])


@clause(OBSERVED, covers="IDX-16", needs="arrays indexed_slices unconnected_zero")
def test_zeros_for_an_unconnected_gather_are_dense(tf, run):
    """A source that was gathered from, but not on the way to the target, has dense zeros."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            tf.gather(x, [2, 0])
            y = tf.gather(w, [1])
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(y, [x, w], unconnected_gradients=zero)
        assert_equal([isinstance(one, tf.IndexedSlices) for one in gradients], [False, True])
        return gradients[0], tf.convert_to_tensor(gradients[1])

    zeros, gradient = run(program, tf.constant([1.0, 2.0, 3.0]), tf.constant([4.0, 5.0]))
    assert_close(zeros, [0.0, 0.0, 0.0])
    assert_close(gradient, [0.0, 1.0])


@clause(SHOULD, covers="IDX-17", needs="arrays sparse", modes="eager function")
def test_a_sparse_matrix_product_is_differentiable(tf, run):
    """The product of a sparse and a dense matrix has gradients by the values and the dense one."""

    def program(values, dense):
        with tf.GradientTape() as tape:
            tape.watch([values, dense])
            matrix = tf.sparse.SparseTensor([[0, 0], [1, 2]], values, [2, 3])
            y = tf.sparse.sparse_dense_matmul(matrix, dense) * [[2.0], [3.0]]
        return y, tape.gradient(y, [values, dense])

    values, dense = tf.constant([5.0, 7.0]), tf.constant([[1.0], [2.0], [4.0]])
    y, gradients = run(program, values, dense)
    assert_close(y, [[2 * 5.0], [3 * 7 * 4.0]])
    assert_structure(gradients, [np.array([2.0, 3 * 4.0]), np.array([[10.0], [0.0], [21.0]])])


@clause(SHOULD, covers="IDX-18", needs="arrays persistent dtype-int", modes="eager function")
def test_segment_sums_are_differentiable_by_their_data(tf, run):
    """The gradient of a segment sum gives each element the gradient of its segment."""

    def program(data, ids):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(data)
            ordered = tf.math.segment_sum(data, [0, 0, 1]) * [2.0, 3.0]
            unordered = tf.math.unsorted_segment_sum(data, ids, 2) * [5.0, 7.0]
        assert_none(tape.gradient(unordered, ids))
        return ordered, unordered, tape.gradient(ordered, data), tape.gradient(unordered, data)

    answers = run(program, tf.constant([1.0, 2.0, 4.0]), tf.constant([1, 0, 1]))
    ordered, unordered, of_ordered, of_unordered = answers
    assert_close(ordered, [2 * 3.0, 3 * 4.0])
    assert_close(unordered, [5 * 2.0, 7 * 5.0])
    assert_close(of_ordered, [2.0, 2.0, 3.0])
    assert_close(of_unordered, [7.0, 5.0, 7.0])


@clause(OBSERVED, covers="IDX-19", needs="arrays indexed_slices nested persistent")
def test_a_sparse_gradient_is_no_target(tf, run):
    """A sparse gradient as the target of an outer tape is an AttributeError; its values are one."""

    def program(x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                rows = tf.gather(x, [2, 0])
                y = rows * rows * rows
            first = inner.gradient(y, x)
        with raises(AttributeError):
            outer.gradient(first, x)
        return tf.convert_to_tensor(outer.gradient(first.values, x))

    assert_close(run(program, tf.constant([1.0, 2.0, 3.0])), [6 * 1.0, 0.0, 6 * 3.0])


@clause(OBSERVED, covers="IDX-02", needs="arrays indexed_slices custom_gradient")
def test_a_custom_gradient_hands_sparse_gradients_on(tf, run):
    """grad_fn receives the sparse gradient of its gathered result, and may return it."""

    @tf.custom_gradient
    def identity(x):
        def grad_fn(upstream):
            assert_equal(isinstance(upstream, tf.IndexedSlices), True)
            return tf.IndexedSlices(upstream.values * 10.0, upstream.indices, upstream.dense_shape)

        return x, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(identity(x), [2, 0]) * [3.0, 5.0]
        gradient = tape.gradient(y, x)
        assert_equal(isinstance(gradient, tf.IndexedSlices), True)
        return tf.convert_to_tensor(gradient)

    assert_close(run(program, tf.constant([1.0, 2.0, 3.0])), [50.0, 0.0, 30.0])
