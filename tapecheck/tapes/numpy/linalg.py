"""``tf.linalg``: matrices, on the last two axes of tensors."""

# mypy: implicit-reexport
from __future__ import annotations

import builtins
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from . import operations as op
from . import xp
from .arrays import axis_of, eye, integers, of_one_dtype
from .math import (  # noqa: F401
    abs,
    conj,
    global_norm,
    l2_normalize,
    reduce_max,
    reduce_sum,
    sign,
)
from .tensor import Tensor, convert_to_tensor


def matrix_transpose(a: Any, name: Optional[str] = None, conjugate: bool = False) -> Tensor:
    """The last two axes exchanged."""
    x = convert_to_tensor(a)
    result = op.transpose_(x, perm=(*builtins.range(x.ndim - 2), x.ndim - 1, x.ndim - 2))
    return conj(result) if conjugate else result


def adjoint(matrix: Any, name: Optional[str] = None) -> Tensor:
    """The conjugate transpose."""
    return matrix_transpose(matrix, conjugate=True)


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """The matrix product, of transposes or adjoints if so asked; axes before the last two are
    broadcast.
    """
    first, second = of_one_dtype((a, b))
    if transpose_a or adjoint_a:
        first = matrix_transpose(first, conjugate=adjoint_a)
    if transpose_b or adjoint_b:
        second = matrix_transpose(second, conjugate=adjoint_b)
    return op.matmul_(first, second)


def matvec(a: Any, b: Any, transpose_a: bool = False, name: Optional[str] = None) -> Tensor:
    """The product of a matrix and a vector."""
    vector = convert_to_tensor(b)
    column = op.reshape_(vector, shape=(*vector.shape, 1))
    product = matmul(a, column, transpose_a=transpose_a)
    return op.reshape_(product, shape=tuple(product.shape[:-1]))


def tensordot(a: Any, b: Any, axes: Any, name: Optional[str] = None) -> Tensor:
    """The sum over the last ``axes`` axes of a and the first of b, or over two lists of axes."""
    first, second = of_one_dtype((a, b))
    if isinstance(axes, builtins.int):
        of_first: Sequence[int] = tuple(builtins.range(first.ndim - axes, first.ndim))
        of_second: Sequence[int] = tuple(builtins.range(axes))
    else:
        of_first = [axis_of(i, first.ndim) for i in integers(axes[0])]
        of_second = [axis_of(i, second.ndim) for i in integers(axes[1])]
    free_first = [i for i in builtins.range(first.ndim) if i not in of_first]
    free_second = [i for i in builtins.range(second.ndim) if i not in of_second]
    inner = builtins.int(np.prod([first.shape[i] for i in of_first], dtype=np.int64))
    outer_first = tuple(first.shape[i] for i in free_first)
    outer_second = tuple(second.shape[i] for i in free_second)
    rows = builtins.int(np.prod(outer_first, dtype=np.int64))
    columns = builtins.int(np.prod(outer_second, dtype=np.int64))
    left = op.reshape_(op.transpose_(first, perm=(*free_first, *of_first)), shape=(rows, inner))
    right = op.reshape_(
        op.transpose_(second, perm=(*of_second, *free_second)), shape=(inner, columns)
    )
    return op.reshape_(op.matmul_(left, right), shape=(*outer_first, *outer_second))


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """Einstein's sum; ``...`` stands for axes that are broadcast."""
    tensors = of_one_dtype(inputs)
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        right = "..." if "..." in left else ""
        right += "".join(sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1))
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    ranks = [x.ndim - len(t.replace("...", "")) for x, t in zip(tensors, terms) if "..." in t]
    dots = spare[: max(ranks, default=0)]
    terms = [
        t.replace("...", "".join(dots[len(dots) - (x.ndim - len(t.replace("...", ""))) :]))
        if "..." in t and x.ndim > len(t.replace("...", ""))
        else t.replace("...", "")
        for x, t in zip(tensors, terms)
    ]
    right = right.replace("...", "".join(dots))
    pairs = [_diagonals(x, term) for x, term in zip(tensors, terms)]
    pairs = [_aligned(x, term, pairs) for x, term in pairs]
    equation = ",".join(term for _, term in pairs) + "->" + right
    return op.einsum_(*[x for x, _ in pairs], equation=equation)


