"""Watching: which tensors and variables a tape follows, and from when on."""

import collections

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    assert_structure,
    clause,
    raises,
)

Point = collections.namedtuple("Point", ["x", "y"])


@clause(MUST, covers="WAT-01")
def test_a_watched_tensor_has_a_gradient(tf, run):
    """A tape differentiates with respect to a tensor that it was told to watch."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="WAT-02 AUT-03")
def test_a_tensor_that_is_not_watched_has_no_gradient(tf, run):
    """A tape treats a tensor that it was not told to watch as a constant: its gradient is None.

    The call itself does not raise; whoever uses the None as a number meets an error then.
    """

    def program(x, constant):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * constant
        return tape.gradient(y, [x, constant])

    of_x, of_constant = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_close(of_x, 5.0)
    assert_none(of_constant)


@clause(MUST, covers="WAT-03")
def test_watch_takes_a_list(tf, run):
    """watch accepts a list of tensors and watches each of them."""

    def program(a, b, constant):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = a * b * constant
        return tape.gradient(y, [a, b, constant])

    of_a, of_b, of_constant = run(program, tf.constant(2.0), tf.constant(3.0), tf.constant(5.0))
    assert_close(of_a, 3.0 * 5.0)
    assert_close(of_b, 2.0 * 5.0)
    assert_none(of_constant)


@clause(SHOULD, covers="WAT-04", needs="struct")
def test_watch_takes_a_nested_structure(tf, run):
    """watch accepts tuples, lists and dicts nested in each other and watches every tensor."""

    def program(a, b, c):
        with tf.GradientTape() as tape:
            tape.watch((a, {"second": b, "rest": [c]}))
            y = a * b * c
        return tape.gradient(y, [a, b, c])

    of_a, of_b, of_c = run(program, tf.constant(2.0), tf.constant(3.0), tf.constant(5.0))
    assert_close(of_a, 3.0 * 5.0)
    assert_close(of_b, 2.0 * 5.0)
    assert_close(of_c, 2.0 * 3.0)


@clause(MUST, covers="WAT-05", needs="variables")
def test_watch_takes_a_variable(tf, run):
    """watch accepts a variable, one that is not trainable too, and makes it differentiable."""
    variable = tf.Variable(3.0, trainable=False)

    def program():
        with tf.GradientTape() as tape:
            tape.watch(variable)
            y = variable * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 2 * 3.0)


@clause(MUST, covers="WAT-03 WAT-05", needs="variables")
def test_watch_takes_a_list_of_tensors_and_variables(tf, run):
    """watch accepts a list in which tensors and variables are mixed."""
    variable = tf.Variable(3.0, trainable=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch([variable, x])
            y = variable * x * x
        return tape.gradient(y, [variable, x])

    of_variable, of_x = run(program, tf.constant(5.0))
    assert_close(of_variable, 5.0**2)
    assert_close(of_x, 3.0 * 2 * 5.0)


@clause(MUST, covers="WAT-06")
def test_an_array_is_not_watched(tf, run):
    """watch refuses a NumPy array with a ValueError."""

    def program(x):
        with tf.GradientTape() as tape, raises(ValueError):
            tape.watch(np.array([3.0, 5.0], np.float32))

    run(program, tf.constant(3.0))


@clause(MUST, covers="WAT-07")
def test_a_python_value_is_not_watched(tf, run):
    """watch refuses numbers, texts and None with a ValueError."""

    def program(x):
        with tf.GradientTape() as tape:
            for value in (3.0, 3, "x", None):
                with raises(ValueError):
                    tape.watch(value)

    run(program, tf.constant(3.0))


@clause(MUST, covers="WAT-07")
def test_a_list_is_watched_only_if_all_of_it_can_be(tf, run):
    """watch refuses a list with a Python number in it with a ValueError."""

    def program(x):
        with tf.GradientTape() as tape:
            for values in ([3.0, 5.0], [x, 5.0]):
                with raises(ValueError):
                    tape.watch(values)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="WAT-08")
def test_a_bad_object_is_refused_before_the_tape_is_entered(tf, run):
    """watch refuses an array with a ValueError even on a tape that was never entered."""

    def program(x):
        with raises(ValueError):
            tf.GradientTape().watch(np.array(3.0, np.float32))

    run(program, tf.constant(3.0))


@clause(MUST, covers="WAT-09")
def test_watching_does_not_reach_back(tf, run):
    """Operations that ran before watch are lost: what they computed is a constant.

    The product x * x is computed before watch, so that x * x * x has the derivative x * x
    instead of 3 * x * x.
    """

    def program(x):
        with tf.GradientTape() as tape:
            squared = x * x
            tape.watch(x)
            y = squared * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 3.0**2)


@clause(MUST, covers="WAT-10")
def test_equal_tensors_are_watched_apart(tf, run):
    """Watching goes by the identity of a tensor: another one of equal value stays a constant."""

    def program(x, twin):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * twin
        return tape.gradient(y, [x, twin])

    of_x, of_twin = run(program, tf.constant(3.0), tf.constant(3.0))
    assert_close(of_x, 2 * 3.0 * 3.0)
    assert_none(of_twin)


@clause(MUST, covers="WAT-10")
def test_equal_tensors_have_gradients_of_their_own(tf, run):
    """Two watched tensors of equal value each have the gradient of their own part."""

    def program(x, twin):
        with tf.GradientTape() as tape:
            tape.watch([x, twin])
            y = x * x * twin
        return tape.gradient(y, [x, twin])

    of_x, of_twin = run(program, tf.constant(3.0), tf.constant(3.0))
    assert_close(of_x, 2 * 3.0 * 3.0)
    assert_close(of_twin, 3.0**2)


@clause(SHOULD, covers="WAT-11")
def test_watching_twice_counts_once(tf, run):
    """A tensor that is watched several times has the gradient of one that is watched once."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.watch([x, x])
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="WAT-12")
def test_a_gradient_ends_at_what_is_watched(tf, run):
    """Where only an intermediate result is watched, the gradient reaches it and nothing before."""

    def program(x):
        with tf.GradientTape() as tape:
            y = x * x
            tape.watch(y)
            z = y * y
        return tape.gradient(z, [y, x])

    of_y, of_x = run(program, tf.constant(3.0))
    assert_close(of_y, 2 * 3.0**2)
    assert_none(of_x)


