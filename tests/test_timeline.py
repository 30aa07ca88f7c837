"""The time line: what is read off runs of several versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List, Optional

import pytest
from click.testing import CliRunner

from tapecheck.clause import MUST, OBSERVED, Clause
from tapecheck.cli.main import main
from tapecheck.errors import UsageError
from tapecheck.results import FORMAT, Case, Run, count
from tapecheck.timeline import (
    BEGAN,
    BROKE,
    FIXED_HERE,
    GONE,
    OTHERWISE,
    between,
    changes,
    disagreements,
    histories,
    in_order,
    record,
)


def case(verdict: str, clause: str = "a.b", mode: str = "eager", **changed: Any) -> Case:
    fields = {"suite": "spec", "level": MUST, "device": "CPU:0", "seconds": 0.1, **changed}
    if verdict == "deviation" and "details" not in fields:
        fields["details"] = {"reason": "It is wrong.", "link": "https://example.org"}
    return Case(clause=clause, mode=mode, verdict=verdict, **fields)


def run(version: str, *cases: Case, backend: str = "tensorflow") -> Run:
    header = {"backend": backend, "version": version, "suite_version": "1", "options": {}}
    return Run(version + ".jsonl", header, list(cases), {"cases": len(cases)})


def kinds(*runs: Run) -> List[List[str]]:
    return [[event.kind for event in step.events] for step in changes(runs)]


def test_versions_are_ordered_as_numbers_with_what_comes_before_a_release_before_it() -> None:
    versions = ["2.10.1", "2.9.3", "2.22.0", "2.22.0-dev20260905", "2.9.0"]
    ordered = [one.header["version"] for one in in_order(run(version) for version in versions)]
    assert ordered == ["2.9.0", "2.9.3", "2.10.1", "2.22.0-dev20260905", "2.22.0"]


def test_a_time_line_is_of_one_implementation() -> None:
    with pytest.raises(UsageError, match="one implementation, not of jax, torch"):
        in_order([run("1", backend="jax"), run("2", backend="torch")])


def test_two_runs_of_one_version_have_no_order() -> None:
    with pytest.raises(UsageError, match=r"2\.0.jsonl and 2\.0\.0.jsonl are both of"):
        in_order([run("2.0"), run("2.0.0")])


def test_what_is_no_version_has_no_place_in_an_order() -> None:
    with pytest.raises(UsageError, match="'unknown' is no version"):
        in_order([run("unknown")])


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("pass", "deviation", BROKE),
        ("pass", "fail", BROKE),
        ("pass", "error", BROKE),
        ("fail", "pass", FIXED_HERE),
        ("deviation", "pass", FIXED_HERE),
        ("deviation", "fixed", FIXED_HERE),
        ("not-applicable", "pass", BEGAN),
        ("unsupported", "pass", BEGAN),
        ("not-applicable", "deviation", BEGAN),
        ("pass", "unsupported", GONE),
        ("deviation", "not-applicable", GONE),
    ],
)
def test_each_change_of_state_has_its_name(old: str, new: str, kind: str) -> None:
    assert kinds(run("1", case(old)), run("2", case(new))) == [[kind]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pass", "fixed"),
        ("fail", "error"),
        ("fail", "deviation"),
        ("not-applicable", "unsupported"),
    ],
)
def test_verdicts_of_one_state_are_no_change(old: str, new: str) -> None:
    assert kinds(run("1", case(old)), run("2", case(new))) == [[]]


@pytest.mark.parametrize(("old", "new"), [("pass", "deviation"), ("deviation", "pass")])
def test_what_is_only_observed_is_neither_broken_nor_fixed(old: str, new: str) -> None:
    runs = run("1", case(old, level=OBSERVED)), run("2", case(new, level=OBSERVED))
    assert kinds(*runs) == [[OTHERWISE]]


def test_a_promise_that_breaks_for_another_reason_behaves_otherwise() -> None:
    other = case("deviation", details={"reason": "It is refused.", "link": "https://example.org"})
    assert kinds(run("1", case("deviation")), run("2", other)) == [[OTHERWISE]]
    assert kinds(run("1", case("deviation")), run("2", case("deviation"))) == [[]]


def test_a_clause_that_only_one_run_holds_has_not_changed() -> None:
    assert kinds(run("1", case("pass", "a.old")), run("2", case("fail", "a.new"))) == [[]]


def test_an_event_tells_the_versions_between_which_it_lies_and_how_it_was() -> None:
    runs = [run("2.0.4", case("deviation")), run("2.1.1", case("pass"))]
    (event,) = changes(runs)[0].events
    assert (event.before, event.version, event.modes) == ("2.0.4", "2.1.1", ("eager",))
    assert event.old.words == "It is wrong."
    assert event.old.link == "https://example.org"


def test_modes_with_the_same_history_are_told_together() -> None:
    old = run("1", *(case("fail", mode=mode) for mode in ("eager", "function", "jit")))
    modes = {"eager": "pass", "function": "pass", "jit": "fail"}
    new = run("2", *(case(verdict, mode=mode) for mode, verdict in modes.items()))
    (event,) = changes([old, new])[0].events
    assert event.modes == ("eager", "function")
    constant = [one for one in histories([old, new]) if one.constant]
    assert [one.modes for one in constant] == [("jit",)]


def test_a_history_tells_since_when_a_clause_holds() -> None:
    verdicts = ["not-applicable", "deviation", "pass", "fail", "pass", "pass"]
    runs = [run("2.{}".format(minor), case(verdict)) for minor, verdict in enumerate(verdicts)]
    (history,) = histories(runs)
    assert history.since == "2.4"
    spans = [(stretch.state, stretch.first, stretch.last) for stretch in history.stretches]
    assert spans == [
        ("absent", "2.0", "2.0"),
        ("broken", "2.1", "2.1"),
        ("holds", "2.2", "2.2"),
        ("broken", "2.3", "2.3"),
        ("holds", "2.4", "2.5"),
    ]


def test_what_does_not_hold_in_the_newest_version_holds_since_none() -> None:
    (history,) = histories([run("1", case("pass")), run("2", case("fail"))])
    assert history.since is None


def test_between_two_versions_only_what_differs_in_them_counts() -> None:
    runs = [
        run("2.0.4", case("pass", "a.broken_once"), case("fail", "a.mended")),
        run("2.1.4", case("fail", "a.broken_once"), case("fail", "a.mended")),
        run("2.10.0", case("pass", "a.broken_once"), case("pass", "a.mended")),
    ]
    assert [event.clause for event in between(runs, "2.0", "2.10").events] == ["a.mended"]
    assert len(between(runs, "2.1", "2.10").events) == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2.1", "2.0", "2.1.4 is not older than 2.0.4"),
        ("2.0", "2.3", "no run of version '2.3', there are 2.0.4, 2.1.4"),
        ("2", "2.1", "several runs of version '2'"),
    ],
)
def test_versions_that_are_not_there_or_not_in_order_are_refused(
    old: str, new: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        between([run("2.0.4"), run("2.1.4")], old, new)


def test_a_step_is_told_as_plain_data() -> None:
    step = changes([run("1", case("pass")), run("2", case("deviation"))])[0]
    told = json.loads(json.dumps(record(step)))
    assert told["events"][0]["kind"] == "broke"
    assert told["events"][0]["new"]["words"] == "It is wrong."


def young(clause: str = "a.b", asked: Optional[str] = None, mode: str = "eager") -> Case:
    details = {"asked_anyway": asked} if asked else {}
    message = "since version 2.5 only"
    return case("not-applicable", clause, mode, message=message, details=details)


def declared(since: Optional[str]) -> Clause:
    return Clause("a.b", MUST, "It holds.", "", (), frozenset(), since, ("eager",), 1)


def problems(clause: Clause, *runs: Run) -> List[str]:
    return [one.problem for one in disagreements(runs, [clause])]


def test_a_since_that_was_measured_agrees() -> None:
    runs = run("2.4.4", young(asked="fail")), run("2.5.0", case("pass"))
    assert problems(declared("2.5"), *runs) == []


def test_a_since_that_hides_what_holds_already_is_too_late() -> None:
    runs = run("2.4.4", young(asked="pass")), run("2.5.0", case("pass"))
    assert problems(declared("2.5"), *runs) == ["holds already"]


def test_a_since_is_right_where_one_mode_or_row_did_not_hold_before() -> None:
    rows = young("a.b[one]", "pass"), young("a.b[one]", "pass", "jit"), young("a.b[two]", "error")
    assert problems(declared("2.5"), run("2.4.4", *rows), run("2.5.0", case("pass"))) == []


def test_only_the_last_version_before_a_since_must_not_hold() -> None:
    runs = run("2.3.4", young(asked="pass")), run("2.4.4", young(asked="fail"))
    assert problems(declared("2.5"), *runs, run("2.5.0", case("pass"))) == []


def test_a_since_that_no_run_knows_disagrees() -> None:
    assert problems(declared("2.5"), run("2.4.4", case("fail"))) == ["is asked before its time"]
    assert problems(declared("2.5"), run("2.5.0", young())) == ["does not apply, yet should"]


def test_what_is_before_a_release_has_what_came_with_the_release() -> None:
    assert problems(declared("2.5"), run("2.5.0-dev20260905", case("pass"))) == []


def test_a_clause_without_since_agrees_with_every_run() -> None:
    assert problems(declared(None), run("2.4.4", case("fail"))) == []


def written(folder: Path, one: Run) -> str:
    header = {
        "kind": "header",
        "format": FORMAT,
        "python": "3.11",
        "platform": "Linux",
        "devices": ["CPU:0"],
        "lacks": [],
        "started": "2026-01-01T00:00:00Z",
        **one.header,
    }
    cases = [entry.record() for entry in one.cases]
    footer = {"kind": "footer", "cases": len(cases), "counts": count(one.cases), "seconds": 1.0}
    place = folder / one.path
    place.write_text("".join(json.dumps(line) + "\n" for line in [header, *cases, footer]))
    return str(place)


@pytest.fixture
def files(tmp_path: Path) -> List[str]:
    """Two releases between which a clause of the standard was mended and a foreign one broke."""
    known = "construction.the_class_has_a_second_name"
    hostile = {"reason": "It is <b>wrong</b>\x1b[2J.", "link": "https://example.org"}
    old = run("2.0.4", case("deviation", known), case("pass", "a.b"))
    new = run("2.1.4", case("pass", known), case("deviation", "a.b", details=hostile))
    return [written(tmp_path, one) for one in (old, new)]


def test_the_command_tells_each_change_with_what_the_standard_says(files: List[str]) -> None:
    told = CliRunner().invoke(main, ["timeline", *files])
    assert told.exit_code == 0
    assert "tensorflow 2.0.4 -> 2.1.4: 1 broke, 1 fixed" in told.output
    assert "construction.the_class_has_a_second_name [eager]" in told.output
    assert "GradientTape" in told.output
    assert "Before: It is wrong." in told.output


def test_the_command_shows_hostile_text_as_text(files: List[str]) -> None:
    options = ["--from", "2.0", "--to", "2.1"]
    text = CliRunner().invoke(main, ["timeline", *files, *options]).output
    markdown = CliRunner().invoke(main, ["timeline", *files, *options, "--markdown"]).output
    assert "\x1b" not in text + markdown
    assert "<b>" not in markdown.replace("\\<b\\>", "")
    assert markdown.startswith("## tensorflow 2.0.4 to 2.1.4")


def test_the_command_tells_the_history_of_a_clause(files: List[str]) -> None:
    told = CliRunner().invoke(main, ["timeline", *files, "--clause", "a.b"]).output
    lines = [line.split()[:2] for line in told.splitlines()]
    assert lines == [["a.b", "MUST"], ["2.0.4", "holds"], ["2.1.4", "broken"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "2.0"], "--from and --to go together"),
        (["--clause", "a.unknown"], "no run knows a clause"),
        (["--from", "2.0", "--to", "2.7"], "no run of version '2.7'"),
    ],
)
def test_what_cannot_be_told_is_refused(files: List[str], options: List[str], words: str) -> None:
    told = CliRunner().invoke(main, ["timeline", *files, *options])
    assert told.exit_code == 2
    assert words in told.output
