"""``tapecheck report``: a site of runs, and the standard as a book."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import click

from tapecheck.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  tapecheck report reports/runs --out site
  tapecheck report nightly/tf-2.20 nightly/tf-2.21 --out site
  tapecheck report reports/tensorflow-2.21.0.jsonl --one-file --out page
  tapecheck report reports/runs/numpy-0.1.0-20260101T000000Z --out site
  tapecheck report --standard --out site""",
)
@click.argument("places", nargs=-1, metavar="DIR...")
@click.option("--out", required=True, metavar="DIR", help="Folder for what is written.")
@click.option("--allow-incomplete", is_flag=True, help="Take incomplete runs too, marked so.")
@click.option("--mix-versions", is_flag=True, help="Take runs of different suite versions.")
@click.option("--one-file", is_flag=True, help="All in one index.html, to be sent or kept.")
@click.option("--standard", is_flag=True, help="Only standard.html, of no run: give no DIR.")
def report(
    places: Tuple[str, ...],
    out: str,
    allow_incomplete: bool,
    mix_versions: bool,
    one_file: bool,
    standard: bool,
) -> None:
    """Write a site of the runs in each DIR: result files, or folders that hold some.

    It is index.html with a page for each run and each clause, a matrix that can be filtered, and
    what changed between nights and versions; summary.md for a CI job; and standard.html: the
    standard as a book, with the verdicts of the newest runs beside each clause. It opens from a
    file as from a server. Files of one version that hold different suites are shown as one run.
    """
    from tapecheck import comparison, results
    from tapecheck.cli.matrix import show
    from tapecheck.cli.text import console, plain, say
    from tapecheck.report import render, site
    from tapecheck.report.book import render_book
    from tapecheck.report.joining import joined

    if standard and places:
        raise UsageError("--standard is about no run: give no DIR with it")
    if not standard and not places:
        raise UsageError("name a DIR with runs, or ask for --standard")
    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    runs = joined([results.read(file) for file in files])
    comparison.require_comparable(runs, allow_incomplete, mix_versions)
    screen = console()
    try:
        if standard:
            page = render_book([], Path(out))
        else:
            whole = site.build(runs)
            if one_file:
                page = render([report.run for report in whole.reports], Path(out))
            else:
                newest = [whole.reports[number].run for number in whole.newest]
                render_book(newest, Path(out), site=True)
                page = site.write(whole, Path(out))
            show(screen, whole.front)
    except OSError as error:
        raise UsageError("cannot write to {}: {}".format(out, error.strerror or error)) from error
    count = "1 run" if len(runs) == 1 else "{} runs".format(len(runs))
    say(screen, "{}: {}".format("the standard" if standard else count, plain(page)))
