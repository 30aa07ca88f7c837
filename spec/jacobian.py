"""Jacobians: every element of a target differentiated by every element of a source."""

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


@clause(MUST, covers="JAC-01", needs="arrays jacobian")
def test_the_jacobian_of_an_elementwise_function_is_diagonal(tf, run):
    """The jacobian of x * x has 2 x on its diagonal and zeros elsewhere."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, x)

    assert_close(run(program, tf.constant([1.0, 2.0])), np.diag([2 * 1.0, 2 * 2.0]))


@clause(MUST, covers="JAC-02", needs="arrays jacobian")
def test_a_row_of_the_jacobian_belongs_to_a_target_element(tf, run):
    """The element i, j of the jacobian is the derivative of target element i by source element j.

    Of y = W x it is the matrix W itself.
    """
    matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

    def program(matrix, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(matrix * x, axis=1)
        return tape.jacobian(y, x)

    jacobian = run(program, tf.constant(matrix, tf.float32), tf.constant([7.0, 8.0, 9.0]))
    assert_close(jacobian, matrix)


@clause(MUST, covers="JAC-02", needs="arrays jacobian")
def test_the_shape_of_the_jacobian_is_target_shape_then_source_shape(tf, run):
    """The jacobian has the target's dimensions first and then those of the source.

    Of y = X K the element i, j, k, l is K[l, j] where i is k, else zero.
    """
    kernel = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]])

    def program(x, kernel):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.matmul(x, kernel)
        return tape.jacobian(y, x)

    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    jacobian = run(program, x, tf.constant(kernel, tf.float32))
    assert_close(jacobian, np.einsum("ik,lj->ijkl", np.eye(2), kernel))


@clause(MUST, covers="JAC-03", needs="arrays jacobian")
def test_the_jacobian_by_a_scalar_has_the_shape_of_the_target(tf, run):
    """The jacobian by a scalar source has the shape of the target."""
    factors = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

    def program(x, factors):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = factors * x * x
        return tape.jacobian(y, x)

    jacobian = run(program, tf.constant(3.0), tf.constant(factors, tf.float32))
    assert_close(jacobian, factors * 2 * 3.0)


@clause(MUST, covers="JAC-04", needs="arrays jacobian persistent")
def test_the_jacobian_of_a_scalar_is_its_gradient(tf, run):
    """The jacobian of a scalar target has the shape of the source and equals gradient()."""
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.reduce_sum(x * x * x)
        return tape.jacobian(y, x), tape.gradient(y, x)

    jacobian, gradient = run(program, tf.constant(x, tf.float32))
    assert_close(jacobian, 3 * x**2)
    assert_close(gradient, 3 * x**2)


@clause(MUST, covers="JAC-05", needs="arrays jacobian")
def test_a_list_of_sources_gives_a_list_of_jacobians(tf, run):
    """The jacobians of a list of sources come as a list, in the order of the sources."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = w * x * x
        jacobians = tape.jacobian(y, [w, x])
        assert_equal(type(jacobians), list)
        return jacobians

    by_w, by_x = run(program, tf.constant([1.0, 2.0]), tf.constant(3.0))
    assert_close(by_w, [1.0**2, 2.0**2])
    assert_close(by_x, np.diag([2 * 3.0 * 1.0, 2 * 3.0 * 2.0]))