def _diagonals(x: Tensor, term: str) -> Tuple[Tensor, str]:
    """A tensor and the labels of its axes, every label once: of repeated ones, the diagonal."""
    labels = "".join(dict.fromkeys(term))
    if len(labels) == len(term):
        return x, term
    grid = np.ogrid[tuple(slice(x.shape[term.index(label)]) for label in labels)]
    return op.take_(x, index=tuple(grid[labels.index(label)] for label in term)), labels


def _aligned(x: Tensor, term: str, pairs: Sequence[Tuple[Tensor, str]]) -> Tuple[Tensor, str]:
    """A tensor whose unit axes have the lengths that their labels have elsewhere."""
    lengths: Dict[str, int] = {}
    for other, labels in pairs:
        for label, length in zip(labels, other.shape):
            lengths[label] = (
                max(length, lengths.get(label, length)) if length != 1 else lengths.get(label, 1)
            )
    shape = tuple(lengths[label] for label in term)
    return (x if x.shape == shape else op.broadcast_(x, shape=shape)), term


def trace(x: Any, name: Optional[str] = None) -> Tensor:
    """The sum of the main diagonal."""
    return reduce_sum(diag_part(x), -1)


def _diagonal(k: int, rows: int, columns: int) -> Tuple[Any, np.ndarray, np.ndarray]:
    start = np.arange(max(0, min(rows + min(k, 0), columns - max(k, 0))))
    return (Ellipsis, start + max(0, -k), start + max(0, k))


def diag_part(input: Any, name: Optional[str] = None, k: int = 0) -> Tensor:
    """The k-th diagonal."""
    x = convert_to_tensor(input)
    return op.take_(x, index=_diagonal(k, x.shape[-2], x.shape[-1]))


def diag(diagonal: Any, name: Optional[str] = None, k: int = 0) -> Tensor:
    """Zeros, with the k-th diagonal given."""
    x = convert_to_tensor(diagonal)
    size = x.shape[-1] + builtins.abs(k)
    return op.scatter_(x, index=_diagonal(k, size, size), shape=(*x.shape[:-1], size, size))


def set_diag(input: Any, diagonal: Any, name: Optional[str] = None) -> Tensor:
    """A matrix with its main diagonal replaced."""
    x = convert_to_tensor(input)
    values = convert_to_tensor(diagonal, dtype_hint=x.dtype)
    index = _diagonal(0, x.shape[-2], x.shape[-1])
    chosen = np.zeros(x.shape, bool)
    chosen[index] = True
    return op.select(op.scatter_(values, index=index, shape=x.shape), x, condition=chosen)


def band_part(input: Any, num_lower: int, num_upper: int, name: Optional[str] = None) -> Tensor:
    """Zeros but for so many diagonals below and above the main one; -1 for all of them."""
    x = convert_to_tensor(input)
    i, j = np.ogrid[: x.shape[-2], : x.shape[-1]]
    lower, upper = builtins.int(num_lower), builtins.int(num_upper)
    band = ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))
    return op.select(x, 0, condition=np.broadcast_to(band, x.shape))


def inv(input: Any, adjoint: bool = False, name: Optional[str] = None) -> Tensor:
    """The inverse, of the adjoint if so asked."""
    return op.inverse(matrix_transpose(input, conjugate=True) if adjoint else input)


def det(input: Any, name: Optional[str] = None) -> Tensor:
    """The determinant."""
    return op.determinant(input)


