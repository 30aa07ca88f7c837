"""Formulas that know their value, and that are differentiated forwards.

A formula is built from numbers and leaves, the elements of tensors. It shares nothing with a tape:
it is differentiated by carrying the derivatives of its leaves upwards, from parts to wholes, and
the derivative is a formula again. Besides the value it tells whether there is a derivative at all:
a formula in which a leaf does not stand has none by that leaf, which is not the same as zero.
"""

from __future__ import annotations

import math
from typing import Callable, Dict, Iterable, Optional, Set, Tuple

Part = Tuple["Expression", Callable[[], "Expression"]]
"""An operand, and what makes the partial derivative by it."""


class Expression:
    """A formula.

    Attributes:
        value: the number that it stands for.
        magnitude: the value with every term and factor taken as positive. Rounding errors are
            relative to it, where terms of opposite signs leave a value that is smaller.
        parts: its operands, each with what makes the partial derivative by it.
    """

    __slots__ = ("magnitude", "parts", "value")

    def __init__(self, value: float, magnitude: float, parts: Tuple[Part, ...] = ()) -> None:
        self.value = value
        self.magnitude = magnitude
        self.parts = parts

    def __add__(self, other: Expression) -> Expression:
        return Expression(
            self.value + other.value,
            self.magnitude + other.magnitude,
            ((self, _one), (other, _one)),
        )

    def __sub__(self, other: Expression) -> Expression:
        return self + -other

    def __mul__(self, other: Expression) -> Expression:
        return Expression(
            self.value * other.value,
            self.magnitude * other.magnitude,
            ((self, lambda: other), (other, lambda: self)),
        )

    def __neg__(self) -> Expression:
        return Expression(-self.value, self.magnitude, ((self, lambda: number(-1.0)),))


class Leaf(Expression):
    """An element of a tensor.

    Attributes:
        tensor: the name of the tensor.
        index: the place of the element among those of the tensor, row by row.
    """

    __slots__ = ("index", "tensor")

    def __init__(self, tensor: str, index: int, value: float, magnitude: float) -> None:
        super().__init__(value, magnitude)
        self.tensor = tensor
        self.index = index


def number(value: float) -> Expression:
    """A constant."""
    return Expression(value, abs(value))


def _one() -> Expression:
    return number(1.0)


def sine(angle: Expression) -> Expression:
    """The sine of an angle in radians."""
    return Expression(
        math.sin(angle.value), 1.0 + angle.magnitude, ((angle, lambda: cosine(angle)),)
    )


def cosine(angle: Expression) -> Expression:
    """The cosine of an angle in radians."""
    return Expression(
        math.cos(angle.value), 1.0 + angle.magnitude, ((angle, lambda: -sine(angle)),)
    )


def total(terms: Iterable[Expression]) -> Optional[Expression]:
    """The sum of formulas; None where there are none."""
    result: Optional[Expression] = None
    for term in terms:
        result = term if result is None else result + term
    return result


Derivatives = Dict[int, Optional[Expression]]


def derivative(
    expression: Expression,
    of_leaf: Callable[[Leaf], Optional[Expression]],
    known: Derivatives,
) -> Optional[Expression]:
    """The derivative of a formula, given those of its leaves; None where no leaf has any.

    Args:
        expression: what to differentiate.
        of_leaf: the derivative of a leaf, or None where it does not depend on the variable.
        known: derivatives that were found before, by the identity of their formulas. Formulas
            that share operands are differentiated with the same dictionary.
    """
    if isinstance(expression, Leaf):
        return of_leaf(expression)
    if id(expression) not in known:
        terms = []
        for part, partial in expression.parts:
            inner = derivative(part, of_leaf, known)
            if inner is not None:
                terms.append(partial() * inner)
        known[id(expression)] = total(terms)
    return known[id(expression)]


def tensors_in(expressions: Iterable[Expression]) -> Set[str]:
    """The names of the tensors whose elements stand in some formulas."""
    names: Set[str] = set()
    seen: Set[int] = set()
    waiting = list(expressions)
    while waiting:
        expression = waiting.pop()
        if id(expression) in seen:
            continue
        seen.add(id(expression))
        if isinstance(expression, Leaf):
            names.add(expression.tensor)
        waiting.extend(part for part, _ in expression.parts)
    return names