@clause(MUST, covers="JAC-05", needs="arrays jacobian struct")
def test_jacobians_come_in_the_structure_of_the_sources(tf, run):
    """The jacobians of a nested structure of sources come in the same structure."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = w * x
        return tape.jacobian(y, {"inputs": x, "weights": [(w,)]})

    jacobians = run(program, tf.constant([1.0, 2.0]), tf.constant(3.0))
    by_x, by_w = np.diag([3.0, 3.0]), np.array([1.0, 2.0])
    assert_structure(jacobians, {"inputs": by_x, "weights": [(by_w,)]})


@clause(MUST, covers="JAC-05", needs="arrays jacobian variables")
def test_variables_are_sources_of_jacobians(tf, run):
    """The jacobian by a trainable variable needs no watch()."""
    kernel = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = np.array([7.0, 8.0])

    def program(x):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(kernel * x, axis=1)
        return tape.jacobian(y, kernel)

    jacobian = run(program, tf.constant(x, tf.float32))
    assert_close(jacobian, np.einsum("ij,k->ijk", np.eye(3), x))


@clause(MUST, covers="JAC-06", needs="arrays jacobian")
def test_the_target_of_a_jacobian_is_a_single_tensor(tf, run):
    """A list of targets is refused: unlike that of gradient() the target is a single tensor.

    Of which class the error is, is not documented.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises((TypeError, ValueError, AttributeError)):
            tape.jacobian([y], x)
        return y

    assert_close(run(program, tf.constant([1.0, 2.0])), [1.0**2, 2.0**2])


@clause(OBSERVED, covers="JAC-06", needs="arrays jacobian")
def test_a_list_of_targets_is_an_attribute_error(tf, run):
    """A list of targets raises AttributeError, and the tape still gives a gradient afterwards."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(AttributeError, "shape"):
            tape.jacobian([y], x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([1.0, 2.0])), [2 * 1.0, 2 * 2.0])


@clause(MUST, covers="JAC-07", needs="arrays jacobian persistent")
def test_the_jacobian_summed_over_the_target_is_the_gradient(tf, run):
    """The sum of the jacobian over the dimensions of the target equals gradient().

    Of y = (x * x) K both are 2 x times the sums of the rows of K.
    """
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    kernel = np.array([[1.0, 2.0], [3.0, 5.0], [-7.0, 4.0]])

    def program(x, kernel):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.matmul(x * x, kernel)
        return tf.reduce_sum(tape.jacobian(y, x), axis=[0, 1]), tape.gradient(y, x)

    summed, gradient = run(program, tf.constant(x, tf.float32), tf.constant(kernel, tf.float32))
    assert_close(summed, 2 * x * kernel.sum(axis=1))
    assert_close(gradient, 2 * x * kernel.sum(axis=1))


@clause(MUST, covers="JAC-08", needs="arrays jacobian")
def test_the_jacobian_by_an_unconnected_source_is_none(tf, run):
    """The jacobian by a source that the target does not depend on is None by default."""

    def program(x, unconnected):
        with tf.GradientTape() as tape:
            tape.watch([x, unconnected])
            y = x * x
        return tape.jacobian(y, [unconnected, x])

    by_unconnected, by_x = run(program, tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0, 5.0]))
    assert_none(by_unconnected)
    assert_close(by_x, np.diag([2 * 1.0, 2 * 2.0]))


@clause(MUST, covers="JAC-09", needs="arrays jacobian unconnected_zero")
def test_the_jacobian_by_an_unconnected_source_is_zeros_on_request(tf, run):
    """With unconnected_gradients ZERO it is zeros of the target's shape and the source's."""

    def program(x, unconnected):
        with tf.GradientTape() as tape:
            tape.watch([x, unconnected])
            y = x * x
        zero = tf.UnconnectedGradients.ZERO
        return tape.jacobian(y, [unconnected, x], unconnected_gradients=zero)

    by_unconnected, by_x = run(program, tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0, 5.0]))
    assert_close(by_unconnected, np.zeros((2, 3)), dtype="float32")
    assert_close(by_x, np.diag([2 * 1.0, 2 * 2.0]))


@clause(MUST, covers="JAC-10", needs="arrays jacobian")
def test_a_tape_gives_one_jacobian(tf, run):
    """A tape that is not persistent gives a jacobian of many rows, and is used up by it."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        jacobian = tape.jacobian(y, x)
        with raises(RuntimeError):
            tape.jacobian(y, x)
        return jacobian

    jacobian = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(jacobian, np.diag([3 * 1.0**2, 3 * 2.0**2, 3 * 3.0**2]))


