"""The report page: what it says, from runs and the text of the standard, ready to be laid out."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tapecheck import __version__
from tapecheck.behaviours import Behaviours
from tapecheck.clause import LEVELS
from tapecheck.report import conformance, findings
from tapecheck.report.matrix import SPEC, Chapter, Column, Matrix, arrange
from tapecheck.report.text import LIMIT, address, one_line, slug, visible
from tapecheck.results import DEVIATION, NOT_APPLICABLE, Case, Run, count
from tapecheck.standard import Standard

SYMBOLS: Dict[str, str] = {
    "pass": "✓",
    "fail": "✗",
    "error": "!",
    "fixed": "★",
    "deviation": "~",
    "unsupported": "–",  # noqa: RUF001
    "not-applicable": "·",
}

MEANINGS: Dict[str, str] = {
    "pass": "keeps the promise",
    "fail": "wrong value or wrong behaviour",
    "error": "unexpected exception, crash or timeout",
    "fixed": "listed as a deviation, but passes: the entry must go",
    "deviation": "fails exactly as listed, with a reason",
    "unsupported": "needs what the implementation declares to lack, and really refuses",
    "not-applicable": "newer than the version under test, or hardware absent",
}

TITLES: Dict[str, str] = {
    "fail": "Failures",
    "error": "Errors",
    "fixed": "Fixed entries",
    "deviation": "Known deviations",
}

_TOLD_MOST = 200
_BUDGET = 600000
_LEAST = 300
_TITLE = 90
_OPEN = 20
_OPEN_DEVIATIONS = 5
_SLOWEST = 8
_LINK = re.compile(r"([^;<>]{0,200}?) ?<(https?://[^\s<>\"']+)>|(https?://[^\s<>\"']+)")


class Report(NamedTuple):
    """One run, as the report shows it.

    Attributes:
        name: implementation and version, told apart from a second run of the same.
        key: the name as a word for an address.
    """

    name: str
    key: str
    run: Run
    whole: conformance.Standing
    levels: Dict[str, conformance.Standing]

    @property
    def seconds(self) -> float:
        """How long it took; of an incomplete run only what its cases took is known."""
        if self.run.footer is not None:
            return float(self.run.footer["seconds"])
        return sum(case.seconds for case in self.run.cases)

    @property
    def started(self) -> str:
        return str(self.run.header["started"]).replace("T", " ").replace("Z", " UTC")

    @property
    def slowest(self) -> List[Case]:
        ordered = sorted(self.run.cases, key=lambda case: (-case.seconds, case.key))
        return ordered[:_SLOWEST]

    @property
    def options(self) -> List[Tuple[str, str]]:
        """The options and seeds of the run, each in one line."""
        header = self.run.header
        values = [*header["options"].items(), *header.get("seeds", {}).items()]
        return [
            (name, value if isinstance(value, str) else json.dumps(value)) for name, value in values
        ]


class Told(NamedTuple):
    """A finding with the address of its place in the page."""

    anchor: str
    finding: findings.Finding


class Section(NamedTuple):
    """The findings of one verdict; `cases` counts all of them, also those that are left out."""

    verdict: str
    told: List[Told]
    cases: int
    left_out: int

    @property
    def shown(self) -> List[Told]:
        """Those that are in view at once; of a few more, all."""
        most = _OPEN_DEVIATIONS if self.verdict == DEVIATION else _OPEN
        return self.told if len(self.told) <= most + 3 else self.told[:most]

    @property
    def folded(self) -> List[Told]:
        return self.told[len(self.shown) :]


class Cell(NamedTuple):
    """A cell of the matrix: its verdict, what it says beyond that, where it leads."""

    verdict: str
    title: str
    anchor: str


class Page(NamedTuple):
    """Everything that the template lays out."""

    reports: List[Report]
    sections: List[Section]
    matrix: Matrix
    anchors: Dict[Tuple[str, str, int, str, str], str]
    absent: List[str]
    data: Dict[str, Any]
    limit: int

    @property
    def several_devices(self) -> bool:
        return len({column.device for column in self.matrix.columns}) > 1

    @property
    def modes(self) -> List[str]:
        return list(dict.fromkeys(column.mode for column in self.matrix.columns))

    @property
    def verdicts(self) -> List[str]:
        return list(count([case for report in self.reports for case in report.run.cases]))

    @property
    def suite_versions(self) -> List[str]:
        return sorted({report.run.header["suite_version"] for report in self.reports})

    @property
    def groups(self) -> List[Tuple[Report, int]]:
        """Each run with the number of its columns."""
        runs = [column.run for column in self.matrix.columns]
        return [(report, runs.count(number)) for number, report in enumerate(self.reports)]

    def cell(self, case: Optional[Case], column: Column) -> Optional[Cell]:
        """The cell of a case, or None where the clause was not run."""
        if case is None:
            return None
        key = (case.suite, case.clause, column.run, case.mode, case.device)
        anchor, title = self.anchors.get(key, ""), ""
        if case.message and case.verdict not in findings.TOLD:
            title = one_line(findings.headline(case), _TITLE)
        return Cell(case.verdict, title, anchor)

    def chapter_counts(self, chapter: Chapter) -> List[Tuple[str, List[Dict[str, int]]]]:
        """Counts by verdict of each run, for the whole chapter (no name) and for each level."""
        keys = {row.clause for row in chapter.rows}
        by_run = [
            [one for one in report.run.cases if one.suite == chapter.suite and one.clause in keys]
            for report in self.reports
        ]
        lines = [("", [count(cases) for cases in by_run])]
        for level in LEVELS:
            counts = [count([one for one in cases if one.level == level]) for cases in by_run]
            if any(counts):
                lines.append((level, counts))
        return lines


def build(runs: Sequence[Run], standard: Standard, behaviours: Behaviours) -> Page:
    """The page of the runs."""
    arranged = arrange(runs, standard)
    place = {(row.suite, row.clause): number for number, row in enumerate(arranged.rows)}
    found = findings.find([run.cases for run in runs])
    found.sort(key=lambda one: (LEVELS.index(one.level), place[one.suite, one.clause]))
    sections, anchors, room = [], {}, _TOLD_MOST
    for verdict in findings.TOLD:
        section = _section(verdict, [one for one in found if one.verdict == verdict], room)
        room -= len(section.told)
        sections.append(section)
        for told in section.told:
            anchors.update(_anchors(told, runs))
    told_count = max(1, _TOLD_MOST - room)
    ran = {row.clause for row in arranged.rows if row.suite == SPEC}
    return Page(
        reports=reports_of(runs),
        sections=sections,
        matrix=arranged,
        anchors=anchors,
        absent=[clause for clause in standard.entries if clause not in ran],
        data=_data(arranged, standard, behaviours),
        limit=min(LIMIT, max(_LEAST, _BUDGET // (4 * told_count))),
    )


def conforming(reports: Sequence[Report]) -> str:
    """How many of the runs conform, in a sentence."""
    good = sum(report.whole.state == conformance.CONFORMS for report in reports)
    if not reports:
        return "There is no run to report."
    if len(reports) == 1:
        return "{} {}.".format(reports[0].name, reports[0].whole.words)
    if good == len(reports):
        return "Both runs conform." if good == 2 else "All {} runs conform.".format(good)
    subject = "None of the {} runs conforms." if not good else "{} of {} runs conform{}."
    return subject.format(
        *([len(reports)] if not good else [good, len(reports), "s" * (good == 1)])
    )


def pieces(text: str) -> Iterator[Tuple[str, str]]:
    """The text cut into words, each with the web address that follows it, or an empty one.

    ``title <address>``, as citations are written, gives the title with its address.
    """
    end = 0
    for match in _LINK.finditer(text):
        title, cited, bare = match.groups()
        before, words = text[end : match.start()], title or cited or bare
        indent = words[: len(words) - len(words.lstrip())]
        yield before + indent, ""
        yield words.strip(), address(cited or bare)
        end = match.end()
    yield text[end:], ""


def share(counts: Dict[str, int]) -> List[Tuple[str, int]]:
    """What a bar shows: every verdict but those that ask nothing of the implementation."""
    return [(verdict, number) for verdict, number in counts.items() if verdict != NOT_APPLICABLE]


def reports_of(runs: Sequence[Run]) -> List[Report]:
    """The runs as reports show them, each with a name of its own."""
    labels = [one_line(run.label, 80) for run in runs]
    reports: List[Report] = []
    for number, (run, label) in enumerate(zip(runs, labels)):
        name = label
        if labels.count(label) > 1:
            name = "{} (run {})".format(label, labels[: number + 1].count(label))
        key, taken = slug(name), {report.key for report in reports}
        while key in taken:
            key += "-"
        reports.append(Report(name, key, run, conformance.of_run(run), conformance.levels(run)))
    return reports


def _section(verdict: str, found: List[findings.Finding], room: int) -> Section:
    told = [
        Told("{}-{}".format(verdict, number), one) for number, one in enumerate(found[:room], 1)
    ]
    cases = sum(len(place.cases) for one in found for place in one.places)
    return Section(verdict, told, cases, len(found) - len(told))


def _anchors(told: Told, runs: Sequence[Run]) -> Dict[Tuple[str, str, int, str, str], str]:
    suite, clause = told.finding.suite, told.finding.clause
    anchors = {}
    for place in told.finding.places:
        for mode, device in place.cases:
            anchors[suite, clause, place.run, mode, device] = told.anchor
    return anchors


def _data(arranged: Matrix, standard: Standard, behaviours: Behaviours) -> Dict[str, Any]:
    """What the page shows of a clause on demand: once each, however many runs there are."""
    clauses, cited = [], {}
    for row in arranged.rows:
        one: Dict[str, Any] = {"id": visible(row.suite + "/" + row.clause, 300), "level": row.level}
        if row.suite == SPEC:
            one["id"] = visible(row.clause, 300)
        entry = standard.entries.get(row.clause) if row.suite == SPEC else None
        if entry is not None:
            clause = entry.clause
            one.update(
                statement=visible(clause.statement),
                explanation=visible(clause.explanation),
                covers=list(clause.covers),
                needs=sorted(clause.needs),
                since=clause.since or "",
                code=visible(entry.code.strip(), 2 * LIMIT),
            )
            cited.update(dict.fromkeys(clause.covers))
        clauses.append({name: value for name, value in one.items() if value})
    documents = list(behaviours.documents.values())
    sources = {}
    for name in cited:
        if name in behaviours:
            behaviour = behaviours[name]
            places = [[documents.index(one.document), one.at] for one in behaviour.sources]
            sources[name] = [behaviour.statement, places]
    return {
        "clauses": clauses,
        "behaviours": sources,
        "documents": [[one.title, address(one.url)] for one in documents],
        "suite": __version__,
    }