@clause(SHOULD, covers="WAT-13")
def test_watching_an_intermediate_changes_nothing(tf, run):
    """Watching a result that is recorded already leaves all gradients as they are."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            tape.watch(y)
            z = y * y
        return tape.gradient(z, [x, y])

    of_x, of_y = run(program, tf.constant(3.0))
    assert_close(of_x, 4 * 3.0**3)
    assert_close(of_y, 2 * 3.0**2)


@clause(MUST, covers="WAT-14", needs="arrays")
def test_what_is_computed_from_a_watched_tensor_is_followed(tf, run):
    """A tape follows everything that is computed from a watched tensor, over any operations.

    The target is the sum over i of w[i] * s[i] * s[i], where s[i] is the sum of row i of x; its
    derivative with respect to each element of row i is 2 * w[i] * s[i].
    """

    def program(x, weights):
        with tf.GradientTape() as tape:
            tape.watch(x)
            rows = tf.reduce_sum(x, axis=1)
            squared = rows * rows
            y = tf.reduce_sum(squared * weights)
        return tape.gradient(y, x)

    x = tf.constant([[1.0, 2.0, 4.0], [-1.0, 3.0, 1.0]])
    gradient = run(program, x, tf.constant([1.0, 10.0]))
    assert_close(gradient, [[2 * 1.0 * 7.0] * 3, [2 * 10.0 * 3.0] * 3])


@clause(MUST, covers="WAT-15", needs="dtype-int")
def test_an_integer_may_be_watched_but_has_no_gradient(tf, run):
    """watch accepts an integer tensor, whose gradient is None all the same."""

    def program(x, integer):
        with tf.GradientTape() as tape:
            tape.watch([integer, x])
            y = x * x * tf.cast(integer, tf.float32)
        return tape.gradient(y, [x, integer])

    of_x, of_integer = run(program, tf.constant(3.0), tf.constant(5))
    assert_close(of_x, 2 * 3.0 * 5.0)
    assert_none(of_integer)


@clause(OBSERVED, covers="WAT-16", needs="dtype-string", modes="eager function")
def test_a_string_is_no_gradient_of_itself(tf, run):
    """watch accepts a string tensor, and its gradient with respect to itself is None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        return tape.gradient(x, x)

    assert_none(run(program, tf.constant("a")))


