"""From a name to a backend: known names, modules, and what packages bring along."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Callable

import pytest

import tapecheck
from tapecheck.backends import KNOWN, load, packages, resolve
from tapecheck.errors import BackendMissing, UsageError

TAPES = """
    from tapecheck.backends import Backend
    from tapecheck.tapes import numpy

    class namespace:
        GradientTape = numpy.GradientTape

    class Own(Backend):
        def __init__(self):
            super().__init__("own", namespace, version="7.0")

    def made():
        return Backend("made", namespace, version="8.0")

    def made_namespace():
        return namespace

    number = 7

    class modest:
        GradientTape = numpy.GradientTape
        __tapecheck__ = {"has": ["nested", "struct"], "version": "0.5"}

    class boaster:
        GradientTape = numpy.GradientTape
        __tapecheck__ = {"has": ["nesting"]}

    class undecided:
        GradientTape = numpy.GradientTape
        __tapecheck__ = {"has": [], "lacks": []}

    def broken():
        raise OSError("no\\nlibrary")
"""

Ship = Callable[..., Path]


@pytest.fixture
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Installs a distribution with entry points, as far as an import system can tell."""
    (tmp_path / "shipped_tapes.py").write_text(textwrap.dedent(TAPES), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(distribution: str = "my-tapes", **points: str) -> Path:
        folder = tmp_path / "{}-1.2.dist-info".format(distribution.replace("-", "_"))
        folder.mkdir()
        metadata = "Metadata-Version: 2.1\nName: {}\nVersion: 1.2\n".format(distribution)
        (folder / "METADATA").write_text(metadata, encoding="utf-8")
        lines = ["{} = {}".format(name, value) for name, value in points.items()]
        text = "\n".join(["[tapecheck.backends]", *lines, "[other]", "x = shipped_tapes", ""])
        (folder / "entry_points.txt").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return tmp_path

    yield install
    sys.modules.pop("shipped_tapes", None)


@pytest.mark.parametrize(
    ("attribute", "name", "version"),
    [
        ("namespace", "shipped", "1.2"),
        ("modest", "shipped", "0.5"),
        ("Own", "own", "7.0"),
        ("made", "made", "8.0"),
        ("made_namespace", "shipped", "1.2"),
    ],
)
def test_a_package_ships_a_backend_in_any_form(
    ship: Ship, attribute: str, name: str, version: str
) -> None:
    ship(shipped="shipped_tapes:" + attribute)
    backend = load("shipped")
    assert (backend.name, backend.version) == (name, version)


@pytest.mark.parametrize("attribute", ["namespace", "Own", "made", "made_namespace"])
def test_a_place_that_is_spelled_out_takes_the_same_forms(ship: Ship, attribute: str) -> None:
    ship()
    assert callable(load("shipped_tapes:" + attribute).namespace.GradientTape)


def test_what_a_namespace_does_not_declare_to_have_it_lacks(ship: Ship) -> None:
    ship()
    lacks = load("shipped_tapes:modest").lacks
    assert {"arrays", "graph", "persistent"} <= lacks
    assert lacks.isdisjoint({"nested", "struct"})


@pytest.mark.parametrize(
    ("attribute", "problem"),
    [
        ("boaster", "declares to have 'nesting', which is no capability"),
        ("undecided", "declares both what it has and what it lacks"),
        ("number", "is not a tape: it has no GradientTape"),
        ("absent", "shipped_tapes has no attribute absent"),
    ],
)
def test_what_is_no_tape_or_declares_nonsense_is_refused(
    ship: Ship, attribute: str, problem: str
) -> None:
    ship(shipped="shipped_tapes:" + attribute)
    for name in ("shipped", "shipped_tapes:" + attribute):
        with pytest.raises(UsageError, match=problem):
            load(name)


def test_a_broken_entry_point_costs_one_line_and_only_when_it_is_chosen(ship: Ship) -> None:
    ship(sound="shipped_tapes:namespace", broken="shipped_tapes:broken", gone="no_such_package:x")
    assert load("sound").name == "sound"
    resolve("broken")
    with pytest.raises(BackendMissing, match=r"'broken' cannot be imported: OSError: no library$"):
        load("broken")
    with pytest.raises(BackendMissing, match="No module named 'no_such_package'"):
        load("gone")


def test_a_name_that_the_suite_has_itself_is_not_taken_over(ship: Ship) -> None:
    ship(numpy="shipped_tapes:namespace")
    problem = "tapecheck itself and my-tapes 1.2 all use; name one as shipped_tapes:namespace"
    for ask in (resolve, load):
        with pytest.raises(UsageError, match=problem):
            ask("numpy")
    assert load("shipped_tapes:namespace").name == "shipped_tapes:namespace"


def test_a_name_that_two_packages_use_means_neither(ship: Ship) -> None:
    ship("my-tapes", shared="shipped_tapes:namespace")
    ship("your-tapes", shared="shipped_tapes:Own")
    with pytest.raises(UsageError, match=r"my-tapes 1\.2 and your-tapes 1\.2 all use"):
        load("shared")


def test_a_distribution_that_lies_on_the_path_twice_is_one(
    ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ship(shipped="shipped_tapes:namespace")
    monkeypatch.syspath_prepend(str(place))
    assert [offer.origin for offer in packages.offers()["shipped"]] == ["my-tapes 1.2"]


def test_an_unknown_name_is_refused_with_close_ones_among_those_offered(ship: Ship) -> None:
    ship(shipped="shipped_tapes:namespace")
    with pytest.raises(UsageError, match="did you mean shipped"):
        resolve("shiped")


def test_offered_backends_are_listed_with_their_distribution(ship: Ship) -> None:
    place = ship(shipped="shipped_tapes:Own", numpy="shipped_tapes:namespace")
    listed = command(place, "list", "backends").split("\n")
    assert "shipped     shipped_tapes:Own" in "\n".join(listed)
    assert [line for line in listed if line.startswith("numpy")][-1].endswith("  my-tapes 1.2")
    assert "whose name is taken" in "\n".join(listed)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("tapecheck.tapes.numpy", "import tapecheck.tapes.numpy as tf"),
        ("shipped_tapes:Own", 'tf = load("shipped").namespace'),
    ],
)
def test_a_script_imports_an_offered_backend(ship: Ship, value: str, line: str) -> None:
    place = ship(shipped=value)
    script = command(
        place, "repro", "persistence.a_tape_answers_once", "--backend", "shipped", "--mode", "eager"
    )
    assert line in script.split("\n")


@pytest.mark.parametrize("name", sorted(set(KNOWN) - {"tensorflow"}))
def test_a_script_imports_a_tape_of_the_suite_by_its_place(tmp_path: Path, name: str) -> None:
    arguments = ["persistence.a_tape_answers_once", "--backend", name, "--mode", "eager"]
    script = command(tmp_path, "repro", *arguments)
    assert "import tapecheck.tapes.{} as tf".format(name) in script.split("\n")


def test_an_offered_backend_runs_in_every_worker(ship: Ship) -> None:
    place = ship(shipped="tapecheck.tapes.numpy")
    options = ["--chapter", "persistence", "--mode", "eager", "--level", "must", "-n", "2"]
    assert "numpy 0.1.0 conforms" in command(place, "run", "shipped", *options)


def command(folder: Path, *arguments: str) -> str:
    """What `tapecheck` prints, with the modules of a folder on the path."""
    package = str(Path(tapecheck.__file__).parents[1])
    program = "from tapecheck.cli import main; main(prog_name='tapecheck')"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=str(folder),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([package, str(folder)])},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    ).stdout
