"""Badges: how many cases of a level pass, for a README or a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence
from xml.sax.saxutils import escape, quoteattr

from tapecheck.report.conformance import BREAKS, CONFORMS, levels
from tapecheck.report.history import ordered
from tapecheck.results import DEVIATION, Run

GOOD, KNOWN, BAD, UNKNOWN = "#2f7d32", "#8a6d00", "#b3261e", "#5f6368"
"""Colours on which white text has a contrast of 4.5 or more."""

_PER_CHARACTER = 6.6
_PADDING = 12


class Badge(NamedTuple):
    """Two words and a colour."""

    label: str
    message: str
    color: str

    def endpoint(self) -> str:
        """The JSON that shields.io takes for an endpoint badge."""
        fields = {"schemaVersion": 1, "label": self.label, "message": self.message}
        return json.dumps({**fields, "color": self.color.lstrip("#")}, indent=1) + "\n"

    def svg(self) -> str:
        """The badge as a picture."""
        widths = [round(len(text) * _PER_CHARACTER) + _PADDING for text in self[:2]]
        total = sum(widths)
        title = "{}: {}".format(self.label, self.message)
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="20" role="img"'
            ' aria-label={1}><title>{2}</title><rect width="{0}" height="20" rx="3"'
            ' fill="#3c4043"/><path d="M{3} 0h{4}q3 0 3 3v14q0 3-3 3h-{4}z" fill="{5}"/>'
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
            ' text-anchor="middle"><text x="{6}" y="14">{7}</text><text x="{8}" y="14">{9}</text>'
            "</g></svg>\n"
        ).format(
            total,
            quoteattr(title),
            escape(title),
            widths[0],
            widths[1] - 3,
            self.color,
            widths[0] / 2,
            escape(self.label),
            widths[0] + widths[1] / 2,
            escape(self.message),
        )


def latest(runs: Sequence[Run]) -> List[Run]:
    """The last run of each implementation and version, an incomplete one only where that is all."""
    found: Dict[str, Run] = {}
    for run in ordered(runs):
        if run.complete or run.label not in found:
            found[run.label] = run
    return list(found.values())


def badges(run: Run) -> Dict[str, Badge]:
    """The badge of each level that was asked, by the level."""
    found = {}
    for level, standing in levels(run).items():
        if not standing.asked:
            continue
        color = BAD if standing.state == BREAKS else UNKNOWN
        if standing.state == CONFORMS and run.complete and not run.header.get("old"):
            color = KNOWN if standing.counts.get(DEVIATION) else GOOD
        message = "{}/{}".format(standing.passed, standing.asked)
        if not run.complete or run.header.get("old"):
            message += " old" if run.complete else " incomplete"
        found[level] = Badge("{} {}".format(_shown(run.label), level), message, color)
    return found


def write(runs: Sequence[Run], folder: Path) -> List[Path]:
    """Write each badge as JSON and SVG, by version and, of the last version, without it.

    Returns:
        The files, such as ``tensorflow-2.21.0-must.svg`` and ``tensorflow-must.svg``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts: Dict[str, str] = {}
    for run in ordered(runs):
        for level, badge in badges(run).items():
            for words in ((run.header["backend"], run.header["version"]), (run.header["backend"],)):
                name = _safe("-".join([*map(str, words), level.lower()]))
                texts[name + ".json"] = badge.endpoint()
                texts[name + ".svg"] = badge.svg()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+_-]+", "_", text)[:120].lstrip(".")


def _shown(text: str) -> str:
    """Text from elsewhere on one short line, as XML can hold it."""
    return "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))[:60]
