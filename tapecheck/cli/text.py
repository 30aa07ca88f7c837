"""Text for terminals: what an implementation says is shown, never obeyed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterable, List, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from rich.console import Console

# Control characters, marks that reverse the direction of a line, halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

LONGEST = 2000
"""Characters of one line that are ever shown."""

COLOURS = {
    "pass": "green",
    "fail": "bold red",
    "error": "bold red",
    "fixed": "yellow",
    "deviation": "yellow",
    "unsupported": "cyan",
    "not-applicable": "dim",
}
"""The style of each verdict."""


def plain(text: object, longest: int = LONGEST) -> str:
    """One printable line: escapes are written out, white space is one space, the rest is cut."""
    head = str(text)[: 2 * longest]
    line = _UNPRINTABLE.sub(_written_out, " ".join(head.split()))
    return line if len(line) <= longest else line[: longest - 3] + "..."


def block(text: object) -> List[str]:
    """The lines of a text, each printable."""
    return [_UNPRINTABLE.sub(_written_out, line)[:LONGEST] for line in str(text).split("\n")]


def _written_out(match: Any) -> str:
    return str(match.group().encode("unicode_escape").decode("ascii"))


def console(stderr: bool = False) -> Console:
    """Where to print; colours and the width are those of the terminal, if there is one."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def say(where: Console, *parts: object) -> None:
    """Print one line; `parts` are texts, or pairs of text and style.

    A terminal that is too narrow cuts the line, a file or pipe gets the whole of it.
    """
    from rich.text import Text

    line = Text()
    for part in parts:
        text, style = part if isinstance(part, tuple) else (part, "")
        line.append(str(text), style)
    if where.is_terminal:
        where.print(line, no_wrap=True, overflow="ellipsis")
    else:
        where.print(line, soft_wrap=True)


def columns(
    rows: Iterable[Sequence[str]], right: Sequence[int] = (), gap: int = 2
) -> List[Tuple[str, ...]]:
    """The rows with their cells padded to aligned columns, save the last one.

    Args:
        right: the columns that are aligned on their right.
        gap: spaces between two columns.
    """
    table = [tuple(row) for row in rows]
    widths = (
        [max(len(row[index]) for row in table) for index in range(len(table[0]))] if table else []
    )
    padded = []
    for row in table:
        cells = []
        for index, cell in enumerate(row):
            last = index == len(row) - 1
            if index in right:
                cell = cell.rjust(widths[index])
            elif not last:
                cell = cell.ljust(widths[index])
            cells.append(cell if last else cell + " " * gap)
        padded.append(tuple(cells))
    return padded


def cut(text: str, width: Optional[int]) -> str:
    """The text, or as much of it as `width` holds."""
    if width is None or len(text) <= width:
        return text
    return text[: max(width - 3, 0)] + "..."
