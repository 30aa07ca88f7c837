"""For every recorded operation, what it is to compute, written without the tape, and where."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

import mpmath
import numpy as np

from tapecheck.tapes.numpy import operations as op
from tests.tapes.checking import Case

_random = np.random.RandomState(20)


def _real(*shape: int, low: float = 0.3, high: float = 0.9) -> np.ndarray:
    return _random.uniform(low, high, shape)


def _complex(*shape: int) -> np.ndarray:
    return _real(*shape) + 1j * _real(*shape)


def _matrix(*shape: int) -> np.ndarray:
    """Well-conditioned square matrices."""
    return _real(*shape) - 0.5 + 2 * np.eye(shape[-1])


def _hermitian(a: np.ndarray) -> np.ndarray:
    return (a + np.conj(np.swapaxes(a, -1, -2))) / 2


def _by_mpmath(function: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(lambda x: float(function(mpmath.mpf(x))), otypes=[float])


def _gamma_quantile(sample: np.ndarray, alpha: np.ndarray) -> Callable[..., np.ndarray]:
    """The gamma number at the quantile of ``sample`` for ``alpha``, as a function of alpha."""

    def at(z: float, start: float, moved: float) -> float:
        level = mpmath.gammainc(start, 0, z, regularized=True)
        return float(
            mpmath.findroot(lambda y: mpmath.gammainc(moved, 0, y, regularized=True) - level, z)
        )

    return lambda moved: np.vectorize(at, otypes=[float])(sample, alpha, moved)


CASES: Dict[str, List[Case]] = {}


def _add(name: str, operation: Any, reference: Any, *points: Sequence[np.ndarray]) -> None:
    CASES.setdefault(name, []).extend(Case(operation, reference, point) for point in points)


# Element by element

for _name, _reference in {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "atanh": np.arctanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "square": np.square,
    "reciprocal": lambda x: 1 / x,
    "negative": np.negative,
    "identity": lambda x: x,
    "absolute": np.abs,
    "conj": np.conj,
}.items():
    _add(_name, getattr(op, _name), _reference, [_real(2, 3)], [_complex(3)], [_real()])
_add("acosh", op.acosh, np.arccosh, [1 + _real(3)], [1 + _complex(3)])
_add("softplus", op.softplus, lambda x: np.log(1 + np.exp(x)), [_real(3) - 0.6])
_add("erf", op.erf, _by_mpmath(mpmath.erf), [_real(2)])
_add("erfc", op.erfc, _by_mpmath(mpmath.erfc), [_real(2)])
_add("lgamma", op.lgamma, _by_mpmath(mpmath.loggamma), [_real(2)], [_real(1) + 7])
for _order in (0, 1, 3):
    _add(
        "polygamma",
        lambda x, order=_order: op.polygamma(x, order=order),
        _by_mpmath(lambda x, order=_order: mpmath.polygamma(order, x)),
        [_real(2) + 0.5],
        [_real(1) + 15],
    )
_SHAPE, _SAMPLE = np.array([0.8, 3.0]), np.array([1.1, 2.2])
_add(
    "gamma",
    lambda x: op.gamma_(x, sample=_SAMPLE),
    _gamma_quantile(_SAMPLE, _SHAPE),
    [_SHAPE],
)
for _name in ("floor", "ceil", "rint"):
    _add(_name, getattr(op, _name), getattr(np, _name), [np.array([-1.7, 0.3, 2.6])])
_add("sign", op.sign, np.sign, [_real(3) - 1], [_real(3)])
_add("real", op.real, np.real, [_complex(3)])
_add("imag", op.imag, np.imag, [_complex(3)])
_add("complex", op.complex_, lambda x, y: x + 1j * y, [_real(2, 3), _real(3)])
_add("cast", lambda x: op.cast(x * x, dtype=np.dtype(complex)), np.square, [_real(3)])
_add(
    "cast", lambda x: op.cast(x * x, dtype=np.dtype(float)), lambda x: np.real(x * x), [_complex(3)]
)

# Two tensors

for _name, _reference in {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "realdiv": np.divide,
    "pow": np.power,
}.items():
    _add(
        _name,
        getattr(op, _name),
        _reference,
        [_real(2, 3), _real(2, 3)],
        [_real(2, 1, 3), _real(2, 1)],
        [_complex(3), _complex(2, 1)],
    )
for _name, _reference in {
    "maximum": np.maximum,
    "minimum": np.minimum,
    "atan2": np.arctan2,
    "floordiv": np.floor_divide,
    "floormod": np.mod,
}.items():
    _add(
        _name,
        getattr(op, _name),
        _reference,
        [np.array([[0.55, 1.7, 2.9], [0.6, 3.1, 1.35]]), np.array([0.75, 1.1, 2.2])],
        [_real(1, high=0.5), _real(2, 3, low=0.6)],
    )
_CONDITION = np.array([True, False, True])
_add(
    "select",
    lambda x, y: op.select(x * x, y * y, condition=_CONDITION),
    lambda x, y: np.where(_CONDITION, x * x, y * y),
    [_real(2, 3), _real(3)],
    [_complex(3), _complex()],
)

# Reductions and scans. Squares make the second derivatives of linear operations differ from zero

_add("sum", lambda x: op.sum_(x * x, axes=(1,)), lambda x: np.sum(x * x, 1), [_real(2, 3)])
_add(
    "sum",
    lambda x: op.sum_(x * x, axes=(0, -1), keepdims=True),
    lambda x: np.sum(x * x, (0, 2), keepdims=True),
    [_complex(2, 2, 3)],
)
_APART = np.array([[0.1, 0.8, 0.4], [0.9, 0.3, 0.6]])
for _name, _function, _reference in (("max", op.max_, np.max), ("min", op.min_, np.min)):
    _add(
        _name,
        lambda x, f=_function: f(x * x, axes=(1,)),
        lambda x, f=_reference: f(x * x, 1),
        [_APART],
    )
    _add(
        _name,
        lambda x, f=_function: f(x * x, axes=(0, 1), keepdims=True),
        lambda x, f=_reference: f(x * x, (0, 1), keepdims=True),
        [_APART],
    )
for _axis in (0, -1):
    _add(
        "cumsum",
        lambda x, axis=_axis: op.cumsum_(x * x, axis=axis),
        lambda x, axis=_axis: np.cumsum(x * x, axis),
        [_real(2, 3)],
        [_complex(2, 3)],
    )

# Shapes

_add(
    "reshape",
    lambda x: op.reshape_(x * x, shape=(3, -1)),
    lambda x: (x * x).reshape(3, 2),
    [_real(2, 3)],
)
_add(
    "transpose",
    lambda x: op.transpose_(x * x, perm=(2, 0, 1)),
    lambda x: np.transpose(x * x, (2, 0, 1)),
    [_real(2, 3, 4)],
)
_add(
    "broadcast",
    lambda x: op.broadcast_(x * x, shape=(2, 3, 4)),
    lambda x: np.broadcast_to(x * x, (2, 3, 4)),
    [_real(3, 1)],
    [_real()],
)
_add(
    "concat",
    lambda x, y: op.concat_(x * x, x * y[:, :3], y, axis=-1),
    lambda x, y: np.concatenate([x * x, x * y[:, :3], y], 1),
    [_real(2, 3), _real(2, 4)],
)
_add(
    "stack",
    lambda x, y: op.stack_(x * x, x * y, y, axis=1),
    lambda x, y: np.stack([x * x, x * y, y], 1),
    [_real(2, 3), _real(2, 3)],
)
_add(
    "unstack",
    lambda x: op.unstack_(x * x, axis=1)[2] * op.unstack_(x, axis=0)[1][0],
    lambda x: (x * x)[:, 2] * x[1, 0],
    [_real(2, 3)],
)
_INDICES = [
    (1, slice(None)),
    (slice(None, None, -2), None, np.array([2, 0, 2])),
    (np.array([[0, 1], [1, 1]]), np.array([1, 2])),
    (Ellipsis, 0),
]
for _index in _INDICES:
    _add(
        "take",
        lambda x, index=_index: op.take_(x * x, index=index),
        lambda x, index=_index: (x * x)[index],
        [_real(2, 3)],
        [_complex(2, 3)],
    )


def _scattered(values: np.ndarray, index: Any, shape: Sequence[int]) -> np.ndarray:
    """One by one: places are numbered, and the numbers indexed like the tensor itself."""
    result = np.zeros(shape, values.dtype).reshape(-1)
    places = np.arange(result.size).reshape(shape)[index]
    for place, value in zip(places.reshape(-1), np.broadcast_to(values, places.shape).reshape(-1)):
        result[place] += value
    return result.reshape(shape)


for _index in _INDICES:
    _add(
        "scatter",
        lambda x, index=_index: op.scatter_(x * x, index=index, shape=(2, 3)),
        lambda x, index=_index: _scattered(x * x, index, (2, 3)),
        [_real(*np.zeros((2, 3))[_index].shape)],
    )


def _windows(x: np.ndarray, extent: int, stride: int, dilation: int) -> np.ndarray:
    """The windows along axis 1, one by one, their elements along axis 2."""
    starts = range(0, x.shape[1] - (extent - 1) * dilation, stride)
    return np.stack(
        [x[:, start : start + (extent - 1) * dilation + 1 : dilation] for start in starts], 1
    )


def _overlap(values: np.ndarray, length: int, stride: int, dilation: int) -> np.ndarray:
    """The elements of windows along axis 1 and 2, one by one, where they lie along axis 1."""
    result = np.zeros((values.shape[0], length, *values.shape[3:]), values.dtype)
    for window, element in np.ndindex(*values.shape[1:3]):
        result[:, window * stride + element * dilation] += values[:, window, element]
    return result


for _extent, _stride, _dilation, _count in [(2, 1, 1, 6), (3, 1, 2, 3), (2, 3, 1, 2), (1, 2, 1, 4)]:
    _steps = {"stride": _stride, "dilation": _dilation}
    _add(
        "windows",
        lambda x, extent=_extent, steps=_steps: op.windows_(
            x * x, axis=1, place=2, extent=extent, **steps
        ),
        lambda x, extent=_extent, steps=_steps: _windows(x * x, extent, **steps),
        [_real(2, 7)],
        [_complex(2, 7, 2)],
    )
    _add(
        "overlap",
        lambda x, steps=_steps: op.overlap_(x * x, axis=1, place=2, length=7, **steps),
        lambda x, steps=_steps: _overlap(x * x, 7, **steps),
        [_real(2, _count, _extent)],
        [_complex(2, _count, _extent, 2)],
    )

# Linear algebra

_add(
    "matmul",
    op.matmul_,
    np.matmul,
    [_real(2, 3), _real(3, 4)],
    [_real(2, 1, 2, 3), _real(3, 3, 2)],
    [_complex(2, 3), _complex(3, 2)],
)
for _equation, _shapes in {
    "ij,jk->ik": [(2, 3), (3, 2)],
    "bij,bj->i": [(2, 3, 2), (2, 2)],
    "i,j,k->kji": [(2,), (3,), (2,)],
    "ij->": [(2, 3)],
    "ij,j->j": [(2, 3), (3,)],
}.items():
    _add(
        "einsum",
        lambda *x, equation=_equation: op.einsum_(*x, equation=equation),
        lambda *x, equation=_equation: np.einsum(equation, *x),
        [_real(*shape) for shape in _shapes],
        [_complex(*shape) for shape in _shapes],
    )
_add("inverse", op.inverse, np.linalg.inv, [_matrix(2, 2, 2)], [_matrix(2, 2) + 0.3j])
_add("determinant", op.determinant, np.linalg.det, [_matrix(2, 3, 3)], [_matrix(2, 2) + 0.3j])
_add(
    "log_determinant",
    op.log_determinant,
    lambda a: np.log(np.abs(np.linalg.det(a))),
    [_matrix(2, 3, 3)],
)
_add(
    "solve",
    op.solve_,
    lambda a, b: np.matmul(np.linalg.inv(a), b),
    [_matrix(2, 2, 2), _real(2, 2, 3)],
    [_matrix(2, 2) + 0.3j, _complex(2, 1)],
)


def _tape_hermitian(a: Any) -> Any:
    return (a + op.conj(op.transpose_(a, perm=(*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)))) / 2


_add(
    "cholesky",
    lambda a: op.cholesky_(_tape_hermitian(a)),
    lambda a: np.linalg.cholesky(_hermitian(a)),
    [_matrix(2, 3, 3)],
    [_matrix(2, 2) + 0.1j * _real(2, 2)],
)


def _spectrum(values: Any, vectors: Any) -> Any:
    """Of eigenvalues and eigenvectors, what does not depend on the phases of the latter."""
    return values[..., None, :] * vectors * vectors.conj()


_add(
    "eigh",
    lambda a: _tape_spectrum(*op.eigh_(_tape_hermitian(a))),
    lambda a: _spectrum(*np.linalg.eigh(_hermitian(a))),
    [_matrix(3, 3) + np.diag([1.0, 3.0, 6.0])],
    [_matrix(2, 2) + np.diag([1.0, 3.0]) + 0.1j * _real(2, 2)],
)


_add(
    "eigh",
    lambda a: _tape_spectrum(*op.eigh_(a)),
    lambda a: _spectrum(*np.linalg.eigh(np.tril(a) + np.tril(a, -1).T)),
    [_matrix(3, 3) + np.diag([1.0, 3.0, 6.0])],
)


def _tape_spectrum(values: Any, vectors: Any) -> Any:
    wide = op.cast(values, dtype=vectors.array.dtype)
    return wide[..., None, :] * vectors * op.conj(vectors)


# Fourier transforms

_add("fft", lambda x: op.fft(x * x), lambda x: np.fft.fft(x * x), [_complex(2, 5)])
_add("ifft", lambda x: op.ifft(x * x), lambda x: np.fft.ifft(x * x), [_complex(2, 5)])