@clause(OBSERVED, covers="WAT-16")
def test_a_bool_is_a_gradient_of_itself(tf, run):
    """watch accepts a bool tensor, and its gradient with respect to itself is True."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        return tape.gradient(x, x)

    assert_close(run(program, tf.constant(False)), True, dtype="bool")


@clause(MUST, covers="WAT-17", needs="nested")
def test_each_tape_watches_for_itself(tf, run):
    """A tensor that one tape watches is a constant to another tape, active or not."""

    def program(x, z):
        with tf.GradientTape() as outer, tf.GradientTape() as inner:
            outer.watch(x)
            inner.watch(z)
            y = x * z * z
        return outer.gradient(y, [x, z]), inner.gradient(y, [x, z])

    outer, inner = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(outer, [5.0**2, None])
    assert_structure(inner, [None, 2 * 3.0 * 5.0])


@clause(OBSERVED, covers="WAT-18")
def test_watching_after_the_block_is_forgotten(tf, run):
    """watch after the block raises nothing, and is not remembered when the tape is re-entered."""

    def program(x):
        with tf.GradientTape() as tape:
            y = x * x
        tape.watch(x)
        with tape:
            z = y * x
        return tape.gradient(z, x)

    assert_none(run(program, tf.constant(3.0)))


@clause(OBSERVED, covers="WAT-19")
def test_a_used_tape_does_not_watch(tf, run):
    """watch on a used tape that is not persistent fails with an accidental AttributeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x)
        with raises(AttributeError):
            tape.watch(x)
        return gradient

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="WAT-20")
def test_watching_nothing_does_nothing(tf, run):
    """watch of an empty list or tuple changes nothing."""

    def program(x, constant):
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.watch([])
            tape.watch(())
            y = x * constant
        return tape.gradient(y, [x, constant])

    of_x, of_constant = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_close(of_x, 5.0)
    assert_none(of_constant)


@clause(SHOULD, covers="WAT-21")
def test_watch_returns_nothing(tf, run):
    """watch returns None."""

    def program(x):
        with tf.GradientTape() as tape:
            assert_none(tape.watch(x))
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="WAT-22", needs="arrays sparse", since="2.3")
def test_watching_a_sparse_tensor_watches_its_values(tf, run):
    """watch of a SparseTensor makes its values differentiable."""

    def program(values):
        sparse = tf.sparse.SparseTensor([[0, 0], [1, 2]], values, [3, 4])
        with tf.GradientTape() as tape:
            tape.watch(sparse)
            y = sparse.values * sparse.values
        return tape.gradient(y, sparse.values)

    assert_close(run(program, tf.constant([2.0, 5.0])), [2 * 2.0, 2 * 5.0])


@clause(SHOULD, covers="WAT-23", needs="arrays ragged", since="2.9")
def test_watching_a_ragged_tensor_makes_it_differentiable(tf, run):
    """watch accepts a RaggedTensor, whose gradient is a RaggedTensor of the same rows."""

    def program(values):
        ragged = tf.RaggedTensor.from_row_splits(values, [0, 2, 3])
        with tf.GradientTape() as tape:
            tape.watch(ragged)
            y = ragged * ragged
        gradient = tape.gradient(y, ragged)
        return gradient.flat_values, gradient.row_splits

    values, row_splits = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(values, [2 * 1.0, 2 * 2.0, 2 * 3.0])
    assert_close(row_splits, [0, 2, 3])


@clause(SHOULD, covers="WAT-24")
def test_operations_that_change_nothing_make_new_tensors(tf, run):
    """Results of identity, +0, -0 and *1 are tensors of their own, to be watched apart."""

    def program(x):
        with tf.GradientTape() as tape:
            same, plus, minus, times = tf.identity(x), x + 0.0, x - 0.0, x * 1.0
            tape.watch([same, plus, times])
            y = 2.0 * same + 3.0 * plus + 5.0 * minus + 7.0 * times + 11.0 * x
        return tape.gradient(y, [same, plus, minus, times, x])

    same, plus, minus, times, x = run(program, tf.constant(3.0))
    assert_close(same, 2.0)
    assert_close(plus, 3.0)
    assert_none(minus)
    assert_close(times, 7.0)
    assert_none(x)


