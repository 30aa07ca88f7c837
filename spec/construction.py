"""Construction: what a tape is built with, and what it refuses before it records.

Where a clause executes no operation, its promise is the same in every mode and is asked once.
"""

import inspect

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    clause,
    raises,
)


def assert_takes(method, **arguments):
    """A method takes arguments of these names, in this order, by position or by name."""
    signature = inspect.signature(method)
    assert_equal(dict(signature.bind(*arguments.values()).arguments), arguments)
    assert_equal(dict(signature.bind(**arguments).arguments), arguments)


@clause(MUST, covers="CON-01")
def test_a_with_statement_binds_the_tape_itself(tf, run):
    """A tape is built without arguments, and a with statement binds the tape itself."""

    def program(x):
        tape = tf.GradientTape()
        with tape as bound:
            assert_same(bound, tape)
            bound.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="CON-02", needs="variables")
def test_a_tape_watches_variables_and_answers_once_by_default(tf, run):
    """A tape built without arguments watches the variables that it sees and answers once."""
    variable = tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            y = variable * variable
        gradient = tape.gradient(y, variable)
        with raises(RuntimeError):
            tape.gradient(y, variable)
        return gradient

    assert_close(run(program), 2 * 5.0)


@clause(MUST, covers="CON-02", needs="persistent variables")
def test_the_options_are_persistent_and_then_watch_accessed_variables(tf, run):
    """The constructor takes persistent first and watch_accessed_variables second, by position."""
    variable = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape(True, False) as tape:
            tape.watch(x)
            y = x * variable
        return tape.gradient(y, x), tape.gradient(y, x), tape.gradient(y, variable)

    first, second, of_variable = run(program, tf.constant(3.0))
    assert_close(first, 5.0)
    assert_close(second, 5.0)
    assert_none(of_variable)


@clause(MUST, covers="CON-02", needs="persistent variables")
def test_the_options_have_names(tf, run):
    """The constructor takes persistent and watch_accessed_variables by name, in any order."""
    variable = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
            tape.watch(x)
            y = x * variable
        return tape.gradient(y, x), tape.gradient(y, x), tape.gradient(y, variable)

    first, second, of_variable = run(program, tf.constant(3.0))
    assert_close(first, 5.0)
    assert_close(second, 5.0)
    assert_none(of_variable)


@clause(MUST, covers="CON-02", needs="variables")
def test_the_options_may_repeat_the_defaults(tf, run):
    """A tape built with False and True, by position, is one built without arguments."""
    variable = tf.Variable(5.0)

    def program():
        with tf.GradientTape(False, True) as tape:
            y = variable * variable
        gradient = tape.gradient(y, variable)
        with raises(RuntimeError):
            tape.gradient(y, variable)
        return gradient

    assert_close(run(program), 2 * 5.0)


@clause(SHOULD, covers="CON-03", modes="eager")
def test_an_unknown_option_is_refused(tf, run):
    """The constructor refuses an option that it does not know with a TypeError."""
    with raises(TypeError):
        tf.GradientTape(persistant=True)


@clause(OBSERVED, covers="CON-04", since="2.1", modes="eager")
def test_the_class_has_a_second_name(tf, run):
    """The class is also found as autodiff.GradientTape, the same object."""
    assert_same(tf.autodiff.GradientTape, tf.GradientTape)


@clause(MUST, covers="CON-05", needs="output_gradients unconnected_zero", modes="eager")
def test_gradient_takes_four_arguments(tf, run):
    """The arguments of gradient are target, sources, output_gradients, unconnected_gradients."""
    assert_takes(tf.GradientTape().gradient, target=0, sources=1)
    assert_takes(
        tf.GradientTape().gradient,
        target=0,
        sources=1,
        output_gradients=2,
        unconnected_gradients=3,
    )


