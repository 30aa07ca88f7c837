"""A reproducer is attached only where its script was seen to fail as the case did."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, Dict

import pytest

from tapecheck import shrunk, verifying
from tapecheck.results import Case, read
from tapecheck.verifying import Ended, differs
from tests.made_up import write_run
from tests.test_cli_run import run
from tests.test_nightly import call

TAPE = """
    import os, threading
    from tapecheck.tapes import numpy as honest

    __tapecheck__ = dict(honest.__tapecheck__, name="wrong", version="1.0")

    def __getattr__(name):
        return getattr(honest, name)

    class GradientTape(honest.GradientTape):
        def gradient(self, target, sources, *arguments, **options):
            clause = os.environ.get("PYTEST_CURRENT_TEST", "")
            if "a_tape_answers_once" in clause:
                raise ValueError("in a test alone")
            if "after_a_jacobian" in clause:
                os.abort()
            answer = super().gradient(target, sources, *arguments, **options)
            if isinstance(answer, list):
                return [one if one is None else 2.0 * one for one in answer]
            if answer is None:
                raise KeyError("none")
            return answer
"""
PART = ["--mode", "eager", "--chapter", "persistence", "--chapter", "nesting"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a faulty tape, and a run of it whose failures have reproducers."""
    place = tmp_path_factory.mktemp("user")
    (place / "wrong.py").write_text(textwrap.dedent(TAPE), encoding="utf-8")
    ended = run(place, "wrong", *PART, "--out", "runs", "--reproducers")
    assert re.search(r"^Reproducers  \d+ of \d+ failures, verified$", ended.out, re.MULTILINE)
    return place


@pytest.fixture
def cases(folder: Path) -> Dict[str, Case]:
    return {case.clause: case for case in read(folder / "runs").cases}


def test_what_fails_alone_has_a_script_that_was_seen_to_fail(cases: Dict[str, Case]) -> None:
    verified = [one for one in cases.values() if one.reproducer.get("verified")]
    assert len(verified) > 3
    for one in verified:
        assert one.verdict in ("fail", "error")
        compile(one.reproducer["script"], "script", "exec")


def test_what_passes_has_none(cases: Dict[str, Case]) -> None:
    assert {len(one.reproducer) for one in cases.values() if one.verdict == "pass"} == {0}


@pytest.mark.parametrize(
    ("clause", "why"),
    [
        ("persistence.a_tape_answers_once", "the script fails otherwise: it holds"),
        ("persistence.after_a_jacobian_nothing_is_answered", "the script fails otherwise: it"),
    ],
)
def test_a_script_that_fails_otherwise_is_not_attached(
    cases: Dict[str, Case], clause: str, why: str
) -> None:
    assert cases[clause].verdict == "error"
    assert not cases[clause].reproducer["verified"]
    assert cases[clause].reproducer["why"].startswith(why)
    assert "script" not in cases[clause].reproducer


def case(verdict: str, **details: Any) -> Case:
    fields: Any = {"message": "m", "details": details}
    return Case("spec", "a.b", "MUST", "eager", "CPU:0", verdict, 0.1, **fields)


@pytest.mark.parametrize(
    ("actual", "ended"),
    [
        (
            "24. (float32, shape ())",
            Ended(1, "AssertionError", "expected 12., got 24. (float32, shape ())"),
        ),
        ("[1, ..., 9]", Ended(1, "AssertionError", "expected 12., got [1, 2, 3, 9]")),
        (
            "<object at 0x7f12345>",
            Ended(1, "AssertionError", "expected 1, got <object at 0x7fabc>"),
        ),
        ("ValueError: no", Ended(1, "ValueError", "not in the same words")),
        ("lib.errors.NotFoundError: x", Ended(1, "NotFoundError", "y")),
        ("TypeError: no", Ended(1, "AssertionError", "expected None, got TypeError: no")),
        ("KeyError", Ended(1, "KeyError", "")),
        ("", Ended(1, "AssertionError", "")),
        ("the process that ran it crashed", Ended(-11, "", "")),
        ("ran into the time limit of 4 s", Ended(None, "", "")),
    ],
)
def test_the_same_failure_is_recognised(actual: str, ended: Ended) -> None:
    assert differs(case("fail", actual=actual), ended) == ""


