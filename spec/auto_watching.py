"""Automatic watching: the trainable variables that a tape follows without being told."""

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    assert_structure,
    clause,
    raises,
)


@clause(MUST, covers="AUT-01", needs="variables")
def test_a_trainable_variable_is_watched_when_it_is_read(tf, run):
    """A tape watches a trainable variable by itself when the variable is read in the block."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = variable * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 2 * 3.0)


@clause(MUST, covers="AUT-02", needs="variables")
def test_a_variable_that_is_not_trainable_is_not_watched(tf, run):
    """A tape does not watch a variable made with trainable=False: its gradient is None."""
    variable = tf.Variable(3.0)
    frozen = tf.Variable(5.0, trainable=False)

    def program():
        with tf.GradientTape() as tape:
            y = variable * frozen
        return tape.gradient(y, [variable, frozen])

    of_variable, of_frozen = run(program)
    assert_close(of_variable, 5.0)
    assert_none(of_frozen)


@clause(MUST, covers="AUT-04", needs="variables")
def test_of_four_kinds_of_tensor_only_a_trainable_variable_is_watched(tf, run):
    """Of two variables, a sum and a constant a tape watches only the trainable variable.

    The sum is a tensor that was computed from a trainable variable before the block.
    """
    trainable = tf.Variable(3.0)
    frozen = tf.Variable(5.0, trainable=False)
    summand = tf.Variable(6.0)

    def program(constant):
        total = summand + 1.0
        with tf.GradientTape() as tape:
            y = trainable * trainable + frozen * frozen + total * total + constant * constant
        assert_equal(len(tape.watched_variables()), 1)
        assert_same(tape.watched_variables()[0], trainable)
        return tape.gradient(y, [trainable, frozen, total, constant])

    assert_structure(run(program, tf.constant(9.0)), [2 * 3.0, None, None, None])


@clause(MUST, covers="AUT-05", needs="variables")
def test_automatic_watching_can_be_turned_off(tf, run):
    """A tape built with watch_accessed_variables=False watches no variable by itself."""
    variable = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = x * variable
        assert_equal(tape.watched_variables(), ())
        return tape.gradient(y, [x, variable])

    of_x, of_variable = run(program, tf.constant(3.0))
    assert_close(of_x, 5.0)
    assert_none(of_variable)


@clause(MUST, covers="AUT-06", needs="variables")
def test_without_automatic_watching_variables_are_chosen(tf, run):
    """A tape built with watch_accessed_variables=False follows the variables given to watch."""
    chosen = tf.Variable(3.0)
    other = tf.Variable(5.0)

    def program():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(chosen)
            y = chosen * chosen * other
        return tape.gradient(y, [other, chosen])

    of_other, of_chosen = run(program)
    assert_none(of_other)
    assert_close(of_chosen, 2 * 3.0 * 5.0)


@clause(MUST, covers="AUT-07", needs="variables persistent")
def test_a_result_of_variables_that_are_not_chosen_has_no_gradient(tf, run):
    """Beside a chosen variable, a power of another one has the gradient None."""
    x = tf.Variable(2.0)
    w = tf.Variable(5.0)

    def program():
        with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
            tape.watch(x)
            y = x**2
            z = w**3
        return tape.gradient(y, x), tape.gradient(z, w)

    dy_dx, dz_dw = run(program)
    assert_close(dy_dx, 2 * 2.0)
    assert_none(dz_dw)


@clause(MUST, covers="AUT-08", needs="arrays variables keras", modes="eager")
def test_a_layer_that_is_not_built_has_nothing_to_watch(tf, run):
    """watch of the variables of a layer before it is built watches nothing.

    The layer has no variables until it is called, so that all its gradients are None. A traced
    program may not create variables, hence eager execution alone.
    """
    layer = tf.keras.layers.Dense(2)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(layer.variables)
        y = layer(tf.constant([[3.0, 5.0]]))
    assert_structure(tape.gradient(y, layer.variables), [None, None])


@clause(MUST, covers="AUT-09", needs="variables")
def test_a_variable_that_was_read_before_the_block_is_a_constant(tf, run):
    """What was read from a variable before the block is a constant to the tape.

    The sum is read before the block, so that the derivative of sum * variable is the sum.
    """
    variable = tf.Variable(3.0)

    def program():
        total = variable + 1.0
        with tf.GradientTape() as tape:
            y = total * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 3.0 + 1.0)


@clause(MUST, covers="AUT-10", needs="arrays variables")
def test_an_operator_reads_a_variable(tf, run):
    """An operator between a variable and a tensor, on either side, watches the variable."""
    variable = tf.Variable([3.0, 5.0])

    def program(a, b):
        with tf.GradientTape() as tape:
            y = variable * a + b * variable
        return tape.gradient(y, variable)

    gradient = run(program, tf.constant([2.0, 7.0]), tf.constant([10.0, 100.0]))
    assert_close(gradient, [2.0 + 10.0, 7.0 + 100.0])


@clause(MUST, covers="AUT-10", needs="arrays variables")
def test_value_and_read_value_read_a_variable(tf, run):
    """value() and read_value() watch the variable."""
    variable = tf.Variable([3.0, 5.0])

    def program(a, b):
        with tf.GradientTape() as tape:
            y = variable.value() * a + variable.read_value() * b
        return tape.gradient(y, variable)

    gradient = run(program, tf.constant([2.0, 7.0]), tf.constant([10.0, 100.0]))
    assert_close(gradient, [2.0 + 10.0, 7.0 + 100.0])


@clause(MUST, covers="AUT-10", needs="arrays variables")
def test_conversion_and_identity_read_a_variable(tf, run):
    """convert_to_tensor and identity watch the variable."""
    variable = tf.Variable([3.0, 5.0])

    def program(a, b):
        with tf.GradientTape() as tape:
            y = tf.convert_to_tensor(variable) * a + tf.identity(variable) * b
        return tape.gradient(y, variable)

    gradient = run(program, tf.constant([2.0, 7.0]), tf.constant([10.0, 100.0]))
    assert_close(gradient, [2.0 + 10.0, 7.0 + 100.0])


@clause(MUST, covers="AUT-10", needs="arrays variables")
def test_an_index_and_a_slice_read_a_variable(tf, run):
    """Indexing and slicing watch the variable, and the gradient has the variable's shape."""
    variable = tf.Variable([3.0, 5.0, 11.0, 13.0])

    def program(weights):
        with tf.GradientTape() as tape:
            y = variable[0] * 2.0 + tf.reduce_sum(variable[1:3] * weights)
        return tape.gradient(y, variable)

    assert_close(run(program, tf.constant([7.0, 10.0])), [2.0, 7.0, 10.0, 0.0])


