"""Batch jacobians: a jacobian for each example of a batch."""

import numpy as np

from tapecheck import MUST, OBSERVED, SHOULD, assert_close, assert_none, clause, raises


def diagonals(rows):
    """For each of `rows` the square matrix with the row on its diagonal."""
    return np.asarray(rows)[:, :, np.newaxis] * np.eye(np.shape(rows)[1])


def jacobians_of_squares_times(x, kernel):
    """The jacobian of each row of (x * x) K by the same row of x: 2 x[b, i] K[i, j] at b, j, i."""
    return np.einsum("bi,ij->bji", 2 * x, kernel)


@clause(MUST, covers="BJA-01", needs="arrays batch_jacobian")
def test_the_batch_jacobian_holds_the_jacobian_of_each_example(tf, run):
    """The batch jacobian of x * x has 2 x of each example on the diagonal of its matrix."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.batch_jacobian(y, x)

    jacobians = run(program, tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    assert_close(jacobians, [[[2 * 1.0, 0.0], [0.0, 2 * 2.0]], [[2 * 3.0, 0.0], [0.0, 2 * 4.0]]])


@clause(MUST, covers="BJA-02", needs="arrays batch_jacobian")
def test_the_shape_is_batch_then_target_then_source(tf, run):
    """The batch jacobian has the batch first, then the target's dimensions, then the source's."""
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    kernel = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]])

    def program(x, kernel):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.matmul(x * x, kernel)
        return tape.batch_jacobian(y, x)

    jacobians = run(program, tf.constant(x, tf.float32), tf.constant(kernel, tf.float32))
    assert_close(jacobians, jacobians_of_squares_times(x, kernel))


@clause(MUST, covers="BJA-03", needs="arrays batch_jacobian jacobian persistent")
def test_the_batch_jacobian_is_the_diagonal_of_the_jacobian(tf, run):
    """Where examples are independent the jacobian has the batch jacobian on its batch diagonal.

    It is zero elsewhere, so that its sum over the batch of the source is the batch jacobian too.
    """
    x, kernel = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1.0], [5.0], [-2.0]])

    def program(x, kernel):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.matmul(x * x, kernel)
        full = tape.jacobian(y, x)
        return full, tf.reduce_sum(full, axis=2), tape.batch_jacobian(y, x)

    full, summed, batched = run(
        program, tf.constant(x, tf.float32), tf.constant(kernel, tf.float32)
    )
    expected = jacobians_of_squares_times(x, kernel)
    assert_close(full, np.einsum("bji,bc->bjci", expected, np.eye(2)))
    assert_close(summed, expected)
    assert_close(batched, expected)


@clause(MUST, covers="BJA-04", needs="arrays batch_jacobian")
def test_batches_of_different_size_are_refused(tf, run):
    """A target whose first dimension is not that of the source raises ValueError."""

    def program(x, mixing):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.matmul(mixing, x)
        with raises(ValueError, "first dimension"):
            tape.batch_jacobian(y, x)
        return y

    mixing = tf.constant([[1.0, 1.0], [2.0, 0.0], [0.0, 1.0]])
    target = run(program, tf.constant([[1.0, 2.0], [3.0, 4.0]]), mixing)
    assert_close(target, [[1.0 + 3.0, 2.0 + 4.0], [2 * 1.0, 2 * 2.0], [3.0, 4.0]])


@clause(MUST, covers="BJA-05", needs="arrays batch_jacobian")
def test_a_source_without_rows_is_refused(tf, run):
    """A source of rank 1, whose examples have no dimension, raises ValueError.

    The rank is documented; the class of the error is that of upstream tests.
    """

    def program(x, row):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reshape(x, [2, 1]) * row
        with raises(ValueError, "rank at least 2"):
            tape.batch_jacobian(y, x)
        return y

    target = run(program, tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]))
    assert_close(target, [[1.0 * 3.0, 1.0 * 4.0], [2.0 * 3.0, 2.0 * 4.0]])


@clause(MUST, covers="BJA-05", needs="arrays batch_jacobian")
def test_a_target_without_rows_is_refused(tf, run):
    """A target of rank 1, whose examples have no dimension, raises ValueError.

    The rank is documented; the class of the error is that of upstream tests.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x, axis=1)
        with raises(ValueError, "rank at least 2"):
            tape.batch_jacobian(y, x)
        return y

    assert_close(run(program, tf.constant([[1.0, 2.0], [3.0, 4.0]])), [1.0 + 2.0, 3.0 + 4.0])


