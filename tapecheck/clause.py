"""A clause: one normative statement and the code that checks it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Callable, FrozenSet, Iterable, NamedTuple, Optional, Tuple, TypeVar, Union

from tapecheck.modes import MODES

MUST = "MUST"
SHOULD = "SHOULD"
OBSERVED = "OBSERVED"

LEVELS: Tuple[str, ...] = (MUST, SHOULD, OBSERVED)
"""MUST: a documented promise of every tape. SHOULD: documented or tested upstream, a reduced
tape may lack it. OBSERVED: what TensorFlow does without promising it."""

Words = Union[str, Iterable[str]]
Function = TypeVar("Function", bound=Callable[..., None])

_ATTRIBUTE = "__clause__"
_PREFIX = "test_"


class Clause(NamedTuple):
    """The declaration of one clause; everything but its code.

    Attributes:
        id: chapter and name, such as ``watching.constants_need_watch``; of one row of a
            parametrised clause with that row, such as ``functions.gradients[tanh]``.
        level: one of `LEVELS`.
        statement: the first sentence of the docstring.
        explanation: what the docstring says after its first paragraph, perhaps empty.
        covers: ids of the behaviours (``spec/sources.toml``) that it checks; empty in a suite that
            asks for what no documentation says.
        needs: capabilities without which it cannot run.
        since: first TensorFlow version that promises it, such as ``2.5``; None for always.
        modes: the modes in which the promise holds.
        devices: how many devices it needs at once.
        patience: how many times the time limit of a case it may take.
    """

    id: str
    level: str
    statement: str
    explanation: str
    covers: Tuple[str, ...]
    needs: FrozenSet[str]
    since: Optional[str]
    modes: Tuple[str, ...]
    devices: int
    patience: int = 1

    @property
    def chapter(self) -> str:
        return self.id.split(".", 1)[0]

    def of_row(self, row: str) -> Clause:
        """The clause for one row of its table; `row` is how pytest names it, perhaps empty."""
        return self._replace(id="{}[{}]".format(self.id, "_".join(row.split()))) if row else self


def clause(
    level: str,
    covers: Words = (),
    needs: Words = (),
    since: Optional[str] = None,
    modes: Words = MODES,
    devices: int = 1,
    patience: int = 1,
) -> Callable[[Function], Function]:
    """Declare a test function to be a clause.

    Args:
        level: MUST, SHOULD or OBSERVED.
        covers: one id of a behaviour, or several. Clauses of ``spec`` cover at least one.
        needs: one capability, or several.
        since: the first TensorFlow version that promises it.
        modes: the modes in which the promise holds, by default all of them.
        devices: how many devices the clause uses at once.
        patience: how many times the time limit of a case the clause may take, since it is long.

    Raises:
        ValueError: at definition, where the declaration is not well formed.
    """

    def declare(function: Function) -> Function:
        declaration = Clause(
            id=_clause_id(function),
            level=level,
            statement=_statement(function),
            explanation=_explanation(function),
            covers=_words(covers),
            needs=frozenset(_words(needs)),
            since=since,
            modes=_words(modes),
            devices=devices,
            patience=patience,
        )
        _require(level in LEVELS, declaration, "level is none of " + ", ".join(LEVELS))
        _require(bool(declaration.statement), declaration, "has no statement (docstring)")
        unknown = [mode for mode in declaration.modes if mode not in MODES]
        _require(not unknown, declaration, "unknown modes: " + ", ".join(unknown))
        setattr(function, _ATTRIBUTE, declaration)
        return function

    return declare


def clause_of(function: Any) -> Optional[Clause]:
    """The declaration on a function, or None for a function that is no clause."""
    return getattr(function, _ATTRIBUTE, None)


def _require(condition: bool, declaration: Clause, problem: str) -> None:
    if not condition:
        raise ValueError("clause {}: {}".format(declaration.id, problem))


def _words(words: Words) -> Tuple[str, ...]:
    return tuple(words.split()) if isinstance(words, str) else tuple(words)


def _clause_id(function: Callable[..., None]) -> str:
    if not function.__name__.startswith(_PREFIX):
        raise ValueError("clause {}: its name must begin with test_".format(function.__name__))
    chapter = Path(function.__code__.co_filename).stem
    return "{}.{}".format(chapter, function.__name__[len(_PREFIX) :])


def _paragraphs(function: Callable[..., None]) -> Tuple[str, str]:
    first, _, rest = (inspect.getdoc(function) or "").partition("\n\n")
    return " ".join(first.split()), rest.strip()


def _statement(function: Callable[..., None]) -> str:
    return _paragraphs(function)[0]


def _explanation(function: Callable[..., None]) -> str:
    return _paragraphs(function)[1]
