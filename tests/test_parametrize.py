"""The standard in the test suite of another project, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Dict

import pytest

import tapecheck
from tapecheck.results import read

TAPE = """
    from tapecheck.tapes import numpy as honest

    __tapecheck__ = dict(honest.__tapecheck__, name="other", version="1.0")
    __tapecheck__["lacks"] = [*__tapecheck__["lacks"], "jacobian"]

    def __getattr__(name):
        return getattr(honest, name)

    class GradientTape(honest.GradientTape):
        def reset(self):
            pass

        def jacobian(self, *arguments, **options):
            raise NotImplementedError("no jacobian")
"""
DEVIATIONS = """
    [[deviation]]
    clause = "reset.a_reset_forgets_what_was_watched"
    message = "expected:"
    reason = "reset() is ignored."
    link = "https://example.org/1"

    [[deviation]]
    clause = "persistence.a_persistent_tape_answers_twice"
    message = "expected"
    reason = "It used to answer once."
    link = "https://example.org/2"
"""
THREE_LINES = """
    from tapecheck import parametrize_with_clauses

    @parametrize_with_clauses("other.tape", mode="eager", chapter=["reset", "persistence"])
    def test_tape(clause):
        clause()
"""
WITH_DEVIATIONS = THREE_LINES.replace("mode=", "deviations='deviations.toml', mode=")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a tape that is not ours, and tests of its own."""
    tmp_path = tmp_path_factory.mktemp("project")
    (tmp_path / "other").mkdir()
    for name, text in [
        ("other/__init__.py", ""),
        ("other/tape.py", TAPE),
        ("deviations.toml", DEVIATIONS),
        ("test_tape.py", THREE_LINES),
        ("test_listed.py", WITH_DEVIATIONS),
        ("test_typo.py", THREE_LINES.replace("reset", "rest")),
        ("test_missing.py", THREE_LINES.replace("other.tape", "no_such_package")),
        ("test_marked.py", MARKED),
    ]:
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return tmp_path


MARKED = """
    from tapecheck import parametrize_with_clauses

    pytestmark = parametrize_with_clauses("other.tape", level="MUST", chapter="nesting")

    def test_tape(clause):
        clause()
"""


def pytest_in(project: Path, *arguments: str, code: int = 0) -> str:
    """What pytest prints in the project, as its author runs it."""
    package = str(Path(tapecheck.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=str(project),
        env={**os.environ, "PYTHONPATH": package, "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == code, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def output(project: Path) -> str:
    """What a verbose run of three of its test files prints."""
    return pytest_in(project, "test_tape.py", "test_listed.py", "test_marked.py", "-vrs", code=1)


def outcomes(output: str, file: str) -> Dict[str, str]:
    """The outcome of each case of a file, by its id."""
    line = re.escape(file) + r"::test_tape\[(\S+)\] (PASSED|FAILED|SKIPPED|XFAIL)"
    return dict(re.findall(line, output))


def test_verdicts_are_outcomes_of_pytest(output: str) -> None:
    found = outcomes(output, "test_tape.py")
    assert found["persistence.a_tape_answers_once-eager-CPU:0"] == "PASSED"
    assert found["reset.a_reset_forgets_what_was_watched-eager-CPU:0"] == "FAILED"
    assert found["persistence.after_a_jacobian_nothing_is_answered-eager-CPU:0"] == "SKIPPED"
    assert "the backend declares to lack jacobian" in output


def test_a_failure_shows_the_promise_and_how_to_reproduce_it(output: str) -> None:
    assert "reset.a_reset_forgets_what_was_watched [eager CPU:0] breaks a MUST" in output
    assert "tapecheck repro reset.a_reset_forgets_what_was_watched --backend other.tape" in output
    assert "def __call__" not in output


def test_a_known_deviation_is_an_expected_failure_and_a_fixed_one_fails(output: str) -> None:
    found = outcomes(output, "test_listed.py")
    assert found["reset.a_reset_forgets_what_was_watched-eager-CPU:0"] == "XFAIL"
    assert found["persistence.a_persistent_tape_answers_twice-eager-CPU:0"] == "FAILED"
    assert "passes, though it is listed as a deviation" in output


def test_a_module_may_be_marked(output: str) -> None:
    assert set(outcomes(output, "test_marked.py").values()) == {"PASSED", "SKIPPED"}


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("test_typo.py", "no chapter 'rest', there are "),
        ("test_missing.py", "unknown backend 'no_such_package'"),
    ],
)
def test_what_does_not_exist_is_an_error_of_the_collection(
    project: Path, file: str, problem: str
) -> None:
    assert problem in pytest_in(project, file, code=2)


def test_pytest_is_left_alone_where_nothing_is_asked_for(project: Path) -> None:
    assert "--backend" not in pytest_in(project, "--help")


PYARGS = ["-p", "tapecheck.conformance", "--pyargs", "tapecheck.conformance"]
OF_OTHER = ["--backend", "other.tape", "--mode", "eager", "--level", "must"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_installed_standard_is_collected_as_a_module(project: Path, workers: str) -> None:
    file = project / "results.jsonl"
    options = ["-n", workers, "-k", "reset or keras or persistence", "--results", str(file)]
    output = pytest_in(project, *PYARGS, *OF_OTHER, *options, code=1)
    assert "breaks a MUST" in output
    run = read(file)
    assert run.complete
    assert {case.suite for case in run.cases} == {"spec"}
    assert {"reset", "keras"} <= {case.chapter for case in run.cases}
    assert {"pass", "fail", "unsupported"} <= {case.verdict for case in run.cases}
