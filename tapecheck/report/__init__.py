"""The report of one or several runs: a page or a site to look at, and a summary for a CI job.

It is made of result records and of the text of the standard alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import List

from tapecheck.behaviours import load as load_behaviours
from tapecheck.report import page as pages
from tapecheck.report.costs import costs
from tapecheck.report.curves import curves
from tapecheck.report.embedded import embed
from tapecheck.report.environment import environment
from tapecheck.results import Run
from tapecheck.standard import load_standard

__all__ = ["build", "render", "write"]


def render(runs: List[Run], out: Path, book: bool = False) -> Path:
    """Build and write the page of the runs; see `write`."""
    return write(build(runs), out, book)


def build(runs: List[Run]) -> pages.Page:
    """What the page of the runs says."""
    return pages.build(runs, load_standard())


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
    runs = [report.run for report in page.reports]
    content = {
        "data": embed(page.matrix, page.anchors, load_standard(), load_behaviours(), book),
        "curves": curves(runs),
        "costs": costs(runs),
    }
    for name in ("index.html", "summary.md"):
        text = environment().get_template(name).render(page=page, book=book, **content)
        (out / name).write_bytes(text.encode("utf-8"))
    return out / "index.html"