@clause(MUST, covers="AUT-10", needs="arrays variables")
def test_gather_reads_a_variable(tf, run):
    """gather watches the variable, and its gradient, sparse or not, belongs to the rows taken."""
    variable = tf.Variable([3.0, 5.0, 11.0])

    def program(weights):
        with tf.GradientTape() as tape:
            y = tf.gather(variable, [2, 0]) * weights
        return tf.convert_to_tensor(tape.gradient(y, variable))

    assert_close(run(program, tf.constant([7.0, 10.0])), [10.0, 0.0, 7.0])


@clause(MUST, covers="AUT-10", needs="arrays variables")
def test_stack_reads_variables(tf, run):
    """stack watches each of the variables that it stacks."""
    first = tf.Variable(3.0)
    second = tf.Variable(5.0)

    def program(weights):
        with tf.GradientTape() as tape:
            y = tf.stack([first, second]) * weights
        return tape.gradient(y, [first, second])

    of_first, of_second = run(program, tf.constant([2.0, 7.0]))
    assert_close(of_first, 2.0)
    assert_close(of_second, 7.0)


@clause(OBSERVED, covers="AUT-11", needs="variables", modes="eager")
def test_a_variable_that_is_read_as_an_array_is_watched_in_vain(tf, run):
    """numpy() marks a variable as watched, though what it returns has no gradient."""
    variable = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.constant(variable.numpy()) * 2.0
    assert_equal(len(tape.watched_variables()), 1)
    assert_same(tape.watched_variables()[0], variable)
    assert_none(tape.gradient(y, variable))


