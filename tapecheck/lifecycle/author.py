"""Writes scripts at random: step by step, asking the model what each step means."""

from __future__ import annotations

import functools
import itertools
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple, Union

import numpy as np
from hypothesis import strategies as st

from tapecheck.lifecycle import expression
from tapecheck.lifecycle.expression import Expression, number
from tapecheck.lifecycle.model import Model, State, Tape, Value, Variable, leaves
from tapecheck.lifecycle.script import (
    Asked,
    Container,
    Nothing,
    Number,
    Refusal,
    Script,
    Variables,
    Word,
)

WORDS = {
    "arrays": "tensors with axes",
    "batch_jacobian": "batch jacobians",
    "captured": "constants that the program finds, instead of being given",
    "elementary": "sines and cosines",
    "exceptions": "blocks that exceptions leave, operations that fail",
    "inside": "questions inside the block of the tape that is asked",
    "jacobian": "jacobians",
    "late": "watching what recorded operations have used before",
    "looped": "jacobians that are computed row by row",
    "memory": "deletion of tensors and tapes, and what is released then",
    "misuse": "what is refused, beside a second answer",
    "nested": "several tapes at once",
    "observed": "what nobody promises: used tapes that are entered again, answers "
    "of other than persistent tapes in a pause, tensors of other threads",
    "output_gradients": "cotangents given by the caller",
    "overlap": "blocks and pauses that do not end in the reverse order of their beginning",
    "persistent": "persistent tapes",
    "reset": "reset",
    "stop_recording": "pauses",
    "struct": "sources in dicts",
    "threads": "tapes in several threads that take turns",
    "unconnected_zero": "zeros instead of None",
    "variables": "variables",
}
"""What scripts may be made of."""

_NUMBERS = (1.5, -0.5, 2.0, 0.75, -1.25, 0.25, -1.75, 1.25, -0.75, 1.75, 0.5, -2.0, -1.5)
"""Elements of sources: all different, and few digits, so that products are exact."""

_LARGEST = 40.0
_MOST_ELEMENTS = 8
_MOST_DERIVATIVES = 36
_THREADS = 2

Operand = Union[Value, Variable]
Move = Callable[[], None]


class _Block:
    """A block that is open: of a tape, a pause, or what catches an exception."""

    def __init__(self, kind: str, tape: Optional[Tape] = None, text: str = "") -> None:
        self.kind = kind
        self.tape = tape
        self.text = text


def scripts(words: str, steps: int = 20) -> st.SearchStrategy[Script]:
    """Scripts that are made of what some of the `WORDS` allow, with at most so many steps.

    Raises:
        ValueError: for a word that is unknown.
    """
    alphabet = frozenset(words.split())
    if not alphabet <= set(WORDS):
        raise ValueError("unknown: " + ", ".join(sorted(alphabet - set(WORDS))))

    @st.composite
    def strategy(draw: Callable[..., Any]) -> Script:
        return _Author(draw, alphabet).script(steps)

    return strategy()


@functools.lru_cache(maxsize=None)
def _below(count: int) -> st.SearchStrategy[int]:
    """A place among so many: strategies are slow to make, and hypothesis remembers them."""
    return st.integers(0, count - 1)


