"""A wrong derivative becomes a script that fails in the same way, and holds where it is right."""

import numpy as np
import pytest

from tapecheck import shrunk
from tapecheck.checks import Broken
from tapecheck.operators import load_table
from tapecheck.operators.asking import Question
from tapecheck.verifying import execute

TAPE = '''
"""The NumPy tape, with a square whose gradient is {gradient}."""

from tapecheck.tapes.numpy import *
from tapecheck.tapes.numpy import GradientTape, custom_gradient


@custom_gradient
def square_of(x):
    def gradient(upstream):
        {raised}
        return {gradient}

    return x * x, gradient
'''
ELEMENTWISE = 'domain = {x = [0.5, 3.0]}\nvalue = "x ** 2"'
BY_DIFFERENCES = "inputs = {x = [2, 3]}"
RIGHT = "2.0 * x * upstream"


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """From a gradient and a row to what is told of it, in a folder where the tape is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def ask(name, row, gradient, raised="pass", way="gradients"):
        text = TAPE.format(gradient=gradient, raised=raised)
        (tmp_path / (name + ".py")).write_text(text, encoding="utf-8")
        table = '[[row]]\nname = "square"\ncall = "tf.square_of(x)"\n' + row + "\n"
        (tmp_path / "family.toml").write_text(table, encoding="utf-8")
        (read,) = load_table(tmp_path)
        asked = Question(__import__(name), lambda program, *given: program(*given), read, seed=3)
        asked.prepare("ordinary")
        getattr(asked, way)()
        with pytest.raises(Broken) as caught:
            asked.raise_faults()
        return caught.value

    return ask


def ends(error, backend):
    (program,) = error.__notes__
    text = shrunk.script(
        program, "o.f", "It holds.", backend, "eager", error.expected, error.actual
    )
    assert "import tapecheck" not in text.replace("import tapecheck.tapes", "")
    return execute(text)


@pytest.mark.parametrize(
    ("row", "gradient", "way"),
    [
        (ELEMENTWISE, "3.0 * x * upstream", "gradients"),
        (ELEMENTWISE, "(x - x) / (x - x)", "gradients"),
        (ELEMENTWISE, "None", "gradients"),
        (BY_DIFFERENCES, "3.0 * x * upstream", "gradients"),
        (BY_DIFFERENCES, "3.0 * x * upstream", "second_gradients"),
        (BY_DIFFERENCES, "None", "second_gradients"),
    ],
)
def test_a_script_tells_the_same_of_the_answer(broken, row, gradient, way):
    name = "wrong_tape_{}".format(abs(hash((row, gradient, way))))
    with np.errstate(all="ignore"):
        error = broken(name, row, gradient, way=way)
    ended = ends(error, name)
    assert ended.raised == "AssertionError"
    assert " ".join(error.actual.split()) in ended.words


def test_a_script_tells_the_same_of_an_exception(broken):
    error = broken("raising_tape", ELEMENTWISE, RIGHT, 'raise LookupError("no gradient at 0x7f00")')
    assert "raises LookupError" in error.actual
    ended = ends(error, "raising_tape")
    assert (ended.raised, "no gradient at ..." in ended.words) == ("AssertionError", True)


def test_a_script_holds_where_the_answer_is_right(broken, tmp_path):
    error = broken("wrong_tape", ELEMENTWISE, "3.0 * x * upstream")
    text = TAPE.format(gradient=RIGHT, raised="pass")
    (tmp_path / "right_tape.py").write_text(text, encoding="utf-8")
    assert ends(error, "right_tape").code == 0
