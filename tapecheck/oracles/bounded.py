"""Numbers that know how far off another computation of them may be.

A running error analysis of first order (N. J. Higham, Accuracy and Stability of Numerical
Algorithms, section 3.3), with one change: derivatives are sums over paths of products of partial
derivatives, which a tape may add up in another order than the oracle does. So errors are relative
to the sum of the absolute values of all these products, not to what is left after they cancel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = Any


class Bounded(NamedTuple):
    """An array, element by element with a bound of its rounding error.

    Attributes:
        value: float64, as good as exact beside the errors of shorter formats.
        size: the value with every term and factor taken as positive.
        error: the greatest absolute error of another computation, in machine epsilons of the
            format that it is done in.
    """

    value: Array
    size: Array
    error: Array

    def __add__(self, other: Any) -> Bounded:
        size = self.size + other.size
        return Bounded(self.value + other.value, size, self.error + other.error + size)

    @property
    def shape(self) -> Any:
        return self.value.shape

    def rearranged(self, function: Any) -> Bounded:
        """`function` of all three arrays: a view or a choice of elements, without rounding."""
        return Bounded(*(function(array) for array in self))

    def transformed(self, matrix: Array, roundings: float) -> Bounded:
        """The products of `matrix`, shape (k, m), with vectors along the last axis, of length m.

        Args:
            roundings: how many roundings each product may take.
        """
        magnitudes = np.abs(matrix)
        size = self.size @ magnitudes.T
        error = self.error @ magnitudes.T + roundings * size
        return Bounded(self.value @ matrix.T, size, error)


def exact(value: Array) -> Bounded:
    """A value without error."""
    value = np.asarray(value, dtype=np.float64)
    return Bounded(value, np.abs(value), np.zeros_like(value))


def zeros(shape: Any) -> Bounded:
    """Exact zeros."""
    return exact(np.zeros(shape))


def product(equation: str, roundings: float, *factors: Bounded) -> Bounded:
    """The product of arrays that an Einstein summation says, as ``numpy.einsum`` reads it.

    Args:
        roundings: how many roundings each element may take.
    """
    sizes = [factor.size for factor in factors]
    size = np.einsum(equation, *sizes)
    error = roundings * size
    for position, factor in enumerate(factors):
        error = error + np.einsum(equation, *sizes[:position], factor.error, *sizes[position + 1 :])
    value = np.einsum(equation, *(factor.value for factor in factors))
    return Bounded(value, size, error)
