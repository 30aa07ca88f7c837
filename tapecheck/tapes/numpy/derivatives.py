"""The derivatives of the recorded operations: for each, one vector-Jacobian product per input.

A rule takes the result, the inputs and the attributes of an operation that ran, and returns one
pullback per input: the function from the cotangents of the outputs to the cotangent of that input.
Pullbacks are made of recorded operations, so they can be differentiated in turn. What a pullback
does not mention is not kept alive.

The cotangent of a complex number x + iy is dL/dx + i dL/dy, so holomorphic derivatives are
conjugated.
"""

# mypy: no-warn-return-any
from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from . import operations
from .pullback import DERIVATIVES, Rule
from .tensor import Tensor

Pullback = Callable[..., Tensor]
op: Any = operations  # mypy does not see through the cycle of imports to the decorated functions


def _derivative(operation: Any) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        DERIVATIVES[operation.__name__.rstrip("_")] = rule
        return rule

    return register


def _conj(x: Tensor) -> Tensor:
    return op.conj(x) if x.dtype.is_complex else x


def _constant(array: Any, like: Tensor) -> Tensor:
    return Tensor(np.asarray(array, like.array.dtype))


def sum_to_shape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """The sum of x over the axes along which broadcasting repeats a tensor of the given shape."""
    if x.shape == tuple(shape):
        return x
    new = len(x.shape) - len(shape)
    repeated = [new + i for i, n in enumerate(shape) if n == 1 and x.shape[new + i] != 1]
    return op.reshape_(op.sum_(x, axes=(*range(new), *repeated), keepdims=True), shape=tuple(shape))


def _unbroadcast(x: Tensor, pullback: Pullback) -> Pullback:
    shape = x.array.shape
    return lambda g: sum_to_shape(pullback(g), shape)


# One tensor, element by element: the slope, as a function of the input or, where shorter, of the
# result; written so that no digit is lost where it is small


