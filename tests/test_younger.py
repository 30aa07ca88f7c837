"""Clauses that are younger than the version under test: not asked, or asked to learn what comes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tapecheck.results import read

BACKEND = """
from tapecheck.backends import Backend


class Namespace:
    class GradientTape:
        pass

    @staticmethod
    def constant(value):
        return value


backend = Backend("toy", Namespace, version="2.4.1", tensorflow_version="2.4.1")
"""

CHAPTER = '''
"""Toys."""

from tapecheck import MUST, assert_close, clause


@clause(MUST, covers="PER-02", modes="eager", since="2.4")
def test_it_is_as_old(tf):
    """A promise of this very release."""
    assert_close(tf.constant(1.0), 1.0)


@clause(MUST, covers="PER-02", modes="eager", since="2.5")
def test_it_works_already(tf):
    """A promise of the next release that is kept before its time."""
    assert_close(tf.constant(1.0), 1.0)


@clause(MUST, covers="PER-02", modes="eager", since="2.5")
def test_it_is_wrong_still(tf):
    """A promise of the next release that is not kept yet."""
    assert_close(tf.constant(1.0), 2.0)


@clause(MUST, covers="PER-02", modes="eager", since="2.5")
def test_it_is_not_there_yet(tf):
    """A promise of the next release that cannot be asked for yet."""
    tf.later(1.0)


@clause(MUST, covers="PER-02", modes="eager", since="2.5", devices=9)
def test_it_needs_a_large_machine(tf):
    """A promise that this machine cannot be asked for."""
    assert_close(tf.constant(1.0), 1.0)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("project")
    (place / "spec").mkdir()
    (place / "spec" / "toys.py").write_text(CHAPTER)
    (place / "toy.py").write_text(BACKEND)
    (place / "conftest.py").write_text('pytest_plugins = ["tapecheck.plugin"]\n')
    (place / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    return place


def cases_of(folder, *options):
    paths = [str(Path(__file__).parents[1]), str(folder)]
    results = folder / "results.jsonl"
    command = [sys.executable, "-m", "pytest", "-q", "spec/toys.py", "--backend", "toy:backend"]
    completed = subprocess.run(
        [*command, "--results", str(results), *options],
        cwd=str(folder),
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)),
        check=False,
    )
    assert completed.returncode == 0
    return {case.clause.partition(".")[2]: case for case in read(results).cases}


def test_a_clause_of_a_later_release_is_not_asked(folder):
    cases = cases_of(folder)
    assert cases["it_is_as_old"].verdict == "pass"
    for name in ("it_works_already", "it_is_wrong_still", "it_is_not_there_yet"):
        assert cases[name].verdict == "not-applicable"
        assert cases[name].message == "since version 2.5 only"
        assert not cases[name].details


def test_what_comes_of_a_clause_of_a_later_release_is_told_beside_its_verdict(folder):
    cases = cases_of(folder, "--younger")
    assert cases["it_is_as_old"].verdict == "pass"
    for name, came in (
        ("it_works_already", "pass"),
        ("it_is_wrong_still", "fail"),
        ("it_is_not_there_yet", "error"),
    ):
        assert cases[name].verdict == "not-applicable"
        assert cases[name].message == "since version 2.5 only"
        assert cases[name].details["asked_anyway"] == came
    assert "later" in cases["it_is_not_there_yet"].details["actual"]


def test_what_a_machine_cannot_be_asked_is_not_asked_before_its_time(folder):
    case = cases_of(folder, "--younger")["it_needs_a_large_machine"]
    assert case.verdict == "not-applicable"
    assert case.message == "needs 9 devices"
    assert not case.details
