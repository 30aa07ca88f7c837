"""An oracle for derivatives: of a function of arrays, along a direction, without a tape.

The function is interpolated along a line at Chebyshev nodes, and the interpolant differentiated.
Two degrees of interpolation give an estimate of the error.
"""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Sequence

import numpy as np
from numpy.polynomial import Chebyshev

RADIUS = 0.02
"""Half the length of the line: functions must be smooth this far from the point."""


class Estimate(NamedTuple):
    """A derivative, and a bound of its error."""

    value: float
    error: float


def along_a_line(
    function: Callable[..., Any],
    point: Sequence[np.ndarray],
    direction: Sequence[np.ndarray],
    weights: np.ndarray,
) -> Callable[[float], float]:
    """t -> Re sum(conj(weights) * function(point + t direction))."""

    def value(t: float) -> float:
        result = function(*[x + t * v for x, v in zip(point, direction)])
        return float(np.real(np.sum(np.conj(weights) * result)))

    return value


def derivative(function: Callable[[float], float], order: int) -> Estimate:
    """The derivative of the given order, at 0."""
    estimates: List[float] = []
    largest = 0.0
    for degree in (12, 16):
        values: List[float] = []

        def at(nodes: np.ndarray, values: List[float] = values) -> np.ndarray:
            values.extend(function(t) for t in nodes)
            return np.array(values)

        polynomial = Chebyshev.interpolate(at, degree, domain=[-RADIUS, RADIUS])
        estimates.append(float(polynomial.deriv(order)(0.0)))
        largest = max(largest, np.max(np.abs(values)))
    rounding = 4 * largest * np.finfo(float).eps * (16 / RADIUS) ** order
    return Estimate(estimates[1], abs(estimates[1] - estimates[0]) + rounding)


def mixed_derivative(
    function: Callable[..., Any],
    point: Sequence[np.ndarray],
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    weights: np.ndarray,
) -> Estimate:
    """The second derivative along two directions, from those along their sum and difference."""
    total = [u + v for u, v in zip(first, second)]
    difference = [u - v for u, v in zip(first, second)]
    plus = derivative(along_a_line(function, point, total, weights), 2)
    minus = derivative(along_a_line(function, point, difference, weights), 2)
    return Estimate((plus.value - minus.value) / 4, (plus.error + minus.error) / 4)
