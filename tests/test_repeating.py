"""Failures that run once more, and runs that are split into shards."""

from __future__ import annotations

import textwrap
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, Dict

import pytest

from tapecheck import results
from tapecheck.errors import UsageError
from tapecheck.sharding import members, shard_of
from tests.test_cli_run import Ended, run

TAPE = """
    import os, time
    from tapecheck.tapes import numpy as honest

    __tapecheck__ = dict(honest.__tapecheck__, name="flaky", version="1.0")

    def __getattr__(name):
        return getattr(honest, name)

    FAULTS = dict(
        a_tape_answers_once=(ValueError, ValueError),
        a_persistent_tape_answers_twice=(ValueError,),
        a_used_tape_answers_no_other_question=(ValueError, os.abort),
        a_gradient_releases_what_was_recorded=(ValueError, lambda: time.sleep(60)),
        an_answer_of_none_is_an_answer=(os.abort,),
    )
    seen = []

    class GradientTape(honest.GradientTape):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            clause = os.environ["PYTEST_CURRENT_TEST"].partition("::test_")[2].partition("[")[0]
            faults = FAULTS.get(clause, ())[seen.count(clause):]
            seen.append(clause)
            if faults:
                raise faults[0]()
"""
FAULTS = {
    "a_tape_answers_once": ("error", "error"),
    "a_persistent_tape_answers_twice": ("error", "pass"),
    "a_used_tape_answers_no_other_question": ("error", "error"),
    "a_gradient_releases_what_was_recorded": ("error", "error"),
    "an_answer_of_none_is_an_answer": ("error", ""),
}
PART = ["--chapter", "persistence", "--mode", "eager", "--timeout", "5"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("user")
    (place / "flaky.py").write_text(textwrap.dedent(TAPE), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    junit = ["--", "--junitxml", str(folder / "junit.xml")]
    return run(folder, "flaky", *PART, "--repeat-failures", "--out", "runs", *junit)


@pytest.fixture(scope="module")
def cases(folder: Path, ended: Ended) -> Dict[str, results.Case]:
    read = results.read(folder / "runs")
    assert read.complete
    return {case.clause.partition(".")[2]: case for case in read.cases}


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_is_recorded_with_the_verdict_of_its_repeat(
    cases: Dict[str, results.Case], name: str
) -> None:
    assert (cases[name].verdict, cases[name].repeated) == FAULTS[name]


def test_the_first_failure_is_the_one_that_is_told(cases: Dict[str, results.Case]) -> None:
    assert "ValueError" in cases["a_used_tape_answers_no_other_question"].message
    assert "crashed" in cases["an_answer_of_none_is_an_answer"].message


def test_a_case_is_flaky_if_its_repeat_has_another_verdict(cases: Dict[str, results.Case]) -> None:
    flaky = [name for name, case in cases.items() if case.flaky]
    assert flaky == ["a_persistent_tape_answers_twice"]


def test_what_does_not_fail_is_not_repeated(cases: Dict[str, results.Case]) -> None:
    assert {case.repeated for name, case in cases.items() if name not in FAULTS} == {""}


def test_a_repeated_case_is_one_case_for_every_reader(
    folder: Path, cases: Dict[str, results.Case]
) -> None:
    told = ElementTree.parse(str(folder / "junit.xml")).iter("testcase")
    names = [one.get("name") for one in told]
    assert len(set(names)) == len(names) == len(cases)


def test_a_flaky_case_does_not_conform(ended: Ended) -> None:
    assert ended.code == 1


def test_the_summary_tells_what_is_flaky(ended: Ended) -> None:
    told = ended.out.split("\n")
    assert "Flaky  of 5 failures" in told
    place = told.index("Flaky  of 5 failures") + 1
    assert told[place] == (
        "  error, then pass  persistence.a_persistent_tape_answers_twice [eager CPU:0]"
    )


def test_the_header_says_that_failures_were_repeated(folder: Path, ended: Ended) -> None:
    assert results.read(folder / "runs").header["options"]["repeat_failures"] is True


def test_all_shards_together_are_the_run(folder: Path) -> None:
    chapter = ["--chapter", "nesting"]
    run(folder, "numpy", *chapter, "--out", "whole")
    parts = []
    for number in (1, 2, 3):
        shard = "{}/3".format(number)
        ended = run(folder, "numpy", *chapter, "--shard", shard, "--out", "shard")
        assert ended.out.strip().endswith("conforms, in what was asked for")
        part = results.read(folder / "shard")
        assert part.header["options"]["shard"] == shard
        parts.append({case.key for case in part.cases})
    keys = [case.key for case in results.read(folder / "whole").cases]
    assert sorted(key for part in parts for key in part) == sorted(keys)
    assert all(parts)


def test_the_modes_of_a_clause_are_in_one_shard() -> None:
    names = ["a", "a", "b", "c", "c", "c", "d"]
    chosen = [members(names, number, 3) for number in (1, 2, 3)]
    assert [[name for name, mine in zip(names, shard) if mine] for shard in chosen] == [
        ["a", "a", "d"],
        ["b"],
        ["c", "c", "c"],
    ]


def test_the_only_shard_is_the_whole(folder: Path) -> None:
    run(folder, "numpy", *PART, "--shard", "1/1", "--out", "only")
    assert "shard" not in results.read(folder / "only").header["options"]


def test_there_is_one_shard_unless_it_is_said() -> None:
    assert shard_of(None) == (1, 1)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "a/b", "-1/3", "1/3 ", "1/3/5", "0/0"])
def test_what_is_no_shard_is_refused_before_anything_runs(text: str, folder: Path) -> None:
    with pytest.raises(UsageError, match="must be such as 2/3"):
        shard_of(text)
    arguments: Any = ["--shard=" + text]
    ended = run(folder, "numpy", *arguments)
    assert ended.code == 2
    assert ended.said == ["tapecheck: no shard {!r}, must be such as 2/3".format(text)]