@clause(MUST, covers="JAC-10", needs="arrays jacobian persistent")
def test_a_persistent_tape_gives_jacobians_again(tf, run):
    """A persistent tape gives jacobians and gradients of its targets, and records nothing more."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x * x
        first, second = tape.jacobian(y, x), tape.jacobian(y, x)
        later = y * x
        return first, second, tape.gradient(y, x), tape.gradient(later, x)

    first, second, gradient, of_later = run(program, tf.constant([1.0, 2.0]))
    assert_close(first, np.diag([3 * 1.0**2, 3 * 2.0**2]))
    assert_close(second, np.diag([3 * 1.0**2, 3 * 2.0**2]))
    assert_close(gradient, [3 * 1.0**2, 3 * 2.0**2])
    assert_none(of_later)


@clause(MUST, covers="JAC-11", needs="persistent arrays jacobian pfor", modes="eager")
def test_a_jacobian_row_by_row_asks_for_a_persistent_tape(tf, run):
    """With experimental_use_pfor=False a tape that is not persistent raises RuntimeError.

    That holds for a scalar target too, which needs no more than one gradient. The documentation
    restricts it to eager execution.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x * x)
        with raises(RuntimeError, "persistent=True"):
            tape.jacobian(y, x, experimental_use_pfor=False)
        return y

    assert_close(run(program, tf.constant([1.0, 2.0])), 1.0**2 + 2.0**2)