class _Author:
    """A script that is being written, and what the model knows of it so far."""

    def __init__(self, draw: Callable[..., Any], alphabet: FrozenSet[str]) -> None:
        self._draw = draw
        self._alphabet = alphabet
        self._model = Model()
        self._setup: List[str] = []
        self._parameters: List[str] = []
        self._body: List[str] = []
        self._asked: List[Asked] = []
        self._blocks: List[_Block] = []
        self._values: List[Value] = []
        self._variables: List[Variable] = []
        self._tapes: List[Tape] = []
        self._pauses: Dict[str, str] = {}
        self._loose: List[str] = []
        self._deleted: List[Tuple[str, str]] = []
        self._counts: Dict[str, int] = {}
        self._numbers_left = itertools.cycle(_NUMBERS)
        self._thread = 0

    def script(self, steps: int) -> Script:
        """Draw everything."""
        self._make_sources()
        for _ in range(steps):
            if self._allows("threads"):
                self._thread = self._one_of(range(_THREADS))
            self._one_of(self._moves())()
        for thread in range(_THREADS if self._allows("threads") else 1):
            self._thread = thread
            self._close_all()
            for tape in list(self._own_tapes()):
                if self._answers(tape) and self._targets(tape):
                    self._ask_any(tape)
        if self._allows("memory"):
            self._let_go()
        parameters = [] if self._allows("captured") else self._parameters
        return Script(self._setup, parameters, self._body, self._asked)

    # Drawing and writing

    def _allows(self, word: str) -> bool:
        return word in self._alphabet

    def _one_of(self, options: Sequence[Any]) -> Any:
        return options[self._draw(_below(len(options)))] if len(options) > 1 else options[0]

    def _perhaps(self) -> bool:
        return bool(self._draw(_below(2)))

    def _prefer(self, options: Sequence[Any], is_preferred: Callable[[Any], bool]) -> Any:
        """Mostly one of the preferred options: what no tape follows has a dull life."""
        preferred = [option for option in options if is_preferred(option)]
        if preferred and self._draw(_below(4)) < 3:
            return self._one_of(preferred)
        return self._one_of(options)

    def _new(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return "{}{}".format(kind, self._counts[kind])

    def _write(self, line: str) -> None:
        self._body.append("    " * len(self._blocks) + line)

    def _call(self, call: str) -> str:
        """A call as it is written in the thread whose turn it is."""
        if self._allows("threads"):
            return "in_thread({}, lambda: {})".format(self._thread, call)
        return call

    def _expect(self, expected: Any, is_tensor: bool = False) -> str:
        """The name of what the next line is to tell."""
        name = self._new("a")
        self._asked.append(Asked(name, len(self._body), expected, is_tensor))
        return name

    def _ask(self, call: str, expected: Any, is_tensor: bool = False) -> None:
        self._write("{} = {}".format(self._expect(expected, is_tensor), self._call(call)))

    def _ask_refusal(self, call: str, *classes: type) -> None:
        self._ask("refusal({})".format(call), Refusal(classes))

    # What there is

    def _make_sources(self) -> None:
        shapes: List[Tuple[int, ...]] = [()]
        if self._allows("batch_jacobian"):
            shapes = [(2, 3), (2, 1), ()]
        elif self._allows("arrays"):
            shapes = [(), (2,)]
        for place in range(2):
            shape = shapes[0] if place == 0 else self._one_of(shapes)
            numbers = self._numbers(shape)
            name = self._new("x")
            self._setup.append("{} = tf.constant({})".format(name, numbers.tolist()))
            self._parameters.append(name)
            self._values.append(Value(name, leaves(name, numbers), frozenset(), -1, False))
        for place in range(3 if self._allows("variables") else 0):
            numbers = self._numbers(self._one_of(shapes))
            trainable = place < 2 or self._perhaps()
            name = self._new("v")
            option = "" if trainable else ", trainable=False"
            self._setup.append("{} = tf.Variable({}{})".format(name, numbers.tolist(), option))
            content = np.empty(numbers.shape, dtype=object)
            for index in np.ndindex(*numbers.shape):
                content[index] = number(float(numbers[index]))
            self._variables.append(Variable(name, content, trainable))

    def _numbers(self, shape: Tuple[int, ...]) -> np.ndarray:
        size = int(np.prod(shape, dtype=int))
        numbers = [next(self._numbers_left) for _ in range(size)]
        return np.array(numbers).reshape(shape)

    def _own_tapes(self) -> List[Tape]:
        return [tape for tape in self._tapes if tape.thread == self._thread]

    def _own_values(self) -> List[Value]:
        if self._allows("observed"):
            return self._values
        return [value for value in self._values if value.thread in (-1, self._thread)]

    def _moves(self) -> List[Move]:
        """What can be done next; what is likely stands there several times."""
        moves: List[Move] = [self._rest]
        alive = [tape for tape in self._own_tapes() if tape.state is not State.USED]
        if len(alive) < (3 if self._allows("nested") else 1):
            moves += [self._build, *[self._begin] * (2 if alive else 9)]
        moves += [self._compute] * (6 if self._model.active(self._thread) else 1)
        for tape in self._own_tapes():
            moves += self._moves_of(tape)
        if self._blocks:
            moves.append(self._close)
        if self._allows("variables"):
            moves += [self._assign]
        if self._allows("exceptions"):
            is_guarded = any(block.kind == "guard" for block in self._blocks)
            moves += [self._raise] * 3 if is_guarded else [self._guard] * 3
            if self._allows("arrays") and self._model.active(self._thread):
                moves += [self._fail]
        if self._allows("memory"):
            moves += [self._delete_value] * 3 + [self._delete_tape, self._look]
        return moves

    def _moves_of(self, tape: Tape) -> List[Move]:
        moves: List[Move] = []

        def add(move: Callable[[Tape], None], times: int = 1) -> None:
            moves.extend([lambda: move(tape)] * times)

        if tape.state in (State.NEW, State.LEFT):
            add(self._enter, 4 if tape.state is State.NEW else 2)
            if self._allows("misuse"):
                add(self._misuse)
        elif tape.state is State.RECORDING:
            add(self._watch, 1 if tape.dependence else 4)
            if tape.name in self._loose:
                add(self._leave)
            if self._allows("misuse"):
                add(self._misuse)
            if self._allows("reset"):
                add(self._reset)
            if self._allows("stop_recording"):
                add(self._pause)
        elif tape.state is State.PAUSED:
            if tape.name in self._pauses:
                add(self._resume)
        elif self._is_outside(tape) or self._allows("misuse"):
            add(self._misuse)
            if self._allows("observed") and self._is_outside(tape):
                add(self._enter, 2)
        is_allowed = tape.state is not State.RECORDING or self._allows("inside")
        if self._answers(tape) and is_allowed and self._targets(tape):
            add(self._ask_any, 2 if tape.persistent else 1)
            # Whether a refusal uses up a tape that is not persistent is not documented
            if self._allows("misuse") and tape.persistent:
                add(self._ask_amiss)
        if self._allows("variables") and (tape.state is not State.NEW or self._allows("misuse")):
            add(self._ask_variables)
        return moves

    def _answers(self, tape: Tape) -> bool:
        """Whether a question is answered, as far as that may be asked."""
        if tape.state is State.PAUSED:
            return tape.persistent or (self._allows("observed") and not tape.is_spent)
        return tape.state in (State.RECORDING, State.LEFT)

    def _is_outside(self, tape: Tape) -> bool:
        """Whether a tape that is used up was left as well."""
        inside = [block.tape for block in self._blocks if block.kind == "tape"]
        return tape not in inside and tape.name not in self._loose

    # Steps of a tape's life

    def _rest(self) -> None:
        """Nothing: what other steps shrink to."""

    def _new_tape(self) -> Tuple[Tape, str]:
        persistent = self._allows("persistent") and self._perhaps()
        watches = not (self._allows("variables") and self._draw(_below(4)) == 3)
        options = ["persistent=True"] if persistent else []
        options += [] if watches else ["watch_accessed_variables=False"]
        tape = Tape(self._new("tape"), persistent, watches, self._thread)
        self._tapes.append(tape)
        self._model.tapes.append(tape)
        return tape, "tf.GradientTape({})".format(", ".join(options))

    def _build(self) -> None:
        tape, made = self._new_tape()
        self._write("{} = {}".format(tape.name, made))

    def _begin(self) -> None:
        """What mostly stands at the beginning, at one go."""
        if self._allows("exceptions") and self._perhaps():
            self._guard()
        if self._is_loose():
            self._build()
            tape = self._tapes[-1]
            self._enter_by_call(tape)
        else:
            tape, made = self._new_tape()
            tape.enter()
            self._open(_Block("tape", tape), "with {} as {}:".format(made, tape.name))
        if not self._allows("variables") or self._perhaps():
            self._watch(tape)

    def _is_loose(self) -> bool:
        """Whether a block begins and ends by calls, so that it need not end in order."""
        return self._allows("threads") or (self._allows("overlap") and self._perhaps())

    def _enter(self, tape: Tape) -> None:
        if self._is_loose():
            self._enter_by_call(tape)
        else:
            tape.enter()
            self._open(_Block("tape", tape), "with {}:".format(tape.name))

    def _enter_by_call(self, tape: Tape) -> None:
        tape.enter()
        self._loose.append(tape.name)
        self._write(self._call(tape.name + ".__enter__()"))

    def _leave(self, tape: Tape) -> None:
        self._loose.remove(tape.name)
        self._write(self._call(tape.name + ".__exit__(None, None, None)"))
        self._left(tape)

    def _left(self, tape: Tape) -> None:
        if tape.state is State.RECORDING:
            tape.state = State.LEFT

    def _pause(self, tape: Tape) -> None:
        tape.state = State.PAUSED
        if self._is_loose():
            name = self._new("pause")
            self._pauses[tape.name] = name
            self._write("{} = {}.stop_recording()".format(name, tape.name))
            self._write(self._call(name + ".__enter__()"))
            return
        bound = ""
        if self._allows("misuse"):
            bound = " as {}".format(self._expect(Nothing()))
        self._open(_Block("pause", tape), "with {}.stop_recording(){}:".format(tape.name, bound))

    def _resume(self, tape: Tape) -> None:
        name = self._pauses.pop(tape.name)
        tape.resume()
        self._write(self._call(name + ".__exit__(None, None, None)"))

    def _reset(self, tape: Tape) -> None:
        tape.forget()
        if self._allows("misuse"):
            self._ask(tape.name + ".reset()", Nothing())
        else:
            self._write(self._call(tape.name + ".reset()"))

    def _watch(self, tape: Tape) -> None:
        values: List[Operand] = [
            value
            for value in self._own_values()
            if not value.is_answer and (self._allows("late") or value.name not in tape.loose)
        ]
        values += self._variables
        chosen = [
            self._prefer(values, lambda one: one.name in tape.loose)
            for _ in range(1 + self._perhaps())
        ]
        for one in chosen:
            tape.watch(one.name, int(np.prod(one.shape, dtype=int)))
            if isinstance(one, Variable):
                tape.variables.add(one.name)
        text = chosen[0].name
        if len(chosen) > 1:
            text = "[{}]".format(", ".join(one.name for one in chosen))
        self._write(self._call("{}.watch({})".format(tape.name, text)))

    # Blocks

    def _open(self, block: _Block, line: str) -> None:
        self._write(line)
        block.text = line
        self._blocks.append(block)

    def _close(self) -> None:
        """End the innermost block."""
        block = self._blocks[-1]
        if self._body[-1].strip() == block.text:
            self._write("pass")
        self._unwind()
        if block.kind == "guard":
            self._write("except KeyError:")
            self._body.append("    " * len(self._blocks) + "    raise")

    def _unwind(self) -> _Block:
        block = self._blocks.pop()
        if block.kind == "pause":
            assert block.tape is not None
            block.tape.resume()
        elif block.kind == "tape":
            assert block.tape is not None
            self._left(block.tape)
        return block

    def _close_all(self) -> None:
        while self._blocks:
            self._close()
        for tape in self._own_tapes():
            if tape.name in self._pauses:
                self._resume(tape)
            if tape.name in self._loose:
                self._leave(tape)

    def _guard(self) -> None:
        self._open(_Block("guard"), "try:")

    def _raise(self) -> None:
        """An exception leaves all blocks up to the innermost that catches it."""
        kind = self._one_of(
            ["KeyError", "KeyboardInterrupt"] if self._allows("misuse") else ["KeyError"]
        )
        self._write("raise {}('lost')".format(kind))
        while self._unwind().kind != "guard":
            pass
        name = self._new("a")
        self._write("except {}:".format(kind))
        self._body.append("    " * len(self._blocks) + "    {} = 'caught'".format(name))
        self._asked.append(Asked(name, len(self._body) - 1, Word("caught"), False))
        self._write("else:")
        self._body.append("    " * len(self._blocks) + "    {} = 'swallowed'".format(name))

    def _fail(self) -> None:
        """An operation whose operands do not fit."""
        wide = [value for value in self._own_values() if value.shape]
        if wide:
            name = self._one_of(wide).name
            self._ask_refusal("lambda: {} + tf.constant([1.0, 2.0, 3.0])".format(name), Exception)

    # Computing

    def _operands(self) -> List[Operand]:
        return [*self._own_values(), *self._variables]

    def _is_followed(self, operand: Operand) -> bool:
        """Whether a tape that is active follows an operand."""
        return any(operand.name in tape.dependence for tape in self._model.active(self._thread))

    def _elements(self, operand: Operand) -> np.ndarray:
        if isinstance(operand, Variable):
            return self._model.read(operand, self._thread).elements
        return operand.elements

    def _compute(self) -> None:
        first = self._prefer(self._operands(), self._is_followed)
        kinds = ["*", "+", "-", "times", "minus"]
        kinds += ["sin", "cos"] if self._allows("elementary") else []
        kinds += ["sum", "unstack"] if first.shape else []
        kind = self._one_of(kinds)
        one = self._elements(first)
        if kind in ("*", "+", "-"):
            fitting = [
                other
                for other in self._operands()
                if _fit(first.shape, other.shape) and (kind != "-" or other is not first)
            ] or [first]
            second = self._one_of(fitting)
            other = self._elements(second)
            text = "{} {} {}".format(first.name, kind, second.name)
            formulas = {"*": np.multiply, "+": np.add, "-": np.subtract}[kind](one, other)
        elif kind == "times":
            factor = self._one_of((2.0, 0.5, -1.5))
            text = "{} * {}".format(first.name, factor)
            formulas = one * number(factor)
        elif kind == "minus":
            text, formulas = "-{}".format(first.name), np.negative(one)
        elif kind == "sum":
            text = "tf.reduce_sum({})".format(first.name)
            formulas = expression.total(one.flat)
        elif kind == "unstack":
            place = self._one_of(range(first.shape[0]))
            text, formulas = "tf.unstack({})[{}]".format(first.name, place), one[place]
        else:
            function = {"sin": expression.sine, "cos": expression.cosine}[kind]
            text = "tf.{}({})".format(kind, first.name)
            formulas = _each(function, one)
        if max(term.magnitude for term in _array(formulas).flat) > _LARGEST:
            formulas = formulas * number(0.03125)
            text = "({}) * 0.03125".format(text)
        name = self._new("y")
        self._write("{} = {}".format(name, self._call(text)))
        self._values.append(self._model.define(name, _array(formulas), self._thread))

    def _assign(self) -> None:
        variable = self._one_of(self._variables)
        values = [value for value in self._own_values() if value.shape == variable.shape]
        if self._allows("memory"):
            values = []
        if values and self._perhaps():
            value = self._one_of(values)
            if max(abs(term.value) for term in value.elements.flat) > _LARGEST:
                return
            text, elements = "assign({})".format(value.name), value.elements
        else:
            numbers = self._numbers(variable.shape)
            text = "assign_add({})".format(numbers.tolist())
            elements = _array(variable.content + _each(number, numbers))
        self._write(self._call("{}.{}".format(variable.name, text)))
        variable.assign(elements)
        self._perhaps_read(variable)

    def _perhaps_read(self, variable: Variable) -> None:
        """To assign to a variable, or to make zeros of its shape, some read it and some do not."""
        for tape in self._model.active(self._thread):
            tape.perhaps.add(variable.name)

    # Asking

    def _targets(self, tape: Tape) -> List[Value]:
        return [value for value in self._own_values() if value.thread >= 0]

    def _target(self, tape: Tape) -> Value:
        target: Value = self._prefer(
            self._targets(tape), lambda value: len(tape.dependence.get(value.name, ())) > 1
        )
        return target

    def _sources(self, tape: Tape, targets: Sequence[Value]) -> List[Operand]:
        """What can be asked for.

        An answer need not be a tensor of its own: it may be one of those that it was made of. So it
        is no source, and what it was made of is one only where the tape follows that.
        """
        return [
            source
            for source in self._operands()
            if not (isinstance(source, Value) and source.is_answer)
            and (
                source.name in tape.dependence
                or not any(
                    source is target or (target.is_answer and source.name in target.made_of)
                    for target in targets
                )
            )
        ]

    def _ask_any(self, tape: Tape) -> None:
        kinds = [self._ask_gradient]
        if self._allows("jacobian"):
            kinds += [self._ask_jacobian] * 2
        if self._allows("batch_jacobian"):
            kinds += [self._ask_batch_jacobian] * 2
        self._one_of(kinds)(tape)

    def _ask_gradient(self, tape: Tape) -> None:
        targets = [self._target(tape) for _ in range(1 + self._perhaps())]
        sources = self._choose(tape, targets, self._sources(tape, targets))
        if sources is None:
            return
        text = _text([target.name for target in targets], list if len(targets) > 1 else None)
        arguments = [text, sources.text]
        weights = self._weights(targets) if self._allows("output_gradients") else None
        if weights is not None:
            seeds, seed_text = weights
            arguments.append("output_gradients=" + seed_text)
        zero = self._allows("unconnected_zero") and self._perhaps()
        if zero:
            arguments.append('unconnected_gradients="zero"')
        found = [
            self._model.gradient(tape, targets, weights and seeds, source.name, tuple(source.shape))
            for source in sources.chosen
        ]
        shapes = [tuple(source.shape) for source in sources.chosen]
        self._give(tape, "gradient", arguments, sources, _filled(found, shapes, zero))

    def _weights(self, targets: Sequence[Value]) -> Optional[Tuple[List[Value], str]]:
        """Cotangents, made where they are needed: no other tensor may be taken for them."""
        if not self._perhaps():
            return None
        seeds, texts = [], []
        for target in targets:
            fitting = [one for one in self._operands() if one.shape == target.shape]
            one = self._one_of(fitting)
            formulas = _array(self._elements(one) * number(1.5))
            seeds.append(self._model.define(self._new("weight"), formulas, self._thread))
            texts.append("{} * 1.5".format(one.name))
        return seeds, _text(texts, list if len(texts) > 1 else None)

    def _ask_jacobian(self, tape: Tape) -> None:
        target = self._target(tape)
        options = [
            source
            for source in self._sources(tape, [target])
            if target.elements.size * int(np.prod(source.shape, dtype=int)) <= _MOST_DERIVATIVES
        ]
        sources = self._choose(tape, [target], options)
        if sources is None:
            return
        arguments = [target.name, sources.text]
        zero = self._allows("unconnected_zero") and self._perhaps()
        if zero:
            arguments.append('unconnected_gradients="zero"')
        if self._allows("looped") and tape.persistent and self._perhaps():
            arguments.append("experimental_use_pfor=False")
        shapes = [target.shape + tuple(source.shape) for source in sources.chosen]
        found = [
            self._model.jacobian(tape, target, source.name, source.shape)
            for source in sources.chosen
        ]
        self._give(tape, "jacobian", arguments, sources, _filled(found, shapes, zero))

    def _ask_batch_jacobian(self, tape: Tape) -> None:
        pairs = [
            (target, source)
            for target in self._targets(tape)
            for source in self._sources(tape, [target])
            if len(target.shape) == len(source.shape) == 2
            and tape.connects(target.name, source.name)
        ]
        if not pairs:
            self._ask_gradient(tape)
            return
        target, chosen = self._prefer(pairs, lambda pair: pair[0] is not pair[1])
        sources = _Sources([chosen], None)
        arguments = [target.name, sources.text]
        if self._allows("looped") and tape.persistent and self._perhaps():
            arguments.append("experimental_use_pfor=False")
        source = sources.chosen[0]
        found = self._model.batch_jacobian(tape, target, source.name, source.shape)
        self._give(tape, "batch_jacobian", arguments, sources, [found])

    def _choose(
        self, tape: Tape, targets: Sequence[Value], options: Sequence[Operand]
    ) -> Optional[_Sources]:
        def leads_there(source: Operand) -> bool:
            return any(tape.connects(target.name, source.name) for target in targets)

        if not options:
            return None
        containers = [None, list, tuple] + ([dict] if self._allows("struct") else [])
        container = self._one_of(containers)
        count = 1 if container is None else self._one_of([2, 1, 3])
        return _Sources([self._prefer(options, leads_there) for _ in range(count)], container)

    def _give(
        self,
        tape: Tape,
        method: str,
        arguments: Sequence[str],
        sources: _Sources,
        found: Sequence[Optional[np.ndarray]],
    ) -> None:
        """Write the question; its answers are tensors from then on."""
        if not tape.persistent:
            tape.use_up()
        name = "a{}".format(self._counts.get("a", 0) + 1)
        for source in sources.chosen:
            if isinstance(source, Variable):
                self._perhaps_read(source)
        inner: List[Any] = []
        for formulas, place in zip(found, sources.places):
            if formulas is None:
                inner.append(Nothing())
                continue
            elements = np.array([term.value for term in formulas.flat]).reshape(formulas.shape)
            inner.append(Number(elements, max(term.magnitude for term in formulas.flat)))
            value = self._model.define(name + place, formulas, self._thread, is_answer=True)
            if not self._allows("memory") and formulas.size <= _MOST_ELEMENTS:
                self._values.append(value)
        expected: Any = inner[0]
        if sources.container is not None:
            expected = Container(sources.container, sources.keys, tuple(inner))
        call = "{}.{}({})".format(tape.name, method, ", ".join(arguments))
        self._ask(call, expected, is_tensor=True)

    def _ask_variables(self, tape: Tape) -> None:
        order = [variable.name for variable in self._variables]
        certain = tuple(name for name in order if name in tape.variables)
        possible = tuple(name for name in order if name in tape.variables | tape.perhaps)
        self._ask(tape.name + ".watched_variables()", Variables(certain, possible))

    def _misuse(self, tape: Tape) -> None:
        """Something that is refused in the state in which the tape is."""
        name, state = tape.name, tape.state
        if state is State.RECORDING:
            calls = [name + ".__enter__"]
            calls += ["lambda: {}.watch({})".format(name, one) for one in ("1.5", "'x1'", "None")]
            self._ask_refusal(self._one_of(calls), ValueError)
            return
        target = self._one_of(self._own_values()).name
        source = self._one_of(self._operands()).name
        options: List[Move] = []
        methods = [one for one in ("jacobian", "batch_jacobian") if self._allows(one)]
        for method in ["gradient", *methods] if state in (State.NEW, State.USED) else []:
            call = "lambda: {}.{}({}, {})".format(name, method, target, source)
            options.append(functools.partial(self._ask_refusal, call, RuntimeError))
        if self._allows("stop_recording"):
            pause = "lambda: {}.stop_recording().__enter__()".format(name)
            # Documentation says RuntimeError; a tape outside its block is often refused otherwise
            classes = (RuntimeError, ValueError) if state is State.LEFT else (RuntimeError,)
            options.append(lambda: self._ask_refusal(pause, *classes))
        if self._allows("misuse") and state in (State.NEW, State.USED):
            # Nothing says with what, but only a tape that records can watch
            watch = "lambda: {}.watch({})".format(name, source)
            options.append(lambda: self._ask_refusal(watch, Exception))
        if self._allows("reset") and (state is not State.USED or self._is_outside(tape)):
            options.append(lambda: self._ask_refusal(name + ".reset", ValueError))
        if options:
            self._one_of(options)()

    def _ask_amiss(self, tape: Tape) -> None:
        """A question that is refused, whatever the state of the tape."""
        name, target = tape.name, self._one_of(self._targets(tape)).name
        source = self._one_of(self._operands()).name
        options: List[Tuple[str, type]] = [
            ("lambda: {}.gradient(None, {})".format(name, source), TypeError)
        ]
        if self._allows("unconnected_zero"):
            call = "lambda: {}.gradient({}, {}, unconnected_gradients='one')"
            options.append((call.format(name, target, source), ValueError))
        if self._allows("batch_jacobian"):
            call = "lambda: {}.batch_jacobian({}, [{}])"
            options.append((call.format(name, target, source), Exception))
        self._ask_refusal(*self._one_of(options))

    # Deleting

    def _delete_value(self) -> None:
        values = [value for value in self._own_values() if value.thread >= 0]
        if not values:
            return
        self._delete(
            self._prefer(values, lambda one: any(one.name in tape.keeps for tape in self._tapes))
        )

    def _delete(self, value: Value) -> None:
        reference = self._new("r")
        self._values.remove(value)
        self._deleted.append((reference, value.name))
        self._write("{} = weakref.ref({})".format(reference, value.name))
        self._write("del {}".format(value.name))

    def _delete_tape(self) -> None:
        idle = [
            tape
            for tape in self._own_tapes()
            if tape.state in (State.NEW, State.LEFT, State.USED) and self._is_outside(tape)
        ]
        if not idle:
            return
        tape = self._one_of(idle)
        self._tapes.remove(tape)
        self._model.tapes.remove(tape)
        self._write("del {}".format(tape.name))

    def _let_go(self) -> None:
        """In the end nothing is left but the tapes, of which only persistent ones keep anything."""
        for value in [value for value in self._own_values() if value.thread >= 0]:
            self._delete(value)
        self._look()

    def _look(self) -> None:
        """Whether what nothing needs any more is gone."""
        gone = [
            reference
            for reference, name in self._deleted
            if not any(name in tape.keeps for tape in self._tapes)
        ]
        if gone:
            self._write("gc.collect()")
        for reference in gone:
            self._ask(reference + "()", Nothing())


class _Sources:
    """Sources, the container that they come in, and where in it they are."""

    def __init__(self, chosen: Sequence[Operand], container: Optional[type]) -> None:
        self.chosen = list(chosen)
        self.container = container
        # Keys in another order than the sorted one, in which some flatten a dict
        self.keys: Tuple[Any, ...] = tuple(range(len(self.chosen)))
        if container is dict:
            self.keys = tuple("cab"[place] for place in self.keys)

    @property
    def text(self) -> str:
        return _text([one.name for one in self.chosen], self.container, self.keys)

    @property
    def places(self) -> List[str]:
        """What follows the name of an answer to name each of its tensors."""
        if self.container is None:
            return [""]
        return ["[{!r}]".format(key) for key in self.keys]


def _text(texts: Sequence[str], container: Optional[type], keys: Sequence[Any] = ()) -> str:
    if container is None:
        return texts[0]
    if container is dict:
        pairs = ("{!r}: {}".format(key, one) for key, one in zip(keys, texts))
        return "{" + ", ".join(pairs) + "}"
    inside = ", ".join(texts)
    return "[{}]".format(inside) if container is list else "({},)".format(inside)


def _filled(
    found: Sequence[Optional[np.ndarray]], shapes: Sequence[Tuple[int, ...]], zero: bool
) -> List[Optional[np.ndarray]]:
    """Zeros in the place of None where they are asked for."""
    if not zero:
        return list(found)
    return [
        _each(number, np.zeros(shape)) if one is None else one for one, shape in zip(found, shapes)
    ]


def _array(formulas: Any) -> np.ndarray:
    """An array again, where arithmetic made a formula of an array without axes."""
    return np.asarray(formulas, dtype=object)


def _each(function: Callable[[Any], Expression], array: np.ndarray) -> np.ndarray:
    """A function of every element."""
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(*array.shape):
        result[index] = function(array[index])
    return result


def _fit(first: Tuple[int, ...], second: Tuple[int, ...]) -> bool:
    """Whether shapes broadcast to one that is not too large."""
    try:
        shape = np.broadcast(np.empty(first), np.empty(second)).shape
    except ValueError:
        return False
    return int(np.prod(shape, dtype=int)) <= _MOST_ELEMENTS
