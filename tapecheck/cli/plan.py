"""``tapecheck plan``: the environments that a nightly runs, for its matrix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Tuple

import click

from tapecheck.errors import UsageError
from tapecheck.sampling import DEEP, DEFAULT

DEFAULT_PYTHON = "3.12"

_ASKS = {"": "the standard", DEFAULT: "all suites", DEEP: "all, deep"}


@click.command(
    epilog="""\b
Examples:
  tapecheck plan
  tapecheck plan --only 'tf2.*' --only tf-nightly --deep tf-nightly
  echo "matrix=$(tapecheck plan --json --shards 2)" >> "$GITHUB_OUTPUT\""""
)
@click.option("--tox", "path", default="tox.ini", show_default=True, metavar="FILE")
@click.option("--only", "patterns", multiple=True, metavar="PATTERN", help="As tf2.1* or jax.")
@click.option("--skip", "skipped", multiple=True, metavar="PATTERN", help="All but these.")
@click.option("--suites", "beside", multiple=True, metavar="PATTERN", help="These run all suites.")
@click.option(
    "--deep", "deeper", multiple=True, metavar="PATTERN", help="These do so by the deep profile."
)
@click.option(
    "--shards",
    type=click.IntRange(1, 99),
    default=1,
    show_default=True,
    metavar="N",
    help="Split each run into so many jobs.",
)
@click.option("--json", "as_json", is_flag=True, help="For fromJSON in GitHub Actions.")
def plan(
    path: str,
    patterns: Tuple[str, ...],
    skipped: Tuple[str, ...],
    beside: Tuple[str, ...],
    deeper: Tuple[str, ...],
    shards: int,
    as_json: bool,
) -> None:
    """Print the matrix of implementations and versions that tox.ini tells how to run.

    tox.ini is the one list: what can be run by hand, as tox -e tf2.16, is what the nightly runs.
    """
    from tapecheck.cli.text import columns, console, say
    from tapecheck.environments import choose, environments, matrix

    if not Path(path).is_file():
        raise UsageError("no {}: plan needs a checkout, or --tox FILE".format(path))
    known = environments(Path(path))
    left_out = choose(known, skipped) if skipped else []
    chosen = [one for one in choose(known, patterns) if one not in left_out]
    profiles = {
        one.name: profile
        for profile, named in ((DEFAULT, beside), (DEEP, deeper))
        if named
        for one in choose(known, named)
    }
    jobs = matrix(chosen, shards, DEFAULT_PYTHON, profiles)
    if as_json:
        click.echo(json.dumps(jobs))
        return
    rows = [("environment", "python", "backend", "asks", "jobs")]
    rows += [
        (
            one.name,
            one.python or "any",
            one.backend,
            _ASKS[profiles.get(one.name, "")],
            str(shards),
        )
        for one in chosen
    ]
    out = console()
    for row in columns(rows):
        say(out, *row)
    say(out, "{} environments, {} jobs".format(len(chosen), len(jobs["include"])))
