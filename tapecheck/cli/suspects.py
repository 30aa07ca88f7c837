"""``tapecheck suspects``: what the suite is to ask itself after several runs."""

from __future__ import annotations

from typing import Tuple

import click

from tapecheck.errors import CONFORMS, DEVIATES, UsageError


@click.command(
    epilog="""\b
Examples:
  tapecheck suspects reports/*.jsonl

\b
Exit codes: 0 no suspects, 1 some, 2 wrong usage.""",
)
@click.argument("places", nargs=-1, required=True, metavar="DIR...")
@click.option("--mix-versions", is_flag=True, help="Take runs of different suite versions.")
def suspects(places: Tuple[str, ...], mix_versions: bool) -> None:
    """List the clauses that fail everywhere, are skipped everywhere, or never ran.

    DIR are result files, or folders that hold some, of two implementations or versions at least.
    Where all of them break a clause, the clause is as likely wrong as all of them.
    """
    from tapecheck import comparison, results
    from tapecheck.cli.text import columns, console, plain, say
    from tapecheck.standard import load_standard

    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    runs = [results.read(file) for file in files]
    comparison.require_comparable(runs, mix_versions=mix_versions)
    if len({run.label for run in runs}) < 2:
        raise UsageError("one implementation says nothing of everywhere: name runs of several")
    clauses = [entry.clause for entry in load_standard().entries.values()]
    found = comparison.suspects(runs, clauses)
    out = console()
    for why in (comparison.FAILS_EVERYWHERE, comparison.SKIPPED_EVERYWHERE, comparison.NEVER_RAN):
        rows = [
            [one.level, plain(one.clause, 200), "{} runs".format(one.runs) if one.runs else ""]
            for one in found
            if one.why == why
        ]
        if rows:
            say(out, ("{} ({})".format(why.capitalize(), len(rows)), "bold"))
        for row in columns(rows):
            say(out, "  ", *row)
    say(out, "{} suspects in {} runs".format(len(found), len(runs)))
    click.get_current_context().exit(DEVIATES if found else CONFORMS)
