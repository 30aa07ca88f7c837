"""Deep programs: chains of a hundred thousand operations, recorded, differentiated and dropped."""

import operator
import time

import pytest

from tapecheck import SHOULD, assert_close, assert_equal, budget, clause
from tapecheck.costs import small_steps

DEPTH = 100000
LEAST = 5000
TRIAL = 1000


class Chain:
    """Operations that each take the result of the one before, as many as the time allows.

    That is ten seconds, back and forth; in the deep profile it is enough for all of them.

    Attributes:
        most: a hundred thousand, or fewer where so many operations back and forth take too long.
    """

    def __init__(self, tf, costs):
        self._costs = costs
        self._seconds = float(budget(10, 300, brief=10))
        x = tf.constant(1.0)
        for _ in range(2):  # the first time an implementation may take longer than ever after
            began = time.perf_counter()
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = small_steps(x, TRIAL)
            tape.gradient(y, x)
        possible = TRIAL * self._seconds / (time.perf_counter() - began)
        self.most = int(min(max(possible, LEAST), DEPTH))

    def __call__(self, x, compute=operator.mul):
        """The last result, and how many operations there are.

        A machine that has become busy records fewer of them.
        """
        y, depth, end = x, 0, time.perf_counter() + self._seconds / 2
        while depth < self.most and (depth < LEAST or time.perf_counter() < end):
            y, depth = compute(y, x), depth + 1
        self._costs.keep("operations", depth)
        return y, depth


@pytest.fixture
def chain(tf, costs):
    return Chain(tf, costs)


@clause(SHOULD, modes="eager")
def test_a_deep_program_has_a_gradient(tf, chain):
    """The gradient of a chain of a hundred thousand operations needs no deep recursion."""
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, depth = chain(x)
    assert_close(tape.gradient(y, x), depth + 1.0)


@clause(SHOULD, modes="eager")
def test_a_deep_program_is_dropped_with_its_tape(tf, chain):
    """A tape that recorded a hundred thousand operations may be dropped without a question."""
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, _ = chain(x)
    del tape
    assert_close(y, 1.0)
    del y
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x * x
    assert_close(tape.gradient(z, x), 2.0)


@clause(SHOULD, needs="persistent", modes="eager")
def test_a_deep_program_is_dropped_after_its_tape_was_asked(tf, chain):
    """A persistent tape of a hundred thousand operations answers, and goes before its target."""
    x = tf.constant(1.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, depth = chain(x)
    gradient = tape.gradient(y, x)
    del tape
    assert_close(y, 1.0)
    assert_close(gradient, depth + 1.0)


@clause(SHOULD, needs="nested", modes="eager")
def test_a_deep_program_has_a_second_derivative(tf, run):
    """Nested tapes differentiate a chain of more than a thousand operations twice."""
    x, steps = tf.constant(1.0), 1500
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = small_steps(x, steps)
        first = inner.gradient(y, x)
    assert_close(first, steps + 1.0)
    assert_close(outer.gradient(first, x), steps * (steps + 1.0))


@clause(SHOULD, modes="eager")
def test_a_sum_of_very_many_terms_has_a_gradient(tf, chain):
    """A tensor that a hundred thousand operations use has as many contributions to its gradient."""
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total, depth = chain(x, operator.add)
    assert_close(tape.gradient(total, x), depth + 1.0)


@clause(SHOULD, needs="reset", modes="eager")
def test_a_deep_program_is_forgotten_by_a_reset(tf, chain):
    """A reset forgets a hundred thousand operations, and the tape goes on."""
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, _ = chain(x)
        tape.reset()
        del y
        tape.watch(x)
        z = x * x
    assert_close(tape.gradient(z, x), 2.0)


@clause(SHOULD, needs="variables", modes="eager")
def test_a_variable_may_be_read_very_often(tf, run):
    """The gradient by a variable that was read thousands of times adds up."""
    variable, reads = tf.Variable(1.0), 5000
    with tf.GradientTape() as tape:
        y = small_steps(variable, reads)
    assert_close(tape.gradient(y, variable), reads + 1.0)
    assert_equal(len(tape.watched_variables()), 1)


@clause(SHOULD, modes="function")
def test_a_deep_program_is_traced(tf, run):
    """The gradient of a chain of thousands of operations is part of a traced program."""
    steps = 3000

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = small_steps(x, steps)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(1.0)), steps + 1.0)
