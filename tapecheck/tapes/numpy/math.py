"""``tf.math``: functions of numbers, element by element and over axes."""

# mypy: implicit-reexport
from __future__ import annotations

import builtins
import functools
from typing import Any, Callable, Optional, Sequence, Tuple

import numpy as np

from . import dtype as dtypes
from . import operations as op
from . import xp
from .arrays import (  # noqa: F401
    array_of,
    axis_of,
    cast,
    complex,
    integers,
    of_one_dtype,
    top_k,
    zeros_like,
)
from .engine import operation
from .operations import (  # noqa: F401
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    ceil,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    floordiv,
    floormod,
    lgamma,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    pow,
    reciprocal,
    rint,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
)
from .tensor import Tensor, convert_to_tensor
from .xp import Array

mod = floormod

# One tensor


def abs(x: Any, name: Optional[str] = None) -> Tensor:
    """The absolute value, real for complex numbers. Its derivative at 0 is 0."""
    return op.absolute(x)


def sign(x: Any, name: Optional[str] = None) -> Tensor:
    """-1, 0 or 1 by the sign of a number; z/abs(z) for complex numbers, 0 at 0."""
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_complex:
        return op.sign(tensor)
    return divide_no_nan(tensor, cast(op.absolute(tensor), tensor.dtype))


def rsqrt(x: Any, name: Optional[str] = None) -> Tensor:
    """1 / sqrt(x)."""
    return op.reciprocal(op.sqrt(x))


def round(x: Any, name: Optional[str] = None) -> Tensor:
    """The nearest integers, halves to even."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.is_integer else op.rint(tensor)


def log_sigmoid(x: Any, name: Optional[str] = None) -> Tensor:
    """log(sigmoid(x)), without overflow."""
    return -op.softplus(-convert_to_tensor(x))


def softsign(features: Any, name: Optional[str] = None) -> Tensor:
    """x / (1 + abs(x))."""
    x = convert_to_tensor(features)
    large = xp.abs(x.array) > 1
    inverse = op.reciprocal(op.select(x, 1, condition=large))
    near = op.select(0, x, condition=large)
    return op.select(
        op.sign(x) / (1 + op.absolute(inverse)), near / (1 + op.absolute(near)), condition=large
    )


def digamma(x: Any, name: Optional[str] = None) -> Tensor:
    """The derivative of ``lgamma``."""
    return op.polygamma(x, order=0)


def polygamma(a: Any, x: Any, name: Optional[str] = None) -> Tensor:
    """The derivative of order ``a``, one whole number, of ``digamma``."""
    return op.polygamma(x, order=int(a))


def conj(x: Any, name: Optional[str] = None) -> Tensor:
    """The complex conjugate; real tensors themselves."""
    tensor = convert_to_tensor(x)
    return op.conj(tensor) if tensor.dtype.is_complex else tensor


def real(input: Any, name: Optional[str] = None) -> Tensor:
    """The real part; real tensors themselves."""
    tensor = convert_to_tensor(input)
    return op.real(tensor) if tensor.dtype.is_complex else tensor


def imag(input: Any, name: Optional[str] = None) -> Tensor:
    """The imaginary part; zeros for real tensors."""
    tensor = convert_to_tensor(input)
    return op.imag(tensor) if tensor.dtype.is_complex else zeros_like(tensor)


def angle(input: Any, name: Optional[str] = None) -> Tensor:
    """The argument of complex numbers, in (-pi, pi]."""
    tensor = convert_to_tensor(input)
    return op.atan2(imag(tensor), real(tensor))


# Two tensors


def divide(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x / y; of integers, in float64, or float32 for those of up to 16 bits."""
    first, second = of_one_dtype((x, y))
    if first.dtype.is_integer and second.dtype is first.dtype:
        wide = dtypes.float32 if first.dtype.size <= 2 else dtypes.float64
        first, second = cast(first, wide), cast(second, wide)
    return op.realdiv(first, second)


truediv = divide


