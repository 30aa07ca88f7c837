"""Implementations in several versions: the time line of each, and what each version changed."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

from tapecheck import timeline
from tapecheck.errors import UsageError
from tapecheck.modes import MODE_NEEDS
from tapecheck.report.history import newest
from tapecheck.report.page import Report
from tapecheck.standard import SPEC
from tapecheck.timeline import Event, History, Stretch


class Upgrade(NamedTuple):
    """From one version to the next, both by the numbers of their runs.

    Attributes:
        events: by kind, what hurts most first; kinds without an event are left out.
    """

    old: int
    new: int
    events: Dict[str, List[Event]]


class Upgrades(NamedTuple):
    """All versions of one implementation.

    Attributes:
        runs: their numbers, from the oldest version to the newest.
        histories: those of the clauses that did not come to the same in all versions.
        begun: how many only began to hold when the implementation had their mode at all.
        constant: how many came to the same in all of them.
    """

    backend: str
    runs: List[int]
    steps: List[Upgrade]
    histories: List[History]
    begun: int
    constant: int

    @property
    def chapters(self) -> List[Tuple[str, List[History]]]:
        """The histories by chapter, which is told with its suite where that is no standard."""
        found: Dict[str, List[History]] = {}
        for one in self.histories:
            chapter = one.clause.partition(".")[0]
            name = chapter if one.suite == SPEC else "{}: {}".format(one.suite, chapter)
            found.setdefault(name.replace("_", " "), []).append(one)
        return list(found.items())


class Part(NamedTuple):
    """A piece of a time line, and over how many versions it goes."""

    stretch: Stretch
    span: int


def stretched(history: History, versions: Sequence[str]) -> List[Part]:
    """The stretches of a clause, and as absent the versions that do not hold it, over all."""
    parts: List[Part] = []
    at = 0
    for stretch in history.stretches:
        first, last = versions.index(stretch.first), versions.index(stretch.last)
        if first > at:
            gap = Stretch(timeline.ABSENT, versions[at], versions[first - 1], "not run")
            parts.append(Part(gap, first - at))
        parts.append(Part(stretch, last - first + 1))
        at = last + 1
    if at < len(versions):
        parts.append(
            Part(
                Stretch(timeline.ABSENT, versions[at], versions[-1], "not run"), len(versions) - at
            )
        )
    return parts


def find(reports: Sequence[Report], places: Sequence[Tuple[str, str]]) -> List[Upgrades]:
    """The implementations of which there are several versions, the newest run of each.

    Args:
        places: suite and id of all clauses, without rows, in the order in which they are shown.
    """
    order = {place: number for number, place in enumerate(places)}
    runs = [report.run for report in reports]
    found: Dict[str, Dict[str, int]] = {}
    for number in newest(runs):
        header = runs[number].header
        found.setdefault(reports[number].backend, {})[header["version"]] = number
    upgrades = [_upgrades(name, reports, list(one.values()), order) for name, one in found.items()]
    return [one for one in upgrades if one.steps]


def _upgrades(
    backend: str,
    reports: Sequence[Report],
    numbers: List[int],
    order: Dict[Tuple[str, str], int],
) -> Upgrades:
    try:
        ordered = timeline.in_order(reports[number].run for number in numbers)
    except UsageError:
        # A version that is no number has no place on a line of versions.
        return Upgrades(backend, [], [], [], 0, 0)
    place = {id(reports[number].run): number for number in numbers}
    steps = []
    for old, new, step in zip(ordered, ordered[1:], timeline.changes(ordered)):
        events = {kind: step.of_kind(kind) for kind in timeline.KINDS}
        told = {kind: members for kind, members in events.items() if members}
        steps.append(Upgrade(place[id(old)], place[id(new)], told))
    histories = timeline.histories(ordered)
    changing = sorted(
        (one for one in histories if not one.constant and not _only_begins(one)),
        key=lambda one: (order[one.suite, one.clause.partition("[")[0]], one.clause, one.modes),
    )
    return Upgrades(
        backend,
        [place[id(run)] for run in ordered],
        steps,
        changing,
        sum(_only_begins(one) for one in histories),
        sum(one.constant for one in histories),
    )


def _only_begins(history: History) -> bool:
    """Whether it holds ever since the implementation has the mode, which it lacked before."""
    if [one.state for one in history.stretches] != [timeline.ABSENT, timeline.HOLDS]:
        return False
    words = history.stretches[0].words
    return all(words.endswith("lack {}".format(MODE_NEEDS[mode])) for mode in history.modes)
