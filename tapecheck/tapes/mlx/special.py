"""Special functions. What MLX lacks of them is composed of functions that MLX differentiates."""

from __future__ import annotations

import math
from typing import Any, Callable

import mlx.core as mx
from mlx.core import erf

__all__ = ["erf", "erfc", "lgamma", "polygamma", "sigmoid", "softplus"]


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + mx.exp(-x)) if x.dtype == mx.complex64 else mx.sigmoid(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return mx.logaddexp(x, mx.zeros_like(x))


def erfc(x: Any) -> Any:
    """1 - erf(x), with all digits also where that is small.

    There it is an integral by the trapezoidal rule. Matta and Reichel, Uniform computation of the
    error function and other related functions, 1971.
    """
    step, e = 0.5, mx.array(math.e, mx.float64)
    y = mx.clip(x.astype(mx.float64), 0.5, 30)
    nodes = mx.arange(1, 14) * step
    # MLX computes exponentials of float64 in single precision, and powers not
    total = 1 / y**2 + 2 * mx.sum(e ** -(nodes**2) / (nodes**2 + y[..., None] ** 2), axis=-1)
    pole = mx.where(y < 6, 2 / (1 - e ** (2 * math.pi / step * mx.minimum(y, 6))), 0)
    tail = step / math.pi * y * e ** -(y**2) * total + pole
    return mx.where(x < 0.5, 1 - mx.erf(x), tail.astype(x.dtype))


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""The Bernoulli numbers B(2), B(4), ... B(16)."""


def lgamma(x: Any) -> Any:
    """log |gamma(x)|, by reflection, recurrence and Stirling's series. NIST DLMF 5.5 and 5.11."""
    y = x.astype(mx.float64)
    low = y < 0
    z = mx.where(low, 1 - y, y)
    high = z + 10
    inverse = 1 / high
    series = mx.zeros_like(z)
    for k in range(len(_BERNOULLI), 0, -1):
        series = series * inverse * inverse + _BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    stirling = (high - 0.5) * mx.log(high) - high + math.log(2 * math.pi) / 2 + series * inverse
    value = stirling - mx.sum(mx.log(z[..., None] + mx.arange(10)), axis=-1)
    sine = mx.abs(mx.sin(math.pi * mx.where(low, y - mx.round(y), 0.5)))
    return mx.where(low, math.log(math.pi) - mx.log(sine) - value, value).astype(x.dtype)


def polygamma(order: int, x: Any) -> Any:
    """The derivative of the given order of digamma, itself order 0, by MLX, from lgamma."""
    function: Callable[[Any], Any] = lgamma
    for _ in range(order + 1):
        function = _derivative(function)
    return function(x)


def _derivative(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: mx.vjp(function, [x], [mx.ones_like(x)])[1][0]
