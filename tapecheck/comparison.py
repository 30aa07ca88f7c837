"""Two runs side by side: what broke, what was mended, what is new, what is gone."""

from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Sequence

from tapecheck.errors import UsageError
from tapecheck.results import BREAKING, Case, Run


class Change(NamedTuple):
    """A case that has another verdict than before."""

    old: Case
    new: Case


class Comparison(NamedTuple):
    """What changed between two runs; each case is in at most one of the lists.

    Attributes:
        regressions: did not break a promise, does now.
        fixed: broke a promise, does not any more and still has its say: it passes, or fails as a
            listed deviation.
        new: cases of the new run alone.
        gone: cases of the old run alone.
        other: any other change of verdict.
        same: how many cases have the verdict that they had.
    """

    regressions: List[Change]
    fixed: List[Change]
    new: List[Case]
    gone: List[Case]
    other: List[Change]
    same: int

    @property
    def numbers(self) -> List[int]:
        """How many there are in each of the lists, and how many are the same."""
        changes = (self.regressions, self.fixed, self.new, self.gone, self.other)
        return [*(len(part) for part in changes), self.same]


def compare(old: Run, new: Run) -> Comparison:
    """Align the cases of two runs by suite, clause, mode and device."""
    before = {case.key: case for case in old.cases}
    after = {case.key: case for case in new.cases}
    both = [Change(before[key], after[key]) for key in before if key in after]
    changes = [change for change in both if change.old.verdict != change.new.verdict]
    regressions = [change for change in changes if is_regression(change)]
    fixed = [change for change in changes if is_fixed(change)]
    return Comparison(
        regressions=regressions,
        fixed=fixed,
        new=[case for key, case in after.items() if key not in before],
        gone=[case for key, case in before.items() if key not in after],
        other=[one for one in changes if not is_regression(one) and not is_fixed(one)],
        same=len(both) - len(changes),
    )


def by_suite(old: Run, new: Run) -> Dict[str, Comparison]:
    """The comparison of each suite that either run holds, in the order of the runs."""
    suites = _distinct(case.suite for run in (old, new) for case in run.cases)
    return {suite: compare(_only(old, suite), _only(new, suite)) for suite in suites}


def is_regression(change: Change) -> bool:
    """Whether a promise is broken that was not."""
    return change.new.verdict in BREAKING and change.old.verdict not in BREAKING


def is_fixed(change: Change) -> bool:
    """Whether a promise that was broken is kept, or its breach is listed."""
    return change.old.verdict in BREAKING and change.new.verdict in ("pass", "deviation")


def require_comparable(
    runs: Sequence[Run], allow_incomplete: bool = False, mix_versions: bool = False
) -> None:
    """Refuse runs that do not say the same thing side by side.

    Raises:
        UsageError: a run is incomplete, or the runs are of different versions of the suite.
    """
    if not allow_incomplete:
        for run in runs:
            if not run.complete:
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
