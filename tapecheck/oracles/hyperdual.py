"""Hyper-dual numbers: a value together with its derivatives, carried forwards.

J. A. Fike and J. J. Alonso, The Development of Hyper-Dual Numbers for Exact Second-Derivative
Calculations, AIAA 2011-886; here with every order, and with all directions at once. Nothing is
recorded and nothing is run backwards: each operation computes the derivatives of its result from
those of its operands, by the rule of Leibniz where it is a product, by that of Faa di Bruno where
it is a function of one number, and by itself where it is linear.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any, Callable, Iterator, List, Sequence, Tuple

import numpy as np

from tapecheck.oracles.bounded import Bounded, exact, product, zeros
from tapecheck.oracles.elementary import ELEMENTARY, Derivatives, power

_ROUNDINGS = 4.0
"""Machine epsilons that an elementary function may be off by."""

Shape = Tuple[int, ...]


class HyperDual:
    """An array of the shape S and its derivatives in n directions, up to some order.

    Attributes:
        terms: the term of order k, of shape ``(n,) * k + S``, holds the derivatives in each k of
            the directions. It is symmetric in them.
    """

    def __init__(self, terms: Sequence[Bounded]) -> None:
        value = terms[0]
        # The value is rounded by itself: what it was added up from no longer matters.
        first = Bounded(value.value, np.abs(value.value), value.error)
        self.terms: Tuple[Bounded, ...] = (first, *terms[1:])

    @property
    def value(self) -> Any:
        """The array itself, float64."""
        return self.terms[0].value

    @property
    def shape(self) -> Shape:
        return tuple(self.value.shape)

    @property
    def order(self) -> int:
        """Of the highest derivatives."""
        return len(self.terms) - 1

    @property
    def directions(self) -> int:
        """How many there are."""
        return int(self.terms[1].shape[0]) if self.order else 0


def constant(value: Any, like: HyperDual) -> HyperDual:
    """An array that does not change, with as many derivatives as another one."""
    array = np.asarray(value, dtype=np.float64)
    shapes = [(like.directions,) * k + array.shape for k in range(1, like.order + 1)]
    return HyperDual([exact(array), *(zeros(shape) for shape in shapes)])


def basis(values: Sequence[Any], order: int) -> List[HyperDual]:
    """Arrays whose elements are the directions, in the order in which they are listed."""
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    count = sum(array.size for array in arrays) if order else 0
    made, start = [], 0
    for array in arrays:
        terms = [exact(array)]
        if order:
            rows = np.zeros((count, array.size))
            rows[start : start + array.size] = np.eye(array.size)
            terms.append(exact(rows.reshape((count, *array.shape))))
        terms += [zeros((count,) * k + array.shape) for k in range(2, order + 1)]
        made.append(HyperDual(terms))
        start += array.size
    return made


def add(x: HyperDual, y: HyperDual) -> HyperDual:
    """The sum of two arrays of the same shape."""
    return HyperDual([one + other for one, other in zip(x.terms, y.terms)])


def linear(function: Callable[..., Any], key: Any, *operands: HyperDual) -> HyperDual:
    """A function of arrays that is linear in all of them together, plus perhaps a constant.

    Args:
        function: from arrays to an array.
        key: decides together with the shapes of the operands what the function does.
    """
    shapes = tuple(operand.shape for operand in operands)
    offset, matrices, roundings = _matrices(_Function(function, key), shapes)
    terms = []
    for k in range(operands[0].order + 1):
        total = None
        for operand, matrix in zip(operands, matrices):
            flat = operand.terms[k].rearranged(functools.partial(_flat, k=k))
            part = flat.transformed(matrix, roundings)
            total = part if total is None else total + part
        assert total is not None
        if k == 0:
            total = total + exact(offset.ravel())
        terms.append(total.rearranged(lambda a: a.reshape(a.shape[:-1] + offset.shape)))
    return HyperDual(terms)


class _Function:
    """A function that is equal to every other one with the same key."""

    def __init__(self, function: Callable[..., Any], key: Any) -> None:
        self.function = function
        self._key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Function) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@functools.lru_cache(maxsize=4096)
def _matrices(made: _Function, shapes: Tuple[Shape, ...]) -> Tuple[Any, List[Any], float]:
    """The offset of an affine function, its matrix for each operand, and its roundings."""
    nothing = [np.zeros(shape) for shape in shapes]
    offset = np.asarray(made.function(*nothing), dtype=np.float64)
    matrices = []
    for position, shape in enumerate(shapes):
        size = int(np.prod(shape, dtype=int))
        matrix = np.zeros((offset.size, size))
        for column in range(size):
            unit = np.zeros(size)
            unit[column] = 1.0
            given = [*nothing[:position], unit.reshape(shape), *nothing[position + 1 :]]
            matrix[:, column] = (np.asarray(made.function(*given)) - offset).ravel()
        matrices.append(matrix)
    return offset, matrices, max(_roundings(matrix) for matrix in matrices)


def _roundings(matrix: Any) -> float:
    """How many roundings a product with the matrix, or with its transpose, takes."""
    if not matrix.size:
        return 0.0
    terms = max((matrix != 0).sum(axis=axis).max() for axis in (0, 1)) - 1
    scales = not np.isin(matrix, (-1.0, 0.0, 1.0)).all()
    return float(terms + scales)


def _flat(array: Any, k: int) -> Any:
    """With all axes behind the first k as one."""
    return array.reshape((*array.shape[:k], int(np.prod(array.shape[k:], dtype=int))))


def bilinear(equation: str, x: HyperDual, y: HyperDual) -> HyperDual:
    """The product that an Einstein summation says, such as ``ij,jk->ik``, in every direction."""
    operands, result = equation.split("->")
    left, right = operands.split(",")
    summed = set(left + right) - set(result)
    sizes = {**dict(zip(left, x.shape)), **dict(zip(right, y.shape))}
    roundings = 1.0
    for letter in summed:
        roundings *= max(sizes[letter], 1)
    batched = "...{},...{}->...{}".format(left, right, result)
    terms = []
    for k in range(x.order + 1):
        parts = [
            product(
                batched,
                roundings,
                _along(x.terms[len(chosen)], chosen, k),
                _along(y.terms[k - len(chosen)], others, k),
            )
            for chosen, others in _subsets(k)
        ]
        terms.append(_sum(parts))
    return HyperDual(terms)


def multiply(x: HyperDual, y: HyperDual) -> HyperDual:
    """The product, element by element, of two arrays of the same shape."""
    letters = "abcdefgh"[: len(x.shape)]
    return bilinear("{0},{0}->{0}".format(letters), x, y)


def elementary(name: str, x: HyperDual) -> HyperDual:
    """A function of `ELEMENTARY` of each element."""
    return _of_each(ELEMENTARY[name], x)


def raised(x: HyperDual, exponent: float) -> HyperDual:
    """Each element to a power that does not change."""
    return _of_each(power(exponent), x)


def _of_each(derivatives: Derivatives, x: HyperDual) -> HyperDual:
    found = derivatives(x.value, x.order + 1)
    sizes = list(itertools.accumulate(np.abs(one) for one in found))
    partials = [
        Bounded(
            found[k],
            # A formula for it may be made of the derivatives of lower orders.
            np.abs(found[k]) if k == 0 else sizes[k],
            np.abs(found[k + 1]) * x.terms[0].error + _ROUNDINGS * sizes[k],
        )
        for k in range(x.order + 1)
    ]
    terms = [partials[0]]
    for k in range(1, x.order + 1):
        parts = []
        for blocks in _partitions(k):
            inner = [_along(x.terms[len(block)], block, k) for block in blocks]
            factors = [partials[len(blocks)], *inner]
            equation = ",".join("..." for _ in factors) + "->..."
            parts.append(product(equation, float(len(blocks)), *factors))
        terms.append(_sum(parts))
    return HyperDual(terms)


def gradient_of_sum(
    function: Callable[[List[HyperDual]], HyperDual], position: int, operands: Sequence[HyperDual]
) -> HyperDual:
    """The gradient of the sum of all elements of a function, by one of its operands.

    The function is differentiated in a basis of its own, once more than the operands are. The
    derivatives of the gradient follow by the chain rule of Faa di Bruno.
    """
    order = operands[0].order
    exactly = basis([operand.value for operand in operands], order + 1)
    own = [HyperDual([operand.terms[0], *one.terms[1:]]) for operand, one in zip(operands, exactly)]
    result = function(own)
    axes = len(result.shape)
    sums = [
        _summed(term, axes, count=max(int(np.prod(result.shape, dtype=int)), 1))
        for term in result.terms
    ]
    sizes = [int(np.prod(operand.shape, dtype=int)) for operand in operands]
    start, size, shape = sum(sizes[:position]), sizes[position], operands[position].shape
    outer = [term.rearranged(lambda a: a[start : start + size]) for term in sums[1:]]
    inner = {k: _joined([one.terms[k] for one in operands], k) for k in range(1, order + 1)}
    terms = [outer[0]]
    for k in range(1, order + 1):
        parts = []
        for blocks in _partitions(k):
            letters = "pqrstu"[: len(blocks)]
            factors = [_along(inner[len(block)], block, k) for block in blocks]
            equation = "{},a{}->...a".format(",".join("..." + one for one in letters), letters)
            parts.append(product(equation, float(sum(sizes)), *factors, outer[len(blocks)]))
        terms.append(_sum(parts))
    return HyperDual([term.rearranged(lambda a: a.reshape(a.shape[:-1] + shape)) for term in terms])


def _summed(term: Bounded, axes: int, count: int) -> Bounded:
    """The sum over the last axes."""
    last = tuple(range(-axes, 0))
    size = term.size.sum(axis=last)
    return Bounded(term.value.sum(axis=last), size, term.error.sum(axis=last) + (count - 1) * size)


def _joined(terms: Sequence[Bounded], k: int) -> Bounded:
    """Terms of order k, flattened and one after another."""
    arrays = zip(*terms)
    return Bounded(*(np.concatenate([_flat(a, k) for a in one], axis=-1) for one in arrays))


def _along(term: Bounded, positions: Sequence[int], k: int) -> Bounded:
    """A term, whose axes of directions are to stand at some among k positions."""
    index = tuple(slice(None) if place in positions else None for place in range(k))
    return term.rearranged(lambda a: a[index])


def _sum(parts: Sequence[Bounded]) -> Bounded:
    """Broadcast against each other and added."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _subsets(k: int) -> Iterator[Tuple[Tuple[int, ...], Tuple[int, ...]]]:
    """Each set of positions below k, with those that are not in it."""
    for count in range(k + 1):
        for chosen in itertools.combinations(range(k), count):
            yield chosen, tuple(place for place in range(k) if place not in chosen)


@functools.lru_cache(maxsize=None)
def _partitions(k: int) -> List[List[Tuple[int, ...]]]:
    """The ways to divide the positions below k into blocks."""
    if k == 0:
        return [[]]
    found: List[List[Tuple[int, ...]]] = []
    for blocks in _partitions(k - 1):
        found.append([*blocks, (k - 1,)])
        for number, block in enumerate(blocks):
            found.append([*blocks[:number], (*block, k - 1), *blocks[number + 1 :]])
    return found
