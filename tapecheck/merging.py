"""Result files of one run that was split, made one again: shards, suites, chapters, modes."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from tapecheck.errors import DataError, UsageError
from tapecheck.results import Key, Leak, Record, Run, count, line_of
from tapecheck.sharding import shard_of
from tapecheck.standard import SPEC

_SAME = ("backend", "version", "suite_version", "devices", "lacks", "lacks_in", "seeds")
"""What the headers of all parts say alike; surroundings such as the platform may differ."""

_SPLIT = ("suite", "chapter", "mode", "level", "device")
"""The options by one of which a run may have been split, beside `--shard`."""


def merge(runs: Sequence[Run], allow_incomplete: bool = False) -> Run:
    """One run of all that the parts hold; incomplete where one of them is, or a shard is missing.

    Args:
        allow_incomplete: whether that is to be had at all.

    Raises:
        UsageError: the parts are not of one run, or some are missing.
        DataError: naming file and line, where a part is incomplete or a case is there twice.
    """
    if not allow_incomplete:
        for run in runs:
            if not run.complete:
                raise DataError(run.path, line_of(run), "ends without a footer: incomplete")
    first = min(runs, key=lambda run: str(run.header["started"]))
    for run in runs:
        _require_alike(first, run)
    missing = _missing_shards(runs)
    if missing and not allow_incomplete:
        raise UsageError("missing of the run: {}".format(", ".join(missing)))
    _reject_duplicates(runs)
    cases = [
        case._replace(worker="{}.{}".format(number, case.worker)) if case.worker else case
        for number, run in enumerate(runs, 1)
        for case in run.cases
    ]
    isolated = any(run.leaks is not None for run in runs)
    leaks = tuple(leak for run in runs for leak in run.leaks or ()) if isolated else None
    header = {**first.header, "options": _options(runs)}
    whole = not missing and all(run.complete for run in runs)
    footer = _footer(runs, leaks or ()) if whole else None
    return Run(first.path, header, cases, footer, leaks)


def _footer(runs: Sequence[Run], leaks: Sequence[Leak]) -> Record:
    footers: List[Record] = [run.footer for run in runs if run.footer]
    cases = [case for run in runs for case in run.cases]
    seconds = sum(footer["seconds"] for footer in footers)
    footer = {"kind": "footer", "cases": len(cases), "counts": count(cases), "seconds": seconds}
    return {**footer, "leaks": len(leaks)} if leaks else footer


def _require_alike(first: Run, run: Run) -> None:
    """Refuse parts of different runs, naming what they differ in."""
    differing = [name for name in _SAME if first.header.get(name) != run.header.get(name)]
    ours, theirs = _fixed_options(first), _fixed_options(run)
    differing += [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    if differing:
        raise UsageError(
            "{} and {} are not of one run: they differ in {}".format(
                first.path, run.path, ", ".join(differing)
            )
        )


def _fixed_options(run: Run) -> Dict[str, Any]:
    options: Dict[str, Any] = run.header["options"]
    return {name: value for name, value in options.items() if name not in (*_SPLIT, "shard")}


def _options(runs: Sequence[Run]) -> Dict[str, Any]:
    """The options of the whole, given those of its parts.

    Raises:
        UsageError: the parts differ in several options, so that no option tells what ran.
    """
    merged = _fixed_options(runs[0])
    differing = []
    for name in _SPLIT:
        absent = [SPEC] if name == "suite" else None
        values = [run.header["options"].get(name, absent) for run in runs]
        if any(value != values[0] for value in values):
            differing.append(name)
        union = [] if None in values else [one for value in values for one in value]
        if union and union != [SPEC] * len(values):
            merged[name] = list(dict.fromkeys(union))
    if len(differing) > 1:
        raise UsageError(
            "the files ask for different {} at once; merge what differs in one".format(
                " and ".join(differing)
            )
        )
    return merged


def _missing_shards(runs: Sequence[Run]) -> List[str]:
    """The shards that are not there, of each set of parts that was sharded alike."""
    there: Dict[Tuple[str, int], List[int]] = {}
    for run in runs:
        shard = run.header["options"].get("shard")
        if shard:
            number, total = shard_of(str(shard))
            split = {name: run.header["options"].get(name) for name in _SPLIT}
            there.setdefault((str(split), total), []).append(number)
    return [
        "shard {}/{}".format(number, total)
        for (_, total), numbers in there.items()
        for number in range(1, total + 1)
        if number not in numbers
    ]


def _reject_duplicates(runs: Sequence[Run]) -> None:
    seen: Dict[Key, str] = {}
    for run in runs:
        for number, case in enumerate(run.cases):
            place = line_of(run, number)
            if case.key in seen:
                what = "the same case as {}: {}".format(seen[case.key], case.clause)
                raise DataError(run.path, place, what)
            seen[case.key] = "{}:{}".format(run.path, place)