def divide_no_nan(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x / y, and 0 where y is 0."""
    first, second = of_one_dtype((x, y))
    zero = second.array == 0
    quotient = op.realdiv(first, op.select(1, second, condition=zero))
    return op.select(0, quotient, condition=zero)


def multiply_no_nan(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x * y, and 0 where y is 0 even if x is infinite or NaN."""
    first, second = of_one_dtype((x, y))
    zero = second.array == 0
    product = op.multiply(op.select(0, first, condition=zero & ~xp.isfinite(first.array)), second)
    return product


def squared_difference(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """|x - y|^2, elementwise: (x - y) conj(x - y)."""
    difference = op.subtract(x, y)
    return difference * conj(difference)


def _x_times(function: Callable[[Any], Tensor], x: Any, y: Any) -> Tensor:
    first, second = of_one_dtype((x, y))
    factor = function(Tensor(second.array))
    # Only where the factor is not finite 0 times it must be asked for
    lost = (first.array == 0) & ~xp.isfinite(factor.array)
    return first * function(op.select(1, second, condition=lost))


def xlogy(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x log(y), and 0 where x is 0."""
    return _x_times(op.log, x, y)


def xlog1py(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x log(1 + y), and 0 where x is 0."""
    return _x_times(op.log1p, x, y)


def xdivy(x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x / y, and 0 where both are 0."""
    first, second = of_one_dtype((x, y))
    both = (first.array == 0) & (second.array == 0)
    return op.select(0, op.realdiv(first, op.select(1, second, condition=both)), condition=both)


# Comparisons and logic: tensors of booleans, which have no derivative


def _comparison(name: str, function: Callable[..., Array]) -> Callable[..., Tensor]:
    def forward(x: Array, y: Array) -> Array:
        return function(x, y)

    forward.__name__ = name
    forward.__doc__ = f"Whether x and y are in the relation {name}, element by element."
    return operation(forward)


less = _comparison("less", xp.less)
less_equal = _comparison("less_equal", xp.less_equal)
greater = _comparison("greater", xp.greater)
greater_equal = _comparison("greater_equal", xp.greater_equal)
equal = _comparison("equal", xp.equal)
not_equal = _comparison("not_equal", xp.not_equal)
logical_and = _comparison("logical_and", xp.logical_and)
logical_or = _comparison("logical_or", xp.logical_or)
logical_xor = _comparison("logical_xor", xp.logical_xor)


def _predicate(function: Callable[[Array], Array]) -> Callable[..., Tensor]:
    def predicate(x: Any, name: Optional[str] = None) -> Tensor:
        return Tensor(function(convert_to_tensor(x).array))

    predicate.__name__ = function.__name__
    return predicate


logical_not = _predicate(xp.logical_not)
is_nan = _predicate(xp.isnan)
is_inf = _predicate(xp.isinf)
is_finite = _predicate(xp.isfinite)


# Over axes


def _axes(x: Tensor, axis: Any) -> Tuple[int, ...]:
    return tuple(builtins.range(x.ndim)) if axis is None else integers(axis)


def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The sum over axes, by default all."""
    x = convert_to_tensor(input_tensor)
    return op.sum_(x, axes=_axes(x, axis), keepdims=keepdims)


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The mean over axes, by default all; of integers, rounded towards minus infinity."""
    x = convert_to_tensor(input_tensor)
    count = builtins.int(np.prod([x.shape[a] for a in _axes(x, axis)], dtype=np.int64))
    total = reduce_sum(x, axis, keepdims)
    return total // count if x.dtype.is_integer else op.realdiv(total, count)


def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The greatest element over axes; elements that share it share the gradient."""
    x = convert_to_tensor(input_tensor)
    return op.max_(x, axes=_axes(x, axis), keepdims=keepdims)


def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The least element over axes; elements that share it share the gradient."""
    x = convert_to_tensor(input_tensor)
    return op.min_(x, axes=_axes(x, axis), keepdims=keepdims)


def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The product over axes, by halves: exact derivatives of any order, with zeros among the
    factors too.
    """
    x = convert_to_tensor(input_tensor)
    axes = [axis_of(a, x.ndim) for a in _axes(x, axis)]
    others = [a for a in builtins.range(x.ndim) if a not in axes]
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    rest = tuple(x.shape[a] for a in others)
    x = op.reshape_(
        op.transpose_(x, perm=(*axes, *others)),
        shape=(-1, *rest) if x.shape.num_elements() else (0, *rest),
    )
    if not x.shape[0]:
        # Joined to the empty tensor, so that it is connected: by a derivative without elements
        x = op.concat_(Tensor(np.ones((1, *rest), x.dtype.numpy)), x, axis=0)
    while x.shape[0] > 1:
        half = x.shape[0] // 2
        product = x[:half] * x[half : 2 * half]
        x = op.concat_(product, x[2 * half :], axis=0) if x.shape[0] % 2 else product
    return op.reshape_(x, shape=kept if keepdims else rest)


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """log(sum(exp(x))) over axes, without overflow."""
    x = convert_to_tensor(input_tensor)
    peak, rest = log_sum(x, _axes(x, axis))
    shape = tuple(peak.shape) if keepdims else tuple(reduce_sum(x, axis).shape)
    return op.reshape_(peak + rest, shape=shape)


def log_sum(x: Tensor, axes: Sequence[int]) -> Tuple[Tensor, Tensor]:
    """log(sum(exp(x))) over axes, which are kept, as a sum of two.

    The first one is the greatest element, or 0 where that is infinite; the second one is what the
    others add, to all digits however little it is.
    """
    others = [a for a in builtins.range(x.ndim) if a not in axes]
    perm = (*others, *axes)
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    flat = op.reshape_(
        op.transpose_(x, perm=perm), shape=(*(x.shape[a] for a in others), _size(x, axes))
    )
    if not flat.shape[-1]:
        empty = op.reshape_(reduce_sum(flat, -1), shape=kept)
        return empty, op.log(empty)
    first = greatest(flat.array, -1)
    finite = xp.any(first, axis=-1, keepdims=True)
    peak = reduce_sum(op.select(flat, 0, condition=first), -1, keepdims=True)
    total = reduce_sum(op.select(0, op.exp(flat - peak), condition=first), -1, keepdims=True)
    rest = op.select(
        op.log1p(op.select(total, 0, condition=finite)),
        op.log(op.select(1, total, condition=finite)),
        condition=finite,
    )
    return op.reshape_(peak, shape=kept), op.reshape_(rest, shape=kept)


def greatest(x: Array, axis: int) -> Array:
    """Where along an axis the greatest element is, the first of equals, if it is finite."""
    axis = axis_of(axis, x.ndim)
    places = xp.argmax(x, axis=axis)[(slice(None),) * axis + (None,)]
    numbers = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - 1 - axis))
    chosen: Array = xp.equal(xp.asarray(numbers), places) & xp.isfinite(x)
    return chosen


def _size(x: Tensor, axes: Sequence[int]) -> int:
    return builtins.int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The mean squared distance from the mean over axes."""
    x = convert_to_tensor(input_tensor)
    return reduce_mean(real(squared_difference(x, reduce_mean(x, axis, True))), axis, keepdims)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The square root of ``reduce_variance``."""
    return op.sqrt(reduce_variance(input_tensor, axis, keepdims))


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """The square root of the sum of squares over axes."""
    x = convert_to_tensor(input_tensor)
    return op.sqrt(reduce_sum(x * conj(x), axis, keepdims))


def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """Whether all booleans over axes are true."""
    x = convert_to_tensor(input_tensor)
    return Tensor(xp.all(x.array, axis=_axes(x, axis), keepdims=keepdims))


def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tensor:
    """Whether any boolean over axes is true."""
    x = convert_to_tensor(input_tensor)
    return Tensor(xp.any(x.array, axis=_axes(x, axis), keepdims=keepdims))


def count_nonzero(
    input: Any,
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = dtypes.int64,
    name: Optional[str] = None,
) -> Tensor:
    """How many elements over axes are not 0."""
    x = convert_to_tensor(input)
    return cast(Tensor(xp.sum(x.array != 0, axis=_axes(x, axis), keepdims=keepdims)), dtype)


def argmax(
    input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: Optional[str] = None
) -> Tensor:
    """The index of the first greatest element along an axis, by default the first."""
    return cast(Tensor(xp.argmax(convert_to_tensor(input).array, axis=axis or 0)), output_type)


def argmin(
    input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: Optional[str] = None
) -> Tensor:
    """The index of the first least element along an axis, by default the first."""
    return cast(Tensor(xp.argmin(convert_to_tensor(input).array, axis=axis or 0)), output_type)


def add_n(inputs: Any, name: Optional[str] = None) -> Tensor:
    """The sum of a list of tensors of one shape."""
    values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    return op.identity(functools.reduce(op.add, values))


accumulate_n = add_n


# Scans


def _flipped(x: Tensor, axis: int) -> Tensor:
    return op.take_(x, index=(slice(None),) * axis + (slice(None, None, -1),))


def _shifted(x: Tensor, axis: int, steps: int, filling: Any) -> Tensor:
    """The elements moved up along an axis, the first ``steps`` of them new."""
    steps = min(steps, x.shape[axis])
    before = (slice(None),) * axis
    first = tuple(steps if i == axis else n for i, n in enumerate(x.shape))
    rest = op.take_(x, index=(*before, slice(0, x.shape[axis] - steps)))
    return op.concat_(Tensor(np.full(first, filling, x.dtype.numpy)), rest, axis=axis)


def _scanned(
    x: Any,
    axis: Any,
    exclusive: bool,
    reverse: bool,
    unit: Any,
    inclusive: Callable[[Tensor, int], Tensor],
) -> Tensor:
    """A scan along an axis; ``unit`` is what an exclusive one begins with."""
    x = convert_to_tensor(x)
    axis = axis_of(array_of(axis), x.ndim)
    x = _flipped(x, axis) if reverse else x
    x = inclusive(_shifted(x, axis, 1, unit) if exclusive else x, axis)
    return _flipped(x, axis) if reverse else x


def _doubling(
    combine: Callable[[Tensor, Tensor], Tensor], unit: Any
) -> Callable[[Tensor, int], Tensor]:
    """A scan in log2(n) steps, each of them differentiable (Hillis and Steele, 1986)."""

    def inclusive(x: Tensor, axis: int) -> Tensor:
        if x.shape[axis] < 2:
            return op.identity(x)
        steps = 1
        while steps < x.shape[axis]:
            x = combine(x, _shifted(x, axis, steps, unit))
            steps *= 2
        return x

    return inclusive


def cumsum(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """The sums of the first elements along an axis."""
    return _scanned(x, axis, exclusive, reverse, 0, lambda x, axis: op.cumsum_(x, axis=axis))


def cumprod(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """The products of the first elements along an axis."""
    return _scanned(x, axis, exclusive, reverse, 1, _doubling(op.multiply, 1))


def cumulative_logsumexp(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """log(cumsum(exp(x))), without overflow."""

    def combine(x: Tensor, y: Tensor) -> Tensor:
        less = x.array < y.array
        low, high = op.select(x, y, condition=less), op.select(y, x, condition=less)
        empty = xp.isneginf(low.array)
        gap = op.select(0, low, condition=empty) - op.select(0, high, condition=empty)
        return op.select(high, high + op.log1p(op.exp(gap)), condition=empty)

    return _scanned(x, axis, exclusive, reverse, -np.inf, _doubling(combine, -np.inf))


# Segments


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: Optional[str] = None
) -> Tensor:
    """The sums of the elements that carry each of the numbers below ``num_segments``."""
    x, ids = convert_to_tensor(data), array_of(segment_ids)
    shape = (builtins.int(array_of(num_segments)), *x.shape[ids.ndim :])
    kept = np.nonzero(ids >= 0)
    return op.scatter_(op.take_(x, index=kept), index=(ids[kept],), shape=shape)


def segment_sum(data: Any, segment_ids: Any, name: Optional[str] = None) -> Tensor:
    """The sums of the elements of each segment; the ids are sorted."""
    return unsorted_segment_sum(data, segment_ids, array_of(segment_ids).max() + 1)


def segment_mean(data: Any, segment_ids: Any, name: Optional[str] = None) -> Tensor:
    """The means of the elements of each segment; the ids are sorted."""
    total = segment_sum(data, segment_ids)
    counts = np.maximum(np.bincount(array_of(segment_ids)), 1)
    return total / counts.reshape((-1,) + (1,) * (total.ndim - 1))


# Norms


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: Optional[str] = None
) -> Tensor:
    """x divided by the square root of its sum of squares over axes, which counts as ``epsilon`` at
    least.
    """
    x = convert_to_tensor(x)
    if not x.shape.num_elements():
        return op.identity(x)
    # In units of the greatest element, lest squares overflow; the quotient is the same in any
    largest = xp.max(xp.abs(x.array), axis=_axes(x, axis), keepdims=True)
    unit = xp.where(largest > 1, largest, 1)
    scaled = x / cast(Tensor(unit), x.dtype)
    total = reduce_sum(real(scaled * conj(scaled)), axis, keepdims=True)
    scale: Tensor = cast(rsqrt(op.maximum(total, Tensor(epsilon / unit / unit))), x.dtype)
    return op.multiply(scaled, scale)


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: Optional[str] = None
) -> Tensor:
    """The elements, none below the first bound or above the second. On a bound, the gradient
    passes.
    """
    return op.maximum(op.minimum(t, clip_value_max), clip_value_min)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Optional[str] = None) -> Tensor:
    """The tensor, scaled down to a norm over axes where its own is greater."""
    x = convert_to_tensor(t)
    total = reduce_sum(x * x, axes, keepdims=True)
    positive = total.array > 0
    root = op.sqrt(op.select(total, 1, condition=positive))
    norm = op.select(root, total, condition=positive)
    limit = convert_to_tensor(clip_norm, dtype_hint=x.dtype)
    return x * limit / op.maximum(norm, limit)


def global_norm(t_list: Any, name: Optional[str] = None) -> Optional[Tensor]:
    """The square root of the sum of squares of all elements of a list of tensors; None counts for
    nothing.
    """
    squares = [reduce_sum(op.square(t)) for t in t_list if t is not None]
    return op.sqrt(add_n(squares)) if squares else None


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: Optional[str] = None
) -> Tuple[Any, Any]:
    """The tensors of a list, scaled down together to a global norm if theirs is greater; and
    theirs.
    """
    norm = global_norm(t_list) if use_norm is None else use_norm
    if norm is None:
        return list(t_list), None
    limit = convert_to_tensor(clip_norm, dtype_hint=norm.dtype)
    scale = limit * op.minimum(op.reciprocal(norm), op.reciprocal(limit))
    return [None if t is None else op.multiply(t, scale) for t in t_list], norm
