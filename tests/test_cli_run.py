"""``tapecheck run``: from an implementation, however broken, to an exit code."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import pytest

import tapecheck
from tapecheck import results
from tapecheck.standard import load_standard, root

TAPE = """
    import os, time
    from tapecheck.tapes import numpy as honest

    __tapecheck__ = dict(honest.__tapecheck__, name="faulty", version="1.0")

    def __getattr__(name):
        return getattr(honest, name)

    class GradientTape(honest.GradientTape):
        def __init__(self, *arguments, **options):
            clause = os.environ["PYTEST_CURRENT_TEST"].partition("::test_")[2].partition("[")[0]
            getattr(Faults, clause, lambda: None)()
            super().__init__(*arguments, **options)
"""
FAULTS = """
    class Faults:
        def a_persistent_tape_answers_twice():
            os.abort()

        def a_gradient_releases_what_was_recorded():
            # Sleeps with the interpreter's lock held: no other thread of Python can run.
            import ctypes
            ctypes.PyDLL(None).usleep(30000000)

        def a_used_tape_answers_no_other_question():
            raise ValueError("\\x1b[31mred [bold]not markup[/bold] \\ud800 \\u202e" + "x" * 1000000)
"""
MODULES = {
    "faulty": TAPE + FAULTS,
    "sound": TAPE + "\n    Faults = None\n",
    "sleeping": TAPE
    + "\n    class Faults:\n        a_tape_answers_once = lambda: time.sleep(60)\n",
    "crashing": TAPE.replace("getattr(Faults, clause, lambda: None)", "os.abort"),
    "unsaid": TAPE
    + """
        def __new__(cls, persistent=False):
            if persistent:
                raise NotImplementedError("not yet")
            return super().__new__(cls)

    Faults = None
""",
    "raising": "raise ValueError('no\\nlibrary')",
    "exiting": "import sys; sys.exit(7)",
    "aborting": "import os; os.abort()",
    "hanging": "import time; time.sleep(60)",
    "empty": "",
}
SUITE = '''
    """Rows."""

    import pytest

    from tapecheck import MUST, clause


    @clause(MUST)
    @pytest.mark.parametrize("row", ["1.0", "a b"])
    def test_a_row(tf, row):
        """Every row is a case."""
'''
PREPARED = '''
    """Rows whose preparation ends the process."""

    import os

    import pytest

    from tapecheck import MUST, clause


    @pytest.fixture
    def prepared(tf):
        os.abort()


    @clause(MUST)
    @pytest.mark.parametrize("row", ["first", "second"])
    def test_a_row(prepared, row):
        """Every row is a case."""
'''
CHANGING = '''
    """Rows, of which more are there after a crash."""

    import os

    import pytest

    from tapecheck import MUST, clause

    CRASHED = __file__ + ".crashed"


    @clause(MUST)
    @pytest.mark.parametrize("row", ["new"] * os.path.exists(CRASHED) + ["first", "second"])
    def test_a_row(tf, row):
        """Every row is a case."""
        open(CRASHED, "w").close()
        os.abort()
'''
DEVIATIONS = """
    [[deviation]]
    clause = "persistence.a_persistent_tape_answers_twice"
    message = "crashed"
    verdict = "error"
    reason = "It is known to crash."
    link = "https://example.org/1"
"""
PERSISTENCE = ["--chapter", "persistence", "--mode", "eager"]
QUICK = [*PERSISTENCE, "-k", "test_a_tape_answers_once"]


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def said(self) -> List[str]:
        return self.err.strip().split("\n")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user with modules in it, some of them no good."""
    place = tmp_path_factory.mktemp("user")
    for name, code in MODULES.items():
        (place / (name + ".py")).write_text(textwrap.dedent(code), encoding="utf-8")
    (place / "deviations.toml").write_text(textwrap.dedent(DEVIATIONS), encoding="utf-8")
    (place / "broken.toml").write_text("\n[[deviation]]\nclause = 3\n", encoding="utf-8")
    return place


