"""What clauses say: those of the standard, and those of suites as their files stand, not run."""

from __future__ import annotations

import ast
import functools
import inspect
from typing import Dict, List, NamedTuple, Optional

from tapecheck.standard import SPEC, Standard, chapters, folder_of, suites
from tapecheck.textfile import read_text


class Said(NamedTuple):
    """What the declaration of a clause says; what is not known of it is empty."""

    statement: str
    explanation: str
    code: str
    covers: List[str]
    needs: List[str]
    since: str


class File(NamedTuple):
    """The first line of the docstring of a file, and its clauses by name; both perhaps empty."""

    title: str
    clauses: Dict[str, Said]


def find(standard: Standard, suite: str, clause: str) -> Optional[Said]:
    """What a clause, or the clause of which it is a row, says; None where there is none.

    Files of suites are not run: a report needs nothing of what a suite needs.
    """
    name = clause.partition("[")[0]
    if suite != SPEC:
        chapter, _, function = name.partition(".")
        return read(suite, chapter).clauses.get(function)
    entry = standard.entries.get(name)
    if entry is None:
        return None
    one = entry.clause
    return Said(
        statement=one.statement,
        explanation=one.explanation,
        code=entry.code.strip(),
        covers=list(one.covers),
        needs=sorted(one.needs),
        since=one.since or "",
    )


@functools.lru_cache(maxsize=None)
def read(suite: str, chapter: str) -> File:
    """The file of a chapter of a suite, as far as it is there and can be read."""
    if suite not in suites() or chapter not in chapters(suite):
        return File("", {})
    text = read_text(folder_of(suite) / (chapter + ".py"))
    try:
        module = ast.parse(text)
    except SyntaxError:
        return File("", {})
    lines = text.split("\n")
    clauses = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            statement, _, more = inspect.cleandoc(ast.get_docstring(node) or "").partition("\n\n")
            clauses[node.name[len("test_") :]] = Said(
                statement=" ".join(statement.split()),
                explanation=more,
                code="\n".join(lines[_first(node) - 1 : _last(node)]),
                covers=[],
                needs=[],
                since="",
            )
    title = (ast.get_docstring(module) or "").partition("\n")[0]
    return File(title, clauses)


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _last(node: ast.FunctionDef) -> int:
    """The last line; before Python 3.8 only that on which the last expression begins is known."""
    begins = max(getattr(one, "lineno", 0) for one in ast.walk(node))
    return int(getattr(node, "end_lineno", begins))
