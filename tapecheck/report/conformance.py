"""Whether a run conforms, as a whole, level by level and suite by suite."""

from __future__ import annotations

import collections
from typing import Dict, Iterable, List, NamedTuple

from tapecheck.clause import LEVELS
from tapecheck.deviations import UNREVIEWED
from tapecheck.modes import MODE_NEEDS
from tapecheck.results import ASKED, BREAKING, DEVIATION, PASS, UNSUPPORTED, Case, Run, count
from tapecheck.standard import SPEC

SUITES = (
    SPEC,
    "laws",
    "lifecycle",
    "operators",
    "differential",
    "training",
    "benchmarks",
    "endurance",
)
"""The suites in the order in which reports show them; any other comes after them."""

CONFORMS = "conforms"
BREAKS = "breaks"
INCOMPLETE = "incomplete"
UNCHECKED = "unchecked"

_PARTS = ("chapter", "keyword", "level", "mode", "shard")
"""The options with which a run asks less than the whole standard."""


class Standing(NamedTuple):
    """How cases stand.

    Attributes:
        state: one of the states above.
        words: the same for a reader.
        counts: how many cases have each verdict that occurs.
        modes: how many are unsupported since the implementation lacks their mode as a whole.
    """

    state: str
    words: str
    counts: Dict[str, int]
    modes: int

    @property
    def cases(self) -> int:
        return sum(self.counts.values())

    @property
    def passed(self) -> int:
        return self.counts.get(PASS, 0)

    @property
    def asked(self) -> int:
        """The cases that had their say: neither unsupported nor not applicable."""
        return sum(number for verdict, number in self.counts.items() if verdict in ASKED)

    @property
    def parts(self) -> int:
        """How many are unsupported in a mode that the implementation has."""
        return self.counts.get(UNSUPPORTED, 0) - self.modes

    @property
    def offered(self) -> Dict[str, int]:
        """The counts without the modes that the implementation lacks."""
        counts = {**self.counts, UNSUPPORTED: self.parts}
        return {verdict: number for verdict, number in counts.items() if number}


def lacks(case: Case) -> List[str]:
    """What the implementation lacks for the case, none where it is supported.

    A case in a mode that it lacks is put down to the mode alone: what else it would need was
    never asked.
    """
    if case.verdict != UNSUPPORTED:
        return []
    names = [str(name) for name in case.details.get("lacks", [])]
    mode = MODE_NEEDS[case.mode]
    return [mode] if mode and mode in names else names


def lacks_mode(case: Case) -> bool:
    """Whether the implementation lacks the mode of the case as a whole."""
    return lacks(case) == [MODE_NEEDS[case.mode]]


def suites(runs: List[Run]) -> List[str]:
    """The suites of the runs, in the order of reports."""
    found = {case.suite for run in runs for case in run.cases}
    known = [suite for suite in SUITES if suite in found]
    return known + sorted(found - set(known))


def of_run(run: Run) -> Standing:
    """How the run stands as a whole; what is incomplete or leaks state never conforms."""
    standing = of_cases(run.cases)
    if run.leaks:
        standing = standing._replace(state=BREAKS)
    if not run.complete:
        return standing._replace(state=INCOMPLETE, words="INCOMPLETE")
    words = {
        CONFORMS: "conforms in the part that was run" if part(run) else "conforms",
        BREAKS: "does not conform",
        UNCHECKED: "nothing was checked",
    }
    return standing._replace(words=words[standing.state])


def part(run: Run) -> Dict[str, str]:
    """The options, by name, with which the run asked less than the whole standard."""
    options = run.header["options"]
    narrowing = [name for name in _PARTS if options.get(name)]
    if SPEC not in options.get("suite", [SPEC]):
        narrowing.append("suite")
    return {
        name: ", ".join(map(str, options[name]))
        if isinstance(options[name], list)
        else str(options[name])
        for name in narrowing
    }


def of_level(run: Run, level: str) -> Standing:
    """Whether the run reaches a level of the standard.

    It does where every case of that level that was asked passes, or is a listed deviation.
    """
    cases = [case for case in run.cases if case.suite == SPEC and case.level == level]
    whole = not set(part(run)) - {"level"}
    return _so_far(run, of_cases(cases, "reached" if whole else "kept in the part that was run"))


def levels(run: Run) -> Dict[str, Standing]:
    """How the run stands on each level of the standard."""
    return {level: of_level(run, level) for level in LEVELS}


def of_suite(run: Run, suite: str) -> Standing:
    """How the run stands in one suite, all levels together."""
    return _so_far(run, of_cases([case for case in run.cases if case.suite == suite]))


def of_cases(cases: List[Case], good: str = "kept") -> Standing:
    """How cases of a run stand that reached its end; `good` is the word for those that conform."""
    counts = count(cases)
    broken = sum(counts.get(verdict, 0) for verdict in BREAKING)
    deviations = counts.get(DEVIATION, 0)
    modes = sum(map(lacks_mode, cases))
    if broken:
        return Standing(BREAKS, "{:,} broken".format(broken), counts, modes)
    if not cases:
        return Standing(UNCHECKED, "not asked", counts, modes)
    if not counts.get(PASS) and not deviations:
        return Standing(UNCHECKED, "nothing was checked", counts, modes)
    if deviations:
        good = "{}, {:,} deviation{}".format(good, deviations, "s" * (deviations > 1))
        waiting = unreviewed(cases)
        if waiting:
            good += ", {:,} unreviewed".format(waiting)
    return Standing(CONFORMS, good, counts, modes)


def unreviewed(cases: Iterable[Case]) -> int:
    """How many cases are listed as deviations whose reason nobody has looked into yet."""
    return sum(
        case.verdict == DEVIATION
        and UNREVIEWED in (case.details.get("reason"), case.details.get("link"))
        for case in cases
    )


def lacking(run: Run) -> Dict[str, int]:
    """How many cases of the run each mode or part that it lacks leaves unasked.

    That holds what it declares to lack, in every mode or in some, also where no case needs it.
    """
    declared = [*run.header["lacks"], *(name for one in lacking_in(run).values() for name in one)]
    tally = collections.Counter(name for case in run.cases for name in lacks(case))
    return {**{str(name): 0 for name in declared}, **tally}


def lacking_in(run: Run) -> Dict[str, List[str]]:
    """By mode the parts that it declares to lack in that mode alone."""
    return {
        mode: [str(name) for name in names if name not in run.header["lacks"]]
        for mode, names in run.header.get("lacks_in", {}).items()
    }


def _so_far(run: Run, standing: Standing) -> Standing:
    if standing.state == CONFORMS and not run.complete:
        return standing._replace(state=INCOMPLETE, words="none broken so far")
    return standing
