"""A clause that is long by nature may take a multiple of the time limit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tapecheck.results import read

CHAPTER = '''
"""Takes its time."""

import time

from tapecheck import MUST, clause


@clause(MUST, modes="eager", patience=50)
def test_it_takes_its_time(tf):
    """It is long."""
    time.sleep(3.0)


@clause(MUST, modes="eager", patience=2)
def test_it_takes_too_much(tf):
    """It is longer than it may be."""
    time.sleep(60.0)


@clause(MUST, modes="eager")
def test_it_is_quick(tf):
    """It is quick."""
'''


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "spec").mkdir()
    (folder / "spec" / "patience.py").write_text(CHAPTER, encoding="utf-8")
    (folder / "conftest.py").write_text('pytest_plugins = ["tapecheck.plugin"]', encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\npython_files = spec/*.py\naddopts = -p no:randomly", encoding="utf-8"
    )
    options = ["-n", "1", "--time-limit", "1.5", "--results", "results.jsonl"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "spec", *options],
        cwd=str(folder),
        env=dict(os.environ, PYTHONPATH=str(Path(__file__).parent.parent)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return {case.clause.partition(".")[2]: case for case in read(folder / "results.jsonl").cases}


def test_a_patient_clause_outlasts_the_limit_of_others(cases):
    assert cases["it_takes_its_time"].verdict == "pass"
    assert cases["it_takes_its_time"].seconds > 1.5
    assert cases["it_is_quick"].verdict == "pass"


def test_patience_has_an_end_and_the_message_says_which(cases):
    assert cases["it_takes_too_much"].verdict == "error"
    assert "ran into the time limit of 3 s" in cases["it_takes_too_much"].message
