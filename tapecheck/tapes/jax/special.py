"""Special functions."""

from __future__ import annotations

from typing import Any

from jax.nn import sigmoid, softplus
from jax.scipy.special import digamma, erf, erfc
from jax.scipy.special import gammaln as lgamma
from jax.scipy.special import polygamma as _polygamma

__all__ = ["erf", "erfc", "lgamma", "polygamma", "sigmoid", "softplus"]


def polygamma(order: int, x: Any) -> Any:
    """The derivative of the given order of digamma, itself order 0."""
    return _polygamma(order, x) if order else digamma(x)
