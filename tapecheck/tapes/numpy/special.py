"""Special functions of arrays that NumPy lacks, stable over the whole range."""

# mypy: no-warn-return-any
from __future__ import annotations

import math
from typing import Callable

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow for real x."""
    one = x.dtype.type(1)
    if x.dtype.kind == "c":
        return one / (one + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, one) / (one + small)


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(x, x.dtype.type(0))


def _by_element(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    vectorized = np.vectorize(function, otypes=[np.float64])
    return lambda x: vectorized(x).astype(x.dtype)


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except ValueError:  # a pole, at zero and the negative integers
        return math.inf


erf = _by_element(math.erf)
erfc = _by_element(math.erfc)
lgamma = _by_element(_lgamma)

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""The Bernoulli numbers B(2), B(4), ... B(16)."""


def polygamma(order: int, x: np.ndarray) -> np.ndarray:
    """The derivative of the given order of digamma, itself order 0. NIST DLMF 5.15 and 5.11.

    The recurrence takes every argument above 20, where the asymptotic series holds to 1e-16.
    """
    y = x.astype(np.float64)
    sign = (-1.0) ** (order + 1)
    total = np.zeros_like(y)
    with np.errstate(all="ignore"):
        while np.any(y < 20):
            low = y < 20
            total += np.where(low, sign * math.factorial(order) / y ** (order + 1), 0)
            y = np.where(low, y + 1, y)
        if order == 0:
            series = np.log(y) - 0.5 / y
        else:
            series = sign * (
                math.factorial(order - 1) / y**order
                + math.factorial(order) / (2 * y ** (order + 1))
            )
        for index, bernoulli in enumerate(_BERNOULLI):
            k = 2 * (index + 1)
            factor = math.factorial(k + order - 1) / math.factorial(k)
            series += sign * bernoulli * factor / y ** (k + order)
    return (total + series).astype(x.dtype)
