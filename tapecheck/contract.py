"""The contract with an implementation: the names that the clauses ask of its namespace."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, NamedTuple, Tuple

from tapecheck.clause import Clause
from tapecheck.modes import EAGER, MODE_NEEDS
from tapecheck.reading import names_used
from tapecheck.standard import Entry

TENSOR = "Tensor"
VARIABLE = "Variable"
TAPE = "GradientTape"
_EXAMPLES = {TENSOR: "x", VARIABLE: "v", TAPE: "tape"}

_SPELLINGS = {
    "__abs__": "abs({})",
    "__add__": "{} + y",
    "__array__": "numpy.asarray({})",
    "__bool__": "bool({})",
    "__eq__": "{} == y",
    "__exit__": "{}.__exit__",
    "__float__": "float({})",
    "__floordiv__": "{} // y",
    "__ge__": "{} >= y",
    "__getitem__": "{}[...]",
    "__gt__": "{} > y",
    "__hash__": "hash({})",
    "__int__": "int({})",
    "__iter__": "for row in {}",
    "__le__": "{} <= y",
    "__len__": "len({})",
    "__lt__": "{} < y",
    "__matmul__": "{} @ y",
    "__mod__": "{} % y",
    "__mul__": "{} * y",
    "__ne__": "{} != y",
    "__neg__": "-{}",
    "__pow__": "{} ** y",
    "__radd__": "1.0 + {}",
    "__rfloordiv__": "1.0 // {}",
    "__rmatmul__": "array @ {}",
    "__rmod__": "1.0 % {}",
    "__rmul__": "1.0 * {}",
    "__rpow__": "2.0 ** {}",
    "__rsub__": "1.0 - {}",
    "__rtruediv__": "1.0 / {}",
    "__sub__": "{} - y",
    "__truediv__": "{} / y",
}
"""How a special method is asked for."""


class Name(NamedTuple):
    """A name that clauses use.

    Attributes:
        name: such as ``constant``, ``math.sin``, ``GradientTape.watch``, ``Tensor.__mul__``.
        clauses: the ids of the clauses that use it.
        needs: the smallest set of capabilities with which some clause uses it.
    """

    name: str
    clauses: Tuple[str, ...]
    needs: FrozenSet[str]

    @property
    def owner(self) -> str:
        """``Tensor``, ``Variable`` or what else is asked for it; empty for the namespace."""
        for place, word in enumerate(self.name.split(".")[:-1], 1):
            if word[0].isupper():
                return ".".join(self.name.split(".")[:place])
        return ""

    @property
    def spelling(self) -> str:
        """As it stands in a program: ``x * y`` for ``Tensor.__mul__``, ``x.shape``."""
        example = _EXAMPLES.get(self.owner)
        if example is None:
            return self.name
        attribute = self.name[len(self.owner) + 1 :]
        return _SPELLINGS.get(attribute, "{}." + attribute).format(example)


def needs_of(clause: Clause) -> FrozenSet[str]:
    """The capabilities without which a clause runs in no mode."""
    modes = [MODE_NEEDS[mode] for mode in clause.modes]
    return clause.needs if EAGER in clause.modes or not modes[0] else clause.needs | {modes[0]}


def names_of(entry: Entry) -> FrozenSet[str]:
    """What a clause uses of the namespace."""
    return names_used(entry.chapter.path, entry.function.__name__)


def contract(entries: Iterable[Entry]) -> List[Name]:
    """The names that these clauses use: fewest capabilities first, most used first."""
    users: Dict[str, List[Clause]] = {}
    for entry in entries:
        for name in names_of(entry):
            users.setdefault(name, []).append(entry.clause)
    names = [
        Name(name, tuple(one.id for one in clauses), _smallest(clauses))
        for name, clauses in users.items()
    ]
    return sorted(names, key=lambda one: (_order(one.needs), -len(one.clauses), one.name))


def _smallest(clauses: List[Clause]) -> FrozenSet[str]:
    return min((needs_of(clause) for clause in clauses), key=_order)


def _order(needs: FrozenSet[str]) -> Any:
    return (len(needs), sorted(needs))
