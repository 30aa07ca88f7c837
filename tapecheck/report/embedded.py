"""What the page holds as data: rows of the matrix and what clauses say, shown on demand."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from tapecheck import __version__
from tapecheck.behaviours import Behaviours
from tapecheck.report import findings, statements
from tapecheck.report.matrix import CONCERN, Matrix, Row
from tapecheck.report.text import LIMIT, address, one_line, visible
from tapecheck.results import Case
from tapecheck.standard import SPEC, Standard

Anchors = Dict[Tuple[str, str, int, str, str], str]
"""Where a case is told at length: by suite, clause, number of the run, mode and device."""

_TITLE = 90


def embed(
    arranged: Matrix, anchors: Anchors, standard: Standard, behaviours: Behaviours, book: bool
) -> Dict[str, Any]:
    """The data of the page, each thing once, however many runs there are.

    A cell is the number of its outcome; -1 where the clause was not run. An outcome is a verdict,
    what it says beyond that, and the address of its place in the page, each perhaps empty. A row of
    a parametrised clause after the first names the first, which tells what they share.

    Args:
        book: whether the standard lies beside the page: sources and code are then left to it.
    """
    outcomes: Dict[Tuple[str, str, str], int] = {}
    clauses: List[Dict[str, Any]] = []
    cited: Dict[str, None] = {}
    first: Dict[Tuple[str, str], int] = {}
    for number, chapter in enumerate(arranged.chapters):
        for row in chapter.rows:
            one: Dict[str, Any] = {"id": visible(row.clause, 300), "chapter": number}
            one.update(level=row.level, cells=_cells(row, arranged, anchors, outcomes))
            stem = (row.suite, row.clause.partition("[")[0])
            said = statements.find(standard, row.suite, row.clause)
            if stem in first:
                one.update(like=first[stem])
            elif said is not None:
                one.update(
                    statement=visible(said.statement),
                    explanation=visible(said.explanation),
                    needs=said.needs,
                    since=said.since,
                )
                if book and row.suite == SPEC:
                    one.update(book=stem[1])
                else:
                    one.update(covers=said.covers, code=visible(said.code, 2 * LIMIT))
                    cited.update(dict.fromkeys(said.covers))
            first.setdefault(stem, len(clauses))
            clauses.append({name: value for name, value in one.items() if value not in ("", [])})
    documents = list(behaviours.documents.values()) if cited else []
    sources = {}
    for name in cited:
        if name in behaviours:
            behaviour = behaviours[name]
            places = [[documents.index(one.document), one.at] for one in behaviour.sources]
            sources[name] = [behaviour.statement, places]
    return {
        "clauses": clauses,
        "outcomes": list(outcomes),
        "concern": CONCERN,
        "behaviours": sources,
        "documents": [[one.title, address(one.url)] for one in documents],
        "suite": __version__,
    }


def _cells(
    row: Row, arranged: Matrix, anchors: Anchors, outcomes: Dict[Tuple[str, str, str], int]
) -> List[int]:
    cells = []
    for column, case in zip(arranged.columns, row.cells):
        if case is None:
            cells.append(-1)
        else:
            key = (case.suite, case.clause, column.run, case.mode, case.device)
            outcome = (case.verdict, _title(case), anchors.get(key, ""))
            cells.append(outcomes.setdefault(outcome, len(outcomes)))
    return cells


def _title(case: Case) -> str:
    """What the case says, where it is not told at length."""
    if not case.message or case.verdict in findings.TOLD:
        return ""
    return one_line(findings.headline(case), _TITLE)
