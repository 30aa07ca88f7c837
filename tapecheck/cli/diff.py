"""``tapecheck diff``: what changed between two runs."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import click

from tapecheck.comparison import Change, Comparison
from tapecheck.errors import CONFORMS, DEVIATES
from tapecheck.results import Case

_SHOWN = 20
_ROWS = 3


@click.command(
    epilog="""\b
Examples:
  tapecheck diff reports/tensorflow-2.20 reports/tensorflow-2.21
  tapecheck diff old/results.jsonl new/results.jsonl --all

\b
Exit codes: 0 no regression, 1 a regression, 2 what is not to be compared.""",
)
@click.argument("old")
@click.argument("new")
@click.option("--mix-versions", is_flag=True, help="Even of different versions of the suite.")
@click.option("--all", "everything", is_flag=True, help="Do not shorten long lists.")
def diff(old: str, new: str, mix_versions: bool, everything: bool) -> None:
    """Compare the runs OLD and NEW, each a result file or the folder that holds one.

    A regression is a case that broke no promise in OLD and does in NEW.
    """
    from tapecheck import comparison, results
    from tapecheck.cli.text import console, plain, say

    runs = [results.read(old), results.read(new)]
    comparison.require_comparable(runs, mix_versions=mix_versions)
    suites = comparison.by_suite(*runs)
    out, most = console(), None if everything else _SHOWN
    say(out, (plain(runs[0].label, 80), "bold"), " -> ", (plain(runs[1].label, 80), "bold"))
    for suite, found in suites.items():
        _suite(out, plain(suite, 80) if len(suites) > 1 else "", found, most)
    total = comparison.compare(*runs).numbers
    say(
        out,
        "{} regressions, {} fixed, {} new, {} gone, {} other changes, {} the same".format(*total),
    )
    click.get_current_context().exit(DEVIATES if total[0] else CONFORMS)


def _suite(out: Any, name: str, found: Comparison, most: Optional[int]) -> None:
    """What changed in one suite of several, or in the only one, which has no name.

    A suite that only one run holds is not listed case by case.
    """
    from tapecheck.cli.text import say

    if name:
        words = "" if sum(found.numbers) > found.same else ": no change"
        for only, run in ((found.new, "new"), (found.gone, "old")):
            if only and sum(found.numbers) == len(only):
                noun = "case" if len(only) == 1 else "cases"
                words = ": only in the {} run, {} {}".format(run, len(only), noun)
        say(out, (name, "bold underline"), words)
        if words:
            return
    for title, style, part in (
        ("Regressions", "bold red", found.regressions),
        ("Fixed", "bold green", found.fixed),
        ("New", "bold", found.new),
        ("Gone", "bold", found.gone),
        ("Other changes", "bold", found.other),
    ):
        _show(out, title, style, part, most)


def _show(
    out: Any, title: str, style: str, part: Sequence[Union[Case, Change]], most: Optional[int]
) -> None:
    from tapecheck.cli.text import columns, plain, say

    if not part:
        return
    say(out, ("{} ({})".format(title, len(part)), style))
    rows = _rows(part, most is not None)
    for row in columns([plain(cell, 200) for cell in row] for row in rows[:most]):
        say(out, "  ", *row)
    if most is not None and len(rows) > most:
        say(out, "  and {} more, all of them with --all".format(len(rows) - most))


def _rows(part: Sequence[Union[Case, Change]], short: bool) -> List[List[str]]:
    """Verdict and case of each; if `short`, many rows of a parametrised clause in one line."""
    lines: Dict[Tuple[str, str, str], List[str]] = {}
    for one in part:
        if isinstance(one, Change):
            case, verdict = one.new, "{} -> {}".format(one.old.verdict, one.new.verdict)
        else:
            case, verdict = one, one.verdict
        place = "[{} {}]".format(case.mode, case.device)
        lines.setdefault((verdict, case.clause.partition("[")[0], place), []).append(case.clause)
    rows: List[List[str]] = []
    for (verdict, clause, place), clauses in lines.items():
        if short and len(clauses) > _ROWS:
            clauses = ["{}[...] ({} rows)".format(clause, len(clauses))]
        rows.extend([verdict, "{} {}".format(name, place)] for name in clauses)
    return rows
