"""Shared records: tapes that go while others, which recorded the same operations, live on."""

import gc
import weakref

from tapecheck import SHOULD, assert_close, assert_equal, clause
from tapecheck.costs import leftovers

TAPES = 100


class Holder:
    """Holds a tape in a cycle of references, so that the garbage collector must find it."""

    def __init__(self, tape):
        self.tape = tape
        self.itself = self


def opened(tf, x, number):
    """As many persistent tapes, all recording and watching x."""
    tapes = [tf.GradientTape(persistent=True) for _ in range(number)]
    for tape in tapes:
        tape.__enter__()
        tape.watch(x)
    return tapes


def closed(tapes):
    for tape in reversed(tapes):
        tape.__exit__(None, None, None)


@clause(SHOULD, needs="nested persistent", modes="eager")
def test_a_tape_answers_after_others_with_its_records_are_gone(tf, run):
    """Of a hundred tapes that recorded the same, the last that is left still answers."""
    x = tf.constant(3.0)
    tapes = opened(tf, x, TAPES)
    y = x * x
    z = y * y
    closed(tapes)
    while tapes:
        assert_close(tapes[-1].gradient(z, x), 108.0)
        del tapes[len(tapes) // 2]
        gc.collect(0)


@clause(SHOULD, needs="nested persistent", modes="eager")
def test_tapes_go_while_others_record(tf, run):
    """Tapes that end and are dropped in the middle do not disturb those that go on recording."""
    x = tf.constant(1.0)
    with tf.GradientTape() as last:
        last.watch(x)
        y = x * 1.0
        for _ in range(TAPES):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = y * x
            assert_close(tape.gradient(y, x), 1.0)
            del tape
            gc.collect(0)
    assert_close(last.gradient(y, x), TAPES + 1.0)


@clause(SHOULD, needs="memory nested persistent", modes="eager")
def test_collected_tapes_leave_the_records_of_others(tf, run):
    """Tapes in cycles that the garbage collector releases leave the records of others alone."""
    x = tf.constant(3.0)
    kept = tf.GradientTape(persistent=True)
    released = []
    with kept:
        kept.watch(x)
        y = x * x
        for _ in range(TAPES):
            holder = Holder(tf.GradientTape(persistent=True))
            with holder.tape:
                holder.tape.watch(y)
                y = y * 1.0
            released.append(weakref.ref(holder.tape))
            del holder
    gc.collect()
    assert_equal([one() is None for one in released], [True] * TAPES)
    assert_close(kept.gradient(y, x), 6.0)


@clause(SHOULD, needs="nested persistent", modes="eager")
def test_an_answer_lives_longer_than_the_tapes_that_recorded_it(tf, run):
    """Outer tapes differentiate an answer whose own tape, and other outer ones, are gone."""
    x = tf.constant(3.0)
    outer = opened(tf, x, 20)
    with tf.GradientTape() as inner:
        inner.watch(x)
        y = x * x * x
    first = inner.gradient(y, x)
    closed(outer)
    del inner, y
    while outer:
        gc.collect(0)
        assert_close(outer.pop().gradient(first, x), 18.0)


@clause(SHOULD, needs="nested persistent", modes="eager")
def test_shared_records_leave_nothing(tf, costs):
    """Tapes that recorded the same operations and go one by one leave nothing behind."""
    x = tf.constant(3.0)

    def work():
        tapes = opened(tf, x, 10)
        y = x * x
        closed(tapes)
        return [tape.gradient(y, x) for tape in tapes]

    costs.at_most("left by ten tapes", leftovers(work, 200), 5.0, "blocks")
    for gradient in work():
        assert_close(gradient, 6.0)
