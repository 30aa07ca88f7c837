"""Known deviations: where an implementation breaks a promise, with the reason and a link.

A deviations file is TOML, one ``[[deviation]]`` an entry. It is strict both ways: a listed case
that fails otherwise is a failure, one that passes is ``fixed`` and its entry must go; only where a
suite draws by another seed than the default one, it may pass. What several clauses break for one
reason is one entry, whose ``messages`` tell by clause how each fails.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Pattern, Tuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from tapecheck.errors import DataError
from tapecheck.modes import MODES
from tapecheck.results import ERROR, FAIL
from tapecheck.textfile import read_text
from tapecheck.toml import line_in, parse_toml

SHIPPED = Path(__file__).parent / "backends" / "deviations"
"""Where the suite keeps the deviations of the backends that it knows, one file a backend."""

HEADER = "[[deviation]]"
"""What an entry begins with."""

UNREVIEWED = "unreviewed"
"""The reason and the link of an entry that a tool wrote and that nobody looked at yet."""

MESSAGES = "messages"
"""What tells of several clauses, in the place of ``clause`` and ``message``."""

_OF_ONE = ("clause", "message")
_REQUIRED = ("reason", "link")
_TEXTS = (*_OF_ONE, *_REQUIRED, "versions", "verdict")
_LISTS = ("modes", "devices")


class Deviation(NamedTuple):
    """One entry, or what an entry says of one of its clauses.

    Attributes:
        clause: id of the clause that fails; in it ``*`` stands for any text, and then all clauses
            that it fits fail so.
        message: words that the failure shows, so that another failure is not taken for it.
        reason: why it fails, for a reader.
        link: where that is documented or discussed.
        verdict: ``fail`` for a wrong value or behaviour, ``error`` for an unexpected exception.
        versions: the versions of the implementation that deviate, such as ``>=2.4,<2.11``.
        modes: the modes in which it fails; empty for all.
        devices: the kinds of device on which it fails, such as ``GPU``; empty for all.
    """

    clause: str
    message: str
    reason: str
    link: str
    verdict: str = FAIL
    versions: str = ""
    modes: Tuple[str, ...] = ()
    devices: Tuple[str, ...] = ()

    @property
    def reviewed(self) -> bool:
        """Whether a person has said why it fails."""
        return UNREVIEWED not in (self.reason, self.link)

    def concerns(self, clause: str, mode: str, device: str, version: str) -> bool:
        """Whether the case is one that this entry speaks of."""
        return (
            (self.clause == clause or ("*" in self.clause and _fits(self.clause, clause)))
            and (not self.modes or mode in self.modes)
            and (not self.devices or device.partition(":")[0] in self.devices)
            and _includes(self.versions, version)
        )

    def explains(self, verdict: str, text: str) -> bool:
        """Whether the failure is the expected one."""
        return verdict == self.verdict and self.message.lower() in text.lower()


def shipped_file(backend: str) -> Optional[Path]:
    """The deviations that the suite keeps for `backend`, or None."""
    return next((file for file in SHIPPED.glob("*.toml") if file.stem == backend), None)


def read_deviations(path: Path) -> List[Deviation]:
    """The entries of a deviations file.

    Raises:
        DataError: naming file and line of what is wrong.
    """
    return parse_deviations(path, read_text(path))


def parse_deviations(path: Path, text: str) -> List[Deviation]:
    """The entries in a text, each clause for itself; `path` is where it is from, for complaints.

    Raises:
        DataError: naming file and line of what is wrong.
    """
    return [one for entry in parse_entries(path, text) for one in entry]


def parse_entries(path: Path, text: str) -> List[List[Deviation]]:
    """The same, as the entries are written: what each says of each of its clauses.

    Raises:
        DataError: naming file and line of what is wrong.
    """
    tables = parse_toml(path, text)
    unknown = sorted(set(tables) - {"deviation"})
    if unknown:
        raise DataError(path, None, "unknown table {!r}, entries are {}".format(unknown[0], HEADER))
    entries = tables.get("deviation", [])
    if not isinstance(entries, list):
        raise DataError(path, line_in(text, "[deviation]", 0), "entries are " + HEADER)
    return [_entry(path, text, index, entry) for index, entry in enumerate(entries)]


def _entry(path: Path, text: str, index: int, entry: Dict[str, Any]) -> List[Deviation]:
    problem = _problem(entry)
    if problem:
        raise DataError(path, line_in(text, HEADER, index), problem)
    shared = {**entry, **{name: tuple(entry[name]) for name in _LISTS if name in entry}}
    messages = shared.pop(MESSAGES, None)
    if messages is None:
        return [Deviation(**shared)]
    return [Deviation(clause, message, **shared) for clause, message in messages.items()]


def _problem(entry: Any) -> str:
    """What is wrong with an entry, or an empty text."""
    if not isinstance(entry, dict):
        return "an entry is a table"
    of_one = () if MESSAGES in entry else _OF_ONE
    for name in (*of_one, *_REQUIRED):
        if name not in entry:
            return "the deviation has no {!r}".format(name)
    for name, value in entry.items():
        if name in _TEXTS:
            if not _is_text(value):
                return "{!r} must be a text that is not empty".format(name)
        elif name == MESSAGES:
            if set(_OF_ONE) & set(entry):
                return "'messages' stand in the place of 'clause' and 'message'"
            if not isinstance(value, dict) or not value or not all(map(_is_text, value.values())):
                return "'messages' must give each clause a text that is not empty"
        elif name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                return "{!r} must be a list of texts".format(name)
        else:
            return "unknown key {!r}".format(name)
    if entry.get("verdict", FAIL) not in (FAIL, ERROR):
        return "'verdict' is {!r}, must be fail or error".format(entry["verdict"])
    for mode in entry.get("modes", []):
        if mode not in MODES:
            return "unknown mode {!r}".format(mode)
    try:
        SpecifierSet(entry.get("versions", ""))
    except InvalidSpecifier:
        return "'versions' is no version range: {!r}".format(entry["versions"])
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _fits(pattern: str, clause: str) -> bool:
    return _compiled(pattern).fullmatch(clause) is not None


@functools.lru_cache(maxsize=None)
def _compiled(pattern: str) -> Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))


def _includes(versions: str, version: str) -> bool:
    if not versions:
        return True
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False
