"""The gradient: what a tape answers, for which targets, with respect to which sources."""

from collections import OrderedDict, namedtuple

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

Layer = namedtuple("Layer", ["kernel", "bias"])


@clause(MUST, covers="GRA-01")
def test_one_source_gives_one_tensor(tf, run):
    """The gradient with respect to a single source is a single tensor, not a list of one."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="GRA-02")
def test_a_list_of_sources_gives_a_list(tf, run):
    """A list of sources gives a list of gradients in the same order."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        return tape.gradient(z, [y, x])

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, [2.0 * 2.0, 2 * 2.0 * 3.0])


@clause(MUST, covers="GRA-02")
def test_a_tuple_of_sources_gives_a_tuple(tf, run):
    """A tuple of sources gives a tuple of gradients in the same order."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        return tape.gradient(z, (x, y))

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, (2 * 2.0 * 3.0, 2.0 * 2.0))


@clause(MUST, covers="GRA-02")
def test_a_list_of_one_source_gives_a_list_of_one(tf, run):
    """A list that holds one source gives a list that holds one gradient."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, [x])

    assert_structure(run(program, tf.constant(3.0)), [2 * 3.0])


@clause(MUST, covers="GRA-03", needs="arrays struct")
def test_a_dict_of_sources_gives_a_dict(tf, run):
    """A dict of sources gives a dict with the same keys, each with the gradient of its source.

    The keys stand in an order that is not sorted, and the shapes differ, so that values cannot
    change places unseen.
    """

    def program(x, w, b):
        with tf.GradientTape() as tape:
            tape.watch([w, b])
            y = tf.matmul(x, w) + b
        return tape.gradient(y, {"w": w, "b": b})

    x, w, b = tf.constant([[1.0, 2.0, 4.0]]), tf.ones([3, 2]), tf.zeros([2])
    gradients = run(program, x, w, b)
    slope = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    assert_structure(gradients, {"w": slope, "b": np.array([1.0, 1.0])})


@clause(MUST, covers="GRA-04", needs="struct")
def test_nested_sources_keep_their_structure(tf, run):
    """Sources nested in lists, tuples and dicts give gradients nested in the same way."""

    def program(a, b, c):
        with tf.GradientTape() as tape:
            tape.watch([a, b, c])
            y = 2.0 * a + 3.0 * b + 5.0 * c
        return tape.gradient(y, [(a, b), {"z": [c, a], "y": b}, c])

    gradients = run(program, tf.constant(1.0), tf.constant(1.0), tf.constant(1.0))
    assert_structure(gradients, [(2.0, 3.0), {"z": [5.0, 2.0], "y": 3.0}, 5.0])


@clause(SHOULD, covers="GRA-05", needs="struct")
def test_a_named_tuple_of_sources_gives_a_named_tuple(tf, run):
    """Sources in a named tuple give gradients in a named tuple of the same type."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        gradients = tape.gradient(z, Layer(kernel=y, bias=x))
        assert_equal(type(gradients), Layer)
        return gradients.kernel, gradients.bias

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, (2.0 * 2.0, 2 * 2.0 * 3.0))


@clause(SHOULD, covers="GRA-05", needs="struct")
def test_an_ordered_dict_of_sources_gives_an_ordered_dict(tf, run):
    """Sources in an OrderedDict give gradients in an OrderedDict with its keys in its order."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        gradients = tape.gradient(z, OrderedDict([("x", x), ("a", y)]))
        assert_equal(type(gradients), OrderedDict)
        assert_equal(list(gradients), ["x", "a"])
        return gradients["x"], gradients["a"]

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, (2 * 2.0 * 3.0, 2.0 * 2.0))


