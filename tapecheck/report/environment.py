"""What the templates of reports share: filters, symbols, style sheets, scripts."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tapecheck.report import findings, text, versions
from tapecheck.report import page as pages
from tapecheck.report.matrix import worst

TEMPLATES = Path(__file__).parent / "templates"


@functools.lru_cache(maxsize=None)
def environment() -> jinja2.Environment:
    """Templates by the name of their file; what they show of results is text, never markup."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(TEMPLATES)),
        autoescape=lambda name: name is None or not name.endswith(".md"),
        undefined=jinja2.StrictUndefined,
        finalize=text.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        address=text.address,
        amount=_amount,
        breakable=text.breakable,
        code=text.markdown_code,
        called=pages.called,
        conforming=pages.conforming,
        duration=text.duration,
        embedded=_embedded,
        headline=findings.headline,
        md=text.markdown,
        number="{:,}".format,
        one_line=text.one_line,
        origin=pages.origin,
        pieces=pages.pieces,
        share=pages.share,
        shorten=text.shorten,
        stretched=versions.stretched,
        worst=worst,
    )
    made.globals.update(
        meanings=pages.MEANINGS,
        open_differences=pages.OPEN_DIFFERENCES,
        style=Markup(asset("report.css")),
        script=Markup(asset("page.js") + asset("report.js")),
        site=None,
        symbols=pages.SYMBOLS,
        titles=pages.TITLES,
    )
    return made


def asset(name: str) -> str:
    """The text of a style sheet or a script."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def to_json(data: Any) -> str:
    """The data as JSON that may stand in a script element, which ends at the first ``</``.

    It is a literal of JavaScript too, which JSON with plain line separators need not be.
    """
    words = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return words.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _embedded(data: Any) -> Markup:
    return Markup(to_json(data))


def _amount(changes: Any) -> str:
    """How much changed, in words."""
    names = ("regressions", "fixed", "flaky", "changed behaviour", "new", "gone", "other changes")
    told = [
        "{:,} {}".format(number, name) for number, name in zip(changes.numbers, names) if number
    ]
    return ", ".join([*told, "{:,} the same".format(changes.same)])