@clause(MUST, covers="JAC-12", needs="arrays jacobian pfor persistent")
def test_the_jacobian_row_by_row_is_the_same(tf, run):
    """experimental_use_pfor=False gives the values that the vectorised jacobian gives.

    Of y = (x * x) W^T they are 2 W[i, j] x[j].
    """
    matrix, x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([7.0, 8.0, 9.0])

    def program(matrix, x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.reduce_sum(matrix * (x * x), axis=1)
        by_row = tape.jacobian(y, x, experimental_use_pfor=False)
        return by_row, tape.jacobian(y, x, experimental_use_pfor=True)

    by_row, vectorised = run(program, tf.constant(matrix, tf.float32), tf.constant(x, tf.float32))
    assert_close(by_row, 2 * matrix * x)
    assert_close(vectorised, 2 * matrix * x)


@clause(MUST, covers="JAC-12", needs="arrays jacobian pfor persistent")
def test_the_jacobians_row_by_row_come_in_the_structure_of_the_sources(tf, run):
    """experimental_use_pfor=False gives one jacobian for each of several sources."""

    def program(x, w):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            y = w * x * x
        return tape.jacobian(y, (w, x), experimental_use_pfor=False)

    jacobians = run(program, tf.constant([1.0, 2.0]), tf.constant(3.0))
    by_w, by_x = np.array([1.0**2, 2.0**2]), np.diag([2 * 3.0 * 1.0, 2 * 3.0 * 2.0])
    assert_structure(jacobians, (by_w, by_x))


@clause(SHOULD, covers="JAC-13", needs="arrays jacobian pfor persistent")
def test_parallel_iterations_do_not_change_the_jacobian(tf, run):
    """parallel_iterations says how many rows are computed at once, and changes no value."""
    x = np.array([1.0, 2.0, 3.0])

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x * tf.reduce_sum(x)
        in_parts = tape.jacobian(y, x, parallel_iterations=2)
        row_by_row = tape.jacobian(y, x, parallel_iterations=2, experimental_use_pfor=False)
        return in_parts, row_by_row

    expected = np.diag(2 * x * x.sum()) + (x**2)[:, np.newaxis]
    for jacobian in run(program, tf.constant(x, tf.float32)):
        assert_close(jacobian, expected)


@clause(SHOULD, covers="JAC-13", needs="arrays jacobian pfor")
def test_more_parallel_iterations_than_rows_need_no_persistent_tape(tf, run):
    """parallel_iterations larger than the target leaves the jacobian one vectorised pass."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, x, parallel_iterations=3)

    assert_close(run(program, tf.constant([1.0, 2.0])), np.diag([2 * 1.0, 2 * 2.0]))


@clause(MUST, covers="JAC-16", needs="arrays jacobian indexed_slices")
def test_the_jacobian_by_a_gathered_source_is_dense(tf, run):
    """Where the gradient is sparse, as IndexedSlices, the jacobian is a dense tensor.

    The element i, j, k, l is 1 where row i was gathered from row k and j is l.
    """
    rows = [2, 0, 2]

    def program(table):
        with tf.GradientTape() as tape:
            tape.watch(table)
            y = tf.gather(table, rows)
        jacobian = tape.jacobian(y, table)
        assert_equal(isinstance(jacobian, tf.IndexedSlices), False)
        return jacobian

    jacobian = run(program, tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]))
    assert_close(jacobian, np.einsum("ik,jl->ijkl", np.eye(4)[rows], np.eye(2)))


@clause(SHOULD, covers="JAC-17", needs="arrays jacobian")
def test_the_jacobian_of_an_empty_target_is_empty(tf, run):
    """A target without elements has a jacobian of its shape and the source's, without elements."""

    def program(x, none):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * none
        return tape.jacobian(y, x)

    jacobian = run(program, tf.constant([1.0, 2.0, 3.0]), tf.zeros([0, 1]))
    assert_close(jacobian, np.zeros((0, 3, 3)))


@clause(SHOULD, covers="JAC-17", needs="arrays jacobian pfor persistent", modes="eager function")
def test_the_jacobian_row_by_row_of_an_empty_target_by_a_scalar_is_empty(tf, run):
    """experimental_use_pfor=False gives an empty jacobian by a scalar of the target's shape.

    Not compiled by XLA, which has no list of rows without rows.
    """

    def program(x, none):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * none
        return tape.jacobian(y, x, experimental_use_pfor=False)

    assert_close(run(program, tf.constant(2.0), tf.zeros([0, 3])), np.zeros((0, 3)))


@clause(SHOULD, covers="JAC-17", needs="arrays jacobian pfor persistent", modes="eager function")
def test_the_jacobian_row_by_row_of_an_empty_target_by_a_vector_is_empty(tf, run):
    """experimental_use_pfor=False gives an empty jacobian of the target's and source's shape.

    Not compiled by XLA, which has no list of rows without rows.
    """

    def program(x, none):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * none
        return tape.jacobian(y, x, experimental_use_pfor=False)

    jacobian = run(program, tf.constant([1.0, 2.0, 3.0]), tf.zeros([0, 1]))
    assert_close(jacobian, np.zeros((0, 3, 3)))


@clause(SHOULD, covers="JAC-18", needs="arrays jacobian nested")
def test_a_jacobian_has_a_jacobian(tf, run):
    """The outer tape's jacobian of the inner jacobian has a dimension of the source for each.

    Of the diagonal 3 x^2 it has 6 x where all three indices agree.
    """

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            first = inner.jacobian(y, x)
        return first, outer.jacobian(first, x)

    first, second = run(program, tf.constant([1.0, 2.0]))
    assert_close(first, np.diag([3 * 1.0**2, 3 * 2.0**2]))
    assert_close(second, [[[6 * 1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 6 * 2.0]]])


@clause(SHOULD, covers="JAC-18", needs="arrays jacobian nested")
def test_a_jacobian_has_a_gradient(tf, run):
    """The outer tape differentiates an expression of the inner jacobian."""

    def program(x, weights):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * tf.reduce_sum(x)
            weighted = tf.reduce_sum(inner.jacobian(y, x) * weights)
        return outer.gradient(weighted, x)

    gradient = run(program, tf.constant([3.0, 5.0]), tf.constant([[0.0, 7.0], [0.0, 0.0]]))
    assert_close(gradient, [7.0 * 2 * 3.0, 0.0])


@clause(MUST, covers="JAC-19", needs="arrays jacobian graph", modes="eager")
def test_a_compiled_jacobian_takes_shapes_that_are_unknown_while_tracing(tf, run):
    """A program that is traced for any length gives jacobians of tensors of each length.

    It compiles itself, since the mode would trace the shapes of its arguments.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, x)

    compiled = tf.function(program, input_signature=[tf.TensorSpec([None], tf.float32)])
    assert_close(compiled(tf.constant([1.0, 2.0])), np.diag([2 * 1.0, 2 * 2.0]))
    assert_close(compiled(tf.constant([3.0, 4.0, 5.0])), np.diag([2 * 3.0, 2 * 4.0, 2 * 5.0]))


@clause(SHOULD, covers="JAC-19", needs="arrays jacobian graph", modes="eager")
def test_a_compiled_jacobian_takes_ranks_that_are_unknown_while_tracing(tf, run):
    """A program that is traced for any shape gives jacobians of scalars, vectors and so on.

    It compiles itself, since the mode would trace the shapes of its arguments.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, x)

    compiled = tf.function(program, input_signature=[tf.TensorSpec(None, tf.float32)])
    assert_close(compiled(tf.constant(3.0)), 2 * 3.0)
    assert_close(compiled(tf.constant([1.0, 2.0])), np.diag([2 * 1.0, 2 * 2.0]))


