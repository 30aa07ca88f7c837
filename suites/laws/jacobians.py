"""Jacobians: their rows are gradients, however they are computed."""

import numpy as np

from tapecheck import SHOULD, assert_close, clause, raises
from tapecheck.programs import CORE, Trial, agree, check, for_programs

BATCHES = ((2, 2), (2, 3), (2, 1), (2, 1, 2))


@clause(SHOULD, needs=CORE + " jacobian output_gradients persistent", modes="eager")
@for_programs(CORE, examples=12, deep=800, question="jacobian")
def test_the_rows_of_a_jacobian_are_gradients(tf, run, program):
    """Each row of a jacobian is the gradient whose cotangent is one for that element alone."""
    trial = Trial(tf, run, program)
    exact = trial.exact.jacobians()
    shape = trial.exact.targets()[0].shape
    units = np.eye(int(np.prod(shape, dtype=int))).reshape((-1, *shape))

    def rows_and_jacobians(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        ask = [
            tape.gradient(targets[0], sources, output_gradients=trial.tensor(unit))
            for unit in units
        ]
        return tape.jacobian(targets[0], sources), ask

    jacobians, rows = trial.ask(rows_and_jacobians)
    for position, (jacobian, one) in enumerate(zip(jacobians, exact)):
        column = [row[position] for row in rows]
        stacked = None if column[0] is None else np.reshape(np.stack(column), one.shape)
        agree(jacobian, stacked, one)


@clause(SHOULD, needs=CORE + " jacobian persistent pfor", modes="eager")
@for_programs(CORE, examples=12, deep=800, question="jacobian")
def test_a_vectorised_jacobian_equals_a_looped_one(tf, run, program):
    """A jacobian does not depend on whether its rows are computed all at once."""
    trial = Trial(tf, run, program)

    def both(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        return [
            tape.jacobian(targets[0], sources, experimental_use_pfor=vectorised)
            for vectorised in (True, False)
        ]

    vectorised, looped = trial.ask(both)
    for answer, other, exact in zip(vectorised, looped, trial.exact.jacobians()):
        agree(answer, other, exact)


@clause(SHOULD, needs=CORE + " linalg nn jacobian persistent pfor", modes="eager")
@for_programs(CORE + " linalg nn", examples=12, deep=800, question="jacobian")
def test_vectorised_jacobians_of_matrices_and_networks_are_exact(tf, run, program):
    """The jacobian, all rows at once, of matrices and network layers is exact."""
    trial = Trial(tf, run, program)

    def jacobians(trial, sources):
        tape, targets = trial.record(sources)
        return tape.jacobian(targets[0], sources)

    answers = trial.ask(jacobians)
    for answer, exact, path in zip(answers, trial.exact.jacobians(), trial.exact.paths([0])):
        check(answer, exact, path)


@clause(SHOULD, needs=CORE + " batch_jacobian jacobian persistent", modes="eager")
@for_programs(
    CORE, examples=12, deep=800, sources=1, shapes=BATCHES, rows_apart=True, question="jacobian"
)
def test_a_batch_jacobian_is_the_diagonal_of_the_jacobian(tf, run, program):
    """Where rows do not mix, the batch jacobian holds all of the jacobian that is not zero."""
    trial = Trial(tf, run, program)

    def both(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        return tape.batch_jacobian(targets[0], sources[0]), tape.jacobian(targets[0], sources[0])

    batch, whole = trial.ask(both)
    exact = trial.exact.jacobians()[0]
    between = len(trial.exact.targets()[0].shape)
    apart = exact.rearranged(lambda a: _diagonal(a, between))
    check(batch, apart)
    agree(batch, _diagonal(np.asarray(whole), between), apart)


@clause(SHOULD, needs=CORE + " jacobian persistent", modes="eager")
@for_programs(
    CORE, examples=12, deep=800, sources=1, shapes=BATCHES, rows_apart=True, without=("sort",)
)
def test_a_batch_without_examples_has_derivatives_without_elements(tf, run, program):
    """Where there are no rows, derivatives have no elements, and their usual shapes."""
    trial, of_target, of_source = _without_examples(tf, run, program)

    def derivatives(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        return tape.gradient(targets[0], sources[0]), tape.jacobian(targets[0], sources[0])

    for answer, shape in zip(trial.ask(derivatives), (of_source, of_target + of_source)):
        assert_close(answer, np.zeros(shape))


@clause(SHOULD, needs=CORE + " batch_jacobian", modes="eager")
@for_programs(CORE, examples=8, deep=500, sources=1, shapes=BATCHES, rows_apart=True)
def test_the_batch_jacobian_of_no_examples_has_no_elements(tf, run, program):
    """Where there are no rows, a batch jacobian has no elements, and its usual shape."""
    trial, of_target, of_source = _without_examples(tf, run, program)

    def batch_jacobian(trial, sources):
        tape, targets = trial.record(sources)
        return tape.batch_jacobian(targets[0], sources[0])

    assert_close(trial.ask(batch_jacobian), np.zeros(of_target + of_source[1:]))


def _without_examples(tf, run, program):
    """A trial of the program without any row, and the shapes of its target and source."""
    empty = [one._replace(shape=(0, *one.shape[1:]), elements=()) for one in program.sources]
    of_target = (0, *Trial(tf, run, program).exact.targets()[0].shape[1:])
    return Trial(tf, run, program._replace(sources=tuple(empty))), of_target, empty[0].shape


@clause(SHOULD, needs=CORE + " batch_jacobian", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_a_batch_jacobian_is_refused_without_batches_of_one_size(tf, run, program):
    """Target and source of a batch jacobian have two axes or more, and equally many rows."""
    trial = Trial(tf, run, program)
    of_target, of_source = trial.exact.targets()[0].shape, program.sources[0].shape
    are_batches = min(len(of_target), len(of_source)) > 1 and of_target[0] == of_source[0]

    def batch_jacobian(trial, sources):
        tape, targets = trial.record(sources)
        return tape.batch_jacobian(targets[0], sources[0])

    if are_batches:
        trial.ask(batch_jacobian)
    else:
        # No documentation says what a number, which has no first axis, is refused with.
        with raises((IndexError, ValueError)):
            trial.ask(batch_jacobian)


def _diagonal(array, axis):
    """Of both axes of rows, the first and a later one, where they agree; that axis first."""
    return np.moveaxis(np.diagonal(array, axis1=0, axis2=axis), -1, 0)
