"""Pausing a tape: what stop_recording leaves out, and what it leaves alone."""

import gc
import logging
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


@clause(MUST, covers="STP-01", needs="stop_recording")
def test_a_paused_tape_does_not_record(tf, run):
    """An operation in a stop_recording block is not recorded: its result gives None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording():
                y = x * x
        return y, tape.gradient(y, x)

    y, gradient = run(program, tf.constant(3.0))
    assert_close(y, 9.0)
    assert_none(gradient)


@clause(MUST, covers="STP-02", needs="stop_recording")
def test_recording_resumes_after_the_pause(tf, run):
    """What was recorded before and after a stop_recording block is one history."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                x * y
            z = y * y
        return tape.gradient(z, [x, y])

    assert_structure(run(program, tf.constant(3.0)), [4 * 3.0**3, 2 * 3.0**2])


@clause(MUST, covers="STP-02", needs="stop_recording")
def test_a_tape_pauses_many_times(tf, run):
    """A tape may be paused again after it has resumed; only the pauses are left out."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            for _ in range(2):
                with tape.stop_recording():
                    paused = y * x
                y = y + paused + x
        return y, tape.gradient(y, x)

    # After each pause 3 x^2 more and x more are added, of which only x has a derivative.
    y, gradient = run(program, tf.constant(3.0))
    assert_close(y, 9.0 + (27.0 + 3.0) + (39.0 * 3.0 + 3.0))
    assert_close(gradient, 2 * 3.0 + 1.0 + 1.0)


@clause(MUST, covers="STP-03", needs="stop_recording")
def test_paused_results_are_constants(tf, run):
    """A value computed during a pause enters later expressions as a constant."""

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            with tape.stop_recording():
                paused = y * y * x
            z = x * x + paused * x
        return tape.gradient(z, [x, y])

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, [2 * 2.0 + 3.0**2 * 2.0, None])


@clause(MUST, covers="STP-04", needs="stop_recording")
def test_a_tape_that_never_recorded_is_not_paused(tf, run):
    """stop_recording on a tape whose block was never entered raises RuntimeError."""

    def program():
        tape = tf.GradientTape()
        with raises(RuntimeError), tape.stop_recording():
            pass

    run(program)


@clause(MUST, covers="STP-04", needs="stop_recording")
def test_a_used_tape_is_not_paused(tf, run):
    """stop_recording on a tape that gave its gradient raises RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x)
        with raises(RuntimeError), tape.stop_recording():
            pass
        return gradient

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(MUST, covers="STP-05", needs="stop_recording")
def test_a_tape_outside_its_block_is_not_paused(tf, run):
    """stop_recording on a tape whose block was left raises RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
        with raises(RuntimeError), tape.stop_recording():
            pass

    run(program, tf.constant(3.0))


@clause(MUST, covers="STP-06", needs="stop_recording")
def test_a_paused_tape_is_not_paused_again(tf, run):
    """stop_recording in a stop_recording block of the same tape raises RuntimeError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording(), raises(RuntimeError), tape.stop_recording():
                pass

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="STP-07", needs="stop_recording")
def test_recording_resumes_after_an_exception(tf, run):
    """An exception leaves a stop_recording block unchanged, and recording resumes."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with raises(KeyError, "paused"), tape.stop_recording():
                raise KeyError("paused")
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="STP-08", needs="stop_recording variables")
def test_a_paused_tape_watches_no_variables(tf, run):
    """A variable that is read only while the tape is paused is not watched."""
    paused, read = tf.Variable(3.0), tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            with tape.stop_recording():
                factor = paused * 1.0
            y = factor * read
        assert_equal(len(tape.watched_variables()), 1)
        assert_same(tape.watched_variables()[0], read)
        return tape.gradient(y, [paused, read])

    assert_structure(run(program), [None, 3.0])


@clause(MUST, covers="STP-09", needs="stop_recording nested")
def test_a_pause_concerns_one_tape(tf, run):
    """While the inner tape is paused the outer tape records."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                with inner.stop_recording():
                    y = x * x
        return outer.gradient(y, x), inner.gradient(y, x)

    recorded, paused = run(program, tf.constant(3.0))
    assert_close(recorded, 6.0)
    assert_none(paused)


@clause(MUST, covers="STP-09", needs="stop_recording nested")
def test_a_pause_of_the_outer_tape_leaves_the_inner_recording(tf, run):
    """While the outer tape is paused the inner tape records."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                with outer.stop_recording():
                    y = x * x
                z = x * x * x
        return outer.gradient([y, z], x), inner.gradient([y, z], x)

    of_outer, of_inner = run(program, tf.constant(3.0))
    assert_close(of_outer, 3 * 3.0**2)
    assert_close(of_inner, 2 * 3.0 + 3 * 3.0**2)


@clause(MUST, covers="STP-10", needs="stop_recording persistent")
def test_gradients_are_taken_during_a_pause(tf, run):
    """A persistent tape that is paused gives gradients, as often as it is paused."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                early = tape.gradient(y, x)
            z = y * y
            with tape.stop_recording():
                late = tape.gradient(z, x)
        return early, late

    assert_structure(run(program, tf.constant(3.0)), (2 * 3.0, 4 * 3.0**3))