@clause(OBSERVED, covers="AUT-12", needs="variables state")
def test_assignment_watches_a_variable(tf, run):
    """A trainable variable that is only assigned to in the block is marked as watched."""
    first = tf.Variable(3.0)
    second = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            first.assign(x)
            assert_equal(len(tape.watched_variables()), 1)
            second.assign_add(x)
        assert_equal(len(tape.watched_variables()), 2)

    run(program, tf.constant(7.0))


@clause(MUST, covers="AUT-13", needs="variables", modes="eager")
def test_a_python_comparison_selects_one_variable(tf, run):
    """Of the variables that Python's max compares, only the greatest has a gradient.

    A comparison of values in Python is what a traced program cannot make.
    """
    variables = [tf.Variable(2.0), tf.Variable(5.0), tf.Variable(3.0)]

    def program():
        with tf.GradientTape() as tape:
            greatest = max(variables)
            y = greatest * greatest
        return tape.gradient(y, variables)

    assert_structure(run(program), [None, 2 * 5.0, None])


@clause(MUST, covers="AUT-14", needs="variables", modes="eager")
def test_a_variable_that_is_made_in_the_block_is_watched(tf, run):
    """A variable that is created inside the block is watched when it is first read.

    A traced program may not create variables on every call, hence eager execution alone.
    """
    with tf.GradientTape() as tape:
        variable = tf.Variable(3.0)
        y = variable * variable
    assert_equal(len(tape.watched_variables()), 1)
    assert_same(tape.watched_variables()[0], variable)
    assert_close(tape.gradient(y, variable), 2 * 3.0)


@clause(MUST, covers="AUT-15", needs="variables dtype-int")
def test_an_integer_variable_has_no_gradient(tf, run):
    """The gradient of an integer variable is None, though the variable counts as trainable."""
    variable = tf.Variable(3.0)
    integer = tf.Variable(5, trainable=True)

    def program():
        with tf.GradientTape() as tape:
            y = variable * tf.cast(integer, tf.float32)
        return tape.gradient(y, [variable, integer])

    of_variable, of_integer = run(program)
    assert_equal(integer.trainable, True)
    assert_close(of_variable, 5.0)
    assert_none(of_integer)


@clause(MUST, covers="AUT-16", needs="variables dtype-float")
def test_a_float64_variable_is_watched(tf, run):
    """A float64 variable is watched when it is read, and its gradient is float64."""
    variable = tf.Variable(3.0, dtype=tf.float64)

    def program():
        with tf.GradientTape() as tape:
            y = variable * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 2 * 3.0, dtype="float64")


@clause(MUST, covers="AUT-16", needs="variables complex")
def test_a_complex_variable_is_watched(tf, run):
    """A complex variable is watched when it is read, and its gradient is complex.

    The factor is real, so that the derivative does not depend on conjugation.
    """
    variable = tf.Variable(1.0 + 2.0j, dtype=tf.complex64)

    def program(factor):
        with tf.GradientTape() as tape:
            y = factor * variable
        return tape.gradient(y, variable)

    factor = tf.constant(3.0 + 0.0j, dtype=tf.complex64)
    assert_close(run(program, factor), 3.0 + 0.0j, dtype="complex64")


@clause(MUST, covers="AUT-17", needs="variables")
def test_a_variable_that_was_replaced_by_a_tensor_is_not_watched(tf, run):
    """A name that is bound to variable + 1 holds a tensor, which the next tape does not watch."""
    variable = tf.Variable(3.0)

    def program():
        gradients, x = [], variable
        for _ in range(2):
            with tf.GradientTape() as tape:
                y = x * x
            gradients.append(tape.gradient(y, x))
            x = x + 1.0
        return gradients

    assert_structure(run(program), [2 * 3.0, None])


