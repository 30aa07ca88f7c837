"""Scripts that check one clause on their own."""

from __future__ import annotations

import ast
import builtins
import math
import os
import re
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Set

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import tapecheck
from tapecheck import checks, reproducer_helpers
from tapecheck.backends import load
from tapecheck.errors import UsageError
from tapecheck.modes import EAGER
from tapecheck.reproducer import script
from tapecheck.standard import Entry, chapters, folder_of, load_standard

STANDARD = load_standard()
ASKED = [
    entry
    for entry in STANDARD.entries.values()
    if EAGER in entry.clause.modes and entry.clause.level != tapecheck.OBSERVED
]
PERSISTENT = STANDARD.find("persistence.a_persistent_tape_answers_twice")


def clause_id(entry: Entry) -> str:
    return entry.clause.id


def execute(text: str, name: str) -> None:
    """Run a script as ``python script.py`` does, in this process."""
    module = types.ModuleType("__main__")
    exec(compile(text, name, "exec"), vars(module))


def holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except (AssertionError, AttributeError, TypeError, ValueError):
        return False
    return True


@pytest.fixture(scope="module")
def numpy_backend() -> Any:
    return load("numpy")


def undefined(text: str) -> Set[str]:
    """The names that a script uses and does not define."""
    assert "tapecheck." not in text.split('"""', 2)[2], "the script needs the suite"
    tree = ast.parse(text)
    defined = {"tf", "__name__", *dir(builtins)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.alias):
            defined.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return used - defined


@pytest.mark.parametrize("entry", list(STANDARD.entries.values()), ids=clause_id)
def test_every_clause_has_a_script_that_compiles_and_defines_what_it_uses(entry: Entry) -> None:
    for mode in entry.clause.modes:
        assert not undefined(script(entry, "tensorflow", mode))


