"""What a report tells at length: the cases that did not simply pass, alike ones told once."""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from tapecheck import diagnosis
from tapecheck.results import DEVIATION, ERROR, FAIL, FIXED, Case

TOLD: Tuple[str, ...] = (FAIL, ERROR, FIXED, DEVIATION)
"""The verdicts that are told at length, in this order."""

_ORDER = ("reason", "link", "listed", "expected", "actual", "difference", "documented", "at")
_BESIDE = ("reason", "link")
_HEADLINE = 300


class Place(NamedTuple):
    """Where it was found in one run: its number, and mode and device of each case."""

    run: int
    cases: List[Tuple[str, str]]


class Finding(NamedTuple):
    """Cases of one clause that came to the same verdict with the same words.

    Deviations need only be the same entry: headline and details are those of the first case.

    Attributes:
        headline: the first line, without clause, mode and device.
        details: what was found, by name, each a list of lines.
        commands: each reproduces it in one of its modes.
    """

    suite: str
    clause: str
    level: str
    verdict: str
    headline: str
    details: Dict[str, List[str]]
    commands: List[str]
    places: List[Place]


def headline(case: Case) -> str:
    """The first line of what the case says, without what identifies the case."""
    first = case.message.partition("\n")[0]
    known = "{} [{} {}] ".format(case.clause, case.mode, case.device)
    return first[len(known) :] if first.startswith(known) else first


def find(runs: Sequence[Sequence[Case]]) -> List[Finding]:
    """All findings of the runs, in the order of their first case."""
    found: Dict[Tuple[str, ...], Finding] = {}
    for number, cases in enumerate(runs):
        for case in cases:
            if case.verdict in TOLD:
                _add(found, case, number)
    return list(found.values())


def _add(found: Dict[Tuple[str, ...], Finding], case: Case, run: int) -> None:
    details = _details(case)
    commands = details.pop("reproduce", [])
    first = headline(case)
    # A listed deviation is known by its entry: what differs between its modes tells nothing new.
    listed = case.verdict == DEVIATION and "reason" in details
    words = json.dumps([details[name] for name in _BESIDE if name in details])
    if not listed:
        words = json.dumps([first, details])
    key = (case.suite, case.clause, case.level, case.verdict, words)
    if key not in found:
        found[key] = Finding(*key[:4], first, details, [], [])
    finding = found[key]
    finding.commands.extend(one for one in commands if one not in finding.commands)
    if not finding.places or finding.places[-1].run != run:
        finding.places.append(Place(run, []))
    finding.places[-1].cases.append((case.mode, case.device))


def _details(case: Case) -> Dict[str, List[str]]:
    names = [name for name in _ORDER if name in case.details]
    names += [name for name in case.details if name not in _ORDER]
    lines = {name: _lines(case.details[name]) for name in names if case.details[name]}
    first, _, rest = case.message.partition("\n")
    # The message of a clause is made of its details: it is not told twice.
    within = {name: value for name, value in case.details.items() if name not in _BESIDE}
    if len(first) > _HEADLINE or (rest and diagnosis.text(first, within) != case.message):
        lines["message"] = [case.message]
    return lines


def _lines(value: Any) -> List[str]:
    if isinstance(value, list):
        return [one if isinstance(one, str) else json.dumps(one) for one in value]
    return [value if isinstance(value, str) else json.dumps(value)]
