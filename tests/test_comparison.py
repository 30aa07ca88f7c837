"""Aligning two runs: every pair of verdicts has its place."""

from __future__ import annotations

import itertools
from typing import Any, Dict, List, Optional

import pytest

from tapecheck.clause import OBSERVED, Clause
from tapecheck.comparison import (
    FAILS_EVERYWHERE,
    NEVER_RAN,
    SKIPPED_EVERYWHERE,
    by_suite,
    compare,
    require_comparable,
    suspects,
)
from tapecheck.errors import UsageError
from tapecheck.results import BREAKING, VERDICTS, Case, Run


def case(clause: str, verdict: str, **changed: str) -> Case:
    fields: Dict[str, Any] = {"suite": "spec", "level": "MUST", "mode": "eager", "device": "CPU:0"}
    fields.update(changed)
    return Case(clause=clause, verdict=verdict, seconds=0.1, **fields)


def run(
    cases: List[Case],
    complete: bool = True,
    suite_version: str = "1.0",
    version: str = "1",
    **options: Any,
) -> Run:
    footer: Optional[Dict[str, Any]] = {"cases": len(cases)} if complete else None
    header = {
        "backend": "b",
        "version": version,
        "suite_version": suite_version,
        "options": options,
    }
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
        [1, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0, 0],
    ]


FLAKY = case("a.b", "fail", repeated="pass")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_case_with_two_verdicts_in_one_run_is_flaky_and_nothing_else(verdict: str) -> None:
    for old, new in ((FLAKY, case("a.b", verdict)), (case("a.b", verdict), FLAKY)):
        assert compare(run([old]), run([new])).numbers == [0, 0, 1, 0, 0, 0, 0, 0]


def test_a_failure_that_fails_again_is_not_flaky() -> None:
    again = case("a.b", "fail", repeated="fail")
    assert compare(run([case("a.b", "pass")]), run([again])).numbers[:3] == [1, 0, 0]


@pytest.mark.parametrize(
    ("old", "new", "behaviour"),
    [
        ("pass", "fail", True),
        ("error", "pass", True),
        ("deviation", "fail", True),
        ("fail", "error", False),
        ("not-applicable", "fail", False),
    ],
)
def test_what_was_never_promised_changes_and_is_neither_broken_nor_mended(
    old: str, new: str, behaviour: bool
) -> None:
    changed = [run([case("a.b", verdict, level=OBSERVED)]) for verdict in (old, new)]
    found = compare(*changed)
    assert len(found.behaviour) == behaviour
    assert sum(found.numbers) == 1


def everywhere(*verdicts: str) -> List[Run]:
    """A run of another version for each verdict of the same clause."""
    return [run([case("a.b", verdict)], version=str(n)) for n, verdict in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "why"),
    [
        (("fail", "fail"), FAILS_EVERYWHERE),
        (("fail", "error", "deviation"), FAILS_EVERYWHERE),
        (("fail", "fail", "unsupported"), FAILS_EVERYWHERE),
        (("unsupported", "not-applicable"), SKIPPED_EVERYWHERE),
        (("fail", "unsupported"), ""),
        (("fail", "pass"), ""),
        (("fail", "fixed"), ""),
        (("pass", "unsupported"), ""),
        (("fail",), ""),
        (("unsupported",), ""),
    ],
)
def test_a_clause_is_suspected_that_all_break_or_skip(verdicts: Any, why: str) -> None:
    found = suspects(everywhere(*verdicts))
    assert [one.why for one in found] == ([why] if why else [])


def test_a_clause_that_one_mode_keeps_does_not_fail_everywhere() -> None:
    runs = everywhere("fail", "fail")
    runs[0].cases.append(case("a.b", "pass", mode="jit"))
    assert suspects(runs) == []


def test_two_runs_of_one_version_are_not_everywhere() -> None:
    assert suspects([run([case("a.b", "fail")]), run([case("a.b", "fail")])]) == []


def test_an_incomplete_run_does_not_speak_for_a_clause() -> None:
    runs = everywhere("fail", "pass", "fail")
    runs[1] = runs[1]._replace(footer=None)
    assert [one.why for one in suspects(runs)] == [FAILS_EVERYWHERE]


def clause(name: str, level: str = "MUST") -> Clause:
    return Clause(name, level, "It holds.", "", (), frozenset(), None, ("eager",), 1)


def test_a_clause_of_the_standard_that_no_run_holds_never_ran() -> None:
    runs = everywhere("pass", "pass")
    known = [clause("a.b"), clause("a.c"), clause("a.d", OBSERVED)]
    assert [(one.clause, one.why) for one in suspects(runs, known)] == [("a.c", NEVER_RAN)]


def test_a_row_that_ran_stands_for_its_clause() -> None:
    runs = [run([case("a.b[x]", "pass")], version=version) for version in "12"]
    assert suspects(runs, [clause("a.b")]) == []


def test_no_clause_is_missed_where_no_run_asks_for_all() -> None:
    runs = [run([case("a.b", "pass")], version=version, chapter=["a"]) for version in "12"]
    assert suspects(runs, [clause("a.c")]) == []


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


def test_a_shard_is_not_compared_before_it_is_merged() -> None:
    with pytest.raises(UsageError, match="shard 1/3 of a run, to be merged with the others"):
        require_comparable([run([]), run([], shard="1/3")])
