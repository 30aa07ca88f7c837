"""What a tape must answer of a program: derivatives by the oracle, and what has none."""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from tapecheck.checks import Broken, assert_close
from tapecheck.oracles.bounded import Bounded
from tapecheck.oracles.hyperdual import HyperDual, basis
from tapecheck.programs.meanings import evaluate
from tapecheck.programs.paths import Path, paths
from tapecheck.programs.program import Program


class Answers:
    """The derivatives of a program at its sources."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._shapes = [source.shape for source in program.sources]
        self._sizes = [source.array.size for source in program.sources]
        self._values: Dict[int, List[HyperDual]] = {}

    def targets(self, order: int = 0) -> List[HyperDual]:
        """The targets with their derivatives up to some order."""
        found = [known for known in self._values if known >= order]
        if not found:
            inputs = basis([source.array for source in self._program.sources], order)
            self._values[order] = evaluate(self._program.operations, inputs)
            found = [order]
        values = self._values[min(found)]
        return [values[number] for number in self._program.targets]

    def paths(self, chosen: Optional[Sequence[int]] = None) -> List[Path]:
        """Of each source, whether a path leads to some of the targets, chosen by position."""
        return paths(self._program, self._chosen(chosen))

    def gradients(
        self,
        chosen: Optional[Sequence[int]] = None,
        cotangents: Optional[Sequence[Any]] = None,
    ) -> List[Bounded]:
        """The gradient by each source of the sum of some targets, each in the shape of its source.

        Args:
            chosen: the positions of these targets; by default all.
            cotangents: weights of their elements, one array for each of them; ones by default.
        """
        total: Optional[Bounded] = None
        for place, number in enumerate(self._chosen(chosen)):
            term = self.targets(1)[number].terms[1]
            part = _weighted(term, None if cotangents is None else cotangents[place], 1)
            total = part if total is None else total + part
        assert total is not None
        return self._by_source(total)

    def jacobians(self, number: int = 0) -> List[Bounded]:
        """The jacobian of one target by each source, the axes of the target first."""
        target = self.targets(1)[number]
        moved = target.terms[1].rearranged(lambda a: np.moveaxis(a, 0, -1))
        return self._by_source(moved)

    def hessians(self) -> List[List[Bounded]]:
        """The second derivatives of the sum of all targets by each source and each source."""
        total: Optional[Bounded] = None
        for target in self.targets(2):
            part = _weighted(target.terms[2], None, 2)
            total = part if total is None else total + part
        assert total is not None
        rows = np.split(np.arange(sum(self._sizes)), np.cumsum(self._sizes)[:-1])
        return [
            [
                one.rearranged(lambda a, shape=shape: a.reshape((*shape, *a.shape[1:])))
                for one in self._by_source(total.rearranged(lambda a, row=row: a[row]))
            ]
            for row, shape in zip(rows, self._shapes)
        ]

    def products(self, directions: Sequence[Any]) -> List[Bounded]:
        """The Hessian of the sum of all targets times directions, one for each source."""
        found = []
        for row in self.hessians():
            parts = [contracted(block, direction) for block, direction in zip(row, directions)]
            found.append(functools.reduce(Bounded.__add__, parts))
        return found

    def along(self, directions: Sequence[Any], order: int) -> Bounded:
        """The derivative of first or second order of the sum of all targets along directions."""
        gradients = self.gradients() if order == 1 else self.products(directions)
        parts = [contracted(one, direction) for one, direction in zip(gradients, directions)]
        return functools.reduce(Bounded.__add__, parts)

    def _chosen(self, chosen: Optional[Sequence[int]]) -> Sequence[int]:
        return range(len(self._program.targets)) if chosen is None else chosen

    def _by_source(self, joined: Bounded) -> List[Bounded]:
        """What the last axis, of all elements of sources, holds for each of them."""
        found, start = [], 0
        for size, shape in zip(self._sizes, self._shapes):
            part = joined.rearranged(lambda a, b=start, e=start + size: a[..., b:e])
            found.append(part.rearranged(lambda a, s=shape: a.reshape((*a.shape[:-1], *s))))
            start += size
        return found


def check(actual: Any, expected: Bounded, path: Path = Path.CERTAIN, looser: float = 1.0) -> None:
    """Compare an answer with an exact one.

    Args:
        actual: a tensor or None.
        path: whether None is allowed or demanded.
        looser: how many computations of this accuracy have a part in the answer.

    Raises:
        Broken: the answer is another one, or further off than rounding explains.
    """
    if path is Path.NONE:
        if actual is not None:
            raise Broken("None", repr(actual))
    elif actual is not None or path is Path.CERTAIN:
        assert_close(actual, expected.value, looser * expected.error)
    elif np.abs(expected.value).max() > 0.0:
        assert_close(None, expected.value)


def agree(actual: Any, other: Any, exact: Bounded) -> None:
    """Compare two answers to the same question, both computed.

    Args:
        exact: what they should be, or where that is not known what is as accurate.

    Raises:
        Broken: they differ by more than rounding explains, or one is None and the other is not.
    """
    if actual is None or other is None:
        if actual is not other:
            raise Broken(repr(other), repr(actual))
        return
    assert_close(actual, np.asarray(other), 2.0 * exact.error)


def contracted(derivative: Bounded, direction: Any) -> Bounded:
    """The product of a derivative, over its last axes, with a direction."""
    size = direction.size
    leading = derivative.shape[: len(derivative.shape) - direction.ndim]
    flat = derivative.rearranged(lambda a: a.reshape((*leading, size)))
    total = flat.transformed(direction.reshape(1, size), float(size))
    return total.rearranged(lambda a: a[..., 0])


def _weighted(term: Bounded, weights: Any, order: int) -> Bounded:
    """The sum over all elements of a value, of which a term holds the derivatives."""
    shape = term.value.shape[order:]
    size = int(np.prod(shape, dtype=int))
    flat = term.rearranged(lambda a: a.reshape((*a.shape[:order], size)))
    row = np.ones(size) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    total = flat.transformed(row.reshape(1, size), float(size))
    return total.rearranged(lambda a: a[..., 0])
