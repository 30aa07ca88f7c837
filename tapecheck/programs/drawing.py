"""Draws programs at random, with hypothesis.

Every operation is drawn knowing the values of its operands: it is drawn from those that are smooth
and well conditioned there. A step for which nothing fits is left out.
"""

from __future__ import annotations

import functools
import itertools
import random
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

import numpy as np
from hypothesis import strategies as st

from tapecheck.oracles.hyperdual import HyperDual, basis
from tapecheck.programs import domain
from tapecheck.programs.meanings import apply, place_of
from tapecheck.programs.paths import certain_inputs
from tapecheck.programs.program import GRADIENT, Attributes, Operation, Program, Shape, Source
from tapecheck.programs.table import Entry, names

SHAPES: Tuple[Shape, ...] = (
    (2,),
    (),
    (3,),
    (2, 2),
    (2, 3),
    (3, 2),
    (1,),
    (2, 1),
    (1, 3),
    (2, 1, 2),
)

_ELEMENTS = (
    0.5, 1.25, -0.75, 2.0, 0.875, -1.5, 1.625, -0.3125, 0.6875, -1.0625,
    1.4375, 0.1875, -1.8125, 1.0, -0.5625, 1.8125, 0.3125, -1.25, 0.75, -0.1875,
)  # fmt: skip
"""Elements of sources: all different, exact in every format of a few bits, no two far apart."""

_NUMBERS = (2.0, 0.5, -1.5, 3.0, -0.25)
_EXPONENTS = (2, 3, 0.5, -1.0, 1.5)
_EQUATIONS = (
    "i,i->i", "i,j->ij", "ij,jk->ik", "ij,kj->ik", "ij,j->i", "ij,ij->j", "ij,ij->", "ij,ik->kj",
    "bij,bjk->bik", "ij,jk->k", "i,ij->ji",
)  # fmt: skip
_KEEPING = ("unary", "number", "exponent", "bounds", "binary")
"""Families whose result can have the shape of the first operand."""

_BY_ROWS = (*_KEEPING, "along", "choice", "reduction")
"""Families that can work on each row by itself."""

_ORDERS = 2**32
"""Hypothesis prefers the first of a list: so that no operation is, each program has an order."""

_GIVEN_FUNCTIONS = ("branches", "called", "differentiated", "repeated")


def programs(
    words: str = "",
    steps: int = 10,
    sources: int = 3,
    targets: int = 2,
    shapes: Sequence[Shape] = SHAPES,
    rows_apart: bool = False,
    question: str = GRADIENT,
    without: Sequence[str] = (),
) -> st.SearchStrategy[Program]:
    """Programs whose operations need none but some capabilities.

    Args:
        words: the names of these capabilities.
        steps: the most operations.
        sources, targets: the most of each.
        shapes: what a source may have as its shape.
        rows_apart: whether nothing depends on another row, along the first axis, than its own; the
            sources, and so all values, must have two axes or more, and equally many rows.
        question: what a script of the program asks for.
        without: operations that are left out.
    """
    capabilities = frozenset(words.split())

    @st.composite
    def strategy(draw: Callable[..., Any]) -> Program:
        author = _Author(draw, capabilities, rows_apart=rows_apart, without=without)
        program = author.program(steps, sources, targets, shapes)
        return program._replace(question=question)

    return strategy()


@functools.lru_cache(maxsize=None)
def _below(count: int) -> st.SearchStrategy[int]:
    """A place among so many: strategies are slow to make, and hypothesis remembers them."""
    return st.integers(0, count - 1)


@functools.lru_cache(maxsize=None)
def _choices(words: FrozenSet[str], is_body: bool) -> List[Entry]:
    """The operations to choose from; bodies are given no functions of their own."""
    found = [entry for _, entry in names(words)]
    return [one for one in found if not (is_body and one.family in _GIVEN_FUNCTIONS)]


