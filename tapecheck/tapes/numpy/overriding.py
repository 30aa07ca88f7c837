"""Functions whose gradient is not that of what they compute."""

from __future__ import annotations

import functools
from typing import Any, Callable, Optional

from tapecheck.tapes import overrides, structure

from .arrays import array_of
from .engine import GradientTape
from .operations import identity
from .tensor import Tensor, convert_to_tensor

custom_gradient = functools.partial(overrides.custom_gradient, GradientTape, identity)
recompute_grad = functools.partial(overrides.recompute_grad, GradientTape, identity)
grad_pass_through = functools.partial(overrides.grad_pass_through, GradientTape, identity)


def stop_gradient(input: Any, name: Optional[str] = None) -> Tensor:
    """The same values, as a constant."""
    return Tensor(convert_to_tensor(input).array)


def numpy_function(
    func: Callable[..., Any],
    inp: Any,
    Tout: Any,  # noqa: N803
    stateful: bool = True,
    name: Optional[str] = None,
) -> Any:
    """The results of a function of arrays; no gradient passes."""
    result = func(*[array_of(value) for value in inp])
    return structure.map_structure(
        lambda dtype, value: convert_to_tensor(value, dtype), Tout, result
    )


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: Optional[str] = None) -> Any:  # noqa: N803
    """The results of a Python function of tensors, which is recorded like all that runs."""
    result = func(*[convert_to_tensor(value) for value in inp])
    return structure.map_structure(
        lambda dtype, value: convert_to_tensor(value, dtype), Tout, result
    )
