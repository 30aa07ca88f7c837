"""The functions on arrays that this namespace is made of, spelled as NumPy spells them.

The namespace of another array library has a module of this name, with the same functions on its own
arrays; dtypes are NumPy's throughout. Everything above it is shared.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ContextManager, List, Optional, Sequence

import numpy as np
from numpy import (  # noqa: F401
    abs,
    all,
    any,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    argsort,
    asarray,
    broadcast_to,
    ceil,
    concatenate,
    conj,
    cos,
    cosh,
    cumsum,
    einsum,
    equal,
    errstate,
    exp,
    expm1,
    fft,
    floor,
    floor_divide,
    greater,
    greater_equal,
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
    logical_xor,
    matmul,
    max,
    maximum,
    min,
    minimum,
    mod,
    moveaxis,
    not_equal,
    power,
    reciprocal,
    reshape,
    rint,
    sign,
    sin,
    sinh,
    sqrt,
    stack,
    sum,
    tan,
    tanh,
    transpose,
    where,
    zeros,
)

Array = np.ndarray

COMPLEX = np.complex128
"""What Python's complex numbers become."""

ERRORS = (ValueError, IndexError, np.linalg.LinAlgError)
"""What these functions raise where values, shapes or dtypes do not fit."""


def dtype(array: Array) -> np.dtype:
    """NumPy's name for the type of the elements."""
    return array.dtype


def astype(array: Array, dtype: Any) -> Array:
    """The elements as another dtype."""
    return array.astype(dtype)


def to_numpy(array: Array) -> np.ndarray:
    """The elements as an array of NumPy."""
    return array


def known(array: Array) -> Optional[np.ndarray]:
    """The elements as an array of NumPy; None while a program is traced that they depend on."""
    return array


def real(array: Array) -> Array:
    """The real part, as an array of its own."""
    return array.real.copy()


def imag(array: Array) -> Array:
    """The imaginary part, as an array of its own."""
    return array.imag.copy()


def complex_(real: Array, imag: Array) -> Array:
    """Complex numbers from their parts."""
    result: Array = real + imag * np.result_type(real, np.complex64).type(1j)
    return result


def take(array: Array, index: Any) -> Array:
    """The elements at an index: integers, slices, new axes and arrays of integers."""
    part: Array = array[index]
    return part


def scatter(values: Array, index: Any, shape: Sequence[int]) -> Array:
    """Zeros of a given shape, with values added at an index; several may fall on one place."""
    result = zeros(shape, values.dtype)
    if not isinstance(index, tuple):
        index = (index,)
    if not np.any([isinstance(part, np.ndarray) for part in index]):
        result[index] = values
        return result
    # Number the places, and sum up for each number
    places = np.arange(result.size).reshape(shape)[index]
    numbers, weights = places.ravel(), np.broadcast_to(values, places.shape).ravel()
    total = np.bincount(numbers, weights.real, result.size)
    if values.dtype.kind == "c":
        total = total + 1j * np.bincount(numbers, weights.imag, result.size)
    return total.astype(values.dtype).reshape(shape)


def executing_eagerly() -> bool:
    """Whether operations run at once: they always do."""
    return True


def devices() -> List[str]:
    """The names of the places to compute on."""
    return ["CPU:0"]


def device_of(array: Array) -> str:
    """Where an array is."""
    return "CPU:0"


def copied(array: Array) -> Array:
    """The same elements, on the device in use."""
    return array


def computing_on(device: str) -> ContextManager[Any]:
    """A block in which arrays are made on a device."""
    return nullcontext()
