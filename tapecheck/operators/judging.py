"""Comparing what a tape answered with what is known, and saying what is wrong in stable words."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from tapecheck.checks import Broken
from tapecheck.errors import add_note
from tapecheck.operators import example
from tapecheck.operators.example import Asked, Proof
from tapecheck.operators.floats import format_of
from tapecheck.operators.problem import Known, Problem
from tapecheck.operators.programs import along, told
from tapecheck.operators.table import Row

_ROUNDINGS = {1: 64.0, 2: 256.0}
"""Units in the last place that the roundings of a plain but correct formula may add up to, by the
order of the derivative. A formula that cancels or overflows loses thousands."""

_ROUNDINGS_OF_HALVES = {1: 16.0, 2: 32.0}
"""The same in 16 bits, where thousands would be all that there are."""


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        quantity: of what, such as ``gradient by x``.
        kind: in a few words that do not depend on the sample.
        dtype: in which dtype.
        expected, actual: at the worst element.
        ulps: how far off, in units in the last place; None where that says nothing.
        asked: what the tape was asked.
        proof: how that is seen from the answers; None where there are none, or where it is not.
    """

    quantity: str
    kind: str
    dtype: str
    expected: str
    actual: str
    ulps: Optional[float]
    asked: Optional[Asked]
    proof: Optional[Proof]


