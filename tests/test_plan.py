"""The matrix of the nightly is what tox.ini tells how to run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from tapecheck.environments import Environment, choose, environments, matrix
from tapecheck.errors import DataError, UsageError
from tapecheck.standard import root
from tests.test_nightly import call, here, lines

__all__ = ["here"]

TOX = """\
[tox]
env_list = lint, numpy

[testenv]
# tf9.9: python9.9
base_python =
    tf2.{0,1}: python3.7
    tf2.{2,10},nightly: python3.13, python3.12
deps =
    tf-!nightly: tensorflow
    nightly: tf-nightly
commands =
    numpy: tapecheck run numpy {posargs}
    tf,tf2.{0,1,2,10},nightly: tapecheck run tensorflow -n 2 {posargs}
    mine: tapecheck run docs.mine --deviations d.toml {posargs}
    nightly: - tapecheck promises tensorflow

[testenv:lint]
commands = ruff check
"""
KNOWN = [
    Environment("numpy", "", "numpy"),
    Environment("tf", "", "tensorflow"),
    Environment("tf2.0", "3.7", "tensorflow"),
    Environment("tf2.1", "3.7", "tensorflow"),
    Environment("tf2.2", "3.13", "tensorflow"),
    Environment("tf2.10", "3.13", "tensorflow"),
    Environment("tf-nightly", "3.13", "tensorflow"),
    Environment("mine", "", "docs.mine"),
]


@pytest.fixture
def tox(here: Path) -> Path:
    path = here / "tox.ini"
    path.write_text(TOX, encoding="utf-8")
    return path


def names(chosen: List[Environment]) -> List[str]:
    return [one.name for one in chosen]


def test_the_environments_are_those_that_run_the_standard(tox: Path) -> None:
    assert environments(tox) == KNOWN


def test_what_is_planned_is_what_tox_lists(tmp_path: Path) -> None:
    pytest.importorskip("tox_uv", reason="tox would install it")
    command = [sys.executable, "-m", "tox", "list", "--no-desc", "-c", str(root() / "tox.ini")]
    command += ["--workdir", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    told = set(ended.stdout.decode().split())
    planned = names(environments(root() / "tox.ini"))
    # tox lists every factor that a condition names, be it an environment by itself or not.
    assert set(planned) - told <= {"tf-nightly"}
    assert told - set(planned) <= {"lint", "types", "tests", "py", "nightly"}
    assert {"numpy", "tf", "tf2.0", "tf2.21", "tf-nightly", "jax"} <= set(planned)


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ([], names(KNOWN)),
        (["tf2.*"], ["tf2.0", "tf2.1", "tf2.2", "tf2.10"]),
        (["tf2.1", "mine"], ["tf2.1", "mine"]),
        (["*"], names(KNOWN)),
    ],
)
def test_patterns_choose(patterns: List[str], chosen: List[str]) -> None:
    assert names(choose(KNOWN, patterns)) == chosen


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no environment 'tf3\.\*', there are numpy, tf,"):
        choose(KNOWN, ["tf2.*", "tf3.*"])


def test_each_shard_is_a_job_with_an_artifact_of_its_own() -> None:
    jobs = matrix(KNOWN[:3], 2, "3.12", {"numpy": "deep"})["include"]
    assert len(jobs) == 6
    assert len({job["artifact"] for job in jobs}) == 6
    assert jobs[5] == {
        "environment": "tf2.0",
        "backend": "tensorflow",
        "python": "3.7",
        "profile": "",
        "shard": "2/2",
        "name": "tf2.0 2/2",
        "artifact": "tf2.0-2",
    }
    assert jobs[0]["python"] == "3.12"
    assert [job["profile"] for job in jobs] == ["deep", "deep", "", "", "", ""]


def test_the_matrix_is_one_line_of_json(tox: Path) -> None:
    result = call("plan", "--json", "--only", "tf*", "--skip", "tf", "--skip", "tf2.1*")
    assert result.stdout.count("\n") == 1
    jobs = json.loads(result.stdout)["include"]
    assert [job["name"] for job in jobs] == ["tf2.0", "tf2.2", "tf-nightly"]
    assert {job["shard"] for job in jobs} == {"1/1"}


def test_the_plan_is_a_table_for_people(tox: Path) -> None:
    told = lines(
        call("plan", "--shards", "3", "--deep", "numpy", "--suites", "t*2.0", "--suites", "num*")
    )
    assert told[0].split() == ["environment", "python", "backend", "asks", "jobs"]
    assert told[1].split() == ["numpy", "any", "numpy", "all,", "deep", "3"]
    assert told[3].split() == ["tf2.0", "3.7", "tensorflow", "all", "suites", "3"]
    assert told[4].split() == ["tf2.1", "3.7", "tensorflow", "the", "standard", "3"]
    assert told[-1] == "8 environments, 24 jobs"


def test_a_place_without_a_tox_file_is_told(here: Path) -> None:
    result = call("plan")
    assert result.exit_code == 2
    assert "no tox.ini" in result.stderr


@pytest.mark.parametrize("text", ["", "[testenv]\ncommands = pytest\n", "no ini", "[a\n"])
def test_a_file_that_runs_nothing_is_refused(here: Path, text: str) -> None:
    (here / "tox.ini").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"tox\.ini"):
        environments(here / "tox.ini")