def environment(**changed: str) -> Dict[str, str]:
    package = str(Path(tapecheck.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": package, "PYTEST_ADDOPTS": "--no-such-option", **changed}


def command(*arguments: str, name: str = "run") -> List[str]:
    # Not ``python -m``, which would put the current folder in front of everything.
    program = "import sys; from tapecheck.cli import main; main(prog_name='tapecheck')"
    return [sys.executable, "-c", program, name, *arguments]


def run(folder: Path, *arguments: str, name: str = "run", **changed: str) -> Ended:
    ended = subprocess.run(
        command(*arguments, name=name),
        cwd=str(folder),
        env=environment(**changed),
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.fixture(scope="session")
def broken(folder: Path) -> Ended:
    """A run of an implementation that crashes, hangs and says terrible things."""
    return run(folder, "faulty", *PERSISTENCE, "--timeout", "3", "--out", "broken")


@pytest.fixture(scope="session")
def cases(folder: Path, broken: Ended) -> Dict[str, results.Case]:
    read = results.read(folder / "broken")
    return {case.clause.partition(".")[2]: case for case in read.cases}


@pytest.fixture(scope="session")
def sound(folder: Path) -> Ended:
    return run(folder, "sound", *QUICK)


def test_an_implementation_that_conforms_gives_exit_code_0(sound: Ended) -> None:
    assert sound.code == 0
    assert sound.out.strip().split("\n")[-1] == "faulty 1.0 conforms, in what was asked for"
    assert sound.said == ["sound: 1 cases"]


def test_results_and_report_lie_in_a_folder_named_after_the_run(folder: Path, sound: Ended) -> None:
    match = re.search(r"^Results  (.*)$", sound.out, re.MULTILINE)
    assert match is not None
    file = folder / match.group(1)
    assert re.match(r"sound-1\.0-\d{8}T\d{6}Z$", file.parent.name)
    assert file.parent.parent == folder / "reports" / "runs"
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "index.html",
        "results.jsonl",
        "summary.md",
    ]
    read = results.read(file)
    assert read.complete
    assert read.header["options"] == {
        "chapter": ["persistence"],
        "keyword": "test_a_tape_answers_once",
        "mode": ["eager"],
    }


def test_an_implementation_that_breaks_a_promise_gives_exit_code_1(broken: Ended) -> None:
    assert broken.code == 1
    assert broken.out.strip().split("\n")[-1].startswith("faulty 1.0 does not conform: 3 of ")


def test_what_is_refused_though_not_declared_as_lacking_is_told(folder: Path) -> None:
    ended = run(folder, "unsaid", *PERSISTENCE, "-k", "answers_twice or test_a_tape_answers_once")
    assert ended.code == 1
    assert "Refuses what it does not declare to lack  persistent (1)" in ended.out


def test_a_crash_is_an_error_of_its_case_alone(cases: Dict[str, results.Case]) -> None:
    case = cases["a_persistent_tape_answers_twice"]
    assert (case.verdict, case.mode, case.device) == ("error", "eager", "CPU:0")
    assert "the process that ran it crashed" in case.message
    assert case.seconds < 3.0


def test_a_hang_that_holds_the_lock_of_the_interpreter_ends_at_the_time_limit(
    cases: Dict[str, results.Case],
) -> None:
    case = cases["a_gradient_releases_what_was_recorded"]
    assert case.verdict == "error"
    assert "ran into the time limit of 3 s" in case.message


def test_a_run_goes_on_after_a_crash_with_every_case_once(
    folder: Path, cases: Dict[str, results.Case]
) -> None:
    asked = {
        entry.clause.id.partition(".")[2]
        for entry in load_standard().entries.values()
        if entry.clause.chapter == "persistence"
        and "eager" in entry.clause.modes
        and entry.clause.level != tapecheck.OBSERVED
    }
    assert set(cases) == asked
    assert results.read(folder / "broken").complete
    assert cases["a_tape_answers_once"].verdict == "pass"


def test_the_log_tells_where_it_crashed(folder: Path, broken: Ended) -> None:
    log = (folder / "broken" / "log.txt").read_text(encoding="utf-8", errors="replace")
    assert "Fatal Python error: Aborted" in log
    assert "in a_persistent_tape_answers_twice" in log
    assert "Log      broken/log.txt" in broken.out


def test_what_an_implementation_says_does_not_reach_the_terminal_unfiltered(
    broken: Ended, cases: Dict[str, results.Case]
) -> None:
    message = cases["a_used_tape_answers_no_other_question"].message
    assert "\x1b[31mred [bold]not markup[/bold] \\ud800" in message
    assert len(message) < 50000
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", broken.out + broken.err)
    assert "[bold]not markup[/bold]" in broken.out
    assert max(map(len, broken.out.split("\n"))) < 400


def test_the_summary_fits_a_screen(broken: Ended) -> None:
    assert len(broken.out.split("\n")) <= 32


def test_workers_that_all_crash_are_replaced_until_every_case_had_its_turn(folder: Path) -> None:
    ended = run(folder, "crashing", *PERSISTENCE, "-k", "once or twice or any", "-n", "2")
    assert ended.code == 1
    assert re.search(r" error\n +MUST +[34]\n", ended.out)


def installed(place: Path, *chapters: str) -> Dict[str, str]:
    """The package as a wheel installs it, with some chapters; the environment that finds it."""
    package = Path(tapecheck.__file__).parent
    shutil.copytree(
        str(package), str(place / "tapecheck"), ignore=shutil.ignore_patterns("__pycache__")
    )
    files = place / "tapecheck" / "standard_files"
    (files / "spec").mkdir(parents=True)
    for name in ("conftest.py", "spec/chapters.toml", "spec/sources.toml", *chapters):
        shutil.copy(str(root() / name), str(files / name))
    return {"PYTHONPATH": str(place)}


def installed_beside(place: Path, rows: str) -> Dict[str, str]:
    """The same, with a suite of one chapter beside the standard."""
    found = installed(place, "spec/persistence.py")
    suite = place / "tapecheck" / "standard_files" / "suites" / "more"
    suite.mkdir(parents=True)
    (suite / "rows.py").write_text(textwrap.dedent(rows), encoding="utf-8")
    return found


def test_an_installed_standard_runs_and_is_not_written_to(folder: Path, tmp_path: Path) -> None:
    found = installed(tmp_path, "spec/persistence.py")
    ended = run(folder, *QUICK, **found)
    assert ended.code == 0
    left = {path.name for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}
    assert ".pytest_cache" not in left
    assert not {name for name in left if name.endswith(".jsonl")}


@pytest.fixture(scope="module")
def with_suite(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """An installed standard with a suite of one parametrised clause beside it."""
    return installed_beside(tmp_path_factory.mktemp("installed"), SUITE)


@pytest.mark.parametrize(
    ("arguments", "clauses", "options"),
    [
        (["--suite", "more"], {"rows.a_row[1.0]", "rows.a_row[a_b]"}, {"suite": ["more"]}),
        (
            ["--suite", "all", "-k", "1.0 or test_a_tape_answers_once"],
            {"rows.a_row[1.0]", "persistence.a_tape_answers_once"},
            {"suite": ["more", "spec"], "keyword": "1.0 or test_a_tape_answers_once"},
        ),
        (
            ["--suite", "more", "--suite", "spec", "--chapter", "rows"],
            {"rows.a_row[1.0]", "rows.a_row[a_b]"},
            {"suite": ["more"], "chapter": ["rows"]},
        ),
    ],
)
def test_suites_beside_the_standard_run_where_they_are_asked_for(
    folder: Path,
    with_suite: Dict[str, str],
    arguments: List[str],
    clauses: List[str],
    options: Dict[str, Any],
) -> None:
    ended = run(folder, *arguments, "--mode", "eager", "--out", "suites", **with_suite)
    read = results.read(folder / "suites")
    assert {case.clause for case in read.cases} == clauses
    assert read.header["options"] == {**options, "mode": ["eager"]}
    assert ended.code == 0
    assert ended.out.strip().endswith(" conforms, in what was asked for")


def test_the_standard_alone_runs_unless_a_suite_is_asked_for(
    folder: Path, with_suite: Dict[str, str]
) -> None:
    run(folder, "-k", "1.0 or test_a_tape_answers_once", "--out", "alone", **with_suite)
    assert {case.suite for case in results.read(folder / "alone").cases} == {"spec"}


@pytest.mark.parametrize("options", [[], ["--repeat-failures"]], ids=["once", "repeated"])
def test_a_case_that_crashes_before_any_other_reports_is_not_lost(
    folder: Path, tmp_path: Path, options: List[str]
) -> None:
    found = installed_beside(tmp_path, PREPARED)
    arguments = ["--suite", "more", "--mode", "eager", "--out", "prepared", *options]
    ended = run(folder, *arguments, **found)
    assert ended.code == 1
    cases = results.read(folder / "prepared").cases
    assert sorted((case.clause, case.verdict) for case in cases) == [
        ("rows.a_row[first]", "error"),
        ("rows.a_row[second]", "error"),
    ]


def test_a_suite_that_changes_while_it_runs_ends_the_run(folder: Path, tmp_path: Path) -> None:
    found = installed_beside(tmp_path, CHANGING)
    ended = run(folder, "--suite", "more", "--mode", "eager", "--out", "changing", **found)
    assert ended.code == 3
    assert ended.said[-1].startswith("tapecheck: the suite was changed while it ran")
    assert not results.read(folder / "changing").complete


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--suite", "mor"], "no suite 'mor', did you mean more?"),
        (["--suite", "x"], "no suite 'x', there are spec, more, all"),
        (
            ["--suite", "more", "--chapter", "persistence"],
            "no chapter 'persistence', there are rows",
        ),
    ],
)
def test_a_suite_that_is_not_there_gives_one_line(
    folder: Path, with_suite: Dict[str, str], arguments: List[str], said: str
) -> None:
    ended = run(folder, *arguments, **with_suite)
    assert (ended.code, ended.err) == (2, "tapecheck: " + said + "\n")


def test_a_row_is_explained_as_its_clause_and_refuses_to_be_a_script(
    folder: Path, with_suite: Dict[str, str]
) -> None:
    explained = run(folder, "rows.a_row[1.0]", name="explain", **with_suite)
    assert "Every row is a case." in explained.out
    script = run(folder, "rows.a_row[1.0]", name="repro", **with_suite)
    assert script.code == 2
    assert script.err.startswith("tapecheck: clause rows.a_row cannot stand alone in a script")


def test_a_chapter_that_cannot_be_read_is_a_fault_of_the_suite(
    folder: Path, tmp_path: Path
) -> None:
    found = installed(tmp_path, "spec/persistence.py")
    chapter = tmp_path / "tapecheck" / "standard_files" / "spec" / "broken.py"
    chapter.write_text("import no_such_module\n", encoding="utf-8")
    ended = run(folder, "--out", "unread", "-k", "test_a_tape_answers_once", **found)
    assert ended.code == 3
    assert "the suite cannot read spec/broken.py: ModuleNotFoundError" in ended.said[-1]
    assert not results.read(folder / "unread").complete


def test_a_crash_can_be_a_listed_deviation(folder: Path) -> None:
    ended = run(
        folder, "faulty", *PERSISTENCE, "-k", "answers_twice", "--deviations", "deviations.toml"
    )
    assert ended.code == 0
    assert re.search(r"deviation\n +MUST +1\n", ended.out)


def test_a_run_that_stops_early_is_incomplete(folder: Path) -> None:
    ended = run(
        folder, "faulty", *PERSISTENCE, "-k", "twice or once or other", "-x", "--out", "early"
    )
    assert ended.code == 1
    assert ended.said[-1] == (
        "tapecheck: stopped at the first failure; the incomplete results are kept"
    )
    assert not results.read(folder / "early").complete
    assert not (folder / "early" / "index.html").exists()


@pytest.mark.parametrize(
    ("backend", "code", "said"),
    [
        ("raising", 3, "backend 'raising' cannot be imported: ValueError: no library"),
        ("exiting", 3, "backend 'exiting' cannot be imported: SystemExit: 7"),
        ("aborting", 3, "backend 'aborting' cannot be set up: its process crashed"),
        ("hanging", 3, "backend 'hanging' cannot be set up: its process crashed"),
        ("empty", 2, "backend 'empty' is not a tape: it has no GradientTape"),
        ("sound:tape", 2, "backend 'sound:tape': sound has no attribute tape"),
    ],
)
def test_an_implementation_that_cannot_be_had_gives_one_line(
    folder: Path, backend: str, code: int, said: str
) -> None:
    limit = "0.3" if backend == "hanging" else "60"
    ended = run(folder, backend, *QUICK, "--timeout", limit)
    assert ended.code == code
    assert said in ended.said[-1]
    assert [line for line in ended.said if not line.startswith("Log ")] == ended.said[-1:]
    assert ended.out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sound", *QUICK, "--device", "GPU:7"], 2, "no device 'GPU:7', visible are CPU:0"),
        (
            ["sound", *PERSISTENCE, "-k", "no_such_clause"],
            3,
            "nothing ran: no case matches -k 'no_such_clause'",
        ),
        (["sound", *PERSISTENCE, "-k", "one two"], 2, "-k 'one two'"),
        (["nowhere"], 2, "unknown backend 'nowhere'"),
        (["tensorflw"], 2, "did you mean tensorflow?"),
        (["sound", "--chapter", "persistenc"], 2, "did you mean persistence?"),
        (["sound", "--deviations", "broken.toml"], 2, "broken.toml:2: "),
        (["sound", "--deviations", "none.toml"], 2, "none.toml: No such file"),
        (["sound", "--out", "sound.py"], 2, "cannot write to sound.py: "),
        (["sound", "--", "--no-such-option"], 2, "unrecognized arguments: --no-such-option"),
        (["sound", "--mode", "lazy"], 2, "'lazy' is not one of"),
    ],
)
def test_a_command_line_that_cannot_be_followed_gives_one_line(
    folder: Path, arguments: List[str], code: int, said: str
) -> None:
    before = set(folder.glob("reports/runs/*"))
    ended = run(folder, *arguments)
    assert ended.code == code
    assert said in ended.said[-1]
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert set(folder.glob("reports/runs/*")) == before


