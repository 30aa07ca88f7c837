"""Persistence: how often a tape answers, and what it keeps until then."""

import gc
import weakref

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


@clause(MUST, covers="PER-01")
def test_a_tape_answers_once(tf, run):
    """A tape that is not persistent refuses a second gradient with a RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        first = tape.gradient(y, x)
        with raises(RuntimeError):
            tape.gradient(y, x)
        return first

    assert_close(run(program, tf.constant(6.0)), 12.0)


@clause(MUST, covers="PER-01")
def test_a_used_tape_answers_no_other_question(tf, run):
    """A used tape that is not persistent refuses other targets and sources, too."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = x * x
            z = w * w
        first = tape.gradient(y, x)
        with raises(RuntimeError):
            tape.gradient(z, w)
        return first

    assert_close(run(program, tf.constant(6.0), tf.constant(5.0)), 12.0)


@clause(MUST, covers="PER-02", needs="persistent")
def test_a_persistent_tape_answers_twice(tf, run):
    """A tape built with persistent=True gives the same gradient again on a second call."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x), tape.gradient(y, x)

    first, second = run(program, tf.constant(6.0))
    assert_close(first, 12.0)
    assert_close(second, 12.0)


@clause(MUST, covers="PER-02", needs="persistent")
def test_a_persistent_tape_answers_for_each_target(tf, run):
    """A persistent tape differentiates a result, and then what that result was computed from."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        return tape.gradient(z, x), tape.gradient(y, x), tape.gradient(z, y)

    assert_structure(run(program, tf.constant(3.0)), (4 * 3.0**3, 2 * 3.0, 2 * 3.0**2))


@clause(MUST, covers="PER-03", needs="arrays jacobian batch_jacobian")
def test_after_a_gradient_no_jacobian_is_answered(tf, run):
    """After gradient() a tape that is not persistent refuses any jacobian with a RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        first = tape.gradient(y, x)
        with raises(RuntimeError):
            tape.jacobian(y, x)
        with raises(RuntimeError):
            tape.batch_jacobian(y, x)
        return first

    assert_close(run(program, tf.constant([[1.0, 2.0]])), [[2.0, 4.0]])


@clause(MUST, covers="PER-03", needs="arrays jacobian batch_jacobian")
def test_after_a_jacobian_nothing_is_answered(tf, run):
    """After jacobian() a tape that is not persistent refuses every question."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        first = tape.jacobian(y, x)
        with raises(RuntimeError):
            tape.gradient(y, x)
        with raises(RuntimeError):
            tape.jacobian(y, x)
        with raises(RuntimeError):
            tape.batch_jacobian(y, x)
        return first

    jacobian = run(program, tf.constant([[1.0, 2.0]]))
    assert_close(jacobian, [[[[2.0, 0.0]], [[0.0, 4.0]]]])


@clause(MUST, covers="PER-03", needs="arrays jacobian batch_jacobian")
def test_after_a_batch_jacobian_nothing_is_answered(tf, run):
    """After batch_jacobian() a tape that is not persistent refuses every question."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        first = tape.batch_jacobian(y, x)
        with raises(RuntimeError):
            tape.gradient(y, x)
        with raises(RuntimeError):
            tape.jacobian(y, x)
        with raises(RuntimeError):
            tape.batch_jacobian(y, x)
        return first

    jacobian = run(program, tf.constant([[1.0, 2.0]]))
    assert_close(jacobian, [[[2.0, 0.0], [0.0, 4.0]]])


@clause(SHOULD, covers="PER-04")
def test_an_answer_of_none_is_an_answer(tf, run):
    """A gradient that was None uses up a tape that is not persistent, as any other does."""

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        first = tape.gradient(y, z)
        with raises(RuntimeError):
            tape.gradient(y, x)
        return first

    assert_none(run(program, tf.constant(3.0), tf.constant(5.0)))


@clause(OBSERVED, covers="PER-05")
def test_a_refused_target_leaves_the_tape_unused(tf, run):
    """After a TypeError for the target None a tape still answers."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(TypeError):
            tape.gradient(None, x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="PER-06", needs="unconnected_zero")
