"""Where implementations differ: a clause that one keeps and another breaks, in the same mode."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from tapecheck.report.findings import headline
from tapecheck.results import DEVIATION, ERROR, FAIL, FIXED, PASS, Case

_KEPT = frozenset([PASS, FIXED])
_BROKEN = frozenset([FAIL, ERROR, DEVIATION])


class Outcome(NamedTuple):
    """What came instead of the expected value.

    Attributes:
        actual: the value, the exception, or what else the case says.
        reason: that of a listed deviation, perhaps empty.
        first: suite, clause, number of the run, mode and device of the first such case.
        places: run by number, and the modes in which it was so.
    """

    verdict: str
    actual: str
    reason: str
    first: Tuple[str, str, int, str, str]
    places: Dict[int, List[str]]


class Difference(NamedTuple):
    """A clause that some runs keep and others break.

    Attributes:
        expected: what the clause expects; of clauses of several values each that was missed.
        kept: the runs, by number, that keep it. What passes has what was expected.
        otherwise: what the others came to, alike ones told once.
    """

    suite: str
    clause: str
    level: str
    expected: List[str]
    kept: List[int]
    otherwise: List[Outcome]


def find(runs: Sequence[Sequence[Case]]) -> List[Difference]:
    """The clauses in which the runs differ, in the order of their first case."""
    places: Dict[Tuple[str, str], Dict[str, List[Tuple[int, Case]]]] = {}
    for number, cases in enumerate(runs):
        for case in cases:
            modes = places.setdefault((case.suite, case.clause), {})
            modes.setdefault(case.mode, []).append((number, case))
    found = []
    for modes in places.values():
        differing = [cases for cases in modes.values() if _differ(cases)]
        if differing:
            found.append(_difference([one for cases in differing for one in cases]))
    return found


def _differ(cases: List[Tuple[int, Case]]) -> bool:
    keeping = {number for number, case in cases if case.verdict in _KEPT}
    breaking = {number for number, case in cases if case.verdict in _BROKEN}
    return bool(keeping and breaking) and len(keeping | breaking) > 1


def _difference(cases: List[Tuple[int, Case]]) -> Difference:
    expected: List[str] = []
    kept: Set[int] = set()
    otherwise: Dict[Tuple[str, str, str], Outcome] = {}
    for number, case in cases:
        if case.verdict in _KEPT:
            kept.add(number)
        elif case.verdict in _BROKEN:
            wanted = str(case.details.get("expected", ""))
            if wanted and wanted not in expected:
                expected.append(wanted)
            actual = str(case.details.get("actual", "") or headline(case))
            key = (case.verdict, actual, str(case.details.get("reason", "")))
            first = (case.suite, case.clause, number, case.mode, case.device)
            outcome = otherwise.setdefault(key, Outcome(*key, first, {}))
            modes = outcome.places.setdefault(number, [])
            if case.mode not in modes:
                modes.append(case.mode)
    case = cases[0][1]
    return Difference(
        case.suite, case.clause, case.level, expected, sorted(kept), list(otherwise.values())
    )
