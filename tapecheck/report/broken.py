"""What the newest runs break, clause by clause, however many versions and modes break it."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

from tapecheck.clause import LEVELS
from tapecheck.modes import MODES
from tapecheck.report import findings
from tapecheck.report.matrix import worst
from tapecheck.report.page import Report
from tapecheck.report.sheets import Place, Where, stem
from tapecheck.results import BREAKING, Case


class Broken(NamedTuple):
    """A clause that is broken somewhere.

    Attributes:
        verdict: that of most concern.
        headline: what the newest run says of it.
        rows: how many rows of a parametrised clause are broken.
    """

    suite: str
    clause: str
    level: str
    verdict: str
    headline: str
    rows: int
    places: List[Where]


def find(reports: Sequence[Report], newest: Sequence[int], order: Dict[Place, int]) -> List[Broken]:
    """The clauses that the newest runs break, MUST first, then in the order of the clauses."""
    found: Dict[Place, List[Tuple[Report, Case]]] = {}
    for number in reversed(newest):
        for case in reports[number].run.cases:
            if case.verdict in BREAKING:
                place = (case.suite, stem(case.clause))
                found.setdefault(place, []).append((reports[number], case))
    broken = [_broken(place, members) for place, members in found.items()]
    return sorted(broken, key=lambda one: (LEVELS.index(one.level), order[one.suite, one.clause]))


def _broken(place: Place, members: List[Tuple[Report, Case]]) -> Broken:
    newest = members[0][1]
    versions: Dict[str, List[str]] = {}
    modes: Dict[str, List[str]] = {}
    for report, case in members:
        for names, name in ((versions, report.version), (modes, case.mode)):
            if name not in names.setdefault(report.backend, []):
                names[report.backend].append(name)
    return Broken(
        suite=place[0],
        clause=place[1],
        level=newest.level,
        verdict=worst([case for _, case in members])[0],
        headline=findings.headline(newest),
        rows=len({case.clause for _, case in members}),
        places=[
            Where(backend, versions[backend], sorted(modes[backend], key=MODES.index))
            for backend in versions
        ],
    )
