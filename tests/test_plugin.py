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

SUITE = '''
"""Rows and examples."""

import os

import pytest
from hypothesis import given, settings, strategies

from tapecheck import MUST, assert_equal, budget, clause


@pytest.mark.parametrize("name", ["one", "two and", "exit"])
@clause(MUST, modes="eager function")
def test_a_row(tf, run, name):
    """Every row is a case."""
    if name == "exit":
        os._exit(3)
    assert_equal(name, "one")


@clause(MUST, modes="eager")
@settings(max_examples=budget(20, 40))
@given(number=strategies.integers(0, 10**9))
def test_examples(tf, run, number):
    """Examples are drawn."""
    with open("drawn.txt", "a") as file:
        print(number, file=file)


@clause(MUST, modes="eager")
@given(number=strategies.integers())
def test_an_example_fails(tf, run, number):
    """The smallest example is shown."""
    assert number < 7


@clause(MUST, modes="eager")
def test_a_seed(tf, run, seed):
    """A seed is given."""
    assert_equal(seed, None)
'''

MOODY = """
from tapecheck.tapes import numpy as honest

compiling = []
kinds = ["CPU"]


class Nothing:
    pass


def GradientTape(**options):
    return (TAPE)(**options)


class config:
    def list_logical_devices():
        return [device(kind + ":0") for kind in kinds]

    def list_physical_devices(kind):
        return [kind] * kinds.count(kind)


class device:
    def __init__(self, name):
        self.name = "/device:" + name

    def __enter__(self):
        pass

    def __exit__(self, *exception):
        pass


def constant(value):
    if compiling and isinstance(value, str):
        raise TypeError("no text in a compiled program")
    return honest.constant(value)


def function(program, jit_compile):
    def compiled(*arguments):
        compiling.append(program)
        try:
            return program(*arguments)
        finally:
            compiling.pop()
    return compiled
"""

