"""Asks a tape the question of a program, and compares its answers with those of the oracle."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence

from tapecheck.errors import add_note
from tapecheck.oracles.bounded import Bounded
from tapecheck.programs.answers import check
from tapecheck.programs.paths import Path
from tapecheck.programs.program import Program
from tapecheck.programs.second import product, products
from tapecheck.programs.spelling import script
from tapecheck.programs.trial import Question, Trial


class Expected(NamedTuple):
    """An answer as the oracle knows it, and whether it may or must be None."""

    exact: Bounded
    path: Path = Path.CERTAIN


class _Way(NamedTuple):
    """How a question is put to a tape, how to the oracle, and what it needs."""

    ask: Question
    expect: Callable[[Trial], List[Expected]]
    needs: Sequence[str] = ()


def answers_of(trial: Trial) -> List[Any]:
    """What a tape answers to the question of a program: tensors and None."""
    found = trial.ask(_WAYS[trial.program.question].ask)
    return found if isinstance(found, list) else [found]


def check_answers(trial: Trial, answers: Sequence[Any]) -> None:
    """Compare answers with those of the oracle.

    Raises:
        Broken: for the first that is another one.
    """
    for answer, expected in zip(answers, _WAYS[trial.program.question].expect(trial)):
        check(answer, expected.exact, expected.path)


def expected_of(trial: Trial) -> List[Expected]:
    """The answers of the oracle."""
    return _WAYS[trial.program.question].expect(trial)


def needs_of(program: Program) -> List[str]:
    """The capabilities without which a program cannot be run and asked its question."""
    return sorted(program.capabilities() | set(_WAYS[program.question].needs))


@contextlib.contextmanager
def shown(program: Program, mode: str) -> Iterator[None]:
    """Let an exception of the block carry the program as a script."""
    try:
        yield
    except Exception as error:
        add_note(error, script(program, "tensorflow", mode))
        raise


def _gradients(trial: Trial, sources: List[Any]) -> Any:
    tape, targets = trial.record(sources)
    return tape.gradient(targets, sources)


def _jacobians(trial: Trial, sources: List[Any]) -> Any:
    tape, targets = trial.record(sources)
    return tape.jacobian(targets[0], sources)


def _expected_values(trial: Trial) -> List[Expected]:
    return [Expected(target.terms[0]) for target in trial.exact.targets()]


def _expected_gradients(trial: Trial) -> List[Expected]:
    pairs = zip(trial.exact.gradients(), trial.exact.paths())
    return [Expected(exact, path) for exact, path in pairs]


def _expected_jacobians(trial: Trial) -> List[Expected]:
    pairs = zip(trial.exact.jacobians(), trial.exact.paths([0]))
    return [Expected(exact, path) for exact, path in pairs]


def _along(order: int) -> Callable[[Trial], List[Expected]]:
    return lambda trial: [Expected(trial.exact.along(trial.direction_arrays(), order))]


def _expected_products(trial: Trial) -> List[Expected]:
    return [Expected(exact) for exact in product(trial)]


_WAYS: Dict[str, _Way] = {
    "value": _Way(Trial.compute, _expected_values),
    "gradient": _Way(_gradients, _expected_gradients),
    "jacobian": _Way(_jacobians, _expected_jacobians, ["jacobian"]),
    "hessian": _Way(products("reverse over reverse"), _expected_products, ["nested"]),
    "tangent": _Way(products("forward"), _along(1), ["forward"]),
    "curvature": _Way(products("forward over forward"), _along(2), ["forward"]),
    "forward over reverse": _Way(products("forward over reverse"), _expected_products, ["forward"]),
    "reverse over forward": _Way(products("reverse over forward"), _expected_products, ["forward"]),
}
