"""Results as JUnit XML, which every CI shows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any, Sequence, Tuple

from tapecheck.results import BREAKING, DEVIATION, ERROR, PASS, Case, Run

# What XML 1.0 cannot hold, not even as a reference.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(runs: Sequence[Run]) -> bytes:
    """A test suite a run, a test case a case.

    A failure is a failure, an error an error; a listed deviation, and what is unsupported or not
    applicable, is skipped with its reason. A run without its end has an error of its own.
    """
    root = ElementTree.Element("testsuites", name="tapecheck")
    for run in runs:
        _suite(root, run)
    return bytes(ElementTree.tostring(root, encoding="utf-8")) + b"\n"


def _suite(root: Any, run: Run) -> None:
    cases = run.cases
    errors = sum(case.verdict == ERROR for case in cases) + (not run.complete)
    failures = sum(case.verdict in BREAKING - {ERROR} for case in cases)
    skipped = sum(case.verdict not in BREAKING | {PASS} for case in cases)
    suite = _element(
        root,
        "testsuite",
        name=run.label,
        tests=len(cases) + (not run.complete),
        errors=errors,
        failures=failures,
        skipped=skipped,
        time="{:.3f}".format(sum(case.seconds for case in cases)),
        timestamp=str(run.header["started"]).rstrip("Z"),
    )
    for case in cases:
        one = _element(
            suite,
            "testcase",
            classname="{}.{}".format(case.suite, case.chapter),
            name="{} [{} {}]".format(case.clause, case.mode, case.device),
            time="{:.3f}".format(case.seconds),
        )
        if case.verdict != PASS:
            kind, text = _outcome(case)
            _element(one, kind, text, message=text.split("\n")[0][:300])
    if not run.complete:
        one = _element(suite, "testcase", classname="tapecheck", name="the run comes to its end")
        _element(one, "error", message="the run is incomplete")


def _outcome(case: Case) -> Tuple[str, str]:
    if case.verdict in BREAKING:
        kind = "error" if case.verdict == ERROR else "failure"
        script = case.reproducer.get("script")
        return kind, case.message + ("\n\n" + str(script) if script else "")
    if case.verdict == DEVIATION:
        return "skipped", "known deviation: {}".format(case.details.get("reason", ""))
    return "skipped", case.message or case.verdict


def _element(parent: Any, tag: str, text: str = "", **attributes: Any) -> Any:
    written = {name: _possible(str(value)) for name, value in attributes.items()}
    element = ElementTree.SubElement(parent, tag, written)
    element.text = _possible(text) or None
    return element


def _possible(text: str) -> str:
    return _IMPOSSIBLE.sub(lambda match: ascii(match.group())[1:-1], text)