@clause(SHOULD, covers="JAC-20", needs="arrays jacobian pfor", modes="function jit")
def test_a_traced_jacobian_row_by_row_needs_no_persistent_tape(tf, run):
    """In a traced program experimental_use_pfor=False works on a tape that is not persistent."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, x, experimental_use_pfor=False)

    assert_close(run(program, tf.constant([1.0, 2.0])), np.diag([2 * 1.0, 2 * 2.0]))


@clause(
    SHOULD, covers="JAC-21", needs="arrays comparison jacobian control_flow", modes="eager function"
)
def test_the_jacobian_passes_a_conditional(tf, run):
    """The jacobian of a conditional is that of the branch that was taken."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * x, lambda: 5.0 * x)
        return tape.jacobian(y, x)

    assert_close(run(program, tf.constant([1.0, 2.0])), np.diag([2 * 1.0, 2 * 2.0]))


@clause(
    SHOULD, covers="JAC-21", needs="arrays comparison jacobian control_flow", modes="eager function"
)
def test_the_jacobian_passes_a_loop(tf, run):
    """The jacobian of a loop is that of all its iterations; two squarings make x^4.

    Not compiled by XLA, which asks for a bound on the number of iterations.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, y = tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * y), (0, x))
        return tape.jacobian(y, x)

    assert_close(run(program, tf.constant([1.0, 2.0])), np.diag([4 * 1.0**3, 4 * 2.0**3]))


@clause(SHOULD, covers="JAC-22", needs="arrays jacobian dtype-float")
def test_the_jacobian_has_the_dtype_of_the_source(tf, run):
    """The jacobian of float64 tensors is float64; by a source of another dtype it has that one."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = x * tf.cast(w, tf.float64)
        return tape.jacobian(y, [x, w])

    x, w = tf.constant([1.0, 2.0], tf.float64), tf.constant([3.0, 4.0], tf.float32)
    by_x, by_w = run(program, x, w)
    assert_close(by_x, np.diag([3.0, 4.0]), dtype="float64")
    assert_close(by_w, np.diag([1.0, 2.0]), dtype="float32")


@clause(
    SHOULD,
    covers="JAC-22",
    needs="arrays jacobian pfor persistent dtype-float",
    modes="eager function",
)
def test_the_jacobian_row_by_row_has_the_dtype_of_the_source(tf, run):
    """experimental_use_pfor=False gives each jacobian the dtype of its source, not the target's.

    Not asked of the optimising compiler, under which a tape that mistakes the dtypes may read
    memory that is not its own.
    """

    def program(x, w):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            y = x * tf.cast(w, tf.float64)
        return tape.jacobian(y, [x, w], experimental_use_pfor=False)

    x, w = tf.constant([1.0, 2.0], tf.float64), tf.constant([3.0, 4.0], tf.float32)
    by_x, by_w = run(program, x, w)
    assert_close(by_x, np.diag([3.0, 4.0]), dtype="float64")
    assert_close(by_w, np.diag([1.0, 2.0]), dtype="float32")


