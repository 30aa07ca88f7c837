"""The matrix of runs as it fits a screen: levels and suites, and where they differ first."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from tapecheck.cli.text import COLOURS, columns, plain, say
from tapecheck.report.conformance import BREAKS, CONFORMS, Standing
from tapecheck.report.differences import Difference
from tapecheck.report.page import SYMBOLS, Page, Report, called, origin
from tapecheck.results import DEVIATION, FAIL, PASS
from tapecheck.standard import SPEC

_RUNS = 30
_DIFFERENCES = 8
_LEAKS = 3
_NAME = 30
_BREAKERS = 4


def show(out: Any, page: Page) -> None:
    """Print how each run stands on each level and in each suite, and the first differences."""
    suites = [suite for suite, _ in page.matrix.suites if suite != SPEC]
    rows = [["", *page.reports[0].levels, *(plain(suite, 20) for suite in suites), "lacks"]]
    styles: List[List[str]] = [["bold"] * len(rows[0])]
    for report in page.reports[:_RUNS]:
        found = [*report.levels.values(), *(report.suites.get(suite) for suite in suites)]
        cells = [_cell(report, standing) for standing in found]
        rows.append([plain(report.name, _NAME), *(cell for cell, _ in cells), _lacks(report)])
        styles.append(["", *(style for _, style in cells), "dim"])
    for row, style in zip(columns(rows), styles):
        say(out, *zip(row, style))
    _more(out, len(page.reports) - _RUNS, "run")
    say(out, ("cases passed of those asked: ✓ reached, ~ with deviations, ✗ broken", "dim"))
    for report in page.reports:
        if not report.run.complete:
            say(out, plain(report.name, _NAME), ("  did not reach its end", "bold red"))
        if report.part:
            say(out, plain(report.name, _NAME), "  only a part was run: ", plain(report.part, 100))
    for report in page.leaking:
        leaks = report.run.leaks or ()
        say(out)
        say(
            out, ("{} leaks state ({:,})".format(plain(report.name, _NAME), len(leaks)), "bold red")
        )
        told = [
            [
                "{} [{}]".format(plain(called(leak), 90), leak.mode),
                "{} together, {} alone".format(leak.together, leak.alone),
                "from {}".format(plain(origin(leak), 90)),
            ]
            for leak in leaks[:_LEAKS]
        ]
        for line in columns(told):
            say(out, "  ", *line)
        _more(out, len(leaks) - _LEAKS, "case")
    if page.different:
        say(out)
        say(out, ("Where they differ ({:,})".format(page.different), "bold"))
        differing = [
            [plain(called(one), 90), "kept by " + _kept(one, page), _otherwise(one, page)]
            for one in page.differing[:_DIFFERENCES]
        ]
        for line in columns(differing):
            say(out, "  ", *line)
        _more(out, page.different - _DIFFERENCES, "clause")
    say(out)


def _cell(report: Report, standing: Optional[Standing]) -> Tuple[str, str]:
    """A standing in a few characters, and its colour; what is not whole has no symbol."""
    if standing is None or not standing.asked:
        return "-", ""
    verdict = ""
    if standing.state == BREAKS:
        verdict = FAIL
    elif standing.state == CONFORMS and not report.part:
        verdict = DEVIATION if standing.counts.get(DEVIATION) else PASS
    number = "{:,}/{:,}".format(standing.passed, standing.asked)
    return "{} {}".format(SYMBOLS.get(verdict, " "), number), COLOURS.get(verdict, "")


def _lacks(report: Report) -> str:
    words, parts = list(report.lacks["modes"]), report.lacks["parts"]
    if parts:
        words.append("{} part{}".format(len(parts), "" if len(parts) == 1 else "s"))
    return ", ".join(words) or "nothing"


def _kept(one: Difference, page: Page) -> str:
    if len(one.kept) > 2:
        return "{:,}".format(len(one.kept))
    return ", ".join(plain(page.reports[run].short, _NAME) for run in one.kept)


def _otherwise(one: Difference, page: Page) -> str:
    """Who breaks a clause, and how."""
    told: Dict[int, str] = {}
    for outcome in one.otherwise:
        for run in outcome.places:
            told.setdefault(run, outcome.verdict)
    names = [
        "{} {}".format(SYMBOLS[told[run]], plain(page.reports[run].short, _NAME))
        for run in sorted(told)
    ]
    return ", ".join(names[:_BREAKERS] + ["..."] * (len(names) > _BREAKERS))


def _more(out: Any, number: int, noun: str) -> None:
    if number > 0:
        say(out, "  and {:,} more {}{}".format(number, noun, "" if number == 1 else "s"))
