"""Exceptions: what a failing block, operation or gradient leaves behind."""

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


@clause(MUST, covers="EXC-01")
def test_an_exception_leaves_the_block_unchanged(tf, run):
    """An exception that is raised in the block of a tape comes out of it as the same object."""
    problem = KeyError("lost")

    def program(x):
        try:
            with tf.GradientTape() as tape:
                tape.watch(x)
                raise problem
        except KeyError as caught:
            assert_same(caught, problem)
        else:
            assert_same(None, problem)

    run(program, tf.constant(3.0))


@clause(MUST, covers="EXC-01")
def test_an_exception_ends_the_recording(tf, run):
    """What is computed after an exception has ended the block is not recorded."""

    def program(x):
        with raises(KeyError, "lost"), tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            raise KeyError("lost")
        z = x * y
        return tape.gradient([z, y], x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(MUST, covers="EXC-01 EXC-03", needs="persistent")
def test_what_was_recorded_before_an_exception_is_kept(tf, run):
    """A tape whose block ended with an exception gives gradients of what it recorded."""

    def program(x):
        with raises(KeyError, "lost"), tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * x
            raise KeyError("lost")
        return tape.gradient(y, x), tape.gradient(z, x)

    assert_structure(run(program, tf.constant(3.0)), (2 * 3.0, 3 * 3.0**2))


@clause(MUST, covers="EXC-01")
def test_later_tapes_work_after_an_exception(tf, run):
    """A tape that is opened after an exception records as if there had been none."""

    def program(x):
        with raises(KeyError, "lost"), tf.GradientTape() as broken:
            broken.watch(x)
            raise KeyError("lost")
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x), broken.gradient(y, x)

    gradient, of_broken = run(program, tf.constant(3.0))
    assert_close(gradient, 27.0)
    assert_none(of_broken)


@clause(SHOULD, covers="EXC-01")
def test_a_tape_is_entered_again_after_an_exception(tf, run):
    """A tape whose block ended with an exception goes on recording when it is entered again."""

    def program(x):
        tape = tf.GradientTape()
        with raises(KeyError, "lost"), tape:
            tape.watch(x)
            y = x * x
            raise KeyError("lost")
        with tape:
            z = y * x
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant(3.0)), 3 * 3.0**2)


@clause(MUST, covers="EXC-02", needs="nested")
def test_an_exception_unwinds_nested_tapes(tf, run):
    """An exception that leaves several blocks ends the recording of all their tapes."""

    def program(x):
        outer, inner = tf.GradientTape(), tf.GradientTape()
        with raises(KeyError, "lost"), outer, inner:
            outer.watch(x)
            inner.watch(x)
            y = x * x
            raise KeyError("lost")
        z = y * x
        return outer.gradient([z, y], x), inner.gradient([z, y], x)

    assert_structure(run(program, tf.constant(3.0)), (6.0, 6.0))


@clause(MUST, covers="EXC-02", needs="nested")
def test_an_exception_that_is_caught_outside_leaves_the_outer_tape_recording(tf, run):
    """An exception that ends an inner block alone leaves the outer tape recording."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with raises(KeyError, "lost"), tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x
                raise KeyError("lost")
            z = y * x
        return outer.gradient(z, x), inner.gradient([z, y], x)

    assert_structure(run(program, tf.constant(3.0)), (3 * 3.0**2, 2 * 3.0))


@clause(SHOULD, covers="EXC-03", needs="arrays")
def test_a_failing_operation_leaves_the_tape_recording(tf, run):
    """An operation that fails in the block records nothing, and the tape goes on."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = x * x
            with raises((ValueError, tf.errors.InvalidArgumentError)):
                tf.matmul(y, w)
            z = tf.reduce_sum(y * 3.0)
        return tape.gradient(z, [x, w])

    inputs = tf.constant([[1.0, 2.0]]), tf.constant([[1.0, 2.0, 3.0]])
    assert_structure(run(program, *inputs), [np.array([[6.0, 12.0]]), None])


@clause(OBSERVED, covers="EXC-03", needs="arrays", modes="eager")
def test_a_failing_operation_raises_its_own_error(tf, run):
    """Shapes that do not fit raise InvalidArgumentError in a block as they do outside of one."""

    def program(x, w):
        with raises(tf.errors.InvalidArgumentError):
            x + w
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            with raises(tf.errors.InvalidArgumentError):
                x + w

    run(program, tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0, 3.0]))