class Verdict:
    """Collects what is wrong with one operation; in the end says all of it at once.

    In what the methods are given, `read` is the expression for one of the actual arrays, with
    ``{}`` for its number, over ``answers``: all that the program returned that was asked last.

    Attributes:
        asked: what that was.
    """

    def __init__(self, row: Row) -> None:
        self.asked: Optional[Asked] = None
        self._row = row
        self._faults: List[Fault] = []

    def values(self, problem: Problem, actual: Sequence[Any], dtype: str, read: str) -> None:
        for number, known in enumerate(problem.outputs or ()):
            quantity = "value" + _place(number, actual)
            self._compare(quantity, known, actual[number], dtype, read.format(number), problem)

    def gradients(self, problem: Problem, actual: Sequence[Any], dtype: str, read: str) -> None:
        known, totals = problem.gradients, problem.tangents
        self._by_inputs("gradient", known, totals, problem, actual, dtype, read, 1)

    def products(self, problem: Problem, actual: Sequence[Any], dtype: str, read: str) -> None:
        known, totals = problem.products, problem.curvatures
        self._by_inputs("product", known, totals, problem, actual, dtype, read, 2)

    def tangents(
        self, problem: Problem, actual: Sequence[Any], dtype: str, read: str, name: str
    ) -> None:
        for number, known in enumerate(problem.tangents):
            quantity = name + _place(number, actual)
            one = read.format(number)
            self._compare(quantity, known, actual[number], dtype, one, problem, may_lack=True)

    def same(self, quantity: str, one: Any, other: Any, dtype: str, read: str) -> None:
        """Two ways to the same answer, the first of which is read; None and zero are the same."""
        if one is None and other is None:
            return
        if one is None or other is None:
            known = one if other is None else other
            value = np.asarray(known).astype(_wide(np.asarray(known)))
            if np.any(value != 0.0):
                proof = example.presence(read) if one is None else None
                self._add(quantity, "None in one of two ways", dtype, _text(value), "None", proof)
            return
        value = np.asarray(other).astype(_wide(np.asarray(other)))
        finite = np.isfinite(value)
        if not np.all(finite):
            self._same_finite(quantity, one, value, dtype, read)
            return
        size = np.full(value.shape, np.max(np.abs(value), initial=0.0))
        self._compare(quantity, Known(value, np.zeros(value.shape), size), one, dtype, read, None)

    def _same_finite(
        self, quantity: str, one: Any, other: np.ndarray, dtype: str, read: str
    ) -> None:
        """That what is not finite in one way is not in the other."""
        value = np.asarray(one).astype(_wide(other))
        differs = np.isfinite(value) != np.isfinite(other)
        if np.any(differs):
            place = int(np.argmax(differs))
            is_finite = bool(np.isfinite(value.flat[place]))
            proof = None if is_finite else example.finite(read, place)
            self._add(
                quantity, "not finite in one of two ways", dtype,
                _at(other, place, None), _at(value, place, None), proof,
            )  # fmt: skip

    def raised(self, quantity: str, error: BaseException, dtype: str) -> None:
        """The implementation raised instead of answering."""
        self._add(quantity, "raises " + type(error).__name__, dtype, "an answer", told(error), None)

    def raise_faults(self) -> None:
        """
        Raises:
            Broken: something was wrong.
        """
        if not self._faults:
            return
        groups: Dict[str, List[str]] = {}
        for fault in self._faults:
            dtypes = groups.setdefault("{} {}".format(fault.quantity, fault.kind), [])
            if fault.dtype not in dtypes:
                dtypes.append(fault.dtype)
        summary = "; ".join(
            "{} in {}".format(what, " ".join(dtypes)) for what, dtypes in groups.items()
        )
        worst = max(self._faults, key=lambda fault: fault.ulps or 0.0)
        difference = "" if worst.ulps is None else "{:.3g} ULP".format(worst.ulps)
        expected = "{} of {}: {}".format(worst.quantity, self._row.call, worst.expected)
        before = "{} ({}: ".format(summary, worst.dtype)
        broken = Broken(expected, before + worst.actual + ")", difference)
        if worst.asked and (worst.proof or worst.kind.startswith("raises")):
            text = example.program(self._row, worst.asked, worst.proof, expected, before, ")")
            add_note(broken, text)
        raise broken

    def _by_inputs(
        self,
        name: str,
        known: Optional[Sequence[Known]],
        totals: Sequence[Known],
        problem: Problem,
        actual: Sequence[Any],
        dtype: str,
        read: str,
        order: int,
    ) -> None:
        """Element by element where that is known, and else the sum against the direction."""
        names = list(self._row.inputs)
        if known is not None:
            for number, (argument, one, answer) in enumerate(zip(names, known, actual)):
                quantity = "{} by {}".format(name, argument)
                place = read.format(number)
                self._compare(
                    quantity, one, answer, dtype, place, problem, may_lack=True, order=order
                )
            return
        if order == 2:
            # Second derivatives that cancel are what the roundings of the first ones leave.
            totals = [
                second._replace(shift=np.abs(first.value))
                for second, first in zip(totals, problem.tangents)
            ]
        self._project(name, totals, problem, actual, dtype, read, order)

    def _project(
        self,
        name: str,
        totals: Sequence[Known],
        problem: Problem,
        actual: Sequence[Any],
        dtype: str,
        read: str,
        order: int,
    ) -> None:
        expected = error = size = 0.0
        for cotangent, known in zip(problem.cotangents, totals):
            expected += float(np.sum(np.real(np.conj(cotangent) * known.value)))
            error += float(np.sum(np.abs(cotangent) * known.error))
            size += float(np.sum(np.abs(cotangent * known.value)))
            if order == 2:
                size += float(np.sum(np.abs(cotangent) * known.shift))
        for number, (argument, x, direction, answer) in enumerate(
            zip(self._row.inputs, problem.inputs, problem.directions, actual)
        ):
            if answer is None:
                continue
            value = np.asarray(answer)
            if value.shape != x.shape:
                self._add(
                    "{} by {}".format(name, argument), "of another shape", dtype,
                    str(x.shape), str(value.shape), example.shape(read.format(number), x.shape),
                )  # fmt: skip
                return
            value = value.astype(_wide(value))
            if not np.all(np.isfinite(value)):
                kind = "NaN" if np.any(np.isnan(value)) else "infinite"
                place = int(np.argmin(np.isfinite(value)))
                self._add(
                    "{} by {}".format(name, argument), kind + " where it is finite", dtype,
                    "finite", _at(value, place, None), example.finite(read.format(number), place),
                )  # fmt: skip
                return
            terms = np.real(np.conj(value) * direction)
            size += float(np.sum(np.abs(terms)))
        total = along(actual, problem.directions)
        allowed = error + _allowed(dtype, size, problem.condition, order)
        if abs(total - expected) <= allowed:
            return
        lacking = [name for name, answer in zip(self._row.inputs, actual) if answer is None]
        kind = "None by " + " ".join(lacking) if lacking else "wrong"
        self._add(
            name, kind, dtype,
            "{!r} along a direction".format(expected), repr(total),
            example.total(
                "along([{}], directions)".format(
                    ", ".join(read.format(number) for number in range(len(actual)))
                ),
                expected,
                allowed,
            ),
            abs(total - expected) / _unit(dtype, expected),
        )  # fmt: skip

    def _compare(
        self,
        quantity: str,
        known: Known,
        actual: Any,
        dtype: str,
        read: str,
        problem: Optional[Problem],
        may_lack: bool = False,
        order: int = 1,
    ) -> None:
        """None stands for zero where `may_lack`: that is how a tape says that nothing depends."""
        condition = problem.condition if problem else 1.0
        if actual is None:
            allowed = known.error + _allowed(dtype, known.shift * 0.0, condition, order)
            if not may_lack or np.any(np.abs(known.value) > allowed):
                proof = example.presence(read)
                self._add(quantity, "None", dtype, _text(known.value), "None", proof)
            return
        value = np.asarray(actual)
        if value.shape != known.value.shape:
            proof = example.shape(read, known.value.shape)
            self._add(
                quantity, "of another shape", dtype,
                str(known.value.shape), str(value.shape), proof,
            )  # fmt: skip
            return
        value = value.astype(_wide(value))
        with np.errstate(all="ignore"):
            finite = np.isfinite(value) | (value == known.value)
            if not np.all(finite):
                kind = "NaN" if np.any(np.isnan(value)) else "infinite"
                place = int(np.argmin(finite))
                self._add(
                    quantity, kind + " where it is finite", dtype,
                    _at(known.value, place, problem), _at(value, place, None),
                    example.finite(read, place),
                )  # fmt: skip
                return
            distance = np.where(value == known.value, 0.0, np.abs(value - known.value))
            size = np.abs(known.value) + known.shift
            allowed = known.error + _allowed(dtype, size, condition, order)
            bound = np.where(np.isfinite(allowed), allowed, 0.0)
            excess = distance - bound
        if np.any(excess > 0.0):
            ratio = np.where(excess > 0.0, distance / np.maximum(allowed, 1e-300), 0.0)
            place = int(np.argmax(ratio))
            ulps = distance.flat[place] / _unit(dtype, known.value.flat[place])
            self._add(
                quantity, "wrong", dtype,
                _at(known.value, place, problem), _at(value, place, None),
                example.element(read, place, known.value.flat[place], bound.flat[place]), ulps,
            )  # fmt: skip

    def _add(
        self,
        quantity: str,
        kind: str,
        dtype: str,
        expected: str,
        actual: str,
        proof: Optional[Proof],
        ulps: Optional[float] = None,
    ) -> None:
        self._faults.append(Fault(quantity, kind, dtype, expected, actual, ulps, self.asked, proof))


def _allowed(dtype: str, size: Any, condition: float, order: int) -> Any:
    """How far a correct answer of this size may be off: by rounding, and by underflow."""
    form = format_of(dtype)
    roundings = (_ROUNDINGS_OF_HALVES if form.bits < 16 else _ROUNDINGS)[order]
    return roundings * (form.epsilon * condition * size + form.tiny)


def _unit(dtype: str, value: Any) -> float:
    return format_of(dtype).epsilon * (float(abs(value)) or 1.0)


def _wide(value: np.ndarray) -> Any:
    return np.complex128 if value.dtype.kind == "c" else np.float64


def _place(number: int, actual: Sequence[Any]) -> str:
    return " {}".format(number) if len(actual) > 1 else ""


def _at(value: np.ndarray, place: int, problem: Optional[Problem]) -> str:
    text = repr(value.flat[place].item())
    if problem is None or problem.outputs is None:
        return text
    point = ", ".join(repr(x.flat[place].item()) for x in problem.inputs)
    return "{} at {}".format(text, point)


def _text(value: np.ndarray) -> str:
    return " ".join(np.array2string(value, separator=", ", threshold=20, precision=6).split())
