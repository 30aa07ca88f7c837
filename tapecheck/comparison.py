"""Runs side by side: what broke, what was mended, what is flaky, and what tells nothing at all."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence

from tapecheck.clause import OBSERVED, Clause
from tapecheck.errors import UsageError
from tapecheck.results import ASKED, BREAKING, DEVIATION, ERROR, FAIL, PASS, Case, Record, Run
from tapecheck.standard import SPEC

FAILS_EVERYWHERE = "fails everywhere"
SKIPPED_EVERYWHERE = "skipped everywhere"
NEVER_RAN = "never ran"

_BROKEN = frozenset([FAIL, ERROR, DEVIATION])

RESTRICTIONS = ("chapter", "keyword", "level", "mode", "shard", "suite")
"""The options with which a run asks less than another one might."""


class Change(NamedTuple):
    """A case of both runs, and what was said of it in each."""

    old: Case
    new: Case


class Comparison(NamedTuple):
    """What changed between two runs; each case is in exactly one of the lists, or the same.

    Attributes:
        regressions: did not break a promise, does now.
        fixed: broke a promise, does not any more and still has its say: it passes, or fails as a
            listed deviation.
        flaky: had two verdicts in one of the runs, when it was repeated at once; whatever the
            verdicts are, they tell nothing of a change.
        behaviour: a clause of the level OBSERVED that was as it says in one run alone: no promise
            is broken or mended, the implementation behaves otherwise.
        new: cases of the new run alone.
        gone: cases of the old run alone.
        other: any other change of verdict.
        same: how many cases have the verdict that they had.
    """

    regressions: List[Change]
    fixed: List[Change]
    flaky: List[Change]
    behaviour: List[Change]
    new: List[Case]
    gone: List[Case]
    other: List[Change]
    same: int

    @property
    def numbers(self) -> List[int]:
        """How many there are in each of the lists, and how many are the same."""
        return [*(len(part) for part in self[:-1]), self.same]


def compare(old: Run, new: Run) -> Comparison:
    """Align the cases of two runs by suite, clause, mode and device."""
    before = {case.key: case for case in old.cases}
    after = {case.key: case for case in new.cases}
    both = [Change(before[key], after[key]) for key in before if key in after]
    changes: Dict[Callable[[Change], bool], List[Change]] = {kind: [] for kind in _KINDS}
    for change in both:
        changes[next(kind for kind in _KINDS if kind(change))].append(change)
    return Comparison(
        regressions=changes[is_regression],
        fixed=changes[is_fixed],
        flaky=changes[is_flaky],
        behaviour=changes[is_behaviour],
        new=[case for key, case in after.items() if key not in before],
        gone=[case for key, case in before.items() if key not in after],
        other=changes[_is_other],
        same=len(changes[_is_same]),
    )


def by_suite(old: Run, new: Run) -> Dict[str, Comparison]:
    """The comparison of each suite that either run holds, in the order of the runs."""
    suites = _distinct(case.suite for run in (old, new) for case in run.cases)
    return {suite: compare(_only(old, suite), _only(new, suite)) for suite in suites}


def is_flaky(change: Change) -> bool:
    """Whether a verdict was not the same twice within one run."""
    return change.old.flaky or change.new.flaky


def is_behaviour(change: Change) -> bool:
    """Whether the implementation does otherwise than before what it never promised."""
    broken = [case.verdict in BREAKING for case in change]
    asked = all(case.verdict in ASKED for case in change)
    return change.new.level == OBSERVED and asked and broken[0] != broken[1]


def is_regression(change: Change) -> bool:
    """Whether a promise is broken that was not."""
    return change.new.verdict in BREAKING and change.old.verdict not in BREAKING


def is_fixed(change: Change) -> bool:
    """Whether a promise that was broken is kept, or its breach is listed."""
    return change.old.verdict in BREAKING and change.new.verdict in (PASS, DEVIATION)


def _is_same(change: Change) -> bool:
    return change.old.verdict == change.new.verdict


def _is_other(change: Change) -> bool:
    return True


# What comes first decides: a flaky case shows no regression, whatever its verdicts.
_KINDS = (is_flaky, _is_same, is_behaviour, is_regression, is_fixed, _is_other)


class Suspect(NamedTuple):
    """A clause that tells nothing: as likely the suite is at fault as all implementations.

    Attributes:
        clause: its id, with its row where it is parametrised and any of its rows ran.
        why: one of `FAILS_EVERYWHERE`, `SKIPPED_EVERYWHERE`, `NEVER_RAN`.
        runs: how many runs hold a case of it.
    """

    suite: str
    clause: str
    level: str
    why: str
    runs: int


def suspects(runs: Sequence[Run], clauses: Iterable[Clause] = ()) -> List[Suspect]:
    """The clauses that all runs break, that all skip, and those of `clauses` that none knows.

    One run says nothing of everywhere: there are at least two implementations or versions, or no
    suspects. A clause fails everywhere if two of them or more were asked and no case kept it; a
    listed deviation breaks it too. Only complete runs count, and of those that ask for a part of
    the standard only what they hold.

    Args:
        runs: of any implementations and versions.
        clauses: those of the standard, one of which is missed only where a run asks for all.
    """
    complete = [run for run in runs if run.complete]
    if len({run.label for run in complete}) < 2:
        return []
    found: Dict[str, Dict[str, List[Case]]] = {}
    for run in complete:
        for case in run.cases:
            found.setdefault(case.clause, {}).setdefault(run.label, []).append(case)
    suspected = []
    for clause, by_label in found.items():
        why = _suspicion(list(by_label.values()))
        if why:
            case = next(iter(by_label.values()))[0]
            suspected.append(Suspect(case.suite, clause, case.level, why, len(by_label)))
    whole = [run for run in complete if not restricted(run.header)]
    levels = {case.level for run in whole for case in run.cases}
    known = {clause.partition("[")[0] for clause in found}
    missed = [one for one in clauses if one.level in levels and one.id not in known]
    return suspected + [Suspect(SPEC, one.id, one.level, NEVER_RAN, 0) for one in missed]


def _suspicion(cases_of_runs: List[List[Case]]) -> str:
    """Why the cases of one clause tell nothing, run by run; empty where they do."""
    asked = [[case for case in cases if case.verdict in ASKED] for cases in cases_of_runs]
    asked = [cases for cases in asked if cases]
    if not asked:
        return SKIPPED_EVERYWHERE if len(cases_of_runs) > 1 else ""
    broken = all(case.verdict in _BROKEN for cases in asked for case in cases)
    return FAILS_EVERYWHERE if broken and len(asked) > 1 else ""


def restricted(header: Record) -> Dict[str, str]:
    """The options, by name, with which a run asks less than all of what there is."""
    options = header["options"]
    return {
        name: ", ".join(map(str, options[name]))
        if isinstance(options[name], list)
        else str(options[name])
        for name in RESTRICTIONS
        if options.get(name)
    }


def require_comparable(
    runs: Sequence[Run], allow_incomplete: bool = False, mix_versions: bool = False
) -> None:
    """Refuse runs that do not say the same thing side by side.

    Raises:
        UsageError: a run is incomplete or one of several shards, or the runs are of different
            versions of the suite.
    """
    for run in runs:
        shard = run.header["options"].get("shard")
        if shard:
            raise UsageError(
                "{}: shard {} of a run, to be merged with the others first".format(run.path, shard)
            )
        if not run.complete and not allow_incomplete:
            raise UsageError("{}: the run is incomplete".format(run.path))
    versions = _distinct(run.header["suite_version"] for run in runs)
    if len(versions) > 1 and not mix_versions:
        raise UsageError(
            "the runs are of different versions of the suite: {}".format(", ".join(versions))
        )


def _only(run: Run, suite: str) -> Run:
    return run._replace(cases=[case for case in run.cases if case.suite == suite])


def _distinct(words: Iterable[str]) -> List[str]:
    return list(dict.fromkeys(words))
