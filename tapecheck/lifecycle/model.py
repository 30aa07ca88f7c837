"""What a tape must answer: a model of tapes that computes every answer in its own way.

A tape is modelled by what its records mean, not by records: for every tensor that it follows, the
derivatives by all tensors that it follows and that lead there. They are carried forwards whenever a
tensor is computed (see `expression`), so that a question is answered by looking them up. A gradient
is a tensor like any other: a formula of the tensors that it was computed from, which the tapes that
are active while it is computed follow in turn. Derivatives of any order need no further rule.
"""

from __future__ import annotations

import enum
import functools
import operator
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Set

import numpy as np

from tapecheck.lifecycle.expression import (
    Expression,
    Leaf,
    derivative,
    number,
    tensors_in,
    total,
)


class Value(NamedTuple):
    """A tensor.

    Attributes:
        name: how the script calls it.
        elements: its elements, an array of leaves.
        made_of: the names of the tensors in whose terms it was computed.
        thread: the thread that computed it.
        is_answer: whether a tape gave it.
    """

    name: str
    elements: np.ndarray
    made_of: FrozenSet[str]
    thread: int
    is_answer: bool

    @property
    def shape(self) -> Any:
        return self.elements.shape


class Variable:
    """A variable: a name, whether it is trainable, and its present content."""

    def __init__(self, name: str, content: np.ndarray, trainable: bool) -> None:
        self.name = name
        self.content = content
        self.trainable = trainable
        self.reads = 0

    @property
    def shape(self) -> Any:
        return self.content.shape

    def assign(self, elements: np.ndarray) -> None:
        """Replace the content by the values of formulas; nothing of how they came about stays."""
        for index in np.ndindex(*self.shape):
            term: Any = elements[index]
            self.content[index] = Expression(term.value, term.magnitude)


class State(enum.Enum):
    """Where in its life a tape is."""

    NEW = "never entered"
    RECORDING = "inside its block"
    PAUSED = "paused inside its block"
    LEFT = "outside its block"
    USED = "used up"


class Tape:
    """A tape, as far as its answers go.

    Attributes:
        dependence: for each tensor and variable that the tape follows, by name, and each source
            that leads there, by name, the derivatives: an array of shape (size of the tensor, size
            of the source) of formulas, None where an element does not depend on another.
        variables: the watched variables, by name.
        perhaps: variables that something else than reading touched while the tape recorded, such
            as an assignment, and which it may watch or not.
        loose: operands of recorded operations that the tape did not follow itself.
        keeps: tensors that the records may need.
        is_spent: whether it gave its one answer while it was paused.
    """

    def __init__(self, name: str, persistent: bool, watches: bool, thread: int) -> None:
        self.name = name
        self.persistent = persistent
        self.watches_variables = watches
        self.thread = thread
        self.state = State.NEW
        self.forget()

    def forget(self) -> None:
        """Lose all that was recorded and watched."""
        self.is_spent = False
        self.dependence: Dict[str, Dict[str, np.ndarray]] = {}
        self.variables: Set[str] = set()
        self.perhaps: Set[str] = set()
        self.loose: Set[str] = set()
        self.keeps: Set[str] = set()

    def enter(self) -> None:
        """Record; a tape that was used up starts anew."""
        if self.state is State.USED:
            self.forget()
        self.state = State.RECORDING

    def resume(self) -> None:
        """Record again after a pause; a tape that gave its answer meanwhile starts anew."""
        if self.is_spent:
            self.forget()
        self.state = State.RECORDING

    def leave(self) -> None:
        """End a block; a tape that gave its answer inside stays used up."""
        if self.state is State.RECORDING:
            self.state = State.LEFT

    def use_up(self) -> None:
        """Give the one answer of a tape that is not persistent; the list of variables stays."""
        if self.state is State.PAUSED:
            self.is_spent = True
        else:
            self.state = State.USED
        self.dependence, self.loose, self.keeps = {}, set(), set()

    def watch(self, name: str, size: int) -> None:
        """Follow a tensor or variable from here on."""
        self.dependence.setdefault(name, {name: _identity(size)})

    def connects(self, target: str, source: str) -> bool:
        """Whether a path leads from the source to the target."""
        return source in self.dependence.get(target, {})


