"""The summary of a run that fits a screen."""

from __future__ import annotations

import collections
from typing import Any, Dict, List, Sequence

from tapecheck.clause import LEVELS
from tapecheck.cli.text import COLOURS, block, columns, plain, say
from tapecheck.report.conformance import lacks, lacks_mode
from tapecheck.results import (
    ASKED,
    BREAKING,
    PASS,
    VERDICTS,
    Case,
    Key,
    Leak,
    Run,
    count,
)
from tapecheck.standard import SPEC

_CHAPTERS = 6
_FAILURES = 3
_LINES = 3
_WIDTH = 300
_ORIGINS = 3
_NO_MODE = "mode lacking"
_RESTRICTIONS = ("chapter", "keyword", "level", "mode", "shard")
"""The options with which a run is less than the standard."""


def summarize(console: Any, run: Run) -> None:
    """Print counts, the chapters with failures, the first failures and what is lacking."""
    header = run.header
    say(
        console,
        (plain(run.label, 80), "bold"),
        "  {} cases".format(len(run.cases)),
        "  on ",
        plain(", ".join(header["devices"]), 60),
        "  tapecheck ",
        plain(header["suite_version"], 40),
    )
    say(console)
    _counts(console, run.cases)
    failing = [case for case in run.cases if case.verdict in BREAKING]
    if failing:
        _chapters(console, run.cases, failing)
        _failures(console, failing)
        _undeclared(console, failing)
        _flaky(console, failing)
        _reproducers(console, failing)
    if run.leaks is not None:
        _leaks(console, run.leaks)
    _lacks(console, run.cases)


def conclusion(console: Any, run: Run) -> None:
    """Print whether the implementation conforms."""
    failing = sum(case.verdict in BREAKING for case in run.cases)
    who = plain(run.label, 80)
    if failing or run.leaks:
        reasons = ["{} of {} cases".format(failing, len(run.cases))] if failing else []
        reasons += [_told_of_leaks(run.leaks)] if run.leaks else []
        text = "{} does not conform: {}".format(who, ", and ".join(reasons))
        say(console, (text, "bold red"))
    elif not any(case.verdict in ASKED for case in run.cases):
        text = "{}: nothing was checked, since all of it is unsupported or does not apply"
        say(console, (text.format(who), "bold yellow"))
    else:
        options = run.header["options"]
        part = any(name in options for name in _RESTRICTIONS)
        part = part or SPEC not in options.get("suite", [SPEC])
        text = "{} conforms{}".format(who, ", in what was asked for" if part else "")
        say(console, (text, "bold green"))


def _counts(console: Any, cases: List[Case]) -> None:
    """One row a level, one column a verdict that occurs; a mode that is lacking stands apart."""
    offered = [case for case in cases if not lacks_mode(case)]
    verdicts = list(count(offered)) or [PASS]
    columns_of = [*verdicts, _NO_MODE] if len(offered) < len(cases) else verdicts
    rows = [["", *columns_of]]
    for level in LEVELS:
        tally = collections.Counter(
            _NO_MODE if lacks_mode(case) else case.verdict for case in cases if case.level == level
        )
        if tally:
            rows.append([level] + [str(tally[column] or "-") for column in columns_of])
    styles = [""] + [COLOURS.get(column, "dim") for column in columns_of]
    for row in columns(rows, right=range(1, len(styles))):
        say(console, "  ", *zip(row, styles))


def _chapters(console: Any, cases: List[Case], failing: List[Case]) -> None:
    all_of = collections.Counter(case.chapter for case in cases)
    tallies: Dict[str, Dict[str, int]] = {}
    for case in failing:
        tally = tallies.setdefault(case.chapter, {})
        tally[case.verdict] = tally.get(case.verdict, 0) + 1
    worst = sorted(tallies, key=lambda name: (-sum(tallies[name].values()), name))
    say(console)
    say(console, ("Chapters with failures", "bold"))
    rows = []
    for name in worst[:_CHAPTERS]:
        counts = [
            "{} {}".format(tallies[name][verdict], verdict)
            for verdict in VERDICTS
            if verdict in tallies[name]
        ]
        rows.append((name, ", ".join(counts) + " of {}".format(all_of[name])))
    for row in columns(rows):
        say(console, "  ", *row)
    _more(console, len(worst) - _CHAPTERS, "chapter")


