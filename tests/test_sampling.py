"""Sampling: what is drawn at random follows from the seed alone."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from click.testing import CliRunner

from tapecheck.cli import main

SCRIPT = """
import sys
from hypothesis import given, seed, settings, strategies as st
from tapecheck.sampling import set_up_hypothesis
set_up_hypothesis()
sys.path.insert(0, {folder!r})
if {loaded}:
    import full_of_numbers

@seed(3)
@settings(max_examples=300)
@given(st.integers(0, 10**9))
def draw(number):
    print(number)

draw()
"""


@pytest.fixture
def drawn(tmp_path):
    numbers = list(range(123456000, 123456400, 2))
    (tmp_path / "full_of_numbers.py").write_text("NUMBERS = {}".format(numbers))

    def draw(loaded):
        script = SCRIPT.format(folder=str(tmp_path), loaded=loaded)
        return subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=True, text=True
        ).stdout

    return draw


def test_loaded_modules_do_not_change_what_is_drawn(drawn):
    alone = drawn(loaded=False)
    assert len(alone.split()) >= 300
    assert drawn(loaded=True) == alone


@pytest.mark.parametrize(
    ("options", "seconds"),
    [([], 60.0), (["--profile", "deep"], 900.0), (["--profile", "deep", "--timeout", "5"], 5.0)],
)
def test_a_case_may_take_longer_where_more_is_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: List[str], seconds: float
) -> None:
    class Asked(Exception):
        """Instead of the run."""

    def execute(request: Any) -> None:
        raise Asked(request.time_limit)

    command = importlib.import_module("tapecheck.cli.run")
    monkeypatch.setattr(command, "_execute", execute)
    arguments = ["run", "numpy", "--out", str(tmp_path / "out"), *options]
    ended = CliRunner().invoke(main, arguments)
    assert repr(ended.exception) == repr(Asked(seconds))