@clause(MUST, covers="BJA-06", needs="arrays batch_jacobian")
def test_the_source_of_a_batch_jacobian_is_a_single_tensor(tf, run):
    """A list of sources is refused: unlike that of jacobian() the source is a single tensor.

    Of which class the error is, is not documented.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises((TypeError, ValueError, AttributeError)):
            tape.batch_jacobian(y, [x])
        return y

    assert_close(run(program, tf.constant([[1.0, 2.0]])), [[1.0**2, 2.0**2]])


@clause(OBSERVED, covers="BJA-06", needs="arrays batch_jacobian")
def test_a_list_of_sources_is_an_attribute_error(tf, run):
    """A list of sources raises AttributeError, and the tape still gives a gradient afterwards."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(AttributeError, "shape"):
            tape.batch_jacobian(y, [x])
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([[1.0, 2.0]])), [[2 * 1.0, 2 * 2.0]])


@clause(MUST, covers="BJA-08", needs="persistent arrays batch_jacobian pfor", modes="eager")
def test_a_batch_jacobian_column_by_column_asks_for_a_persistent_tape(tf, run):
    """With experimental_use_pfor=False a tape that is not persistent raises RuntimeError.

    That holds for a target of one column too, which needs no more than one gradient. The
    documentation restricts it to eager execution.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x * x, axis=1, keepdims=True)
        with raises(RuntimeError, "persistent=True"):
            tape.batch_jacobian(y, x, experimental_use_pfor=False)
        return y

    assert_close(run(program, tf.constant([[1.0, 2.0]])), [[1.0**2 + 2.0**2]])


@clause(SHOULD, covers="BJA-08", needs="arrays batch_jacobian pfor", modes="function jit")
def test_a_traced_batch_jacobian_column_by_column_needs_no_persistent_tape(tf, run):
    """In a traced program experimental_use_pfor=False works on a tape that is not persistent."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.batch_jacobian(y, x, experimental_use_pfor=False)

    assert_close(run(program, tf.constant([[1.0, 2.0]])), diagonals([[2 * 1.0, 2 * 2.0]]))


@clause(MUST, covers="BJA-08", needs="arrays batch_jacobian pfor persistent")
def test_the_batch_jacobian_column_by_column_is_the_same(tf, run):
    """experimental_use_pfor=False gives the values that the vectorised batch jacobian gives."""
    x, kernel = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1, 2], [3, 5], [-2, 4]])

    def program(x, kernel):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.matmul(x * x, kernel)
        by_column = tape.batch_jacobian(y, x, experimental_use_pfor=False)
        return by_column, tape.batch_jacobian(y, x, experimental_use_pfor=True)

    for jacobians in run(program, tf.constant(x, tf.float32), tf.constant(kernel, tf.float32)):
        assert_close(jacobians, jacobians_of_squares_times(x, kernel))


@clause(SHOULD, covers="BJA-09", needs="persistent arrays batch_jacobian pfor")
def test_a_batch_jacobian_in_parts_asks_for_a_persistent_tape(tf, run):
    """Fewer parallel_iterations than target columns on a non-persistent tape: RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(RuntimeError, "persistent=True", "parallel_iterations"):
            tape.batch_jacobian(y, x, parallel_iterations=2)
        return y

    target = run(program, tf.constant([[1.0, 2.0, 3.0, 4.0]]))
    assert_close(target, [[1.0**2, 2.0**2, 3.0**2, 4.0**2]])


@clause(SHOULD, covers="BJA-09", needs="arrays batch_jacobian pfor")
def test_more_parallel_iterations_than_columns_need_no_persistent_tape(tf, run):
    """parallel_iterations larger than a target row leaves the batch jacobian one pass."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.batch_jacobian(y, x, parallel_iterations=3)

    assert_close(run(program, tf.constant([[1.0, 2.0]])), diagonals([[2 * 1.0, 2 * 2.0]]))


