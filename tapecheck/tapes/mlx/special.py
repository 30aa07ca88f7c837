"""Special functions, as far as MLX has them."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

sigmoid = mx.sigmoid
erf = mx.erf


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return mx.logaddexp(x, mx.zeros_like(x))


def erfc(x: Any) -> Any:
    """MLX has none: 1 - erf(x) has no digits left where x is large."""
    raise NotImplementedError("MLX has no erfc.")


def lgamma(x: Any) -> Any:
    """MLX has none."""
    raise NotImplementedError("MLX has no logarithm of gamma.")


def polygamma(order: int, x: Any) -> Any:
    """MLX has none."""
    raise NotImplementedError("MLX has no derivatives of the logarithm of gamma.")