class _Author:
    """A program or body that is being written, and the values of what is written so far."""

    def __init__(
        self,
        draw: Callable[..., Any],
        words: FrozenSet[str],
        values: Sequence[HyperDual] = (),
        order: int = 0,
        is_body: bool = False,
        rows_apart: bool = False,
        without: Sequence[str] = (),
    ) -> None:
        self._draw = draw
        self._words = words
        self._values: List[HyperDual] = list(values)
        self._operations: List[Operation] = []
        self._used = set()  # type: ignore[var-annotated]
        self._is_body = is_body
        self._order = order
        self._rows_apart = rows_apart
        self._without = without

    def program(self, steps: int, sources: int, targets: int, shapes: Sequence[Shape]) -> Program:
        """Draw everything."""
        self._order = self._number(_ORDERS)
        made = self._sources(1 + self._number(sources), self._shuffled(shapes))
        self._values = basis([source.array for source in made], 0)
        self._steps(1 + self._number(steps), self._choices())
        last = len(self._values) - 1
        if not self._operations:
            self._operations.append(Operation("scale", (last,), (("number", _NUMBERS[0]),)))
            last += 1
        chosen = [last]
        for _ in range(self._number(targets)):
            one = last - self._number(len(self._operations))
            if one not in chosen:
                chosen.append(one)
        return Program(tuple(made), tuple(self._operations), tuple(chosen))

    def body(self, shape: Optional[Shape]) -> Optional[Tuple[Operation, ...]]:
        """Operations on the values that are there, whose result depends on the first of them.

        Args:
            shape: what the result must have; None for any.
        """
        choices = self._choices()
        if shape is not None:
            choices = [one for one in choices if one.family in _KEEPING]
        self._steps(1 + self._number(3), choices, shape)
        if not self._operations:
            return None
        inputs = len(self._values) - len(self._operations)
        return tuple(self._operations) if 0 in certain_inputs(self._operations, inputs) else None

    def _choices(self) -> List[Entry]:
        """The operations, in the order of this program."""
        choices = _choices(self._words, self._is_body)
        return self._shuffled([one for one in choices if one.name not in self._without])

    def _shuffled(self, options: Sequence[Any]) -> List[Any]:
        found = list(options)
        if self._order:
            random.Random(self._order).shuffle(found)
        return found

    def _number(self, count: int) -> int:
        """Below `count`."""
        return int(self._draw(_below(count))) if count > 1 else 0

    def _one_of(self, options: Sequence[Any]) -> Any:
        return options[self._number(len(options))]

    def _sources(self, count: int, shapes: Sequence[Shape]) -> List[Source]:
        elements = itertools.cycle(_ELEMENTS)
        for _ in range(self._number(len(_ELEMENTS))):
            next(elements)
        made = []
        for _ in range(count):
            shape = self._one_of(shapes)
            taken = itertools.islice(elements, int(np.prod(shape, dtype=int)))
            is_variable = "variables" in self._words and self._number(3) == 2
            made.append(Source(shape, tuple(taken), is_variable))
        return made

    def _steps(self, count: int, choices: Sequence[Entry], shape: Optional[Shape] = None) -> None:
        for _ in range(count):
            entry = self._one_of(choices)
            operation = _FAMILIES[entry.family](self, entry)
            if operation is None:
                continue
            operands = [self._values[number] for number in operation.operands]
            if not domain.fits(operation, operands):
                continue
            value = apply(operation, operands)
            if self._rows_apart and not _keeps_rows_apart(entry, operation, operands, value):
                continue
            if shape is not None and value.shape != shape:
                continue
            self._used.update(operation.operands)
            self._operations.append(operation)
            self._values.append(value)

    def _operand(self, suits: Callable[[Any], bool] = lambda array: True) -> Optional[int]:
        """The number of a value that suits; the latest is the simplest, then what is unused."""
        found = [
            number
            for number in range(len(self._values) - 1, -1, -1)
            if suits(self._values[number].value)
        ]
        if not found:
            return None
        found.sort(key=lambda number: number in self._used)
        return int(self._one_of(found))

    def _array(self, number: int) -> Any:
        return self._values[number].value

    # Families: each draws an operation, or None where there are no operands for it

    def _unary(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: domain.is_in_domain(entry.name, array))
        return None if x is None else Operation(entry.name, (x,))

    def _with_number(self, entry: Entry) -> Optional[Operation]:
        x = self._operand()
        assert x is not None
        return Operation(entry.name, (x,), (("number", self._one_of(_NUMBERS)),))

    def _with_exponent(self, entry: Entry) -> Optional[Operation]:
        exponent = self._one_of(_EXPONENTS)
        natural = exponent in (2, 3)
        x = self._operand(lambda array: natural or array.min() >= 0.2)
        return None if x is None else Operation(entry.name, (x,), (("number", exponent),))

    def _with_bounds(self, entry: Entry) -> Optional[Operation]:
        x = self._operand()
        assert x is not None
        return Operation(entry.name, (x,), (("low", -1.0), ("high", self._one_of((1.1, 0.6)))))

    def _binary(self, entry: Entry) -> Optional[Operation]:
        x = self._operand()
        assert x is not None
        shape = self._array(x).shape
        y = self._operand(lambda array: _can_be_broadcast(shape, array.shape))
        return None if y is None else Operation(entry.name, (x, y))

    def _choice(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        shape = self._array(x).shape
        y = self._operand(lambda array: array.shape == shape)
        assert y is not None
        bits = self._number(2 ** min(shape[-1], 4))
        row = tuple(bool(bits >> place & 1) for place in range(shape[-1]))
        return Operation(entry.name, (x, y), (("mask", row),))

    def _reduction(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        rank = self._array(x).ndim
        most = 1 if entry.options.get("single") else rank
        sets = [one for k in range(1, most + 1) for one in itertools.combinations(range(rank), k)]
        attributes = (("axes", self._one_of(sets)), ("keep", bool(self._number(2))))
        return Operation(entry.name, (x,), attributes)

    def _along(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        return Operation(entry.name, (x,), (("axis", self._number(self._array(x).ndim)),))

    def _contraction(self, entry: Entry) -> Optional[Operation]:
        is_product = entry.name == "matmul"
        equation = self._one_of(("ij,jk->ik", "bij,bjk->bik") if is_product else _EQUATIONS)
        left, right = equation.split("->")[0].split(",")
        x = self._operand(lambda array: array.ndim == len(left))
        if x is None:
            return None
        sizes = dict(zip(left, self._array(x).shape))
        y = self._operand(
            lambda array: (
                array.ndim == len(right)
                and all(sizes.get(letter, n) == n for letter, n in zip(right, array.shape))
            )
        )
        if y is None:
            return None
        attributes = () if is_product else (("equation", equation),)
        return Operation(entry.name, (x, y), attributes)

    def _index(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        shape = self._array(x).shape
        forms = ["0", "..., -1", "1:", "::2", "..., None", "..., :1"]
        if len(shape) > 1:
            forms += ["0, 0", ":, -1", "-1, ..., None", "None, :, 0"]
        form = self._one_of([one for one in forms if _result_has_elements(self._array(x), one)])
        return Operation(entry.name, (x,), (("index", form),))

    def _gather(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        shape = self._array(x).shape
        axis = self._number(len(shape))
        count = 1 + self._number(3)
        places = tuple(self._number(shape[axis]) for _ in range(count))
        return Operation(entry.name, (x,), (("places", places), ("axis", axis)))

    def _segments(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        places = tuple(self._number(3) for _ in range(self._array(x).shape[0]))
        return Operation(entry.name, (x,), (("places", places),))

    def _reshape(self, entry: Entry) -> Optional[Operation]:
        x = self._operand()
        assert x is not None
        shape, size = self._array(x).shape, self._array(x).size
        shapes = [(size,), (1, size), (size, 1), shape[::-1], (*shape, 1), (1, *shape)]
        shapes += [(n, size // n) for n in (2, 3) if size % n == 0]
        if size == 1:
            shapes.append(())
        return Operation(entry.name, (x,), (("shape", self._one_of(shapes)),))

    def _transpose(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 1)
        if x is None:
            return None
        orders = list(itertools.permutations(range(self._array(x).ndim)))[::-1]
        return Operation(entry.name, (x,), (("axes", self._one_of(orders)),))

    def _broadcast(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim < domain.MOST_AXES)
        if x is None:
            return None
        shape = self._array(x).shape
        wider = tuple(2 if n == 1 else n for n in shape)
        shapes = [(2, *shape), wider, (3, *wider)]
        return Operation(entry.name, (x,), (("shape", self._one_of(shapes)),))

    def _tile(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        repeats = tuple(1 + self._number(2) for _ in self._array(x).shape)
        return Operation(entry.name, (x,), (("repeats", repeats),))

    def _pad(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        paddings = tuple((self._number(2), self._number(2)) for _ in self._array(x).shape)
        return Operation(entry.name, (x,), (("paddings", paddings),))

    def _roll(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        axis = self._number(self._array(x).ndim)
        return Operation(entry.name, (x,), (("shift", 1 - 2 * self._number(2)), ("axis", axis)))

    def _concat(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim > 0)
        if x is None:
            return None
        shape = self._array(x).shape
        axis = self._number(len(shape))
        rest = shape[:axis] + shape[axis + 1 :]
        y = self._operand(
            lambda array: (
                array.ndim == len(shape) and array.shape[:axis] + array.shape[axis + 1 :] == rest
            )
        )
        assert y is not None
        return Operation(entry.name, (x, y), (("axis", axis),))

    def _stack(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.ndim < domain.MOST_AXES)
        if x is None:
            return None
        shape = self._array(x).shape
        y = self._operand(lambda array: array.shape == shape)
        assert y is not None
        return Operation(entry.name, (x, y), (("axis", self._number(len(shape) + 1)),))

    def _split(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: any(n % 2 == 0 for n in array.shape))
        if x is None:
            return None
        axes = [axis for axis, n in enumerate(self._array(x).shape) if n % 2 == 0]
        attributes = (("axis", self._one_of(axes)), ("part", self._number(2)))
        return Operation(entry.name, (x,), attributes)

    def _matrix(self, entry: Entry) -> Optional[Operation]:
        square = (2, 2) if entry.options.get("regular") else None
        x = self._operand(
            lambda array: (
                array.ndim == 2
                and (array.shape == square if square else array.shape[0] == array.shape[1])
            )
        )
        return None if x is None else Operation(entry.name, (x,))

    def _system(self, entry: Entry) -> Optional[Operation]:
        x = self._operand(lambda array: array.shape == (2, 2))
        if x is None:
            return None
        y = self._operand(lambda array: array.ndim == 2 and array.shape[0] == 2)
        assert y is not None
        return Operation(entry.name, (x, y))

    def _with_bodies(self, entry: Entry) -> Optional[Operation]:
        first = self._operand()
        assert first is not None
        others = [self._operand() for _ in range(self._number(2))]
        operands = (first, *(one for one in others if one is not None and one != first))
        shape = self._array(first).shape
        keeps = entry.family in ("branches", "repeated")
        bodies = []
        for _ in range(2 if entry.family == "branches" else 1):
            values = [self._values[number] for number in operands]
            author = _Author(
                self._draw, self._words, values, self._order, True, without=self._without
            )
            made = author.body(shape if keeps else None)
            if made is None:
                return None
            bodies.append(made)
        attributes: Attributes = ()
        if entry.family == "repeated":
            attributes = (("times", 1 + self._number(3)),)
        elif entry.family == "branches":
            total = float(self._array(first).sum())
            away = 1.0 if self._number(2) else -1.0
            attributes = (("threshold", round(total + away, 1)),)
        return Operation(entry.name, operands, attributes, tuple(bodies))


def _keeps_rows_apart(
    entry: Entry, operation: Operation, operands: Sequence[HyperDual], value: HyperDual
) -> bool:
    """Whether the operation works on each row, along the first axis, by itself."""
    attributes = dict(operation.attributes)
    along = attributes.get("axes", (attributes.get("axis", 1),))
    return (
        entry.family in _BY_ROWS
        and 0 not in along
        and len({len(operand.shape) for operand in operands}) == 1
        and len(value.shape) > 1
    )


def _can_be_broadcast(one: Shape, other: Shape) -> bool:
    pairs = itertools.zip_longest(reversed(one), reversed(other), fillvalue=1)
    return all(1 in pair or pair[0] == pair[1] for pair in pairs)


def _result_has_elements(array: Any, index: str) -> bool:
    return bool(array[place_of(index)].size)


_FAMILIES: Dict[str, Callable[[_Author, Entry], Optional[Operation]]] = {
    "along": _Author._along,
    "binary": _Author._binary,
    "bounds": _Author._with_bounds,
    "branches": _Author._with_bodies,
    "broadcast": _Author._broadcast,
    "called": _Author._with_bodies,
    "choice": _Author._choice,
    "concat": _Author._concat,
    "contraction": _Author._contraction,
    "differentiated": _Author._with_bodies,
    "exponent": _Author._with_exponent,
    "gather": _Author._gather,
    "index": _Author._index,
    "matrix": _Author._matrix,
    "number": _Author._with_number,
    "pad": _Author._pad,
    "reduction": _Author._reduction,
    "repeated": _Author._with_bodies,
    "reshape": _Author._reshape,
    "roll": _Author._roll,
    "segments": _Author._segments,
    "split": _Author._split,
    "stack": _Author._stack,
    "system": _Author._system,
    "tile": _Author._tile,
    "transpose": _Author._transpose,
    "unary": _Author._unary,
}
