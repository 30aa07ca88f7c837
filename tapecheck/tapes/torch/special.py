"""Special functions."""

from __future__ import annotations

from typing import Any

import torch
from torch import sigmoid
from torch.special import erf, erfc
from torch.special import gammaln as lgamma
from torch.special import polygamma as _polygamma

__all__ = ["erf", "erfc", "lgamma", "polygamma", "sigmoid", "softplus"]


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype))


def polygamma(order: int, x: Any) -> Any:
    """The derivative of the given order of digamma, itself order 0."""
    return _polygamma(order, x)
