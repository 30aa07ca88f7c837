"""Bringing a deviations file into line with a run, and leaving to people what is theirs.

The file is edited by whole entries and single lines, so that comments, order and reasons of what
still holds stay as they are. What is new is marked as not reviewed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from packaging.version import InvalidVersion, Version

from tapecheck.deviations import HEADER, UNREVIEWED, Deviation, parse_deviations, parse_entries
from tapecheck.errors import DataError
from tapecheck.results import DEVIATION, ERROR, FAIL, FIXED, PASS, Case, Run
from tapecheck.sampling import DEFAULT, DEFAULT_SEED, shows_deviations

Place = Tuple[str, str]
"""A mode and a kind of device, such as ``("eager", "CPU")``."""

_RAN = frozenset([PASS, FAIL, ERROR, FIXED, DEVIATION])
_FAILED = frozenset([FAIL, ERROR, DEVIATION])

_UNEDITABLE = "is not written a field a line and cannot be edited: change it by hand"

_LONGEST = 80
_TELLING = 8
"""Fewer characters than these are no words by which to know a failure."""

# Addresses, paths and long numbers are others in the next run.
_VOLATILE = re.compile(r"0x[0-9a-fA-F]+|(?<![\w<])/[\w./-]{4,}|\bid=\d+|\d{7,}")
_FIELD = re.compile(r"^\s*(modes|devices)\s*=\s*\[[^\]\n]*\]\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(["'])(.*?)\1\s*=""")


class Change(NamedTuple):
    """What became of one entry.

    Attributes:
        what: ``new``, ``removed``, ``narrowed`` or ``kept``.
        clause: the id of its clause.
        why: in a few words; empty for what is kept.
    """

    what: str
    clause: str
    why: str = ""


class Reconciled(NamedTuple):
    """The file as it should be, and what was changed in it."""

    text: str
    changes: List[Change]


class _Block(NamedTuple):
    """An entry and the lines that it is written in, its comments included.

    Attributes:
        entries: what it says, of one clause or of each of several.
    """

    entries: List[Deviation]
    lines: List[str]


def reconcile(path: Path, text: str, run: Run) -> Reconciled:
    """What a deviations file should be after a run.

    An entry stays where the run did not ask, or drew something else than it was listed by, and
    where each case that it speaks of failed as it says. It loses the modes, devices and clauses
    that now pass, and goes when nothing of it is left. Failures that no entry explains get new
    ones, which are marked as not reviewed.

    Args:
        path: where the text is from, for complaints.
        text: the file as it is; empty where there is none yet.

    Raises:
        DataError: the text is no deviations file, or is written in a way that cannot be edited.
    """
    version = str(run.header["version"])
    opening, blocks = _blocks(path, text)
    known = [entry for block in blocks for entry in block.entries]
    concerned = _concerned(known, _telling(run), version)
    changes: List[Change] = []
    kept: List[_Block] = []
    for block in blocks:
        revised = [_revised(entry, concerned.pop(0)) for entry in block.entries]
        changes += [change for _, change in revised]
        kept += _rewritten(block, [entry for entry, _ in revised])
    cases = _by_clause(run.cases)
    new = _new_entries([entry for block in kept for entry in block.entries], cases, version)
    changes += [Change("new", entry.clause, _where(entry)) for entry in new]
    written = [*kept, *(_Block([entry], _written(entry)) for entry in new)]
    result = _joined(opening, written)
    if not _says(path, result, [entry for block in written for entry in block.entries]):
        raise DataError(path, None, _UNEDITABLE)
    return Reconciled(result, changes)


def _telling(run: Run) -> List[Case]:
    """All cases but those that pass where a known deviation need not show."""
    seed = run.header.get("seeds", {}).get("seed", DEFAULT_SEED)
    profile = run.header.get("options", {}).get("profile", DEFAULT)
    return [
        case
        for case in run.cases
        if case.verdict != PASS or shows_deviations(case.suite, seed, profile)
    ]


def _says(path: Path, text: str, entries: List[Deviation]) -> bool:
    try:
        return parse_deviations(path, text) == entries
    except DataError:
        return False


