"""The report of one or several runs: a page to look at, and a summary for a CI job.

It is made of result records and of the text of the standard alone.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, List

import jinja2
from markupsafe import Markup

from tapecheck.behaviours import load as load_behaviours
from tapecheck.report import page as pages
from tapecheck.report import text
from tapecheck.report.matrix import worst
from tapecheck.results import Run
from tapecheck.standard import load_standard

__all__ = ["build", "render", "write"]

_TEMPLATES = Path(__file__).parent / "templates"


def render(runs: List[Run], out: Path, book: bool = False) -> Path:
    """Build and write the page of the runs; see `write`."""
    return write(build(runs, book), out, book)


def build(runs: List[Run], book: bool = False) -> pages.Page:
    """What the page of the runs says; `book` says whether ``standard.html`` lies beside it."""
    return pages.build(runs, load_standard(), load_behaviours(), book)


def write(page: pages.Page, out: Path, book: bool = False) -> Path:
    """Write ``index.html`` and ``summary.md`` into the folder `out`, made where it is missing.

    The same runs give the same bytes. What the result files hold is shown as text, whatever it
    is: markup has no effect, control characters become visible, huge texts are shortened.

    Args:
        book: whether ``standard.html`` lies beside it, to be linked to.

    Returns:
        The path of ``index.html``: one file that needs no network, and no other save the book.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("index.html", "summary.md"):
        content = _environment().get_template(name).render(page=page, book=book)
        (out / name).write_bytes(content.encode("utf-8"))
    return out / "index.html"


@functools.lru_cache(maxsize=None)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(_TEMPLATES)),
        autoescape=lambda name: name is None or not name.endswith(".md"),
        undefined=jinja2.StrictUndefined,
        finalize=text.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        breakable=text.breakable,
        code=text.markdown_code,
        called=pages.called,
        conforming=pages.conforming,
        duration=text.duration,
        embedded=_embedded,
        md=text.markdown,
        number="{:,}".format,
        one_line=text.one_line,
        origin=pages.origin,
        pieces=pages.pieces,
        share=pages.share,
        shorten=text.shorten,
        worst=worst,
    )
    environment.globals.update(
        meanings=pages.MEANINGS,
        open_differences=pages.OPEN_DIFFERENCES,
        style=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        script=Markup((_TEMPLATES / "report.js").read_text(encoding="utf-8")),
        symbols=pages.SYMBOLS,
        titles=pages.TITLES,
    )
    return environment


def _embedded(data: Any) -> Markup:
    """The data as JSON that may stand in a script element, which ends at the first ``</``."""
    return Markup(
        json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    )
