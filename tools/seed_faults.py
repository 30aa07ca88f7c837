"""Seed faults into an implementation's own Python code, one at a time, and see who notices.

How much a suite is worth is how many faults it notices that nobody told it of. Each fault changes
one place of one module in memory while it is imported: a condition negated, a statement or a
raise dropped, a constant swapped. Nothing on disk is touched.

    python tools/seed_faults.py tools/faults/tensorflow_tape.toml --count 40 --seed 1
    python tools/seed_faults.py tools/faults/tensorflow_tape.toml --show backprop.py:17

A campaign is a TOML file: `modules` with their dotted names, `skip` with the functions that no
public name leads to, each with the reason, and `commands`: what must fail, tried in order.
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
import os
import random
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Iterator

VARIABLE = "TAPECHECK_SEEDED_FAULT"
"""Environment variable: dotted name of the module, a colon, and the number of the fault."""


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


class _FaultyFinder(importlib.abc.MetaPathFinder):
    """Gives the one module its faulty loader; every other import goes its way."""

    def __init__(self, module: str, number: int) -> None:
        self._module = module
        self._number = number

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != self._module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is not None and found.origin is not None:
            found.loader = _FaultyLoader(fullname, found.origin, self._number)
        return found


def install() -> None:
    """Seed the fault that the environment names; called where this file is a pytest plugin."""
    name = os.environ.get(VARIABLE)
    if name:
        module, _, number = name.rpartition(":")
        sys.meta_path.insert(0, _FaultyFinder(module, int(number)))


if __name__ != "__main__":
    install()


def noticed(fault: Fault, commands: list[list[str]], timeout: float) -> str:
    """Which command noticed the fault, and how; an empty text where none did."""
    environment = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
        **{VARIABLE: fault.name},
    )
    for command in commands:
        arguments = [sys.executable if part == "python" else part for part in command]
        try:
            completed = subprocess.run(
                arguments, env=environment, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired:
            return "ran into the time limit"
        if completed.returncode:
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
    survivors = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        verdicts = pool.map(
            lambda fault: noticed(fault, campaign["commands"], arguments.timeout), chosen
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