@clause(SHOULD, covers="JAC-24", needs="persistent arrays jacobian dtype-int")
def test_integers_have_no_jacobian(tf, run):
    """The jacobian of an integer target, or by an integer source, is None."""

    def program(x, n):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, n])
            of_integers = n * n
            of_floats = x * tf.cast(n, tf.float32)
        by_x, by_n = tape.jacobian(of_floats, [x, n])
        return tape.jacobian(of_integers, n), by_n, by_x

    of_integers, by_n, by_x = run(program, tf.constant([1.0, 2.0]), tf.constant([3, 4]))
    assert_none(of_integers)
    assert_none(by_n)
    assert_close(by_x, np.diag([3.0, 4.0]))


@clause(SHOULD, covers="JAC-26", needs="arrays jacobian")
def test_the_jacobian_by_an_intermediate_result(tf, run):
    """A source may be a result that was computed on the way to the target."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = x * x
            y = z * z
        return tape.jacobian(y, z)

    assert_close(run(program, tf.constant([1.0, 2.0])), np.diag([2 * 1.0**2, 2 * 2.0**2]))


@clause(MUST, covers="JAC-27", needs="arrays jacobian")
def test_the_jacobian_of_a_matrix_by_a_matrix_has_four_dimensions(tf, run):
    """The jacobian of a matrix by a matrix holds the derivative of each element by each.

    Of Y = X X the derivative of Y[i, j] by X[k, l] is X[l, j] where i is k plus X[i, k] where
    j is l.
    """
    x = np.array([[1.0, 2.0], [3.0, 5.0]])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.matmul(x, x)
        return tape.jacobian(y, x)

    one = np.eye(2)
    expected = np.einsum("ik,lj->ijkl", one, x) + np.einsum("ik,jl->ijkl", x, one)
    assert_close(run(program, tf.constant(x, tf.float32)), expected)


@clause(SHOULD, covers="JAC-28", needs="arrays jacobian nested")
def test_a_newton_step_solves_a_quadratic(tf, run):
    """One Newton step with the Hessian by jacobian() reaches the minimum of a quadratic.

    The gradient of x^T A x / 2 - b^T x is A x - b, zero at the solution of A x = b.
    """
    a, solution = np.array([[4.0, 1.0], [1.0, 2.0]]), np.array([3.0, -5.0])

    def program(a, b, x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = 0.5 * tf.reduce_sum(x * tf.reduce_sum(a * x, axis=1)) - tf.reduce_sum(b * x)
            gradient = inner.gradient(y, x)
        return gradient, outer.jacobian(gradient, x)

    b = tf.constant(a @ solution, tf.float32)
    gradient, hessian = run(program, tf.constant(a, tf.float32), b, tf.constant([10.0, 20.0]))
    assert_close(hessian, a)
    step = np.linalg.solve(np.asarray(hessian), np.asarray(gradient))
    assert_close(np.array([10.0, 20.0], np.float32) - step, solution, magnitude=20.0)


@clause(SHOULD, covers="JAC-29", needs="arrays jacobian graph", modes="eager")
def test_a_compiled_jacobian_is_computed_anew_for_each_call(tf, run):
    """A program with a jacobian that is compiled once gives the right values on every call.

    The documentation recommends to compile programs with jacobians, for their speed.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.jacobian(y, x)

    compiled = tf.function(program)
    assert_close(compiled(tf.constant([1.0, 2.0])), np.diag([3 * 1.0**2, 3 * 2.0**2]))
    assert_close(compiled(tf.constant([4.0, 5.0])), np.diag([3 * 4.0**2, 3 * 5.0**2]))


