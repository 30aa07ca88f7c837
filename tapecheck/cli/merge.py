"""``tapecheck merge``: the result files of a run that was split, as one."""

from __future__ import annotations

from typing import Tuple

import click

from tapecheck.errors import CONFORMS, DEVIATES


@click.command(
    epilog="""\b
Examples:
  tapecheck merge shards/*.jsonl --out results.jsonl
  tapecheck merge shards --out reports/nightly/results.jsonl

\b
Exit codes: 0 the whole conforms, 1 it does not, 2 what cannot be merged.""",
)
@click.argument("places", nargs=-1, required=True, metavar="DIR...")
@click.option("--out", required=True, metavar="FILE", help="The result file to write.")
@click.option(
    "--allow-incomplete", is_flag=True, help="Merge what there is; the result is incomplete."
)
def merge(places: Tuple[str, ...], out: str, allow_incomplete: bool) -> None:
    """Merge the shards of a run in each DIR: result files, or folders that hold some.

    All shards must be there, of one run, complete, and hold no case twice. A run that was split
    by suites, chapters or modes is merged in the same way.
    """
    from tapecheck import merging, results
    from tapecheck.cli.text import console, plain, say

    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    run = merging.merge([results.read(file) for file in files], allow_incomplete)
    results.write(out, run)
    counts = ", ".join("{} {}".format(number, verdict) for verdict, number in run.counts().items())
    state = "" if run.complete else ", incomplete"
    said = "{}: {} cases of {} files{}: {}".format(
        plain(run.label, 80), len(run.cases), len(files), state, counts or "none"
    )
    say(console(), said)
    broken = run.leaks or not run.complete or set(run.counts()) & results.BREAKING
    click.get_current_context().exit(DEVIATES if broken else CONFORMS)
