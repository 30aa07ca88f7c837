"""The environments that run the standard, one for each implementation and version, from tox.ini.

tox.ini is the one list: an environment is there if a command of ``[testenv]`` is ``tapecheck run``
for its factors.
"""

from __future__ import annotations

import configparser
import fnmatch
import itertools
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from tapecheck.errors import DataError, UsageError
from tapecheck.textfile import read_text

_BRACES = re.compile(r"\{([\w.,]+)\}")
_CONDITION = re.compile(r"([\w.{},!-]+):\s+(.*)$")
_RUNS = re.compile(r"tapecheck run (\S+)")
_ADDED = re.compile(r"(\w+)-!([\w.]+)$")


class Environment(NamedTuple):
    """One environment of tox.

    Attributes:
        python: the newest Python that it takes, such as ``3.12``; empty where any will do.
        backend: what `tapecheck run` is given in it.
    """

    name: str
    python: str
    backend: str


def environments(path: Path) -> List[Environment]:
    """The environments of a tox.ini that run the standard, in its order.

    Raises:
        DataError: the file is no tox.ini, or has no such environment.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
    except configparser.Error as error:
        line = getattr(error, "lineno", None)
        raise DataError(path, line, str(error).split("\n")[0]) from error
    section = parser["testenv"] if parser.has_section("testenv") else {}
    pythons = dict(_conditional(section.get("base_python", "")))
    # A factor that others exclude, as in tf-!nightly, comes after those: tf-nightly.
    after = {
        match.group(2): match.group(1)
        for factors, _ in _conditional(section.get("deps", ""))
        for match in [_ADDED.match(factors)]
        if match
    }
    found: Dict[str, Environment] = {}
    for factor, command in _conditional(section.get("commands", "")):
        match = _RUNS.search(command)
        if match:
            name = "{}-{}".format(after[factor], factor) if factor in after else factor
            python = pythons.get(factor, "").partition(",")[0].strip()
            number = python[len("python") :] if python.startswith("python") else ""
            found[name] = Environment(name, number, match.group(1))
    if not found:
        raise DataError(path, None, "no environment runs `tapecheck run`")
    return list(found.values())


def matrix(
    chosen: Sequence[Environment],
    shards: int = 1,
    default_python: str = "",
    profiles: Mapping[str, str] = MappingProxyType({}),
) -> Dict[str, Any]:
    """The jobs for a CI, as ``strategy.matrix`` of GitHub Actions takes them.

    Args:
        shards: into how many jobs the run of each environment is split.
        default_python: for environments that any Python will do for.
        profiles: by which profile an environment runs the suites beside the standard, by its
            name; those that are not named run the standard alone.
    """
    return {
        "include": [
            {
                "environment": one.name,
                "backend": one.backend,
                "python": one.python or default_python,
                "profile": profiles.get(one.name, ""),
                "shard": "{}/{}".format(number, shards),
                "name": one.name if shards == 1 else "{} {}/{}".format(one.name, number, shards),
                "artifact": "{}-{}".format(one.name, number),
            }
            for one, number in itertools.product(chosen, range(1, shards + 1))
        ]
    }


def choose(known: Sequence[Environment], patterns: Sequence[str]) -> List[Environment]:
    """Those whose names match one of the patterns, such as ``tf2.1*``; all where there is none.

    Raises:
        UsageError: a pattern matches nothing.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(one.name, pattern) for one in known):
            names = ", ".join(one.name for one in known)
            raise UsageError("no environment {!r}, there are {}".format(pattern, names))
    return [
        one
        for one in known
        if not patterns or any(fnmatch.fnmatchcase(one.name, pattern) for pattern in patterns)
    ]


def _conditional(text: str) -> Iterator[Tuple[str, str]]:
    """Factors and value of each conditional line, a line for each factor that it names."""
    for line in text.split("\n"):
        match = _CONDITION.match(line.strip())
        if match and not line.strip().startswith("#"):
            for factors in _expanded(match.group(1)):
                yield factors, match.group(2)


def _expanded(factors: str) -> List[str]:
    """``tf2.{0,1},nightly`` as ``tf2.0``, ``tf2.1`` and ``nightly``."""
    found = []
    for part in re.findall(r"(?:[^,{]|\{[^}]*\})+", factors):
        pieces = [
            piece.split(",") if index % 2 else [piece]
            for index, piece in enumerate(_BRACES.split(part))
        ]
        found += ["".join(chosen) for chosen in itertools.product(*pieces)]
    return found