@clause(SHOULD, covers="EXC-04", needs="custom_gradient")
def test_an_exception_of_a_gradient_keeps_its_type(tf, run):
    """An exception of a class of one's own that a gradient raises keeps class and content."""

    class OwnError(Exception):
        pass

    @tf.custom_gradient
    def double(x):
        def grad_fn(upstream):
            raise OwnError("of mine", 7)

        return x * 2.0, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x * x) * 3.0
        try:
            tape.gradient(y, x)
        except Exception as caught:
            assert_same(type(caught), OwnError)
            assert_equal(caught.args, ("of mine", 7))
        else:
            assert_same(None, OwnError)

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="EXC-04", needs="custom_gradient nested")
def test_a_failing_gradient_leaves_no_tape_recording(tf, run):
    """After an exception in a gradient the tapes that record are those that did before."""

    def program(x):
        @tf.custom_gradient
        def fails(value):
            return value * 2.0, lambda upstream: upstream * (1 // 0)

        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = fails(x)
                with raises(ZeroDivisionError):
                    inner.gradient(y, x)
            z = x * x
        w = z * x
        return outer.gradient([z, w], x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="EXC-05", needs="custom_gradient nested")
def test_a_failing_inner_gradient_leaves_the_outer_tape_usable(tf, run):
    """An inner gradient that fails in the block of an outer tape leaves that tape recording."""

    def program(x):
        @tf.custom_gradient
        def fails(value):
            return value * 2.0, lambda upstream: upstream * (1 // 0)

        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = fails(x)
            with raises(ZeroDivisionError):
                inner.gradient(y, x)
            z = x * x * x
        return outer.gradient(z, x)

    assert_close(run(program, tf.constant(3.0)), 27.0)


@clause(SHOULD, covers="EXC-05", needs="nested")
def test_a_refused_inner_question_leaves_the_outer_tape_usable(tf, run):
    """A second question to a used inner tape, refused in the outer block, changes nothing there."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            first = inner.gradient(y, x)
            with raises(RuntimeError):
                inner.gradient(y, x)
        return first, outer.gradient(first, x)

    assert_structure(run(program, tf.constant(3.0)), (27.0, 18.0))


@clause(SHOULD, covers="EXC-06")
def test_an_interrupt_ends_the_recording(tf, run):
    """A KeyboardInterrupt leaves the block unchanged and ends the recording."""

    def program(x):
        tape = tf.GradientTape()
        try:
            with tape:
                tape.watch(x)
                y = x * x
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            z = y * x
        return tape.gradient([y, z], x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="EXC-06")
def test_a_generator_that_is_closed_ends_the_recording(tf, run):
    """A block in a generator ends when the generator is closed: what follows is not recorded."""

    def program(x):
        tape = tf.GradientTape()

        def steps():
            with tape:
                tape.watch(x)
                yield x * x

        generator = steps()
        y = next(generator)
        z = y * x
        generator.close()
        w = z * x
        return tape.gradient([z, w], x)

    assert_close(run(program, tf.constant(3.0)), 3 * 3.0**2)


@clause(SHOULD, covers="EXC-06")
def test_leaving_a_block_early_ends_the_recording(tf, run):
    """A block that is left by return ends the recording as one that is run to its end."""

    def program(x):
        tape = tf.GradientTape()

        def square():
            with tape:
                tape.watch(x)
                return x * x

        y = square()
        z = y * x
        return tape.gradient([y, z], x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="EXC-07", needs="custom_gradient graph", modes="function jit")
def test_too_few_gradients_of_a_recorded_operation_are_an_internal_error(tf, run):
    """An operation whose recorded gradient is too short raises InternalError, which counts both.

    In a traced program the outputs of a function with custom gradient count among its inputs.
    """

    def program(x):
        product = tf.custom_gradient(lambda x, w: (x * w, lambda upstream: [upstream]))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(x, x)
        with raises(tf.errors.InternalError, "too few gradients", "expected 3", "received 2"):
            tape.gradient(y, x)

    run(program, tf.constant(3.0))
