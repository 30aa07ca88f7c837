"""Parts of one run are joined, and refused where they are not parts of one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tapecheck.results import Leak, add_leak, finish, read, unfinished
from tests.made_up import write_run
from tests.test_nightly import call, case, here

__all__ = ["here"]


def shard(number: int, count: int = 2, **changed: Any) -> str:
    """A shard with one case that is its own."""
    name = "shards/{}.jsonl".format(number)
    cases = changed.pop("cases", [case("a.c{}".format(number), "pass", worker="gw0")])
    complete = changed.pop("complete", True)
    options = {"shard": "{}/{}".format(number, count), **changed.pop("options", {})}
    write_run(name, cases, complete, options=options, **changed)
    return name


def test_shards_become_the_run_that_was_split(here: Path) -> None:
    shard(1, started="2026-01-01T00:05:00Z")
    shard(2, cases=[case("a.c2", "fail"), case("a.c2", "pass", mode="jit")])
    result = call("merge", "shards", "--out", "out/results.jsonl")
    assert result.exit_code == 1
    assert result.stdout == "some 1.0: 3 cases of 2 files: 2 pass, 1 fail\n"
    run = read("out")
    assert run.complete
    assert run.header["options"] == {}
    assert run.header["started"] == "2026-01-01T00:00:00Z"
    assert [one.clause for one in run.cases] == ["a.c1", "a.c2", "a.c2"]
    assert run.footer["seconds"] == 3.0


def test_a_whole_that_conforms_ends_with_exit_code_0(here: Path) -> None:
    shard(1)
    shard(2)
    assert call("merge", "shards", "--out", "r.jsonl").exit_code == 0


def test_processes_of_different_shards_stay_different(here: Path) -> None:
    shard(1)
    shard(2)
    call("merge", "shards", "--out", "r.jsonl")
    assert [one.worker for one in read("r.jsonl").cases] == ["1.gw0", "2.gw0"]


def test_leaks_of_the_shards_are_those_of_the_run(here: Path) -> None:
    options = {"options": {"isolate": True}}
    for number in (1, 2):
        path = shard(number, **options)
    footer = unfinished(path)
    leak = Leak("spec", "a.c2", "eager", "CPU:0", "pass", "fail", None, False)
    add_leak(path, leak)
    finish(path, footer)
    assert call("merge", "shards", "--out", "r.jsonl").exit_code == 1
    assert read("r.jsonl").leaks == (leak,)


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"suite_version": "0.2.0"}, "suite_version"),
        ({"version": "2.0"}, "version"),
        ({"backend": "other"}, "backend"),
        ({"devices": ["GPU:0"]}, "devices"),
        ({"seeds": {"seed": 1}}, "seeds"),
        ({"options": {"keyword": "x"}}, "keyword"),
    ],
)
def test_parts_of_different_runs_are_refused_by_what_they_differ_in(
    here: Path, changed: Any, differs: str
) -> None:
    shard(1)
    shard(2, **changed)
    result = call("merge", "shards", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert result.stderr == (
        "tapecheck: shards/1.jsonl and shards/2.jsonl are not of one run: "
        "they differ in {}\n".format(differs)
    )
    assert not Path("r.jsonl").exists()


def test_surroundings_may_differ(here: Path) -> None:
    shard(1)
    shard(2, platform="another machine", python="3.12")
    assert call("merge", "shards", "--out", "r.jsonl").exit_code == 0


def test_a_case_that_is_there_twice_is_named_with_both_places(here: Path) -> None:
    shard(1, cases=[case("a.b", "pass"), case("a.c", "pass")])
    shard(2, cases=[case("a.d", "pass"), case("a.e", "pass"), case("a.c", "fail")])
    result = call("merge", "shards", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert result.stderr == (
        "tapecheck: shards/2.jsonl:4: the same case as shards/1.jsonl:3: a.c\n"
    )


def test_a_shard_without_its_footer_is_named_with_the_line_where_it_ends(here: Path) -> None:
    shard(1)
    shard(2, complete=False)
    result = call("merge", "shards", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert result.stderr == ("tapecheck: shards/2.jsonl:3: ends without a footer: incomplete\n")
    assert call("merge", "shards", "--out", "r.jsonl", "--allow-incomplete").exit_code == 1
    assert not read("r.jsonl").complete


def test_a_missing_shard_is_named(here: Path) -> None:
    shard(1, 3)
    shard(3, 3)
    result = call("merge", "shards", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert result.stderr == "tapecheck: missing of the run: shard 2/3\n"
    result = call("merge", "shards", "--out", "r.jsonl", "--allow-incomplete")
    assert result.stdout == "some 1.0: 2 cases of 2 files, incomplete: 2 pass\n"
    assert not read("r.jsonl").complete


def test_a_truncated_shard_is_an_incomplete_one(here: Path) -> None:
    shard(1)
    path = Path(shard(2))
    path.write_bytes(path.read_bytes()[:-20])
    result = call("merge", "shards", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert "shards/2.jsonl:3: ends without a footer" in result.stderr


def test_suites_that_ran_apart_become_one_run(here: Path) -> None:
    write_run("runs/a.jsonl", [case("a.b", "pass")])
    write_run("runs/b.jsonl", [case("a.b", "pass", suite="laws")], options={"suite": ["laws"]})
    assert call("merge", "runs", "--out", "r.jsonl").exit_code == 0
    assert read("r.jsonl").header["options"] == {"suite": ["spec", "laws"]}


def test_a_part_beside_the_whole_leaves_the_whole(here: Path) -> None:
    write_run("runs/a.jsonl", [case("a.b", "pass")], options={"mode": ["eager"]})
    write_run("runs/b.jsonl", [case("a.b", "pass", mode="jit")])
    assert call("merge", "runs", "--out", "r.jsonl").exit_code == 0
    assert read("r.jsonl").header["options"] == {}


def test_parts_that_differ_in_two_options_are_refused(here: Path) -> None:
    write_run("runs/a.jsonl", [case("a.b", "pass")], options={"mode": ["eager"], "chapter": ["a"]})
    write_run("runs/b.jsonl", [case("c.b", "pass")], options={"mode": ["jit"], "chapter": ["c"]})
    result = call("merge", "runs", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert "different chapter and mode at once" in result.stderr


def test_hostile_text_comes_through_a_merge_unchanged(here: Path) -> None:
    text = "</script>\x1b[31m\u202e\ud800 \u2028\n" + "x" * 100000
    shard(1, cases=[case("a.b[</script>\x1b]", "fail", message=text)])
    shard(2)
    call("merge", "shards", "--out", "r.jsonl")
    assert read("r.jsonl").cases[0].message == text


def test_a_line_that_is_no_record_is_named_by_file_and_line(here: Path) -> None:
    shard(1)
    path = Path(shard(2))
    lines = path.read_text(encoding="utf-8").splitlines()
    record = {**json.loads(lines[1]), "verdict": "splendid"}
    path.write_text("\n".join([lines[0], json.dumps(record), lines[2], ""]), encoding="utf-8")
    result = call("merge", "shards", "--out", "r.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith("tapecheck: shards/2.jsonl:2: not a result record (verdict)")
