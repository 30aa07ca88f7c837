"""Derivatives along a line, by central differences of the forward computation in float64.

Nine points and the weights that are exact for polynomials of degree eight, with two step sizes:
what the two disagree by, and what rounding may do, is the error that the answer comes with.
"""

# mypy: no-warn-return-any
from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Sequence

import numpy as np

from tapecheck.operators.errors import OracleFault

_STEP = 1.0 / 32.0
_FIRST = (4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280)
_SECOND = (8.0 / 5, -1.0 / 5, 8.0 / 315, -1.0 / 560)
_SECOND_CENTER = -205.0 / 72
_EPSILON = float(np.finfo(np.float64).eps)

_TRUSTED = 1e-6
"""The relative error above which the differences say nothing: a kink or a singularity is near."""


class Estimate(NamedTuple):
    """An array of derivatives, and how far off each may be."""

    value: np.ndarray
    error: np.ndarray


class Line(NamedTuple):
    """A function along a line, with its first and second derivative at the origin."""

    value: List[np.ndarray]
    first: List[Estimate]
    second: List[Estimate]


def along(compute: Callable[[float], Sequence[np.ndarray]], rounding: float = 1.0) -> Line:
    """Differentiate twice by the parameter of a line, at zero.

    Args:
        compute: from the parameter to arrays, always of the same shapes.
        rounding: how many times the roundings of float64 show in what it computes.

    Raises:
        OracleFault: the two step sizes disagree, so that no derivative is known.
    """
    values = {number: list(compute(number * _STEP / 2)) for number in (0, *_numbers())}
    first, second = [], []
    for place in range(len(values[0])):
        output = {number: arrays[place] for number, arrays in values.items()}
        size = max(float(np.max(np.abs(array), initial=0.0)) for array in output.values())
        first.append(_estimate(_first(output, 2), _first(output, 1), size, 1, rounding))
        second.append(_estimate(_second(output, 2), _second(output, 1), size, 2, rounding))
    return Line(values[0], first, second)


def _numbers() -> List[int]:
    """The points, counted in half steps: those of the step, and of its half."""
    return sorted({sign * k * width for sign in (-1, 1) for k in (1, 2, 3, 4) for width in (1, 2)})


def _first(values: Any, width: int) -> np.ndarray:
    terms = [w * (values[k * width] - values[-k * width]) for k, w in enumerate(_FIRST, 1)]
    return sum(terms) / (_STEP * width / 2)


def _second(values: Any, width: int) -> np.ndarray:
    terms = [w * (values[k * width] + values[-k * width]) for k, w in enumerate(_SECOND, 1)]
    return (sum(terms) + _SECOND_CENTER * values[0]) / (_STEP * width / 2) ** 2


def _estimate(
    wide: np.ndarray, narrow: np.ndarray, size: float, order: int, rounding: float
) -> Estimate:
    if not np.all(np.isfinite(narrow)) or not np.all(np.isfinite(wide)):
        raise OracleFault("the operation is not finite near the point")
    disagreement = np.abs(wide - narrow)
    scale = max(float(np.max(np.abs(narrow), initial=0.0)), size)
    if np.any(disagreement > _TRUSTED * scale):
        raise OracleFault(
            "differences of two step sizes disagree by {:.2g}: no derivative near the point".format(
                float(np.max(disagreement))
            )
        )
    noise = 4.0 * rounding * _EPSILON * size / (_STEP / 2) ** order
    return Estimate(narrow, 2.0 * disagreement + noise)