@clause(MUST, covers="GRA-06", needs="arrays")
def test_a_gradient_has_the_shape_of_its_source(tf, run):
    """A gradient has the shape of its source, whatever the shape of the target."""

    def program(x, w, b):
        with tf.GradientTape() as tape:
            tape.watch([w, b])
            y = tf.matmul(x, w) + b
        return tape.gradient(y, [w, b])

    x, w, b = tf.constant([[1.0, 2.0, 4.0]]), tf.ones([3, 2]), tf.zeros([1])
    slope, offset = run(program, x, w, b)
    assert_close(slope, [[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    assert_close(offset, [2.0])


@clause(MUST, covers="GRA-06", needs="dtype-float")
def test_a_gradient_has_the_dtype_of_its_source(tf, run):
    """A gradient has the dtype of its source, whatever the dtype of the target."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = tf.cast(x, tf.float32) * y
        return tape.gradient(z, [x, y])

    wide, narrow = run(program, tf.constant(3.0, tf.float64), tf.constant(5.0, tf.float32))
    assert_close(wide, 5.0, dtype="float64")
    assert_close(narrow, 3.0, dtype="float32")


@clause(MUST, covers="GRA-07", needs="arrays", modes="eager")
def test_numpy_reads_a_gradient(tf, run):
    """In eager execution a gradient is a tensor whose numpy() method gives a NumPy array."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x)
        assert_equal(bool(tf.is_tensor(gradient)), True)
        assert_equal(type(gradient.numpy()), np.ndarray)
        return gradient.numpy()

    assert_close(run(program, tf.constant([3.0, 5.0])), [6.0, 10.0], dtype="float32")


@clause(MUST, covers="GRA-08", needs="arrays")
def test_the_elements_of_a_target_are_summed(tf, run):
    """The gradient of a target that is no scalar is the gradient of the sum of its elements."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * tf.constant([3.0, 4.0])
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 3.0 + 4.0)


@clause(MUST, covers="GRA-09", needs="arrays")
def test_several_targets_are_summed(tf, run):
    """The gradient of a list of targets is the sum of the gradients of each of them."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square, inverse, pair = x * x, 1.0 / x, x * tf.constant([3.0, 4.0])
        return tape.gradient([square, inverse, pair], x)

    assert_close(run(program, tf.constant(2.0)), 2 * 2.0 - 1 / 2.0**2 + (3.0 + 4.0))


@clause(MUST, covers="GRA-09", needs="struct")
def test_the_targets_of_a_dict_are_summed(tf, run):
    """The gradient of a dict of targets is the sum of the gradients of each of them."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square, inverse = x * x, 1.0 / x
        return tape.gradient({"square": square, "more": [inverse]}, x)

    assert_close(run(program, tf.constant(2.0)), 2 * 2.0 - 1 / 2.0**2)


@clause(MUST, covers="GRA-10")
def test_a_target_listed_twice_counts_twice(tf, run):
    """A target that is listed twice contributes twice."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square, inverse = x * x, 1.0 / x
        return tape.gradient([square, inverse, square], x)

    assert_close(run(program, tf.constant(2.0)), 2 * (2 * 2.0) - 1 / 2.0**2)


@clause(MUST, covers="GRA-10", needs="arrays")
def test_a_source_that_is_twice_a_target_counts_twice(tf, run):
    """A source that is listed twice as a target has the gradient two."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        return tape.gradient([x, x], x)

    assert_close(run(program, tf.constant([2.0, 3.0])), [2.0, 2.0])


@clause(MUST, covers="GRA-11")
def test_a_source_listed_twice_gets_its_gradient_twice(tf, run):
    """A source that is listed twice gets the same, whole gradient in both positions."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        return tape.gradient(z, [x, y, x])

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, [12.0, 4.0, 12.0])


@clause(MUST, covers="GRA-12", needs="arrays")
def test_the_gradient_of_a_source_with_respect_to_itself_is_one(tf, run):
    """A watched source that is the target itself has ones of its shape as its gradient."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        return tape.gradient(x, x)

    gradient = run(program, tf.constant([[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]]))
    assert_close(gradient, np.ones([2, 3]), dtype="float32")


@clause(MUST, covers="GRA-13")
def test_a_source_among_the_targets_adds_its_identity(tf, run):
    """A source that is also one of the targets adds one to its own gradient and to no other."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        return tape.gradient([x, z], [x, y])

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, [1.0 + 2 * 2.0 * 3.0, 2.0 * 2.0])


@clause(MUST, covers="GRA-14")
def test_an_intermediate_result_is_a_source(tf, run):
    """The gradient with respect to a result computed in the block needs no watch of that result."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        return tape.gradient(z, y)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0**2)


@clause(MUST, covers="GRA-15")
def test_a_source_that_feeds_another_gets_its_total_derivative(tf, run):
    """Where one source is computed from another, each gets its total derivative."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * y + x
        return tape.gradient(z, [x, y])

    assert_structure(run(program, tf.constant(3.0)), [4 * 3.0**3 + 1.0, 2 * 3.0**2])


@clause(MUST, covers="GRA-16")
def test_an_unconnected_source_gives_none(tf, run):
    """A watched source from which no path leads to the target gives None."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
            z * z
        return tape.gradient(y, z)

    assert_none(run(program, tf.constant(3.0), tf.constant(5.0)))


@clause(MUST, covers="GRA-17")
def test_only_the_unconnected_sources_give_none(tf, run):
    """Where connected and unconnected sources are mixed, only the unconnected give None."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        return tape.gradient(y, [z, x, z])

    gradients = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(gradients, [None, 2 * 3.0, None])


@clause(MUST, covers="GRA-17", needs="struct")
def test_none_keeps_its_place_in_a_structure(tf, run):
    """In a nested structure of sources, None stands where the unconnected sources stand."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        return tape.gradient(y, [{"z": z, "x": x}, (z,), x])

    gradients = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(gradients, [{"z": None, "x": 6.0}, (None,), 6.0])


@clause(MUST, covers="GRA-18", needs="arrays unconnected_zero")
def test_zero_replaces_none(tf, run):
    """With unconnected_gradients="zero" an unconnected source gives zeros of its shape."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        return tape.gradient(y, [z, x], unconnected_gradients="zero")

    z = tf.constant([[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]])
    gradients = run(program, tf.constant(3.0), z)
    assert_structure(gradients, [np.zeros([2, 3]), 2 * 3.0])


@clause(MUST, covers="GRA-18", needs="arrays unconnected_zero")
def test_zero_is_a_member_of_an_enumeration(tf, run):
    """UnconnectedGradients.ZERO asks for zeros as the word "zero" does."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(y, [z, x], unconnected_gradients=zero)

    gradients = run(program, tf.constant(3.0), tf.constant([5.0, 7.0]))
    assert_structure(gradients, [np.zeros(2), 2 * 3.0])


@clause(MUST, covers="GRA-18", needs="arrays unconnected_zero dtype-float")
def test_zeros_have_the_dtype_of_their_source(tf, run):
    """Zeros for unconnected sources of one shape have the dtype of each of them."""

    def program(x, wide, narrow):
        with tf.GradientTape() as tape:
            tape.watch([x, wide, narrow])
            y = x * x
        return tape.gradient(y, [wide, narrow], unconnected_gradients="zero")

    sources = tf.constant([5.0, 7.0], tf.float64), tf.constant([5.0, 7.0], tf.float32)
    wide, narrow = run(program, tf.constant(3.0), *sources)
    assert_close(wide, [0.0, 0.0], dtype="float64")
    assert_close(narrow, [0.0, 0.0], dtype="float32")


@clause(MUST, covers="GRA-19", needs="unconnected_zero persistent")
def test_none_is_the_default_by_name(tf, run):
    """unconnected_gradients="none" and UnconnectedGradients.NONE give None, as the default does."""

    def program(x, z):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, z])
            y = x * x
        word = tape.gradient(y, [z, x], unconnected_gradients="none")
        none = tf.UnconnectedGradients.NONE
        member = tape.gradient(y, [z, x], unconnected_gradients=none)
        return word, member

    word, member = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(word, [None, 2 * 3.0])
    assert_structure(member, [None, 2 * 3.0])


@clause(MUST, covers="GRA-20", needs="unconnected_zero")
def test_an_unknown_choice_for_unconnected_sources_is_refused(tf, run):
    """An unknown value of unconnected_gradients raises a ValueError that names the value."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError, "nonsense"):
            tape.gradient(y, x, unconnected_gradients="nonsense")

    run(program, tf.constant(3.0))


@clause(MUST, covers="GRA-21", needs="arrays unconnected_zero")
def test_zero_serves_sources_that_were_never_watched(tf, run):
    """With unconnected_gradients="zero" a source that was never watched gives zeros, too."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * z
        return tape.gradient(y, [z, x], unconnected_gradients="zero")

    gradients = run(program, tf.constant(3.0), tf.constant([5.0, 7.0]))
    assert_structure(gradients, [np.zeros(2), 5.0 + 7.0])


@clause(MUST, covers="GRA-21", needs="arrays unconnected_zero variables")
def test_zero_serves_variables_that_are_not_watched(tf, run):
    """With unconnected_gradients="zero" an untrainable or unread variable gives zeros."""
    untrainable = tf.Variable([5.0, 7.0], trainable=False)
    unread = tf.Variable([[1.0], [2.0], [3.0]])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * untrainable
        return tape.gradient(y, [untrainable, unread], unconnected_gradients="zero")

    gradients = run(program, tf.constant(3.0))
    assert_structure(gradients, [np.zeros(2), np.zeros([3, 1])])


@clause(OBSERVED, covers="GRA-22", needs="arrays unconnected_zero dtype-int")
def test_zero_for_an_integer_source_is_an_integer(tf, run):
    """With unconnected_gradients="zero" an integer source gives integer zeros."""

    def program(x, count):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, count, unconnected_gradients="zero")

    gradient = run(program, tf.constant(3.0), tf.constant([1, 2]))
    assert_close(gradient, [0, 0], dtype="int32")


@clause(
    OBSERVED, covers="GRA-22", needs="arrays unconnected_zero dtype-string", modes="eager function"
)
def test_zero_for_a_source_of_text_is_empty_text(tf, run):
    """With unconnected_gradients="zero" a source of strings gives empty strings.

    The optimising compiler knows no strings.
    """

    def program(x, words):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, words, unconnected_gradients="zero")

    gradient = run(program, tf.constant(3.0), tf.constant(["some", "words"]))
    assert_equal(gradient.numpy().tolist(), [b"", b""])


@clause(MUST, covers="GRA-23", needs="arrays unconnected_zero stop_gradient")
def test_zero_serves_a_path_cut_by_stop_gradient(tf, run):
    """With unconnected_gradients="zero" a path cut by stop_gradient gives zeros."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.stop_gradient(x * x) * 2.0
        return tape.gradient(y, x, unconnected_gradients="zero")

    assert_close(run(program, tf.constant([3.0, 5.0])), [0.0, 0.0])


@clause(MUST, covers="GRA-23", needs="arrays unconnected_zero dtype-int")
def test_zero_serves_a_path_through_integers(tf, run):
    """With unconnected_gradients="zero" a path through integers gives zeros."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cast(tf.cast(x, tf.int32), tf.float32) * 2.0
        return tape.gradient(y, x, unconnected_gradients="zero")

    assert_close(run(program, tf.constant([3.0, 5.0])), [0.0, 0.0])


@clause(MUST, covers="GRA-23", needs="arrays elementary unconnected_zero")
def test_zero_serves_a_path_through_an_operation_without_derivative(tf, run):
    """With unconnected_gradients="zero" a path through a step function gives zeros.

    So does a path that takes from the source no more than its shape.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.math.floor(x) * 2.0 + tf.ones_like(x) * 3.0
        return tape.gradient(y, x, unconnected_gradients="zero")

    assert_close(run(program, tf.constant([3.25, 5.5])), [0.0, 0.0])


@clause(MUST, covers="GRA-24 GRA-32")
def test_a_derivative_of_zero_is_not_none(tf, run):
    """A path whose derivative happens to be zero gives 0.0, not None.

    None says that no path leads from source to target; the three sources here have one, and
    their derivatives are 0 by a factor, by cancellation and at an extremum.
    """

    def program(a, b, c):
        with tf.GradientTape() as tape:
            tape.watch([a, b, c])
            y = a * 0.0 + (b - b) + (c - 2.0) * (c - 2.0)
        return tape.gradient(y, [a, b, c])

    gradients = run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(2.0))
    assert_structure(gradients, [0.0, 0.0, 0.0])


