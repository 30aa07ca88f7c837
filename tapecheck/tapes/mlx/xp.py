"""The functions on arrays that the namespace is made of, by MLX."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Dict, List, Optional, Sequence

import mlx.core as mx
import numpy as np
from mlx.core import (  # noqa: F401
    abs,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    broadcast_to,
    ceil,
    concatenate,
    conj,
    cos,
    cosh,
    einsum,
    exp,
    expm1,
    fft,
    floor,
    floor_divide,
    imag,
    isfinite,
    isinf,
    isnan,
    isneginf,
    linalg,
    log,
    log1p,
    logical_not,
    matmul,
    maximum,
    minimum,
    moveaxis,
    power,
    real,
    reciprocal,
    reshape,
    sign,
    sin,
    sinh,
    sqrt,
    stack,
    tan,
    tanh,
    transpose,
)

Array = mx.array

mod, rint = mx.remainder, mx.round

ERRORS = (ValueError, IndexError, TypeError, RuntimeError)
"""What these functions raise where values, shapes or dtypes do not fit."""

_MLX = {
    np.dtype(name): getattr(mx, name)
    for name in (
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64",
    )
}  # fmt: skip
_MLX[np.dtype(bool)] = mx.bool_
_NUMPY = {value: key for key, value in _MLX.items()}


def _of(dtype: Any) -> Any:
    """The dtype of MLX.

    Raises:
        TypeError: if it has none.
    """
    try:
        return _MLX[np.dtype(dtype)]
    except KeyError:
        raise TypeError(f"MLX has no dtype {np.dtype(dtype).name}.") from None


def errstate(**kinds: str) -> Any:
    """MLX does not warn."""
    return contextlib.nullcontext()


def asarray(value: Any) -> Array:
    """An array of MLX, computed here and now: another thread could not compute it."""
    if isinstance(value, mx.array):
        mx.eval(value)
        return value
    array = np.array(value, order="C")
    return mx.array(array, dtype=_of(array.dtype))


def dtype(array: Array) -> np.dtype:
    """NumPy's name for the type of the elements."""
    return _NUMPY[array.dtype]


def astype(array: Array, dtype: Any) -> Array:
    """The elements as another dtype."""
    return array.astype(_of(dtype))


def to_numpy(array: Array) -> np.ndarray:
    """The elements as an array of NumPy."""
    return np.array(array)


def known(array: Array) -> Optional[np.ndarray]:
    """The elements as an array of NumPy; nothing is ever traced."""
    return to_numpy(array)


def zeros(shape: Sequence[int], dtype: Any) -> Array:
    """Zeros of a dtype."""
    return mx.zeros(tuple(shape), dtype=_of(dtype))


def complex_(real: Array, imag: Array) -> Array:  # noqa: F811
    """Complex numbers from their parts.

    Raises:
        TypeError: for float64, since MLX has no complex128.
    """
    if real.dtype == mx.float64:
        raise TypeError("MLX has no dtype complex128.")
    return real + imag * mx.array(1j)


def where(condition: Any, x: Array, y: Array) -> Array:
    """x where the condition holds, else y."""
    return mx.where(asarray(condition), x, y)


def _compared(function: Callable[..., Array]) -> Callable[[Array, Any], Array]:
    return lambda x, y: function(x, y)


equal, not_equal = _compared(mx.equal), _compared(mx.not_equal)
less, less_equal = _compared(mx.less), _compared(mx.less_equal)
greater, greater_equal = _compared(mx.greater), _compared(mx.greater_equal)
logical_and, logical_or = _compared(mx.logical_and), _compared(mx.logical_or)


def logical_xor(x: Array, y: Array) -> Array:
    """Whether one of x and y is true, and not both."""
    return mx.not_equal(x.astype(mx.bool_), y.astype(mx.bool_))


def _over(function: Callable[..., Array], array: Array, axis: Any, keepdims: bool) -> Array:
    """A reduction; over no axes it is the identity."""
    axes = tuple(range(array.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    return function(array, axis=axes, keepdims=keepdims) if axes else array


def sum(array: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """The sum over axes."""
    total = _over(mx.sum, array, axis, keepdims)
    return total if dtype is None else total.astype(_of(dtype))


def max(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """The greatest element over axes."""
    return _over(mx.max, array, axis, keepdims)


def min(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """The least element over axes."""
    return _over(mx.min, array, axis, keepdims)


def all(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether all elements over axes are true."""
    return _over(mx.all, array, axis, keepdims)


def any(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether any element over axes is true."""
    return _over(mx.any, array, axis, keepdims)


def argsort(array: Array, axis: int, kind: str) -> Array:
    """The indices that sort an array along an axis."""
    return mx.argsort(array, axis=axis)


def cumsum(array: Array, axis: int, dtype: Any) -> Array:
    """The sums of the first elements along an axis."""
    return mx.cumsum(array, axis=axis)


def take(array: Array, index: Any) -> Array:
    """The elements at an index: integers, slices, new axes and arrays of integers."""
    return array.reshape(-1)[_places(array.shape, index)]


def scatter(values: Array, index: Any, shape: Sequence[int]) -> Array:
    """Zeros of a given shape, with values added at an index; several may fall on one place."""
    places = _places(shape, index)
    spread = mx.broadcast_to(values, places.shape).reshape(-1)
    total = mx.zeros((int(np.prod(shape)),), dtype=values.dtype)
    return total.at[places.reshape(-1)].add(spread).reshape(tuple(shape))


def _places(shape: Sequence[int], index: Sequence[Any]) -> Array:
    """The numbers of the elements at an index of NumPy, which refuses what is out of range."""
    parts = tuple(to_numpy(part) if isinstance(part, mx.array) else part for part in index)
    return asarray(np.arange(int(np.prod(shape))).reshape(tuple(shape))[parts])


def executing_eagerly() -> bool:
    """Whether operations run at once: they always do, as far as can be seen."""
    return True


def devices() -> List[str]:
    """The names of the places to compute on."""
    return ["CPU:0", *(f"GPU:{number}" for number in range(mx.device_count(mx.gpu)))]


def device_of(array: Array) -> str:
    """Where an array is: memory is shared, so that it is where it is computed with."""
    device = mx.default_device()
    return "{}:{}".format("CPU" if device.type == mx.DeviceType.cpu else "GPU", device.index)


def copied(array: Array) -> Array:
    """The same elements."""
    return array


def computing_on(device: str) -> ContextManager[Any]:
    """A block in which a device computes."""
    kind, _, number = device.partition(":")
    return mx.stream(mx.Device(mx.cpu if kind == "CPU" else mx.gpu, int(number)))


def vjp(
    function: Callable[..., Any], primals: Sequence[Array], cotangents: Sequence[Array]
) -> Sequence[Array]:
    """The cotangents of a function's arguments, from those of its results.

    They are arrays of their own: of an array that is returned twice, MLX 0.32 takes one cotangent
    only, so that the pullback of a sum could not be differentiated.
    """
    _, results = mx.vjp(function, list(primals), list(cotangents))
    return [results[0], *(result * mx.ones_like(result) for result in results[1:])]


DIFFERENTIABLE: Dict[str, Callable[..., Array]] = {}
"""Operations whose derivative is not that of what they compute."""