@clause(SHOULD, covers="BJA-10", needs="arrays batch_jacobian pfor persistent")
def test_parallel_iterations_do_not_change_the_batch_jacobian(tf, run):
    """parallel_iterations says how many columns are computed at once, and changes no value."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    kernel = np.array([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]])

    def program(x, kernel):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.matmul(x * x, kernel)
        in_parts = tape.batch_jacobian(y, x, parallel_iterations=2)
        by_column = tape.batch_jacobian(y, x, parallel_iterations=2, experimental_use_pfor=False)
        return in_parts, by_column

    for jacobians in run(program, tf.constant(x, tf.float32), tf.constant(kernel, tf.float32)):
        assert_close(jacobians, jacobians_of_squares_times(x, kernel))


@clause(MUST, covers="BJA-11", needs="arrays batch_jacobian")
def test_examples_that_depend_on_each_other_are_not_refused(tf, run):
    """Where examples depend on each other the batch jacobian has the same shape as ever.

    The documentation says that its values then have no clear meaning.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x, axis=0) * x
        return 0.0 * tape.batch_jacobian(y, x)

    jacobians = run(program, tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    assert_close(jacobians, np.zeros((2, 3, 3)))


@clause(OBSERVED, covers="BJA-11", needs="arrays batch_jacobian")
def test_dependencies_between_examples_are_summed(tf, run):
    """The batch jacobian is the gradient, by each example, of the target summed over the batch.

    With s the sum of the batch the target sums to s^2, whose derivative is 2 s for each example.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x, axis=0) * x
        return tape.batch_jacobian(y, x)

    jacobians = run(program, tf.constant([[1.0, 2.0], [4.0, 5.0]]))
    assert_close(jacobians, 2 * [np.diag([2 * (1.0 + 4.0), 2 * (2.0 + 5.0)])])


@clause(SHOULD, covers="BJA-12", needs="arrays batch_jacobian")
def test_the_batch_jacobian_of_empty_examples_is_empty(tf, run):
    """Examples without elements have batch jacobians of the documented shape, without elements."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.batch_jacobian(y, x)

    assert_close(run(program, tf.zeros([1, 0])), np.zeros((1, 0, 0)))


@clause(
    SHOULD, covers="BJA-12", needs="arrays batch_jacobian pfor persistent", modes="eager function"
)
def test_the_batch_jacobian_column_by_column_of_empty_examples_is_empty(tf, run):
    """experimental_use_pfor=False gives an empty batch jacobian of the same shape.

    Not compiled by XLA, which has no list of columns without columns.
    """

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        return tape.batch_jacobian(y, x, experimental_use_pfor=False)

    assert_close(run(program, tf.zeros([1, 0])), np.zeros((1, 0, 0)))


@clause(MUST, covers="BJA-14", needs="arrays batch_jacobian")
def test_examples_may_have_any_rank(tf, run):
    """The batch jacobian keeps all dimensions of a target's and a source's example.

    Of the squares of x, transposed, the element b, l, k, m, n is 2 x[b, k, l] where k, l is m, n.
    """
    x = np.arange(1.0, 13.0).reshape(2, 2, 3)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.transpose(x * x, [0, 2, 1])
        return tape.batch_jacobian(y, x)

    jacobians = run(program, tf.constant(x, tf.float32))
    assert_close(jacobians, np.einsum("bkl,km,ln->blkmn", 2 * x, np.eye(2), np.eye(3)))


@clause(SHOULD, covers="BJA-15", needs="arrays batch_jacobian graph", modes="eager")
def test_a_compiled_batch_jacobian_takes_batches_of_any_size(tf, run):
    """A program that is traced for any batch size gives the batch jacobian of each batch.

    It compiles itself, since the mode would trace the shapes of its arguments.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.batch_jacobian(y, x)

    compiled = tf.function(program, input_signature=[tf.TensorSpec([None, None], tf.float32)])
    for batch in ([[1.0, 2.0]], [[3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]):
        assert_close(compiled(tf.constant(batch)), diagonals(2 * np.array(batch)))


@clause(SHOULD, covers="BJA-15", needs="arrays batch_jacobian graph", modes="eager")
def test_batches_of_different_size_are_refused_when_a_compiled_program_runs(tf, run):
    """Batch sizes that tracing did not know and that differ raise InvalidArgumentError."""

    def program(x, mixing):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.matmul(mixing, x)
        return tape.batch_jacobian(y, x)

    unknown = tf.TensorSpec([None, None], tf.float32)
    compiled = tf.function(program, input_signature=[unknown, unknown])
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    once = compiled(x, tf.constant([[5.0, 0.0], [0.0, 6.0]]))
    assert_close(once, [[[5.0, 0.0], [0.0, 5.0]], [[6.0, 0.0], [0.0, 6.0]]])
    with raises(tf.errors.InvalidArgumentError):
        compiled(x, tf.constant([[1.0, 1.0], [2.0, 0.0], [0.0, 1.0], [0.0, 2.0]]))


@clause(OBSERVED, covers="BJA-15", needs="arrays batch_jacobian graph", modes="eager")
def test_a_rank_that_is_unknown_while_tracing_is_refused(tf, run):
    """A target or source of unknown rank raises ValueError while the program is traced."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError, "first dimension"):
            tape.batch_jacobian(y, x)
        return y

    compiled = tf.function(program, input_signature=[tf.TensorSpec(None, tf.float32)])
    assert_close(compiled(tf.constant([[1.0, 2.0]])), [[1.0**2, 2.0**2]])


@clause(SHOULD, covers="BJA-16", needs="arrays batch_jacobian variables")
def test_a_variable_is_the_source_of_a_batch_jacobian(tf, run):
    """The batch jacobian by a trainable variable needs no watch()."""
    variable = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    def program():
        with tf.GradientTape() as tape:
            y = variable * variable
        return tape.batch_jacobian(y, variable)

    assert_close(run(program), diagonals([[2 * 1.0, 2 * 2.0], [2 * 3.0, 2 * 4.0]]))


@clause(SHOULD, covers="BJA-17", needs="arrays batch_jacobian nested")
def test_a_batch_jacobian_has_a_gradient(tf, run):
    """The outer tape differentiates an expression of the inner batch jacobian."""
    x, kernel = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0], [5.0]])
    weights = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])

    def program(x, kernel, weights):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.matmul(x * x * x, kernel)
            weighted = tf.reduce_sum(inner.batch_jacobian(y, x) * weights)
        return outer.gradient(weighted, x)

    arguments = [tf.constant(value, tf.float32) for value in (x, kernel, weights)]
    assert_close(run(program, *arguments), 6 * x * kernel[:, 0] * weights[:, 0])


