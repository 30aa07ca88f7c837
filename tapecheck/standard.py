"""The standard as data: where its folders are, and the clauses that its chapters hold."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import inspect
import types
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from tapecheck.clause import Clause, clause_of
from tapecheck.errors import UsageError
from tapecheck.toml import read_toml

SPEC = "spec"
"""The folder of the standard, and the name of its suite in results."""

SUITES = "suites"
"""The folder of what no single clause can say; each folder in it that holds clauses is a suite."""

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder that holds ``spec``, ``suites`` and ``conftest.py``.

    In a checkout that is the folder above the package; an installed wheel carries them inside.
    """
    carried = _PACKAGE / "standard_files"
    return carried if carried.is_dir() else _PACKAGE.parent


def folder_of(suite: str) -> Path:
    """Where the files of a suite are."""
    return root() / suite if suite == SPEC else root() / SUITES / suite


def suites() -> List[str]:
    """The standard, and the suites beside it."""
    files = sorted((root() / SUITES).glob("*/[!_]*.py"))
    return [SPEC, *dict.fromkeys(file.parent.name for file in files)]


def chapters(suite: str) -> List[str]:
    """The names of the files of a suite that hold clauses."""
    return sorted(file.stem for file in folder_of(suite).glob("[!_]*.py"))


class Chapter(NamedTuple):
    """One file of the standard: its name, the first line of its docstring, its clauses."""

    name: str
    title: str
    path: Path
    module: types.ModuleType


class Entry(NamedTuple):
    """A clause, the function that checks it, and the chapter that it stands in."""

    clause: Clause
    function: Callable[..., None]
    chapter: Chapter

    @property
    def code(self) -> str:
        """The source of the clause, decorator included."""
        return inspect.getsource(self.function)

    @property
    def line(self) -> int:
        return int(self.function.__code__.co_firstlineno)


class Standard(NamedTuple):
    """All chapters and clauses, in the order of ``spec/chapters.toml`` and of the code."""

    chapters: List[Chapter]
    entries: Dict[str, Entry]

    def find(self, clause: str) -> Entry:
        """The entry of a clause id, be it of the standard or of a suite beside it.

        The id of one row of a parametrised clause means the clause.

        Raises:
            UsageError: there is no such clause; the message names close ones.
        """
        name = clause.partition("[")[0]
        if name in self.entries:
            return self.entries[name]
        beside = _beside_the_standard(name.partition(".")[0])
        if name in beside:
            return beside[name]
        close = difflib.get_close_matches(clause, self.entries, n=3)
        hint = ", did you mean {}?".format(" or ".join(close)) if close else ""
        raise UsageError("no clause {!r}{}".format(clause, hint))


@functools.lru_cache(maxsize=None)
def load_standard() -> Standard:
    """Read every chapter. Needs no implementation."""
    chapters = [_chapter(path) for path in _ordered(folder_of(SPEC))]
    return Standard(chapters, _entries(chapters))


@functools.lru_cache(maxsize=None)
def _beside_the_standard(chapter: str) -> Dict[str, Entry]:
    """What the suites' chapters of a name hold. The others are not read: they may need much."""
    return _entries(
        [
            _chapter(folder_of(suite) / (chapter + ".py"))
            for suite in suites()[1:]
            if chapter in chapters(suite)
        ]
    )


def _entries(chapters: List[Chapter]) -> Dict[str, Entry]:
    found: Dict[str, Entry] = {}
    for chapter in chapters:
        for function in _functions(chapter.module):
            clause = clause_of(function)
            if clause is not None:
                found[clause.id] = Entry(clause, function, chapter)
    return found


def _ordered(folder: Path) -> List[Path]:
    """The chapters of a folder: first those that its ``chapters.toml`` names, then the others."""
    names = read_toml(folder / "chapters.toml")["chapters"]
    place = {name: number for number, name in enumerate(names)}
    return sorted(folder.glob("*.py"), key=lambda path: (place.get(path.stem, len(place)), path))


@functools.lru_cache(maxsize=None)
def _chapter(path: Path) -> Chapter:
    specification = importlib.util.spec_from_file_location("tapecheck_spec_" + path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    title = (inspect.getdoc(module) or path.stem).split("\n")[0]
    return Chapter(path.stem, title, path, module)


def _functions(module: types.ModuleType) -> List[Any]:
    members = [value for value in vars(module).values() if isinstance(value, types.FunctionType)]
    return [one for one in members if one.__module__ == module.__name__]


def clause_in(path: Path, function: str) -> Optional[Clause]:
    """The clause that the test `function` of the file `path` declares, or None."""
    return clause_of(getattr(_chapter(path).module, function, None))
