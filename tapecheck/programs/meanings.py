"""What operations mean: each in terms of the oracle's few primitives, by name."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

import numpy as np

from tapecheck.oracles import hyperdual
from tapecheck.oracles.elementary import ELEMENTARY
from tapecheck.oracles.hyperdual import HyperDual
from tapecheck.programs.program import Operation

Meaning = Callable[..., HyperDual]
"""From an operation and its operands to its result."""

_MEANINGS: Dict[str, Meaning] = {}


def evaluate(operations: Sequence[Operation], inputs: Sequence[HyperDual]) -> List[HyperDual]:
    """All values of a program or body, its inputs included."""
    values = list(inputs)
    for operation in operations:
        values.append(apply(operation, [values[number] for number in operation.operands]))
    return values


def apply(operation: Operation, operands: Sequence[HyperDual]) -> HyperDual:
    """The result of one operation."""
    if operation.name in _MEANINGS:
        return _MEANINGS[operation.name](operation, *operands)
    return hyperdual.elementary(operation.name, operands[0])


def known(name: str) -> bool:
    """Whether it is told what an operation means."""
    return name in _MEANINGS or name in ELEMENTARY


def _meaning(name: str) -> Callable[[Meaning], Meaning]:
    def register(meaning: Meaning) -> Meaning:
        _MEANINGS[name] = meaning
        return meaning

    return register


def _linear(name: str, function: Callable[..., Any]) -> None:
    """An operation that is linear in all operands: `function` takes it and arrays."""

    def meaning(operation: Operation, *operands: HyperDual) -> HyperDual:
        key = (operation.name, operation.attributes)
        return hyperdual.linear(lambda *arrays: function(operation, *arrays), key, *operands)

    _MEANINGS[name] = meaning


def _minus(x: HyperDual, y: HyperDual) -> HyperDual:
    return hyperdual.linear(np.subtract, "minus", x, y)


def _broadcast(x: HyperDual, y: HyperDual) -> List[HyperDual]:
    """Both in the shape to which they are broadcast."""
    shape = np.broadcast(x.value, y.value).shape
    return [_to_shape(one, shape) for one in (x, y)]


def _to_shape(x: HyperDual, shape: Any) -> HyperDual:
    if x.shape == shape:
        return x
    return hyperdual.linear(lambda a: np.broadcast_to(a, shape), ("to shape", shape), x)


def _times(x: HyperDual, y: HyperDual) -> HyperDual:
    return hyperdual.multiply(*_broadcast(x, y))


def _total(x: HyperDual, axes: Any, keep: bool) -> HyperDual:
    return hyperdual.linear(lambda a: np.sum(a, axis=axes, keepdims=keep), ("total", axes, keep), x)


# Elementwise

_linear("negative", lambda operation, a: -a)
_linear("scale", lambda operation, a: operation.get("number") * a)
_linear("shift", lambda operation, a: a + operation.get("number"))
_linear("add", lambda operation, a, b: a + b)
_linear("subtract", lambda operation, a, b: a - b)
_linear("where", lambda operation, a, b: np.where(operation.get("mask"), a, b))


@_meaning("stop_gradient")
def _stopped(operation: Operation, x: HyperDual) -> HyperDual:
    stopped = hyperdual.constant(x.value, x)
    return HyperDual([x.terms[0], *stopped.terms[1:]])


@_meaning("power")
def _power(operation: Operation, x: HyperDual) -> HyperDual:
    return hyperdual.raised(x, operation.get("number"))


@_meaning("clip")
def _clip(operation: Operation, x: HyperDual) -> HyperDual:
    low, high = operation.get("low"), operation.get("high")
    inside = (x.value > low) & (x.value < high)
    limit = np.clip(x.value, low, high)
    key = ("clip", inside.tobytes(), limit.tobytes())
    return hyperdual.linear(lambda a: np.where(inside, a, limit), key, x)


@_meaning("multiply")
def _multiply(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    return _times(x, y)


@_meaning("divide")
def _divide(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    return _times(x, hyperdual.elementary("reciprocal", y))


@_meaning("squared_difference")
def _squared_difference(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    return hyperdual.elementary("square", _minus(*_broadcast(x, y)))


@_meaning("pow")
def _pow(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    return hyperdual.elementary("exp", _times(y, hyperdual.elementary("log", x)))


def _chosen(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    x, y = _broadcast(x, y)
    larger = x.value > y.value
    mask = larger if operation.name == "maximum" else ~larger
    key = ("chosen", mask.tobytes())
    return hyperdual.linear(lambda a, b: np.where(mask, a, b), key, x, y)


_MEANINGS["maximum"] = _MEANINGS["minimum"] = _chosen

# Along axes

_linear(
    "reduce_sum",
    lambda operation, a: np.sum(a, axis=operation.get("axes"), keepdims=operation.get("keep")),
)
_linear(
    "reduce_mean",
    lambda operation, a: np.mean(a, axis=operation.get("axes"), keepdims=operation.get("keep")),
)


def _extreme(operation: Operation, x: HyperDual) -> HyperDual:
    """The sum of what is left where only the extremes are: no two elements are the same."""
    reduce = np.max if operation.name == "reduce_max" else np.min
    mask = x.value == reduce(x.value, axis=operation.get("axes"), keepdims=True)
    return _total(
        hyperdual.linear(lambda a: np.where(mask, a, 0.0), ("extreme", mask.tobytes()), x),
        operation.get("axes"),
        operation.get("keep"),
    )


_MEANINGS["reduce_max"] = _MEANINGS["reduce_min"] = _extreme


def _slices(x: HyperDual, axis: int) -> List[HyperDual]:
    """The slices along an axis."""
    return [
        hyperdual.linear(lambda a, n=n: np.take(a, n, axis), ("slice", n, axis), x)
        for n in range(x.shape[axis])
    ]


@_meaning("reduce_prod")
def _product(operation: Operation, x: HyperDual) -> HyperDual:
    (axis,) = operation.get("axes")
    first, *others = _slices(x, axis)
    for other in others:
        first = _times(first, other)
    if operation.get("keep"):
        key = ("expand", axis)
        first = hyperdual.linear(lambda a: np.expand_dims(a, axis), key, first)
    return first


@_meaning("reduce_logsumexp")
def _logsumexp(operation: Operation, x: HyperDual) -> HyperDual:
    exponentials = hyperdual.elementary("exp", x)
    return hyperdual.elementary(
        "log", _total(exponentials, operation.get("axes"), operation.get("keep"))
    )


@_meaning("norm")
def _norm(operation: Operation, x: HyperDual) -> HyperDual:
    squares = hyperdual.elementary("square", x)
    return hyperdual.elementary(
        "sqrt", _total(squares, operation.get("axes"), operation.get("keep"))
    )


def _variance(x: HyperDual, axes: Any, keep: bool) -> HyperDual:
    distances = hyperdual.linear(
        lambda a: a - np.mean(a, axis=axes, keepdims=True), ("distances", axes), x
    )
    return hyperdual.linear(
        lambda a: np.mean(a, axis=axes, keepdims=keep),
        ("mean", axes, keep),
        hyperdual.elementary("square", distances),
    )


@_meaning("reduce_variance")
def _reduce_variance(operation: Operation, x: HyperDual) -> HyperDual:
    return _variance(x, operation.get("axes"), operation.get("keep"))


@_meaning("reduce_std")
def _reduce_std(operation: Operation, x: HyperDual) -> HyperDual:
    variance = _variance(x, operation.get("axes"), operation.get("keep"))
    return hyperdual.elementary("sqrt", variance)


@_meaning("l2_normalize")
def _l2_normalize(operation: Operation, x: HyperDual) -> HyperDual:
    total = _total(hyperdual.elementary("square", x), operation.get("axis"), True)
    return _times(x, hyperdual.elementary("rsqrt", total))


@_meaning("cumulative_logsumexp")
def _cumulative_logsumexp(operation: Operation, x: HyperDual) -> HyperDual:
    axis = operation.get("axis")
    exponentials = hyperdual.elementary("exp", x)
    total = hyperdual.linear(lambda a: np.cumsum(a, axis), ("cumsum", axis), exponentials)
    return hyperdual.elementary("log", total)


@_meaning("sort")
def _sort(operation: Operation, x: HyperDual) -> HyperDual:
    axis = operation.get("axis")
    order = np.argsort(x.value, axis=axis)
    key = ("order", axis, order.tobytes())
    return hyperdual.linear(lambda a: np.take_along_axis(a, order, axis), key, x)


@_meaning("silu")
def _silu(operation: Operation, x: HyperDual) -> HyperDual:
    return _times(x, hyperdual.elementary("sigmoid", x))


@_meaning("softmax")
def _softmax(operation: Operation, x: HyperDual) -> HyperDual:
    exponentials = hyperdual.elementary("exp", x)
    total = _total(exponentials, operation.get("axis"), True)
    return _times(exponentials, hyperdual.elementary("reciprocal", total))


@_meaning("log_softmax")
def _log_softmax(operation: Operation, x: HyperDual) -> HyperDual:
    total = _total(hyperdual.elementary("exp", x), operation.get("axis"), True)
    return _minus(*_broadcast(x, hyperdual.elementary("log", total)))


@_meaning("cumprod")
def _cumprod(operation: Operation, x: HyperDual) -> HyperDual:
    axis = operation.get("axis")
    found = _slices(x, axis)
    for n in range(1, len(found)):
        found[n] = _times(found[n - 1], found[n])
    # A tape may divide by what it multiplied with: one, but for rounding.
    found = [
        _times(one, _times(x_n, hyperdual.elementary("reciprocal", x_n)))
        for one, x_n in zip(found, _slices(x, axis))
    ]
    key = ("stack", axis, len(found))
    return hyperdual.linear(lambda *arrays: np.stack(arrays, axis), key, *found)


def _sum_of_those_behind(operation: Operation, a: Any) -> Any:
    axis = operation.get("axis")
    return np.flip(np.cumsum(np.flip(a, axis), axis), axis) - a


_linear("cumsum", lambda operation, a: np.cumsum(a, operation.get("axis")))
_linear("exclusive_cumsum", _sum_of_those_behind)
_linear("repeat", lambda operation, a: np.repeat(a, 2, operation.get("axis")))
_linear("reverse", lambda operation, a: np.flip(a, operation.get("axis")))

# Contractions


@_meaning("matmul")
def _matmul(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    batch = "b" if len(x.shape) == 3 else ""
    return hyperdual.bilinear("{0}ij,{0}jk->{0}ik".format(batch), x, y)


@_meaning("einsum")
def _einsum(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    return hyperdual.bilinear(operation.get("equation"), x, y)


# Shapes and places


def place_of(index: str) -> Any:
    """What stands between brackets, such as ``0, 1:``."""
    return eval("np.s_[{}]".format(index), {"np": np})


def _segments(operation: Operation, a: Any) -> Any:
    result = np.zeros((3, *a.shape[1:]))
    np.add.at(result, list(operation.get("places")), a)
    return result


def _part(operation: Operation, a: Any) -> Any:
    return np.split(a, 2, operation.get("axis"))[operation.get("part")]


_linear("index", lambda operation, a: a[place_of(operation.get("index"))])
_linear("gather", lambda operation, a: np.take(a, operation.get("places"), operation.get("axis")))
_linear("reshape", lambda operation, a: np.reshape(a, operation.get("shape")))
_linear("transpose", lambda operation, a: np.transpose(a, operation.get("axes")))
_linear("broadcast_to", lambda operation, a: np.broadcast_to(a, operation.get("shape")))
_linear("tile", lambda operation, a: np.tile(a, operation.get("repeats")))
_linear("pad", lambda operation, a: np.pad(a, operation.get("paddings"), "constant"))
_linear("roll", lambda operation, a: np.roll(a, operation.get("shift"), operation.get("axis")))
_linear("concat", lambda operation, a, b: np.concatenate([a, b], operation.get("axis")))
_linear("stack", lambda operation, a, b: np.stack([a, b], operation.get("axis")))
_linear("split", _part)
_linear("segment_sum", _segments)

# Matrices

_linear("trace", lambda operation, a: np.trace(a))
_linear("diag_part", lambda operation, a: np.diagonal(a))
_linear("lower_part", lambda operation, a: np.tril(a))


def _corners(x: HyperDual) -> List[HyperDual]:
    return [
        hyperdual.linear(lambda a, i=i, j=j: a[i, j], ("corner", i, j), x)
        for i in (0, 1)
        for j in (0, 1)
    ]


def _det(operation: Operation, x: HyperDual) -> HyperDual:
    a, b, c, d = _corners(x)
    return _minus(_times(a, d), _times(b, c))


_MEANINGS["det"] = _det


@_meaning("log_abs_det")
def _log_abs_det(operation: Operation, x: HyperDual) -> HyperDual:
    return hyperdual.elementary("log", hyperdual.elementary("abs", _det(operation, x)))


@_meaning("inv")
def _inv(operation: Operation, x: HyperDual) -> HyperDual:
    adjugate = hyperdual.linear(
        lambda a: np.array([[a[1, 1], -a[0, 1]], [-a[1, 0], a[0, 0]]]), "adjugate", x
    )
    return _times(adjugate, hyperdual.elementary("reciprocal", _det(operation, x)))


@_meaning("solve")
def _solve(operation: Operation, x: HyperDual, y: HyperDual) -> HyperDual:
    return hyperdual.bilinear("ij,jk->ik", _inv(operation, x), y)


@_meaning("cholesky")
def _cholesky(operation: Operation, x: HyperDual) -> HyperDual:
    """The lower triangle whose product with its transpose is that of the matrix with its own."""
    a, _, c, d = _corners(hyperdual.bilinear("ij,kj->ik", x, x))
    first = hyperdual.elementary("sqrt", a)
    second = _times(c, hyperdual.elementary("reciprocal", first))
    third = hyperdual.elementary("sqrt", _minus(d, hyperdual.elementary("square", second)))
    return hyperdual.linear(
        lambda f, s, t: np.array([[f, 0.0 * f], [s, t]]), "lower triangle", first, second, third
    )


# What is given functions


def _body(operation: Operation, number: int) -> Callable[[Sequence[HyperDual]], HyperDual]:
    return lambda operands: evaluate(operation.bodies[number], operands)[-1]


@_meaning("cond")
def _cond(operation: Operation, *operands: HyperDual) -> HyperDual:
    is_first = operands[0].value.sum() > operation.get("threshold")
    return _body(operation, 0 if is_first else 1)(operands)


def _repeat(operation: Operation, *operands: HyperDual) -> HyperDual:
    state, others = operands[0], operands[1:]
    for _ in range(operation.get("times")):
        state = _body(operation, 0)([state, *others])
    return state


_MEANINGS["while_loop"] = _MEANINGS["repeated"] = _repeat


@_meaning("gradient")
def _gradient(operation: Operation, *operands: HyperDual) -> HyperDual:
    return hyperdual.gradient_of_sum(_body(operation, 0), 0, operands)


def _call(operation: Operation, *operands: HyperDual) -> HyperDual:
    return _body(operation, 0)(operands)


_MEANINGS["recompute"] = _MEANINGS["function"] = _call