def _by_size(
    near: Callable[[Tensor], Tensor], far: Callable[[Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    """``near(x)``, and ``far(1 / x)`` for real numbers whose squares may overflow."""

    def slope(x: Tensor) -> Tensor:
        if x.dtype.is_complex:
            return near(x)
        large = np.abs(x.array) > 2
        inverse = op.reciprocal(op.select(x, 1, condition=large))
        return op.select(far(inverse), near(op.select(0, x, condition=large)), condition=large)

    return slope


def _one_minus_square(x: Tensor) -> Tensor:
    """1 - x^2: near 1 in factors, which do not cancel; near 0 not, whose derivatives do."""
    small = np.abs(x.array) < 0.5
    return op.select(1 - op.square(x), (1 - x) * (1 + x), condition=small)


def _slope_of_tanh(x: Tensor) -> Tensor:
    if x.dtype.is_complex:
        y = op.tanh(x)
        return (1 - y) * (1 + y)
    small = np.abs(x.array) < 0.5
    far = op.sigmoid(2 * x) * op.sigmoid(-2 * x) * 4
    return op.select(1 - op.square(op.tanh(x)), far, condition=small)


def _bell(x: Tensor) -> Tensor:
    """exp(-x^2), whose derivatives vanish at infinity too."""
    beyond = np.abs(x.array) > 30
    return op.exp(-op.square(op.select(30, x, condition=beyond)))


SLOPE_OF_INPUT: Dict[Callable[..., Any], Callable[[Tensor], Tensor]] = {
    op.square: lambda x: x * 2,
    op.log: lambda x: op.reciprocal(x),
    op.log1p: lambda x: op.reciprocal(x + 1),
    op.sin: lambda x: op.cos(x),
    op.cos: lambda x: -op.sin(x),
    op.asin: lambda x: op.reciprocal(op.sqrt(_one_minus_square(x))),
    op.acos: lambda x: -op.reciprocal(op.sqrt(_one_minus_square(x))),
    op.atan: _by_size(
        lambda x: op.reciprocal(1 + op.square(x)),
        lambda inverse: op.square(inverse) / (1 + op.square(inverse)),
    ),
    op.sinh: lambda x: op.cosh(x),
    op.cosh: lambda x: op.sinh(x),
    op.asinh: _by_size(
        lambda x: op.reciprocal(op.sqrt(1 + op.square(x))),
        lambda inverse: op.absolute(inverse) / op.sqrt(1 + op.square(inverse)),
    ),
    op.acosh: _by_size(
        lambda x: op.reciprocal(op.sqrt(x - 1) * op.sqrt(x + 1)),
        lambda inverse: inverse / op.sqrt(1 - op.square(inverse)),
    ),
    op.atanh: lambda x: op.reciprocal(_one_minus_square(x)),
    op.expm1: lambda x: op.exp(x),
    op.tanh: _slope_of_tanh,
    op.sigmoid: lambda x: op.sigmoid(x) * op.sigmoid(-x),
    op.softplus: lambda x: op.sigmoid(x),
    op.erf: lambda x: _bell(x) * (2 / np.sqrt(np.pi)),
    op.erfc: lambda x: _bell(x) * (-2 / np.sqrt(np.pi)),
    op.lgamma: lambda x: op.polygamma(x, order=0),
}
SLOPE_OF_RESULT: Dict[Callable[..., Any], Callable[[Tensor], Tensor]] = {
    op.exp: lambda y: y,
    op.sqrt: lambda y: op.realdiv(0.5, y),
    op.tan: lambda y: 1 + op.square(y),
}


def _from_input(slope: Callable[[Tensor], Tensor]) -> Rule:
    return lambda y, x: [lambda g: g * _conj(slope(x))]


def _from_result(slope: Callable[[Tensor], Tensor]) -> Rule:
    return lambda y, x: [lambda g: g * _conj(slope(y))]


for _operation, _slope in SLOPE_OF_INPUT.items():
    _derivative(_operation)(_from_input(_slope))
for _operation, _slope in SLOPE_OF_RESULT.items():
    _derivative(_operation)(_from_result(_slope))


@_derivative(op.reciprocal)
def _reciprocal(y: Tensor, x: Tensor) -> List[Pullback]:
    return [lambda g: -(g * _conj(y)) * _conj(y)]


def _none(y: Tensor, *inputs: Tensor, **attributes: Any) -> List[None]:
    """Piecewise constant: no gradient passes."""
    return [None for _ in inputs]


for _operation in (op.floor, op.ceil, op.rint, op.floordiv):
    _derivative(_operation)(_none)


@_derivative(op.polygamma)
def _polygamma(y: Tensor, x: Tensor, order: int) -> List[Pullback]:
    return [lambda g: g * op.polygamma(x, order=order + 1)]


@_derivative(op.gamma_)
def _gamma(z: Tensor, alpha: Tensor, sample: np.ndarray) -> List[Pullback]:
    """As alpha changes, the sample moves so that its distribution function F stays.

    So dz/dalpha = -(dF/dalpha) / (dF/dz). Figurnov et al., Implicit reparameterization gradients,
    2018; the power series of F is NIST DLMF 8.7.1.
    """

    def pullback(g: Tensor) -> Tensor:
        # In the tail the terms of the series cancel: single precision would leave few digits.
        shape, point = (op.cast(value, dtype=np.dtype(np.float64)) for value in (alpha, z))
        term = point / shape  # z^(k+1) Gamma(alpha) / Gamma(alpha + k + 1), for k = 0
        total = term * 0
        count = 0
        while count < 500 and np.any(term.array > 1e-18):
            total = total + term * (op.polygamma(shape + (count + 1), order=0) - op.log(point))
            count += 1
            term = term * point / (shape + count)
        return g * op.cast(total, dtype=z.dtype.numpy)

    return [pullback]


@_derivative(op.identity)
def _identity(y: Tensor, x: Tensor) -> List[Pullback]:
    return [lambda g: g]


@_derivative(op.negative)
def _negative(y: Tensor, x: Tensor) -> List[Pullback]:
    return [op.negative]


@_derivative(op.absolute)
def _absolute(y: Tensor, x: Tensor) -> List[Pullback]:
    if not x.dtype.is_complex:
        return [lambda g: g * op.sign(x)]

    def pullback(g: Tensor) -> Tensor:
        modulus = op.absolute(x)
        zero = modulus.array == 0  # where the direction of x is taken to be 0
        factor = op.realdiv(g, op.select(_constant(1, modulus), modulus, condition=zero))
        return x * op.complex_(factor, _constant(0, factor))

    return [pullback]


@_derivative(op.sign)
def _sign(y: Tensor, x: Tensor) -> List[Pullback]:
    return [lambda g: g * 0]


@_derivative(op.conj)
def _conjugate(y: Tensor, x: Tensor) -> List[Pullback]:
    return [_conj]


@_derivative(op.real)
def _real(y: Tensor, x: Tensor) -> List[Pullback]:
    return [lambda g: op.complex_(g, _constant(np.zeros(g.shape), g))]


@_derivative(op.imag)
def _imag(y: Tensor, x: Tensor) -> List[Pullback]:
    return [lambda g: op.complex_(_constant(np.zeros(g.shape), g), g)]


@_derivative(op.complex_)
def _complex(z: Tensor, real: Tensor, imag: Tensor) -> List[Pullback]:
    return [_unbroadcast(real, op.real), _unbroadcast(imag, op.imag)]


@_derivative(op.cast)
def _cast(y: Tensor, x: Tensor, dtype: np.dtype) -> List[Pullback]:
    original = x.array.dtype
    return [lambda g: op.cast(g, dtype=original)]


# Two tensors, broadcast against each other


@_derivative(op.add)
def _add(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return [_unbroadcast(x, lambda g: g), _unbroadcast(y, lambda g: g)]


@_derivative(op.subtract)
def _subtract(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return [_unbroadcast(x, lambda g: g), _unbroadcast(y, op.negative)]


@_derivative(op.multiply)
def _multiply(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return [
        _unbroadcast(x, lambda g: g * _conj(y)),
        _unbroadcast(y, lambda g: g * _conj(x)),
    ]


@_derivative(op.realdiv)
def _realdiv(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return [
        _unbroadcast(x, lambda g: g / _conj(y)),
        _unbroadcast(y, lambda g: -g * _conj(x / y / y)),
    ]


@_derivative(op.floormod)
def _floormod(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return [_unbroadcast(x, lambda g: g), _unbroadcast(y, lambda g: -g * op.floordiv(x, y))]


@_derivative(op.pow)
def _pow(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    def of_base(g: Tensor) -> Tensor:
        constant = (x.array == 0) & (y.array == 0)  # x**0 is constant, also at x = 0
        exponent = op.select(_constant(1, y), y, condition=constant)
        power = op.pow(x, exponent - 1)
        overflows = ~np.isfinite(power.array) & (g.array * y.array == 0)
        return g * _conj(y * op.select(0, power, condition=overflows))

    def of_exponent(g: Tensor) -> Tensor:
        # The logarithm of a base that has none is taken to be 0
        defined = x.array != 0 if x.dtype.is_complex else x.array > 0
        base = op.select(x, _constant(1, x), condition=defined)
        return g * _conj(op.pow(x, y) * op.log(base))

    return [_unbroadcast(x, of_base), _unbroadcast(y, of_exponent)]


def _choice(
    z: Tensor, x: Tensor, y: Tensor, first: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> List[Pullback]:
    """The gradient goes to x where ``first`` holds, else to y."""
    condition = first(x.array, y.array)
    return [
        _unbroadcast(x, lambda g: op.select(g, _constant(0, g), condition=condition)),
        _unbroadcast(y, lambda g: op.select(_constant(0, g), g, condition=condition)),
    ]


@_derivative(op.maximum)
def _maximum(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return _choice(z, x, y, np.greater_equal)


@_derivative(op.minimum)
def _minimum(z: Tensor, x: Tensor, y: Tensor) -> List[Pullback]:
    return _choice(z, x, y, np.less_equal)


@_derivative(op.select)
def _select(z: Tensor, x: Tensor, y: Tensor, condition: np.ndarray) -> List[Pullback]:
    return _choice(z, x, y, lambda *_: condition)


@_derivative(op.atan2)
def _atan2(z: Tensor, y: Tensor, x: Tensor) -> List[Pullback]:
    # In units of the larger one, whatever it is, squares do not overflow.
    largest = np.maximum(np.abs(x.array), np.abs(y.array))
    unit = _constant(np.where((largest > 0) & np.isfinite(largest), largest, 1), x)

    def quotient(part: Tensor) -> Tensor:
        return part / unit / (op.square(x / unit) + op.square(y / unit)) / unit

    return [
        _unbroadcast(y, lambda g: g * quotient(x)),
        _unbroadcast(x, lambda g: -g * quotient(y)),
    ]


# Reductions and scans


def _with_axes(x: Tensor, axes: Tuple[int, ...]) -> Tuple[int, ...]:
    """The shape of x after a reduction that keeps the axes."""
    reduced = [axis % x.ndim for axis in axes]
    return tuple(1 if i in reduced else n for i, n in enumerate(x.shape))


@_derivative(op.sum_)
def _sum(y: Tensor, x: Tensor, axes: Tuple[int, ...], keepdims: bool = False) -> List[Pullback]:
    shape, kept = x.shape, _with_axes(x, axes)
    return [lambda g: op.broadcast_(op.reshape_(g, shape=kept), shape=shape)]


@_derivative(op.max_)
def _extreme(y: Tensor, x: Tensor, axes: Tuple[int, ...], keepdims: bool = False) -> List[Pullback]:
    """Elements that share the extreme share the gradient."""
    kept = _with_axes(x, axes)
    chosen = x.array == y.array.reshape(kept)
    with np.errstate(all="ignore"):
        share = chosen / chosen.sum(axis=axes, keepdims=True)
    return [lambda g: op.reshape_(g, shape=kept) * _constant(share, g)]


_derivative(op.min_)(_extreme)


@_derivative(op.cumsum_)
def _cumsum(y: Tensor, x: Tensor, axis: int) -> List[Pullback]:
    reverse = (slice(None),) * (axis % x.ndim) + (slice(None, None, -1),)
    return [
        lambda g: op.take_(op.cumsum_(op.take_(g, index=reverse), axis=axis), index=reverse),
    ]


# Shapes


@_derivative(op.reshape_)
def _reshape(y: Tensor, x: Tensor, shape: Sequence[int]) -> List[Pullback]:
    original = x.shape
    return [lambda g: op.reshape_(g, shape=original)]


@_derivative(op.transpose_)
def _transpose(y: Tensor, x: Tensor, perm: Tuple[int, ...]) -> List[Pullback]:
    inverse = tuple(int(axis) for axis in np.argsort(perm))
    return [lambda g: op.transpose_(g, perm=inverse)]


@_derivative(op.broadcast_)
def _broadcast(y: Tensor, x: Tensor, shape: Sequence[int]) -> List[Pullback]:
    return [_unbroadcast(x, lambda g: g)]


@_derivative(op.concat_)
def _concat(y: Tensor, *tensors: Tensor, axis: int) -> List[Pullback]:
    before = (slice(None),) * (axis % y.ndim)
    ends = np.cumsum([tensor.shape[axis] for tensor in tensors])

    def part(end: int, length: int) -> Pullback:
        return lambda g: op.take_(g, index=(*before, slice(end - length, end)))

    return [part(int(end), tensor.shape[axis]) for end, tensor in zip(ends, tensors)]


@_derivative(op.stack_)
def _stack(y: Tensor, *tensors: Tensor, axis: int) -> List[Pullback]:
    before = (slice(None),) * (axis % y.ndim)

    def part(position: int) -> Pullback:
        return lambda g: op.take_(g, index=(*before, position))

    return [part(position) for position in range(len(tensors))]


@_derivative(op.unstack_)
def _unstack(y: Sequence[Tensor], x: Tensor, axis: int) -> List[Pullback]:
    return [lambda *g: op.stack_(*g, axis=axis)]


@_derivative(op.take_)
def _take(y: Tensor, x: Tensor, index: Any) -> List[Pullback]:
    shape = x.shape
    return [lambda g: op.scatter_(g, index=index, shape=shape)]


@_derivative(op.scatter_)
def _scatter(y: Tensor, values: Tensor, index: Any, shape: Sequence[int]) -> List[Pullback]:
    return [_unbroadcast(values, lambda g: op.take_(g, index=index))]


@_derivative(op.windows_)
def _windows(y: Tensor, x: Tensor, axis: int, extent: int, **others: int) -> List[Pullback]:
    length = x.shape[axis]
    return [lambda g: op.overlap_(g, axis=axis, length=length, **others)]


@_derivative(op.overlap_)
def _overlap(y: Tensor, values: Tensor, place: int, length: int, **others: int) -> List[Pullback]:
    extent = values.shape[place]
    return [lambda g: op.windows_(g, place=place, extent=extent, **others)]


# Linear algebra


def _adjoint(a: Tensor) -> Tensor:
    return _conj(op.transpose_(a, perm=(*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)))


@_derivative(op.matmul_)
def _matmul(c: Tensor, a: Tensor, b: Tensor) -> List[Pullback]:
    return [
        _unbroadcast(a, lambda g: op.matmul_(g, _adjoint(b))),
        _unbroadcast(b, lambda g: op.matmul_(_adjoint(a), g)),
    ]


@_derivative(op.inverse)
def _inverse(inverse: Tensor, a: Tensor) -> List[Pullback]:
    def pullback(g: Tensor) -> Tensor:
        adjoint = _adjoint(inverse)
        return -op.matmul_(op.matmul_(adjoint, g), adjoint)

    return [pullback]


def _scale(g: Tensor, matrix: Tensor) -> Tensor:
    """Every matrix of a batch times its own number."""
    if matrix.dtype.is_complex and not g.dtype.is_complex:
        g = _to_complex(g)
    return op.reshape_(g, shape=(*g.shape, 1, 1)) * matrix


_SMALL = 6
"""Up to this many rows a determinant is differentiated by its minors."""


def _cofactors(a: Tensor) -> Tensor:
    """The derivatives of the determinant by the entries, be the matrix singular or not."""
    size = a.shape[-1]
    others = np.array([[j for j in range(size) if j != i] for i in range(size)], dtype=int)
    rows = others.reshape(size, 1, size - 1, 1)
    columns = others.reshape(1, size, 1, size - 1)
    minors = op.determinant(op.take_(a, index=(Ellipsis, rows, columns)))
    signs = (-1.0) ** np.add.outer(np.arange(size), np.arange(size))
    return minors * _constant(signs, minors)


@_derivative(op.determinant)
def _determinant(y: Tensor, a: Tensor) -> List[Pullback]:
    if 0 < a.shape[-1] <= _SMALL:
        return [lambda g: _scale(g, _conj(_cofactors(a)))]
    return [lambda g: _scale(g * _conj(op.determinant(a)), _adjoint(op.inverse(a)))]


@_derivative(op.log_determinant)
def _log_determinant(y: Tensor, a: Tensor) -> List[Pullback]:
    return [lambda g: _scale(g, _adjoint(op.inverse(a)))]


@_derivative(op.solve_)
def _solve(x: Tensor, a: Tensor, b: Tensor) -> List[Pullback]:
    def of_right_side(g: Tensor) -> Tensor:
        return op.solve_(_adjoint(a), g)

    return [
        _unbroadcast(a, lambda g: -op.matmul_(of_right_side(g), _adjoint(x))),
        _unbroadcast(b, of_right_side),
    ]


# Fourier transforms


@_derivative(op.fft)
def _fft(y: Tensor, x: Tensor) -> List[Pullback]:
    length = x.shape[-1]
    return [lambda g: op.ifft(g) * length]


@_derivative(op.ifft)
def _ifft(y: Tensor, x: Tensor) -> List[Pullback]:
    length = x.shape[-1]
    return [lambda g: op.fft(g) / length]


@_derivative(op.einsum_)
def _einsum(y: Tensor, *tensors: Tensor, equation: str) -> List[Pullback]:
    left, _, right = equation.partition("->")
    terms = left.split(",")

    def of(position: int) -> Pullback:
        term, shape = terms[position], tensors[position].shape
        others = [x for i, x in enumerate(tensors) if i != position]
        labels = [t for i, t in enumerate(terms) if i != position]
        available = "".join(c for c in term if c in right or any(c in t for t in labels))
        backward = ",".join([right, *labels]) + "->" + available
        kept = tuple(n if c in available else 1 for c, n in zip(term, shape))

        def pullback(g: Tensor) -> Tensor:
            product = op.einsum_(g, *map(_conj, others), equation=backward)
            return op.broadcast_(op.reshape_(product, shape=kept), shape=shape)

        return pullback

    return [of(position) for position in range(len(tensors))]


def _triangle(a: Tensor, diagonal: float) -> Tensor:
    """The lower triangle, its diagonal times a number."""
    size = a.shape[-1]
    return a * _constant(np.tril(np.ones((size, size)), -1) + diagonal * np.eye(size), a)


@_derivative(op.cholesky_)
def _cholesky(factor: Tensor, a: Tensor) -> List[Pullback]:
    """Murray, Differentiation of the Cholesky decomposition, 2016, equation 10; made Hermitian."""

    def pullback(g: Tensor) -> Tensor:
        adjoint = _adjoint(factor)
        middle = _triangle(op.matmul_(adjoint, _triangle(g, 1.0)), 0.5)
        left = op.solve_(adjoint, middle)
        whole = _adjoint(op.solve_(adjoint, _adjoint(left)))
        return (whole + _adjoint(whole)) * 0.5

    return [pullback]


@_derivative(op.eigh_)
def _eigh(y: Sequence[Tensor], a: Tensor) -> List[Pullback]:
    """Giles, An extended collection of matrix derivative results, 2008; on the triangle that
    counts.
    """
    values, vectors = y

    def pullback(of_values: Tensor, of_vectors: Tensor) -> Tensor:
        size = vectors.shape[-1]
        column = op.reshape_(values, shape=(*values.shape, 1))
        row = op.reshape_(values, shape=(*values.shape[:-1], 1, size))
        same = np.eye(size, dtype=bool)
        gaps = row - column
        inverse_gaps = op.select(
            0, op.reciprocal(op.select(1, gaps, condition=same)), condition=same
        )
        diagonal = op.reshape_(of_values, shape=(*of_values.shape, 1)) * _constant(same, of_values)
        rotation = op.matmul_(_adjoint(vectors), of_vectors)
        if vectors.dtype.is_complex:
            inverse_gaps, diagonal = _to_complex(inverse_gaps), _to_complex(diagonal)
        inner = diagonal + inverse_gaps * rotation
        whole = op.matmul_(op.matmul_(vectors, inner), _adjoint(vectors))
        return _triangle(whole + _adjoint(whole), 0.5)

    return [pullback]


def _to_complex(x: Tensor) -> Tensor:
    return op.complex_(x, _constant(np.zeros(x.shape), x))