@pytest.mark.parametrize("entry", ASKED, ids=clause_id)
def test_a_script_succeeds_exactly_where_its_clause_passes(
    entry: Entry, numpy_backend: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    clause = entry.clause
    if clause.devices > 1 or clause.needs & numpy_backend.lacks:
        assert compile(script(entry, "numpy", EAGER), clause.id, "exec")
        return

    def program(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    program.mode = EAGER  # type: ignore[attr-defined]
    names = entry.function.__code__.co_varnames[: entry.function.__code__.co_argcount]
    given: Dict[str, Any] = {"tf": numpy_backend.namespace, "run": program, "devices": ["CPU:0"]}
    passes = holds(lambda: entry.function(**{name: given[name] for name in names}))
    text = script(entry, "numpy", EAGER)
    assert holds(lambda: execute(text, clause.id)) == passes
    said = capsys.readouterr().out
    assert ("holds: {} [eager]\n".format(clause.id) in said) == passes


BESIDE = ("training", "benchmarks", "endurance")


def clauses_of(suite: str) -> Iterator[Entry]:
    for chapter in chapters(suite):
        for name in re.findall(r"^def test_(\w+)", source_of(suite, chapter), re.MULTILINE):
            yield STANDARD.find("{}.{}".format(chapter, name))


def source_of(suite: str, chapter: str) -> str:
    return (folder_of(suite) / (chapter + ".py")).read_text(encoding="utf-8")


GIVEN = {"tf", "run", "devices", "seed", "measured"}
ALONE, NOT_ALONE = [], []
for one in (entry for suite in BESIDE for entry in clauses_of(suite)):
    code = one.function.__code__
    (ALONE if set(code.co_varnames[: code.co_argcount]) <= GIVEN else NOT_ALONE).append(one)


@pytest.mark.parametrize("entry", ALONE, ids=clause_id)
def test_a_clause_of_a_suite_has_a_script_with_what_it_shares_with_others(entry: Entry) -> None:
    for mode in entry.clause.modes:
        assert not undefined(script(entry, "tensorflow", mode))


@pytest.mark.parametrize(
    "entry",
    [one for one in ALONE if one.chapter.path.parent.name == "training"],
    ids=clause_id,
)
def test_a_script_that_trains_holds_and_prints_what_it_measures(
    entry: Entry, numpy_backend: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    if entry.clause.needs & numpy_backend.lacks or EAGER not in entry.clause.modes:
        assert compile(script(entry, "numpy", entry.clause.modes[0]), entry.clause.id, "exec")
        return
    execute(script(entry, "numpy", EAGER), entry.clause.id)
    *measured, last = capsys.readouterr().out.splitlines()
    assert last == "holds: {} [eager]".format(entry.clause.id)
    assert bool(measured) == ("measured" in entry.function.__code__.co_varnames)


@pytest.mark.parametrize("entry", NOT_ALONE, ids=clause_id)
def test_what_no_script_has_is_named_with_the_command_that_runs_the_clause(entry: Entry) -> None:
    with pytest.raises(UsageError, match=r"since it takes \w+.*; run it by itself: tapecheck run"):
        script(entry, "numpy", entry.clause.modes[0])


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A namespace whose gradients are twice as large as they should be."""
    (tmp_path / "doubling_tape.py").write_text(
        "from tapecheck.tapes import numpy as honest\n"
        "constant = honest.constant\n"
        "class GradientTape(honest.GradientTape):\n"
        "    def gradient(self, *arguments, **options):\n"
        "        return 2.0 * super().gradient(*arguments, **options)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "doubling_tape"
    sys.modules.pop("doubling_tape", None)


def test_a_script_fails_where_the_implementation_does(faulty: str) -> None:
    with pytest.raises(AssertionError, match=r"expected 12\. \(float64, shape \(\)\), got 24"):
        execute(script(PERSISTENT, faulty, EAGER), "script")


def test_an_exception_of_the_implementation_is_not_hidden(faulty: str) -> None:
    with pytest.raises(AttributeError, match="function"):
        execute(script(PERSISTENT, faulty, "function"), "script")


def test_a_script_runs_from_anywhere_and_says_one_line(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(script(PERSISTENT, "numpy", EAGER, documented=["PER-02"]), encoding="utf-8")
    package = str(Path(tapecheck.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, str(path)],
        cwd=str(tmp_path),
        env={**os.environ, "PYTHONPATH": package},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert ended.returncode == 0
    assert ended.stdout.decode().splitlines() == ["holds: {} [eager]".format(PERSISTENT.clause.id)]


def test_only_the_helpers_that_a_clause_uses_are_copied() -> None:
    text = script(PERSISTENT, "tensorflow", EAGER)
    functions = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    name = PERSISTENT.function.__name__
    assert functions == {"assert_close", "epsilon", "told", "describe", "run", name}


@pytest.mark.parametrize(
    ("backend", "line"),
    [
        ("tensorflow", "import tensorflow as tf"),
        ("numpy", "import tapecheck.tapes.numpy as tf"),
        ("package.module", "import package.module as tf"),
        ("package.module:a.b", "tf = package.module.a.b"),
    ],
)
def test_the_implementation_is_imported_as_it_was_named(backend: str, line: str) -> None:
    assert line in script(PERSISTENT, backend, EAGER).split("\n")


@pytest.mark.parametrize(
    ("mode", "call"),
    [
        ("eager", "program(*arguments)"),
        ("function", "tf.function(program, autograph=False)(*arguments)"),
        ("jit", "tf.function(program, autograph=False, jit_compile=True)(*arguments)"),
    ],
)
def test_the_program_runs_in_the_mode_that_was_asked_for(mode: str, call: str) -> None:
    assert "    return {}\n".format(call) in script(PERSISTENT, "tensorflow", mode)


def test_a_device_becomes_a_block_around_the_clause() -> None:
    text = script(PERSISTENT, "tensorflow", EAGER, device="GPU:0")
    assert '    with tf.device("GPU:0"):\n        test_' in text


def test_a_mode_that_a_clause_does_not_speak_of_is_refused() -> None:
    entry = next(one for one in STANDARD.entries.values() if "jit" not in one.clause.modes)
    with pytest.raises(UsageError, match="not of jit"):
        script(entry, "tensorflow", "jit")


NUMBERS = st.floats(width=32) | st.integers(-3, 3).map(float)
ARRAYS = st.builds(
    np.array,
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.sampled_from(["float32", "float64", "complex64"]),
)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(ARRAYS, ARRAYS, st.sampled_from([0.0, 1.0, 1e6]), st.integers(-40, 40))
def test_closeness_is_decided_as_in_the_standard(
    actual: Any, expected: Any, magnitude: float, roundings: int
) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nudged = expected.astype(actual.dtype)
        nudged = nudged * (1 + roundings * reproducer_helpers.epsilon(actual.dtype))
        nudged = nudged.astype(actual.dtype)
    for value in (actual, nudged):
        assert holds(lambda v=value: checks.assert_close(v, expected, magnitude)) == holds(
            lambda v=value: reproducer_helpers.assert_close(v, expected, magnitude)
        )


LEAVES = st.none() | st.sampled_from([1.0, 2.0, math.nan])
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.tuples(inner)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(STRUCTURES, STRUCTURES)
def test_structures_are_compared_as_in_the_standard(actual: Any, expected: Any) -> None:
    for value in (actual, expected):
        assert holds(lambda v=value: checks.assert_structure(v, expected)) == holds(
            lambda v=value: reproducer_helpers.assert_structure(v, expected)
        )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("assert_equal", (1, 1)),
        ("assert_equal", (1, 1.0)),
        ("assert_equal", ("a", "b")),
        ("assert_none", (None,)),
        ("assert_none", (0,)),
        ("assert_same", (STANDARD, STANDARD)),
        ("assert_same", ([], [])),
        ("assert_close", (None, 1.0)),
        ("assert_close", (np.float32(1), 1.0, 0.0, "float32")),
        ("assert_close", (np.float32(1), 1.0, 0.0, "float64")),
        ("assert_close", (np.float32([1]), 1.0)),
    ],
)
def test_the_other_assertions_decide_as_in_the_standard(name: str, arguments: Any) -> None:
    assert holds(lambda: getattr(checks, name)(*arguments)) == holds(
        lambda: getattr(reproducer_helpers, name)(*arguments)
    )


@pytest.mark.parametrize("message", ["Only Once", "twice", None])
@pytest.mark.parametrize("words", [(), ("once",), ("once", "only"), ("never",)])
def test_raises_decides_as_in_the_standard(message: Any, words: Any) -> None:
    def use(raises: Any) -> None:
        with raises(RuntimeError, *words):
            if message is not None:
                raise RuntimeError(message)

    assert holds(lambda: use(checks.raises)) == holds(lambda: use(reproducer_helpers.raises))
