"""Threads: which tape records what, where several threads compute.

Threads wait for each other by barriers and events with a time limit, never by the clock.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from tapecheck import (
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

_SECONDS = 60.0


def _in_another_thread(work):
    """What `work` returns in a thread of its own; what it raises is raised here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(_SECONDS)


@clause(OBSERVED, covers="THR-01", needs="threads", modes="eager")
def test_a_tape_records_its_own_thread(tf, run):
    """What another thread computes while a tape records is a constant to that tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            elsewhere = _in_another_thread(lambda: x * x)
            y = x * x * x + elsewhere * x
        return elsewhere, tape.gradient([y, elsewhere], x)

    elsewhere, gradient = run(program, tf.constant(3.0))
    assert_close(elsewhere, 9.0)
    assert_close(gradient, 3 * 3.0**2 + 9.0)


@clause(OBSERVED, covers="THR-01", needs="threads variables", modes="eager")
def test_a_variable_read_in_another_thread_is_not_watched(tf, run):
    """A variable that only another thread reads while a tape records is not watched by the tape."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = _in_another_thread(lambda: variable * variable)
        assert_equal(tape.watched_variables(), ())
        return y, tape.gradient(y, variable)

    assert_structure(run(program), (9.0, None))


@clause(SHOULD, covers="THR-02", needs="threads", modes="eager")
def test_tapes_of_several_threads_do_not_interfere(tf, run):
    """Tapes that record in several threads at once each record their own thread.

    A barrier between the operations sees to it that all tapes record at the same time.
    """
    barrier = threading.Barrier(3, timeout=_SECONDS)
    x = tf.constant(2.0)

    def program(factor):
        with tf.GradientTape() as tape:
            tape.watch(x)
            barrier.wait()
            y = x * x
            barrier.wait()
            z = y * x * factor
            barrier.wait()
        return tape.gradient(z, x)

    with ThreadPoolExecutor(3) as pool:
        factors = [tf.constant(float(factor)) for factor in (1, 10, 100)]
        gradients = list(pool.map(lambda factor: run(program, factor), factors, timeout=_SECONDS))
    assert_structure(gradients, [12.0, 120.0, 1200.0])


