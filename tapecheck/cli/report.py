"""``tapecheck report``: one report of several runs."""

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
  tapecheck report reports/runs/numpy-0.1.0-20260101T000000Z --out site""",
)
@click.argument("places", nargs=-1, required=True, metavar="DIR...")
@click.option("--out", required=True, metavar="DIR", help="Folder for index.html and summary.md.")
@click.option("--allow-incomplete", is_flag=True, help="Take incomplete runs too, marked so.")
@click.option("--mix-versions", is_flag=True, help="Take runs of different suite versions.")
def report(places: Tuple[str, ...], out: str, allow_incomplete: bool, mix_versions: bool) -> None:
    """Write a report of the runs in each DIR: result files, or folders that hold some."""
    from tapecheck import comparison, results
    from tapecheck.cli.text import console, plain, say
    from tapecheck.report import render

    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    runs = [results.read(file) for file in files]
    comparison.require_comparable(runs, allow_incomplete, mix_versions)
    try:
        page = render(runs, Path(out))
    except OSError as error:
        raise UsageError("cannot write to {}: {}".format(out, error.strerror or error)) from error
    count = "1 run" if len(runs) == 1 else "{} runs".format(len(runs))
    say(console(), "{}: {}".format(count, plain(page)))
