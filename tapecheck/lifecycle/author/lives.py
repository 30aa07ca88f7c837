"""Steps of a tape's life: it is built, entered, told what to watch, paused, reset and left.

A block or pause begins and ends with a `with` statement, or with calls where these are allowed.
"""

from __future__ import annotations

from typing import List, Tuple

import numpy as np

from tapecheck.lifecycle.author.blocks import close_block, guard, open_block
from tapecheck.lifecycle.author.draft import Draft, Operand
from tapecheck.lifecycle.model import State, Tape, Variable
from tapecheck.lifecycle.script import Nothing

_EXIT = ".__exit__(None, None, None)"


def build(draft: Draft) -> None:
    """Make a tape that is entered later, or never."""
    tape, made = _new_tape(draft)
    draft.write("{} = {}".format(tape.name, made))


def begin(draft: Draft) -> None:
    """Do at one go what mostly stands at the beginning."""
    if draft.allows("exceptions") and draft.draw.perhaps():
        guard(draft)
    if _by_calls(draft):
        build(draft)
        tape = draft.tapes[-1]
        _enter_by_call(draft, tape)
    else:
        tape, made = _new_tape(draft)
        tape.enter()
        open_block(draft, "tape", tape, "with {} as {}:".format(made, tape.name))
    if not draft.allows("variables") or draft.draw.perhaps():
        watch(draft, tape)


def enter(draft: Draft, tape: Tape) -> None:
    """Begin a block of the tape."""
    if _by_calls(draft):
        _enter_by_call(draft, tape)
    else:
        tape.enter()
        open_block(draft, "tape", tape, "with {}:".format(tape.name))


def leave(draft: Draft, tape: Tape) -> None:
    """End a block that began with a call."""
    draft.entered_by_call.remove(tape.name)
    draft.write(draft.call(tape.name + _EXIT))
    tape.leave()


def pause(draft: Draft, tape: Tape) -> None:
    """Begin a pause of the tape."""
    tape.state = State.PAUSED
    if _by_calls(draft):
        name = draft.new("pause")
        draft.paused_by_call[tape.name] = name
        draft.write("{} = {}.stop_recording()".format(name, tape.name))
        draft.write(draft.call(name + ".__enter__()"))
        return
    bound = ""
    if draft.allows("misuse"):
        bound = " as {}".format(draft.expect(Nothing()))
    open_block(draft, "pause", tape, "with {}.stop_recording(){}:".format(tape.name, bound))


def resume(draft: Draft, tape: Tape) -> None:
    """End a pause that began with a call."""
    name = draft.paused_by_call.pop(tape.name)
    tape.resume()
    draft.write(draft.call(name + _EXIT))


def reset(draft: Draft, tape: Tape) -> None:
    """Let the tape forget."""
    tape.forget()
    if draft.allows("misuse"):
        draft.ask(tape.name + ".reset()", Nothing())
    else:
        draft.write(draft.call(tape.name + ".reset()"))


def watch(draft: Draft, tape: Tape) -> None:
    """Tell the tape to watch one or two tensors or variables."""
    operands: List[Operand] = [
        value
        for value in draft.own_values()
        if not value.is_answer and (draft.allows("late") or value.name not in tape.loose)
    ]
    operands += draft.variables
    chosen = [
        draft.draw.prefer(operands, lambda one: one.name in tape.loose)
        for _ in range(1 + draft.draw.perhaps())
    ]
    for one in chosen:
        tape.watch(one.name, int(np.prod(one.shape, dtype=int)))
        if isinstance(one, Variable):
            tape.variables.add(one.name)
    text = chosen[0].name
    if len(chosen) > 1:
        text = "[{}]".format(", ".join(one.name for one in chosen))
    draft.write(draft.call("{}.watch({})".format(tape.name, text)))


def end_all(draft: Draft) -> None:
    """End every block and pause of the thread whose turn it is."""
    while draft.blocks:
        close_block(draft)
    for tape in draft.own_tapes():
        if tape.name in draft.paused_by_call:
            resume(draft, tape)
        if tape.name in draft.entered_by_call:
            leave(draft, tape)


def _new_tape(draft: Draft) -> Tuple[Tape, str]:
    """A tape, and the call that makes it."""
    persistent = draft.allows("persistent") and draft.draw.perhaps()
    watches = not (draft.allows("variables") and draft.draw.below(4) == 3)
    options = ["persistent=True"] if persistent else []
    options += [] if watches else ["watch_accessed_variables=False"]
    tape = Tape(draft.new("tape"), persistent, watches, draft.thread)
    draft.tapes.append(tape)
    draft.model.tapes.append(tape)
    return tape, "tf.GradientTape({})".format(", ".join(options))


def _by_calls(draft: Draft) -> bool:
    """Whether a block begins and ends by calls, so that it need not end in order."""
    return draft.allows("threads") or (draft.allows("overlap") and draft.draw.perhaps())


def _enter_by_call(draft: Draft, tape: Tape) -> None:
    tape.enter()
    draft.entered_by_call.append(tape.name)
    draft.write(draft.call(tape.name + ".__enter__()"))
