"""Questions that tapes answer: for gradients, jacobians, and the variables that they watch."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from tapecheck.lifecycle.author.containers import Sources, spelled
from tapecheck.lifecycle.author.draft import Draft, Operand
from tapecheck.lifecycle.author.formulas import MOST_ELEMENTS, as_array, each
from tapecheck.lifecycle.expression import number
from tapecheck.lifecycle.model import State, Tape, Value, Variable
from tapecheck.lifecycle.script import Container, Nothing, Number, Variables

_MOST_DERIVATIVES = 36
"""The size of the largest jacobian."""


def can_answer(draft: Draft, tape: Tape) -> bool:
    """Whether there is a question that the tape answers, as far as that may be asked."""
    if tape.state is State.PAUSED:
        answers = tape.persistent or (draft.allows("observed") and not tape.is_spent)
    else:
        answers = tape.state in (State.RECORDING, State.LEFT)
    return answers and bool(draft.results())


def ask_derivatives(draft: Draft, tape: Tape) -> None:
    """Ask for derivatives of any kind."""
    kinds = [_ask_gradient]
    if draft.allows("jacobian"):
        kinds += [_ask_jacobian] * 2
    if draft.allows("batch_jacobian"):
        kinds += [_ask_batch_jacobian] * 2
    draft.draw.one_of(kinds)(draft, tape)


def ask_variables(draft: Draft, tape: Tape) -> None:
    """Ask for the variables that the tape watches."""
    order = [variable.name for variable in draft.variables]
    certain = tuple(name for name in order if name in tape.variables)
    possible = tuple(name for name in order if name in tape.variables | tape.perhaps)
    draft.ask(tape.name + ".watched_variables()", Variables(certain, possible))


def _ask_gradient(draft: Draft, tape: Tape) -> None:
    targets = [_target(draft, tape) for _ in range(1 + draft.draw.perhaps())]
    sources = _choose(draft, tape, targets, _possible_sources(draft, tape, targets))
    if sources is None:
        return
    text = spelled([target.name for target in targets], list if len(targets) > 1 else None)
    arguments = [text, sources.text]
    seeds: Optional[List[Value]] = None
    if draft.allows("output_gradients") and draft.draw.perhaps():
        seeds, seed_text = _seeds(draft, targets)
        arguments.append("output_gradients=" + seed_text)
    zero = _add_zero(draft, arguments)
    found = [
        draft.model.gradient(tape, targets, seeds, source.name, shape)
        for source, shape in zip(sources.chosen, sources.shapes)
    ]
    _give(draft, tape, "gradient", arguments, sources, _filled(found, sources.shapes, zero))


def _ask_jacobian(draft: Draft, tape: Tape) -> None:
    target = _target(draft, tape)
    options = [
        source
        for source in _possible_sources(draft, tape, [target])
        if target.elements.size * int(np.prod(source.shape, dtype=int)) <= _MOST_DERIVATIVES
    ]
    sources = _choose(draft, tape, [target], options)
    if sources is None:
        return
    arguments = [target.name, sources.text]
    zero = _add_zero(draft, arguments)
    _add_looped(draft, tape, arguments)
    shapes = [target.shape + shape for shape in sources.shapes]
    found = [
        draft.model.jacobian(tape, target, source.name, source.shape) for source in sources.chosen
    ]
    _give(draft, tape, "jacobian", arguments, sources, _filled(found, shapes, zero))


def _ask_batch_jacobian(draft: Draft, tape: Tape) -> None:
    pairs = [
        (target, source)
        for target in draft.results()
        for source in _possible_sources(draft, tape, [target])
        if len(target.shape) == len(source.shape) == 2 and tape.connects(target.name, source.name)
    ]
    if not pairs:
        _ask_gradient(draft, tape)
        return
    target, source = draft.draw.prefer(pairs, lambda pair: pair[0] is not pair[1])
    sources = Sources([source], None)
    arguments = [target.name, sources.text]
    _add_looped(draft, tape, arguments)
    found = draft.model.batch_jacobian(tape, target, source.name, source.shape)
    _give(draft, tape, "batch_jacobian", arguments, sources, [found])


def _target(draft: Draft, tape: Tape) -> Value:
    target: Value = draft.draw.prefer(
        draft.results(), lambda value: len(tape.dependence.get(value.name, ())) > 1
    )
    return target


def _possible_sources(draft: Draft, tape: Tape, targets: Sequence[Value]) -> List[Operand]:
    """What can be asked for.

    An answer need not be a tensor of its own: it may be one of those that it was made of. So it
    is no source, and what it was made of is one only where the tape follows that.
    """
    return [
        source
        for source in draft.operands()
        if not (isinstance(source, Value) and source.is_answer)
        and (
            source.name in tape.dependence
            or not any(
                source is target or (target.is_answer and source.name in target.made_of)
                for target in targets
            )
        )
    ]


def _choose(
    draft: Draft, tape: Tape, targets: Sequence[Value], options: Sequence[Operand]
) -> Optional[Sources]:
    """Some of the sources that are possible; None where there are none."""

    def leads_there(source: Operand) -> bool:
        return any(tape.connects(target.name, source.name) for target in targets)

    if not options:
        return None
    containers = [None, list, tuple] + ([dict] if draft.allows("struct") else [])
    container = draft.draw.one_of(containers)
    count = 1 if container is None else draft.draw.one_of([2, 1, 3])
    return Sources([draft.draw.prefer(options, leads_there) for _ in range(count)], container)


def _seeds(draft: Draft, targets: Sequence[Value]) -> Tuple[List[Value], str]:
    """Cotangents, made where they are needed: no other tensor may be taken for them."""
    seeds, texts = [], []
    for target in targets:
        fitting = [one for one in draft.operands() if one.shape == target.shape]
        one = draft.draw.one_of(fitting)
        formulas = as_array(draft.elements(one) * number(1.5))
        seeds.append(draft.define(draft.new("weight"), formulas))
        texts.append("{} * 1.5".format(one.name))
    return seeds, spelled(texts, list if len(texts) > 1 else None)


def _add_zero(draft: Draft, arguments: List[str]) -> bool:
    """Perhaps ask for zeros instead of None."""
    zero = draft.allows("unconnected_zero") and draft.draw.perhaps()
    if zero:
        arguments.append('unconnected_gradients="zero"')
    return zero


def _add_looped(draft: Draft, tape: Tape, arguments: List[str]) -> None:
    """Perhaps ask for a jacobian that is computed row by row."""
    if draft.allows("looped") and tape.persistent and draft.draw.perhaps():
        arguments.append("experimental_use_pfor=False")


def _filled(
    found: Sequence[Optional[np.ndarray]], shapes: Sequence[Tuple[int, ...]], zero: bool
) -> List[Optional[np.ndarray]]:
    """Zeros in the place of None where they are asked for."""
    if not zero:
        return list(found)
    return [
        each(number, np.zeros(shape)) if one is None else one for one, shape in zip(found, shapes)
    ]


def _give(
    draft: Draft,
    tape: Tape,
    method: str,
    arguments: Sequence[str],
    sources: Sources,
    found: Sequence[Optional[np.ndarray]],
) -> None:
    """Write the question; its answers are tensors from then on."""
    if not tape.persistent:
        tape.use_up()
    name = draft.new("a")
    for source in sources.chosen:
        if isinstance(source, Variable):
            draft.perhaps_read(source)
    inner: List[Any] = []
    for formulas, place in zip(found, sources.places):
        if formulas is None:
            inner.append(Nothing())
            continue
        elements = np.array([term.value for term in formulas.flat]).reshape(formulas.shape)
        inner.append(Number(elements, max(term.magnitude for term in formulas.flat)))
        value = draft.define(name + place, formulas, is_answer=True)
        if not draft.allows("memory") and formulas.size <= MOST_ELEMENTS:
            draft.values.append(value)
    expected: Any = inner[0]
    if sources.container is not None:
        expected = Container(sources.container, sources.keys, tuple(inner))
    call = "{}.{}({})".format(tape.name, method, ", ".join(arguments))
    draft.ask(call, expected, is_tensor=True, name=name)
