"""Deletion of tensors and tapes, and what is released then."""

from __future__ import annotations

from tapecheck.lifecycle.author.draft import Draft
from tapecheck.lifecycle.model import State, Value
from tapecheck.lifecycle.script import Nothing


def delete_value(draft: Draft) -> None:
    """Delete a tensor, mostly one that a tape keeps."""
    values = draft.results()
    if values:
        _delete(draft, draft.draw.prefer(values, lambda one: _is_kept(draft, one.name)))


def delete_tape(draft: Draft) -> None:
    """Delete a tape that is outside its block."""
    idle = [
        tape
        for tape in draft.own_tapes()
        if tape.state in (State.NEW, State.LEFT, State.USED) and draft.is_outside(tape)
    ]
    if not idle:
        return
    tape = draft.draw.one_of(idle)
    draft.tapes.remove(tape)
    draft.model.tapes.remove(tape)
    draft.write("del {}".format(tape.name))


def look(draft: Draft) -> None:
    """Ask whether what nothing needs any more is gone."""
    gone = [reference for reference, name in draft.deleted if not _is_kept(draft, name)]
    if gone:
        draft.write("gc.collect()")
    for reference in gone:
        draft.ask(reference + "()", Nothing())


def let_go(draft: Draft) -> None:
    """In the end nothing is left but the tapes, of which only persistent ones keep anything."""
    for value in draft.results():
        _delete(draft, value)
    look(draft)


def _delete(draft: Draft, value: Value) -> None:
    reference = draft.new("r")
    draft.values.remove(value)
    draft.deleted.append((reference, value.name))
    draft.write("{} = weakref.ref({})".format(reference, value.name))
    draft.write("del {}".format(value.name))


def _is_kept(draft: Draft, name: str) -> bool:
    """Whether a tape may need a tensor."""
    return any(name in tape.keeps for tape in draft.tapes)
