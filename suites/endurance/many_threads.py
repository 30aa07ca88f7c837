"""Many threads: hundreds of them, each with tapes of its own, leave each other alone."""

import threading

from tapecheck import SHOULD, assert_close, assert_equal, clause
from tapecheck.costs import leftovers, small_steps

THREADS = 200
SECONDS = 50.0


def in_threads(number, work):
    """What the work returns for each of the numbers below one, computed in as many threads at once.

    An exception of the work is raised here.
    """
    results, errors = [None] * number, []

    def guarded(place):
        try:
            results[place] = work(place)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    if errors:
        raise errors[0]
    return results


@clause(SHOULD, needs="threads", modes="eager")
def test_hundreds_of_threads_record_at_once(tf, run):
    """Tapes of hundreds of threads that all record at the same time give each its own gradient."""
    barrier = threading.Barrier(THREADS, timeout=SECONDS)

    def work(place):
        x = tf.constant(float(place))
        with tf.GradientTape() as tape:
            tape.watch(x)
            barrier.wait()
            y = x * x
            barrier.wait()
            z = y * x
        barrier.wait()
        return tape.gradient(z, x)

    for place, gradient in enumerate(in_threads(THREADS, work)):
        assert_close(gradient, 3.0 * place**2)


@clause(SHOULD, needs="nested threads", modes="eager")
def test_hundreds_of_threads_nest_tapes_at_once(tf, run):
    """Nested tapes of hundreds of threads give each thread its own second derivative."""
    barrier = threading.Barrier(THREADS, timeout=SECONDS)

    def work(place):
        x = tf.constant(float(place))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                barrier.wait()
                y = x * x * x
            first = inner.gradient(y, x)
            barrier.wait()
        return outer.gradient(first, x)

    for place, second in enumerate(in_threads(THREADS, work)):
        assert_close(second, 6.0 * place)


@clause(SHOULD, needs="persistent threads", modes="eager")
def test_hundreds_of_threads_ask_one_persistent_tape(tf, run):
    """A persistent tape that no longer records answers hundreds of threads at once."""
    x = tf.constant(1.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = small_steps(x, 10)
    barrier = threading.Barrier(THREADS, timeout=SECONDS)

    def work(place):
        barrier.wait()
        return tape.gradient(y, x)

    for gradient in in_threads(THREADS, work):
        assert_close(gradient, 11.0)


@clause(SHOULD, needs="threads variables", modes="eager")
def test_hundreds_of_threads_read_one_variable(tf, run):
    """Tapes of hundreds of threads watch the variable that they all read, each for itself."""
    variable = tf.Variable(3.0)
    barrier = threading.Barrier(THREADS, timeout=SECONDS)

    def work(place):
        with tf.GradientTape() as tape:
            barrier.wait()
            y = variable * float(place)
        assert_equal(len(tape.watched_variables()), 1)
        return tape.gradient(y, variable)

    for place, gradient in enumerate(in_threads(THREADS, work)):
        assert_close(gradient, float(place))


@clause(SHOULD, needs="threads", modes="eager")
def test_exceptions_in_hundreds_of_threads_concern_no_other(tf, run):
    """Where the blocks of half of the threads end with exceptions, the other half answers."""
    barrier = threading.Barrier(THREADS, timeout=SECONDS)

    def work(place):
        x = tf.constant(float(place))
        try:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
                barrier.wait()
                if place % 2:
                    raise ValueError(place)
                z = y * x
        except ValueError:
            return None
        return tape.gradient(z, x)

    for place, gradient in enumerate(in_threads(THREADS, work)):
        if place % 2:
            assert_equal(gradient is None, True)
        else:
            assert_close(gradient, 3.0 * place**2)


@clause(SHOULD, needs="threads", modes="eager")
def test_threads_that_ended_leave_next_to_nothing(tf, costs):
    """Threads that recorded and ended leave nothing of their tapes behind.

    A tape that stays leaves 20 blocks or more.
    """

    def work():
        def one(place):
            x = tf.constant(3.0)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            return tape.gradient(y, x)

        return in_threads(10, one)

    left = leftovers(work, times=40, first=5) / 10
    costs.at_most("left by a thread", left, 6.0, "blocks")
    for gradient in work():
        assert_close(gradient, 6.0)