MOODS = '''
"""Moods."""

from tapecheck import MUST, assert_equal, clause, raises


@clause(MUST, needs="dtype-string")
def test_text(tf, run):
    """There is text."""
    run(lambda: tf.constant("a"))


@clause(MUST, modes="eager jit", needs="persistent")
def test_an_error(tf, run):
    """What is needed is not there."""
    run(lambda: tf.absent)


@clause(MUST, modes="eager", needs="persistent")
def test_another_error(tf):
    """Not the error that is documented."""
    with raises(ValueError):
        tf.absent


@clause(MUST, modes="eager", needs="persistent")
def test_a_wrong_value(tf):
    """A value is another."""
    assert_equal(1, 2)


@clause(MUST, modes="eager", needs="gpu")
def test_a_gpu(tf):
    """There is a GPU."""


@clause(MUST)
def test_nothing(tf):
    """Nothing is needed."""
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
        self.write(
            "pytest.ini",
            "[pytest]\npython_files = spec/*.py suites/*/*.py\naddopts = -p no:randomly",
        )
        self.write("toy.py", BACKEND)
        self.write("spec/toys.py", CHAPTER)
        self.write("deviations.toml", DEVIATIONS)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
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
        places = [] if any(one.startswith("suites") for one in arguments) else ["spec"]
        options = ["--backend", backend, "--deviations", "deviations.toml"]
        return self.pytest(*places, *options, "--results", str(self.results), *arguments)


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


@pytest.fixture(scope="module")
def beside(project):
    """The cases of a suite beside the standard."""
    project.write("suites/more/rows.py", SUITE)
    project.write(
        "rows.toml",
        DEVIATIONS.split("[[", 2)[1]
        .replace("deviation]]", "[[deviation]]")
        .replace("toys.it_deviates", "rows.a_row[two_and]")
        .replace("'actual'", "'two and'"),
    )
    project.run("suites", "-n", "1", "--deviations", "rows.toml")
    return {(case.clause, case.mode): case for case in read(project.results).cases}


def test_each_row_of_a_parametrised_clause_is_a_case(beside):
    verdicts = {
        name: case.verdict
        for (name, mode), case in beside.items()
        if "row[" in name and mode == "eager"
    }
    assert verdicts == {
        "rows.a_row[one]": "pass",
        "rows.a_row[two_and]": "deviation",
        "rows.a_row[exit]": "error",
    }


def test_a_crash_is_attributed_to_the_row_and_the_mode(beside):
    case = beside[("rows.a_row[exit]", "eager")]
    assert case.message.startswith("rows.a_row[exit] [eager CPU:0] unexpected exception: ")
    assert "the process that ran it crashed" in case.message
    assert case.suite == "more"
    assert beside[("rows.a_row[exit]", "function")].verdict == "unsupported"


def test_a_failing_row_says_how_to_run_it_alone(beside):
    command = "tapecheck run toy --suite more --chapter rows -k 'a_row and exit' --mode eager"
    assert beside[("rows.a_row[exit]", "eager")].details["reproduce"] == command


def test_the_smallest_failing_example_is_told(beside):
    case = beside[("rows.an_example_fails", "eager")]
    assert case.verdict == "fail"
    assert "number=7" in case.details["example"]
    assert not [line for line in case.details["at"] if "hypothesis" in line]


@pytest.mark.parametrize(("profile", "count"), [("brief", 4), ("default", 20), ("deep", 40)])
def test_the_seed_decides_what_is_drawn_and_the_profile_how_much(project, beside, profile, count):
    drawn = []
    for seed in ("1", "1", "2"):
        project.write("drawn.txt", "")
        project.run("suites", "-k", "test_examples", "--seed", seed, "--profile", profile)
        drawn.append((project.folder / "drawn.txt").read_text().split())
    assert [len(numbers) for numbers in drawn] == [count] * 3
    assert drawn[0] == drawn[1] != drawn[2]
    header = read(project.results).header
    assert header["seeds"] == {"seed": 2}
    assert header["options"].get("profile", "default") == profile


def test_a_clause_can_ask_for_its_seed(project, beside):
    seeds = []
    for seed in ("1", "1", "2"):
        project.run("suites", "-k", "test_a_seed", "--seed", seed)
        seeds.append(read(project.results).cases[0].details["actual"])
    assert seeds[0] == seeds[1] != seeds[2]


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ((), "fixed"),
        (("--profile", "deep"), "fixed"),
        (("--profile", "brief"), "pass"),
        (("--seed", "1"), "pass"),
    ],
)
def test_a_listed_row_may_pass_by_another_draw_than_that_it_is_listed_by(
    project, beside, options, verdict
):
    listed = DEVIATIONS.replace("toys.it_is_fixed", "rows.a_row[one]")
    project.write("passing.toml", listed)
    chosen = ["suites", "-k", "a_row and one", "--mode", "eager", "--deviations", "passing.toml"]
    completed = project.run(*chosen, *options)
    assert [case.verdict for case in read(project.results).cases] == [verdict]
    assert completed.returncode == (verdict == "fixed")


def test_the_standard_draws_nothing_so_that_a_listed_clause_that_passes_is_fixed(project):
    project.run("-k", "it_is_fixed", "--seed", "1")
    assert [case.verdict for case in read(project.results).cases] == ["fixed"]


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


@pytest.fixture(scope="module")
def moods(project):
    """The verdicts, by clause and mode, on a backend that declares what it is told to."""
    project.write("suites/moods/moods.py", MOODS)

    def verdicts(declaration, kinds=("CPU",), tape="Nothing"):
        code = MOODY.replace('["CPU"]', str(list(kinds))).replace("TAPE", tape)
        project.write("moody.py", code + "__tapecheck__ = {!r}\n".format(declaration))
        project.run("suites/moods", "--device", "CPU:0", backend="moody")
        found = read(project.results)
        return found, {(case.clause[6:], case.mode): case for case in found.cases}

    return verdicts


def test_a_lack_of_one_mode_leaves_the_other_modes_alone(moods):
    run, cases = moods({"lacks": ["graph"], "lacks_in": {"jit": ["dtype-string"]}})
    verdicts = {mode: cases[("text", mode)].verdict for mode in ("eager", "function", "jit")}
    assert verdicts == {"eager": "pass", "function": "unsupported", "jit": "unsupported"}
    case = cases[("text", "jit")]
    assert case.message == "the backend declares to lack dtype-string in mode jit"
    assert case.details == {"lacks": ["dtype-string"]}
    assert run.header["lacks_in"] == {"jit": ["dtype-string"]}


def test_without_a_plain_function_there_can_be_a_compiler(moods):
    _, cases = moods({"lacks": ["graph"]})
    assert cases[("nothing", "function")].details == {"lacks": ["graph"]}
    assert cases[("nothing", "jit")].verdict == "pass"


def test_a_lack_of_one_mode_that_works_there_is_a_failure(moods):
    _, cases = moods({"lacks": ["graph"], "lacks_in": {"eager": ["dtype-string"]}})
    assert cases[("text", "eager")].verdict == "fail"
    words = "'dtype-string' is declared as lacking in mode eager, but it works"
    assert words in cases[("text", "eager")].message


def test_a_lack_of_one_mode_is_not_looked_into_where_the_mode_itself_is_lacking(moods):
    _, cases = moods({"lacks": ["graph"], "lacks_in": {"function": ["dtype-string"]}})
    assert cases[("text", "function")].details == {"lacks": ["graph"]}


@pytest.mark.parametrize(
    ("declared", "kinds", "verdict"),
    [
        ([], ["CPU"], "not-applicable"),
        (["gpu"], ["CPU"], "not-applicable"),
        ([], ["CPU", "GPU"], "pass"),
        (["gpu"], ["CPU", "GPU"], "fail"),
    ],
)
def test_hardware_that_is_absent_is_not_a_lack(moods, declared, kinds, verdict):
    _, cases = moods({"lacks": ["graph", *declared]}, kinds)
    case = cases[("a_gpu", "eager")]
    assert case.verdict == verdict
    assert verdict != "not-applicable" or case.message == "no GPU is visible"


@pytest.mark.parametrize("name", ["an_error", "another_error"])
def test_an_error_tells_of_what_is_refused_though_not_declared(moods, name):
    _, cases = moods({"lacks": ["graph"]})
    [refused] = cases[(name, "eager")].details["undeclared"]
    assert refused.startswith("persistent: TypeError: ")
    assert "undeclared: persistent: TypeError" in cases[(name, "eager")].message


def test_what_is_refused_in_one_mode_only_is_told_with_the_mode(moods):
    _, cases = moods({"lacks": ["graph"]}, tape="honest.GradientTape if not compiling else None")
    assert "undeclared" not in cases[("an_error", "eager")].details
    [refused] = cases[("an_error", "jit")].details["undeclared"]
    assert refused.startswith("persistent in mode jit: TypeError: ")


def test_a_wrong_value_tells_of_no_capability(moods):
    _, cases = moods({"lacks": ["graph"]})
    assert "undeclared" not in cases[("a_wrong_value", "eager")].details


@pytest.mark.parametrize(
    ("lacks_in", "words"),
    [
        ({"lazy": ["complex"]}, "something in mode 'lazy', which is no mode"),
        ({"jit": ["complexity"]}, "'complexity', which is no capability"),
    ],
)
def test_a_lack_that_there_is_not_ends_the_run_with_one_line(project, lacks_in, words):
    project.write(
        "odd.py",
        MOODY.replace("TAPE", "Nothing") + "__tapecheck__ = {!r}".format({"lacks_in": lacks_in}),
    )
    completed = project.run(backend="odd")
    assert completed.returncode == 2
    assert "backend 'odd' declares to lack " + words in completed.stdout


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
