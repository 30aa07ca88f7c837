"""The matrix of the site as data: a letter for each case, drawn by a script on demand."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from tapecheck.clause import LEVELS
from tapecheck.report.matrix import CONCERN, Matrix
from tapecheck.report.page import SYMBOLS, Report
from tapecheck.report.sheets import Place, stem
from tapecheck.report.text import one_line, visible
from tapecheck.results import VERDICTS
from tapecheck.standard import SPEC

LETTERS = dict(zip(VERDICTS, "pfexdun"))
"""What stands for each verdict; a full stop stands for a clause that was not run."""

_NOT_RUN = "."


def columns(
    matrix: Matrix,
    reports: Sequence[Report],
    newest: Sequence[int],
    names: Dict[Place, str],
    statements: Dict[Place, str],
) -> Dict[str, Any]:
    """The data from which ``matrix.js`` draws, each thing once.

    ``clauses`` has an entry for each clause, a parametrised one with its rows; a letter of
    ``cells`` belongs to each clause without rows and to each row, in that order.
    """
    clauses: List[List[Any]] = []
    chapters = []
    for number, chapter in enumerate(matrix.chapters):
        chapters.append(
            [
                one_line(chapter.suite, 60),
                one_line(chapter.key, 240),
                one_line(chapter.subject, 80),
                one_line(chapter.title, 240),
            ]
        )
        before = None
        for row in chapter.rows:
            place = (row.suite, stem(row.clause))
            level = LEVELS.index(row.level)
            if place != before:
                statement = visible(statements.get(place, ""), 300)
                clauses.append([number, visible(place[1], 200), level, statement, names[place], []])
            before = place
            clauses[-1][-1].append(visible(row.clause[len(place[1]) :], 200))
    for clause in clauses:
        if clause[-1] == [""]:
            clause[-1] = []
    return {
        "levels": list(LEVELS),
        "spec": SPEC,
        "verdicts": [[LETTERS[one], one, SYMBOLS[one]] for one in CONCERN],
        "chapters": chapters,
        "clauses": clauses,
        "runs": [
            [
                one.key,
                one.name,
                one.backend,
                one.version,
                int(number in newest),
                one_line(one.run.header["version"], 40),
            ]
            for number, one in enumerate(reports)
        ],
        "columns": [[one.run, one.mode, one_line(one.device, 40)] for one in matrix.columns],
        "cells": [
            "".join(
                _NOT_RUN if case is None else LETTERS[case.verdict]
                for case in (row.cells[column] for row in matrix.rows)
            )
            for column in range(len(matrix.columns))
        ],
    }
