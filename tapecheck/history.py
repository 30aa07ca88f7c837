"""Results of many nights in one folder: what came tonight, and what stands in where nothing came.

The folder is flat: a file for each run, named by implementation, version, Python, machine and
night. Where tonight brought no complete run, the last complete one stands in: its header says so,
by ``old``, which is the night that it stands in for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from tapecheck.comparison import Comparison, compare, restricted
from tapecheck.errors import DataError, UsageError
from tapecheck.merging import merge
from tapecheck.results import BREAKING, PathLike, Record, Run, read, write

WHOLE = "whole"
INCOMPLETE = "incomplete"
ABSENT = "absent"

_MARK = "@"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_PROCESSORS = re.compile(r"x86_64|AMD64|aarch64|arm64|i686|ppc64le|s390x")


class Tonight(NamedTuple):
    """What there is of one implementation, version and machine.

    Attributes:
        name: of these.
        state: `WHOLE`, `INCOMPLETE` or `ABSENT`.
        run: the run of tonight, complete or not; None where it is absent.
        before: the last complete run of an earlier night, which stands in where tonight's is not
            whole; None where there is none.
        changes: what changed since then; None where that cannot be told.
    """

    name: str
    state: str
    run: Optional[Run]
    before: Optional[Run]
    changes: Optional[Comparison]

    @property
    def good(self) -> bool:
        """Whether tonight brought all there was to bring, and broke nothing that was whole.

        Without an earlier run all that is broken is.
        """
        if self.state != WHOLE or self.run is None:
            return False
        if self.changes is None:
            return not set(self.run.counts()) & BREAKING
        return not self.changes.regressions


def collect(
    files: Sequence[Path], into: PathLike, night: Optional[str] = None, keep: int = 30
) -> List[Tonight]:
    """Put the runs of tonight, shards merged, into the history, and compare each to the last one.

    Args:
        files: the result files of tonight.
        into: the folder of the history; made where it is missing.
        night: its date, as ``2026-11-23``; by default that of the run that started last.
        keep: how many nights are kept. What came in none of them is forgotten.

    Raises:
        UsageError: the night is no date, or the folder cannot be written to.
        DataError: a file is no result file, or parts of a run hold a case twice.
    """
    folder = Path(into)
    runs = [read(file) for file in files]
    if night is None and runs:
        night = max(str(run.header["started"]) for run in runs)[:10]
    if night is None or not _DATE.match(night):
        raise UsageError("no night {!r}, must be such as 2026-11-23".format(night))
    earlier = _earlier(folder, night)
    tonight = _merged(runs)
    found = []
    for name in sorted({*tonight, *earlier}):
        came = tonight.get(name)
        whole = [run for _, run in earlier.get(name, []) if run.complete]
        before = whole[-1] if whole else None
        state = ABSENT if came is None else WHOLE if came.complete else INCOMPLETE
        changes = compare(before, came) if came and before and state == WHOLE else None
        found.append(Tonight(name, state, came, before, changes))
    _store(folder, night, found)
    _forget(folder, keep)
    return found


def name_of(header: Record) -> str:
    """What a run is compared to from night to night: implementation, version, Python, machine.

    A nightly build has another version each night, and is the same thing. A run that was asked for
    less than all is named by that, too.
    """
    version = re.sub(r"(\.?dev)\d+.*", r"\1", str(header["version"]))
    python = ".".join(str(header["python"]).split(".")[:2])
    platform = str(header["platform"])
    processor = _PROCESSORS.search(platform)
    machine = platform.partition("-")[0] + ("-" + processor.group() if processor else "")
    words = [str(header["backend"]), version, "py" + python, machine]
    words += sorted({str(name).partition(":")[0] for name in header["devices"]} - {"CPU"})
    words += [
        "{}={}".format(name, value.replace(", ", "+"))
        for name, value in restricted(header).items()
        if name != "shard"
    ]
    return re.sub(r"[^A-Za-z0-9.+_=-]+", "_", "-".join(words))[:150]


def night_of(path: PathLike) -> str:
    """The night of a file of the history; empty where its name tells none."""
    date = Path(path).stem.rpartition(_MARK)[2]
    return date if _DATE.match(date) else ""


def _merged(runs: Sequence[Run]) -> Dict[str, Run]:
    """The runs by their names; of a run in shards that lacks some, what there is."""
    groups: Dict[str, List[Run]] = {}
    for run in runs:
        groups.setdefault(name_of(run.header), []).append(run)
    return {
        name: merge(group, allow_incomplete=True) if _is_split(group) else group[0]
        for name, group in groups.items()
    }


def _is_split(group: Sequence[Run]) -> bool:
    sharded = [bool(run.header["options"].get("shard")) for run in group]
    if len(group) > 1 and not all(sharded):
        places = ", ".join(run.path for run in group)
        raise UsageError("several runs of the same thing in one night: {}".format(places))
    return all(sharded)


def _earlier(folder: Path, night: str) -> Dict[str, List[Tuple[str, Run]]]:
    """The runs of earlier nights by their names, with their files, the oldest first."""
    found: Dict[str, List[Tuple[str, Run]]] = {}
    for path in sorted(folder.glob("*.jsonl"), key=night_of):
        if "" < night_of(path) < night:
            name = path.stem.rpartition(_MARK)[0]
            found.setdefault(name, []).append((str(path), read(path)))
    return found


def _store(folder: Path, night: str, found: Sequence[Tonight]) -> None:
    for one in found:
        if one.run is not None:
            _mark(one.run, folder / "{}{}{}.jsonl".format(one.name, _MARK, night), "")
        if one.before is not None:
            _mark(one.before, Path(one.before.path), "" if one.state == WHOLE else night)


def _mark(run: Run, path: Path, old: str) -> None:
    """Write a run whose header says for which night it stands in, if it does for any."""
    header = {name: value for name, value in run.header.items() if name != "old"}
    if old:
        header["old"] = old
    if header != run.header or not path.is_file() or run.path != str(path):
        write(path, run._replace(header=header))


def _forget(folder: Path, keep: int) -> None:
    """Remove what is older than so many nights, and what earlier nights left incomplete."""
    paths = [path for path in folder.glob("*.jsonl") if night_of(path)]
    nights = sorted({night_of(path) for path in paths})
    for path in paths:
        gone = night_of(path) not in nights[-keep:]
        try:
            if gone or (night_of(path) != nights[-1] and not read(path).complete):
                path.unlink()
        except OSError as error:
            raise DataError(path, None, "cannot be removed: {}".format(error.strerror)) from error