def _by_clause(cases: Iterable[Case]) -> Dict[str, List[Case]]:
    found: Dict[str, List[Case]] = {}
    for case in cases:
        found.setdefault(case.clause, []).append(case)
    return found


def _place(case: Case) -> Place:
    return case.mode, case.device.partition(":")[0]


def _verdict(case: Case) -> str:
    """That of a failure, also where an entry explained it."""
    first = case.message.partition("\n")[0]
    is_error = case.verdict == ERROR or "] unexpected exception: " in first
    return ERROR if is_error else FAIL


def _concerned(known: Sequence[Deviation], cases: Iterable[Case], version: str) -> List[List[Case]]:
    """The cases by entry: a case is that of the first entry that speaks of it."""
    found: List[List[Case]] = [[] for _ in known]
    for case in cases:
        for number, entry in enumerate(known):
            if entry.concerns(case.clause, case.mode, case.device, version):
                found[number].append(case)
                break
    return found


def _revised(entry: Deviation, concerned: Sequence[Case]) -> Tuple[Optional[Deviation], Change]:
    """An entry after the run, None where nothing of it is left, and what that changes."""
    asked = [case for case in concerned if case.verdict in _RAN]
    ran = {_place(case) for case in asked}
    # Where several clauses fit, it holds only if all of them fail so.
    holds = ran - {
        _place(case)
        for case in asked
        if case.verdict not in _FAILED or not entry.explains(_verdict(case), case.message)
    }
    if not concerned or (ran and holds == ran):
        return entry, Change("kept", entry.clause)
    if not holds:
        failed = any(case.verdict in _FAILED for case in concerned)
        why = "fails otherwise" if failed else "passes" if ran else "is lacking by declaration"
        return None, Change("removed", entry.clause, why)
    groups = _groups(holds, ran)
    if len(groups) != 1:
        # What one entry cannot say any more is said by new ones.
        return None, Change("removed", entry.clause, "fails in other modes and devices")
    modes, devices = groups[0]
    narrowed = entry._replace(modes=modes or entry.modes, devices=devices or entry.devices)
    return narrowed, Change("narrowed", entry.clause, _where(narrowed))


def _rewritten(block: _Block, revised: Sequence[Optional[Deviation]]) -> List[_Block]:
    """An entry as it is after the run; what is narrowed of several clauses stands apart."""
    if len(block.entries) == 1:
        (entry,) = revised
        if entry is None:
            return []
        lines = block.lines if entry == block.entries[0] else _edited(block.lines, entry)
        return [_Block([entry], lines)]
    kept = [old for old, new in zip(block.entries, revised) if new == old]
    gone = {old.clause for old, new in zip(block.entries, revised) if new != old}
    narrowed = [new for old, new in zip(block.entries, revised) if new and new != old]
    lines = [line for line in block.lines if not _tells_of(line, gone)]
    rest = [_Block(kept, lines)] if kept else []
    return rest + [_Block([entry], _written(entry)) for entry in narrowed]


def _tells_of(line: str, clauses: Set[str]) -> bool:
    key = _KEY.match(line)
    return key is not None and key.group(2) in clauses


def _groups(failing: Set[Place], ran: Set[Place]) -> List[Tuple[Tuple[str, ...], Tuple[str, ...]]]:
    """As few pairs of modes and devices as say where it fails; empty ones stand for all."""
    if failing == ran:
        return [((), ())]
    modes = sorted({mode for mode, _ in failing})
    devices = sorted({device for _, device in failing})
    for some, others in ((modes, []), ([], devices), (modes, devices)):
        said = {
            place
            for place in ran
            if (not some or place[0] in some) and (not others or place[1] in others)
        }
        if said == failing:
            return [(tuple(some), tuple(others))]
    return [
        ((mode,), tuple(sorted(device for one, device in failing if one == mode))) for mode in modes
    ]


