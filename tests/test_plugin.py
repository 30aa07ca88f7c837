"""The plugin: from clauses to verdicts, in plain pytest."""

import os
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tapecheck.results import read

BACKEND = """
import contextlib

__version__ = "1.5"
__tapecheck__ = {"name": "toy", "lacks": ["graph", "xla", "complex", "nested"]}
current = []


class GradientTape:
    pass


@contextlib.contextmanager
def device(name):
    current.append(name)
    yield
    current.pop()


def constant(value):
    if isinstance(value, complex):
        raise TypeError("no complex numbers")
    return Number(value)


class Number(float):
    __mul__ = None
"""

CHAPTER = '''
"""Toys."""

from tapecheck import MUST, OBSERVED, SHOULD, assert_close, assert_equal, clause, raises


@clause(MUST, covers="PER-02", modes="eager function")
def test_it_passes(tf, run):
    """A passing promise."""
    assert_close(run(lambda x: x + 1.0, 2.0), 3.0)


@clause(MUST, covers="PER-02 PER-11", modes="eager")
def test_it_fails(tf, run):
    """A promise that is broken."""
    assert_close(run(lambda x: x + 1.0, 2.0), 4.0)


@clause(SHOULD, covers="PER-02", modes="eager")
def test_it_errs(tf, run):
    """A promise that meets an exception."""
    raise RuntimeError("in " + __file__)


@clause(MUST, covers="PER-02", modes="eager", needs="complex")
def test_it_needs_more(tf):
    """A promise about complex numbers."""


@clause(MUST, covers="PER-02", modes="eager")
def test_it_deviates(tf):
    """A promise that is known to be broken."""
    assert_equal("actual", "expected")


@clause(MUST, covers="PER-02", modes="eager")
def test_it_deviates_otherwise(tf):
    """A promise that is broken in another way than listed."""
    assert_equal("actual", "expected")


@clause(MUST, covers="PER-02", modes="eager")
def test_it_is_fixed(tf):
    """A promise that is listed as broken."""


@clause(MUST, covers="PER-02", modes="eager", since="2.99")
def test_it_is_young(tf):
    """A promise of a younger version counts for TensorFlow alone."""


@clause(MUST, covers="PER-02", modes="eager", devices=2)
def test_it_wants_two_devices(tf, devices):
    """A promise about two devices."""


@clause(OBSERVED, covers="PER-02", modes="eager")
def test_it_is_only_observed(tf):
    """What one implementation does."""


@clause(MUST, covers="PER-02", modes="eager")
def test_it_runs_on_its_device(tf, run):
    """Operations run on the device of the case."""
    assert_equal(tf.current, ["CPU:0"])


def test_plain_tests_may_stand_beside_clauses():
    assert True is not False
'''

DEVIATIONS = "".join(
    """
[[deviation]]
clause = "toys.{}"
message = "{}"
reason = "The toy cannot."
link = "https://example.org/toy"
""".format(name, message)
    for name, message in [
        ("it_deviates", "'actual'"),
        ("it_deviates_otherwise", "some other words"),
        ("it_is_fixed", "anything"),
    ]
)


class Project:
    """A folder with a chapter, a backend and deviations, and pytest to run there."""

    def __init__(self, folder):
        self.folder = folder
        self.results = folder / "out" / "results.jsonl"
        self.write("conftest.py", 'pytest_plugins = ["tapecheck.plugin"]')
        self.write("pytest.ini", "[pytest]\npython_files = spec/*.py\naddopts = -p no:randomly")
        self.write("toy.py", BACKEND)
        self.write("spec/toys.py", CHAPTER)
        self.write("deviations.toml", DEVIATIONS)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def pytest(self, *arguments):
        paths = [str(self.folder), str(Path(__file__).parent.parent)]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=str(self.folder),
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def run(self, *arguments, backend="toy"):
        options = ["spec", "--backend", backend, "--deviations", "deviations.toml"]
        return self.pytest(*options, "--results", str(self.results), *arguments)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def whole(project):
    """One run of everything: its output, its results by clause and mode, its JUnit file."""
    junit = project.folder / "junit.xml"
    completed = project.run("--junitxml", str(junit), "-rA")
    run = read(project.results)
    cases = {(case.clause.split(".")[1], case.mode): case for case in run.cases}
    return completed, run, cases, ElementTree.parse(str(junit))


@pytest.mark.parametrize(
    ("clause", "mode", "verdict"),
    [
        ("it_passes", "eager", "pass"),
        ("it_passes", "function", "unsupported"),
        ("it_fails", "eager", "fail"),
        ("it_errs", "eager", "error"),
        ("it_needs_more", "eager", "unsupported"),
        ("it_deviates", "eager", "deviation"),
        ("it_deviates_otherwise", "eager", "fail"),
        ("it_is_fixed", "eager", "fixed"),
        ("it_is_young", "eager", "pass"),
        ("it_wants_two_devices", "eager", "not-applicable"),
        ("it_runs_on_its_device", "eager", "pass"),
    ],
)
def test_each_case_gets_its_verdict(whole, clause, mode, verdict):
    assert whole[2][(clause, mode)].verdict == verdict


def test_observed_clauses_are_asked_of_tensorflow_alone(whole):
    assert ("it_is_only_observed", "eager") not in whole[2]


