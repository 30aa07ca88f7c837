"""What clauses measure stands in their records; what they miss makes them not applicable."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tapecheck.errors import DataError
from tapecheck.measuring import Measured
from tapecheck.results import Case, read
from tests.made_up import write_run

CHAPTER = '''
"""Measures."""

import os

import pytest

from tapecheck import MUST, NotApplicable, assert_equal, clause


@clause(MUST, modes="eager")
def test_it_measures(tf, measured):
    """A number and a curve are measured."""
    measured.value("ratio", 2.5)
    measured.value("time", 0.5, "s")
    measured.series("loss", [0, 1], [4.0, float("inf")], "step", "mean square error")


@clause(MUST, modes="eager")
def test_it_measures_and_fails(tf, measured):
    """What was measured before a failure is kept."""
    measured.value("ratio", 7)
    assert_equal(1, 2)


@clause(MUST, modes="eager")
def test_it_measures_nothing(tf):
    """Nothing is measured."""


@pytest.fixture
def data():
    raise NotApplicable("no data: get them")


@clause(MUST, modes="eager")
def test_it_needs_data(tf, data):
    """Data are needed."""


@clause(MUST, modes="eager")
def test_it_gives_up(tf):
    """A clause that runs does not find itself not applicable."""
    raise NotApplicable("too hard")


@clause(MUST, modes="eager")
def test_it_crashes(tf, measured):
    """The process ends."""
    measured.value("lost", 1)
    os._exit(3)
'''


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """The cases of the chapter, run in two workers, by the name of the clause."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "spec").mkdir()
    (folder / "spec" / "measures.py").write_text(CHAPTER, encoding="utf-8")
    (folder / "conftest.py").write_text('pytest_plugins = ["tapecheck.plugin"]', encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\npython_files = spec/*.py\naddopts = -p no:randomly", encoding="utf-8"
    )
    root = str(Path(__file__).parent.parent)
    subprocess.run(
        [sys.executable, "-m", "pytest", "spec", "-n", "2", "--results", "results.jsonl"],
        cwd=str(folder),
        env=dict(os.environ, PYTHONPATH=root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    run = read(folder / "results.jsonl")
    assert run.complete
    return {case.clause.partition(".")[2]: case for case in run.cases}


def test_what_a_clause_measures_is_in_its_record(cases):
    assert cases["it_measures"].measured == {
        "values": {
            "ratio": {"value": 2.5, "unit": ""},
            "time": {"value": 0.5, "unit": "s"},
        },
        "series": {
            "loss": {
                "x": [0.0, 1.0],
                "y": [4.0, None],
                "x_label": "step",
                "y_label": "mean square error",
            }
        },
    }


def test_what_a_clause_measures_before_it_fails_is_in_its_record(cases):
    assert cases["it_measures_and_fails"].verdict == "fail"
    assert cases["it_measures_and_fails"].measured["values"]["ratio"]["value"] == 7.0


def test_a_clause_that_measures_nothing_has_a_record_without_measures(cases):
    assert "measured" not in cases["it_measures_nothing"].record()


def test_a_crash_takes_along_what_was_measured(cases):
    assert cases["it_crashes"].verdict == "error"
    assert cases["it_crashes"].measured == {}


def test_a_fixture_that_misses_something_makes_a_case_not_applicable(cases):
    assert cases["it_needs_data"].verdict == "not-applicable"
    assert cases["it_needs_data"].message == "no data: get them"


def test_a_clause_that_runs_cannot_call_itself_not_applicable(cases):
    assert cases["it_gives_up"].verdict == "error"


def test_numbers_of_any_kind_are_kept_as_json_knows_them():
    measured = Measured()
    measured.value("small", np.float32(0.5))
    measured.series("curve", np.arange(2), np.array([np.nan, 1], np.float32), "n", "")
    text = json.dumps(measured.record(), allow_nan=False)
    assert json.loads(text)["series"]["curve"]["y"] == [None, 1.0]
    assert json.loads(text)["values"]["small"]["value"] == 0.5


def test_nothing_is_measured_twice():
    measured = Measured()
    measured.value("ratio", 1)
    with pytest.raises(ValueError, match="'ratio' is measured twice"):
        measured.value("ratio", 2)


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1]), ([[1]], [[1]]), (1, 1)])
def test_a_curve_has_an_ordinate_for_each_abscissa(x, y):
    with pytest.raises(ValueError, match="must be"):
        Measured().series("curve", x, y, "", "")


@pytest.mark.parametrize(
    "measured",
    [
        {"values": {"ratio": 1}},
        {"values": {"ratio": {"value": "1", "unit": ""}}},
        {"values": {"ratio": {"value": 1}}},
        {"series": {"loss": {"x": [1], "y": [1]}}},
        {"series": {"loss": {"x": ["1"], "y": [1], "x_label": "", "y_label": ""}}},
        {"others": {}},
    ],
)
def test_measures_of_another_form_are_refused(tmp_path, measured):
    case = Case("spec", "a.b", "MUST", "eager", "CPU:0", "pass", 0.25, measured=measured)
    write_run(tmp_path / "results.jsonl", [case])
    with pytest.raises(DataError, match=r"results\.jsonl:2: not a result record"):
        read(tmp_path / "results.jsonl")
