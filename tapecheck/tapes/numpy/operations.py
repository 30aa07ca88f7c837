"""The operations that tapes record: what each computes, on arrays.

Positional arguments are tensors of one dtype, keyword arguments are attributes. Each operation has
its derivative in ``derivatives``; everything else in this namespace is composed of these
operations, and so is differentiable without more ado.
"""

# mypy: no-warn-return-any
from __future__ import annotations

from typing import Any, Callable, List, Sequence, Tuple

import numpy as np

from . import special, xp
from .engine import operation
from .tensor import Tensor
from .xp import Array

Axes = Tuple[int, ...]


def _elementwise(name: str, function: Callable[..., Array]) -> Callable[..., Tensor]:
    """An operation on real and complex floating numbers, element by element."""

    def forward(x: Array) -> Array:
        dtype = xp.dtype(x)
        if dtype.kind not in "fc":
            raise ValueError(f"the dtype must be floating or complex, not {dtype.name}")
        return function(x)

    forward.__name__ = name
    forward.__doc__ = f"{name} of every element."
    return operation(forward)


exp = _elementwise("exp", xp.exp)
expm1 = _elementwise("expm1", xp.expm1)
log = _elementwise("log", xp.log)
log1p = _elementwise("log1p", xp.log1p)
sqrt = _elementwise("sqrt", xp.sqrt)
sin = _elementwise("sin", xp.sin)
cos = _elementwise("cos", xp.cos)
tan = _elementwise("tan", xp.tan)
asin = _elementwise("asin", xp.arcsin)
acos = _elementwise("acos", xp.arccos)
atan = _elementwise("atan", xp.arctan)
sinh = _elementwise("sinh", xp.sinh)
cosh = _elementwise("cosh", xp.cosh)
tanh = _elementwise("tanh", xp.tanh)
asinh = _elementwise("asinh", xp.arcsinh)
acosh = _elementwise("acosh", xp.arccosh)
atanh = _elementwise("atanh", xp.arctanh)
sigmoid = _elementwise("sigmoid", special.sigmoid)
softplus = _elementwise("softplus", special.softplus)
erf = _elementwise("erf", special.erf)
erfc = _elementwise("erfc", special.erfc)
lgamma = _elementwise("lgamma", special.lgamma)
floor = _elementwise("floor", xp.floor)
ceil = _elementwise("ceil", xp.ceil)
rint = _elementwise("rint", xp.rint)


@operation
def polygamma(x: Array, *, order: int) -> Array:
    """The derivative of the given order of the digamma function."""
    return special.polygamma(order, x)


@operation
def gamma_(alpha: Array, *, sample: Array) -> Array:
    """A sample of the gamma distribution of shape alpha and rate 1, as a function of alpha."""
    return xp.astype(xp.asarray(sample), xp.dtype(alpha))


@operation
def identity(x: Array) -> Array:
    """The same values, as another tensor."""
    return xp.copied(x)


@operation
def negative(x: Array) -> Array:
    """-x."""
    return -x


@operation
def square(x: Array) -> Array:
    """x * x."""
    return x * x


@operation
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return xp.reciprocal(x)


@operation
def absolute(x: Array) -> Array:
    """The absolute value, real for complex numbers."""
    return xp.abs(x)


@operation
def sign(x: Array) -> Array:
    """-1, 0 or 1 by the sign of a real number."""
    return xp.sign(x)


@operation
def conj(x: Array) -> Array:
    """The complex conjugate."""
    return xp.conj(x)


@operation
def real(x: Array) -> Array:
    """The real part of complex numbers."""
    return xp.real(x)


@operation
def imag(x: Array) -> Array:
    """The imaginary part of complex numbers."""
    return xp.imag(x)


@operation
def complex_(real: Array, imag: Array) -> Array:
    """Complex numbers from their real and imaginary parts."""
    return xp.complex_(real, imag)


@operation
def cast(x: Array, *, dtype: np.dtype) -> Array:
    """The elements as another dtype; the real part where complex numbers become real."""
    return xp.astype(xp.real(x) if xp.dtype(x).kind == "c" and dtype.kind != "c" else x, dtype)


# Two tensors, broadcast against each other


@operation
def add(x: Array, y: Array) -> Array:
    """x + y."""
    return x + y


@operation
def subtract(x: Array, y: Array) -> Array:
    """x - y."""
    return x - y


@operation
def multiply(x: Array, y: Array) -> Array:
    """x * y."""
    return x * y


@operation
def realdiv(x: Array, y: Array) -> Array:
    """x / y, for floating and complex numbers."""
    return x / y


@operation
def floordiv(x: Array, y: Array) -> Array:
    """The floor of x / y."""
    return xp.floor_divide(x, y)


@operation
def floormod(x: Array, y: Array) -> Array:
    """The remainder of x / y with the sign of y."""
    return xp.mod(x, y)


@operation
def pow(x: Array, y: Array) -> Array:
    """x to the power of y."""
    return xp.power(x, y)


@operation
def maximum(x: Array, y: Array) -> Array:
    """The greater of x and y."""
    return xp.maximum(x, y)


@operation
def minimum(x: Array, y: Array) -> Array:
    """The lesser of x and y."""
    return xp.minimum(x, y)


@operation
def atan2(y: Array, x: Array) -> Array:
    """The angle of the point (x, y), in (-pi, pi]."""
    return xp.arctan2(y, x)


@operation
def select(x: Array, y: Array, *, condition: Array) -> Array:
    """x where the condition holds, else y."""
    return xp.where(condition, x, y)


# Reductions and scans


