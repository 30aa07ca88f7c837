"""Whole scripts at random, as hypothesis draws and shrinks them."""

from __future__ import annotations

from typing import Any, Callable

from hypothesis import strategies as st

from tapecheck.lifecycle.author.deleting import let_go
from tapecheck.lifecycle.author.draft import THREADS, Draft
from tapecheck.lifecycle.author.givens import make_givens
from tapecheck.lifecycle.author.lives import end_all
from tapecheck.lifecycle.author.moves import possible_moves
from tapecheck.lifecycle.author.questions import ask_derivatives, can_answer
from tapecheck.lifecycle.author.words import WORDS
from tapecheck.lifecycle.script import Script


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
        return _written(Draft(draw, alphabet), steps)

    return strategy()


def _written(draft: Draft, steps: int) -> Script:
    """A script of so many steps; then every block ends, and every tape is asked that answers."""
    make_givens(draft)
    for _ in range(steps):
        if draft.allows("threads"):
            draft.thread = draft.draw.one_of(range(THREADS))
        move = draft.draw.one_of(possible_moves(draft))
        move()
    for thread in range(THREADS if draft.allows("threads") else 1):
        draft.thread = thread
        end_all(draft)
        for tape in draft.own_tapes():
            if can_answer(draft, tape):
                ask_derivatives(draft, tape)
    if draft.allows("memory"):
        let_go(draft)
    return draft.script()
