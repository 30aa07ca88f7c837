"""Persistence: how often a tape answers."""

from tapecheck import MUST, assert_close, clause, raises


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