def test_the_run_fails_and_its_file_is_complete(whole):
    completed, run, _, _ = whole
    assert completed.returncode == 1
    assert run.complete
    assert run.header["backend"] == "toy"
    assert run.header["version"] == "1.5"
    assert run.header["lacks"] == ["complex", "graph", "nested", "xla"]
    assert run.header["devices"] == ["CPU:0"]


def test_the_first_line_of_a_failure_says_which_promise_is_broken(whole):
    case = whole[2][("it_fails", "eager")]
    lines = case.message.split("\n")
    assert lines[0] == "toys.it_fails [eager CPU:0] breaks a MUST: A promise that is broken."
    assert lines[1].split() == ["expected:", "4.", "(float64,", "shape", "())"]
    assert lines[2].split() == ["actual:", "3.", "(float64,", "shape", "())"]
    assert "ULP" in lines[3]
    assert "spec/toys.py:" in case.message
    assert "PER-02: " in case.message
    assert "PER-11: " in case.message
    assert "tapecheck repro toys.it_fails --backend toy --mode eager" in case.message
    assert lines[0] in whole[0].stdout


def test_an_error_names_the_exception(whole):
    case = whole[2][("it_errs", "eager")]
    assert case.message.startswith("toys.it_errs [eager CPU:0] unexpected exception: ")
    assert case.details["actual"] == "RuntimeError: in spec/toys.py"


def test_what_is_lacking_is_named(whole):
    assert whole[2][("it_needs_more", "eager")].details["lacks"] == ["complex"]
    assert whole[2][("it_passes", "function")].details["lacks"] == ["graph"]


def test_a_deviation_carries_its_reason_and_link(whole):
    case = whole[2][("it_deviates", "eager")]
    assert case.details["reason"] == "The toy cannot."
    assert case.details["link"] == "https://example.org/toy"


def test_a_listed_clause_that_fails_otherwise_says_so(whole):
    assert "some other words" in whole[2][("it_deviates_otherwise", "eager")].message


def test_junit_counts_what_pytest_counts(whole):
    suite = whole[3].getroot().find("testsuite")
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["12", "4", "0", "4"]


def test_plain_tests_run_beside_clauses(whole):
    assert "PASSED spec/toys.py::test_plain_tests_may_stand_beside_clauses" in whole[0].stdout


def test_no_path_of_this_machine_is_in_the_results(project, whole):
    assert str(project.folder) not in project.results.read_text()


def test_keyword_level_and_mode_select(project):
    completed = project.run("-k", "passes or errs", "--level", "must", "--mode", "eager")
    assert completed.returncode == 0
    assert [case.clause for case in read(project.results).cases] == ["toys.it_passes"]


def test_two_workers_give_the_same_verdicts(project, whole):
    project.run("-n", "2")
    verdicts = {case.key: case.verdict for case in read(project.results).cases}
    assert verdicts == {case.key: case.verdict for case in whole[1].cases}


def test_a_run_that_stops_at_the_first_failure_is_incomplete(project):
    assert project.run("-x").returncode == 1
    assert not read(project.results).complete


def test_a_declared_lack_that_works_is_a_failure(project):
    project.write("liar.py", BACKEND + "\n\ndef function(program):\n    return abs\n")
    project.run("-k", "it_passes", backend="liar")
    [eager, function] = read(project.results).cases
    assert (eager.verdict, function.verdict) == ("pass", "fail")
    assert "'graph' is declared as lacking, but it works" in function.message


@pytest.mark.parametrize(
    ("name", "code", "status", "words"),
    [
        ("absent_module", None, 2, "unknown backend 'absent_module'"),
        ("nump", None, 2, "did you mean numpy?"),
        ("toy:missing", None, 2, "toy has no attribute missing"),
        ("no_tape", "x = 1", 2, "is not a tape: it has no GradientTape"),
        ("raising", "raise RuntimeError('broken\\nhere')", 3, "RuntimeError: broken here"),
        ("leaving", "import sys; sys.exit('bye')", 3, "SystemExit: bye"),
        ("odd", BACKEND.replace("graph", "grief"), 2, "'grief', which is no capability"),
    ],
)
def test_a_backend_that_cannot_be_had_ends_the_run_with_one_line(
    project, name, code, status, words
):
    if code is not None:
        project.write(name + ".py", code)
    completed = project.run(backend=name)
    assert completed.returncode == status
    assert completed.stdout.count(words) == 1
    assert "Traceback" not in completed.stdout


def test_a_backend_that_cannot_be_had_ends_a_run_of_several_workers_with_one_line(project):
    project.write("raising.py", "raise RuntimeError('broken')")
    completed = project.run("-n", "2", backend="raising")
    assert completed.returncode == 3
    assert completed.stdout.count("RuntimeError: broken") == 1
    assert "Traceback" not in completed.stdout


def test_a_device_that_is_not_there_ends_the_run_with_one_line(project):
    completed = project.run("--device", "GPU:7")
    assert completed.returncode == 2
    assert "no device 'GPU:7', visible are CPU:0" in completed.stdout


def test_a_broken_deviations_file_ends_the_run_by_file_and_line(project):
    project.write("broken.toml", "[[deviation]]\nclause = 3\n")
    completed = project.run("--deviations", "broken.toml")
    assert completed.returncode == 2
    assert "broken.toml:1: " in completed.stdout
