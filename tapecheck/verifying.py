"""Reproducers that were seen to fail: a script is shown only if it fails as its case did."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from tapecheck import reproducer, shrunk
from tapecheck.behaviours import load as load_behaviours
from tapecheck.errors import TapecheckError
from tapecheck.results import BREAKING, DEVIATION, FIXED, Case, Run, storable
from tapecheck.standard import SPEC, load_standard

LIMIT = 60.0
"""Seconds that a script may take."""

MOST = 100
"""How many scripts are run, where it is not said."""

_ADDRESS = re.compile(r"0x[0-9a-f]{4,}")
_RAISED = re.compile(r"([A-Za-z_][\w.]*)(?::|\Z)")
_HEAD = "Traceback (most recent call last):"
_LAST_LINE = re.compile(r"^([A-Za-z_][\w.]*)(?:: ?(.*))?$")


class Ended(NamedTuple):
    """How a script ended.

    Attributes:
        code: the exit code, negative for a signal; None where it ran into the time limit.
        raised: the class of the exception, without its module; empty where there is none.
        words: the text of the exception.
    """

    code: Optional[int]
    raised: str
    words: str


def attach(
    run: Run,
    known: bool = False,
    most: int = MOST,
    watch: Callable[[Case], None] = lambda case: None,
) -> Run:
    """The run with a reproducer in the record of each failure, or why there is none.

    Args:
        known: also of listed deviations.
        most: how many scripts are run; the failures after these are said not to have been tried.
        watch: is told of each case when its script has run.
    """
    wanted = (BREAKING - {FIXED}) | ({DEVIATION} if known else set())
    cases, tried = [], 0
    for case in run.cases:
        if case.verdict in wanted:
            if tried < most:
                case = case._replace(reproducer=reproducer_of(case))
                tried += 1
                watch(case)
            else:
                case = case._replace(reproducer=_none("more than {} failures".format(most)))
        cases.append(case)
    return run._replace(cases=cases)


def reproducer_of(case: Case) -> Dict[str, Any]:
    """A script that was seen to fail as the case did, or why there is none."""
    try:
        text = script_of(case)
    except TapecheckError as error:
        return _none(str(error))
    if text is None:
        return _none("the case shows no program that could stand alone")
    ended = execute(text)
    difference = differs(case, ended)
    if difference:
        return _none("the script fails otherwise: " + difference)
    return {"verified": True, "script": text}


def script_of(case: Case) -> Optional[str]:
    """A script for the failure of a case; None where there is no program to be shown.

    Raises:
        TapecheckError: the clause cannot stand alone, or is not known.
    """
    backend = _backend_of(case)
    entry = load_standard().find(case.clause.partition("[")[0])
    details = case.details
    if case.suite == SPEC or "example" not in details:
        table = load_behaviours()
        documented = [
            "{}: {}".format(name, table[name].citation())
            for name in entry.clause.covers
            if name in table
        ]
        device = None if case.device == "CPU:0" else case.device
        return reproducer.script(entry, backend, case.mode, device, documented)
    example = str(details.get("example", ""))
    expected, actual = str(details.get("expected", "")), str(details.get("actual", ""))
    statement = entry.clause.statement
    return shrunk.script(example, case.clause, statement, backend, case.mode, expected, actual)


def execute(text: str, limit: float = LIMIT) -> Ended:
    """Run a script with this Python, in a folder of its own; modules of this folder are found."""
    here = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    # A script runs outside of any test, also where a test has it run
    surroundings = {key: os.environ[key] for key in os.environ if key != "PYTEST_CURRENT_TEST"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reproducer.py"
        path.write_text(text, encoding="utf-8")
        try:
            ended = subprocess.run(
                [sys.executable, str(path)],
                cwd=folder,
                env={**surroundings, "PYTHONPATH": here, "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ended(None, "", "")
    raised, words = _exception(ended.stderr.decode("utf-8", "replace"))
    return Ended(ended.returncode, raised, words)


def differs(case: Case, ended: Ended) -> str:
    """How the end of a script differs from the failure of a case; empty where it does not.

    An exception is the same if its class is, a wrong value if it is told in the same words.
    """
    actual = _plain(str(case.details.get("actual", "")))
    if actual.startswith("ran into the time limit"):
        return "" if ended.code is None else _how(ended)
    if "process that ran it crashed" in actual:
        return "" if ended.code is not None and ended.code < 0 else _how(ended)
    if not ended.code or ended.code < 0:
        return _how(ended)
    if ended.raised == "AssertionError":
        told = _plain(ended.words.partition(", got ")[2] or ended.words)
        # A bare assertion tells nothing, here as there.
        same = _tells(told, actual) if actual else not told and "actual" in case.details
        return "" if same else "it tells {!r}".format(told[:200])
    match = _RAISED.match(actual)
    if match and match.group(1).rpartition(".")[2] == ended.raised:
        return ""
    return _how(ended)


def _tells(text: str, actual: str) -> bool:
    """Whether a text tells of the same thing; ``...`` in `actual` stands for anything."""
    place = 0
    for piece in actual.split("..."):
        place = text.find(piece.strip(), place)
        if place < 0:
            return False
        place += len(piece.strip())
    return True


def _how(ended: Ended) -> str:
    if ended.code is None:
        return "it takes more than {:g} s".format(LIMIT)
    if ended.code == 0:
        return "it holds"
    if ended.raised:
        return "it raises {}".format(_plain("{}: {}".format(ended.raised, ended.words))[:200])
    return "it ends with code {}".format(ended.code)


def _exception(stderr: str) -> Sequence[str]:
    """Class and text of the exception that a script ended with, as Python prints them."""
    lines = stderr.rstrip().split("\n")
    heads = [number for number, line in enumerate(lines) if line == _HEAD]
    if not heads:
        return "", ""
    after = lines[heads[-1] + 1 :]
    # The text may have several lines, which look like a traceback themselves.
    told = list(itertools.dropwhile(lambda line: not _LAST_LINE.match(line), after))
    match = _LAST_LINE.match(told[0]) if told else None
    if match is None:
        return "", ""
    words = " ".join([match.group(2) or "", *told[1:]])
    return match.group(1).rpartition(".")[2], " ".join(words.split())


def _plain(text: str) -> str:
    """Without what differs from process to process."""
    return _ADDRESS.sub("0x", " ".join(text.split()))


def _backend_of(case: Case) -> str:
    """The backend as the user named it, from the command that reproduces the case.

    Raises:
        TapecheckError: the record does not tell.
    """
    try:
        words: List[str] = shlex.split(str(case.details.get("reproduce", "")))
    except ValueError:
        words = []
    if words[:2] == ["tapecheck", "repro"] and "--backend" in words[:-1]:
        return words[words.index("--backend") + 1]
    if words[:2] == ["tapecheck", "run"] and len(words) > 2:
        return words[2]
    raise TapecheckError("the record does not tell how to reproduce it")


def _none(why: str) -> Dict[str, Any]:
    return {"verified": False, "why": storable(why)}
