"""Recording: when a tape records, from entering its block to leaving it and entering it again."""

import contextlib

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_none,
    clause,
    raises,
)


@clause(MUST, covers="REC-01")
def test_operations_after_the_block_are_not_recorded(tf, run):
    """An operation that runs after the block is not recorded: its gradient is None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        z = y * x
        return tape.gradient(z, x)

    assert_none(run(program, tf.constant(3.0)))


@clause(MUST, covers="REC-01", needs="arrays jacobian persistent")
def test_a_jacobian_after_the_block_does_not_open_it_again(tf, run):
    """A tape that has given a jacobian after its block records no operation that follows."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        jacobian = tape.jacobian(y, x)
        z = y * x
        return jacobian, tape.gradient(z, x)

    jacobian, of_z = run(program, tf.constant([3.0, 5.0]))
    assert_close(jacobian, [[2 * 3.0, 0.0], [0.0, 2 * 5.0]])
    assert_none(of_z)


@clause(MUST, covers="REC-02")
def test_a_gradient_is_asked_for_after_the_block(tf, run):
    """Leaving the block ends recording and leaves the tape ready to answer, for all it recorded."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * x
        return tape.gradient(z, [x, y])

    of_x, of_y = run(program, tf.constant(3.0))
    assert_close(of_x, 3 * 3.0**2)
    assert_close(of_y, 3.0)


@clause(SHOULD, covers="REC-03")
def test_a_gradient_may_be_asked_for_inside_the_block(tf, run):
    """A tape that is not persistent answers inside its own block, which is then left as usual.

    Documentation says that this raises a RuntimeError; upstream tests hold that it works.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            gradient = tape.gradient(y, x)
        return gradient

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="REC-03")
def test_a_gradient_inside_the_block_is_the_only_one(tf, run):
    """A tape that is not persistent is used up by its gradient inside the block."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            gradient = tape.gradient(y, x)
            with raises(RuntimeError):
                tape.gradient(y, x)
        with raises(RuntimeError):
            tape.gradient(y, x)
        return gradient

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="REC-04", needs="persistent nested")
def test_a_gradient_inside_the_block_is_recorded(tf, run):
    """A persistent tape answers inside its own block and records how it came to the answer.

    Documentation says that this raises a RuntimeError; upstream tests hold that it works.
    """

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x * x
            first = tape.gradient(y, x)
            second = tape.gradient(first, x)
        return first, second, tape.gradient(second, x)

    first, second, third = run(program, tf.constant(3.0))
    assert_close(first, 3 * 3.0**2)
    assert_close(second, 6 * 3.0)
    assert_close(third, 6.0)


@clause(SHOULD, covers="REC-05")
def test_a_tape_that_records_is_not_entered(tf, run):
    """Entering a tape that is recording raises a ValueError."""

    def program(x):
        with tf.GradientTape() as tape, raises(ValueError):
            tape.watch(x)
            with tape:
                pass

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="REC-06", needs="persistent")
def test_a_refused_entry_leaves_the_tape_recording(tf, run):
    """After a refused second entry the block goes on recording, and ends where it ends."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with raises(ValueError), tape:
                pass
            z = y * x
        after = z * x
        return tape.gradient(z, x), tape.gradient(after, x)

    of_z, of_after = run(program, tf.constant(3.0))
    assert_close(of_z, 3 * 3.0**2)
    assert_none(of_after)


@clause(MUST, covers="REC-07")
def test_a_tape_that_is_entered_again_goes_on(tf, run):
    """A tape that has exited and is entered again goes on with what it has recorded.

    Documentation knows entering without a limit, and one method that forgets: reset.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with tape:
            z = y * y * x
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant(3.0)), 5 * 3.0**4)


@clause(MUST, covers="REC-08")
def test_operations_between_two_blocks_are_not_recorded(tf, run):
    """What runs between two blocks of one tape is a constant to it.

    The product x * x is computed between the blocks, so that x * x * x has the derivative x * x.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        squared = x * x
        with tape:
            y = squared * x
        return tape.gradient(y, [x, squared])

    of_x, of_squared = run(program, tf.constant(3.0))
    assert_close(of_x, 3.0**2)
    assert_none(of_squared)