def test_a_refused_option_leaves_the_tape_unused(tf, run):
    """After a ValueError for an unknown value of unconnected_gradients a tape still answers."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError):
            tape.gradient(y, x, unconnected_gradients="nonsense")
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="PER-07", needs="custom_gradient")
def test_a_failed_gradient_leaves_half_a_tape(tf, run):
    """After an exception in the gradient of an operation a tape answers with InternalError."""

    def program(x):
        @tf.custom_gradient
        def fails(value):
            return value * 2.0, lambda upstream: upstream * (1 // 0)

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fails(x * x)
        with raises(ZeroDivisionError):
            tape.gradient(y, x)
        with raises(tf.errors.InternalError):
            tape.gradient(y, x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="PER-07", needs="custom_gradient persistent")
def test_a_failed_gradient_leaves_a_persistent_tape_whole(tf, run):
    """After an exception in the gradient of an operation a persistent tape still answers."""

    def program(x):
        @tf.custom_gradient
        def fails(value):
            return value * 2.0, lambda upstream: upstream * (1 // 0)

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = fails(y)
        with raises(ZeroDivisionError):
            tape.gradient(z, x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(MUST, covers="PER-08", needs="memory", modes="eager")
def test_a_gradient_releases_what_was_recorded(tf, run):
    """The gradient of a tape that is not persistent releases the intermediate results."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        intermediate = weakref.ref(y)
        del y
        gradient = tape.gradient(z, x)
        gc.collect()
        assert_none(intermediate())
        return gradient

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(MUST, covers="PER-09", needs="memory persistent", modes="eager")
def test_a_persistent_tape_keeps_what_was_recorded(tf, run):
    """A persistent tape keeps what it recorded after gradient(), until the tape is deleted."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        intermediate = weakref.ref(y)
        del y
        tape.gradient(z, x)
        again = tape.gradient(z, x)
        del tape
        gc.collect()
        assert_none(intermediate())
        return again

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(SHOULD, covers="PER-10", needs="memory", modes="eager")
def test_an_unused_tape_releases_what_was_recorded(tf, run):
    """A tape that nobody asked releases the intermediate results when it is deleted."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            y * y
        intermediate = weakref.ref(y)
        del y, tape
        gc.collect()
        assert_none(intermediate())

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="PER-09 PER-10", needs="memory persistent", modes="eager")
def test_an_intermediate_result_lives_as_long_as_it_may_be_needed(tf, run):
    """A persistent tape holds an intermediate result after its block and after gradient()."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        intermediate = weakref.ref(y)
        del y
        after_the_block = intermediate() is not None
        tape.gradient(z, x)
        gc.collect()
        assert_equal([after_the_block, intermediate() is not None], [True, True])

    run(program, tf.constant(3.0))


@clause(MUST, covers="PER-11", needs="output_gradients persistent")
def test_answers_of_a_persistent_tape_do_not_add_up(tf, run):
    """Every answer of a persistent tape is the same, whatever was asked before."""

    def program(x, w):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            y = x * x * w
            z = y * y
        first = tape.gradient(z, [x, w])
        tape.gradient(y, x, output_gradients=tf.constant(7.0))
        tape.gradient([y, z], [w, y])
        return first, tape.gradient(z, [x, w])

    # z = x^4 w^2
    expected = [4 * 3.0**3 * 5.0**2, 3.0**4 * 2 * 5.0]
    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), (expected, expected))


@clause(MUST, covers="PER-12", needs="arrays persistent jacobian batch_jacobian")
def test_a_persistent_tape_is_asked_in_any_order(tf, run):
    """A persistent tape answers gradient, jacobian and batch_jacobian in any order."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        batched = tape.batch_jacobian(y, x)
        gradient = tape.gradient(z, x)
        jacobian = tape.jacobian(z, y)
        return batched, gradient, jacobian, tape.gradient(y, x)

    batched, gradient, jacobian, again = run(program, tf.constant([[1.0, 2.0]]))
    assert_close(batched, [[[2.0, 0.0], [0.0, 4.0]]])
    assert_close(gradient, [[4 * 1.0**3, 4 * 2.0**3]])
    assert_close(jacobian, [[[[2.0, 0.0]], [[0.0, 8.0]]]])
    assert_close(again, [[2.0, 4.0]])


@clause(SHOULD, covers="PER-13", needs="persistent")
def test_a_gradient_outside_the_block_is_not_recorded(tf, run):
    """A gradient that a persistent tape gave outside of its block is no target of the tape."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x * x
        first = tape.gradient(y, x)
        return first, tape.gradient(first, x)

    first, second = run(program, tf.constant(3.0))
    assert_close(first, 3 * 3.0**2)
    assert_none(second)


@clause(SHOULD, covers="PER-13", needs="nested persistent")
def test_a_gradient_inside_the_block_is_recorded(tf, run):
    """A gradient that a persistent tape gave inside of its block is recorded on the tape.

    The documentation contradicts itself: it promises a RuntimeError for a call inside the block,
    and recommends the call to those who want derivatives of higher order.
    """

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x * x
            first = tape.gradient(y, x)
        return first, tape.gradient(first, x)

    first, second = run(program, tf.constant(3.0))
    assert_close(first, 3 * 3.0**2)
    assert_close(second, 6 * 3.0)


@clause(MUST, covers="PER-14", needs="variables")
def test_a_used_tape_knows_its_watched_variables(tf, run):
    """A tape that gave its gradient still tells which variables it watched."""
    v, w, unread = tf.Variable(3.0), tf.Variable(5.0), tf.Variable(7.0)

    def program():
        with tf.GradientTape() as tape:
            y = v * v * w
        gradient = tape.gradient(y, v)
        watched = tape.watched_variables()
        assert_equal(len(watched), 2)
        assert_same(watched[0], v)
        assert_same(watched[1], w)
        return gradient, unread * 1.0

    gradient, _ = run(program)
    assert_close(gradient, 2 * 3.0 * 5.0)