@clause(SHOULD, covers="JAC-32", needs="arrays jacobian struct")
def test_a_source_that_is_named_twice_gets_its_jacobian_twice(tf, run):
    """Each place of a source in the structure holds its whole jacobian."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, {"a": x, "b": {"c": [x]}})

    jacobians = run(program, tf.constant([1.0, 2.0]))
    expected = np.diag([2 * 1.0, 2 * 2.0])
    assert_structure(jacobians, {"a": expected, "b": {"c": [expected]}})


@clause(OBSERVED, covers="JAC-14", needs="arrays jacobian pfor")
def test_fewer_parallel_iterations_than_rows_fail_on_a_used_up_tape(tf, run):
    """parallel_iterations below the target's size on a non-persistent tape raises ValueError.

    The rows are traced more than once, which uses up the tape. The documentation does not say
    so; batch_jacobian() names the cause.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError, "vectoriz"):
            tape.jacobian(y, x, parallel_iterations=2)
        return y

    assert_close(run(program, tf.constant([1.0, 2.0, 3.0, 4.0])), [1.0, 4.0, 9.0, 16.0])


@clause(OBSERVED, covers="JAC-15", needs="arrays jacobian pfor persistent")
def test_one_parallel_iteration_is_refused_by_vectorisation(tf, run):
    """parallel_iterations=1 raises a ValueError that advises to set experimental_use_pfor."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError, "vectoriz", "experimental_use_pfor"):
            tape.jacobian(y, x, parallel_iterations=1)
        return y

    assert_close(run(program, tf.constant([1.0, 2.0])), [1.0**2, 2.0**2])


@clause(OBSERVED, covers="JAC-23", needs="arrays jacobian variables")
def test_a_variable_is_a_target_of_a_jacobian(tf, run):
    """A variable as target is read on the tape; its jacobian by itself is the identity."""
    variable = tf.Variable([1.0, 2.0])

    def program():
        with tf.GradientTape() as tape:
            tape.watch(variable)
        return tape.jacobian(variable, variable)

    assert_close(run(program), np.eye(2))


@clause(OBSERVED, covers="JAC-25", needs="arrays jacobian pfor nn")
def test_an_operation_that_cannot_be_vectorised_is_looped_over(tf, run):
    """The jacobian of an operation without vectorised form is computed nevertheless.

    Local response normalisation over two channels is x / (1 + s) with s the sum of squares; its
    derivative is 1 / (1 + s) on the diagonal, less 2 x_i x_j / (1 + s)^2.
    """
    x = np.array([1.0, 2.0])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.local_response_normalization(x, depth_radius=1, beta=1.0)
        return tape.jacobian(y, x)

    jacobian = run(program, tf.constant(x.reshape(1, 1, 1, 2), tf.float32))
    divisor = 1 + np.sum(x**2)
    expected = np.eye(2) / divisor - 2 * np.outer(x, x) / divisor**2
    assert_close(jacobian, expected.reshape(1, 1, 1, 2, 1, 1, 1, 2))


@clause(OBSERVED, covers="JAC-30", needs="arrays jacobian pfor persistent unconnected_zero")
def test_the_jacobian_row_by_row_by_an_unconnected_source(tf, run):
    """experimental_use_pfor=False gives None or zeros for an unconnected source, too."""

    def program(x, unconnected):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, unconnected])
            y = x * x
        none = tape.jacobian(y, unconnected, experimental_use_pfor=False)
        zero = tf.UnconnectedGradients.ZERO
        return none, tape.jacobian(y, unconnected, zero, experimental_use_pfor=False)

    none, zeros = run(program, tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0, 5.0]))
    assert_none(none)
    assert_close(zeros, np.zeros((2, 3)))


@clause(OBSERVED, covers="JAC-31", needs="arrays jacobian complex")
def test_a_complex_jacobian_is_conjugated(tf, run):
    """The jacobian of a complex function is the conjugate of its derivative, as in gradient()."""

    def program(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            w = z * z
        return tape.jacobian(w, z)

    jacobian = run(program, tf.constant([1.0 + 2.0j, 3.0j], tf.complex64))
    assert_close(jacobian, np.diag(np.conj([2 * (1.0 + 2.0j), 2 * 3.0j])), dtype="complex64")