@clause(OBSERVED, covers="REC-09")
def test_a_used_tape_may_be_entered_again(tf, run):
    """A used tape that is entered again starts afresh and gives one more gradient."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        first = tape.gradient(y, x)
        with tape:
            tape.watch(x)
            z = y * x
        second = tape.gradient(z, x)
        with raises(RuntimeError):
            tape.gradient(z, x)
        return first, second

    first, second = run(program, tf.constant(3.0))
    assert_close(first, 2 * 3.0)
    assert_close(second, 3.0**2)


@clause(SHOULD, covers="REC-10", needs="persistent")
def test_a_persistent_tape_that_is_entered_again_keeps_its_history(tf, run):
    """A persistent tape that has answered goes on with what it recorded when entered again."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        first = tape.gradient(y, x)
        with tape:
            z = y * y
        return first, tape.gradient(z, x), tape.gradient(y, x)

    first, of_z, again = run(program, tf.constant(3.0))
    assert_close(first, 2 * 3.0)
    assert_close(of_z, 4 * 3.0**3)
    assert_close(again, 2 * 3.0)


@clause(MUST, covers="REC-11 REC-14")
def test_an_exception_leaves_the_block(tf, run):
    """An exception in the block reaches the caller, and what was recorded before has a gradient."""

    def program(x):
        with raises(KeyError, "stray"), tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            raise KeyError("stray")
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="REC-11")
def test_an_exception_ends_recording(tf, run):
    """A tape whose block was left by an exception records no further operations."""

    def program(x):
        with raises(KeyError), tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            raise KeyError("stray")
        z = y * x
        return tape.gradient(z, x)

    assert_none(run(program, tf.constant(3.0)))


@clause(SHOULD, covers="REC-12", needs="nested")
def test_blocks_may_overlap(tf, run):
    """Of two tapes the one that was entered first may be left first; each records its own block."""

    def program(x):
        with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
            early = first.enter_context(tf.GradientTape())
            late = second.enter_context(tf.GradientTape())
            early.watch(x)
            late.watch(x)
            y = x * x
            first.close()
            z = y * x
        return early.gradient(y, x), late.gradient(z, x)

    of_y, of_z = run(program, tf.constant(3.0))
    assert_close(of_y, 2 * 3.0)
    assert_close(of_z, 3 * 3.0**2)


@clause(SHOULD, covers="REC-12", needs="nested")
def test_a_tape_that_is_left_first_records_no_more(tf, run):
    """A tape that is left while a later one still records does not see what the later one sees."""

    def program(x):
        with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
            early = first.enter_context(tf.GradientTape())
            late = second.enter_context(tf.GradientTape())
            early.watch(x)
            late.watch(x)
            first.close()
            y = x * x
        return early.gradient(y, x), late.gradient(y, x)

    early, late = run(program, tf.constant(3.0))
    assert_none(early)
    assert_close(late, 2 * 3.0)


