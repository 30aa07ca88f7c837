"""The text of a failure: which promise is broken, expected and actual, source, reproduction."""

from __future__ import annotations

import os
import re
import sys
import traceback
from types import TracebackType
from typing import Any, Dict, List, Optional, Sequence

from tapecheck.checks import Broken
from tapecheck.clause import Clause
from tapecheck.errors import Crashed, Meddled, words
from tapecheck.standard import SPEC

_FRAMES = 12
_MACHINERY = ("_pytest", "pluggy", os.sep + "hypothesis" + os.sep)

# What ``pytest -k`` takes for the part of a name.
_KEYWORD = re.compile(r"(?!(?:and|or|not)\Z)[\w:+.\[\]\\/-]+\Z")


def headline(clause: Clause, mode: str, device: str, problem: str) -> str:
    """The first line of every failure."""
    return "{} [{} {}] {}: {}".format(clause.id, mode, device, problem, clause.statement)


def reproduce(clause: Clause, backend: str, mode: str, suite: str = SPEC, seed: int = 0) -> str:
    """The command that prints a script which fails in the same way without this suite.

    Of a clause beside the standard, which may need more than a script holds, the command that
    runs it alone.
    """
    if suite == SPEC:
        return "tapecheck repro {} --backend {} --mode {}".format(clause.id, backend, mode)
    name, _, row = clause.id[len(clause.chapter) + 1 :].rstrip("]").partition("[")
    keyword = name + " and " + row if _KEYWORD.match(row) else name
    command = "tapecheck run {} --suite {} --chapter {} -k '{}' --mode {}"
    return command.format(backend, suite, clause.chapter, keyword, mode) + (
        " --seed {}".format(seed) if seed else ""
    )


def details(error: BaseException, documented: Sequence[str], command: str) -> Dict[str, Any]:
    """What diagnosis needs of a failure, by name, in the order in which it is shown."""
    found: Dict[str, Any] = {}
    if isinstance(error, Broken):
        found["expected"] = error.expected
        found["actual"] = without_roots(error.actual)
        if error.difference:
            found["difference"] = error.difference
    elif isinstance(error, (AssertionError, Crashed, Meddled)):
        found["actual"] = without_roots(words(error))
    else:
        raised = "".join(traceback.format_exception_only(type(error), error)).strip()
        found["actual"] = without_roots(raised)
    notes = getattr(error, "__notes__", None)
    if notes and isinstance(notes, list):
        found["example"] = without_roots("\n".join(map(str, notes)))
    found["at"] = frames(error.__traceback__)
    found["documented"] = list(documented)
    found["reproduce"] = command
    return found


def text(first_line: str, found: Dict[str, Any]) -> str:
    """The whole message: the promise first, then what diagnosis needs."""
    lines = [first_line]
    for name, value in found.items():
        if isinstance(value, list):
            lines.extend("  {:<11} {}".format(name + ":", one) for one in value)
        else:
            first, _, rest = str(value).partition("\n")
            lines.append("  {:<11} {}".format(name + ":", first))
            lines.extend("              " + line for line in rest.split("\n") if rest)
    return "\n".join(lines)


def frames(trace: Optional[TracebackType]) -> List[str]:
    """Where it happened, from the clause inwards, without the machinery that called the clause."""
    summary = traceback.extract_tb(trace)
    own = os.path.dirname(os.path.abspath(__file__))
    shown = []
    for frame in summary:
        machinery = any(part in frame.filename for part in _MACHINERY)
        if machinery or os.path.dirname(frame.filename) == own:
            continue
        shown.append(
            "{}:{} in {}: {}".format(
                short_path(frame.filename), frame.lineno, frame.name, frame.line or ""
            )
        )
    if len(shown) > _FRAMES:
        half = _FRAMES // 2
        shown = [*shown[:half], "...", *shown[-half:]]
    return shown


def without_roots(words: str) -> str:
    """A text of the implementation, perhaps a traceback, without folders of this machine."""
    for root in _roots():
        words = words.replace(root + os.sep, "")
    return words


def _roots() -> List[str]:
    """Folders below which Python files lie: the current one first, then the deepest."""
    return [os.getcwd(), *sorted(filter(os.path.isabs, sys.path), key=len, reverse=True)]


def short_path(path: str) -> str:
    """A path without the folder of this machine that it lies in."""
    for root in _roots():
        if path.startswith(root + os.sep):
            return os.path.relpath(path, root)
    return os.sep.join(path.split(os.sep)[-2:])
