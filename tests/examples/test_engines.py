"""Engines that nobody here wrote keep the promises of the standard, but for what is listed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = Path("docs", "examples")
ENGINES = {
    "autograd": ("autograd_tape", EXAMPLES / "autograd_tape" / "deviations.toml", "scipy"),
    "mygrad": ("mygrad_tape", EXAMPLES / "mygrad_deviations.toml"),
    "micrograd": ("micrograd_tape", EXAMPLES / "micrograd_deviations.toml"),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_keeps_every_must_but_for_listed_deviations(engine, tmp_path):
    module, deviations, *needed = ENGINES[engine]
    for package in (engine, *needed):
        pytest.importorskip(package, reason="{} is not installed".format(package))
    command = [sys.executable, "-m", "tapecheck", "run", "docs.examples." + module]
    options = ["--mode", "eager", "--level", "must", "--deviations", str(deviations)]
    ran = subprocess.run(
        [*command, *options, "--out", str(tmp_path)], cwd=str(ROOT), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "conforms, in what was asked for" in ran.stdout