@clause(SHOULD, covers="THR-02", needs="threads")
def test_programs_with_tapes_run_in_several_threads(tf, run):
    """Programs that open tapes give the same gradients in several threads as in one."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    with ThreadPoolExecutor(3) as pool:
        inputs = [tf.constant(value) for value in (1.0, 2.0, 3.0, 4.0)]
        gradients = list(pool.map(lambda x: run(program, x), inputs, timeout=_SECONDS))
    assert_structure(gradients, [3.0, 12.0, 27.0, 48.0])


@clause(SHOULD, covers="THR-02", needs="threads variables", modes="eager")
def test_a_variable_is_watched_in_each_thread(tf, run):
    """Tapes of two threads that read the same variable at once both watch it."""
    variable = tf.Variable(3.0)
    barrier = threading.Barrier(2, timeout=_SECONDS)

    def program(factor):
        with tf.GradientTape() as tape:
            barrier.wait()
            y = variable * variable * factor
            barrier.wait()
        assert_same(tape.watched_variables()[0], variable)
        return tape.gradient(y, variable)

    with ThreadPoolExecutor(2) as pool:
        factors = [tf.constant(1.0), tf.constant(10.0)]
        gradients = list(pool.map(lambda factor: run(program, factor), factors, timeout=_SECONDS))
    assert_structure(gradients, [6.0, 60.0])


@clause(SHOULD, covers="THR-02", needs="threads variables", modes="eager")
def test_a_tape_lists_the_variables_of_its_thread(tf, run):
    """Of the variables that several threads read at once each tape lists those of its thread."""
    variables = [tf.Variable(3.0), tf.Variable(5.0)]
    barrier = threading.Barrier(2, timeout=_SECONDS)

    def program(variable):
        with tf.GradientTape() as tape:
            barrier.wait()
            y = variable * variable
            barrier.wait()
        assert_equal(len(tape.watched_variables()), 1)
        assert_same(tape.watched_variables()[0], variable)
        return tape.gradient(y, variables)

    with ThreadPoolExecutor(2) as pool:
        work = pool.map(lambda variable: run(program, variable), variables, timeout=_SECONDS)
        gradients = list(work)
    assert_structure(gradients, [[6.0, None], [None, 10.0]])


@clause(OBSERVED, covers="THR-03", needs="threads", modes="eager")
def test_a_gradient_is_taken_in_another_thread(tf, run):
    """gradient() may be called in another thread than the one that recorded."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return _in_another_thread(lambda: tape.gradient(y, x))

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="THR-03 THR-01", needs="threads persistent", modes="eager")
def test_a_gradient_taken_in_another_thread_is_not_recorded(tf, run):
    """A gradient that another thread takes while the tape records is a constant to the tape."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            here = tape.gradient(y, x)
            there = _in_another_thread(lambda: tape.gradient(y, x))
        return there, tape.gradient(here, x), tape.gradient(there, x)

    assert_structure(run(program, tf.constant(3.0)), (6.0, 2.0, None))


@clause(OBSERVED, covers="THR-04", needs="threads", modes="eager")
def test_a_tape_entered_in_a_thread_records_that_thread(tf, run):
    """A tape that was made in one thread and entered in another records the latter."""

    def program(x):
        tape = tf.GradientTape()

        def work():
            with tape:
                tape.watch(x)
                return x * x

        y = _in_another_thread(work)
        z = y * x
        return tape.gradient([y, z], x)

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="THR-05", needs="threads", modes="eager")
def test_an_exception_in_one_thread_leaves_other_tapes_recording(tf, run):
    """An exception that ends a block in one thread leaves the tapes of other threads recording."""

    def program(x):
        def fail():
            with tf.GradientTape() as broken:
                broken.watch(x)
                raise KeyError("lost")

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with raises(KeyError, "lost"):
                _in_another_thread(fail)
            z = y * x
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant(3.0)), 3 * 3.0**2)


@clause(SHOULD, covers="THR-05", needs="threads stop_recording", modes="eager")
def test_a_pause_concerns_the_tapes_of_one_thread(tf, run):
    """While a tape is paused in one thread a tape of another thread records."""

    def program(x):
        def work():
            with tf.GradientTape() as other:
                other.watch(x)
                y = x * x * x
            return other.gradient(y, x)

        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording():
                elsewhere = _in_another_thread(work)
            z = x * x
        return elsewhere, tape.gradient(z, x)

    assert_structure(run(program, tf.constant(3.0)), (27.0, 6.0))


@clause(OBSERVED, covers="THR-06", needs="threads", modes="eager")
def test_tasks_of_an_event_loop_share_its_tapes(tf, run):
    """A tape that is held open while a task waits records what other tasks of the loop compute."""

    def program(x):
        computed = []

        async def record(opened, done):
            with tf.GradientTape() as tape:
                tape.watch(x)
                opened.set()
                await asyncio.wait_for(done.wait(), _SECONDS)
            return tape.gradient(computed[0], x)

        async def compute(opened, done):
            await asyncio.wait_for(opened.wait(), _SECONDS)
            computed.append(x * x)
            done.set()

        async def both():
            events = asyncio.Event(), asyncio.Event()
            return (await asyncio.gather(record(*events), compute(*events)))[0]

        return asyncio.run(both())

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="THR-07", needs="threads", modes="eager")
def test_watching_from_another_thread_is_ignored(tf, run):
    """watch() in a thread without a recording tape watches nothing, and says nothing."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            assert_none(_in_another_thread(lambda: tape.watch(x)))
            y = x * x * w
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [None, 9.0])
