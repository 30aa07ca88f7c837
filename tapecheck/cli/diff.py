"""``tapecheck diff``: what changed between two runs."""

from __future__ import annotations

from typing import Any, List, Sequence

import click

from tapecheck.errors import CONFORMS, DEVIATES

_SHOWN = 20


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
    found = comparison.compare(*runs)
    out = console()
    say(out, (plain(runs[0].label, 80), "bold"), " -> ", (plain(runs[1].label, 80), "bold"))
    most = None if everything else _SHOWN
    _show(out, "Regressions", "bold red", [_changed(one) for one in found.regressions], most)
    _show(out, "Fixed", "bold green", [_changed(one) for one in found.fixed], most)
    _show(out, "New", "bold", [_single(case) for case in found.new], most)
    _show(out, "Gone", "bold", [_single(case) for case in found.gone], most)
    _show(out, "Other changes", "bold", [_changed(one) for one in found.other], most)
    say(
        out,
        "{} regressions, {} fixed, {} new, {} gone, {} other changes, {} the same".format(
            *[len(part) for part in found[:-1]], found.same
        ),
    )
    click.get_current_context().exit(DEVIATES if found.regressions else CONFORMS)


def _changed(change: Any) -> List[str]:
    return [
        "{} -> {}".format(change.old.verdict, change.new.verdict),
        *_single(change.new)[1:],
    ]


def _single(case: Any) -> List[str]:
    return [case.verdict, "{} [{} {}]".format(case.clause, case.mode, case.device)]


def _show(out: Any, title: str, style: str, rows: Sequence[List[str]], most: Any) -> None:
    from tapecheck.cli.text import columns, plain, say

    if not rows:
        return
    say(out, ("{} ({})".format(title, len(rows)), style))
    for row in columns([plain(cell, 200) for cell in row] for row in rows[:most]):
        say(out, "  ", *row)
    if most is not None and len(rows) > most:
        say(out, "  and {} more, all of them with --all".format(len(rows) - most))
