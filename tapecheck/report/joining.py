"""Result files of one implementation that hold different cases, such as suites, as one run."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Sequence, Set

from tapecheck.comparison import restricted
from tapecheck.results import Key, Record, Run, count
from tapecheck.standard import SPEC

_SAME = ("backend", "version", "suite_version", "python", "devices", "lacks")


def joined(runs: Sequence[Run]) -> List[Run]:
    """The runs, those that tell of the same thing in different suites each joined into one.

    A run is joined with the last one before it, by date, of the same implementation, version and
    surroundings, where the two share no case: a second night stays a run of its own. What is
    incomplete, or asks for less than whole suites, stays as it is.
    """
    whole: Dict[str, List[int]] = {}
    found: List[Run] = []
    held: List[Set[Key]] = []
    for run in sorted(runs, key=lambda one: str(one.header["started"])):
        keys = {case.key for case in run.cases}
        before: List[int] = []
        if run.complete and not set(restricted(run.header)) - {"suite"}:
            before = whole.setdefault(_identity(run.header), [])
        if before and not held[before[-1]] & keys:
            found[before[-1]] = _join(found[before[-1]], run)
            held[before[-1]] |= keys
        else:
            before.append(len(found))
            found.append(run)
            held.append(keys)
    return found


def _identity(header: Record) -> str:
    system = str(header["platform"]).partition("-")[0]
    return json.dumps([system, *(header[name] for name in _SAME)])


def _join(first: Run, second: Run) -> Run:
    cases = [*first.cases, *second.cases]
    footers = [run.footer or {} for run in (first, second)]
    leaks = (*(first.leaks or ()), *(second.leaks or ()))
    sought = first.leaks is not None and second.leaks is not None
    asked = [run.header["options"].get("suite", [SPEC]) for run in (first, second)]
    suites = list(dict.fromkeys(suite for one in asked for suite in one))
    options: Dict[str, Any] = {**second.header["options"], **first.header["options"]}
    return first._replace(
        header={**first.header, "options": {**options, "suite": suites}},
        cases=cases,
        footer={
            "kind": "footer",
            "cases": len(cases),
            "counts": count(cases),
            "seconds": sum(float(footer["seconds"]) for footer in footers),
        },
        leaks=leaks if leaks or sought else None,
    )
