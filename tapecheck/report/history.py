"""Runs in time: which are of the same thing on several nights, and what changed last."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from packaging.version import InvalidVersion, Version

from tapecheck.comparison import Comparison, compare
from tapecheck.history import name_of
from tapecheck.results import Run


class Night(NamedTuple):
    """The last run of something against the run before it, both by their numbers."""

    old: int
    new: int
    changes: Comparison


def ordered(runs: Sequence[Run]) -> List[Run]:
    """The runs by implementation, version and date."""
    return sorted(
        runs,
        key=lambda run: (
            run.header["backend"],
            version_order(run.header["version"]),
            run.header["started"],
        ),
    )


def version_order(version: str) -> Tuple[Any, ...]:
    """What versions are sorted by: those that can be read, and then the others by their text."""
    try:
        return (0, Version(version), version)
    except InvalidVersion:
        return (1, version)


def is_nightly(version: str) -> bool:
    """Whether it is one of the builds between two releases, such as ``2.22.0.dev20260101``."""
    try:
        return Version(version).is_devrelease
    except InvalidVersion:
        return False


def tracks(runs: Sequence[Run]) -> List[List[int]]:
    """The numbers of the runs that ask the same of the same, each from the oldest to the newest.

    The same is one implementation in one version, Python and machine, whatever suites there were;
    builds between releases count as one version.
    """
    found: Dict[str, List[int]] = {}
    for number, run in enumerate(runs):
        options = {**run.header["options"]}
        options.pop("suite", None)
        found.setdefault(name_of({**run.header, "options": options}), []).append(number)
    return [
        sorted(numbers, key=lambda number: (runs[number].header["started"], number))
        for numbers in found.values()
    ]


def newest(runs: Sequence[Run]) -> List[int]:
    """The number of the last run of each track, in the order of the runs."""
    return sorted(track[-1] for track in tracks(runs))


def nights(runs: Sequence[Run]) -> List[Night]:
    """The last night of each track that has several runs and is not stood in for."""
    return [
        Night(track[-2], track[-1], compare(runs[track[-2]], runs[track[-1]]))
        for track in tracks(runs)
        if len(track) > 1 and not runs[track[-1]].header.get("old")
    ]