@clause(MUST, covers="GRA-24", needs="arrays nn")
def test_an_inactive_unit_gives_zero_not_none(tf, run):
    """A rectified unit that is not active gives 0.0, not None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.relu(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([-3.0, -5.0])), [0.0, 0.0])


@clause(MUST, covers="GRA-25")
def test_no_target_is_refused(tf, run):
    """A target that is None raises a TypeError that speaks of the target."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        with raises(TypeError, "target"):
            tape.gradient(None, x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="GRA-26")
def test_none_among_the_targets_is_refused(tf, run):
    """None in a list of targets raises TypeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(TypeError):
            tape.gradient([y, None], x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="GRA-27", needs="persistent")
def test_a_number_is_no_target(tf, run):
    """A Python number or a NumPy array as target raises AttributeError."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
        with raises(AttributeError):
            tape.gradient(3.0, x)
        with raises(AttributeError):
            tape.gradient(np.ones(2, np.float32), x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="GRA-28")
def test_a_number_is_no_source(tf, run):
    """A Python number as source raises AttributeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(AttributeError):
            tape.gradient(y, 3.0)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="GRA-28", needs="persistent")
def test_neither_none_nor_a_word_is_a_source(tf, run):
    """None or a Python string as source raises TypeError."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        with raises(TypeError):
            tape.gradient(y, None)
        with raises(TypeError):
            tape.gradient(y, "x")

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="GRA-29", needs="persistent struct")
def test_no_sources_give_no_gradients(tf, run):
    """An empty list, tuple or dict of sources gives an empty list, tuple or dict."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        assert_equal(tape.gradient(y, []), [])
        assert_equal(tape.gradient(y, ()), ())
        assert_equal(tape.gradient(y, {}), {})

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="GRA-30")
def test_no_targets_give_none(tf, run):
    """An empty list of targets gives None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            x * x
        return tape.gradient([], x)

    assert_none(run(program, tf.constant(3.0)))


