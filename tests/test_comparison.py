"""Aligning two runs: every pair of verdicts has its place."""

from __future__ import annotations

import itertools
from typing import Any, Dict, List, Optional

import pytest

from tapecheck.comparison import by_suite, compare, require_comparable
from tapecheck.errors import UsageError
from tapecheck.results import BREAKING, VERDICTS, Case, Run


def case(clause: str, verdict: str, **changed: str) -> Case:
    fields: Dict[str, Any] = {"suite": "spec", "level": "MUST", "mode": "eager", "device": "CPU:0"}
    fields.update(changed)
    return Case(clause=clause, verdict=verdict, seconds=0.1, **fields)


def run(cases: List[Case], complete: bool = True, suite_version: str = "1.0") -> Run:
    footer: Optional[Dict[str, Any]] = {"cases": len(cases)} if complete else None
    header = {"backend": "b", "version": "1", "suite_version": suite_version}
    return Run("some.jsonl", header, cases, footer)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(VERDICTS, VERDICTS)))
def test_each_change_of_verdict_is_in_one_list_and_no_change_in_none(old: str, new: str) -> None:
    found = compare(run([case("a.b", old)]), run([case("a.b", new)]))
    sizes = [len(part) for part in (found.regressions, found.fixed, found.other)]
    assert sum(sizes) + found.same == 1
    assert found.same == (1 if old == new else 0)
    assert not found.new
    assert not found.gone


@pytest.mark.parametrize("new", sorted(BREAKING))
@pytest.mark.parametrize("old", sorted(set(VERDICTS) - BREAKING))
def test_a_broken_promise_that_was_not_broken_is_a_regression(old: str, new: str) -> None:
    found = compare(run([case("a.b", old)]), run([case("a.b", new)]))
    assert [(one.old.verdict, one.new.verdict) for one in found.regressions] == [(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("fail", "pass", "fixed"),
        ("error", "deviation", "fixed"),
        ("fixed", "pass", "fixed"),
        ("fail", "unsupported", "other"),
        ("fail", "error", "other"),
        ("pass", "unsupported", "other"),
        ("pass", "deviation", "other"),
        ("not-applicable", "pass", "other"),
    ],
)
def test_a_promise_is_mended_only_where_it_is_kept_or_its_breach_listed(
    old: str, new: str, place: str
) -> None:
    found = compare(run([case("a.b", old)]), run([case("a.b", new)]))
    assert len(getattr(found, place)) == 1


@pytest.mark.parametrize(
    "changed", [{"mode": "jit"}, {"device": "GPU:0"}, {"suite": "laws"}], ids=str
)
def test_the_same_clause_elsewhere_is_another_case(changed: Dict[str, str]) -> None:
    found = compare(run([case("a.b", "pass")]), run([case("a.b", "fail", **changed)]))
    assert not found.regressions
    assert [len(found.new), len(found.gone), found.same] == [1, 1, 0]


def test_each_suite_is_compared_with_itself() -> None:
    old = run([case("a.b", "pass"), case("a.b", "fail", suite="laws")])
    new = run(
        [case("a.b", "fail"), case("a.b", "pass", suite="laws"), case("c.d", "pass", suite="x")]
    )
    found = by_suite(old, new)
    assert list(found) == ["spec", "laws", "x"]
    assert [one.numbers for one in found.values()] == [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
    ]


def test_order_does_not_count() -> None:
    cases = [case("a.{}".format(name), verdict) for name, verdict in zip("bcd", VERDICTS)]
    found = compare(run(cases), run(cases[::-1]))
    assert found.same == 3
    assert not any(found[:-1])


def test_an_incomplete_run_is_refused_unless_allowed() -> None:
    runs = [run([]), run([], complete=False)]
    with pytest.raises(UsageError, match=r"some\.jsonl: the run is incomplete"):
        require_comparable(runs)
    require_comparable(runs, allow_incomplete=True)


def test_runs_of_different_suites_are_refused_unless_allowed() -> None:
    runs = [run([]), run([], suite_version="1.1")]
    with pytest.raises(UsageError, match=r"different versions of the suite: 1\.0, 1\.1"):
        require_comparable(runs)
    require_comparable(runs, mix_versions=True)
