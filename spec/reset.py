"""Reset: a tape begins anew without leaving its block."""

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


@clause(MUST, covers="RST-01", needs="reset")
def test_only_what_follows_a_reset_is_differentiated(tf, run):
    """After reset() only the operations that follow are differentiated."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = x * x
            tape.reset()
            tape.watch(x)
            loss = loss + 5.0 * x
        return loss, tape.gradient(loss, x)

    loss, gradient = run(program, tf.constant(3.0))
    assert_close(loss, 9.0 + 15.0)
    assert_close(gradient, 5.0)


@clause(MUST, covers="RST-02", needs="reset variables")
def test_earlier_results_are_constants_after_a_reset(tf, run):
    """A result computed before reset() is a constant to what follows."""
    x, y = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            earlier = y * y
            tape.reset()
            z = x * x + earlier * x
        return tape.gradient(z, {"x": x, "y": y})

    assert_structure(run(program), {"x": 2 * 2.0 + 3.0**2, "y": None})


@clause(MUST, covers="RST-03", needs="reset")
def test_a_reset_forgets_what_was_watched(tf, run):
    """reset() forgets the watched tensors: they are to be watched again."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            tape.reset()
            tape.watch(w)
            y = x * w
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [None, 3.0])


@clause(MUST, covers="RST-04", needs="reset variables")
def test_a_reset_forgets_the_watched_variables(tf, run):
    """reset() empties watched_variables(), and a variable that is read again is watched again."""
    v, w = tf.Variable(3.0), tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            v * w
            assert_equal(len(tape.watched_variables()), 2)
            tape.reset()
            assert_equal(len(tape.watched_variables()), 0)
            y = w * w
            assert_equal(len(tape.watched_variables()), 1)
            assert_same(tape.watched_variables()[0], w)
        return tape.gradient(y, w)

    assert_close(run(program), 2 * 5.0)


@clause(SHOULD, covers="RST-05", needs="reset persistent")
def test_a_persistent_tape_stays_persistent(tf, run):
    """A persistent tape is still persistent after reset()."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.reset()
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x), tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (6.0, 6.0))


@clause(SHOULD, covers="RST-05", needs="reset")
def test_a_tape_still_answers_once(tf, run):
    """A tape that is not persistent still answers only once after reset()."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.reset()
            tape.watch(x)
            y = x * x
        first = tape.gradient(y, x)
        with raises(RuntimeError):
            tape.gradient(y, x)
        return first

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="RST-05", needs="reset variables")
def test_a_tape_that_watches_by_request_still_does(tf, run):
    """A tape built with watch_accessed_variables=False watches no variables after reset()."""
    v, w = tf.Variable(3.0), tf.Variable(5.0)

    def program():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.reset()
            tape.watch(w)
            y = v * w
        return tape.gradient(y, [v, w])

    assert_structure(run(program), [None, 3.0])


@clause(SHOULD, covers="RST-06", needs="reset")
def test_a_tape_that_never_recorded_is_not_reset(tf, run):
    """reset() of a tape whose block was never entered raises ValueError."""

    def program():
        tape = tf.GradientTape()
        with raises(ValueError):
            tape.reset()

    run(program)


@clause(SHOULD, covers="RST-06", needs="reset")
def test_a_tape_outside_its_block_is_not_reset(tf, run):
    """reset() of a tape whose block was left raises ValueError, and the tape keeps its history."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with raises(ValueError):
            tape.reset()
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(MUST, covers="RST-07", needs="reset")
def test_a_tape_is_reset_many_times(tf, run):
    """reset() may be called any number of times, in a loop or a branch."""

    def program(x):
        with tf.GradientTape() as tape:
            loss = x
            for step in range(5):
                if step in (1, 3):
                    tape.reset()
                tape.watch(x)
                loss = loss + float(10**step) * x
        return tape.gradient(loss, x)

    # The last reset comes before the contributions 10^3 and 10^4.
    assert_close(run(program, tf.constant(1.0)), 1000.0 + 10000.0)


@clause(MUST, covers="RST-07", needs="persistent comparison reset", modes="eager")
def test_a_value_decides_about_a_reset(tf, run):
    """In eager execution reset() may depend on a value computed in the block."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            loss = x * x
            if loss > 8.0:
                tape.reset()
                tape.watch(x)
            loss = loss + 5.0 * x
        return tape.gradient(loss, x)

    assert_close(run(program, tf.constant(2.0)), 2 * 2.0 + 5.0)
    assert_close(run(program, tf.constant(3.0)), 5.0)


@clause(SHOULD, covers="RST-08", needs="reset")
def test_an_earlier_result_is_a_source_after_a_reset(tf, run):
    """A result computed before reset() and watched after it is a source of its own."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            tape.reset()
            tape.watch(y)
            z = y * y
        return tape.gradient(z, [y, x])

    assert_structure(run(program, tf.constant(3.0)), [2 * 3.0**2, None])


@clause(OBSERVED, covers="RST-09", needs="reset")
def test_a_tape_that_gave_its_gradient_in_its_block_is_not_reset(tf, run):
    """reset() raises ValueError after gradient() in the block: recording has ended."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            gradient = tape.gradient(y, x)
            with raises(ValueError):
                tape.reset()
        return gradient

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="RST-10", needs="reset memory", modes="eager")
def test_a_reset_releases_what_was_recorded(tf, run):
    """reset() releases the intermediate results of the history that it drops."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * y
            intermediate = weakref.ref(y)
            del y
            tape.reset()
            gc.collect()
            assert_none(intermediate())
        return z

    assert_close(run(program, tf.constant(3.0)), 81.0)


@clause(MUST, covers="RST-11", needs="reset nested")
def test_a_reset_concerns_one_tape(tf, run):
    """reset() of the inner tape leaves the history of the outer tape as it is."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x
                inner.reset()
                inner.watch(y)
                z = y * x
        return outer.gradient(z, x), inner.gradient(z, [x, y])

    of_outer, of_inner = run(program, tf.constant(3.0))
    assert_close(of_outer, 3 * 3.0**2)
    assert_structure(of_inner, [None, 3.0])


@clause(OBSERVED, covers="RST-12", needs="reset nested")
def test_an_outer_tape_is_reset_in_the_block_of_an_inner_one(tf, run):
    """The outer tape, reset in the block of the inner, records the gradient of the inner."""

    def program(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                outer.reset()
                outer.watch(x)
                inner.watch(x)
                y = x * x * x
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    assert_structure(run(program, tf.constant(3.0)), (3 * 3.0**2, 6 * 3.0))


@clause(SHOULD, covers="RST-13", needs="reset")
def test_a_reset_returns_nothing(tf, run):
    """reset() returns None."""

    def program():
        with tf.GradientTape() as tape:
            assert_none(tape.reset())

    run(program)


@clause(SHOULD, covers="RST-14", needs="reset graph", modes="function jit")
def test_a_traced_program_resets_its_tape(tf, run):
    """In a traced program reset() drops what was traced before it."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
            tape.reset()
            tape.watch(x)
            z = x * x + y
        return z, tape.gradient(z, x)

    z, gradient = run(program, tf.constant(2.0))
    assert_close(z, 4.0 + 8.0)
    assert_close(gradient, 2 * 2.0)