@clause(OBSERVED, covers="GRA-31", needs="arrays variables persistent")
def test_a_variable_is_a_target(tf, run):
    """A variable as target has the gradient one with respect to itself, None to another.

    The documentation contradicts itself: it lists variables among the targets, and promises a
    ValueError for them.
    """
    v, other = tf.Variable([3.0, 5.0]), tf.Variable(7.0)

    def program():
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([v, other])
        return tape.gradient(v, [v, other])

    assert_structure(run(program), [np.ones(2), None])


@clause(OBSERVED, covers="GRA-31", needs="variables")
def test_a_variable_among_the_targets_adds_its_identity(tf, run):
    """A variable in a list of targets adds one to its own gradient."""
    v = tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            y = 3.0 * v
        return tape.gradient([y, v], v)

    assert_close(run(program), 3.0 + 1.0)


@clause(MUST, covers="GRA-32")
def test_contributions_of_all_paths_are_added(tf, run):
    """Where a value is used several times, the contributions along all paths are added."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * x + 5.0 * y - x
        return tape.gradient(z, x)

    # z = x^3 + 5 x^2 - x
    assert_close(run(program, tf.constant(3.0)), 3 * 3.0**2 + 10 * 3.0 - 1.0)


@clause(SHOULD, covers="GRA-33", needs="arrays")
def test_a_wide_fan_out_is_summed(tf, run):
    """The contributions of a value that is used a thousand times are all added."""
    factors = np.arange(1000.0, dtype=np.float32)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.stack([x] * len(factors)) * tf.constant(factors)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 999 * 1000 / 2)


@clause(MUST, covers="GRA-34", needs="arrays")
def test_broadcasting_is_summed_back(tf, run):
    """A source that was broadcast gets the sum over the elements that it was repeated for."""

    def program(column, row, scalar):
        with tf.GradientTape() as tape:
            tape.watch([column, row, scalar])
            y = column * row + scalar
        return tape.gradient(y, [column, row, scalar])

    column, row = tf.constant([[1.0], [2.0], [4.0]]), tf.constant([8.0, 16.0])
    gradients = run(program, column, row, tf.constant(3.0))
    by_column, by_row = np.full([3, 1], 8.0 + 16.0), np.full(2, 1.0 + 2.0 + 4.0)
    assert_structure(gradients, [by_column, by_row, 3.0 * 2.0])


@clause(MUST, covers="GRA-35")
def test_target_and_sources_have_names(tf, run):
    """The target and the sources may be given by the keywords target and sources."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(sources=x, target=y)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="GRA-36", needs="arrays")
