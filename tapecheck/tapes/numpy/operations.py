"""The operations that tapes record: what each computes, on arrays.

Positional arguments are tensors of one dtype, keyword arguments are attributes. Each operation has
its derivative in ``derivatives``; everything else in this namespace is composed of these
operations, and so is differentiable without more ado.
"""

# mypy: no-warn-return-any
from __future__ import annotations

from typing import Any, Callable, Sequence, Tuple

import numpy as np

from tapecheck.tapes.numpy import special
from tapecheck.tapes.numpy.engine import operation
from tapecheck.tapes.numpy.tensor import Tensor

Axes = Tuple[int, ...]


def _elementwise(name: str, function: Callable[..., np.ndarray]) -> Callable[..., Tensor]:
    """An operation on real and complex floating numbers, element by element."""

    def forward(x: np.ndarray) -> np.ndarray:
        if x.dtype.kind not in "fc":
            raise ValueError(f"the dtype must be floating or complex, not {x.dtype.name}")
        return function(x)

    forward.__name__ = name
    forward.__doc__ = f"{name} of every element."
    return operation(forward)


exp = _elementwise("exp", np.exp)
expm1 = _elementwise("expm1", np.expm1)
log = _elementwise("log", np.log)
log1p = _elementwise("log1p", np.log1p)
sqrt = _elementwise("sqrt", np.sqrt)
sin = _elementwise("sin", np.sin)
cos = _elementwise("cos", np.cos)
tan = _elementwise("tan", np.tan)
asin = _elementwise("asin", np.arcsin)
acos = _elementwise("acos", np.arccos)
atan = _elementwise("atan", np.arctan)
sinh = _elementwise("sinh", np.sinh)
cosh = _elementwise("cosh", np.cosh)
tanh = _elementwise("tanh", np.tanh)
asinh = _elementwise("asinh", np.arcsinh)
acosh = _elementwise("acosh", np.arccosh)
atanh = _elementwise("atanh", np.arctanh)
sigmoid = _elementwise("sigmoid", special.sigmoid)
softplus = _elementwise("softplus", special.softplus)
erf = _elementwise("erf", special.erf)
erfc = _elementwise("erfc", special.erfc)
lgamma = _elementwise("lgamma", special.lgamma)
floor = _elementwise("floor", np.floor)
ceil = _elementwise("ceil", np.ceil)
rint = _elementwise("rint", np.rint)


@operation
def polygamma(x: np.ndarray, *, order: int) -> np.ndarray:
    """The derivative of the given order of the digamma function."""
    return special.polygamma(order, x)


@operation
def gamma_(alpha: np.ndarray, *, sample: np.ndarray) -> np.ndarray:
    """A sample of the gamma distribution of shape alpha and rate 1, as a function of alpha."""
    return np.asarray(sample, alpha.dtype)


@operation
def identity(x: np.ndarray) -> np.ndarray:
    """The same values, as another tensor."""
    return x


@operation
def negative(x: np.ndarray) -> np.ndarray:
    """-x."""
    return -x


@operation
def square(x: np.ndarray) -> np.ndarray:
    """x * x."""
    return x * x


@operation
def reciprocal(x: np.ndarray) -> np.ndarray:
    """1 / x."""
    return np.reciprocal(x)


@operation
def absolute(x: np.ndarray) -> np.ndarray:
    """The absolute value, real for complex numbers."""
    return np.abs(x)


@operation
def sign(x: np.ndarray) -> np.ndarray:
    """-1, 0 or 1 by the sign of a real number."""
    return np.sign(x)


@operation
def conj(x: np.ndarray) -> np.ndarray:
    """The complex conjugate."""
    return np.conj(x)


@operation
def real(x: np.ndarray) -> np.ndarray:
    """The real part of complex numbers."""
    return x.real.copy()


@operation
def imag(x: np.ndarray) -> np.ndarray:
    """The imaginary part of complex numbers."""
    return x.imag.copy()


