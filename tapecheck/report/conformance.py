"""Whether a run conforms, as a whole and level by level."""

from __future__ import annotations

from typing import Dict, List, NamedTuple

from tapecheck.clause import LEVELS
from tapecheck.results import BREAKING, DEVIATION, PASS, Case, Run, count

CONFORMS = "conforms"
BREAKS = "breaks"
INCOMPLETE = "incomplete"
UNCHECKED = "unchecked"


class Standing(NamedTuple):
    """How cases stand: one of the states above, in words, and how many of each verdict."""

    state: str
    words: str
    counts: Dict[str, int]

    @property
    def cases(self) -> int:
        return sum(self.counts.values())


def of_run(run: Run) -> Standing:
    """How the run stands as a whole; what is incomplete is never said to conform."""
    standing = of_cases(run.cases)
    if run.complete:
        whole = {
            CONFORMS: "conforms",
            BREAKS: "does not conform",
            UNCHECKED: "nothing was checked",
        }
        return standing._replace(words=whole[standing.state])
    return standing._replace(state=INCOMPLETE, words="INCOMPLETE")


def of_level(run: Run, level: str) -> Standing:
    """How the run stands on one level."""
    standing = of_cases([case for case in run.cases if case.level == level])
    if standing.state == CONFORMS and not run.complete:
        return standing._replace(state=INCOMPLETE, words="none broken so far")
    return standing


def levels(run: Run) -> Dict[str, Standing]:
    """How the run stands on each level."""
    return {level: of_level(run, level) for level in LEVELS}


def of_cases(cases: List[Case]) -> Standing:
    """How cases of a run stand that reached its end."""
    counts = count(cases)
    broken = sum(counts.get(verdict, 0) for verdict in BREAKING)
    deviations = counts.get(DEVIATION, 0)
    if broken:
        return Standing(BREAKS, "{:,} broken".format(broken), counts)
    if not cases:
        return Standing(UNCHECKED, "not asked", counts)
    if not counts.get(PASS) and not deviations:
        return Standing(UNCHECKED, "nothing was checked", counts)
    if deviations:
        words = "conforms, {:,} deviation{}".format(deviations, "s" * (deviations > 1))
        return Standing(CONFORMS, words, counts)
    return Standing(CONFORMS, "conforms", counts)
