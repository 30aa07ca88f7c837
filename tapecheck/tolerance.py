"""How far a computed value may lie from the exact one: by dtype, in this one place.

The bound counts units in the last place (ULP) of the dtype of the actual value. It allows for the
few roundings of a short program and for compilers that reorder them, not for a wrong formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ULPS = 16.0
"""Roundings allowed, in units in the last place."""

_BFLOAT16_EPSILON = 2.0**-7


def epsilon(dtype: Any) -> float:
    """The spacing of numbers of `dtype` at 1.0; 0.0 for a dtype that counts exactly."""
    dtype = np.dtype(dtype)
    if dtype.name == "bfloat16":
        return _BFLOAT16_EPSILON
    if dtype.kind in "fc":
        return float(np.finfo(dtype).eps)
    return 0.0


def bound(expected: Any, dtype: Any, magnitude: float = 0.0) -> Any:
    """The greatest allowed distance from `expected`, element by element.

    Args:
        expected: array of exact values.
        dtype: the dtype of the computed value.
        magnitude: size of the largest intermediate whose rounding reaches the result, where
            cancellation leaves a result smaller than what it was computed from.

    Returns:
        float64 array of the shape of `expected`.
    """
    size = np.maximum(np.abs(np.asarray(expected)).astype(np.float64), magnitude)
    return ULPS * epsilon(dtype) * size


def ulps(difference: Any, expected: Any, dtype: Any) -> float:
    """The largest of `difference` in units in the last place of `expected`.

    Where the exact value is zero, which has no last place, the unit is that of the largest
    expected element, or of 1.0 where all are zero.
    """
    unit = epsilon(dtype)
    if unit == 0.0 or not np.size(difference):
        return 0.0
    size = np.abs(np.asarray(expected)).astype(np.float64)
    size = np.where(size == 0.0, np.max(size) or 1.0, size)
    return float(np.max(np.asarray(difference, dtype=np.float64) / (unit * size)))