@operation
def complex_(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    """Complex numbers from their real and imaginary parts."""
    return real + imag * np.result_type(real, np.complex64).type(1j)


@operation
def cast(x: np.ndarray, *, dtype: np.dtype) -> np.ndarray:
    """The elements as another dtype; the real part where complex numbers become real."""
    return (x.real if x.dtype.kind == "c" and dtype.kind != "c" else x).astype(dtype)


# Two tensors, broadcast against each other


@operation
def add(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x + y."""
    return x + y


@operation
def subtract(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x - y."""
    return x - y


@operation
def multiply(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x * y."""
    return x * y


@operation
def realdiv(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x / y, for floating and complex numbers."""
    return x / y


@operation
def floordiv(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The floor of x / y."""
    return x // y


@operation
def floormod(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The remainder of x / y with the sign of y."""
    return np.mod(x, y)


@operation
def pow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x to the power of y."""
    return np.power(x, y)


@operation
def maximum(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The greater of x and y."""
    return np.maximum(x, y)


@operation
def minimum(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The lesser of x and y."""
    return np.minimum(x, y)


@operation
def atan2(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The angle of the point (x, y), in (-pi, pi]."""
    return np.arctan2(y, x)


@operation
def select(x: np.ndarray, y: np.ndarray, *, condition: np.ndarray) -> np.ndarray:
    """x where the condition holds, else y."""
    return np.where(condition, x, y)


# Reductions and scans


@operation
def sum_(x: np.ndarray, *, axes: Axes, keepdims: bool = False) -> np.ndarray:
    """The sum over axes, in the dtype of x."""
    return np.sum(x, axis=axes, keepdims=keepdims, dtype=x.dtype)


@operation
def max_(x: np.ndarray, *, axes: Axes, keepdims: bool = False) -> np.ndarray:
    """The greatest element over axes."""
    return np.max(x, axis=axes, keepdims=keepdims)


@operation
def min_(x: np.ndarray, *, axes: Axes, keepdims: bool = False) -> np.ndarray:
    """The least element over axes."""
    return np.min(x, axis=axes, keepdims=keepdims)


@operation
def cumsum_(x: np.ndarray, *, axis: int) -> np.ndarray:
    """The sums of the first elements along an axis, each included."""
    return np.cumsum(x, axis=axis, dtype=x.dtype)


# Shapes


@operation
def reshape_(x: np.ndarray, *, shape: Sequence[int]) -> np.ndarray:
    """The elements in their order, in another shape."""
    return x.reshape(shape)


@operation
def transpose_(x: np.ndarray, *, perm: Axes) -> np.ndarray:
    """The axes in another order."""
    return np.transpose(x, perm)


@operation
def broadcast_(x: np.ndarray, *, shape: Sequence[int]) -> np.ndarray:
    """The elements repeated along new and unit axes."""
    return np.broadcast_to(x, shape)


@operation
def concat_(*tensors: np.ndarray, axis: int) -> np.ndarray:
    """Tensors one after the other along an axis."""
    return np.concatenate(tensors, axis)


@operation
def stack_(*tensors: np.ndarray, axis: int) -> np.ndarray:
    """Tensors of one shape along a new axis."""
    if any(tensor.shape != tensors[0].shape for tensor in tensors):
        raise ValueError("Shapes of all inputs must match")
    return np.stack(tensors, axis)


@operation
def unstack_(x: np.ndarray, *, axis: int) -> Tuple[np.ndarray, ...]:
    """The slices along an axis, that axis gone."""
    return tuple(np.moveaxis(x, axis, 0))


@operation
def take_(x: np.ndarray, *, index: Any) -> np.ndarray:
    """The elements at a NumPy index: integers, slices, new axes and arrays of integers."""
    return x[index]


@operation
def scatter_(values: np.ndarray, *, index: Any, shape: Sequence[int]) -> np.ndarray:
    """Zeros of a given shape, with values added at a NumPy index: the adjoint of ``take_``."""
    result = np.zeros(shape, values.dtype)
    if not any(isinstance(part, np.ndarray) for part in index):
        result[index] = values
        return result
    # Several values may fall on one place: number the places, and sum up for each number
    places = np.arange(result.size).reshape(shape)[index]
    numbers, weights = places.ravel(), np.broadcast_to(values, places.shape).ravel()
    total = np.bincount(numbers, weights.real, result.size)
    if values.dtype.kind == "c":
        total = total + 1j * np.bincount(numbers, weights.imag, result.size)
    return total.astype(values.dtype).reshape(shape)


# Linear algebra, on the last two axes


@operation
def matmul_(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product; axes before the last two are broadcast."""
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matrices have at least two axes, got shapes {a.shape} and {b.shape}")
    return np.matmul(a, b)


@operation
def einsum_(*tensors: np.ndarray, equation: str) -> np.ndarray:
    """Einstein's sum over the indices that the equation's right side lacks."""
    return np.einsum(equation, *tensors)


@operation
def inverse(a: np.ndarray) -> np.ndarray:
    """The inverse of a matrix."""
    return np.linalg.inv(a)


@operation
def determinant(a: np.ndarray) -> np.ndarray:
    """The determinant of a matrix."""
    return np.linalg.det(a)


@operation
def log_determinant(a: np.ndarray) -> np.ndarray:
    """The logarithm of the absolute value of the determinant."""
    return np.linalg.slogdet(a)[1]


@operation
def cholesky_(a: np.ndarray) -> np.ndarray:
    """The lower triangular L with a = L L^H, for a Hermitian positive definite matrix."""
    return np.linalg.cholesky(a)


@operation
def solve_(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The x with a x = b, b a matrix."""
    return np.linalg.solve(a, b)


@operation
def eigh_(a: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and unit eigenvectors in columns, of a Hermitian matrix."""
    values, vectors = np.linalg.eigh(a)
    return values, vectors


# Fourier transforms along the last axis


@operation
def fft(x: np.ndarray) -> np.ndarray:
    """The discrete Fourier transform."""
    return np.fft.fft(x).astype(x.dtype)


@operation
def ifft(x: np.ndarray) -> np.ndarray:
    """The inverse discrete Fourier transform."""
    return np.fft.ifft(x).astype(x.dtype)