def slogdet(input: Any, name: Optional[str] = None) -> Tuple[Tensor, Tensor]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    x = convert_to_tensor(input)
    # Of a real one the sign is constant, of a complex one a point on the circle
    one = sign(op.determinant(x)) if x.dtype.is_complex else Tensor(xp.linalg.slogdet(x.array)[0])
    return one, op.log_determinant(x)


def logdet(matrix: Any, name: Optional[str] = None) -> Tensor:
    """The logarithm of the determinant of a Hermitian positive definite matrix."""
    return op.log_determinant(matrix)


def cholesky(input: Any, name: Optional[str] = None) -> Tensor:
    """The lower triangular L with input = L L^H."""
    return op.cholesky_(input)


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Optional[str] = None) -> Tensor:
    """The x with matrix x = rhs."""
    a = convert_to_tensor(matrix)
    a = matrix_transpose(a, conjugate=True) if adjoint else a
    return op.solve_(a, convert_to_tensor(rhs, dtype_hint=a.dtype))


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Optional[str] = None
) -> Tensor:
    """The x with matrix x = rhs, of whose matrix only one triangle counts."""
    triangle = band_part(matrix, -1, 0) if lower else band_part(matrix, 0, -1)
    return solve(triangle, rhs, adjoint)


def cholesky_solve(chol: Any, rhs: Any, name: Optional[str] = None) -> Tensor:
    """The x with L L^H x = rhs."""
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


def lstsq(
    matrix: Any,
    rhs: Any,
    l2_regularizer: float = 0.0,
    fast: bool = True,
    name: Optional[str] = None,
) -> Tensor:
    """The x that makes |matrix x - rhs|^2 + l2_regularizer |x|^2 least, by the normal equations;
    of several the one of the least norm.
    """
    a = convert_to_tensor(matrix)
    if a.shape[-2] < a.shape[-1]:
        normal = matmul(a, a, adjoint_b=True)
        normal = normal + eye(a.shape[-2], dtype=a.dtype) * l2_regularizer
        return matmul(a, solve(normal, rhs), adjoint_a=True)
    normal = matmul(a, a, adjoint_a=True)
    normal = normal + eye(a.shape[-1], dtype=a.dtype) * l2_regularizer
    return solve(normal, matmul(a, rhs, adjoint_a=True))


def eigh(tensor: Any, name: Optional[str] = None) -> Tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors in columns, of a Hermitian matrix: its lower
    triangle counts.
    """
    values, vectors = op.eigh_(tensor)
    return values, vectors


def eigvalsh(tensor: Any, name: Optional[str] = None) -> Tensor:
    """The eigenvalues of a Hermitian matrix, ascending."""
    return eigh(tensor)[0]


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Optional[bool] = None,
    name: Optional[str] = None,
) -> Tensor:
    """The norm of vectors or matrices: euclidean, fro, or the p-norm for a number or infinity."""
    x = convert_to_tensor(tensor)
    keep = builtins.bool(keepdims)
    if ord in ("euclidean", "fro", 2):
        return op.sqrt(
            reduce_sum(op.real(x * conj(x)) if x.dtype.is_complex else x * x, axis, keep)
        )
    if ord == np.inf:
        return reduce_max(abs(x), axis, keep)
    if ord == 1:
        return reduce_sum(abs(x), axis, keep)
    return op.pow(reduce_sum(op.pow(abs(x), ord), axis, keep), 1.0 / ord)


def expm(input: Any, name: Optional[str] = None) -> Tensor:
    """The matrix exponential, by scaling and squaring of its Taylor series."""
    x = convert_to_tensor(input)
    largest = np.abs(x.numpy()).sum(axis=-1).max(initial=0.0)
    squarings = max(0, builtins.int(np.ceil(np.log2(max(largest, 1e-300)))) + 3)
    small = x / 2.0**squarings
    total = term = eye(x.shape[-1], batch_shape=x.shape[:-2], dtype=x.dtype)
    for order in builtins.range(1, 14):
        term = op.matmul_(term, small) / order
        total = total + term
    for _ in builtins.range(squarings):
        total = op.matmul_(total, total)
    return total
