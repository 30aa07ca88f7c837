"""Blocks that indent lines: of tapes, of pauses, and of what catches an exception."""

from __future__ import annotations

from typing import Optional

from tapecheck.lifecycle.author.draft import Block, Draft
from tapecheck.lifecycle.model import Tape
from tapecheck.lifecycle.script import Word


def open_block(draft: Draft, kind: str, tape: Optional[Tape], line: str) -> None:
    """Begin a block with a line; what is written from here on stands inside."""
    draft.write(line)
    draft.blocks.append(Block(kind, tape, line))


def close_block(draft: Draft) -> None:
    """End the innermost block."""
    block = draft.blocks[-1]
    if draft.body[-1].strip() == block.line:
        draft.write("pass")
    _unwind(draft)
    if block.kind == "guard":
        draft.write("except KeyError:")
        draft.write("    raise")


def guard(draft: Draft) -> None:
    """Begin a block in which an exception may be raised."""
    open_block(draft, "guard", None, "try:")


def is_guarded(draft: Draft) -> bool:
    """Whether an exception that is raised here is caught."""
    return any(block.kind == "guard" for block in draft.blocks)


def raise_exception(draft: Draft) -> None:
    """Raise what leaves all blocks up to the innermost that catches it."""
    kind = draft.draw.one_of(
        ["KeyError", "KeyboardInterrupt"] if draft.allows("misuse") else ["KeyError"]
    )
    draft.write("raise {}('lost')".format(kind))
    while _unwind(draft).kind != "guard":
        pass
    draft.write("except {}:".format(kind))
    name = draft.expect(Word("caught"))
    draft.write("    {} = 'caught'".format(name))
    draft.write("else:")
    draft.write("    {} = 'swallowed'".format(name))


def _unwind(draft: Draft) -> Block:
    """End the innermost block, however that comes about."""
    block = draft.blocks.pop()
    if block.kind == "pause":
        assert block.tape is not None
        block.tape.resume()
    elif block.kind == "tape":
        assert block.tape is not None
        block.tape.leave()
    return block
