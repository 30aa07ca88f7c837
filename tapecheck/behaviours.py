"""The documented behaviours of a gradient tape, and where each is documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional, Tuple

from tapecheck.clause import LEVELS
from tapecheck.errors import DataError
from tapecheck.standard import root
from tapecheck.toml import read_toml

_ID = re.compile(r"([A-Z]{3})-\d{2}\Z")


class Document(NamedTuple):
    """Something that behaviours cite; `url` is empty where there is no address."""

    title: str
    url: str = ""


class Source(NamedTuple):
    """A place in a document; `at` is empty where the whole document is meant."""

    document: Document
    at: str = ""

    def citation(self) -> str:
        """For example ``tf.GradientTape, API documentation (class doc) <https://...>``."""
        place = " ({})".format(self.at) if self.at else ""
        address = " <{}>".format(self.document.url) if self.document.url else ""
        return self.document.title + place + address


class Behaviour(NamedTuple):
    """One documented behaviour.

    Attributes:
        id: area and number, such as ``PER-02``.
        statement: what a tape does.
        level: one of `tapecheck.clause.LEVELS`.
        needs: the capabilities without which it cannot be checked.
        sources: where it is documented, at least one place.
        note: why it has this level, or what it leaves out, where that needs a word; perhaps empty.
    """

    id: str
    statement: str
    level: str
    needs: Tuple[str, ...]
    sources: Tuple[Source, ...]
    note: str = ""

    @property
    def area(self) -> str:
        return self.id.split("-", 1)[0]

    def citation(self) -> str:
        """All its sources in one line."""
        return "; ".join(source.citation() for source in self.sources)


class Behaviours(Mapping[str, Behaviour]):
    """Behaviours by id, in the order of the file.

    Attributes:
        areas: the title of each area, by the first part of an id.
        documents: what the behaviours cite, by the name that the file gives it.
    """

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour],
        areas: Mapping[str, str],
        documents: Mapping[str, Document],
    ) -> None:
        self._behaviours = behaviours
        self.areas = areas
        self.documents = documents

    def __getitem__(self, name: str) -> Behaviour:
        return self._behaviours[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._behaviours)

    def __len__(self) -> int:
        return len(self._behaviours)


def load(path: Optional[Path] = None) -> Behaviours:
    """The behaviours in a file, by default those of the standard (``spec/sources.toml``).

    Raises:
        DataError: naming file and line of what is wrong.
    """
    if path is None:
        path = root() / "spec" / "sources.toml"
    tables = read_toml(path)
    place = ""
    try:
        for place in tables:
            if place not in _TABLES:
                raise _BrokenError("unknown table {!r}".format(place))
        for place in _TABLES:
            if not isinstance(tables.get(place), dict):
                raise _BrokenError("there is no table {!r}".format(place))
        areas = {}
        for name, table in tables["areas"].items():
            place = "areas." + name
            areas[name] = _fields(table, title=str)["title"]
        documents = {}
        for name, table in tables["documents"].items():
            place = "documents." + name
            documents[name] = _document(table)
        behaviours = {}
        for name, table in tables["behaviours"].items():
            place = "behaviours." + name
            behaviours[name] = _behaviour(name, table, areas, documents)
    except _BrokenError as error:
        raise DataError(path, _line(path, place), "{}: {}".format(place, error)) from None
    return Behaviours(behaviours, areas, documents)


_TABLES = ("documents", "areas", "behaviours")


class _BrokenError(Exception):
    """What is wrong in the table that is being read."""


def _fields(table: Any, **types: type) -> Dict[str, Any]:
    """The table itself, when it has exactly these keys with values of these types."""
    if not isinstance(table, dict):
        raise _BrokenError("must be a table")
    for key in table:
        if key not in types:
            raise _BrokenError("unknown key {!r}".format(key))
    for key, wanted in types.items():
        if key not in table:
            raise _BrokenError("{!r} is missing".format(key))
        if not isinstance(table[key], wanted):
            raise _BrokenError("{!r} must be {}".format(key, _NAMES[wanted]))
    return table


_NAMES: Dict[type, str] = {str: "a string", list: "a list"}


def _document(table: Any) -> Document:
    if isinstance(table, dict) and "url" in table:
        return Document(**_fields(table, title=str, url=str))
    return Document(**_fields(table, title=str))


def _behaviour(
    name: str, table: Any, areas: Mapping[str, str], documents: Mapping[str, Document]
) -> Behaviour:
    match = _ID.match(name)
    if not match:
        raise _BrokenError("an id is an area and two digits, such as PER-02")
    if match.group(1) not in areas:
        raise _BrokenError("unknown area {!r}".format(match.group(1)))
    optional = {"note": str} if isinstance(table, dict) and "note" in table else {}
    _fields(table, statement=str, level=str, needs=list, sources=list, **optional)
    for key in ("statement", *optional):
        if not table[key]:
            raise _BrokenError("{!r} is empty".format(key))
    if table["level"] not in LEVELS:
        raise _BrokenError("level {!r} is none of {}".format(table["level"], ", ".join(LEVELS)))
    for capability in table["needs"]:
        if not isinstance(capability, str):
            raise _BrokenError("'needs' must hold strings")
    if not table["sources"]:
        raise _BrokenError("'sources' is empty")
    sources = tuple([_source(source, documents) for source in table["sources"]])
    return Behaviour(
        id=name,
        statement=table["statement"],
        level=table["level"],
        needs=tuple(table["needs"]),
        sources=sources,
        note=table.get("note", ""),
    )


def _source(table: Any, documents: Mapping[str, Document]) -> Source:
    _fields(table, document=str, at=str)
    if table["document"] not in documents:
        raise _BrokenError("unknown document {!r}".format(table["document"]))
    return Source(documents[table["document"]], table["at"])


def _line(path: Path, table: str) -> Optional[int]:
    """The line on which a table or key begins, or None where it has no line of its own."""
    start = re.compile(r"\s*\[?\s*{}\s*[\].=]".format(re.escape(table)))
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if start.match(line.replace('"', "")):
                return number
    return None