def _new_entries(
    known: Sequence[Deviation], cases: Dict[str, List[Case]], version: str
) -> List[Deviation]:
    """Entries for the failures that no entry explains, those of one kind together."""
    entries: List[Deviation] = []
    for clause, found in cases.items():
        ran = {_place(case) for case in found if case.verdict in _RAN}
        kinds: Dict[Tuple[str, str], Set[Place]] = {}
        for case in found:
            if case.verdict in _FAILED and not _explained(known, case, version):
                kind = (_verdict(case), words_of(case))
                kinds.setdefault(kind, set()).add(_place(case))
        for (verdict, message), failing in kinds.items():
            for modes, devices in _groups(failing, ran):
                entries.append(
                    Deviation(
                        clause=clause,
                        message=message,
                        reason=UNREVIEWED,
                        link=UNREVIEWED,
                        verdict=verdict,
                        versions=_from(version),
                        modes=modes,
                        devices=devices,
                    )
                )
    return entries


def _explained(known: Sequence[Deviation], case: Case, version: str) -> bool:
    return any(
        entry.concerns(case.clause, case.mode, case.device, version)
        and entry.explains(_verdict(case), case.message)
        for entry in known
    )


def words_of(case: Case) -> str:
    """Words of a failure by which it is known again.

    That is what came instead, as far as it does not change from run to run.
    """
    actual = str(case.details.get("actual", "")).split("\n")[0]
    told = _VOLATILE.split(actual)[0].strip()
    if len(told) > _LONGEST:
        told = told[:_LONGEST].rpartition(" ")[0] or told[:_LONGEST]
    candidates = [told] if len(told) >= _TELLING else []
    candidates += ["{:<11} {}".format("actual:", told)] if told else []
    problem = "unexpected exception" if _verdict(case) == ERROR else "breaks a"
    return next((one for one in candidates if one.lower() in case.message.lower()), problem)


def _from(version: str) -> str:
    """The range of versions from this one on; empty where it is no version."""
    try:
        return ">=" + Version(version).public
    except InvalidVersion:
        return ""


def _where(entry: Deviation) -> str:
    return "in " + ", ".join([*entry.modes, *entry.devices]) if entry.modes or entry.devices else ""


# Reading and writing the file


def _blocks(path: Path, text: str) -> Tuple[List[str], List[_Block]]:
    """What stands before the first entry, and the entries."""
    entries = parse_entries(path, text)
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if line.strip().startswith(HEADER)]
    if len(heads) != len(entries):
        raise DataError(path, None, _UNEDITABLE)
    starts = [_with_comments(lines, number) for number in heads]
    ends = [*starts[1:], len(lines)]
    opening = lines[: starts[0]] if starts else lines
    return opening, [
        _Block(entry, lines[start:end]) for entry, start, end in zip(entries, starts, ends)
    ]


def _with_comments(lines: List[str], head: int) -> int:
    """The line from which an entry speaks: comments right above it are its own."""
    start = head
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start


def _joined(opening: List[str], blocks: Iterable[_Block]) -> str:
    parts = ["\n".join(opening), *("\n".join(block.lines) for block in blocks)]
    told = [part.strip("\n") for part in parts]
    return "".join(part + "\n\n" for part in told if part)[:-1]


def _edited(lines: List[str], entry: Deviation) -> List[str]:
    """The lines of an entry with other modes and devices."""
    rest = [line for line in lines if not _FIELD.match(line)]
    head = next(number for number, line in enumerate(rest) if line.strip().startswith(HEADER))
    fields = [
        "{} = {}".format(name, json.dumps(list(value)))
        for name, value in (("modes", entry.modes), ("devices", entry.devices))
        if value
    ]
    # After the clause and the words of the message, as they are written here.
    place = min(head + 3, len(rest))
    return [*rest[:place], *fields, *rest[place:]]


def _written(entry: Deviation) -> List[str]:
    fields: List[Tuple[str, Any]] = [("clause", entry.clause), ("message", entry.message)]
    if entry.verdict != FAIL:
        fields.append(("verdict", entry.verdict))
    if entry.versions:
        fields.append(("versions", entry.versions))
    fields += [
        (name, list(value))
        for name, value in (("modes", entry.modes), ("devices", entry.devices))
        if value
    ]
    fields += [("reason", entry.reason), ("link", entry.link)]
    return [HEADER, *("{} = {}".format(name, _toml(value)) for name, value in fields)]


def _toml(value: Any) -> str:
    """A text or a list of texts; what JSON makes of them is TOML, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
