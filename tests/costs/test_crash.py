"""A tape whose records end the process when they go costs one verdict, not the run."""

import subprocess
import sys
from pathlib import Path

from tapecheck.results import ERROR, PASS, read

CRASHING = '''
import os

from tapecheck.tapes.numpy import *
from tapecheck.tapes import numpy as tf


class GradientTape(tf.GradientTape):
    """Runs out of stack when it is dropped with many records."""

    def __del__(self):
        if len(self._records or ()) > 1000:
            os._exit(139)
'''

DROPPED = "deep_programs.a_deep_program_is_dropped_with_its_tape"
ASKED = "deep_programs.a_deep_program_has_a_second_derivative"


def test_a_crash_by_a_deep_program_costs_one_verdict(tmp_path):
    (tmp_path / "crashing.py").write_text(CRASHING, encoding="utf-8")
    command = [sys.executable, "-m", "tapecheck", "run", "crashing", "--out", "out"]
    command += ["--suite", "endurance", "--chapter", "deep_programs"]
    command += ["-k", "dropped_with_its_tape or second_derivative"]
    subprocess.run(
        command,
        cwd=str(tmp_path),
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    cases = {case.clause: case for case in read(tmp_path / "out").cases}
    assert {name: case.verdict for name, case in cases.items()} == {DROPPED: ERROR, ASKED: PASS}
    assert "the process that ran it crashed" in cases[DROPPED].message
