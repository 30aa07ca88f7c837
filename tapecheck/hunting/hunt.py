"""Draws programs, asks every implementation, and makes small what one of them gets wrong."""

from __future__ import annotations

import itertools
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from tapecheck.checks import Broken
from tapecheck.hunting.client import Answers, Client
from tapecheck.modes import EAGER
from tapecheck.programs import Program, Trial, programs
from tapecheck.programs.asking import check_answers
from tapecheck.programs.program import QUESTIONS, VALUE, every_operation
from tapecheck.programs.table import load_table

WORDS = " ".join(sorted({"variables"}.union(*(one.needs for one in load_table().values()))))
"""Everything that programs can be made of."""

_ROUND = 40
"""Programs that are drawn from one seed; then another question or mode is next."""

_STEPS = (4, 8, 14)


class Finding(NamedTuple):
    """A program, made small, that an implementation answers in another way than the oracle.

    Attributes:
        label: the implementation and its version.
        asked_for: how the user names it.
        program: with its question.
        mode: in which it was asked.
        expected, actual: what should come, and what came.
        others: of every other implementation that could be asked, whether it agrees with the
            oracle.
    """

    label: str
    asked_for: str
    program: Program
    mode: str
    expected: str
    actual: str
    others: Dict[str, bool]


class _Wrong(Exception):
    """Ends an example of hypothesis: the same class for all, so that one thing is made small."""


class Hunt:
    """A search through random programs, decided by its seed.

    Attributes:
        asked: how many programs were run so far, on one implementation or another.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        number: int,
        modes: Sequence[str] = (EAGER,),
        questions: Sequence[str] = QUESTIONS,
        words: str = WORDS,
    ) -> None:
        self.asked = 0
        self._clients = clients
        self._seed = number
        self._modes = modes
        self._questions = questions
        self._words = words
        self._known: Set[Tuple[str, str, str, Tuple[str, ...]]] = set()

    def findings(
        self, is_over: Callable[[], bool], tell: Callable[[], None] = lambda: None
    ) -> Iterator[Finding]:
        """Search until it is over; what is found by then is still made small.

        Args:
            is_over: asked before every program.
            tell: called after every program.
        """
        rounds = itertools.product(_STEPS, self._questions, self._modes)
        for number, (steps, question, mode) in enumerate(itertools.cycle(rounds)):
            for client in self._clients:
                if is_over():
                    return
                found = self._round(client, number, steps, question, mode, is_over, tell)
                if found is not None:
                    self._known.add(_signature(found, self._is_simple))
                    yield found

    def _round(
        self,
        client: Client,
        number: int,
        steps: int,
        question: str,
        mode: str,
        is_over: Callable[[], bool],
        tell: Callable[[], None],
    ) -> Optional[Finding]:
        smallest: List[Tuple[Program, str, str]] = []

        @seed(self._seed * 1000003 + number)
        @settings(
            max_examples=_ROUND,
            phases=(Phase.generate, Phase.shrink),
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(programs(self._words, steps=steps, question=question))
        def search(program: Program) -> None:
            if not smallest and is_over():
                return
            if client.lacks(program, mode) or self._is_known(client, program, mode):
                return
            self.asked += 1
            tell()
            wrong = _wrong(client, program, mode)
            if wrong is not None:
                smallest.append((program, *wrong))
                raise _Wrong

        try:
            search()
        except _Wrong:
            program, expected, actual = smallest[-1]
            return Finding(
                client.label,
                client.asked_for,
                program,
                mode,
                expected,
                actual,
                self._others(client, program, mode),
            )
        return None

    def _others(self, client: Client, program: Program, mode: str) -> Dict[str, bool]:
        return {
            other.label: _wrong(other, program, mode) is None
            for other in self._clients
            if other is not client and not other.lacks(program, mode)
        }

    def _is_known(self, client: Client, program: Program, mode: str) -> bool:
        """Whether a program holds all operations of one that was found before."""
        names = _names(program)
        return any(
            (label, question, its_mode) == (client.label, program.question, mode)
            and set(found) <= names
            for label, question, its_mode, found in self._known
        )

    @staticmethod
    def _is_simple(name: str) -> bool:
        """Whether an operation tells nothing of a finding that has others."""
        return name in ("scale", "shift", "negative", "sin", "cos")


def _names(program: Program) -> Set[str]:
    names = {operation.name for operation in every_operation(program.operations)}
    if any(source.is_variable for source in program.sources):
        names.add("a variable")
    return names


def _signature(
    found: Finding, is_simple: Callable[[str], bool]
) -> Tuple[str, str, str, Tuple[str, ...]]:
    names = sorted(_names(found.program))
    telling = tuple(name for name in names if not is_simple(name))
    return (found.label, found.program.question, found.mode, telling or tuple(names))


def _wrong(client: Client, program: Program, mode: str) -> Optional[Tuple[str, str]]:
    """What was expected of an implementation and what came; None where that is the same.

    Where it refuses the program itself, it need not answer questions about it.
    """
    answers = client.ask(program, mode)
    computed = program._replace(question=VALUE)
    is_refused = isinstance(answers, str) and isinstance(client.ask(computed, mode), str)
    if is_refused and computed != program:
        return None
    return _compared(program, answers)


def _compared(program: Program, answers: Answers) -> Optional[Tuple[str, str]]:
    """What was expected and what came; None where that is the same.

    To say that something is not implemented is no wrong answer.
    """
    if isinstance(answers, str):
        refused = answers.startswith(NotImplementedError.__name__)
        return None if refused else ("an answer", answers)
    try:
        check_answers(_Asked(program), answers)
    except Broken as broken:
        return broken.expected, broken.actual
    return None


class _Asked(Trial):
    """What the oracle needs of a trial whose tensors are elsewhere."""

    def __init__(self, program: Program) -> None:
        super().__init__(_Arrays, None, program)


class _Arrays:
    """As much of a namespace as a trial needs to be made."""

    float64 = np.float64

    @staticmethod
    def constant(value: Any, dtype: Any) -> Any:
        return np.asarray(value, dtype)

    Variable = constant