def _failures(console: Any, failing: List[Case]) -> None:
    say(console)
    say(console, ("First failures", "bold"))
    clauses: Dict[str, Case] = {}
    for case in failing:
        clauses.setdefault(case.clause, case)
    for case in list(clauses.values())[:_FAILURES]:
        first, *rest = block(case.message)
        say(console, "  ", (case.verdict, COLOURS[case.verdict]), "  ", plain(first, _WIDTH))
        for line in rest[: _LINES - 1]:
            say(console, "    ", plain(line, _WIDTH))
    _more(console, len(clauses) - _FAILURES, "failing clause")


def _flaky(console: Any, failing: List[Case]) -> None:
    """The failures that had another verdict when they were repeated at once."""
    flaky = [case for case in failing if case.flaky]
    if flaky:
        say(console)
        say(console, ("Flaky", "bold"), "  of {} failures".format(len(failing)))
    for case in flaky[:_FAILURES]:
        first, second = [(one, COLOURS[one]) for one in (case.verdict, case.repeated)]
        say(console, "  ", first, ", then ", second, "  ", plain(_place(case.key), _WIDTH))
    _more(console, len(flaky) - _FAILURES, "flaky case")


def _reproducers(console: Any, failing: List[Case]) -> None:
    """How many failures have a script that was seen to fail."""
    tried = [case for case in failing if case.reproducer]
    if tried:
        verified = sum(bool(case.reproducer["verified"]) for case in tried)
        say(console)
        words = "  {} of {} failures, verified".format(verified, len(tried))
        say(console, ("Reproducers", "bold"), words)


def _leaks(console: Any, leaks: Sequence[Leak]) -> None:
    """Which cases depend on what ran before them, those of one culprit together."""
    say(console)
    if not leaks:
        say(console, ("State", "bold"), "  each case has the same verdict alone")
        return
    say(console, ("State", "bold red"), "  ", _told_of_leaks(leaks))
    groups: Dict[str, List[Leak]] = {}
    for leak in leaks:
        groups.setdefault(_origin(leak), []).append(leak)
    for origin, found in list(groups.items())[:_ORIGINS]:
        say(console, "  ", plain(origin, _WIDTH))
        for leak in found[:_FAILURES]:
            together, alone = [(one, COLOURS[one]) for one in (leak.together, leak.alone)]
            say(console, "    ", together, ", alone ", alone, "  ", plain(_place(leak.key), _WIDTH))
        _more(console, len(found) - _FAILURES, "case")
    _more(console, len(groups) - _ORIGINS, "origin")


def _told_of_leaks(leaks: Sequence[Leak]) -> str:
    if any(leak.replayed for leak in leaks):
        return "it leaks state from case to case"
    return "cases with another verdict alone: {}".format(len(leaks))


def _origin(leak: Leak) -> str:
    """Where the difference comes from."""
    if leak.culprit:
        return "after " + _place(leak.culprit)
    if leak.replayed:
        return "after several cases that ran before"
    return "for a reason that is not told by what ran before"


def _place(key: Key) -> str:
    _, clause, mode, device = key
    return "{} [{} {}]".format(clause, mode, device)


def _lacks(console: Any, cases: List[Case]) -> None:
    """The modes that are lacking, and the parts for want of which cases of other modes are."""
    modes = collections.Counter(case.mode for case in cases if lacks_mode(case))
    parts = collections.Counter(
        name for case in cases if not lacks_mode(case) for name in lacks(case)
    )
    if modes or parts:
        say(console)
    for title, lacking in (("Lacks the modes", modes), ("Lacks", parts)):
        if lacking:
            told = ["{} ({})".format(plain(name, 40), n) for name, n in lacking.most_common()]
            say(console, (title, "bold"), "  ", ", ".join(told))


def _undeclared(console: Any, failing: List[Case]) -> None:
    """What failing cases need and is refused, though the implementation does not say so."""
    refused = collections.Counter(
        str(line).partition(":")[0]
        for case in failing
        for line in case.details.get("undeclared", [])
    )
    if refused:
        told = ["{} ({})".format(plain(name, 60), n) for name, n in refused.most_common()]
        say(console)
        say(console, ("Refuses what it does not declare to lack", "bold"), "  ", ", ".join(told))


def _more(console: Any, number: int, noun: str) -> None:
    if number > 0:
        say(console, "  and {} more {}{}".format(number, noun, "" if number == 1 else "s"))
