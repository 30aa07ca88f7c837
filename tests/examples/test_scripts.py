"""The scripts of docs/examples/README.md show what the comments beside them say."""

import ast
import contextlib
import io
import re
import warnings
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "docs" / "examples" / "README.md"
ENGINES = {"HIPS autograd": "autograd", "MyGrad": "mygrad", "micrograd": "micrograd"}


def script_of(section):
    """All Python of a section."""
    text = README.read_text(encoding="utf-8").split("\n## {}\n".format(section))[1]
    return "\n".join(re.findall(r"```python\n(.*?)```", text.split("\n## ")[0], re.DOTALL))


def shown_by(statement, names):
    """What a statement prints, or the name of the exception that it raises."""
    printed = io.StringIO()
    code = compile(ast.Module(body=[statement], type_ignores=[]), str(README), "exec")
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names)
    except Exception as error:
        return type(error).__name__
    return printed.getvalue().strip()


@pytest.mark.parametrize("section", ENGINES)
def test_a_script_shows_what_its_comments_say(section):
    pytest.importorskip(ENGINES[section], reason="{} is not installed".format(section))
    script, names, told = script_of(section), {}, 0
    lines = script.splitlines()
    for statement in ast.parse(script).body:
        shown = shown_by(statement, names)
        comment = lines[statement.lineno - 1].partition("  # ")[2]
        expected = re.split(r", and not|:", comment)[0]
        assert shown == expected
        told += bool(expected)
    assert told > 0
