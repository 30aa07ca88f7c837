"""Seed faults into an implementation's own Python code, one at a time, and see who notices.

How much a suite is worth is how many faults it notices that nobody told it of. Each fault changes
one place of one module in memory while it is imported: a condition negated, a statement or a
raise dropped, a constant swapped. Nothing on disk is touched.

    python tools/seed_faults.py tools/faults/tensorflow_tape.toml --count 40 --seed 1
    python tools/seed_faults.py tools/faults/tensorflow_tape.toml --show
    python tools/seed_faults.py tools/faults/tensorflow_operators.toml --select reached.json

A campaign is a TOML file: `modules` with their dotted names, `skip` with the functions that no
public name leads to, each with the reason, and `commands`: what must fail, tried in order.
With --select each fault is shown only to the tests that call the function that holds it; which
those are is found out by one run of the commands without a fault, and kept in the file.
Exit code 0 when the campaign ran; the summary counts what was noticed and lists the survivors.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import copy
import dataclasses
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Callable, Iterator

VARIABLE = "TAPECHECK_SEEDED_FAULT"
"""Environment variable: dotted name of the module, a colon, and the number of the fault."""

WATCHED = "TAPECHECK_WATCHED_MODULES"
"""Environment variable: dotted names of modules whose calls are noted, separated by spaces."""

REACHED = "TAPECHECK_REACHED"
"""Environment variable: the file that tells by test which functions of them were called."""

SELECTED = "TAPECHECK_SELECTED_TESTS"
"""Environment variable: a file that names the tests to run, one a line; all others are left out."""

Reached = dict[str, list[str]]
"""Tests by the function that they call, named as ``module:Class.method``."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """One place in a module and what is done to it."""

    module: str
    number: int
    line: int
    function: str
    kind: str
    before: str
    after: str

    @property
    def name(self) -> str:
        return "{}:{}".format(self.module, self.number)

    def __str__(self) -> str:
        return "{} line {} in {}: {}: {!r} -> {!r}".format(
            self.name, self.line, self.function or "module", self.kind, self.before, self.after
        )


class _Sites(ast.NodeVisitor):
    """Every place that can be changed: the node, the field of its parent, and the replacement."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.AST, str, int | None, ast.AST, str, str]] = []
        self._functions: list[str] = []

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self._functions.append(node.name)
        for field, value in ast.iter_fields(node):
            children = value if isinstance(value, list) else [value]
            for index, child in enumerate(children):
                if not isinstance(child, ast.AST) or _is_docstring(node, field, index, child):
                    continue
                place = index if isinstance(value, list) else None
                self._offer(node, field, place, child)
                if field not in ("decorator_list", "annotation", "returns"):
                    self.visit(child)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self._functions.pop()

    def _offer(self, parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
        function = ".".join(self._functions)
        for kind, replacement in _replacements(parent, field, node):
            self.found.append((parent, field, index, replacement, kind, function))


def _is_docstring(parent: ast.AST, field: str, index: int, node: ast.AST) -> bool:
    return field == "body" and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replacements(parent: ast.AST, field: str, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if field == "test" and isinstance(parent, (ast.If, ast.IfExp, ast.While, ast.Assert)):
        yield "negated condition", ast.UnaryOp(ast.Not(), copy.deepcopy(node))  # type: ignore
    if isinstance(node, ast.Raise):
        yield "dropped raise", ast.Pass()
    elif isinstance(node, (ast.Expr, ast.Assign, ast.AugAssign, ast.Delete)):
        yield "dropped statement", ast.Pass()
    if isinstance(node, ast.Constant) and field != "format_spec":
        if isinstance(node.value, bool):
            yield "swapped constant", ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield "swapped constant", ast.Constant(1 if node.value == 0 else 0)


def _sites(tree: ast.Module) -> list[tuple[ast.AST, str, int | None, ast.AST, str, str]]:
    sites = _Sites()
    sites.visit(tree)
    return sites.found


def faults_of(module: str) -> list[Fault]:
    """All faults that can be seeded into a module, numbered in the order of its source."""
    found = []
    for number, site in enumerate(_sites(ast.parse(_source_path(module).read_text()))):
        parent, field, index, replacement, kind, function = site
        value = getattr(parent, field)
        node = value if index is None else value[index]
        before, after = (" ".join(ast.unparse(one).split())[:90] for one in (node, replacement))
        found.append(Fault(module, number, node.lineno, function, kind, before, after))
    return found


def _source_path(module: str) -> Path:
    """The file of a module, found without importing the package that holds it."""
    package, *rest = module.split(".")
    origin = importlib.util.find_spec(package)
    assert origin is not None
    assert origin.submodule_search_locations
    return Path(origin.submodule_search_locations[0], *rest).with_suffix(".py")


class _FaultyLoader(importlib.machinery.SourceFileLoader):
    """Compiles a module with one fault in it."""

    def __init__(self, fullname: str, path: str, number: int) -> None:
        super().__init__(fullname, path)
        self._number = number

    def get_code(self, fullname: str) -> Any:
        tree = ast.parse(Path(self.path).read_bytes())
        parent, field, index, replacement, _, _ = _sites(tree)[self._number]
        if index is None:
            ast.copy_location(replacement, getattr(parent, field))
            setattr(parent, field, replacement)
        else:
            ast.copy_location(replacement, getattr(parent, field)[index])
            getattr(parent, field)[index] = replacement
        return compile(ast.fix_missing_locations(tree), self.path, "exec")


_called: set[str] = set()
"""The watched functions that were called since the test began."""


class _WatchingLoader(importlib.machinery.SourceFileLoader):
    """Compiles a module whose functions note that they are called."""

    def get_code(self, fullname: str) -> Any:
        tree = ast.parse(Path(self.path).read_bytes())
        for name, function in _functions(tree):
            call = "__import__('seed_faults')._called.add({!r})".format(fullname + ":" + name)
            note = ast.parse(call).body[0]
            place = 1 if ast.get_docstring(function) is not None else 0
            function.body.insert(place, note)
        return compile(ast.fix_missing_locations(tree), self.path, "exec")


def _functions(node: ast.AST, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """All functions below a node, with the names that `Fault.function` has."""
    for child in ast.iter_child_nodes(node):
        inner = names
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            inner = (*names, child.name)
            if isinstance(child, ast.FunctionDef):
                yield ".".join(inner), child
        yield from _functions(child, inner)


class _Finder(importlib.abc.MetaPathFinder):
    """Gives some modules loaders of their own; every other import goes its way."""

    def __init__(self, modules: set[str], loader: Callable[[str, str], Any]) -> None:
        self._modules = modules
        self._loader = loader

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in self._modules:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is not None and found.origin is not None:
            found.loader = self._loader(fullname, found.origin)
        return found


def install() -> None:
    """Seed or watch what the environment names; called where this file is a pytest plugin."""
    name = os.environ.get(VARIABLE)
    if name:
        module, _, number = name.rpartition(":")
        finder = _Finder({module}, lambda name, path: _FaultyLoader(name, path, int(number)))
        sys.meta_path.insert(0, finder)
    if os.environ.get(WATCHED):
        sys.meta_path.insert(0, _Finder(set(os.environ[WATCHED].split()), _WatchingLoader))


if __name__ != "__main__":
    install()


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out the tests that are not selected."""
    if SELECTED in os.environ:
        selected = set(Path(os.environ[SELECTED]).read_text().splitlines())
        config.hook.pytest_deselected(items=[i for i in items if i.nodeid not in selected])
        items[:] = [item for item in items if item.nodeid in selected]


def pytest_runtest_logstart() -> None:
    """What a test calls from now on is its own."""
    _called.clear()


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write down what the test called."""
    if REACHED in os.environ:
        with open(os.environ[REACHED], "a") as file:
            file.write(json.dumps([nodeid, sorted(_called)]) + "\n")


def _environment(**variables: str) -> dict[str, str]:
    """That of a command, in which this file can be imported as a plugin."""
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    return dict(os.environ, PYTHONPATH=path, **variables)


def _arguments(command: list[str]) -> list[str]:
    return [sys.executable if part == "python" else part for part in command]


def reached(modules: list[str], commands: list[list[str]]) -> Reached:
    """Which tests call which functions, by a run of the commands without a fault."""
    found: Reached = {}
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "reached.jsonl"
        environment = _environment(**{WATCHED: " ".join(modules), REACHED: str(notes)})
        for command in commands:
            subprocess.run(_arguments(command), env=environment, capture_output=True, check=True)
        for line in notes.read_text().splitlines():
            test, functions = json.loads(line)
            for function in functions:
                found.setdefault(function, []).append(test)
    return found


def _tests_of(fault: Fault, tests: Reached) -> list[str] | None:
    """The tests that call the function of a fault; None where it is in none."""
    functions = {name for name, _ in _functions(ast.parse(_source_path(fault.module).read_text()))}
    if fault.function not in functions:
        return None
    return tests.get("{}:{}".format(fault.module, fault.function), [])


def noticed(
    fault: Fault, commands: list[list[str]], timeout: float, tests: list[str] | None = None
) -> str:
    """Which command noticed the fault, and how; an empty text where none did.

    Args:
        tests: the only ones to run, or None for all that the commands name.
    """
    if tests == []:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        variables = {VARIABLE: fault.name}
        if tests is not None:
            variables[SELECTED] = str(Path(folder) / "tests")
            Path(variables[SELECTED]).write_text("\n".join(tests))
        return _noticed(commands, _environment(**variables), timeout)


_NO_TESTS = 5
"""Exit code of pytest where all tests were left out."""


def _noticed(commands: list[list[str]], environment: dict[str, str], timeout: float) -> str:
    for command in commands:
        try:
            completed = subprocess.run(
                _arguments(command),
                env=environment,
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return "ran into the time limit"
        if completed.returncode not in (0, _NO_TESTS):
            lines = [
                line
                for line in (completed.stdout + completed.stderr).splitlines()
                if line.startswith(("FAILED", "ERROR", "tapecheck:"))
            ]
            return (lines or completed.stdout.splitlines()[-1:] or ["no output"])[0][:160]
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("campaign", type=Path)
    parser.add_argument("--count", type=int, default=40, help="how many faults (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds per command")
    parser.add_argument("--everywhere", action="store_true", help="in skipped functions too")
    parser.add_argument("--select", type=Path, metavar="FILE", help="show a fault to who calls it")
    parser.add_argument("--show", action="store_true", help="list the faults, run nothing")
    arguments = parser.parse_args()
    campaign = tomllib.loads(arguments.campaign.read_text())
    skipped = {entry["function"] for entry in campaign.get("skip", [])}
    faults = [
        fault
        for module in campaign["modules"]
        for fault in faults_of(module)
        if arguments.everywhere or fault.function.split(".")[0] not in skipped
    ]
    print("{} faults can be seeded".format(len(faults)))
    if arguments.count:
        chosen = random.Random(arguments.seed).sample(faults, min(arguments.count, len(faults)))
    else:
        chosen = faults
    if arguments.show:
        print("\n".join(str(fault) for fault in chosen))
        return 0
    tests: Reached | None = None
    if arguments.select:
        if not arguments.select.exists():
            found = reached(campaign["modules"], campaign["commands"])
            arguments.select.write_text(json.dumps(found))
        tests = json.loads(arguments.select.read_text())
    survivors = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        verdicts = pool.map(
            lambda fault: noticed(
                fault,
                campaign["commands"],
                arguments.timeout,
                None if tests is None else _tests_of(fault, tests),
            ),
            chosen,
        )
        for fault, verdict in zip(chosen, verdicts, strict=True):
            print("{} {}".format("noticed " if verdict else "SURVIVED", fault))
            print("         {}".format(verdict), flush=True)
            if not verdict:
                survivors.append(fault)
    print("noticed {} of {}".format(len(chosen) - len(survivors), len(chosen)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
