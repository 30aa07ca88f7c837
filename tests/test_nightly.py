"""What a nightly types: diff in its forms, suspects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
from click.testing import CliRunner, Result

from tapecheck.cli import main
from tapecheck.results import Case
from tests.made_up import write_run

HOSTILE = "a.b[|`</script>\x1b[31m*_]"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="tapecheck", catch_exceptions=False)


def case(clause: str, verdict: str, **changed: Any) -> Case:
    fields: Dict[str, Any] = {"suite": "spec", "level": "MUST", "mode": "eager", "device": "CPU:0"}
    fields.update(changed)
    return Case(clause=clause, verdict=verdict, seconds=0.1, **fields)


def lines(result: Result) -> List[str]:
    return result.stdout.splitlines()


def test_a_difference_in_json_is_whole_and_names_each_case(here: Path) -> None:
    many = [case("a.x{}".format(number), "pass") for number in range(50)]
    broken = [one._replace(verdict="fail", message="broken") for one in many]
    write_run("old.jsonl", [*many, case("a.f", "pass")])
    write_run("new.jsonl", [*broken, case("a.f", "fail", repeated="pass")], version="2.0")
    result = call("diff", "old.jsonl", "new.jsonl", "--format", "json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [told[name]["version"] for name in ("from", "to")] == ["1.0", "2.0"]
    assert len(told["regressions"]) == 50
    first = told["regressions"][0]
    assert [first["clause"], first["old"], first["new"]] == ["a.x0", "pass", "fail"]
    assert first["message"] == "broken"
    assert [one["clause"] for one in told["flaky"]] == ["a.f"]


def test_a_difference_in_markdown_has_regressions_first_and_shows_hostile_text_as_text(
    here: Path,
) -> None:
    write_run("old.jsonl", [case(HOSTILE, "pass"), case("a.c", "fail")])
    write_run("new.jsonl", [case(HOSTILE, "error"), case("a.c", "pass")], version="2<b>")
    result = call("diff", "old.jsonl", "new.jsonl", "--format", "markdown")
    assert result.exit_code == 1
    assert lines(result) == [
        "## some 1.0 → some 2\\<b\\>",
        "",
        "### Regressions (1)",
        "",
        "- pass -\\> error: `` a.b[|`</script>\\x1b[31m*_] [eager CPU:0] ``",
        "",
        "### Fixed (1)",
        "",
        "- fail -\\> pass: `a.c [eager CPU:0]`",
        "",
        "1 regressions, 1 fixed, 0 flaky, 0 changed behaviours, 0 new, 0 gone, 0 other changes, "
        "0 the same.",
    ]


def test_a_long_difference_in_markdown_is_shortened(here: Path) -> None:
    write_run("old.jsonl", [case("a.b", "pass")])
    write_run("new.jsonl", [case("a.x{}".format(number), "pass") for number in range(30)])
    assert "- and 10 more" in lines(call("diff", "old.jsonl", "new.jsonl", "--format", "markdown"))


def test_runs_that_asked_for_different_parts_are_said_to(here: Path) -> None:
    write_run("old.jsonl", [case("a.b", "pass")])
    write_run("new.jsonl", [case("a.b", "pass")], options={"chapter": ["a"], "mode": ["jit"]})
    said = "The runs were asked for different parts: all of it, chapter a mode jit"
    assert said in lines(call("diff", "old.jsonl", "new.jsonl"))
    assert said + "." in lines(call("diff", "old.jsonl", "new.jsonl", "--format", "markdown"))


def test_both_verdicts_of_a_flaky_case_are_told_and_it_is_no_regression(here: Path) -> None:
    write_run("old.jsonl", [case("a.b", "pass")])
    write_run("new.jsonl", [case("a.b", "fail", repeated="pass")])
    result = call("diff", "old.jsonl", "new.jsonl")
    assert result.exit_code == 0
    assert "  pass -> fail, then pass  a.b [eager CPU:0]" in lines(result)


def test_suspects_are_listed_by_why(here: Path) -> None:
    write_run("one.jsonl", [case("a.b", "fail"), case("a.c", "pass")])
    write_run("two.jsonl", [case("a.b", "error"), case("a.c", "pass")], version="2.0")
    result = call("suspects", "one.jsonl", "two.jsonl")
    assert result.exit_code == 1
    assert lines(result)[:2] == ["Fails everywhere (1)", "  MUST  a.b  2 runs"]
    assert lines(result)[2].startswith("Never ran (")
    assert lines(result)[-1].endswith(" suspects in 2 runs")


def test_one_implementation_has_no_suspects(here: Path) -> None:
    write_run("one.jsonl", [case("a.b", "fail")])
    result = call("suspects", "one.jsonl")
    assert result.exit_code == 2
    assert "one implementation says nothing of everywhere" in result.stderr