@clause(MUST, covers="AUT-18", needs="variables state")
def test_a_variable_that_was_assigned_to_is_watched(tf, run):
    """A variable that is changed in place is watched by the next tape, with its new value."""
    variable = tf.Variable(3.0)

    def program():
        gradients = []
        for _ in range(2):
            with tf.GradientTape() as tape:
                y = variable * variable
            gradients.append(tape.gradient(y, variable))
            variable.assign_add(1.0)
        return gradients

    assert_structure(run(program), [2 * 3.0, 2 * 4.0])


@clause(MUST, covers="AUT-19", needs="variables graph")
def test_a_variable_that_a_compiled_function_reads_is_watched(tf, run):
    """A variable read by a function that is called in the block is watched at every call.

    The first call traces the function, the second one does not: the tape must see both.
    """
    variable = tf.Variable(3.0)
    square = tf.function(lambda: variable * variable)

    def program():
        gradients = []
        for _ in range(2):
            with tf.GradientTape() as tape:
                y = square()
            assert_equal(len(tape.watched_variables()), 1)
            assert_same(tape.watched_variables()[0], variable)
            gradients.append(tape.gradient(y, variable))
        return gradients

    assert_structure(run(program), [2 * 3.0, 2 * 3.0])


@clause(MUST, covers="AUT-02 AUT-19", needs="variables graph")
def test_a_compiled_function_does_not_make_a_variable_trainable(tf, run):
    """A variable that is not trainable stays unwatched when a compiled function reads it."""
    variable = tf.Variable(3.0)
    frozen = tf.Variable(5.0, trainable=False)
    product = tf.function(lambda: variable * frozen)

    def program():
        with tf.GradientTape() as tape:
            y = product()
        assert_equal(len(tape.watched_variables()), 1)
        assert_same(tape.watched_variables()[0], variable)
        return tape.gradient(y, [variable, frozen])

    of_variable, of_frozen = run(program)
    assert_close(of_variable, 5.0)
    assert_none(of_frozen)


@clause(MUST, covers="AUT-20", needs="variables nested")
def test_all_active_tapes_watch_what_is_read(tf, run):
    """Every tape that is active when a variable is read watches it."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as outer, tf.GradientTape() as inner:
            y = variable * variable
        return outer.gradient(y, variable), inner.gradient(y, variable)

    outer, inner = run(program)
    assert_close(outer, 2 * 3.0)
    assert_close(inner, 2 * 3.0)


@clause(MUST, covers="AUT-21", needs="variables")
def test_all_reads_of_a_variable_count(tf, run):
    """The contributions of all reads of one variable add up in its gradient."""
    variable = tf.Variable(4.0)

    def program():
        with tf.GradientTape() as tape:
            first = tf.convert_to_tensor(variable)
            second = tf.convert_to_tensor(variable)
            y = first * second * variable + 3.0 * first
        return tape.gradient(y, variable)

    assert_close(run(program), 3 * 4.0**2 + 3.0)


@clause(OBSERVED, covers="AUT-22", needs="variables", modes="eager")
def test_trainable_is_fixed_when_a_variable_is_made(tf, run):
    """The attribute trainable of a variable cannot be set: an AttributeError is raised."""
    variable = tf.Variable(3.0)
    with raises(AttributeError):
        variable.trainable = False
    assert_equal(variable.trainable, True)


@clause(MUST, covers="AUT-23", needs="variables")
def test_a_module_collects_its_trainable_variables(tf, run):
    """A Module lists its trainable variables in a tuple, and the gradient is such a tuple."""

    class Line(tf.Module):
        def __init__(self):
            super().__init__()
            self.bias = tf.Variable(2.0)
            self.scale = tf.Variable(10.0, trainable=False)
            self.weight = tf.Variable(5.0)

    line = Line()

    def program(x):
        with tf.GradientTape() as tape:
            y = (line.weight * x + line.bias) * line.scale
        return tape.gradient(y, line.trainable_variables)

    assert_structure(run(program, tf.constant(3.0)), (10.0, 3.0 * 10.0))


@clause(MUST, covers="AUT-24", needs="variables")
def test_a_variable_that_is_not_read_is_not_watched(tf, run):
    """A trainable variable that the block does not read is not listed, and its gradient is None."""
    read = tf.Variable(3.0)
    unread = tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            y = read * read
        assert_equal(len(tape.watched_variables()), 1)
        assert_same(tape.watched_variables()[0], read)
        return tape.gradient(y, [read, unread])

    of_read, of_unread = run(program)
    assert_close(of_read, 2 * 3.0)
    assert_none(of_unread)


@clause(MUST, covers="AUT-25", needs="variables nested")
def test_an_outer_tape_watches_what_the_inner_one_does_not(tf, run):
    """watch_accessed_variables=False of an inner tape leaves the outer tape watching."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as outer:
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                y = variable * variable
        return outer.gradient(y, variable), inner.gradient(y, variable)

    outer, inner = run(program)
    assert_close(outer, 2 * 3.0)
    assert_none(inner)


