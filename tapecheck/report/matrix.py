"""Clauses by runs: the rows, columns and cells of the matrix, in the order of the standard."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from tapecheck.modes import MODES
from tapecheck.report import statements
from tapecheck.report.conformance import lacks_mode, suites
from tapecheck.results import NOT_APPLICABLE, VERDICTS, Case, Run
from tapecheck.standard import SPEC, Standard

CONCERN = VERDICTS[1:5] + VERDICTS[:1] + VERDICTS[5:]
"""The verdicts in the order in which a reader must know of them."""

Place = Tuple[str, str]


class Column(NamedTuple):
    """One mode and device of one run, by its number."""

    run: int
    mode: str
    device: str


class Row(NamedTuple):
    """One clause; a cell is None where the clause was not run there."""

    suite: str
    clause: str
    level: str
    cells: List[Optional[Case]]


class Chapter(NamedTuple):
    """The clauses of one file; `title` is the first line of its docstring, or its name."""

    suite: str
    name: str
    title: str
    rows: List[Row]

    @property
    def key(self) -> str:
        return self.suite + "/" + self.name

    @property
    def subject(self) -> str:
        """The title up to its colon."""
        return self.title.partition(":")[0]

    def cases(self, column: int) -> List[Case]:
        """The cases of one column."""
        cells = [row.cells[column] for row in self.rows]
        return [cell for cell in cells if cell is not None]


class Matrix(NamedTuple):
    """All chapters that the runs know, over all columns.

    Attributes:
        lacking: the columns that are left out, since the implementation lacks the whole mode.
    """

    columns: List[Column]
    chapters: List[Chapter]
    lacking: List[Column]

    @property
    def rows(self) -> List[Row]:
        return [row for chapter in self.chapters for row in chapter.rows]

    @property
    def suites(self) -> List[Tuple[str, List[Chapter]]]:
        """The chapters of each suite."""
        names = list(dict.fromkeys(chapter.suite for chapter in self.chapters))
        return [(name, [one for one in self.chapters if one.suite == name]) for name in names]


def arrange(runs: Sequence[Run], standard: Standard) -> Matrix:
    """The matrix of the runs, suite by suite. What the standard lacks comes after what it has."""
    every = [column for number, run in enumerate(runs) for column in _columns(number, run)]
    cells: Dict[Place, Dict[Column, Case]] = {}
    offered: Set[Column] = set()
    refused: Set[Column] = set()
    for number, run in enumerate(runs):
        for case in run.cases:
            column = Column(number, case.mode, case.device)
            cells.setdefault((case.suite, case.clause), {})[column] = case
            if lacks_mode(case):
                refused.add(column)
            elif case.verdict != NOT_APPLICABLE:
                offered.add(column)
    lacking = [column for column in every if column in refused - offered]
    columns = [column for column in every if column not in lacking]
    titles = {(SPEC, chapter.name): chapter.title for chapter in standard.chapters}
    rows: Dict[Place, List[Row]] = {place: [] for place in titles}
    known = [(SPEC, clause) for clause in standard.entries]
    unknown = sorted(set(cells) - set(known))
    for place in [one for one in known if one in cells] + unknown:
        found = cells[place]
        first = next(iter(found.values()))
        entry = standard.entries.get(place[1]) if place[0] == SPEC else None
        level = entry.clause.level if entry else first.level
        row = Row(place[0], place[1], level, [found.get(column) for column in columns])
        rows.setdefault((place[0], first.chapter), []).append(row)
    position = {place: number for number, place in enumerate(titles)}
    last = len(position)
    order = suites(list(runs))
    ordered = sorted(
        (place for place in rows if rows[place]),
        key=lambda place: (order.index(place[0]), position.get(place, last), place),
    )
    chapters = [
        Chapter(suite, name, titles.get((suite, name)) or _title(suite, name), rows[suite, name])
        for suite, name in ordered
    ]
    return Matrix(columns, chapters, lacking)


def worst(cases: Sequence[Case]) -> Tuple[str, int]:
    """The verdict that a reader must know of first, and how many of the cases have it."""
    found = [case.verdict for case in cases]
    verdict = min(found, key=CONCERN.index)
    return verdict, found.count(verdict)


def _columns(number: int, run: Run) -> List[Column]:
    devices = list(dict.fromkeys([*run.header["devices"], *(case.device for case in run.cases)]))
    places = {(case.mode, case.device) for case in run.cases}
    ordered = sorted(places, key=lambda place: (MODES.index(place[0]), devices.index(place[1])))
    return [Column(number, mode, device) for mode, device in ordered]


def _title(suite: str, chapter: str) -> str:
    return statements.read(suite, chapter).title or chapter.replace("_", " ").capitalize()
