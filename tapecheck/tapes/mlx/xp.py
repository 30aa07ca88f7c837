"""The functions on arrays that the namespace is made of, by MLX."""

from __future__ import annotations

import contextlib
import threading
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
    equal,
    exp,
    expm1,
    fft,
    floor,
    floor_divide,
    greater,
    greater_equal,
    imag,
    isfinite,
    isinf,
    isnan,
    isneginf,
    less,
    less_equal,
    linalg,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    matmul,
    max,
    maximum,
    min,
    minimum,
    moveaxis,
    not_equal,
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

COMPLEX = np.complex64
"""What Python's complex numbers become."""

logical_xor, mod, rint = mx.not_equal, mx.remainder, mx.round

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
        if executing_eagerly():
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
    """The elements as an array of NumPy; None while a program is traced that they depend on."""
    try:
        return to_numpy(array)
    except (ValueError, RuntimeError):
        return None


def zeros(shape: Sequence[int], dtype: Any) -> Array:
    """Zeros of a dtype."""
    return mx.zeros(tuple(shape), dtype=_of(dtype))


def complex_(real: Array, imag: Array) -> Array:  # noqa: F811
    """Complex numbers from their parts.

    Raises:
        TypeError: for float64, since MLX has no complex128.
    """
    _of(np.result_type(dtype(real), np.complex64))
    return real + imag * mx.array(1j)


def where(condition: Any, x: Array, y: Array) -> Array:
    """x where the condition holds, else y."""
    return mx.where(asarray(condition), x, y)


def _reducer(reduce: Callable[..., Array], neutral: Any) -> Callable[..., Array]:
    """A reduction that gives `neutral` where there are no elements.

    MLX often never returns from that: docs/findings/mlx_reductions_without_elements_hang.md.
    """

    def reduced(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
        if array.size:
            return reduce(array, axis=axis, keepdims=keepdims)
        shape = np.zeros(array.shape).any(axis=axis, keepdims=keepdims).shape
        return mx.full(shape, neutral, reduce(mx.zeros(1, array.dtype)).dtype)

    return reduced


all, any = _reducer(mx.all, True), _reducer(mx.any, False)
_sum = _reducer(mx.sum, 0)


def sum(array: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """The sum over axes."""
    total = _sum(array, axis=axis, keepdims=keepdims)
    return total if dtype is None else astype(total, dtype)


def argsort(array: Array, axis: int, kind: str) -> Array:
    """The indices that sort an array along an axis."""
    return mx.argsort(array, axis=axis)


def cumsum(array: Array, axis: int, dtype: Any) -> Array:
    """The sums of the first elements along an axis."""
    return mx.cumsum(array, axis=axis)


def take(array: Array, index: Any) -> Array:
    """The elements at an index: integers, slices, new axes and arrays of integers.

    Raises:
        IndexError: if a known index is out of range, where MLX itself reads what lies there.
    """
    parts = [known(part) if isinstance(part, mx.array) else part for part in index]
    if not np.any([part is None and given is not None for part, given in zip(parts, index)]):
        found = np.broadcast_to(np.int8(0), array.shape)[tuple(parts)]
        if not found.size:
            # MLX raises, or crashes, where it scatters the cotangents of no elements
            return mx.zeros(found.shape, array.dtype)
    return array[tuple(asarray(part) if isinstance(part, np.ndarray) else part for part in index)]


def scatter(values: Array, index: Any, shape: Sequence[int]) -> Array:
    """Zeros of a given shape, with values added at an index; several may fall on one place.

    Where an index reads and where it writes is not always the same to MLX 0.32, so it only reads.

    Raises:
        IndexError: if a known index is out of range.
    """
    size = int(np.prod(shape))
    places = take(mx.arange(size).reshape(tuple(shape)), index)
    spread = mx.broadcast_to(values, places.shape)
    total = mx.zeros((size,), values.dtype).at[places.reshape(-1)].add(spread.reshape(-1))
    return total.reshape(tuple(shape))


def executing_eagerly() -> bool:
    """Whether operations run at once, as far as can be seen, and not when a traced program does."""
    return not _tracing.programs


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
    return [mx.contiguous(result) for result in results]


class _Tracing(threading.local):
    """How many programs are being traced on this thread, one within the other."""

    programs = 0


_tracing = _Tracing()


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that MLX traces and compiles when it is called."""

    def traced(*arguments: Any) -> Any:
        _tracing.programs += 1
        try:
            return function(*arguments)
        finally:
            _tracing.programs -= 1

    return mx.compile(traced)


DIFFERENTIABLE: Dict[str, Callable[..., Array]] = {"erfc": lambda x: 1 - mx.erf(x)}
"""Operations whose derivative is not that of what they compute."""