@clause(MUST, covers="STP-10", needs="stop_recording persistent")
def test_a_gradient_taken_during_a_pause_is_not_recorded(tf, run):
    """A gradient that a persistent tape gave during a pause is a constant to the tape."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                slope = tape.gradient(y, x)
            z = slope * x
        return tape.gradient(slope, x), tape.gradient(z, x)

    of_slope, of_product = run(program, tf.constant(3.0))
    assert_none(of_slope)
    assert_close(of_product, 2 * 3.0)


@clause(OBSERVED, covers="STP-11", needs="stop_recording")
def test_a_gradient_during_a_pause_starts_a_tape_anew(tf, run):
    """A tape that gave its gradient during a pause begins anew after it, and answers again.

    What was recorded and watched before the pause is forgotten.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                first = tape.gradient(y, x)
            forgotten = y * x
            tape.watch(x)
            z = x * x * x + y
        return first, forgotten, tape.gradient([z, forgotten], x)

    first, forgotten, second = run(program, tf.constant(3.0))
    assert_close(first, 2 * 3.0)
    assert_close(forgotten, 27.0)
    assert_close(second, 3 * 3.0**2)


@clause(SHOULD, covers="STP-12", needs="stop_recording")
def test_a_pause_is_a_block_that_yields_nothing(tf, run):
    """stop_recording is a context manager that yields None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording() as nothing:
                pass
            y = x * x
        assert_none(nothing)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(MUST, covers="STP-13", needs="stop_recording")
def test_watched_tensors_stay_watched_after_a_pause(tf, run):
    """A tensor that was watched before a pause, and not used, is still watched after it."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording():
                pass
            y = x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="STP-14", needs="stop_recording reset")
def test_a_paused_tape_is_not_reset(tf, run):
    """reset() in a stop_recording block of the same tape raises ValueError."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording(), raises(ValueError):
                tape.reset()
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="STP-15", needs="stop_recording graph", modes="function jit")
def test_a_traced_program_pauses_its_tape(tf, run):
    """In a traced program stop_recording pauses the tape for the operations of its block."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            recorded = x * x
            with tape.stop_recording():
                paused = x * x * x
            y = recorded + paused
        return y, tape.gradient(y, x)

    y, gradient = run(program, tf.constant(2.0))
    assert_close(y, 4.0 + 8.0)
    assert_close(gradient, 2 * 2.0)


@clause(SHOULD, covers="STP-15", needs="stop_recording graph", modes="eager")
def test_a_compiled_function_called_during_a_pause_is_not_recorded(tf, run):
    """A compiled function that is called while the tape is paused is not recorded."""
    square = tf.function(lambda x: x * x)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            recorded = square(x)
            with tape.stop_recording():
                paused = square(x)
        return tape.gradient([recorded, paused], x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="STP-17", needs="stop_recording memory", modes="eager")
def test_a_paused_tape_keeps_nothing(tf, run):
    """An intermediate result of a pause is not kept alive by the tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording():
                y = x * x
                z = y * y
            intermediate = weakref.ref(y)
            del y
            gc.collect()
            assert_none(intermediate())
        return z

    assert_close(run(program, tf.constant(3.0)), 81.0)


@clause(MUST, covers="STP-18", needs="stop_recording")
def test_a_metric_during_a_pause_leaves_the_gradient_alone(tf, run):
    """A metric computed during a pause from recorded values does not change the gradient."""

    def program(w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            error = w * 3.0 - 1.0
            loss = error * error
            with tape.stop_recording():
                metric = loss * loss + w
            loss = loss + 5.0 * w
        return metric, tape.gradient(loss, w)

    metric, gradient = run(program, tf.constant(2.0))
    assert_close(metric, 25.0**2 + 2.0)
    assert_close(gradient, 2 * 5.0 * 3.0 + 5.0)


@clause(OBSERVED, covers="STP-16", needs="stop_recording persistent", modes="eager")
def test_a_gradient_during_a_pause_is_not_warned_of(tf, run):
    """A gradient that a persistent tape gives during a pause logs no warning.

    A gradient inside the block is warned of once a process: where that was seen already, a
    wrong warning would not be given again.
    """
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    tf.get_logger().addHandler(handler)
    try:
        x = tf.constant(3.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                assert_close(tape.gradient(y, x), 2 * 3.0)
    finally:
        tf.get_logger().removeHandler(handler)
    assert_equal(messages, [])