@clause(MUST, covers="AUT-25", needs="variables nested")
def test_an_inner_tape_watches_what_the_outer_one_does_not(tf, run):
    """watch_accessed_variables=False of an outer tape leaves the inner tape watching."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            with tf.GradientTape() as inner:
                y = variable * variable
        return outer.gradient(y, variable), inner.gradient(y, variable)

    outer, inner = run(program)
    assert_none(outer)
    assert_close(inner, 2 * 3.0)


@clause(MUST, covers="AUT-26", modes="eager")
def test_a_numpy_function_leaves_the_tape(tf, run):
    """What NumPy computes from a watched tensor has no gradient.

    A traced program has no values that NumPy could compute with.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.constant(np.square(x)) * 2.0
        return tape.gradient(y, x)

    assert_none(run(program, tf.constant(3.0)))


@clause(MUST, covers="AUT-26", modes="eager")
def test_an_array_of_a_watched_tensor_is_a_constant(tf, run):
    """numpy() of a watched tensor is a constant: x * x.numpy() has the derivative x.numpy()."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x.numpy()
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 3.0)


@clause(MUST, covers="AUT-27", needs="arrays")
def test_arrays_and_lists_are_constants(tf, run):
    """NumPy arrays and Python lists may be mixed with a watched tensor, as constants.

    The derivative of the sum over j of c[j] * (a @ w)[j] with respect to w[i, j] is a[i] * c[j].
    """

    def program(w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            y = ([[1.0, 2.0, 3.0]] @ w) * np.array([[10.0, 100.0]], np.float32)
        return tape.gradient(y, w)

    gradient = run(program, tf.constant([[1.0, -1.0], [2.0, 5.0], [7.0, 4.0]]))
    assert_close(gradient, [[10.0, 100.0], [20.0, 200.0], [30.0, 300.0]])


@clause(OBSERVED, covers="AUT-28", needs="arrays variables state", modes="eager")
def test_a_variable_of_any_shape_has_a_gradient_of_its_current_shape(tf, run):
    """The gradient of a variable of unspecified shape has the shape of its current value."""
    variable = tf.Variable([1.0, 2.0], shape=tf.TensorShape(None))

    def program():
        with tf.GradientTape() as tape:
            y = variable * variable
        return tape.gradient(y, variable)

    assert_close(run(program), [2 * 1.0, 2 * 2.0])
    variable.assign([[3.0, 4.0, 5.0]])
    assert_close(run(program), [[2 * 3.0, 2 * 4.0, 2 * 5.0]])


@clause(OBSERVED, covers="AUT-29", needs="variables", modes="eager")
def test_a_variable_that_is_synchronised_on_read_is_not_watched(tf, run):
    """A variable with synchronization ON_READ is not trainable, and so it is not watched."""
    variable = tf.Variable(3.0, synchronization=tf.VariableSynchronization.ON_READ)
    with tf.GradientTape() as tape:
        y = variable * variable
    assert_equal(variable.trainable, False)
    assert_none(tape.gradient(y, variable))
