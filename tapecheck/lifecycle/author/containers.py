"""How several tensors are spelled in one argument, and how their answers are named."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from tapecheck.lifecycle.author.draft import Operand


class Sources:
    """Sources, the container that they come in, and where in it they are.

    Attributes:
        chosen: the sources; one that is chosen twice stands there twice.
        container: list, tuple or dict; None for a source that comes by itself.
        keys: where in the container each of them is.
    """

    def __init__(self, chosen: Sequence[Operand], container: Optional[type]) -> None:
        self.chosen = list(chosen)
        self.container = container
        # Keys in another order than the sorted one, in which some flatten a dict
        self.keys: Tuple[Any, ...] = tuple(range(len(self.chosen)))
        if container is dict:
            self.keys = tuple("cab"[place] for place in self.keys)

    @property
    def text(self) -> str:
        """The argument."""
        return spelled([one.name for one in self.chosen], self.container, self.keys)

    @property
    def shapes(self) -> List[Tuple[int, ...]]:
        """The shape of each source."""
        return [tuple(source.shape) for source in self.chosen]

    @property
    def places(self) -> List[str]:
        """What follows the name of an answer to name each of its tensors."""
        if self.container is None:
            return [""]
        return ["[{!r}]".format(key) for key in self.keys]


def spelled(texts: Sequence[str], container: Optional[type], keys: Sequence[Any] = ()) -> str:
    """A container of what some texts stand for; the first of them where there is none."""
    if container is None:
        return texts[0]
    if container is dict:
        pairs = ("{!r}: {}".format(key, one) for key, one in zip(keys, texts))
        return "{" + ", ".join(pairs) + "}"
    inside = ", ".join(texts)
    return "[{}]".format(inside) if container is list else "({},)".format(inside)
