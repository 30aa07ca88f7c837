"""Choices at random, each of which shrinks to the first option."""

from __future__ import annotations

import functools
from typing import Any, Callable, Sequence

from hypothesis import strategies as st


class Draw:
    """What a script is decided by: the choices that hypothesis makes for one example."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self._draw = draw

    def below(self, count: int) -> int:
        """One of the numbers 0 to count - 1."""
        number: int = self._draw(_below(count))
        return number

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of the options, of which there is at least one."""
        return options[self.below(len(options))] if len(options) > 1 else options[0]

    def perhaps(self) -> bool:
        """Yes or no."""
        return bool(self.below(2))

    def prefer(self, options: Sequence[Any], is_preferred: Callable[[Any], bool]) -> Any:
        """Mostly one of the preferred options: what no tape follows has a dull life."""
        preferred = [option for option in options if is_preferred(option)]
        if preferred and self.below(4) < 3:
            return self.one_of(preferred)
        return self.one_of(options)


@functools.lru_cache(maxsize=None)
def _below(count: int) -> st.SearchStrategy[int]:
    """A place among so many: strategies are slow to make, and hypothesis remembers them."""
    return st.integers(0, count - 1)