@clause(MUST, covers="WAT-24")
def test_operations_that_change_nothing_pass_the_gradient(tf, run):
    """Identity, +0, -0 and *1 of a watched tensor are recorded, each with derivative one."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            same, plus, minus, times = tf.identity(x), x + 0.0, x - 0.0, x * 1.0
            y = 2.0 * same + 3.0 * plus + 5.0 * minus + 7.0 * times
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2.0 + 3.0 + 5.0 + 7.0)


@clause(OBSERVED, covers="WAT-25", needs="stop_recording")
def test_watching_while_no_tape_records_is_forgotten(tf, run):
    """watch while the only tape has stopped recording is ignored without a word."""

    def program(x):
        with tf.GradientTape() as tape:
            with tape.stop_recording():
                tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_none(run(program, tf.constant(3.0)))


@clause(OBSERVED, covers="WAT-25", needs="stop_recording nested")
def test_watching_while_another_tape_records_takes_effect(tf, run):
    """watch while the tape has stopped recording takes effect if an outer tape records."""

    def program(x):
        with tf.GradientTape(), tf.GradientTape() as tape:
            with tape.stop_recording():
                tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="WAT-26")
def test_a_tensor_may_be_made_before_or_inside_the_block(tf, run):
    """watch accepts tensors that were made before the block and tensors that were made in it."""

    def program(x):
        with tf.GradientTape() as tape:
            inside = tf.constant(5.0)
            tape.watch([x, inside])
            y = x * x * inside
        return tape.gradient(y, [x, inside])

    of_x, of_inside = run(program, tf.constant(3.0))
    assert_close(of_x, 2 * 3.0 * 5.0)
    assert_close(of_inside, 3.0**2)


@clause(OBSERVED, covers="WAT-27")
def test_a_generator_is_not_watched(tf, run):
    """watch refuses a generator of tensors with a ValueError, for it is no structure."""

    def program(x):
        with tf.GradientTape() as tape, raises(ValueError):
            tape.watch(tensor for tensor in [x])

    run(program, tf.constant(3.0))


@clause(MUST, covers="WAT-28", needs="arrays")
def test_an_alias_is_the_same_tensor(tf, run):
    """A second Python name of a watched tensor is that tensor: its derivative is one."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([3.0, 5.0])), [1.0, 1.0])


@clause(MUST, covers="WAT-29", needs="variables")
def test_a_variable_that_is_watched_is_listed(tf, run):
    """watch of a variable puts it into watched_variables, without any use of the variable."""
    variable = tf.Variable(3.0, trainable=False)

    def program(x):
        with tf.GradientTape() as tape:
            assert_equal(len(tape.watched_variables()), 0)
            tape.watch(variable)
            assert_equal(len(tape.watched_variables()), 1)
            assert_same(tape.watched_variables()[0], variable)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="WAT-30", needs="keras", modes="eager")
def test_a_symbolic_keras_tensor_is_not_watched(tf, run):
    """watch refuses the symbolic input of a Keras model with a ValueError."""
    symbolic = tf.keras.Input(shape=(2,))
    with tf.GradientTape() as tape, raises(ValueError):
        tape.watch(symbolic)


@clause(SHOULD, covers="WAT-31", needs="struct")
def test_named_tuples_are_structures(tf, run):
    """watch and gradient accept a named tuple, and the gradient is one of the same type."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch(Point(x, y))
            z = x * x * y
        return tape.gradient(z, Point(x, y))

    gradient = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(gradient, Point(2 * 3.0 * 5.0, 3.0**2))


@clause(SHOULD, covers="WAT-31", needs="struct")
def test_ordered_dicts_are_structures(tf, run):
    """watch and gradient accept an OrderedDict, and the gradient keeps type, keys and order."""

    def program(x, y):
        sources = collections.OrderedDict([("second", y), ("first", x)])
        with tf.GradientTape() as tape:
            tape.watch(sources)
            z = x * x * y
        gradient = tape.gradient(z, sources)
        assert_equal(list(gradient), ["second", "first"])
        return gradient

    gradient = run(program, tf.constant(3.0), tf.constant(5.0))
    expected = collections.OrderedDict([("second", 3.0**2), ("first", 2 * 3.0 * 5.0)])
    assert_structure(gradient, expected)


@clause(OBSERVED, covers="WAT-32", needs="dtype-int")
def test_an_integer_is_a_gradient_of_itself(tf, run):
    """The gradient of an integer tensor with respect to itself is one, in its dtype."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        return tape.gradient(x, x)

    assert_close(run(program, tf.constant(5)), 1, dtype="int32")


@clause(MUST, covers="WAT-33", needs="reset variables")
def test_a_reset_ends_watching(tf, run):
    """After reset a variable that is not trainable is watched no more until watch is called.

    With x * x computed before the new watch, x * x * x has the derivative x * x.
    """
    variable = tf.Variable(3.0, trainable=False)

    def program():
        with tf.GradientTape() as tape:
            tape.watch(variable)
            tape.reset()
            assert_equal(tape.watched_variables(), ())
            squared = variable * variable
            tape.watch(variable)
            y = squared * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 3.0**2)


@clause(OBSERVED, covers="WAT-34", modes="eager function")
def test_a_resource_handle_may_be_watched(tf, run):
    """watch accepts a resource handle, and a float output beside it stays differentiable.

    The handle is made without a variable, so that nothing is known of what it points to.
    """

    def program(x):
        handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name="unassigned")
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.watch(handle)
            y, _ = tf.identity_n([x, handle])
            z = y * y
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)
