"""What the site says of each clause: one sheet a clause, with the verdicts of all runs."""

from __future__ import annotations

import functools
import hashlib
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from markupsafe import Markup

from tapecheck import reproducer
from tapecheck.behaviours import Behaviour, Behaviours
from tapecheck.errors import TapecheckError
from tapecheck.report import findings, statements
from tapecheck.report.book import program
from tapecheck.report.highlight import highlight
from tapecheck.report.matrix import Matrix, Row, worst
from tapecheck.report.page import SYMBOLS, Report, called
from tapecheck.report.text import LIMIT, one_line, visible
from tapecheck.report.versions import Upgrades
from tapecheck.results import Case
from tapecheck.standard import SPEC, Standard
from tapecheck.timeline import History

_BACKEND = re.compile(r"--backend ([\w.:-]+)")
_TOLD_MOST = 20
_LONGEST_NAME = 120
_LONGEST_SCRIPT = 4 * LIMIT

Place = Tuple[str, str]
"""The suite and the id of a clause, without the row of a parametrised one."""


class Grid(NamedTuple):
    """The verdicts of one implementation: its runs, and a line for each mode and device.

    Attributes:
        runs: the numbers of the runs that hold the clause.
        lines: name of the line, and its cells as HTML, one for each run.
    """

    backend: str
    runs: List[int]
    lines: List[Tuple[str, Markup]]


class Where(NamedTuple):
    """In which versions of an implementation something was found, and in which modes there."""

    backend: str
    versions: List[str]
    modes: List[str]


class Told(NamedTuple):
    """A finding with the address of its place in the page, newest versions first."""

    anchor: str
    finding: findings.Finding
    places: List[Where]


class Script(NamedTuple):
    """A program that shows a failure without this suite.

    Attributes:
        verified: whether it was run and failed in the same way.
    """

    text: str
    of: str
    verified: bool


class Sheet(NamedTuple):
    """The page of one clause.

    Attributes:
        name: that of its file.
        said: what its declaration says, as far as that is known.
        histories: what became of it over versions, with the implementation, where that changed.
        rows: how many rows a parametrised clause has, 0 for any other.
        untold: how many findings there was no room for.
    """

    suite: str
    clause: str
    level: str
    name: str
    title: str
    chapter: str
    chapter_key: str
    said: Optional[statements.Said]
    behaviours: List[Behaviour]
    code: Markup
    grids: List[Grid]
    histories: List[Tuple[str, History]]
    rows: int
    told: List[Told]
    untold: int
    script: Optional[Script]
    command: str


def stem(clause: str) -> str:
    """The id of a clause without its row."""
    return clause.partition("[")[0]


def file_names(places: Sequence[Place]) -> Dict[Place, str]:
    """A name of a file for each clause, which any system takes."""
    names: Dict[Place, str] = {}
    taken = set()
    for suite, clause in places:
        whole = clause if suite == SPEC else "{}.{}".format(suite, clause)
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", whole).strip(".-")[:_LONGEST_NAME]
        if name != whole or name.lower() in taken:
            name += "-" + hashlib.sha1(repr((suite, clause)).encode("utf-8")).hexdigest()[:8]
        taken.add(name.lower())
        names[suite, clause] = name
    return names


def sheets(
    matrix: Matrix,
    reports: Sequence[Report],
    names: Dict[Place, str],
    standard: Standard,
    behaviours: Behaviours,
    upgrades: Sequence[Upgrades],
) -> List[Sheet]:
    """The sheets of all clauses of the runs, in the order of the matrix."""
    histories: Dict[Place, List[Tuple[str, History]]] = {}
    for one in upgrades:
        for history in one.histories:
            place = (history.suite, stem(history.clause))
            histories.setdefault(place, []).append((one.backend, history))
    return [
        _sheet(rows, title, key, matrix, reports, names, standard, behaviours)._replace(
            histories=histories.get((rows[0].suite, stem(rows[0].clause)), [])[:_TOLD_MOST]
        )
        for title, key, rows in _grouped(matrix)
    ]


def _grouped(matrix: Matrix) -> List[Tuple[str, str, List[Row]]]:
    """Title and key of the chapter, and the rows of one clause."""
    grouped: List[Tuple[str, str, List[Row]]] = []
    for chapter in matrix.chapters:
        clauses: Dict[str, List[Row]] = {}
        for row in chapter.rows:
            clauses.setdefault(stem(row.clause), []).append(row)
        grouped += [(chapter.title, chapter.key, rows) for rows in clauses.values()]
    return grouped


def _sheet(
    rows: List[Row],
    chapter: str,
    key: str,
    matrix: Matrix,
    reports: Sequence[Report],
    names: Dict[Place, str],
    standard: Standard,
    behaviours: Behaviours,
) -> Sheet:
    suite, clause = rows[0].suite, stem(rows[0].clause)
    said = statements.find(standard, suite, clause)
    cases = _by_run(rows, matrix, len(reports))
    told, untold = _told(cases, reports)
    first = next((case for run in reversed(cases) for case in run if case.message), None)
    anchors = {
        (place.run, mode): one.anchor
        for one in told
        for place in one.finding.places
        for mode, _ in place.cases
    }
    return Sheet(
        suite=suite,
        clause=clause,
        level=rows[0].level,
        name=names[suite, clause],
        title=said.statement if said and said.statement else called(rows[0]),
        chapter=chapter,
        chapter_key=key,
        said=said,
        behaviours=[behaviours[one] for one in (said.covers if said else []) if one in behaviours],
        code=highlight(program(visible(said.code, _LONGEST_SCRIPT))) if said else Markup(""),
        grids=_grids(rows, matrix, reports, anchors),
        histories=[],
        rows=len(rows) if len(rows) > 1 or "[" in rows[0].clause else 0,
        told=told,
        untold=untold,
        script=_script(cases, reports, standard),
        command=_command(first, suite, clause),
    )


