"""Night after night: what came, what stands in, what is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from tapecheck.history import name_of, night_of
from tapecheck.results import read
from tests.made_up import write_run
from tests.test_nightly import call, case, here, lines

__all__ = ["here"]

NAME = "some-1.0-py3.11-Linux"


def night(date: str, verdict: str = "pass", complete: bool = True, **changed: Any) -> Any:
    """One run of one night, collected."""
    header = {"started": date + "T01:00:00Z", **changed}
    write_run("tonight/a.jsonl", [case("a.b", verdict), case("a.c", "pass")], complete, **header)
    return call("collect", "tonight", "--into", "history")


def held() -> List[str]:
    return sorted(path.name for path in Path("history").iterdir())


def old(date: str, name: str = NAME) -> Optional[str]:
    """For which night the run of a night stands in."""
    header = read("history/{}@{}.jsonl".format(name, date)).header
    return header.get("old")


def test_each_night_is_kept_and_compared_with_the_one_before(here: Path) -> None:
    first = night("2026-01-01")
    assert first.exit_code == 0
    assert lines(first) == [NAME + "  new: 2 pass"]
    second = night("2026-01-02", "fail")
    assert second.exit_code == 1
    assert lines(second)[0].startswith(NAME + "  since 2026-01-01: 1 regressions, 0 fixed,")
    assert night("2026-01-03", "fail").exit_code == 0
    dates = ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert held() == ["{}@{}.jsonl".format(NAME, date) for date in dates]
    assert [old(date) for date in dates] == [None, None, None]


def test_the_first_night_has_to_conform(here: Path) -> None:
    assert night("2026-01-01", "fail").exit_code == 1


def test_the_last_good_run_stands_in_for_an_incomplete_one(here: Path) -> None:
    night("2026-01-01")
    result = night("2026-01-02", complete=False)
    assert result.exit_code == 1
    assert lines(result) == [NAME + "  incomplete tonight, that of 2026-01-01 stands in"]
    assert old("2026-01-01") == "2026-01-02"
    assert not read("history/{}@2026-01-02.jsonl".format(NAME)).complete


def test_the_last_good_run_stands_in_for_one_that_did_not_come(here: Path) -> None:
    night("2026-01-01")
    result = night("2026-01-02", version="2.0")
    assert result.exit_code == 1
    assert lines(result) == [
        NAME + "  absent tonight, that of 2026-01-01 stands in",
        "some-2.0-py3.11-Linux  new: 2 pass",
    ]
    assert old("2026-01-01") == "2026-01-02"
    assert night("2026-01-03", version="2.0").exit_code == 1
    assert old("2026-01-01") == "2026-01-03"


def test_a_good_run_ends_the_standing_in(here: Path) -> None:
    night("2026-01-01")
    night("2026-01-02", complete=False)
    assert night("2026-01-03", "fail").exit_code == 1
    assert [old("2026-01-01"), old("2026-01-03")] == [None, None]
    assert held() == ["{}@2026-01-0{}.jsonl".format(NAME, day) for day in (1, 3)]


def test_what_never_came_whole_has_nothing_to_stand_in(here: Path) -> None:
    result = night("2026-01-01", complete=False)
    assert result.exit_code == 1
    assert lines(result) == [NAME + "  incomplete tonight, and there is none to stand in"]


def test_a_night_that_is_collected_twice_is_one_night(here: Path) -> None:
    night("2026-01-01")
    night("2026-01-02", "fail")
    assert night("2026-01-02").exit_code == 0
    assert len(held()) == 2


def test_what_came_in_none_of_the_kept_nights_is_forgotten(here: Path) -> None:
    night("2026-01-01", version="0.9")
    for day in (2, 3):
        night("2026-01-0{}".format(day))
    write_run("tonight/a.jsonl", [case("a.b", "pass")], started="2026-01-04T01:00:00Z")
    call("collect", "tonight", "--into", "history", "--keep", "2")
    assert held() == ["{}@2026-01-0{}.jsonl".format(NAME, day) for day in (3, 4)]


def test_shards_are_merged_and_a_missing_one_makes_the_run_incomplete(here: Path) -> None:
    for number in (1, 2):
        options = {"shard": "{}/2".format(number)}
        write_run(
            "t/{}.jsonl".format(number), [case("a.c{}".format(number), "pass")], options=options
        )
    assert lines(call("collect", "t", "--into", "history")) == [NAME + "  new: 2 pass"]
    assert call("collect", "t/1.jsonl", "--into", "other").exit_code == 1
    assert lines(call("collect", "t/1.jsonl", "--into", "other")) == [
        NAME + "  incomplete tonight, and there is none to stand in"
    ]


def test_two_runs_of_the_same_thing_in_one_night_are_refused(here: Path) -> None:
    for name in "ab":
        write_run("t/{}.jsonl".format(name), [case("a.b", "pass")])
    result = call("collect", "t", "--into", "history")
    assert result.exit_code == 2
    assert "several runs of the same thing in one night: t/a.jsonl, t/b.jsonl" in result.stderr
    assert not Path("history").exists()


@pytest.mark.parametrize("date", ["tonight", "2026-1-1", "2026-01-01T00:00:00Z", ""])
def test_a_night_is_a_date(here: Path, date: str) -> None:
    write_run("t/a.jsonl", [case("a.b", "pass")])
    result = call("collect", "t", "--into", "history", "--night=" + date)
    assert result.exit_code == 2
    assert "must be such as 2026-11-23" in result.stderr


def test_a_truncated_file_is_named_with_its_line(here: Path) -> None:
    night("2026-01-01")
    Path("tonight/a.jsonl").write_text('{"kind": "header"}\n', encoding="utf-8")
    result = call("collect", "tonight", "--into", "history")
    assert result.exit_code == 2
    assert result.stderr.startswith("tapecheck: tonight/a.jsonl:1: not a result record")


def test_the_summary_of_a_night_has_the_bad_first(here: Path) -> None:
    night("2026-01-01")
    write_run("tonight/a.jsonl", [case("a.b", "fail")], started="2026-01-02T01:00:00Z")
    write_run("tonight/b.jsonl", [case("a.b", "pass")], version="0.5<b>")
    told = lines(call("collect", "tonight", "--into", "history", "--format", "markdown"))
    assert told[0] == "# 1 of 2 runs broke something or are not whole"
    assert told[4].startswith("| some-1.0-py3.11-Linux | **since 2026-01-01: 1 regressions")
    assert told[5] == "| some-0.5\\_b\\_-py3.11-Linux | new: 1 pass |"
    assert "### Regressions (1)" in told


HEADER: Dict[str, Any] = {
    "backend": "tensorflow",
    "version": "2.21.0",
    "python": "3.11.7",
    "platform": "Linux-6.18.44-fc-v669-x86_64-with-glibc2.36",
    "devices": ["CPU:0"],
    "options": {},
}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "tensorflow-2.21.0-py3.11-Linux-x86_64"),
        ({"platform": "Linux-7.0-x86_64-other"}, "tensorflow-2.21.0-py3.11-Linux-x86_64"),
        ({"platform": "macOS-15.1-arm64"}, "tensorflow-2.21.0-py3.11-macOS-arm64"),
        ({"version": "2.22.0-dev20260905"}, "tensorflow-2.22.0-dev-py3.11-Linux-x86_64"),
        ({"version": "2.22.0.dev20260906"}, "tensorflow-2.22.0.dev-py3.11-Linux-x86_64"),
        ({"devices": ["CPU:0", "GPU:0"]}, "tensorflow-2.21.0-py3.11-Linux-x86_64-GPU"),
        ({"options": {"shard": "1/2"}}, "tensorflow-2.21.0-py3.11-Linux-x86_64"),
        (
            {"options": {"suite": ["laws", "spec"], "repeat_failures": True}},
            "tensorflow-2.21.0-py3.11-Linux-x86_64-suite=laws+spec",
        ),
        ({"version": "../\x00/@"}, "tensorflow-.._-py3.11-Linux-x86_64"),
    ],
)
def test_a_run_is_named_by_what_it_is_compared_with(changed: Dict[str, Any], name: str) -> None:
    assert name_of({**HEADER, **changed}) == name


@pytest.mark.parametrize(
    ("name", "date"), [("a@2026-01-02.jsonl", "2026-01-02"), ("a.jsonl", ""), ("a@b.jsonl", "")]
)
def test_the_night_of_a_file_is_in_its_name(name: str, date: str) -> None:
    assert night_of(name) == date
