"""Refusals: what cannot be answered is refused, whatever was recorded, and changes nothing."""

import numpy as np
from hypothesis import strategies as st

from tapecheck import MUST, SHOULD, clause, raises
from tapecheck.programs import CORE, Trial, agree, for_programs

BATCHES = ((2, 2), (2, 3), (2, 1), (2, 1, 2))


@clause(MUST, needs=CORE + " persistent", modes="eager")
@for_programs(CORE, examples=15, deep=800)
def test_a_refused_question_changes_nothing(tf, run, program):
    """Without a target a question is refused, and the next one answered as if it was the first."""
    trial = Trial(tf, run, program)

    def refused_first(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        with raises(TypeError):
            tape.gradient(None, sources)
        return tape.gradient(targets, sources)

    trial.check_gradients(trial.ask(refused_first))


@clause(SHOULD, needs=CORE + " jacobian pfor", modes="eager")
@for_programs(CORE, examples=10, deep=500)
def test_a_tape_that_answers_once_computes_no_jacobian_row_by_row(tf, run, program):
    """A jacobian that is not vectorised asks its tape more than once: it must be persistent."""
    trial = Trial(tf, run, program)

    def looped(trial, sources):
        tape, targets = trial.record(sources)
        return tape.jacobian(targets[0], sources, experimental_use_pfor=False)

    with raises(RuntimeError):
        trial.ask(looped)


@clause(SHOULD, needs=CORE + " batch_jacobian pfor", modes="eager")
@for_programs(CORE, examples=10, deep=500, sources=1, shapes=BATCHES, rows_apart=True)
def test_a_tape_that_answers_once_computes_no_batch_jacobian_in_parts(tf, run, program):
    """With fewer parallel iterations than a row has elements, a tape must be persistent."""
    trial = Trial(tf, run, program)
    size = int(np.prod(trial.exact.targets()[0].shape[1:], dtype=int))

    def in_parts(trial, sources):
        tape, targets = trial.record(sources)
        return tape.batch_jacobian(targets[0], sources[0], parallel_iterations=max(size - 1, 1))

    if size > 1:
        with raises((RuntimeError, ValueError)):
            trial.ask(in_parts)


@clause(SHOULD, needs=CORE + " batch_jacobian", modes="eager")
@for_programs(CORE, examples=10, deep=500, sources=1, shapes=((1, 2), (1, 1)), rows_apart=True)
def test_the_source_of_a_batch_jacobian_is_one_tensor(tf, run, program):
    """A list is no source of a batch jacobian, not even one that has the shape of a batch."""
    trial = Trial(tf, run, program)

    def with_a_list(trial, sources):
        tape, targets = trial.record(sources)
        # No documentation says with what it is refused.
        with raises(Exception):
            tape.batch_jacobian(targets[0], [sources[0]])

    trial.ask(with_a_list)


@clause(SHOULD, needs=CORE, modes="eager")
@for_programs(CORE, examples=10, deep=500, beside={"source": st.sampled_from((1.5, "x0", None))})
def test_sources_are_tensors_or_variables(tf, run, program, source):
    """A number, a word or None is no source, whatever was recorded."""
    trial = Trial(tf, run, program)

    def of_no_tensor(trial, sources):
        tape, targets = trial.record(sources)
        # No documentation says with what it is refused.
        with raises(Exception):
            tape.gradient(targets, [*sources, source])

    trial.ask(of_no_tensor)


@clause(MUST, needs=CORE + " dtype-int persistent", modes="eager")
@for_programs(CORE, examples=15, deep=800)
def test_integers_among_the_targets_have_no_part(tf, run, program):
    """A target of integers adds nothing to a gradient, and alone has none."""
    trial = Trial(tf, run, program)

    def with_integers(trial, sources):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(sources)
            targets = trial.compute(sources)
            integers = tf.cast(targets[0], tf.int32)
        together = tape.gradient([integers, *targets], sources)
        return together, tape.gradient(targets, sources), tape.gradient(integers, sources)

    together, without, alone = trial.ask(with_integers)
    for answer, other, exact in zip(together, without, trial.exact.gradients()):
        agree(answer, other, exact)
    assert alone == [None for _ in program.sources]


@clause(SHOULD, needs=CORE + " forward", modes="eager")
@for_programs(CORE, examples=10, deep=500)
def test_tangents_have_the_structure_of_what_they_belong_to(tf, run, program):
    """Tangents that are nested in another way than the primals are refused."""
    trial = Trial(tf, run, program)
    directions = [trial.tensor(array) for array in trial.direction_arrays()]

    for primals, tangents in (
        (trial.sources, directions[0]),
        (trial.sources[0], directions),
        (trial.sources, [*directions, directions[0]]),
        ([trial.sources[0]], [directions[:1]]),
    ):
        with raises((TypeError, ValueError)):
            tf.autodiff.ForwardAccumulator(primals, tangents)