@clause(MUST, covers="CON-05", needs="jacobian unconnected_zero pfor", modes="eager")
def test_jacobian_takes_five_arguments(tf, run):
    """The arguments of jacobian are target, sources, unconnected_gradients and two options.

    The options are parallel_iterations and experimental_use_pfor, in this order.
    """
    assert_takes(tf.GradientTape().jacobian, target=0, sources=1)
    assert_takes(
        tf.GradientTape().jacobian,
        target=0,
        sources=1,
        unconnected_gradients=2,
        parallel_iterations=3,
        experimental_use_pfor=4,
    )


@clause(MUST, covers="CON-05", needs="batch_jacobian unconnected_zero pfor", modes="eager")
def test_batch_jacobian_takes_five_arguments(tf, run):
    """The arguments of batch_jacobian are target, source, unconnected_gradients and two options.

    The options are parallel_iterations and experimental_use_pfor, in this order.
    """
    assert_takes(tf.GradientTape().batch_jacobian, target=0, source=1)
    assert_takes(
        tf.GradientTape().batch_jacobian,
        target=0,
        source=1,
        unconnected_gradients=2,
        parallel_iterations=3,
        experimental_use_pfor=4,
    )


@clause(MUST, covers="CON-05", modes="eager")
def test_watch_takes_what_to_watch(tf, run):
    """The argument of watch is named tensor."""
    assert_takes(tf.GradientTape().watch, tensor=0)


@clause(MUST, covers="CON-05", needs="stop_recording reset variables", modes="eager")
def test_the_other_methods_take_no_arguments(tf, run):
    """stop_recording, reset and watched_variables take no arguments."""
    tape = tf.GradientTape()
    assert_takes(tape.stop_recording)
    assert_takes(tape.reset)
    assert_takes(tape.watched_variables)


@clause(MUST, covers="CON-05", needs="nested output_gradients unconnected_zero")
def test_gradient_is_called_by_position_and_by_name(tf, run):
    """gradient gives the same answer whether its arguments come by position or by name."""
    zero = tf.UnconnectedGradients.ZERO

    def program(x, other, weight):
        with tf.GradientTape() as positional, tf.GradientTape() as named:
            positional.watch(x)
            named.watch(x)
            y = x * x
        return positional.gradient(y, [x, other], weight, zero), named.gradient(
            unconnected_gradients=zero, output_gradients=weight, sources=[x, other], target=y
        )

    for of_x, of_other in run(program, tf.constant(3.0), tf.constant(7.0), tf.constant(5.0)):
        assert_close(of_x, 5.0 * 2 * 3.0)
        assert_close(of_other, 0.0)


@clause(SHOULD, covers="CON-06")
def test_a_tape_that_never_recorded_has_no_gradient(tf, run):
    """gradient on a tape that was never entered raises a RuntimeError."""

    def program(x):
        y = x * x
        with raises(RuntimeError):
            tf.GradientTape().gradient(y, x)

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="CON-06", needs="persistent")
def test_a_persistent_tape_that_never_recorded_has_no_gradient(tf, run):
    """gradient on a persistent tape that was never entered raises a RuntimeError."""

    def program(x):
        y = x * x
        with raises(RuntimeError):
            tf.GradientTape(persistent=True).gradient(y, x)

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="CON-07", needs="arrays jacobian")
def test_a_tape_that_never_recorded_has_no_jacobian(tf, run):
    """jacobian on a tape that was never entered raises a RuntimeError."""

    def program(x):
        y = x * x
        with raises(RuntimeError):
            tf.GradientTape().jacobian(y, x)

    run(program, tf.constant([3.0, 5.0]))


@clause(SHOULD, covers="CON-07", needs="arrays batch_jacobian")
def test_a_tape_that_never_recorded_has_no_batch_jacobian(tf, run):
    """batch_jacobian on a tape that was never entered raises a RuntimeError."""

    def program(x):
        y = x * x
        with raises(RuntimeError):
            tf.GradientTape().batch_jacobian(y, x)

    run(program, tf.constant([[3.0, 5.0]]))


@clause(OBSERVED, covers="CON-08")
def test_a_tape_that_never_recorded_does_not_watch(tf, run):
    """watch on a tape that was never entered fails with an accidental AttributeError."""

    def program(x):
        with raises(AttributeError):
            tf.GradientTape().watch(x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="CON-08", needs="variables")