@operation
def sum_(x: Array, *, axes: Axes, keepdims: bool = False) -> Array:
    """The sum over axes, in the dtype of x."""
    return xp.sum(x, axis=axes, keepdims=keepdims, dtype=xp.dtype(x))


@operation
def max_(x: Array, *, axes: Axes, keepdims: bool = False) -> Array:
    """The greatest element over axes."""
    return xp.max(x, axis=axes, keepdims=keepdims)


@operation
def min_(x: Array, *, axes: Axes, keepdims: bool = False) -> Array:
    """The least element over axes."""
    return xp.min(x, axis=axes, keepdims=keepdims)


@operation
def cumsum_(x: Array, *, axis: int) -> Array:
    """The sums of the first elements along an axis, each included."""
    return xp.cumsum(x, axis=axis, dtype=xp.dtype(x))


# Shapes


@operation
def reshape_(x: Array, *, shape: Sequence[int]) -> Array:
    """The elements in their order, in another shape."""
    return xp.reshape(x, shape)


@operation
def transpose_(x: Array, *, perm: Axes) -> Array:
    """The axes in another order."""
    return xp.transpose(x, perm)


@operation
def broadcast_(x: Array, *, shape: Sequence[int]) -> Array:
    """The elements repeated along new and unit axes."""
    return xp.broadcast_to(x, shape)


@operation
def concat_(*tensors: Array, axis: int) -> Array:
    """Tensors one after the other along an axis."""
    return xp.concatenate(tensors, axis)


@operation
def stack_(*tensors: Array, axis: int) -> Array:
    """Tensors of one shape along a new axis."""
    if any(tuple(tensor.shape) != tuple(tensors[0].shape) for tensor in tensors):
        raise ValueError("Shapes of all inputs must match")
    return xp.stack(tensors, axis)


@operation
def unstack_(x: Array, *, axis: int) -> Tuple[Array, ...]:
    """The slices along an axis, that axis gone."""
    return tuple(xp.moveaxis(x, axis, 0))


@operation
def take_(x: Array, *, index: Any) -> Array:
    """The elements at a NumPy index: integers, slices, new axes and arrays of integers."""
    return xp.take(x, index)


@operation
def scatter_(values: Array, *, index: Any, shape: Sequence[int]) -> Array:
    """Zeros of a given shape, with values added at a NumPy index: the adjoint of ``take_``."""
    return xp.scatter(values, index, shape)


def _shifts(
    axis: int, length: int, extent: int, stride: int, dilation: int
) -> List[Tuple[slice, ...]]:
    """For each element of a window, the index of where it lies in all windows along an axis."""
    count = max((length - (extent - 1) * dilation - 1) // stride + 1, 0)
    starts = [element * dilation for element in range(extent)]
    before = (slice(None),) * axis
    return [(*before, slice(start, start + count * stride, stride)) for start in starts]


@operation
def windows_(x: Array, *, axis: int, place: int, extent: int, stride: int, dilation: int) -> Array:
    """The windows along an axis, their elements along a new axis at a place behind it."""
    shifts = _shifts(axis, x.shape[axis], extent, stride, dilation)
    return xp.stack([x[shift] for shift in shifts], place)


@operation
def overlap_(
    values: Array, *, axis: int, place: int, length: int, stride: int, dilation: int
) -> Array:
    """The sum of windows along an axis of a given length: the adjoint of ``windows_``."""
    shape = [*values.shape[:place], *values.shape[place + 1 :]]
    shape[axis] = length
    shifts = _shifts(axis, length, values.shape[place], stride, dilation)
    total = xp.zeros(tuple(shape), xp.dtype(values))
    for element, shift in enumerate(shifts):
        part = values[(slice(None),) * place + (element,)]
        total = total + xp.scatter(part, shift, tuple(shape))
    return total


# Linear algebra, on the last two axes


@operation
def matmul_(a: Array, b: Array) -> Array:
    """The matrix product; axes before the last two are broadcast."""
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matrices have at least two axes, got shapes {a.shape} and {b.shape}")
    return xp.matmul(a, b)


@operation
def einsum_(*tensors: Array, equation: str) -> Array:
    """Einstein's sum over the indices that the equation's right side lacks."""
    return xp.einsum(equation, *tensors)


@operation
def inverse(a: Array) -> Array:
    """The inverse of a matrix."""
    return xp.linalg.inv(a)


@operation
def determinant(a: Array) -> Array:
    """The determinant of a matrix."""
    return xp.linalg.det(a)


@operation
def log_determinant(a: Array) -> Array:
    """The logarithm of the absolute value of the determinant."""
    return xp.linalg.slogdet(a)[1]


@operation
def cholesky_(a: Array) -> Array:
    """The lower triangular L with a = L L^H, for a Hermitian positive definite matrix."""
    return xp.linalg.cholesky(a)


@operation
def solve_(a: Array, b: Array) -> Array:
    """The x with a x = b, b a matrix."""
    return xp.linalg.solve(a, b)


@operation
def eigh_(a: Array) -> Tuple[Array, Array]:
    """Eigenvalues, ascending, and unit eigenvectors in columns, of a Hermitian matrix."""
    values, vectors = xp.linalg.eigh(a)
    return values, vectors


# Fourier transforms along the last axis


@operation
def fft(x: Array) -> Array:
    """The discrete Fourier transform."""
    return xp.astype(xp.fft.fft(x), xp.dtype(x))


@operation
def ifft(x: Array) -> Array:
    """The inverse discrete Fourier transform."""
    return xp.astype(xp.fft.ifft(x), xp.dtype(x))
