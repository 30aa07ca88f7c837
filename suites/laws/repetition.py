"""Repetition: what a tape answers follows from what was computed, not from how it was recorded."""

import numpy as np
from hypothesis import strategies as st

from tapecheck import MUST, clause
from tapecheck.programs import CORE, Trial, agree, for_programs


def agree_each(trial, answers, others):
    for answer, other, exact in zip(answers, others, trial.exact.gradients()):
        agree(answer, other, exact)


def fresh(trial, sources):
    tape, targets = trial.record(sources)
    return tape.gradient(targets, sources)


@clause(MUST, needs=CORE + " persistent", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_a_persistent_tape_equals_a_fresh_one(tf, run, program):
    """A persistent tape gives, however often, the gradient that a fresh tape gives once."""
    trial = Trial(tf, run, program)

    def twice(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        return [tape.gradient(targets, sources) for _ in range(2)]

    expected = trial.ask(fresh)
    for answers in trial.ask(twice):
        agree_each(trial, answers, expected)


@clause(MUST, needs=CORE, modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_what_is_recorded_twice_equals_what_is_recorded_once(tf, run, program):
    """A program that runs twice under one tape has the second time the gradient of the first."""
    trial = Trial(tf, run, program)

    def second_time(trial, sources):
        with tf.GradientTape() as tape:
            tape.watch(sources)
            trial.compute(sources)
            targets = trial.compute(sources)
        return tape.gradient(targets, sources)

    agree_each(trial, trial.ask(second_time), trial.ask(fresh))


@clause(MUST, needs=CORE + " nested", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_two_tapes_record_the_same(tf, run, program):
    """Of two tapes that are active at once each gives the gradient that it gives alone."""
    trial = Trial(tf, run, program)

    def two(trial, sources):
        with tf.GradientTape() as outer:
            outer.watch(sources)
            with tf.GradientTape() as inner:
                inner.watch(sources)
                targets = trial.compute(sources)
        return inner.gradient(targets, sources), outer.gradient(targets, sources)

    expected = trial.ask(fresh)
    for answers in trial.ask(two):
        agree_each(trial, answers, expected)


@clause(MUST, needs=CORE + " stop_gradient stop_recording", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_a_pause_equals_stopped_gradients(tf, run, program):
    """What is computed while a tape pauses is a constant, as behind stop_gradient."""
    trial = Trial(tf, run, program)

    def with_factor(trial, sources, factor):
        with tf.GradientTape() as tape:
            tape.watch(sources)
            factors = factor(tape, sources)
            targets = [one * two for one, two in zip(trial.compute(sources), factors)]
        return tape.gradient(targets, sources)

    def paused(tape, sources):
        with tape.stop_recording():
            return trial.compute(sources)

    def stopped(tape, sources):
        return [tf.stop_gradient(one) for one in trial.compute(sources)]

    answers, others = (
        trial.ask(lambda trial, sources, f=factor: with_factor(trial, sources, f))
        for factor in (paused, stopped)
    )
    values = [target.value for target in trial.exact.targets()]
    for answer, other, exact in zip(answers, others, trial.exact.gradients(cotangents=values)):
        agree(answer, other, exact)


@clause(MUST, needs=CORE, modes="eager")
@for_programs(CORE, examples=25, deep=1500, beside={"order": st.permutations(range(12))})
def test_the_order_of_independent_operations_does_not_matter(tf, run, program, order):
    """Operations that do not depend on each other may run in any order."""
    trial = Trial(tf, run, program)
    other = program.reordered(order)

    def reordered(trial, sources):
        tape, targets = trial.record(sources, program=other)
        return tape.gradient(targets, sources)

    agree_each(trial, trial.ask(reordered), trial.ask(fresh))


@clause(MUST, needs=CORE, modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_what_no_target_needs_does_not_matter(tf, run, program):
    """Operations that no target depends on change no gradient."""
    trial = Trial(tf, run, program)
    shorter = program.without_dead_operations()

    def alone(trial, sources):
        tape, targets = trial.record(sources, program=shorter)
        return tape.gradient(targets, sources)

    agree_each(trial, trial.ask(alone), trial.ask(fresh))


@clause(MUST, needs=CORE, modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_inputs_are_left_as_they_are(tf, run, program):
    """Neither recording nor differentiating changes a source or a result."""
    trial = Trial(tf, run, program)

    def results(trial, sources):
        tape, targets = trial.record(sources)
        before = [np.array(target) for target in targets]
        tape.gradient(targets, sources)
        return before, targets

    before, targets = results(trial, trial.sources)
    for tensor, source in zip(trial.sources, program.sources):
        np.testing.assert_array_equal(np.asarray(tensor), source.array)
    for target, kept in zip(targets, before):
        np.testing.assert_array_equal(np.asarray(target), kept)


@clause(MUST, needs=CORE, modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_a_variable_is_differentiated_like_a_tensor(tf, run, program):
    """Whether a source is a variable or a tensor that is watched, its gradient is the same."""
    trial = Trial(tf, run, program)
    swapped = program._replace(
        sources=tuple(one._replace(is_variable=not one.is_variable) for one in program.sources)
    )
    agree_each(trial, Trial(tf, run, swapped).ask(fresh), trial.ask(fresh))