@pytest.mark.parametrize(
    ("actual", "ended"),
    [
        ("24. (float32, shape ())", Ended(0, "", "")),
        (
            "24. (float32, shape ())",
            Ended(1, "AssertionError", "expected 24., got 12. (float32, shape ())"),
        ),
        ("24. (float32, shape ())", Ended(1, "ValueError", "24. (float32, shape ())")),
        ("24. (float32, shape ())", Ended(None, "", "")),
        ("24. (float32, shape ())", Ended(-6, "", "")),
        ("ValueError: no", Ended(1, "KeyError", "no")),
        ("ValueError: no", Ended(1, "AssertionError", "expected 1., got 2.")),
        ("the process that ran it crashed", Ended(1, "ValueError", "")),
        ("the process that ran it crashed", Ended(0, "", "")),
        ("the process that ran it crashed", Ended(None, "", "")),
        ("ran into the time limit of 4 s", Ended(0, "", "")),
        ("", Ended(1, "AssertionError", "expected 1., got 2.")),
    ],
)
def test_another_failure_is_none(actual: str, ended: Ended) -> None:
    assert differs(case("fail", actual=actual), ended)


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("print('holds')", Ended(0, "", "")),
        ("raise ValueError('of\\n two  lines')", Ended(1, "ValueError", "of two lines")),
        (
            "raise TypeError('in user code:\\n\\n    File x, line 1, in f\\n\\n    No: yes\\n')",
            Ended(1, "TypeError", "in user code: File x, line 1, in f No: yes"),
        ),
        ("import json\njson.loads('{')", "JSONDecodeError"),
        ("raise SystemExit(3)", Ended(3, "", "")),
        ("import os\nos.abort()", Ended(-6, "", "")),
        ("import sys\nsys.stderr.write('Error: not one')", Ended(0, "", "")),
        ("class E(Exception): pass\nraise E", Ended(1, "E", "")),
    ],
)
def test_how_a_script_ended_is_told_by_what_python_prints(text: str, ended: Any) -> None:
    found = verifying.execute(text)
    assert found == ended or found.raised == ended


def test_a_script_that_hangs_is_ended(tmp_path: Path) -> None:
    assert verifying.execute("while True: pass", limit=0.5).code is None


def test_a_record_that_does_not_tell_what_came_is_not_matched_by_silence() -> None:
    assert differs(case("fail"), Ended(1, "AssertionError", ""))


EXAMPLE = """\
Failing test case: test_gradients_are_exact(
    tf=<module 'wrong' from 'wrong.py'>,
    run=run,
    program=
import tensorflow as tf

x0 = tf.constant([0.5, 1.25], tf.float64)


def compute(x0):
    v0 = 2.0 * x0
    return (v0,)


def derivatives(x0):
    with tf.GradientTape() as tape:
        tape.watch([x0])
        y = compute(x0)
    return tape.gradient(y, [x0])


print(derivatives(x0))
,
)"""
LIFE = """\
Failing test case: test_a_tape_answers(
    devices=['CPU:0'],
    script=
    import tensorflow as tf

    x1 = tf.constant(1.5)
    with tf.GradientTape() as tape1:
        tape1.watch(x1)
        y1 = x1 * x1
    a1 = tape1.gradient(y1, [x1, x1])  # [3., 3.],
)"""
WRONG = ("[2., 2.] (float64, shape (2,))", "[4., 4.] (float64, shape (2,))")


def shrunk_script(example: str, expected: str, actual: str, backend: str = "wrong") -> str:
    text = shrunk.script(example, "c.d", "It holds.", backend, "eager", expected, actual)
    assert text is not None
    return text


def ends(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Ended:
    monkeypatch.chdir(folder)
    return verifying.execute(text)


def test_a_shrunk_program_fails_with_the_wrong_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = ends(folder, monkeypatch, shrunk_script(EXAMPLE, *WRONG))
    assert ended.raised == "AssertionError"
    assert ended.words == "expected {}, got {}".format(*WRONG)


@pytest.mark.parametrize(
    ("backend", "expected", "actual"),
    [("tapecheck.tapes.numpy", *WRONG), ("wrong", WRONG[0], WRONG[1].replace("4.", "5."))],
)
def test_a_shrunk_program_holds_where_the_wrong_answer_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, backend: str, expected: str, actual: str
) -> None:
    text = shrunk_script(EXAMPLE, expected, actual, backend)
    assert ends(folder, monkeypatch, text).code == 0


def test_an_answer_in_a_life_of_tapes_is_found_by_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = "a1 = tape1.gradient(y1, [x1, x1])  # [3., 3.], at [1] 3. (float64, shape ())"
    text = shrunk_script(LIFE, expected, "6. (float32, shape ())")
    assert ends(folder, monkeypatch, text).raised == "AssertionError"
    text = shrunk_script(LIFE, expected, "7. (float32, shape ())")
    assert ends(folder, monkeypatch, text).code == 0