def test_a_source_without_elements_has_a_gradient_without_elements(tf, run):
    """The gradient with respect to a tensor without elements has its shape, and is not None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.zeros([0, 3])), np.zeros([0, 3]), dtype="float32")


@clause(SHOULD, covers="GRA-37", needs="arrays ragged", since="2.9")
def test_a_ragged_source_gives_a_ragged_gradient(tf, run):
    """A ragged tensor as target and source gives a ragged tensor with the same rows."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x)
        assert_equal(isinstance(gradient, tf.RaggedTensor), True)
        return gradient.values, gradient.row_lengths()

    values, lengths = run(program, tf.ragged.constant([[1.0, 2.0], [3.0]]))
    assert_close(values, [2.0, 4.0, 6.0])
    assert_close(lengths, [2, 1])


@clause(SHOULD, covers="GRA-37", needs="arrays ragged", since="2.9")
def test_a_source_ragged_in_two_dimensions_gives_such_a_gradient(tf, run):
    """A tensor that is ragged in two dimensions has a gradient that is ragged in both."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x)
        return gradient.flat_values, gradient.values.row_lengths(), gradient.row_lengths()

    values, inner, outer = run(program, tf.ragged.constant([[[1.0, 2.0], [3.0]], [[4.0]]]))
    assert_close(values, [2.0, 4.0, 6.0, 8.0])
    assert_close(inner, [2, 1, 1])
    assert_close(outer, [2, 1])


@clause(SHOULD, covers="GRA-37", needs="arrays ragged", since="2.9")
def test_ragged_and_dense_sources_are_asked_together(tf, run):
    """Ragged and dense sources in one list each get their own gradient."""

    def program(x, scale):
        with tf.GradientTape() as tape:
            tape.watch([x, scale])
            y = x * scale
        ragged, dense = tape.gradient(y, [x, scale])
        return ragged.values, dense

    x = tf.ragged.constant([[1.0, 2.0], [3.0]])
    ragged, dense = run(program, x, tf.constant(5.0))
    assert_close(ragged, [5.0, 5.0, 5.0])
    assert_close(dense, 1.0 + 2.0 + 3.0)


@clause(SHOULD, covers="GRA-38", needs="arrays ragged", since="2.9")
def test_an_unconnected_ragged_source_gives_none(tf, run):
    """A ragged source from which no path leads to the target gives None."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        return tape.gradient(y, z)

    assert_none(run(program, tf.constant(3.0), tf.ragged.constant([[1.0, 2.0], [3.0]])))


