"""Result files of one implementation that hold different cases, such as suites, as one run."""

from __future__ import annotations

import json
from typing import Dict, List, Optional, Sequence, Set

from tapecheck.comparison import restricted
from tapecheck.errors import TapecheckError
from tapecheck.merging import merge
from tapecheck.results import Key, Record, Run

_SAME = ("backend", "version", "suite_version", "python", "devices", "lacks")


def joined(runs: Sequence[Run]) -> List[Run]:
    """The runs, those that tell of the same thing in different suites or shards joined into one.

    A run is joined with the last one before it, by date, of the same implementation, version and
    surroundings, where the two share no case: a second night stays a run of its own. What is
    incomplete, or asks for less than whole suites or shards, stays as it is.

    Raises:
        UsageError: of a run in shards some are missing.
    """
    whole: Dict[str, List[int]] = {}
    found: List[List[Run]] = []
    held: List[Set[Key]] = []
    for run in sorted(runs, key=lambda one: str(one.header["started"])):
        keys = {case.key for case in run.cases}
        before: List[int] = []
        if run.complete and not set(restricted(run.header)) - {"suite", "shard"}:
            before = whole.setdefault(_identity(run.header), [])
        if before and not held[before[-1]] & keys and _alike([*found[before[-1]], run]):
            found[before[-1]].append(run)
            held[before[-1]] |= keys
        else:
            before.append(len(found))
            found.append([run])
            held.append(keys)
    return [_one(group) for group in found]


def _identity(header: Record) -> str:
    system = str(header["platform"]).partition("-")[0]
    return json.dumps([system, *(header[name] for name in _SAME)])


def _alike(group: List[Run]) -> bool:
    """Whether these are parts of one run; of shards, so far as there are any."""
    sharded = [bool(run.header["options"].get("shard")) for run in group]
    return all(sharded) or (not any(sharded) and _merged(group) is not None)


def _merged(group: List[Run]) -> Optional[Run]:
    try:
        return merge(group)
    except TapecheckError:
        return None


def _one(group: List[Run]) -> Run:
    if len(group) == 1 and not group[0].header["options"].get("shard"):
        return group[0]
    run = merge(group)
    if not run.leaks and any(part.leaks is None for part in group):
        # A part that did not look for leaks does not rule them out.
        return run._replace(leaks=None)
    return run
