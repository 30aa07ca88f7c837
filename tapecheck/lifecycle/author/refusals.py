"""What must be refused: operations that fail, and calls of a tape that make no sense."""

from __future__ import annotations

from typing import List, Tuple, Type

from tapecheck.lifecycle.author.draft import Draft
from tapecheck.lifecycle.model import State, Tape

Misuse = Tuple[str, Tuple[Type[Exception], ...]]
"""What is called, and of which classes the exception may be."""


def fail(draft: Draft) -> None:
    """Compute something from operands that do not fit."""
    wide = [value for value in draft.own_values() if value.shape]
    if wide:
        name = draft.draw.one_of(wide).name
        draft.ask_refusal("lambda: {} + tf.constant([1.0, 2.0, 3.0])".format(name), Exception)


def misuse(draft: Draft, tape: Tape) -> None:
    """Do something that is refused in the state in which the tape is."""
    if tape.state is State.RECORDING:
        options = _of_a_recording_tape(tape)
    else:
        options = _of_another_tape(draft, tape)
    _ask_one_of(draft, options)


def ask_amiss(draft: Draft, tape: Tape) -> None:
    """Ask a question that is refused, whatever the state of the tape."""
    name, target = tape.name, draft.draw.one_of(draft.results()).name
    source = draft.draw.one_of(draft.operands()).name
    options: List[Misuse] = [
        ("lambda: {}.gradient(None, {})".format(name, source), (TypeError,)),
    ]
    if draft.allows("unconnected_zero"):
        call = "lambda: {}.gradient({}, {}, unconnected_gradients='one')"
        options.append((call.format(name, target, source), (ValueError,)))
    if draft.allows("batch_jacobian"):
        call = "lambda: {}.batch_jacobian({}, [{}])"
        options.append((call.format(name, target, source), (Exception,)))
    _ask_one_of(draft, options)


def _of_a_recording_tape(tape: Tape) -> List[Misuse]:
    calls = [tape.name + ".__enter__"]
    calls += ["lambda: {}.watch({})".format(tape.name, one) for one in ("1.5", "'x1'", "None")]
    return [(call, (ValueError,)) for call in calls]


def _of_another_tape(draft: Draft, tape: Tape) -> List[Misuse]:
    name, state = tape.name, tape.state
    target = draft.draw.one_of(draft.own_values()).name
    source = draft.draw.one_of(draft.operands()).name
    options: List[Misuse] = []
    has_nothing = state in (State.NEW, State.USED)
    if has_nothing:
        jacobians = [one for one in ("jacobian", "batch_jacobian") if draft.allows(one)]
        for method in ["gradient", *jacobians]:
            call = "lambda: {}.{}({}, {})".format(name, method, target, source)
            options.append((call, (RuntimeError,)))
    if draft.allows("stop_recording"):
        call = "lambda: {}.stop_recording().__enter__()".format(name)
        # Documentation says RuntimeError; a tape outside its block is often refused otherwise
        is_left = state is State.LEFT
        options.append((call, (RuntimeError, ValueError) if is_left else (RuntimeError,)))
    if draft.allows("misuse") and has_nothing:
        # Nothing says with what, but only a tape that records can watch
        options.append(("lambda: {}.watch({})".format(name, source), (Exception,)))
    if draft.allows("reset") and (state is not State.USED or draft.is_outside(tape)):
        options.append((name + ".reset", (ValueError,)))
    return options


def _ask_one_of(draft: Draft, options: List[Misuse]) -> None:
    if options:
        call, classes = draft.draw.one_of(options)
        draft.ask_refusal(call, *classes)