@clause(SHOULD, covers="GRA-18 GRA-38", needs="arrays ragged unconnected_zero", since="2.9")
def test_zero_for_a_ragged_source_is_ragged(tf, run):
    """With unconnected_gradients="zero" an unconnected ragged source gives ragged zeros."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        zero = tape.gradient(y, z, unconnected_gradients="zero")
        return zero.values, zero.row_lengths()

    source = tf.ragged.constant([[1.0, 2.0], [3.0]])
    values, lengths = run(program, tf.constant(3.0), source)
    assert_close(values, [0.0, 0.0, 0.0])
    assert_close(lengths, [2, 1])


@clause(SHOULD, covers="GRA-39", needs="arrays sparse", since="2.9")
def test_a_sparse_tensor_is_no_source(tf, run):
    """A sparse tensor as source raises ValueError."""

    def program(x):
        sparse = tf.sparse.SparseTensor([[0, 1]], [2.0], [1, 2])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError):
            tape.gradient(y, sparse)

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="GRA-39", needs="arrays sparse", since="2.9")
def test_a_sparse_tensor_is_no_target(tf, run):
    """A sparse tensor as target raises ValueError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            sparse = tf.sparse.SparseTensor([[0, 1]], x * x, [1, 2])
        with raises(ValueError):
            tape.gradient(sparse, x)

    run(program, tf.constant([3.0]))


@clause(SHOULD, covers="GRA-40", needs="variables")
def test_watched_variables_are_sources(tf, run):
    """The tuple of the watched variables, given as sources, gives a tuple of gradients."""
    v, w = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = v * v * w
        return tape.gradient(y, tape.watched_variables())

    assert_structure(run(program), (2 * 2.0 * 3.0, 2.0 * 2.0))


