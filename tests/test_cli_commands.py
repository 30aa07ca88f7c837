"""The commands beside ``run``: list, explain, repro, report, diff, and help for all of them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import click
import pytest
from click.testing import CliRunner, Result

import tapecheck
from tapecheck.behaviours import load as load_behaviours
from tapecheck.cli import main
from tapecheck.cli.text import columns, console, plain, say
from tapecheck.results import Case
from tapecheck.standard import load_standard
from tests.made_up import write_run

CLAUSE = "persistence.a_persistent_tape_answers_twice"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="tapecheck", catch_exceptions=False)


def write(path: Path, verdicts: Dict[Tuple[str, str], str], **changed: Any) -> None:
    """A run with a verdict for each clause and mode."""
    cases = []
    for (clause, mode), verdict in verdicts.items():
        message = "" if verdict == "pass" else "{} is \x1b[31mbroken".format(clause)
        suite, _, name = clause.rpartition("/")
        cases.append(Case(suite or "spec", name, "MUST", mode, "CPU:0", verdict, 0.1, message))
    write_run(path, cases, **changed)


def commands(group: click.Group, *names: str) -> Iterator[Tuple[str, ...]]:
    yield names
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from commands(one, *names, name)
        else:
            yield (*names, name)


@pytest.mark.parametrize("names", list(commands(main)), ids=" ".join)
def test_every_help_has_examples_that_name_the_command(names: Sequence[str]) -> None:
    result = call(*names, "--help")
    assert result.exit_code == 0
    _, _, examples = result.stdout.partition("Examples:\n")
    assert "  tapecheck " + " ".join(names) in examples
    assert not re.search(r"\S{101,}", result.stdout)


def test_the_version_is_that_of_the_package() -> None:
    assert call("--version").stdout == "tapecheck {}\n".format(tapecheck.__version__)


def test_help_imports_nothing_that_takes_long() -> None:
    program = (
        "import sys; from tapecheck.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "slow = {'pytest', 'rich', 'jinja2', 'jsonschema', 'xdist', 'hypothesis', 'mpmath'}\n"
        "sys.exit(', '.join(slow & set(sys.modules)) or 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_backends_are_listed_with_what_they_are() -> None:
    rows = json.loads(call("list", "backends", "--json").stdout)
    assert [row["name"] for row in rows] == ["jax", "mlx", "numpy", "tensorflow", "torch"]
    assert "\nnumpy       the embedded tape" in call("list", "backends").stdout


@pytest.mark.parametrize("level", ["must", "SHOULD", None])
@pytest.mark.parametrize("chapter", ["persistence", None])
def test_clauses_are_listed_by_chapter_and_level(level: Any, chapter: Any) -> None:
    arguments = ["list", "clauses"]
    arguments += ["--level", level] if level else []
    arguments += ["--chapter", chapter] if chapter else []
    wanted = [
        entry.clause.id
        for entry in load_standard().entries.values()
        if chapter in (None, entry.clause.chapter)
        and (level is None or entry.clause.level == level.upper())
    ]
    assert [row["id"] for row in json.loads(call(*arguments, "--json").stdout)] == wanted
    assert [line.split()[1] for line in call(*arguments).stdout.splitlines()] == wanted


def test_behaviours_are_covered_or_not() -> None:
    def listed(*arguments: str) -> List[str]:
        result = call("list", "behaviours", "--json", *arguments)
        return [row["id"] for row in json.loads(result.stdout)]

    covered, uncovered = listed("--covered"), listed("--uncovered")
    assert not set(covered) & set(uncovered)
    assert set(covered) | set(uncovered) == set(load_behaviours()) == set(listed())
    assert "PER-02" in covered
    assert {name[:3] for name in listed("--area", "per")} == {"PER"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "clauses", "--chapter", "none"], "no chapter 'none', there are "),
        (["list", "behaviours", "--area", "XYZ"], "no area 'XYZ', there are "),
        (["explain", "persistence.a_persistent_tape_answers_twic"], "did you mean " + CLAUSE),
        (["repro", "nothing.like_it"], "no clause 'nothing.like_it'"),
        (["repro", CLAUSE, "--backend", "no_such_module"], "unknown backend 'no_such_module'"),
        (["report", "nowhere", "--out", "site"], "nowhere: no result file there"),
        (["diff", "nowhere", "nowhere"], "nowhere: no such result file"),
    ],
)
def test_what_does_not_exist_gives_one_line_and_exit_code_2(
    arguments: List[str], said: str
) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("tapecheck: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_clause_is_explained_with_its_sources_and_code() -> None:
    result = call("explain", CLAUSE)
    assert result.exit_code == 0
    entry = load_standard().find(CLAUSE)
    assert entry.clause.statement in result.stdout
    assert entry.code in result.stdout
    assert "needs     persistent\n" in result.stdout
    assert "spec/persistence.py:{}".format(entry.line) in result.stdout
    for source in load_behaviours()["PER-02"].sources:
        assert source.citation() in result.stdout
    assert "Last verdicts" not in result.stdout


def test_the_last_verdicts_of_each_implementation_are_shown(here: Path) -> None:
    runs = here / "reports" / "runs"
    old, new = {(CLAUSE, "eager"): "fail"}, {(CLAUSE, "eager"): "pass", (CLAUSE, "jit"): "error"}
    write(runs / "b" / "results.jsonl", old, started="2026-01-01T00:00:00Z")
    write(runs / "a" / "results.jsonl", new, started="2026-01-02T00:00:00Z")
    write(here / "reports" / "published.jsonl", old, version="2.0")
    (runs / "broken.jsonl").write_text("no result\n", encoding="utf-8")
    _, _, shown = call("explain", CLAUSE).stdout.partition("Last verdicts\n")
    assert [line.split() for line in shown.splitlines()] == [
        ["some", "1.0", "2026-01-02T00:00:00Z"],
        ["eager", "CPU:0", "pass"],
        ["jit", "CPU:0", "error"],
        ["some", "2.0", "2026-01-01T00:00:00Z"],
        ["eager", "CPU:0", "fail"],
    ]


def test_a_script_is_printed_as_it_is_and_names_its_sources() -> None:
    result = call("repro", CLAUSE, "--backend", "numpy")
    assert result.exit_code == 0
    assert "Documented:\n  PER-02: " in result.stdout
    exec(compile(result.stdout, "script", "exec"), {"__name__": "script"})


def test_a_report_takes_files_and_folders_of_runs(here: Path) -> None:
    write(here / "runs" / "a" / "results.jsonl", {(CLAUSE, "eager"): "pass"})
    write(here / "runs" / "b.jsonl", {(CLAUSE, "eager"): "fail"}, version="2.0")
    result = call("report", "runs", "runs/a", "runs/b.jsonl", "--out", "site")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "          MUST   SHOULD  OBSERVED  lacks",
        "some 1.0  ✓ 1/1  -       -         nothing",
        "some 2.0  ✗ 0/1  -       -         nothing",
        "cases passed of those asked: ✓ reached, ~ with deviations, ✗ broken",
        "",
        "Where they differ (1)",
        "  {}  kept by some 1.0  ✗ some 2.0".format(CLAUSE),
        "",
        "2 runs: site/index.html",
    ]
    assert (here / "site" / "summary.md").is_file()


@pytest.mark.parametrize(
    ("changed", "said", "option"),
    [
        ({"complete": False}, "runs/b.jsonl: the run is incomplete", "--allow-incomplete"),
        ({"suite_version": "0.2"}, "different versions of the suite: 0.1.0, 0.2", "--mix-versions"),
    ],
)
def test_a_report_refuses_what_does_not_belong_together(
    here: Path, changed: Dict[str, Any], said: str, option: str
) -> None:
    write(here / "runs" / "a.jsonl", {(CLAUSE, "eager"): "pass"})
    write(here / "runs" / "b.jsonl", {(CLAUSE, "eager"): "pass"}, version="2", **changed)
    result = call("report", "runs", "--out", "site")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (here / "site").exists()
    assert call("report", "runs", "--out", "site", option).exit_code == 0


def test_a_diff_shows_a_regression_first_and_ends_with_exit_code_1(here: Path) -> None:
    write(here / "old.jsonl", {("a.b", "eager"): "pass", ("a.c", "jit"): "fail"})
    write(here / "new.jsonl", {("a.b", "eager"): "error", ("a.c", "jit"): "pass"})
    result = call("diff", "old.jsonl", "new.jsonl")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "some 1.0 -> some 1.0",
        "Regressions (1)",
        "  pass -> error  a.b [eager CPU:0]",
        "Fixed (1)",
        "  fail -> pass  a.c [jit CPU:0]",
        "1 regressions, 1 fixed, 0 flaky, 0 changed behaviours, "
        "0 new, 0 gone, 0 other changes, 0 the same",
    ]
    assert call("diff", "new.jsonl", "old.jsonl").exit_code == 1
    assert call("diff", "new.jsonl", "new.jsonl").exit_code == 0


def test_new_and_gone_cases_are_no_regression_and_long_lists_are_shortened(here: Path) -> None:
    write(here / "old.jsonl", {("a.gone", "eager"): "pass"})
    write(here / "new.jsonl", {("a.new{}".format(n), "eager"): "fail" for n in range(30)})
    result = call("diff", "old.jsonl", "new.jsonl")
    assert result.exit_code == 0
    assert "New (30)" in result.stdout
    assert "  and 10 more, all of them with --all\n" in result.stdout
    assert "Gone (1)\n  pass  a.gone [eager CPU:0]\n" in result.stdout
    assert call("diff", "old.jsonl", "new.jsonl", "--all").stdout.count("a.new") == 30


def test_a_diff_tells_suites_apart_and_many_rows_of_a_clause_once(here: Path) -> None:
    rows = [("operators/operators.first[{}]".format(n), "eager") for n in range(30)]
    spec = {("a.b", "eager"): "pass"}
    write(here / "old.jsonl", {**spec, ("x/c.d", "jit"): "pass", **dict.fromkeys(rows, "pass")})
    write(here / "new.jsonl", {**spec, ("y/c.d", "jit"): "fail", **dict.fromkeys(rows, "error")})
    result = call("diff", "old.jsonl", "new.jsonl")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "some 1.0 -> some 1.0",
        "spec: no change",
        "x: only in the old run, 1 case",
        "operators",
        "Regressions (30)",
        "  pass -> error  operators.first[...] (30 rows) [eager CPU:0]",
        "y: only in the new run, 1 case",
        "30 regressions, 0 fixed, 0 flaky, 0 changed behaviours, "
        "1 new, 1 gone, 0 other changes, 1 the same",
    ]
    assert call("diff", "old.jsonl", "new.jsonl", "--all").stdout.count("pass -> error") == 30


@pytest.mark.parametrize("name", ["old.jsonl", "new.jsonl"])
def test_a_diff_refuses_an_incomplete_run(here: Path, name: str) -> None:
    for one in ("old.jsonl", "new.jsonl"):
        write(here / one, {("a.b", "eager"): "pass"}, complete=one != name)
    result = call("diff", "old.jsonl", "new.jsonl")
    assert result.exit_code == 2
    assert result.stderr == "tapecheck: {}: the run is incomplete\n".format(name)


def test_a_broken_result_file_is_named_with_its_line(here: Path) -> None:
    write(here / "old.jsonl", {("a.b", "eager"): "pass"})
    text = (here / "old.jsonl").read_text(encoding="utf-8")
    (here / "new.jsonl").write_text(text.replace('"pass"', '"good"', 1), encoding="utf-8")
    result = call("diff", "old.jsonl", "new.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith("tapecheck: new.jsonl:2: not a result record (verdict)")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\x00b\x7fc\x9b1m", "a\\x00b\\x7fc\\x9b1m"),
        ("one\r\ntwo\tthree", "one two three"),
        ("half \ud83d of a pair", "half \\ud83d of a pair"),
        ("\u202eesrever", "\\u202eesrever"),
        ("x" * 10000000, "x" * 1997 + "..."),
        ("größer ≤ 3 ✓", "größer ≤ 3 ✓"),
    ],
    ids=["escape", "control", "lines", "surrogate", "direction", "megabytes", "letters"],
)
def test_text_is_shown_on_one_line_and_never_obeyed(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_markup_is_text() -> None:
    out = console()
    out.file = io.StringIO()
    say(out, "[red]no[/red] :smile: ", ("[bold]", "bold"))
    assert out.file.getvalue() == "[red]no[/red] :smile: [bold]\n"


def test_columns_are_aligned_and_the_last_one_is_not_padded() -> None:
    rows = columns([("a", "1", "x"), ("bcd", "22", "yz")], right=[1])
    assert ["".join(row) for row in rows] == ["a     1  x", "bcd  22  yz"]
    assert columns([]) == []