@pytest.mark.parametrize(
    "example", ["", "number=7", "import this is not Python", "program=\nimport os\nprint(1)"]
)
def test_an_example_without_a_program_has_no_script(example: str) -> None:
    assert shrunk.script(example, "c.d", "It.", "wrong", "eager", *WRONG) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4. (float32, shape ())", "np.array(4.0)"),
        ("[1., -2.5e-3] (float64, shape (2,))", "np.array([1.0, -0.0025])"),
        ("[[1., nan]] (float64, shape (1, 2))", "np.array([1.0, float('nan')]).reshape((1, 2))"),
        ("[1.+2.j] (complex64, shape (1,))", "np.array([(1+2j)])"),
        ("[ True, False] (bool, shape (2,))", "np.array([True, False])"),
        ("[] (float32, shape (0,))", "np.array([])"),
        ("a1 = f()  # [3., 3.], at [1] 3. (float64, shape ())", "np.array(3.0)"),
        ("None", "None"),
        ("nothing was raised", "None"),
        ("ValueError", "'ValueError'"),
        ("[1., ..., 2.] (float64, shape (1000,))", None),
        ("something else", None),
        ("[] (float32, shape ())", None),
        ("[1., 2.] (float32, shape (3,))", None),
        ("[1.] (float32, shape (,))", None),
        ("[1.] (float32, shape (1 1))", None),
        ("[[1., 2.]] (float32, shape (1, 2))", "np.array([1.0, 2.0]).reshape((1, 2))"),
        ("[] (float32, shape (2, 0, 3))", "np.array([]).reshape((2, 0, 3))"),
    ],
)
def test_what_a_failure_tells_becomes_a_value(text: str, value: Any) -> None:
    assert shrunk.literal(text) == value


def test_the_command_writes_scripts_and_tells_why_there_are_none(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    command = "tapecheck repro persistence.a_persistent_tape_answers_twice --backend wrong"
    cases = [
        Case("spec", "unknown.clause", "MUST", "eager", "CPU:0", "fail", 0.1, "m"),
        Case(
            "spec",
            "persistence.an_answer_of_none_is_an_answer",
            "SHOULD",
            "eager",
            "CPU:0",
            "error",
            0.1,
            "m",
            {"actual": "KeyError: 'none'", "reproduce": command},
        ),
    ]
    write_run("some.jsonl", cases)
    result = call("repro", "--results", "some.jsonl", "--out", str(tmp_path / "scripts"))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "none     unknown.clause [eager CPU:0]  the record does not tell how to reproduce it",
        "verified persistence.an_answer_of_none_is_an_answer [eager CPU:0]",
        "1 of 2 failures have a verified reproducer",
    ]
    [script] = (tmp_path / "scripts").iterdir()
    assert script.read_text(encoding="utf-8") == read("some.jsonl").cases[1].reproducer["script"]


def of_training(clause: str) -> Case:
    told = "tapecheck run numpy --suite training"
    return case("fail", reproduce=told)._replace(suite="training", clause=clause)


def test_a_clause_of_a_suite_that_draws_no_examples_is_its_own_script() -> None:
    script = verifying.script_of(of_training("fitting.a_line_is_found"))
    assert script
    assert "def test_a_line_is_found(tf, run, seed, measured):" in script


def test_what_a_clause_of_a_suite_takes_from_a_table_is_why_there_is_no_script() -> None:
    found = verifying.reproducer_of(of_training("fitting.a_polynomial_of_any_degree_is_found[3]"))
    assert not found["verified"]
    assert "since it takes degree; run it by itself: tapecheck run" in found["why"]


HOSTILE = ["tapecheck run 'unfinished", "tapecheck", "", "\x00\ud800", "tapecheck repro --backend"]


@pytest.mark.parametrize("command", HOSTILE)
def test_a_record_that_makes_no_sense_costs_its_reproducer_alone(command: str) -> None:
    found = verifying.reproducer_of(case("fail", reproduce=command, example="import " + "(" * 9999))
    assert found == {
        "verified": False,
        "why": "the record does not tell how to reproduce it",
    }


def test_only_so_many_scripts_are_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    cases = [
        Case("spec", "a.c{}".format(n), "MUST", "eager", "CPU:0", "fail", 0.1, "m")
        for n in range(3)
    ]
    write_run("many.jsonl", cases)
    assert call("repro", "--results", "many.jsonl", "--most", "2").exit_code == 1
    assert read("many.jsonl").cases[2].reproducer["why"] == "more than 2 failures"


@pytest.mark.parametrize("arguments", [[], ["a.b", "--results", "x"]])
def test_it_is_a_clause_or_a_result_file(arguments: Any) -> None:
    result = call("repro", *arguments)
    assert result.exit_code == 2
    assert "name a CLAUSE, or give --results" in result.stderr
