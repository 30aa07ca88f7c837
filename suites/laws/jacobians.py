"""Jacobians: their rows are gradients, however they are computed."""

import numpy as np

from tapecheck import SHOULD, clause
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


def _diagonal(array, axis):
    """Of both axes of rows, the first and a later one, where they agree; that axis first."""
    return np.moveaxis(np.diagonal(array, axis1=0, axis2=axis), -1, 0)
