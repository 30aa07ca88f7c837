"""Where operations are smooth and well conditioned, by family: what programs keep to."""

from __future__ import annotations

from typing import Any, List, Sequence

import numpy as np

from tapecheck.oracles.hyperdual import HyperDual
from tapecheck.programs.meanings import apply
from tapecheck.programs.program import Operation
from tapecheck.programs.table import load_table

LARGEST = 30.0
"""Of the absolute values that a program computes."""

MOST_ELEMENTS = 16
MOST_AXES = 3

_MARGIN = 0.1
"""How far from a kink operands are, or extremes from each other."""

_LARGEST_ERROR = 1e4
"""Of the bounds of rounding errors, in machine epsilons."""


def fits(operation: Operation, operands: Sequence[HyperDual]) -> bool:
    """Whether operands, and what follows from them, are where the operation is smooth."""
    return _is_smooth(operation, operands) and is_moderate(apply(operation, operands))


def is_moderate(value: HyperDual) -> bool:
    """Whether a value may be part of a program."""
    array = value.value
    return (
        0 < array.size <= MOST_ELEMENTS
        and array.ndim <= MOST_AXES
        and bool(np.isfinite(array).all())
        and float(np.abs(array).max()) <= LARGEST
        and float(value.terms[0].error.max()) <= _LARGEST_ERROR
    )


def is_in_domain(name: str, array: Any) -> bool:
    """Whether an elementwise operation of one operand is smooth there."""
    options = load_table()[name].options
    if "low" in options and array.min() < options["low"]:
        return False
    if "high" in options and array.max() > options["high"]:
        return False
    margin = options.get("margin", _MARGIN)
    return all(np.abs(array - kink).min() >= margin for kink in options.get("kinks", ()))


def _is_smooth(operation: Operation, operands: Sequence[HyperDual]) -> bool:
    arrays = [operand.value for operand in operands]
    name = operation.name
    if load_table()[name].family == "unary":
        return is_in_domain(name, arrays[0])
    if operation.bodies:
        return _bodies_are_smooth(operation, operands)
    if name == "power":
        return bool(arrays[0].min() >= 0.2) or operation.get("number") in (2, 3)
    if name == "clip":
        limits = (operation.get("low"), operation.get("high"))
        return all(np.abs(arrays[0] - limit).min() >= _MARGIN for limit in limits)
    if name in ("divide", "cumprod"):
        return bool(np.abs(arrays[-1]).min() >= 0.3)
    if name == "pow":
        return bool(arrays[0].min() >= 0.3 and np.abs(arrays[1]).max() <= 3.0)
    if name in ("maximum", "minimum"):
        return bool(np.abs(arrays[0] - arrays[1]).min() >= _MARGIN)
    if name in ("reduce_max", "reduce_min"):
        return _apart(arrays[0], operation.get("axes"))
    if name in ("norm", "l2_normalize"):
        axes = operation.get("axes" if name == "norm" else "axis")
        return bool(np.square(arrays[0]).sum(axis=axes).min() >= 0.1)
    if name == "reduce_std":
        return bool(np.var(arrays[0], axis=operation.get("axes")).min() >= 0.1)
    if name == "sort":
        return _apart(arrays[0], (operation.get("axis"),))
    if name in ("reduce_logsumexp", "cumulative_logsumexp", "softmax", "log_softmax"):
        return bool(np.abs(arrays[0]).max() <= 6.0)
    if load_table()[name].options.get("regular"):
        return abs(float(np.linalg.det(arrays[0]))) >= 0.3
    return True


def _apart(array: Any, axes: Any) -> bool:
    """Whether no two elements are close to each other that an extreme is chosen from."""
    moved = np.moveaxis(array, axes, range(len(axes)))
    columns = moved.reshape((-1, *moved.shape[len(axes) :]))
    if columns.shape[0] < 2:
        return True
    return bool(np.diff(np.sort(columns, axis=0), axis=0).min() >= _MARGIN)


def _bodies_are_smooth(operation: Operation, operands: Sequence[HyperDual]) -> bool:
    inputs: List[HyperDual] = list(operands)
    if operation.name == "cond":
        distance = float(inputs[0].value.sum()) - operation.get("threshold")
        if abs(distance) < _MARGIN:
            return False
        return _body_fits(operation.bodies[0 if distance > 0 else 1], inputs)
    for _ in range(dict(operation.attributes).get("times", 1)):
        if not _body_fits(operation.bodies[0], inputs):
            return False
        inputs[0] = _result(operation.bodies[0], inputs)
    return True


def _body_fits(body: Sequence[Operation], inputs: Sequence[HyperDual]) -> bool:
    values = list(inputs)
    for operation in body:
        operands = [values[number] for number in operation.operands]
        if not fits(operation, operands):
            return False
        values.append(apply(operation, operands))
    return True


def _result(body: Sequence[Operation], inputs: Sequence[HyperDual]) -> HyperDual:
    values = list(inputs)
    for operation in body:
        values.append(apply(operation, [values[number] for number in operation.operands]))
    return values[-1]
