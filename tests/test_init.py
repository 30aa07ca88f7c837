"""`tapecheck init`: what it writes runs at once, and overwrites nothing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Set

import pytest

import tapecheck
from tapecheck import results

FILES = [
    "README.md",
    "__init__.py",
    "deviations.toml",
    "engine.py",
    "tape.py",
    "test_conformance.py",
]
MODULES = {"jax": "jax", "torch": "torch", "mlx": "mlx.core", "numpy": "numpy"}


def command(folder: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints in a folder."""
    package = str(Path(tapecheck.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=str(folder),
        env={**os.environ, "PYTHONPATH": package, "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == code, ended.stdout
    return ended.stdout


def judged(folder: Path, name: str, code: int) -> results.Run:
    """The eager run of an adapter."""
    command(folder, "tapecheck", "run", name, "--mode", "eager", "--out", "out", code=code)
    return results.read(folder / "out")


def passed(run: results.Run, level: str) -> Set[str]:
    return {case.clause for case in run.cases if (case.level, case.verdict) == (level, "pass")}


def test_the_smallest_tape_conforms_at_once(tmp_path: Path) -> None:
    said = command(tmp_path, "tapecheck", "init", "my_tape")
    assert sorted(file.name for file in (tmp_path / "my_tape").iterdir()) == FILES
    assert said.rstrip().endswith("tapecheck run my_tape")
    run = judged(tmp_path, "my_tape", code=0)
    assert {case.verdict for case in run.cases} == {"pass", "unsupported", "not-applicable"}
    assert len(passed(run, "MUST")) > 60
    assert "operations.the_exponential_function_is_its_own_derivative" in passed(run, "MUST")
    assert {"arrays", "variables", "graph", "comparison"} <= set(run.header["lacks"])


def test_its_test_passes_in_the_test_suite_of_its_author(tmp_path: Path) -> None:
    command(tmp_path, "tapecheck", "init", "my_tape")
    said = command(tmp_path, "pytest", "my_tape", "-q", "-p", "no:cacheprovider", "-k", "eager")
    assert " passed" in said
    assert "failed" not in said


def test_nothing_is_missing_of_the_names_that_the_smallest_tape_needs(tmp_path: Path) -> None:
    command(tmp_path, "tapecheck", "init", "my_tape")
    said = command(tmp_path, "tapecheck", "namespace", "--level", "should", "--check", "my_tape")
    assert said.startswith("my_tape: 0 of the ")


@pytest.mark.parametrize("library", sorted(MODULES))
def test_a_tape_on_a_library_gives_no_wrong_answer(tmp_path: Path, library: str) -> None:
    if importlib.util.find_spec(MODULES[library].partition(".")[0]) is None:
        pytest.skip(library + " is not installed")
    command(tmp_path, "tapecheck", "init", "array_tape", "--on", library)
    run = judged(tmp_path, "array_tape", code=1)
    wrong = {case.clause: case.message for case in run.cases if case.verdict == "fail"}
    assert wrong == {}
    assert len(passed(run, "MUST")) > 80
    missing = [case for case in run.cases if case.verdict == "error"]
    assert all("Error: " in case.message for case in missing)
    assert sum("has no attribute" in case.message for case in missing) > 20


def test_every_template_is_formatted(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    for library in ["scalar", *MODULES]:
        command(tmp_path, "tapecheck", "init", "on_" + library, "--on", library)
    command(tmp_path, "ruff", "format", "--isolated", "--check", "--line-length", "100", ".")
    command(
        tmp_path, "ruff", "check", "--isolated", "--select", "E,F,I,W", "--line-length", "100", "."
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("taken", "taken exists already, and is left as it is"),
        ("my-tape", "'my-tape' is no name for a module"),
        ("class", "'class' is no name for a module"),
        ("a/b", "'a/b' is no name for a module"),
        ("numpy", "'numpy' is a backend of tapecheck itself"),
        ("json", "'json' is a module that is installed here"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "kept.txt").write_text("kept", encoding="utf-8")
    assert problem in command(tmp_path, "tapecheck", "init", name, code=2)
    assert [file.name for file in tmp_path.rglob("*")] == ["taken", "kept.txt"]
