"""``tapecheck export``: results in the forms that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from tapecheck.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  tapecheck export results.jsonl --junit junit.xml
  tapecheck export reports --badges site/badges"""
)
@click.argument("places", nargs=-1, required=True, metavar="DIR...")
@click.option("--junit", metavar="FILE", help="Write the cases as JUnit XML.")
@click.option("--badges", metavar="DIR", help="Write badges: endpoint JSON and SVG.")
def export(places: Tuple[str, ...], junit: Optional[str], badges: Optional[str]) -> None:
    """Write the runs in each DIR, result files or folders that hold some, for other tools.

    Of each implementation and version it is the last run that counts. A badge says how many cases
    of a level pass, by implementation and version, and by implementation for its newest run.
    """
    from tapecheck import badges as badge_files
    from tapecheck import junit as junit_file
    from tapecheck import results
    from tapecheck.cli.text import console, plain, say

    if junit is None and badges is None:
        raise UsageError("say what to write: --junit, --badges or both")
    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    runs = badge_files.latest([results.read(file) for file in files])
    out = console()
    try:
        if junit is not None:
            Path(junit).parent.mkdir(parents=True, exist_ok=True)
            Path(junit).write_bytes(junit_file.document(runs))
            say(out, "{} runs: {}".format(len(runs), plain(junit)))
        if badges is not None:
            written = badge_files.write(runs, Path(badges))
            say(out, "{} badges: {}".format(len(written), plain(badges)))
    except OSError as error:
        raise UsageError("cannot write: {}".format(error)) from error
