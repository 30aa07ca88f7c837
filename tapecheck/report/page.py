"""The report page: what it says, from runs and the text of the standard, ready to be laid out."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

from tapecheck.clause import LEVELS
from tapecheck.report import conformance, differences, findings, lacks, statements
from tapecheck.report.embedded import Anchors
from tapecheck.report.matrix import Chapter, Matrix, arrange
from tapecheck.report.text import LIMIT, address, one_line, slug
from tapecheck.results import DEVIATION, NOT_APPLICABLE, Case, Leak, Run, count
from tapecheck.standard import SPEC, Standard

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

OPEN_DIFFERENCES = 12
"""How many differences are in view at once."""

_TOLD_MOST = 200
_BUDGET = 600000
_LEAST = 300
_TOLD_ROWS = 10
_DIFFERENCES = 120
_OPEN = 20
_OPEN_FEW = 5
_SLOWEST = 8
_LINK = re.compile(r"([^;<>]{0,200}?) ?<(https?://[^\s<>\"']+)>|(https?://[^\s<>\"']+)")


class Report(NamedTuple):
    """One run, as the report shows it.

    Attributes:
        name: implementation and version, told apart from a second run of the same.
        short: the implementation alone, where no other run is of the same.
        key: the name as a word for an address.
        levels: how it stands on each level of the standard.
        suites: how it stands in each other suite that it ran.
    """

    name: str
    short: str
    key: str
    run: Run
    whole: conformance.Standing
    levels: Dict[str, conformance.Standing]
    suites: Dict[str, conformance.Standing]

    @property
    def backend(self) -> str:
        return one_line(self.run.header["backend"], 80)

    @property
    def version(self) -> str:
        """The version, told apart from a second run of the same."""
        return self.name[len(self.backend) :].strip()

    @property
    def old(self) -> str:
        """The night for which it stands in, since that brought no whole run; mostly empty."""
        return str(self.run.header.get("old", ""))

    @property
    def part(self) -> str:
        """What of the standard was run, where that is not the whole of it."""
        return "; ".join("{} {}".format(*one) for one in conformance.part(self.run).items())

    @property
    def lacks(self) -> Dict[str, List[str]]:
        return lacks.of_run(self.run)

    @property
    def leaking(self) -> str:
        """What its leaks amount to: some came again after what ran before, or none did."""
        leaks = self.run.leaks or ()
        return "leaks state" if any(one.replayed for one in leaks) else "has other verdicts alone"

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


class Group(NamedTuple):
    """A finding, or those of all rows of a parametrised clause; `rows` counts also the untold."""

    told: List[Told]
    rows: int

    @property
    def untold(self) -> int:
        """How many rows there was no room for."""
        return self.rows - len({one.finding.clause for one in self.told})


class Section(NamedTuple):
    """The findings of one verdict.

    Attributes:
        cases: how many there are, also those that are left out.
        left_out: how many findings there was no room for, save further rows of what is told.
        most: how many groups are in view at once.
    """

    verdict: str
    groups: List[Group]
    cases: int
    left_out: int
    most: int

    @property
    def told(self) -> List[Told]:
        return [told for group in self.groups for told in group.told]

    @property
    def shown(self) -> List[Group]:
        """Those that are in view at once; of a few more, all."""
        return self.groups if len(self.groups) <= self.most + 3 else self.groups[: self.most]

    @property
    def folded(self) -> List[Group]:
        return self.groups[len(self.shown) :]


class Page(NamedTuple):
    """Everything that the template lays out.

    Attributes:
        differing: where the runs differ in value, as far as there is room for it.
        different: in how many clauses they differ.
        promises: what these clauses state, by suite and id, as far as it is known.
        absent: the clauses of the standard that no run has.
        limit: how many characters of one text there is room for.
    """

    reports: List[Report]
    sections: List[Section]
    differing: List[differences.Difference]
    different: int
    promises: Dict[Tuple[str, str], str]
    lacks: List[lacks.Lack]
    matrix: Matrix
    anchors: Anchors
    absent: List[str]
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
    def leaking(self) -> List[Report]:
        """The runs in which verdicts depend on what ran before."""
        return [report for report in self.reports if report.run.leaks]

    @property
    def suite_versions(self) -> List[str]:
        return sorted({report.run.header["suite_version"] for report in self.reports})

    @property
    def groups(self) -> List[Tuple[Report, int]]:
        """Each run with the number of its columns."""
        runs = [column.run for column in self.matrix.columns]
        return [(report, runs.count(number)) for number, report in enumerate(self.reports)]

    @property
    def lacking_modes(self) -> List[Tuple[Report, List[str]]]:
        """The runs whose implementations lack whole modes, with these."""
        lacking = self.matrix.lacking
        return [
            (report, list(dict.fromkeys(one.mode for one in lacking if one.run == number)))
            for number, report in enumerate(self.reports)
            if any(one.run == number for one in lacking)
        ]

    def chapter_counts(self, chapter: Chapter) -> List[Tuple[str, List[Dict[str, int]]]]:
        """Counts by verdict of each run, for the whole chapter (no name) and for each level.

        Modes that an implementation lacks as a whole are not counted.
        """
        by_run: List[List[Case]] = [[] for _ in self.reports]
        for number, column in enumerate(self.matrix.columns):
            by_run[column.run].extend(chapter.cases(number))
        lines = [("", [count(cases) for cases in by_run])]
        for level in LEVELS:
            counts = [count([one for one in cases if one.level == level]) for cases in by_run]
            if any(counts):
                lines.append((level, counts))
        return lines


def build(runs: Sequence[Run], standard: Standard) -> Page:
    """The page of the runs.

    Of several implementations the last run of each is compared, of one all its runs.
    """
    arranged = arrange(runs, standard)
    place = {(row.suite, row.clause): number for number, row in enumerate(arranged.rows)}
    order = [suite for suite, _ in arranged.suites]

    def rank(one: Any) -> Tuple[int, int, int]:
        """The standard before other suites, MUST before SHOULD, chapters in their order."""
        return order.index(one.suite), LEVELS.index(one.level), place[one.suite, one.clause]

    found = sorted(findings.find([run.cases for run in runs]), key=rank)
    compared = _compared(runs)
    differing = sorted(
        differences.find(
            [run.cases if number in compared else [] for number, run in enumerate(runs)]
        ),
        key=rank,
    )
    sections, anchors, room = [], {}, _TOLD_MOST
    for verdict in findings.TOLD:
        most = _OPEN_FEW if verdict == DEVIATION or len(runs) > 2 else _OPEN
        section = _section(verdict, [one for one in found if one.verdict == verdict], room, most)
        room -= len(section.told)
        sections.append(section)
        for told in section.told:
            anchors.update(_anchors(told, runs))
    told_count = max(1, _TOLD_MOST - room)
    ran = {row.clause for row in arranged.rows if row.suite == SPEC}
    return Page(
        reports=reports_of(runs),
        sections=sections,
        differing=differing[:_DIFFERENCES],
        different=len(differing),
        promises=_promises(differing[:_DIFFERENCES], standard),
        lacks=lacks.find(runs),
        matrix=arranged,
        anchors=anchors,
        absent=[clause for clause in standard.entries if clause not in ran]
        if SPEC in order
        else [],
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


def called(one: Any) -> str:
    """The id of a clause, with the name of its suite where the id does not say it."""
    clause, suite = str(one.clause), str(one.suite)
    plain = suite == SPEC or clause.startswith(suite + ".")
    return clause if plain else "{}/{}".format(suite, clause)


def origin(leak: Leak) -> str:
    """What brings about the verdict of a case that leaks, in words."""
    if leak.culprit is not None:
        suite, clause, mode, device = leak.culprit
        words = "{} [{}]".format(clause if suite == SPEC else suite + "/" + clause, mode)
        return words if device == leak.device else "{} on {}".format(words, device)
    if leak.replayed:
        return "no single case, but all that ran before it"
    return "not told by what ran before it"


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
    backends = [one_line(run.header["backend"], 80) for run in runs]
    dates = [one_line(run.header["started"], 40).partition("T")[0] for run in runs]
    reports: List[Report] = []
    for number, (run, label) in enumerate(zip(runs, labels)):
        name = label
        if labels.count(label) > 1:
            days = [day for day, other in zip(dates, labels) if other == label]
            told = days.count(dates[number]) == 1
            name = "{} ({})".format(
                label,
                dates[number] if told else "run {}".format(labels[: number + 1].count(label)),
            )
        key, taken = slug(name), {report.key for report in reports}
        while key in taken:
            key += "-"
        reports.append(
            Report(
                name=name,
                short=name if backends.count(backends[number]) > 1 else backends[number],
                key=key,
                run=run,
                whole=conformance.of_run(run),
                levels=conformance.levels(run),
                suites={
                    suite: conformance.of_suite(run, suite)
                    for suite in conformance.suites([run])
                    if suite != SPEC
                },
            )
        )
    return reports


def _compared(runs: Sequence[Run]) -> Set[int]:
    last = {run.header["backend"]: number for number, run in enumerate(runs)}
    return set(last.values() if len(last) > 1 else range(len(runs)))


def _promises(
    differing: List[differences.Difference], standard: Standard
) -> Dict[Tuple[str, str], str]:
    places = [(one.suite, one.clause) for one in differing]
    said = {place: statements.find(standard, *place) for place in places}
    return {place: one.statement for place, one in said.items() if one is not None}


def _section(verdict: str, found: List[findings.Finding], room: int, most: int) -> Section:
    rows: Dict[Tuple[Any, ...], List[findings.Finding]] = {}
    for number, one in enumerate(found):
        clause, parametrised, _ = one.clause.partition("[")
        rows.setdefault((one.suite, clause, "" if parametrised else number), []).append(one)
    groups, told_count, left_out = [], 0, 0
    for members in rows.values():
        told = [
            Told("{}-{}".format(verdict, number), one)
            for number, one in enumerate(members[:_TOLD_ROWS], told_count + 1)
        ]
        if told_count + len(told) <= room:
            groups.append(Group(told, len({one.clause for one in members})))
            told_count += len(told)
        else:
            left_out += len(members)
    cases = sum(len(place.cases) for one in found for place in one.places)
    return Section(verdict, groups, cases, left_out, most)


def _anchors(told: Told, runs: Sequence[Run]) -> Dict[Tuple[str, str, int, str, str], str]:
    suite, clause = told.finding.suite, told.finding.clause
    anchors = {}
    for place in told.finding.places:
        for mode, device in place.cases:
            anchors[suite, clause, place.run, mode, device] = told.anchor
    return anchors
