"""What each implementation lacks: capabilities by runs."""

from __future__ import annotations

import inspect
from typing import Dict, List, NamedTuple, Optional, Sequence

from tapecheck.capabilities import CAPABILITIES
from tapecheck.modes import MODE_NEEDS
from tapecheck.report import conformance
from tapecheck.results import Run


class Missing(NamedTuple):
    """How a run lacks a capability.

    Attributes:
        cases: how many cases were not asked for want of it.
        modes: the modes in which alone it is lacking; none where that is in all of them.
    """

    cases: int
    modes: List[str]


class Lack(NamedTuple):
    """A capability that at least one run lacks.

    Attributes:
        meaning: what it is, in a sentence; empty for one that this suite does not know.
        mode: the mode that needs it, or an empty word.
        runs: how each run lacks it; None where it does not.
        reasons: why, as implementations say, with the numbers of the runs that say so.
    """

    name: str
    meaning: str
    mode: str
    runs: List[Optional[Missing]]
    reasons: Dict[str, List[int]]


def find(runs: Sequence[Run]) -> List[Lack]:
    """What the runs lack: modes first, then parts in the order in which they are known."""
    lacking = [conformance.lacking(run) for run in runs]
    modes = {need: mode for mode, need in MODE_NEEDS.items() if need}
    known = [*modes, *(name for name in CAPABILITIES if name not in modes)]
    unknown = sorted({name for one in lacking for name in one} - set(known))
    return [
        Lack(
            name,
            _meaning(name),
            modes.get(name, ""),
            [_missing(name, run, one) for run, one in zip(runs, lacking)],
            _reasons(name, runs),
        )
        for name in known + unknown
        if any(name in one for one in lacking)
    ]


def of_run(run: Run) -> Dict[str, List[str]]:
    """The names of the modes and of the parts that a run lacks."""
    names = conformance.lacking(run)
    modes = [mode for mode, need in MODE_NEEDS.items() if need in names]
    return {"modes": modes, "parts": [one for one in names if one not in MODE_NEEDS.values()]}


def _missing(name: str, run: Run, lacking: Dict[str, int]) -> Optional[Missing]:
    if name not in lacking:
        return None
    alone = [mode for mode, names in conformance.lacking_in(run).items() if name in names]
    return Missing(lacking[name], alone)


def _reasons(name: str, runs: Sequence[Run]) -> Dict[str, List[int]]:
    found: Dict[str, List[int]] = {}
    for number, run in enumerate(runs):
        reason = run.header.get("lack_reasons", {}).get(name)
        if reason:
            found.setdefault(reason, []).append(number)
    return found


def _meaning(name: str) -> str:
    probe = CAPABILITIES.get(name)
    return " ".join((inspect.getdoc(probe) or "").split("\n\n")[0].split()) if probe else ""
