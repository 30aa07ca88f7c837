"""Text from elsewhere made fit to be shown: what is unseen becomes visible, what is huge short."""

from __future__ import annotations

import re
from typing import Any, Match

from markupsafe import Markup, escape

LIMIT = 4000
"""The most characters of one text that a report shows."""

_BOTH_ENDS = 400
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&$#]")
_UNSEEN = re.compile(r"[^ -~\n\t]")


def shorten(text: str, limit: int = LIMIT) -> str:
    """The beginning of a long text; of a very long one the end, too, and how much is left out."""
    if len(text) <= limit:
        return text
    if limit < _BOTH_ENDS:
        return text[: limit - 1] + "…"
    tail = limit // 5
    left_out = len(text) - limit
    return "{} [... {:,} characters left out ...] {}".format(
        text[: limit - tail], left_out, text[len(text) - tail :]
    )


def visible(text: str, limit: int = LIMIT) -> str:
    """The text, shortened, with what cannot be seen written as Python writes it in a literal.

    That concerns control characters (escape sequences of terminals too), characters that change
    the direction of writing, lone surrogates and spaces that are not the plain one.
    """
    short = shorten(text, limit).replace("\r\n", "\n")
    return short if short.isprintable() else _UNSEEN.sub(_escape, short)


def one_line(text: str, limit: int = LIMIT) -> str:
    """The text on one line, shortened and visible."""
    return shorten(visible(" ".join(shorten(text, 2 * limit).split()), limit), limit)


def markdown(text: str, limit: int = 300) -> str:
    """The text as plain words within a line or a table cell of Markdown."""
    return _MARKDOWN.sub(r"\\\g<0>", one_line(text, limit))


def markdown_code(text: str, limit: int = 300) -> str:
    """The text as a code span of Markdown, whatever backticks it holds; not for table cells."""
    plain = one_line(text, limit)
    longest = max([len(run) for run in re.findall("`+", plain)] or [0])
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return fence + space + plain + space + fence


def breakable(name: str) -> Markup:
    """A name that may be broken into lines after each of its words; for HTML."""
    return escape(name).replace("_", Markup("_<wbr>"))


def slug(text: str) -> str:
    """The text as a word for an address."""
    return re.sub(r"[^a-z0-9.]+", "-", one_line(text, 80).lower()).strip("-") or "run"


def duration(seconds: float) -> str:
    """For example ``0.31 s``, ``12.4 s`` or ``3 min 12 s``."""
    if seconds < 60:
        return "{:.{}f} s".format(seconds, 1 if seconds >= 10 else 2)
    minutes, rest = divmod(round(seconds), 60)
    return "{:,} min {} s".format(minutes, rest)


def address(link: str) -> str:
    """The link where it is a web address that may be followed, otherwise an empty text."""
    harmless = re.match(r"https?://[^\s\"'<>]+\Z", link)
    return link if harmless and len(link) <= 1000 and link.isprintable() else ""


def shown(value: Any) -> Any:
    """What an expression of a template shows: text from elsewhere only when made visible."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def _escape(match: Match[str]) -> str:
    character = match.group()
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
