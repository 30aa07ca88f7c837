"""``tapecheck collect``: the results of a night, put beside those of the nights before."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import click

from tapecheck.cli.diff import MARKDOWN, TEXT, Difference
from tapecheck.errors import CONFORMS, DEVIATES

_SHOWN = 20


@click.command(
    epilog="""\b
Examples:
  tapecheck collect results --into history
  tapecheck collect results --into history --format markdown >> "$GITHUB_STEP_SUMMARY"
  tapecheck report history --out site --allow-incomplete --mix-versions

\b
Exit codes: 0 all came whole and nothing broke, 1 something broke, is incomplete or did not come,
2 wrong usage.""",
)
@click.argument("places", nargs=-1, required=True, metavar="DIR...")
@click.option("--into", required=True, metavar="DIR", help="The folder of the history.")
@click.option("--night", metavar="DATE", help="As 2026-11-23 (default: when the last run began).")
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    metavar="N",
    help="Nights that are kept; what came in none of them is forgotten.",
)
@click.option(
    "--format", "form", type=click.Choice((TEXT, MARKDOWN)), default=TEXT, show_default=True
)
def collect(places: Tuple[str, ...], into: str, night: Optional[str], keep: int, form: str) -> None:
    """Put the results of a night in each DIR into a history, and tell what changed.

    Results are kept by implementation, version, Python, machine and night; shards are merged.
    Where something that came before is incomplete tonight, or did not come, the last complete run
    stands in for it, and its header says so.
    """
    from tapecheck import history, results

    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    found = history.collect(files, into, night, keep)
    if form == MARKDOWN:
        click.echo("\n".join(_markdown(found)))
    else:
        _print(found)
    click.get_current_context().exit(CONFORMS if all(one.good for one in found) else DEVIATES)


def _told(one: Any) -> str:
    """What to say of a run: its state, since when nothing came, what changed."""
    from tapecheck import history

    if one.state != history.WHOLE:
        if one.before is None:
            return "{} tonight, and there is none to stand in".format(one.state)
        return "{} tonight, that of {} stands in".format(
            one.state, history.night_of(one.before.path)
        )
    if one.changes is None:
        counts = ", ".join(
            "{} {}".format(number, verdict) for verdict, number in one.run.counts().items()
        )
        return "new: {}".format(counts)
    assert one.run is not None
    assert one.before is not None
    return "since {}: {}".format(
        history.night_of(one.before.path), Difference(one.before, one.run, one.changes).counts
    )


def _print(found: Sequence[Any]) -> None:
    from tapecheck.cli.text import columns, console, plain, say

    out = console()
    for one, row in zip(found, columns([(plain(one.name), _told(one)) for one in found])):
        say(out, row[0], (row[1], "" if one.good else "bold red"))


def _markdown(found: Sequence[Any]) -> List[str]:
    from tapecheck.cli.diff import markdown
    from tapecheck.report.text import markdown as md

    bad = sum(not one.good for one in found)
    lines = ["# {} of {} runs broke something or are not whole".format(bad, len(found)), ""]
    lines += ["| run | |", "| --- | --- |"]
    ranked = sorted(found, key=lambda one: one.good)
    for one in ranked:
        mark = "" if one.good else "**"
        lines.append("| {} | {}{}{} |".format(md(one.name, 120), mark, md(_told(one)), mark))
    for one in ranked:
        if one.changes is not None and len(one.run.cases) != one.changes.same:
            lines += ["", *markdown(Difference(one.before, one.run, one.changes), _SHOWN)]
    return lines