class Model:
    """Tapes, and the tensors that are computed while they are alive."""

    def __init__(self) -> None:
        self.tapes: List[Tape] = []

    def active(self, thread: int) -> List[Tape]:
        """The tapes that record what a thread computes."""
        return [
            tape for tape in self.tapes if tape.state is State.RECORDING and tape.thread == thread
        ]

    def define(
        self, name: str, formulas: np.ndarray, thread: int, is_answer: bool = False
    ) -> Value:
        """A tensor, computed from others by formulas, one for each of its elements."""
        flat = list(formulas.flat)
        leaves = [Leaf(name, place, one.value, one.magnitude) for place, one in enumerate(flat)]
        made_of = tensors_in(flat)
        for tape in self.active(thread):
            self._follow(tape, name, flat, made_of)
        elements = np.empty(formulas.shape, dtype=object)
        for place, index in enumerate(np.ndindex(*formulas.shape)):
            elements[index] = leaves[place]
        return Value(name, elements, frozenset(made_of), thread, is_answer)

    def read(self, variable: Variable, thread: int) -> Value:
        """The content of a variable, as a tensor of its own."""
        for tape in self.active(thread):
            if variable.trainable and tape.watches_variables:
                tape.watch(variable.name, variable.content.size)
                tape.variables.add(variable.name)
        variable.reads += 1
        leaves = np.empty(variable.shape, dtype=object)
        for place, index in enumerate(np.ndindex(*variable.shape)):
            term: Any = variable.content[index]
            leaves[index] = Leaf(variable.name, place, term.value, term.magnitude)
        return self.define("{}, read {}".format(variable.name, variable.reads), leaves, thread)

    def _follow(
        self, tape: Tape, name: str, formulas: Sequence[Expression], made_of: Set[str]
    ) -> None:
        followed = sorted(made_of & set(tape.dependence))
        if not followed:
            return
        tape.loose |= made_of - set(followed)
        tape.keeps |= made_of | {name}
        sources = dict.fromkeys(one for operand in followed for one in tape.dependence[operand])
        found = {source: self._carried(tape, formulas, source) for source in sources}
        found[name] = _identity(len(formulas))
        tape.dependence[name] = found

    def _carried(self, tape: Tape, formulas: Sequence[Expression], source: str) -> np.ndarray:
        """The derivatives of formulas by a source, by way of the tensors that stand in them."""
        width = len(tape.dependence[source][source])
        found = np.empty((len(formulas), width), dtype=object)
        for column in range(width):

            def of_leaf(leaf: Leaf, column: int = column) -> Optional[Expression]:
                by_source = tape.dependence.get(leaf.tensor, {}).get(source)
                formula: Optional[Expression] = (
                    None if by_source is None else by_source[leaf.index, column]
                )
                return formula

            known: Dict[int, Optional[Expression]] = {}
            for row, formula in enumerate(formulas):
                found[row, column] = derivative(formula, of_leaf, known)
        return found

    # Answers: formulas for the elements of a gradient or jacobian, None where nothing leads from
    # the source to the target

    def gradient(
        self,
        tape: Tape,
        targets: Sequence[Value],
        weights: Optional[Sequence[Value]],
        source: str,
        shape: Any,
    ) -> Optional[np.ndarray]:
        """The derivatives of the weighted sum of all elements of the targets."""
        if not any(tape.connects(target.name, source) for target in targets):
            return None
        result = np.empty(shape, dtype=object)
        for column, index in enumerate(np.ndindex(*shape)):
            terms = []
            for place, target in enumerate(targets):
                if not tape.connects(target.name, source):
                    continue
                rows = tape.dependence[target.name][source]
                for row in range(target.elements.size):
                    term = rows[row, column]
                    if term is not None:
                        seed = weights[place].elements.flat[row] if weights else None
                        terms.append(term if seed is None else seed * term)
            result[index] = total(terms) or number(0.0)
        return result

    def jacobian(self, tape: Tape, target: Value, source: str, shape: Any) -> Optional[np.ndarray]:
        """The derivatives of each element of the target by each of the source."""
        if not tape.connects(target.name, source):
            return None
        rows = tape.dependence[target.name][source]
        result = np.empty(rows.shape, dtype=object)
        for index in np.ndindex(*rows.shape):
            result[index] = rows[index] or number(0.0)
        return result.reshape(target.shape + tuple(shape))

    def batch_jacobian(
        self, tape: Tape, target: Value, source: str, shape: Any
    ) -> Optional[np.ndarray]:
        """For each example the derivatives of all targets of one place, added up over the batch."""
        full = self.jacobian(tape, target, source, shape)
        if full is None:
            return None
        added = functools.reduce(operator.add, full)
        result: np.ndarray = np.moveaxis(added, len(target.shape) - 1, 0)
        return result


def _identity(size: int) -> np.ndarray:
    found = np.empty((size, size), dtype=object)
    for place in range(size):
        found[place, place] = number(1.0)
    return found


def leaves(name: str, numbers: np.ndarray) -> np.ndarray:
    """The elements of a constant."""
    found = np.empty(numbers.shape, dtype=object)
    for place, index in enumerate(np.ndindex(*numbers.shape)):
        found[index] = Leaf(name, place, float(numbers[index]), abs(float(numbers[index])))
    return found
