"""A script that is being written: its lines so far, and what is known of them.

Whoever writes a step reads here what there is, writes a line, and tells the model what it means.
"""

from __future__ import annotations

import itertools
from typing import Any, Callable, Dict, FrozenSet, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from tapecheck.lifecycle.author.draw import Draw
from tapecheck.lifecycle.model import Model, Tape, Value, Variable
from tapecheck.lifecycle.script import Asked, Refusal, Script

THREADS = 2
"""How many threads take turns where scripts have several."""

_NUMBERS = (1.5, -0.5, 2.0, 0.75, -1.25, 0.25, -1.75, 1.25, -0.75, 1.75, 0.5, -2.0, -1.5)
"""Elements of sources: all different, and few digits, so that products are exact."""

_INDENT = "    "

Operand = Union[Value, Variable]


class Block(NamedTuple):
    """A block that is open: of a tape, a pause, or what catches an exception.

    Attributes:
        kind: "tape", "pause" or "guard".
        tape: whose block or pause it is; None for a guard.
        line: what opens it.
    """

    kind: str
    tape: Optional[Tape]
    line: str


class Draft:
    """A script that is being written, and what the model knows of it so far.

    Attributes:
        draw: what decides how it goes on.
        model: what its steps mean, of all tapes that are not deleted.
        setup: lines that make constants and variables.
        parameters: the names of the constants.
        body: the lines of the program.
        asked: its questions, in their order.
        blocks: the blocks that are open, the innermost last.
        values: the tensors that are not deleted.
        variables: the variables.
        tapes: the tapes that are not deleted.
        entered_by_call: the names of tapes whose block began with a call, until it ends.
        paused_by_call: the names of pauses that began with a call, by the names of their tapes.
        deleted: references to deleted tensors, each with the name of its tensor.
        thread: the thread whose turn it is.
    """

    def __init__(self, draw: Callable[..., Any], alphabet: FrozenSet[str]) -> None:
        self.draw = Draw(draw)
        self.model = Model()
        self.setup: List[str] = []
        self.parameters: List[str] = []
        self.body: List[str] = []
        self.asked: List[Asked] = []
        self.blocks: List[Block] = []
        self.values: List[Value] = []
        self.variables: List[Variable] = []
        self.tapes: List[Tape] = []
        self.entered_by_call: List[str] = []
        self.paused_by_call: Dict[str, str] = {}
        self.deleted: List[Tuple[str, str]] = []
        self.thread = 0
        self._alphabet = alphabet
        self._counts: Dict[str, int] = {}
        self._numbers_left = itertools.cycle(_NUMBERS)

    def allows(self, word: str) -> bool:
        """Whether a word is among those that the script may be made of."""
        return word in self._alphabet

    def script(self) -> Script:
        """What is written."""
        parameters = [] if self.allows("captured") else self.parameters
        return Script(self.setup, parameters, self.body, self.asked)

    # Writing

    def new(self, kind: str) -> str:
        """A name that is not taken: one letter or word for each kind of object, and a number."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return "{}{}".format(kind, self._counts[kind])

    def numbers(self, shape: Tuple[int, ...]) -> np.ndarray:
        """An array of this shape of the next numbers."""
        size = int(np.prod(shape, dtype=int))
        numbers = [next(self._numbers_left) for _ in range(size)]
        return np.array(numbers).reshape(shape)

    def write(self, line: str) -> None:
        """Add a line to the innermost block."""
        self.body.append(_INDENT * len(self.blocks) + line)

    def call(self, call: str) -> str:
        """A call as it is written in the thread whose turn it is."""
        if self.allows("threads"):
            return "in_thread({}, lambda: {})".format(self.thread, call)
        return call

    def expect(self, expected: Any, is_tensor: bool = False, name: Optional[str] = None) -> str:
        """The name of what the next line is to tell: a new one where none is given."""
        name = name or self.new("a")
        self.asked.append(Asked(name, len(self.body), expected, is_tensor))
        return name

    def ask(
        self, call: str, expected: Any, is_tensor: bool = False, name: Optional[str] = None
    ) -> None:
        """Write a line that asks, and what must come."""
        self.write("{} = {}".format(self.expect(expected, is_tensor, name), self.call(call)))

    def ask_refusal(self, call: str, *classes: type) -> None:
        """Write a line that asks what a function raises, which must be of one of the classes."""
        self.ask("refusal({})".format(call), Refusal(classes))

    # What there is

    def own_tapes(self) -> List[Tape]:
        """The tapes of the thread whose turn it is."""
        return [tape for tape in self.tapes if tape.thread == self.thread]

    def active_tapes(self) -> List[Tape]:
        """The tapes that record what the thread computes whose turn it is."""
        return self.model.active(self.thread)

    def own_values(self) -> List[Value]:
        """The tensors that the thread may use whose turn it is."""
        if self.allows("observed"):
            return self.values
        return [value for value in self.values if value.thread in (-1, self.thread)]

    def results(self) -> List[Value]:
        """Those of them that the program computed."""
        return [value for value in self.own_values() if value.thread >= 0]

    def operands(self) -> List[Operand]:
        """What can be computed with."""
        return [*self.own_values(), *self.variables]

    def is_outside(self, tape: Tape) -> bool:
        """Whether no block of the tape is open; one that is used up may still be inside."""
        inside = [block.tape for block in self.blocks if block.kind == "tape"]
        return tape not in inside and tape.name not in self.entered_by_call

    # What a step means

    def define(self, name: str, formulas: np.ndarray, is_answer: bool = False) -> Value:
        """A tensor that the thread computes whose turn it is."""
        return self.model.define(name, formulas, self.thread, is_answer)

    def elements(self, operand: Operand) -> np.ndarray:
        """The elements of an operand that is about to be used; a variable is read for it."""
        if isinstance(operand, Variable):
            return self.model.read(operand, self.thread).elements
        return operand.elements

    def perhaps_read(self, variable: Variable) -> None:
        """To assign to a variable, or to make zeros of its shape, some read it and some do not."""
        for tape in self.active_tapes():
            tape.perhaps.add(variable.name)