@clause(MUST, covers="GRA-41")
def test_other_results_do_not_contribute(tf, run):
    """Only the requested target is differentiated, not the other results on the tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            earlier = 5.0 * x
            y = x * x
            later = y * earlier
        gradient = tape.gradient(y, x)
        return gradient, later

    gradient, _ = run(program, tf.constant(3.0))
    assert_close(gradient, 2 * 3.0)


@clause(SHOULD, covers="GRA-42", needs="arrays variables state")
def test_a_gradient_outlives_the_update_of_its_variable(tf, run):
    """A gradient keeps its value when the variable that it came from is updated.

    The gradient of v * w with respect to w is v: a tape that hands out the storage of the
    variable would change it along.
    """
    v, w = tf.Variable([3.0, 5.0]), tf.Variable([7.0, 11.0])

    def program():
        with tf.GradientTape() as tape:
            y = v * w
        gradients = tape.gradient(y, [w, v])
        v.assign_add([1.0, 1.0])
        w.assign([0.0, 0.0])
        return gradients

    assert_structure(run(program), [np.array([3.0, 5.0]), np.array([7.0, 11.0])])


@clause(MUST, covers="GRA-43", needs="variables state")
def test_a_gradient_is_taken_at_the_recorded_values(tf, run):
    """Updating a variable after it was recorded and before gradient() changes no gradient."""
    v, w = tf.Variable(3.0), tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            y = v * v * w
        v.assign(100.0)
        w.assign_add(100.0)
        return tape.gradient(y, [v, w])

    assert_structure(run(program), [2 * 3.0 * 5.0, 3.0**2])


@clause(MUST, covers="GRA-44")
def test_a_target_that_was_not_recorded_gives_none(tf, run):
    """A target that is a constant, or was computed before the tape, gives None."""

    def program(x):
        early = x * x
        with tf.GradientTape() as tape:
            tape.watch(x)
            constant = tf.constant(5.0)
        return tape.gradient([early, constant], x)

    assert_none(run(program, tf.constant(3.0)))


@clause(SHOULD, covers="GRA-45", modes="eager")
def test_a_chain_of_thousands_of_operations_is_differentiated(tf, run):
    """A chain of thousands of operations is differentiated, with no limit of recursion.

    The chain is longer than the recursion that Python allows. To trace it takes
    seconds and tells nothing of the tape, so it is recorded in eager execution alone.
    """
    length = 3000

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(length):
                y = y + x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 1.0 + length)


@clause(MUST, covers="GRA-46", needs="arrays")
def test_unused_outputs_contribute_nothing(tf, run):
    """Of an operation with several outputs, those that are not used contribute zero."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, middle, _ = tf.unstack(x)
            y = middle * middle
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([[2.0, 3.0], [5.0, 7.0], [11.0, 13.0]]))
    assert_close(gradient, [[0.0, 0.0], [10.0, 14.0], [0.0, 0.0]])


@clause(MUST, covers="GRA-46", needs="arrays dtype-float")
def test_unused_outputs_contribute_in_their_own_dtype(tf, run):
    """Two operations with unused outputs of one shape but two dtypes each get their own zeros."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            first, _ = tf.unstack(x)
            _, second = tf.unstack(y)
        return tape.gradient([first, second], [x, y])

    wide, narrow = tf.constant([2.0, 3.0], tf.float64), tf.constant([5.0, 7.0], tf.float32)
    by_wide, by_narrow = run(program, wide, narrow)
    assert_close(by_wide, [1.0, 0.0], dtype="float64")
    assert_close(by_narrow, [0.0, 1.0], dtype="float32")


@clause(SHOULD, covers="GRA-47", needs="struct variables")
def test_variables_and_tensors_are_asked_together(tf, run):
    """Variables and tensors may be mixed and repeated in one structure of sources."""
    v = tf.Variable(2.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = v * v * x
        return tape.gradient(y, [v, {"x": x, "v": (v, x)}])

    gradients = run(program, tf.constant(3.0))
    assert_structure(gradients, [12.0, {"x": 4.0, "v": (12.0, 4.0)}])


@clause(SHOULD, covers="GRA-49", needs="persistent")
def test_the_order_of_the_sources_does_not_matter(tf, run):
    """Each source gets the same gradient wherever it stands among the sources."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y + x
        return tape.gradient(z, [x, y, z]), tape.gradient(z, [z, y, x])

    forward, backward = run(program, tf.constant(3.0))
    assert_structure(forward, [4 * 3.0**3 + 1.0, 2 * 3.0**2, 1.0])
    assert_structure(backward, [1.0, 2 * 3.0**2, 4 * 3.0**3 + 1.0])