def _by_run(rows: List[Row], matrix: Matrix, runs: int) -> List[List[Case]]:
    found: List[List[Case]] = [[] for _ in range(runs)]
    for row in rows:
        for column, case in zip(matrix.columns, row.cells):
            if case is not None:
                found[column.run].append(case)
    return found


def _told(cases: List[List[Case]], reports: Sequence[Report]) -> Tuple[List[Told], int]:
    """What was found, in the newest run first, and how much there is no room for."""
    last = len(cases) - 1
    found = [
        one._replace(places=[place._replace(run=last - place.run) for place in one.places])
        for one in findings.find(cases[::-1])
    ]
    found.sort(key=lambda one: findings.TOLD.index(one.verdict))
    told = [
        Told("{}-{}".format(one.verdict, number), one, _places(one, reports))
        for number, one in enumerate(found[:_TOLD_MOST], 1)
    ]
    return told, len(found) - len(told)


def _places(finding: findings.Finding, reports: Sequence[Report]) -> List[Where]:
    merged: Dict[Tuple[str, Tuple[str, ...]], List[str]] = {}
    for place in finding.places:
        modes = tuple(dict.fromkeys(mode for mode, _ in place.cases))
        report = reports[place.run]
        merged.setdefault((report.backend, modes), []).append(report.version)
    return [Where(backend, versions, list(modes)) for (backend, modes), versions in merged.items()]


def _grids(
    rows: List[Row],
    matrix: Matrix,
    reports: Sequence[Report],
    anchors: Dict[Tuple[int, str], str],
) -> List[Grid]:
    several = len({column.device for column in matrix.columns}) > 1
    found: Dict[str, Dict[str, Dict[int, List[Case]]]] = {}
    for number, column in enumerate(matrix.columns):
        cells = [row.cells[number] for row in rows]
        cases = [case for case in cells if case is not None]
        if cases:
            line = column.mode + (" " + one_line(column.device, 40) if several else "")
            lines = found.setdefault(reports[column.run].backend, {})
            lines.setdefault(line, {})[column.run] = cases
    grids = []
    for backend, lines in found.items():
        runs = sorted({run for line in lines.values() for run in line})
        told = [
            (name, Markup("").join(_cell(line.get(run), run, anchors) for run in runs))
            for name, line in lines.items()
        ]
        grids.append(Grid(backend, runs, told))
    return grids


def _cell(cases: Optional[List[Case]], run: int, anchors: Dict[Tuple[int, str], str]) -> Markup:
    if not cases:
        return Markup("<td></td>")
    verdict, number = worst(cases)
    told = verdict in findings.TOLD
    anchor = anchors.get((run, cases[0].mode), "") if told else ""
    count = number if told and len(cases) > 1 else 0
    return _drawn(verdict, count, anchor, any(case.flaky for case in cases))


@functools.lru_cache(maxsize=None)
def _drawn(verdict: str, count: int, anchor: str, flaky: bool) -> Markup:
    """A cell as HTML: the verdict, how many rows have it, and where it is told."""
    words = Markup('<span aria-hidden="true">{}</span><span class="unseen">{}</span>').format(
        SYMBOLS[verdict], verdict
    )
    if count:
        words += Markup(" {}").format(count)
    if flaky:
        words += Markup('<span class="flaky" title="another verdict when repeated">?</span>')
    if anchor:
        words = Markup('<a href="#{}">{}</a>').format(anchor, words)
    return Markup('<td class="{}" title="{}">{}</td>').format(verdict, verdict, words)


def _script(
    cases: List[List[Case]], reports: Sequence[Report], standard: Standard
) -> Optional[Script]:
    """A program for the newest failure: one that was verified, or else made from the clause."""
    broken = [
        (reports[number], case)
        for number in reversed(range(len(cases)))
        for case in cases[number]
        if case.verdict in findings.TOLD
    ]
    for report, case in broken:
        if case.reproducer.get("verified"):
            text = visible(str(case.reproducer["script"]), _LONGEST_SCRIPT)
            return Script(text, "{}, {}".format(report.name, case.mode), True)
    for report, case in broken:
        entry = standard.entries.get(stem(case.clause)) if case.suite == SPEC else None
        backend = _BACKEND.search(str(case.details.get("reproduce", "")))
        if entry is not None and backend is not None:
            try:
                text = reproducer.script(entry, backend.group(1), case.mode)
            except TapecheckError:
                return None
            return Script(text, "{}, {}".format(report.name, case.mode), False)
    return None


def _command(first: Optional[Case], suite: str, clause: str) -> str:
    told = first.details.get("reproduce") if first is not None else None
    return str(told) if told else "tapecheck repro " + clause