@clause(SHOULD, covers="BJA-17", needs="arrays batch_jacobian nested")
def test_the_batch_jacobian_of_a_gradient_is_the_hessian_of_each_example(tf, run):
    """The outer tape's batch jacobian of the inner gradient holds a Hessian for each example.

    Of x[0]^2 x[1], summed over the batch, it is [[2 x[1], 2 x[0]], [2 x[0], 0]].
    """

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(x[:, 0] * x[:, 0] * x[:, 1])
            gradient = inner.gradient(y, x)
        return outer.batch_jacobian(gradient, x)

    hessians = run(program, tf.constant([[1.0, 2.0], [3.0, 5.0]]))
    first, second = [[2 * 2.0, 2 * 1.0], [2 * 1.0, 0.0]], [[2 * 5.0, 2 * 3.0], [2 * 3.0, 0.0]]
    assert_close(hessians, [first, second])


@clause(MUST, covers="BJA-18", needs="arrays batch_jacobian")
def test_a_tape_gives_one_batch_jacobian(tf, run):
    """A tape that is not persistent refuses a second batch jacobian with a RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        jacobians = tape.batch_jacobian(y, x)
        with raises(RuntimeError):
            tape.batch_jacobian(y, x)
        return jacobians

    assert_close(run(program, tf.constant([[1.0, 2.0]])), diagonals([[2 * 1.0, 2 * 2.0]]))


@clause(MUST, covers="BJA-18", needs="arrays batch_jacobian persistent")
def test_a_persistent_tape_gives_batch_jacobians_again(tf, run):
    """A persistent tape gives batch jacobians and gradients, and records nothing more."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        first, second = tape.batch_jacobian(y, x), tape.batch_jacobian(y, x)
        later = y * x
        return first, second, tape.gradient(y, x), tape.gradient(later, x)

    first, second, gradient, of_later = run(program, tf.constant([[1.0, 2.0]]))
    assert_close(first, diagonals([[2 * 1.0, 2 * 2.0]]))
    assert_close(second, diagonals([[2 * 1.0, 2 * 2.0]]))
    assert_close(gradient, [[2 * 1.0, 2 * 2.0]])
    assert_none(of_later)


@clause(SHOULD, covers="BJA-19", needs="arrays batch_jacobian dtype-int", modes="eager function")
def test_the_batch_jacobian_passes_a_slice_whose_bounds_are_tensors(tf, run):
    """A target may be a slice whose bounds are known only when the program runs.

    Not compiled by XLA, which asks for shapes that are known beforehand.
    """

    def program(x, end):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x[:, :end] * x[:, :end]
        return tape.batch_jacobian(y, x)

    jacobians = run(program, tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), tf.constant(2))
    first, second = [[2 * 1.0, 0.0, 0.0], [0.0, 2 * 2.0, 0.0]], [[8.0, 0.0, 0.0], [0.0, 10.0, 0.0]]
    assert_close(jacobians, [first, second])


