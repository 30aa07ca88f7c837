"""How a law is asked of random programs."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Callable, Mapping

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tapecheck import budget
from tapecheck.programs.drawing import programs

CORE = "arrays elementary exp variables"
"""Capabilities of which the programs are made that most laws are asked of."""


def for_programs(
    words: str = CORE,
    examples: int = 20,
    deep: int = 1500,
    beside: Mapping[str, Any] = MappingProxyType({}),
    **options: Any,
) -> Callable[[Any], Any]:
    """Call a law with random programs, as its argument ``program``.

    The law's clause must need the capabilities that its programs may use; they stand in its
    attribute ``words``.

    Args:
        words: capabilities that the programs may use.
        examples, deep: how many programs, by profile.
        beside: strategies of further arguments, by name.
        options: those of `programs`.
    """
    return _decorator(words, examples, deep, program=programs(words, **options), **beside)


def for_batches(
    words: str = CORE, examples: int = 4, deep: int = 200, together: int = 5, **options: Any
) -> Callable[[Any], Any]:
    """Call a law with lists of random programs, as its argument ``batch``.

    Args:
        together: the most programs in a list.
    """
    batch = st.lists(programs(words, **options), min_size=1, max_size=together)
    return _decorator(words, examples, deep, batch=batch)


def _decorator(words: str, examples: int, deep: int, **strategies: Any) -> Callable[[Any], Any]:
    def decorate(law: Any) -> Any:
        chosen = settings(
            max_examples=budget(examples, deep), phases=(Phase.generate, Phase.shrink)
        )
        asked: Any = chosen(given(**strategies)(law))
        asked.words = words
        return asked

    return decorate