def test_ctrl_c_stops_soon_and_keeps_what_there_is(folder: Path) -> None:
    process = subprocess.Popen(
        command("sleeping", *PERSISTENCE, "-k", "once", "--out", "stopped"),
        cwd=str(folder),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"sleeping: ")
    time.sleep(0.5)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert process.returncode == 3
    assert err.decode().strip().split("\n")[-1].startswith("tapecheck: interrupted")
    assert not (folder / "stopped" / "index.html").exists()


def on_terminal(folder: Path, *arguments: str, **changed: str) -> str:
    """What a run shows on a terminal of 60 columns."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        command(*arguments),
        cwd=str(folder),
        env=environment(COLUMNS="60", LINES="24", TERM="xterm-256color", **changed),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        close_fds=True,
    )
    os.close(terminal)
    shown = b""
    while True:
        ready, _, _ = select.select([controller], [], [], 60)
        try:
            piece: Optional[bytes] = os.read(controller, 65536) if ready else None
        except OSError:
            piece = None
        if not piece:
            break
        shown += piece
    os.close(controller)
    process.wait()
    return shown.decode("utf-8", "replace")


@pytest.mark.parametrize("no_colour", [False, True], ids=["colour", "NO_COLOR"])
def test_a_terminal_shows_a_bar_and_narrow_lines(folder: Path, no_colour: bool) -> None:
    changed: Dict[str, Any] = {"NO_COLOR": "1"} if no_colour else {}
    shown = on_terminal(folder, "sound", *QUICK, "--out", "terminal", **changed)
    assert "setting up sound" in shown
    colours = re.findall("\x1b\\[(?:3[0-7]|9[0-7])m", shown)
    assert bool(colours) != no_colour
    tail = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n").split("\n")
    assert "faulty 1.0 conforms, in what was asked for" in tail
    assert max(len(line) for line in tail[-12:]) <= 60
