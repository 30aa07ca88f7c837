"""Programs as data: a straight line of operations, from sources to targets."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

import numpy as np

Shape = Tuple[int, ...]
Attributes = Tuple[Tuple[str, Any], ...]


GRADIENT = "gradient"
VALUE = "value"
QUESTIONS = (
    VALUE,
    GRADIENT,
    "jacobian",
    "hessian",
    "tangent",
    "curvature",
    "forward over reverse",
    "reverse over forward",
)
"""What can be asked of a program: its targets; the gradient of the sum of all targets; the jacobian
of the first; the product of the Hessian of that sum with a direction; its derivative along that
direction by forward mode; its second derivative by forward mode twice; and the product with the
Hessian by forward mode over a tape, and by a tape over forward mode."""


class Source(NamedTuple):
    """What is differentiated by.

    Attributes:
        shape: of the tensor.
        elements: its elements, row by row.
        is_variable: whether it is a variable rather than a tensor that is watched.
    """

    shape: Shape
    elements: Tuple[float, ...]
    is_variable: bool = False

    @property
    def array(self) -> Any:
        """The elements as float64."""
        return np.array(self.elements, dtype=np.float64).reshape(self.shape)


class Operation(NamedTuple):
    """One step.

    Attributes:
        name: in the table of operations.
        operands: the numbers of values: the sources, or inputs of a body, count first.
        attributes: pairs of names and values, made of numbers, words and tuples.
        bodies: functions that it is given, as lists of operations: their inputs are the operands,
            their result is their last value.
    """

    name: str
    operands: Tuple[int, ...]
    attributes: Attributes = ()
    bodies: Tuple[Tuple[Operation, ...], ...] = ()  # type: ignore[misc]

    def get(self, name: str) -> Any:
        """An attribute by name."""
        return dict(self.attributes)[name]


class Program(NamedTuple):
    """A computation.

    Attributes:
        sources: what it is computed from.
        operations: in the order in which they run.
        targets: the numbers of the values that it returns.
        question: what a script of it asks for; one of `QUESTIONS`.
    """

    sources: Tuple[Source, ...]
    operations: Tuple[Operation, ...]
    targets: Tuple[int, ...]
    question: str = GRADIENT

    def __repr__(self) -> str:
        """The program in TensorFlow's words, as a script."""
        from tapecheck.programs.spelling import script

        return "\n" + script(self, "tensorflow") + "\n"

    def needed(self, targets: Iterable[int]) -> Set[int]:
        """The numbers of all values that some values depend on, these included."""
        count = len(self.sources)
        found = set(targets)
        for number in range(count + len(self.operations) - 1, count - 1, -1):
            if number in found:
                found.update(self.operations[number - count].operands)
        return found

    def takes_a_value_twice(self) -> bool:
        """Whether an operation has one value as two of its operands."""
        return any(
            len(set(one.operands)) < len(one.operands) for one in every_operation(self.operations)
        )

    def reordered(self, preference: Sequence[int]) -> Program:
        """The same program with its operations in another order.

        Args:
            preference: a number for each operation; of those whose operands are there, the one
                with the smallest runs next.
        """
        count = len(self.sources)
        place = {number: number for number in range(count)}
        waiting = list(range(len(self.operations)))
        operations: List[Operation] = []
        while waiting:
            ready = [
                one for one in waiting if all(o in place for o in self.operations[one].operands)
            ]
            chosen = min(ready, key=lambda one: (preference[one], one))
            waiting.remove(chosen)
            place[count + chosen] = count + len(operations)
            operation = self.operations[chosen]
            moved = tuple(place[operand] for operand in operation.operands)
            operations.append(operation._replace(operands=moved))
        targets = tuple(place[target] for target in self.targets)
        return self._replace(operations=tuple(operations), targets=targets)

    def without_dead_operations(self) -> Program:
        """The same program without the operations that no target depends on."""
        count, needed = len(self.sources), self.needed(self.targets)
        place = {number: number for number in range(count)}
        kept: List[Operation] = []
        for number, operation in enumerate(self.operations, count):
            if number in needed:
                place[number] = count + len(kept)
                moved = tuple(place[operand] for operand in operation.operands)
                kept.append(operation._replace(operands=moved))
        targets = tuple(place[target] for target in self.targets)
        return self._replace(operations=tuple(kept), targets=targets)

    def to_json(self) -> str:
        """A text from which `from_json` makes the same program."""
        return json.dumps(
            {
                "sources": [one._asdict() for one in self.sources],
                "operations": [_written(one) for one in self.operations],
                "targets": self.targets,
                "question": self.question,
            },
            indent=1,
        )

    def capabilities(self) -> Set[str]:
        """What a namespace needs to run it."""
        from tapecheck.programs.table import load_table

        found = {"variables"} if any(one.is_variable for one in self.sources) else set()
        for operation in every_operation(self.operations):
            found |= load_table()[operation.name].needs
        return found


def from_json(text: str) -> Program:
    """The program that a text of `Program.to_json` stands for.

    Raises:
        ValueError: it is no such text.
    """
    try:
        found = json.loads(text)
        sources = [
            Source(tuple(one["shape"]), tuple(one["elements"]), one["is_variable"])
            for one in found["sources"]
        ]
        operations = tuple(_read(one) for one in found["operations"])
        targets, question = tuple(found["targets"]), found["question"]
        return Program(tuple(sources), operations, targets, question)
    except (KeyError, TypeError) as error:
        raise ValueError("not a program: {!r}".format(error)) from error


def every_operation(operations: Iterable[Operation]) -> Iterable[Operation]:
    """All of them, those of bodies included."""
    for operation in operations:
        yield operation
        for body in operation.bodies:
            yield from every_operation(body)


def _written(operation: Operation) -> Dict[str, Any]:
    found: Dict[str, Any] = {"name": operation.name, "operands": operation.operands}
    if operation.attributes:
        found["attributes"] = dict(operation.attributes)
    if operation.bodies:
        found["bodies"] = [[_written(one) for one in body] for body in operation.bodies]
    return found


def _read(found: Dict[str, Any]) -> Operation:
    attributes = tuple(
        (name, _frozen(value)) for name, value in found.get("attributes", {}).items()
    )
    bodies = tuple(tuple(_read(one) for one in body) for body in found.get("bodies", ()))
    return Operation(found["name"], tuple(found["operands"]), attributes, bodies)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