@clause(SHOULD, covers="BJA-21", needs="arrays batch_jacobian persistent")
def test_batch_jacobians_follow_the_order_of_the_examples(tf, run):
    """Examples in another order give the same jacobians in that other order."""
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    kernel = np.array([[1.0], [7.0]])
    order = [2, 0, 1]

    def program(x, reordered, kernel):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, reordered])
            y = tf.matmul(x * x, kernel)
            z = tf.matmul(reordered * reordered, kernel)
        return tape.batch_jacobian(y, x), tape.batch_jacobian(z, reordered)

    arguments = [tf.constant(value, tf.float32) for value in (x, x[order], kernel)]
    jacobians, of_reordered = run(program, *arguments)
    expected = jacobians_of_squares_times(x, kernel)
    assert_close(jacobians, expected)
    assert_close(of_reordered, expected[order])


@clause(OBSERVED, covers="BJA-20", needs="arrays batch_jacobian dtype-float")
def test_the_batch_jacobian_by_an_unconnected_source_is_zeros(tf, run):
    """The batch jacobian by an unconnected source is zeros of the target's dtype, never None.

    The documentation promises None by default, as jacobian() gives it.
    """

    def program(x, unconnected):
        with tf.GradientTape() as tape:
            tape.watch([x, unconnected])
            y = x * x
        return tape.batch_jacobian(y, unconnected)

    x, unconnected = tf.constant([[1.0, 2.0]], tf.float64), tf.constant([[1.0, 2.0, 3.0]])
    assert_close(run(program, x, unconnected), np.zeros((1, 2, 3)), dtype="float64")


@clause(MUST, covers="BJA-07", needs="arrays batch_jacobian")
def test_the_batch_jacobian_by_an_unconnected_source_is_none(tf, run):
    """The batch jacobian by a source that the target does not depend on is None by default."""

    def program(x, unconnected):
        with tf.GradientTape() as tape:
            tape.watch([x, unconnected])
            y = x * x
        return tape.batch_jacobian(y, unconnected)

    jacobians = run(program, tf.constant([[1.0, 2.0]]), tf.constant([[1.0, 2.0, 3.0]]))
    assert_none(jacobians)


@clause(MUST, covers="BJA-07", needs="arrays batch_jacobian unconnected_zero")
def test_the_batch_jacobian_by_an_unconnected_source_is_zeros_on_request(tf, run):
    """With unconnected_gradients ZERO the batch jacobian by an unconnected source is zeros."""

    def program(x, unconnected):
        with tf.GradientTape() as tape:
            tape.watch([x, unconnected])
            y = x * x
        zero = tf.UnconnectedGradients.ZERO
        return tape.batch_jacobian(y, unconnected, unconnected_gradients=zero)

    jacobians = run(program, tf.constant([[1.0, 2.0]]), tf.constant([[1.0, 2.0, 3.0]]))
    assert_close(jacobians, np.zeros((1, 2, 3)))


@clause(OBSERVED, covers="BJA-10", needs="arrays batch_jacobian pfor persistent")
def test_one_parallel_iteration_is_refused_by_vectorisation(tf, run):
    """parallel_iterations=1 raises a ValueError that advises to set experimental_use_pfor."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError, "vectoriz", "experimental_use_pfor"):
            tape.batch_jacobian(y, x, parallel_iterations=1)
        return y

    assert_close(run(program, tf.constant([[1.0, 2.0]])), [[1.0**2, 2.0**2]])


@clause(OBSERVED, covers="BJA-13", needs="arrays batch_jacobian")
def test_an_empty_batch_is_a_division_by_zero(tf, run):
    """A batch without examples raises ZeroDivisionError where its size is known while tracing."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ZeroDivisionError):
            tape.batch_jacobian(y, x)
        return y

    assert_close(run(program, tf.zeros([0, 2])), np.zeros((0, 2)))


@clause(OBSERVED, covers="BJA-20", needs="arrays batch_jacobian pfor persistent unconnected_zero")
def test_the_batch_jacobian_column_by_column_by_an_unconnected_source_is_zeros(tf, run):
    """experimental_use_pfor=False gives zeros by an unconnected source, asked for or not."""

    def program(x, unconnected):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, unconnected])
            y = x * x
        zero = tf.UnconnectedGradients.ZERO
        return (
            tape.batch_jacobian(y, unconnected, experimental_use_pfor=False),
            tape.batch_jacobian(y, unconnected, zero, experimental_use_pfor=False),
        )

    for jacobians in run(program, tf.constant([[1.0, 2.0]]), tf.constant([[1.0, 2.0, 3.0]])):
        assert_close(jacobians, np.zeros((1, 2, 3)))
