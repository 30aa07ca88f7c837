"""Whether a namespace has the names of the contract."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

import numpy as np

from tapecheck.contract import TAPE, TENSOR, VARIABLE, Name


class Presence(NamedTuple):
    """What of a contract a namespace has.

    Attributes:
        missing: the names that it does not have.
        untold: the names of which that cannot be told, each with the reason.
    """

    missing: List[Name]
    untold: List[Tuple[Name, str]]


def presence(names: Iterable[Name], namespace: Any, arrays: bool) -> Presence:
    """Look for the names of a contract in a namespace, and on a tensor, a variable and a tape.

    Args:
        arrays: whether its tensors have axes.
    """
    examples = _Examples(namespace, arrays)
    found = Presence([], [])
    for name in names:
        try:
            if not _has(name, namespace, examples):
                found.missing.append(name)
        except _UntoldError as error:
            found.untold.append((name, str(error)))
    return found


class _UntoldError(Exception):
    """Why it cannot be told whether a name is there."""


class _Examples:
    """A tensor, a variable and a tape of a namespace, each made when it is wanted."""

    def __init__(self, namespace: Any, arrays: bool) -> None:
        value = [2.0] if arrays else 2.0
        self._makers = {
            TENSOR: lambda: namespace.constant(value),
            VARIABLE: lambda: namespace.Variable(value),
            TAPE: lambda: namespace.GradientTape(),
        }
        self._made: Dict[str, Any] = {}

    def __contains__(self, kind: str) -> bool:
        return kind in self._makers

    def of(self, kind: str) -> Any:
        if kind not in self._made:
            try:
                self._made[kind] = self._makers[kind]()
            except Exception as error:
                reason = "{}: {}".format(type(error).__name__, " ".join(str(error).split()))
                raise _UntoldError("no {} can be made, {}".format(kind, reason)) from error
        return self._made[kind]


def _has(name: Name, namespace: Any, examples: _Examples) -> bool:
    if "()" in name.name:
        raise _UntoldError("it belongs to the result of a call")
    if not name.owner:
        return _follow(namespace, name.name.split(".")) is not None
    owner, attributes = name.owner.split("."), name.name[len(name.owner) + 1 :].split(".")
    if name.owner in examples:
        return _value_has(examples.of(name.owner), attributes)
    cls = _follow(namespace, owner)
    if cls is not None and not hasattr(cls, attributes[0]):
        raise _UntoldError("an object of {} may have it".format(name.owner))
    return cls is not None


def _value_has(value: Any, attributes: List[str]) -> bool:
    first = attributes[0]
    if first == "__array__":
        return _numpy_reads(value)
    if first in ("__bool__", "__eq__", "__hash__", "__ne__"):
        return True
    if first == "__iter__":
        return any(hasattr(type(value), method) for method in ("__iter__", "__getitem__"))
    if first.startswith("__"):
        return hasattr(type(value), first)
    return _follow(value, attributes) is not None


def _numpy_reads(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biufcV"
    except Exception:
        return False


def _follow(owner: Any, path: Iterable[str]) -> Optional[Any]:
    """What a chain of attributes leads to, or None where it ends before."""
    for name in path:
        try:
            owner = getattr(owner, name)
        except Exception:
            return None
    return owner
