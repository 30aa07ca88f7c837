"""The time line of an implementation: since when each clause holds, where it changed, was fixed.

It is read off result files of several versions alone, and says only what was measured: between two
versions that were measured next to each other, a change came with the later one.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from packaging.version import InvalidVersion, Version

from tapecheck.clause import OBSERVED, Clause
from tapecheck.errors import UsageError
from tapecheck.results import ASKED, DEVIATION, ERROR, FAIL, FIXED, NOT_APPLICABLE, PASS, Case, Run

HOLDS = "holds"
BROKEN = "broken"
ABSENT = "absent"

BEGAN = "began"
FIXED_HERE = "fixed"
BROKE = "broke"
OTHERWISE = "otherwise"
GONE = "gone"

KINDS: Tuple[str, ...] = (BROKE, GONE, OTHERWISE, FIXED_HERE, BEGAN)
"""What may change from one version to the next, what hurts most first. ``broke``: a promise that
was kept is not. ``gone``: something is not offered any more. ``otherwise``: what is observed, but
not promised, is another behaviour, or a promise is broken in another way. ``fixed``: a broken
promise is kept. ``began``: something is asked for the first time, since it was not there before."""

_STATES = {PASS: HOLDS, FIXED: HOLDS, FAIL: BROKEN, ERROR: BROKEN, DEVIATION: BROKEN}
_LONGEST = 200


class Stretch(NamedTuple):
    """Versions next to each other in which a case came to the same.

    Attributes:
        state: ``holds``, ``broken``, or ``absent`` where it was not asked or is lacking.
        first: the first version of it that was measured.
        last: the last one.
        words: why it does not hold there: the reason of the deviation, or what came instead.
        link: where that is documented, perhaps empty.
    """

    state: str
    first: str
    last: str
    words: str = ""
    link: str = ""


class History(NamedTuple):
    """What became of a clause over the versions, in the modes in which that is the same.

    Attributes:
        modes: the modes that share this history.
        stretches: from the oldest version to the newest, each in another state, or broken in
            another way, than the one before.
    """

    suite: str
    clause: str
    level: str
    device: str
    modes: Tuple[str, ...]
    stretches: Tuple[Stretch, ...]

    @property
    def since(self) -> Optional[str]:
        """The version from which it holds up to the newest; None where it does not hold there."""
        last = self.stretches[-1]
        return last.first if last.state == HOLDS else None

    @property
    def constant(self) -> bool:
        """Whether it came to the same in every version."""
        return len(self.stretches) == 1


class Event(NamedTuple):
    """A change of a clause, in some modes, that came with a version.

    Attributes:
        version: the first measured version with the change.
        before: the version that was measured next to it before.
        kind: one of `KINDS`.
        old: the stretch that ended.
        new: the stretch that begins.
    """

    version: str
    before: str
    kind: str
    suite: str
    clause: str
    level: str
    device: str
    modes: Tuple[str, ...]
    old: Stretch
    new: Stretch


class Step(NamedTuple):
    """What changed from one version to another.

    Attributes:
        events: by kind in the order of `KINDS`, then by clause.
    """

    before: str
    version: str
    events: Tuple[Event, ...]

    def of_kind(self, kind: str) -> List[Event]:
        return [event for event in self.events if event.kind == kind]


def changes(runs: Sequence[Run]) -> List[Step]:
    """What each version changed, one step for each that has a predecessor, oldest first.

    Raises:
        UsageError: see `in_order`.
    """
    ordered = in_order(runs)
    return [_step(list(pair)) for pair in zip(ordered, ordered[1:])]


def between(runs: Sequence[Run], old: str, new: str) -> Step:
    """What changed from one version to another that need not follow it, as one step.

    Args:
        old: a version, or as much of it as tells it from the others, such as ``2.15``.
        new: likewise.

    Raises:
        UsageError: a version was not measured, or is not older than the other.
    """
    ordered = in_order(runs)
    first, last = find(ordered, old), find(ordered, new)
    if ordered.index(first) >= ordered.index(last):
        raise UsageError("{} is not older than {}".format(_version(first), _version(last)))
    return _step([first, last])


def histories(runs: Sequence[Run]) -> List[History]:
    """What became of each clause over the versions, in the order of the newest run.

    Raises:
        UsageError: see `in_order`.
    """
    ordered = in_order(runs)
    cases: Dict[Tuple[str, str, str, str], Dict[str, Case]] = {}
    for run in reversed(ordered):
        for case in run.cases:
            cases.setdefault(case.key, {})[_version(run)] = case
    versions = [_version(run) for run in ordered]
    grouped: Dict[Tuple[str, str, str, Tuple[Stretch, ...]], List[Case]] = {}
    for found in cases.values():
        measured = [(version, found[version]) for version in versions if version in found]
        newest = measured[-1][1]
        key = (newest.suite, newest.clause, newest.device, _stretches(measured))
        grouped.setdefault(key, []).append(newest)
    return [
        History(
            suite, clause, alike[0].level, device, tuple(case.mode for case in alike), stretches
        )
        for (suite, clause, device, stretches), alike in grouped.items()
    ]


def in_order(runs: Iterable[Run]) -> List[Run]:
    """The runs from the oldest version to the newest.

    Raises:
        UsageError: they are of several implementations, several are of one version, or a version
            cannot be compared.
    """
    runs = list(runs)
    names = list(dict.fromkeys(str(run.header["backend"]) for run in runs))
    if len(names) != 1:
        raise UsageError(
            "a time line is of one implementation, not of {}".format(", ".join(names) or "none")
        )
    seen: Dict[Version, Run] = {}
    for run in runs:
        number = _number(run)
        if number in seen:
            raise UsageError(
                "{} and {} are both of {}".format(seen[number].path, run.path, run.label)
            )
        seen[number] = run
    return [seen[number] for number in sorted(seen)]


def find(runs: Sequence[Run], wanted: str) -> Run:
    """The run of a version, or of the only one that begins so: ``2.15`` means 2.15.1.

    Raises:
        UsageError: there is none, or there are several.
    """
    exact = [run for run in runs if _version(run) == wanted]
    found = exact or [run for run in runs if _version(run).startswith(wanted.rstrip(".") + ".")]
    if len(found) != 1:
        raise UsageError(
            "{} version {!r}, there are {}".format(
                "several runs of" if found else "no run of",
                wanted,
                ", ".join(_version(run) for run in runs),
            )
        )
    return found[0]


class Disagreement(NamedTuple):
    """A clause whose ``since`` is not what was measured.

    Attributes:
        version: the version in which that shows.
        problem: in a few words.
    """

    clause: str
    since: str
    version: str
    problem: str


def disagreements(runs: Sequence[Run], clauses: Iterable[Clause]) -> List[Disagreement]:
    """Where the ``since`` of clauses does not agree with what was measured.

    Before it a clause must not apply, from it on it must have a verdict. Where younger clauses
    were asked too (``tapecheck run --younger``), the last version before it must break it in at
    least one mode: a ``since`` that hides what already holds is too late.

    Args:
        clauses: those of the standard; of a parametrised one the declaration alone will do.
    """
    since = {clause.id: clause.since for clause in clauses if clause.since}
    ordered = in_order(runs)
    found: List[Disagreement] = []
    for name, first in since.items():
        older = [run for run in ordered if _release(run) < _release_of(first)]
        for run in ordered:
            cases = _cases(run, name)
            if run in older and any(case.verdict in ASKED for case in cases):
                found.append(Disagreement(name, first, _version(run), "is asked before its time"))
            if run not in older and any(_is_young(case) for case in cases):
                found.append(Disagreement(name, first, _version(run), "does not apply, yet should"))
        if older:
            asked = [case.details.get("asked_anyway") for case in _cases(older[-1], name)]
            if any(asked) and all(came in (None, PASS) for came in asked):
                found.append(Disagreement(name, first, _version(older[-1]), "holds already"))
    return found


def _step(pair: List[Run]) -> Step:
    events = []
    for history in histories(pair):
        if len(history.stretches) == 2:
            old, new = history.stretches
            events.append(
                Event(
                    version=new.first,
                    before=old.last,
                    kind=_kind(history.level, old.state, new.state),
                    suite=history.suite,
                    clause=history.clause,
                    level=history.level,
                    device=history.device,
                    modes=history.modes,
                    old=old,
                    new=new,
                )
            )
    events.sort(key=lambda event: (KINDS.index(event.kind), event.suite, event.clause))
    return Step(_version(pair[0]), _version(pair[1]), tuple(events))


def _kind(level: str, old: str, new: str) -> str:
    if old == ABSENT:
        return BEGAN
    if new == ABSENT:
        return GONE
    if level == OBSERVED or old == new:
        return OTHERWISE
    return FIXED_HERE if new == HOLDS else BROKE


def _stretches(measured: Sequence[Tuple[str, Case]]) -> Tuple[Stretch, ...]:
    found: List[Stretch] = []
    for version, case in measured:
        stretch = _stretch(version, case)
        if found and _same(found[-1], stretch):
            found[-1] = found[-1]._replace(last=version)
        else:
            found.append(stretch)
    return tuple(found)


def _same(one: Stretch, other: Stretch) -> bool:
    """Whether two stretches are one. What comes of a failure in words varies, a reason does not."""
    if one.state != other.state:
        return False
    return one.state != BROKEN or not (one.link and other.link) or one.words == other.words


def _stretch(version: str, case: Case) -> Stretch:
    state = _STATES.get(case.verdict, ABSENT)
    if state == HOLDS:
        return Stretch(state, version, version)
    if case.verdict == DEVIATION:
        reason, link = str(case.details["reason"]), str(case.details.get("link", ""))
        return Stretch(state, version, version, reason, link)
    words = case.message if state == ABSENT else str(case.details.get("actual", case.message))
    return Stretch(state, version, version, words.partition("\n")[0][:_LONGEST])


def _cases(run: Run, clause: str) -> List[Case]:
    """The cases of a clause and of its rows."""
    return [case for case in run.cases if case.clause.partition("[")[0] == clause]


def _is_young(case: Case) -> bool:
    return case.verdict == NOT_APPLICABLE and case.message.startswith("since version ")


def _version(run: Run) -> str:
    return str(run.header["version"])


def _number(run: Run) -> Version:
    try:
        return Version(_version(run))
    except InvalidVersion:
        raise UsageError(
            "{}: {!r} is no version that has a place in an order".format(run.path, _version(run))
        ) from None


def _release(run: Run) -> Tuple[int, ...]:
    return _padded(_number(run))


def _release_of(version: str) -> Tuple[int, ...]:
    return _padded(Version(version))


def _padded(version: Version) -> Tuple[int, ...]:
    """Major, minor, micro: what 2.5 and 2.5.0 have in common."""
    return tuple([*version.release, 0, 0][:3])


def record(step: Step) -> Dict[str, Any]:
    """A step as plain dicts and lists, for JSON and templates."""
    return {
        "before": step.before,
        "version": step.version,
        "events": [
            {**event._asdict(), "old": event.old._asdict(), "new": event.new._asdict()}
            for event in step.events
        ],
    }