@clause(SHOULD, covers="REC-13")
def test_an_exit_stack_manages_tapes(tf, run):
    """A tape that an ExitStack has entered records until the stack is left."""

    def program(x):
        with contextlib.ExitStack() as stack:
            tape = stack.enter_context(tf.GradientTape())
            tape.watch(x)
            y = x * x
        z = y * x
        return tape.gradient([y, z], x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(OBSERVED, covers="REC-15", modes="eager")
def test_leaving_a_tape_that_does_not_record_does_nothing(tf, run):
    """__exit__ of a tape that is not recording returns None and raises nothing."""
    tape = tf.GradientTape()
    assert_none(tape.__exit__(None, None, None))
    with tape:
        pass
    assert_none(tape.__exit__(None, None, None))


@clause(MUST, covers="REC-16")
def test_operations_without_a_watched_input_are_constants(tf, run):
    """An operation none of whose inputs is watched is not recorded: its result is a constant."""

    def program(x, constant):
        with tf.GradientTape() as tape:
            tape.watch(x)
            squared = constant * constant
            y = x * x * squared
        return tape.gradient(y, [x, constant, squared])

    of_x, of_constant, of_squared = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_close(of_x, 2 * 3.0 * 5.0**2)
    assert_none(of_constant)
    assert_none(of_squared)


@clause(SHOULD, covers="REC-17", needs="arrays jacobian")
def test_a_jacobian_may_be_asked_for_inside_the_block(tf, run):
    """A tape that is not persistent answers with a jacobian inside its own block."""

    def program(x, weights):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * weights
            jacobian = tape.jacobian(y, x)
        return jacobian

    jacobian = run(program, tf.constant([3.0, 5.0]), tf.constant([1.0, 10.0]))
    assert_close(jacobian, [[2 * 3.0, 0.0], [0.0, 10.0 * 2 * 5.0]])


@clause(SHOULD, covers="REC-17", needs="arrays batch_jacobian")
def test_a_batch_jacobian_may_be_asked_for_inside_the_block(tf, run):
    """A tape that is not persistent answers with a batch jacobian inside its own block."""

    def program(x, weights):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * weights
            jacobian = tape.batch_jacobian(y, x)
        return jacobian

    jacobian = run(program, tf.constant([[3.0], [5.0], [7.0]]), tf.constant([[1.0, 10.0]]))
    assert_close(jacobian, [[[6.0], [60.0]], [[10.0], [100.0]], [[14.0], [140.0]]])


@clause(SHOULD, covers="REC-18")
def test_a_block_may_be_left_by_return(tf, run):
    """A tape whose block is left by return stops recording and answers for what it saw."""

    def squared(tape, x):
        with tape:
            tape.watch(x)
            return x * x

    def program(x):
        tape = tf.GradientTape()
        y = squared(tape, x)
        z = y * x
        return tape.gradient([y, z], x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(SHOULD, covers="REC-18")
def test_a_block_may_be_left_by_break_and_continue(tf, run):
    """Tapes whose blocks are left by continue and by break stop recording there and answer."""

    def program(x):
        y, tapes, targets = x, [tf.GradientTape(), tf.GradientTape()], []
        for tape in tapes:
            with tape:
                tape.watch(x)
                y = y * x
                targets.append(y)
                if len(targets) < 2:
                    continue
                break
        z = y * x
        return [tape.gradient([y, z], x) for tape, y in zip(tapes, targets)]

    first, second = run(program, tf.constant(3.0))
    assert_close(first, 2 * 3.0)
    assert_close(second, 3.0**2)


@clause(OBSERVED, covers="REC-19")
def test_a_tape_in_a_generator_records_its_caller(tf, run):
    """A tape in a suspended generator goes on recording: the operations of the caller too."""

    def recorder(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            yield tape

    def program(x):
        generator = recorder(x)
        tape = next(generator)
        y = x * x
        generator.close()
        z = y * x
        return tape.gradient([y, z], x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="REC-20", modes="eager")
def test_python_numbers_are_constants(tf, run):
    """float() of a watched tensor is a constant: x * float(x) has the derivative float(x).

    A traced program has no values that Python could compute with.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * float(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 3.0)


@clause(MUST, covers="REC-21", needs="arrays")
def test_looking_at_tensors_does_not_disturb_recording(tf, run):
    """Printing tensors and asking for their shape and dtype leaves the gradient as it is."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            print(x, repr(y), y.shape, y.dtype)
            z = y * x
            print(z)
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant([3.0, 5.0])), [3 * 3.0**2, 3 * 5.0**2])


@clause(SHOULD, covers="REC-22")
def test_a_tape_waits_to_be_asked(tf, run):
    """A tape answers any time after its block, whatever other tapes record meanwhile."""

    def program(x):
        with tf.GradientTape() as first:
            first.watch(x)
            y = x * x
        with tf.GradientTape() as second:
            second.watch([x, y])
            z = y * x
        of_second = second.gradient(z, x)
        return of_second, first.gradient(y, x)

    of_second, of_first = run(program, tf.constant(3.0))
    assert_close(of_second, 3.0**2)
    assert_close(of_first, 2 * 3.0)


@clause(OBSERVED, covers="REC-23", needs="arrays jacobian persistent")
def test_a_jacobian_inside_the_block_is_recorded(tf, run):
    """A persistent tape records how it came to a jacobian inside its own block."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            jacobian = tape.jacobian(x * x * x, x)
            y = tf.reduce_sum(jacobian)
        return jacobian, tape.gradient(y, x)

    jacobian, gradient = run(program, tf.constant([3.0, 5.0]))
    assert_close(jacobian, [[3 * 3.0**2, 0.0], [0.0, 3 * 5.0**2]])
    assert_close(gradient, [6 * 3.0, 6 * 5.0])