def test_a_tape_that_never_recorded_does_not_watch_a_variable(tf, run):
    """watch of a variable on a tape that was never entered fails with an AttributeError."""
    variable = tf.Variable(3.0)

    def program():
        with raises(AttributeError):
            tf.GradientTape().watch(variable)

    run(program)


@clause(SHOULD, covers="CON-09", needs="variables", modes="eager")
def test_a_tape_that_never_recorded_watches_no_variables(tf, run):
    """watched_variables of a tape that was never entered is an empty tuple."""
    assert_equal(tf.GradientTape().watched_variables(), ())


@clause(SHOULD, covers="CON-10", needs="reset")
def test_a_tape_that_does_not_record_is_not_reset(tf, run):
    """reset raises a ValueError on a tape that was never entered and on one that has exited."""

    def program(x):
        tape = tf.GradientTape()
        with raises(ValueError):
            tape.reset()
        with tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError):
            tape.reset()
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="CON-11", needs="stop_recording", modes="eager")
def test_a_tape_that_never_recorded_does_not_stop(tf, run):
    """stop_recording on a tape that was never entered raises a RuntimeError."""
    with raises(RuntimeError), tf.GradientTape().stop_recording():
        pass


@clause(MUST, covers="CON-12", needs="nested")
def test_one_with_statement_opens_several_tapes(tf, run):
    """One with statement may open several tapes, and each of them answers."""

    def program(x, z):
        with tf.GradientTape() as first, tf.GradientTape() as second:
            first.watch(x)
            second.watch(z)
            y = x * z * z
        return first.gradient(y, x), second.gradient(y, z)

    of_x, of_z = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_close(of_x, 5.0**2)
    assert_close(of_z, 2 * 3.0 * 5.0)


@clause(SHOULD, covers="CON-13")
def test_a_block_may_record_nothing(tf, run):
    """A block that records nothing is legal, and the gradient of what it did not see is None."""

    def program(x):
        y = x * x
        with tf.GradientTape() as tape:
            pass
        return tape.gradient(y, x)

    assert_none(run(program, tf.constant(3.0)))


@clause(MUST, covers="CON-14", needs="unconnected_zero", modes="eager")
def test_unconnected_gradients_are_none_or_zero(tf, run):
    """UnconnectedGradients has the members NONE, "none", and ZERO, "zero", and no other."""
    members = {member.name: member.value for member in tf.UnconnectedGradients}
    assert_equal(members, {"NONE": "none", "ZERO": "zero"})


@clause(OBSERVED, covers="CON-15", needs="persistent")
def test_a_tape_is_persistent_only_with_true_itself(tf, run):
    """A tape built with persistent=1 answers once, and then finds its own state invalid.

    Documentation calls persistent a Boolean; a number is taken for True by one half of the
    implementation and for False by the other.
    """

    def program(x):
        with tf.GradientTape(persistent=1) as tape:
            tape.watch(x)
            y = x * x
        first = tape.gradient(y, x)
        with raises(tf.errors.InternalError, "internal state"):
            tape.gradient(y, x)
        return first

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="CON-16")
def test_what_no_tape_saw_is_a_constant(tf, run):
    """An operation that ran while no tape was active is never differentiated later.

    The product x * x is computed before the block, so that x * x * x has the derivative x * x
    instead of 3 * x * x.
    """

    def program(x):
        squared = x * x
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = squared * x
        return tape.gradient(y, [x, squared])

    of_x, of_squared = run(program, tf.constant(3.0))
    assert_close(of_x, 3.0**2)
    assert_none(of_squared)


@clause(OBSERVED, covers="CON-17")
def test_a_tape_may_be_subclassed(tf, run):
    """A subclass may override gradient and delegate to it."""

    class Tenfold(tf.GradientTape):
        def gradient(self, target, sources):
            return 10.0 * super().gradient(target, sources)

    def program(x):
        with Tenfold() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 10.0 * 2 * 3.0)
