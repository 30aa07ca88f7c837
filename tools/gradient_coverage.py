"""How much of TensorFlow's registry of gradients the table of operators reaches.

Every row is differentiated twice, in eager mode and in a traced program, while the look-ups in the
registry are counted: an operation type is covered where its gradient function was called.

    python tools/gradient_coverage.py [--uncovered]

Exit code 0. What nothing public of TensorFlow 2 records on a CPU is left out, with the reason in
``gradient_coverage.toml``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tomllib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402
from tensorflow.python.framework import ops  # noqa: E402

from tapecheck.operators import load_table  # noqa: E402
from tapecheck.operators.asking import Question  # noqa: E402
from tapecheck.operators.table import CONVENTION  # noqa: E402

LEFT_OUT = Path(__file__).with_suffix(".toml")
"""Which types of operations count apart, and why."""


def traced(program: object) -> object:
    """The program in function mode, as the suite has it."""
    return tf.function(program, autograph=False)


def covered() -> set[str]:
    """The types whose gradient functions are called when the rows are differentiated."""
    called: set[str] = set()
    registry = ops.gradient_registry

    class Counting:
        """Stands before the registry."""

        def lookup(self, name: str) -> object:
            called.add(name)
            return registry.lookup(name)

        def __getattr__(self, name: str) -> object:
            return getattr(registry, name)

    ops.gradient_registry = ops._gradient_registry = Counting()
    rows = load_table(ROOT / "suites" / "operators" / "table")
    for row in rows:
        for mode in ("eager", "function"):
            for kind in ("ordinary", "complex", "kinks"):
                if (kind == "kinks") != (row.oracle == CONVENTION):
                    continue
                if kind == "complex" and not row.complex:
                    continue
                run = traced if mode == "function" else lambda program: program
                question = Question(
                    tf, lambda program, *given, run=run: run(program)(*given), row, seed=0
                )
                try:
                    question.prepare(kind)
                    if kind == "kinks":
                        question.agreement()
                        continue
                    question.gradients()
                    question.second_gradients()
                except Exception as error:
                    print("{} [{} {}]: {}".format(row.name, kind, mode, str(error)[:100]))
    ops.gradient_registry = ops._gradient_registry = registry
    return called


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--uncovered", action="store_true", help="list what is not covered")
    arguments = parser.parse_args()
    registered = {
        name for name, entry in ops.gradient_registry._registry.items() if entry["type"] is not None
    }
    called = covered() & registered
    patterns = [entry["types"] for entry in tomllib.loads(LEFT_OUT.read_text())["left_out"]]
    apart = {n for n in registered if any(re.search(pattern, n) for pattern in patterns)}
    missing = registered - called - apart
    print("{} of {} registered gradients are called".format(len(called), len(registered)))
    reachable = registered - apart
    print(
        "{} of the {} that public operations on a CPU reach: {:.0%}".format(
            len(called & reachable), len(reachable), len(called & reachable) / len(reachable)
        )
    )
    if arguments.uncovered:
        print("not covered: " + " ".join(sorted(missing)))
        print("left out: " + " ".join(sorted(apart - called)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
