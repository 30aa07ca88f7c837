"""Which steps can come next."""

from __future__ import annotations

import functools
from typing import Callable, List

from tapecheck.lifecycle.author import blocks, computing, deleting, lives, questions, refusals
from tapecheck.lifecycle.author.draft import Draft
from tapecheck.lifecycle.model import State, Tape

Move = Callable[[], None]
"""Writes one step."""


def possible_moves(draft: Draft) -> List[Move]:
    """What can be done next; what is likely stands there several times."""
    moves: List[Move] = [_rest]

    def add(move: Callable[[Draft], None], times: int = 1) -> None:
        moves.extend([functools.partial(move, draft)] * times)

    own_tapes = draft.own_tapes()
    alive = [tape for tape in own_tapes if tape.state is not State.USED]
    if len(alive) < (3 if draft.allows("nested") else 1):
        add(lives.build)
        add(lives.begin, 2 if alive else 9)
    add(computing.compute, 6 if draft.active_tapes() else 1)
    for tape in own_tapes:
        moves += _moves_of(draft, tape)
    if draft.blocks:
        add(blocks.close_block)
    if draft.allows("variables"):
        add(computing.assign)
    if draft.allows("exceptions"):
        add(blocks.raise_exception if blocks.is_guarded(draft) else blocks.guard, 3)
        if draft.allows("arrays") and draft.active_tapes():
            add(refusals.fail)
    if draft.allows("memory"):
        add(deleting.delete_value, 3)
        add(deleting.delete_tape)
        add(deleting.look)
    return moves


def _rest() -> None:
    """Nothing: what other steps shrink to."""


def _moves_of(draft: Draft, tape: Tape) -> List[Move]:
    """What can be done with a tape."""
    moves: List[Move] = []

    def add(move: Callable[[Draft, Tape], None], times: int = 1) -> None:
        moves.extend([functools.partial(move, draft, tape)] * times)

    if tape.state in (State.NEW, State.LEFT):
        add(lives.enter, 4 if tape.state is State.NEW else 2)
        if draft.allows("misuse"):
            add(refusals.misuse)
    elif tape.state is State.RECORDING:
        add(lives.watch, 1 if tape.dependence else 4)
        if tape.name in draft.entered_by_call:
            add(lives.leave)
        if draft.allows("misuse"):
            add(refusals.misuse)
        if draft.allows("reset"):
            add(lives.reset)
        if draft.allows("stop_recording"):
            add(lives.pause)
    elif tape.state is State.PAUSED:
        if tape.name in draft.paused_by_call:
            add(lives.resume)
    elif draft.is_outside(tape) or draft.allows("misuse"):
        add(refusals.misuse)
        if draft.allows("observed") and draft.is_outside(tape):
            add(lives.enter, 2)
    is_allowed = tape.state is not State.RECORDING or draft.allows("inside")
    if is_allowed and questions.can_answer(draft, tape):
        add(questions.ask_derivatives, 2 if tape.persistent else 1)
        # Whether a refusal uses up a tape that is not persistent is not documented
        if draft.allows("misuse") and tape.persistent:
            add(refusals.ask_amiss)
    if draft.allows("variables") and (tape.state is not State.NEW or draft.allows("misuse")):
        add(questions.ask_variables)
    return moves
