"""Scripts are run as they are shown, and say which line does not give what it should."""

import subprocess
import sys

import numpy as np
import pytest

import tapecheck.tapes.numpy as tf
from tapecheck import Broken
from tapecheck.lifecycle import Script, Stage, scripts
from tapecheck.lifecycle.script import (
    Asked,
    Container,
    Nothing,
    Number,
    Refusal,
    Variables,
    Word,
)

STAGE = Stage(tf, lambda program, *inputs: program(*inputs), "CPU:0")


def six():
    return Number(np.array(6.0), 6.0)


def script(*asked, body=None):
    lines = [
        "with tf.GradientTape(persistent=True) as tape1:",
        "    tape1.watch(x1)",
        "    y1 = x1 * x1 * v1",
        "a1 = tape1.gradient(y1, x1)",
        "a2 = tape1.gradient(y1, [x1, x2])",
        "a3 = refusal(tape1.reset)",
        "a4 = tape1.watched_variables()",
    ]
    setup = ["x1 = tf.constant(3.0)", "x2 = tf.constant(5.0)", "v1 = tf.Variable(1.0)"]
    return Script(setup, ["x1", "x2"], body or lines, asked)


def test_right_answers_are_accepted():
    script(
        Asked("a1", 3, six(), True),
        Asked("a2", 4, Container(list, (0, 1), (six(), Nothing())), True),
        Asked("a3", 5, Refusal((ValueError,)), False),
        Asked("a4", 6, Variables(("v1",), ("v1",)), False),
    ).perform(STAGE)


@pytest.mark.parametrize(
    ("asked", "expected", "actual"),
    [
        (Asked("a1", 3, Number(np.array(7.0), 7.0), True), "tape1.gradient(y1, x1)  # 7", "6"),
        (Asked("a1", 3, Nothing(), True), "tape1.gradient(y1, x1)  # None", "6"),
        (
            Asked("a2", 4, Container(list, (0, 1), (six(), six())), True),
            "[x1, x2])  # [6., 6.], at [1] 6",
            "None",
        ),
        (Asked("a2", 4, Container(tuple, (0, 1), (six(), Nothing())), True), "tuple", "list"),
        (Asked("a3", 5, Refusal((TypeError,)), False), "# TypeError", "ValueError"),
        (Asked("a4", 6, Variables((), ()), False), "# the variables ()", "(v1)"),
        (Asked("a4", 6, Word("caught"), False), "'caught'", "Variable"),
    ],
)
def test_a_wrong_answer_is_told_with_its_line(asked, expected, actual):
    with pytest.raises(Broken) as caught:
        script(asked).perform(STAGE)
    assert expected in caught.value.expected
    assert actual in caught.value.actual


def test_a_call_that_is_not_refused_is_told():
    body = ["a1 = refusal(lambda: x1 * x2)"]
    with pytest.raises(Broken, match="nothing was raised"):
        script(Asked("a1", 0, Refusal((RuntimeError,)), False), body=body).perform(STAGE)


def test_a_line_that_raises_is_told_with_what_it_raises():
    body = ["tape1 = tf.GradientTape()", "a1 = tape1.gradient(x1, x2)"]
    with pytest.raises(Broken) as caught:
        script(Asked("a1", 1, Nothing(), True), body=body).perform(STAGE)
    assert caught.value.expected == "a1 = tape1.gradient(x1, x2)  # None"
    assert caught.value.actual.startswith("RuntimeError: ")


def test_variables_in_doubt_may_be_listed_or_not():
    variable, other, constant = object(), object(), object()
    for certain in ((), ("v1",)):
        names = {"v1": variable, "v2": other, "x": constant}
        Variables(certain, ("v1", "v2")).check((variable,), names)
        script(Asked("a4", 6, Variables(certain, ("v1",)), False)).perform(STAGE)


def test_a_tape_that_never_stops_recording_disturbs_no_other_script():
    body = ["tape1 = tf.GradientTape()", "tape1.__enter__()", "a1 = refusal(tape1.__enter__)"]
    asked = Asked("a1", 2, Refusal((ValueError,)), False)
    script(asked, body=body).perform(STAGE)
    with tf.GradientTape() as tape:
        assert tape.watched_variables() == ()


EVERYTHING = (
    "arrays elementary exceptions inside jacobian memory misuse nested output_gradients persistent "
    "reset stop_recording struct unconnected_zero variables"
)


@pytest.mark.parametrize("words", [EVERYTHING, "misuse nested overlap threads variables"])
def test_a_script_runs_as_it_is_shown(words, tmp_path):
    from hypothesis import Phase, find, settings

    chosen = find(
        scripts(words, steps=30),
        lambda one: len(one.asked) > 6 and "refusal" in repr(one),
        settings=settings(
            database=None, max_examples=2000, derandomize=True, phases=[Phase.generate]
        ),
    )
    text = repr(chosen).replace("import tensorflow as tf", "import tapecheck.tapes.numpy as tf")
    file = tmp_path / "script.py"
    file.write_text(text + "print('done')\n")
    completed = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, timeout=60
    )
    assert completed.stdout == "done\n", completed.stderr


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="unknown: time_travel"):
        scripts("nested time_travel")
