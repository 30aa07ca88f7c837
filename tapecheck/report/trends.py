"""Numbers over nights: one plot and one table for each thing that was tested more than once."""

from __future__ import annotations

import datetime
from typing import List, NamedTuple, Optional, Sequence

from markupsafe import Markup

from tapecheck.report import conformance
from tapecheck.report.history import is_nightly, tracks
from tapecheck.report.page import Report
from tapecheck.report.plot import Line, line_plot
from tapecheck.results import BREAKING, DEVIATION, PASS

_NIGHTS = 60


class Evening(NamedTuple):
    """What one run came to.

    Attributes:
        day: days since the first run, None where the date cannot be read.
        unreviewed: how many of the deviations nobody has looked into.
    """

    run: int
    day: Optional[float]
    passed: int
    broken: int
    deviations: int
    unreviewed: int
    seconds: float


class Trend(NamedTuple):
    """The runs of one thing, the oldest first.

    Attributes:
        plots: pictures of it as HTML.
        left_out: how many older runs there was no room for.
    """

    name: str
    key: str
    evenings: List[Evening]
    plots: Markup
    left_out: int


def find(reports: Sequence[Report]) -> List[Trend]:
    """The trend of everything that was tested on more than one night."""
    return [
        _trend(reports, track)
        for track in tracks([report.run for report in reports])
        if len(track) > 1
    ]


def _trend(reports: Sequence[Report], track: List[int]) -> Trend:
    left_out = max(0, len(track) - _NIGHTS)
    last = reports[track[-1]]
    version = str(last.run.header["version"])
    name = "{} {}".format(last.backend, "between releases" if is_nightly(version) else version)
    first = _date(reports[track[left_out]])
    evenings = [_evening(reports[number], number, first) for number in track[left_out:]]
    days = [one.day for one in evenings]
    broken = [
        Line("broken", days, [one.broken for one in evenings]),
        Line("deviations", days, [one.deviations for one in evenings]),
    ]
    passed = [Line("passed", days, [one.passed for one in evenings])]
    seconds = [Line("seconds", days, [one.seconds for one in evenings])]
    since = "days since {}".format(str(reports[track[left_out]].run.header["started"])[:10])
    plots = [
        line_plot("Cases that break a promise", broken, since, "cases"),
        line_plot("Cases that pass", passed, since, "cases"),
        line_plot("Duration", seconds, since, "seconds"),
    ]
    return Trend(name, last.key, evenings, Markup("".join(plots)), left_out)


def _evening(report: Report, number: int, first: Optional[datetime.datetime]) -> Evening:
    counts, date = report.whole.counts, _date(report)
    since = (date - first).total_seconds() / 86400 if date and first else None
    return Evening(
        run=number,
        day=since,
        passed=counts.get(PASS, 0),
        broken=sum(counts.get(verdict, 0) for verdict in BREAKING),
        deviations=counts.get(DEVIATION, 0),
        unreviewed=conformance.unreviewed(report.run.cases),
        seconds=report.seconds,
    )


def _date(report: Report) -> Optional[datetime.datetime]:
    try:
        return datetime.datetime.strptime(report.run.header["started"], "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None
