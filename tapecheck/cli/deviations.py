"""``tapecheck deviations``: what an implementation is known to do otherwise, kept up to date."""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, List, Tuple

import click

from tapecheck.errors import CONFORMS, COULD_NOT_RUN, DEVIATES, UsageError
from tapecheck.modes import MODES

if TYPE_CHECKING:
    from tapecheck.reconciling import Reconciled
    from tapecheck.results import Run


@click.group(
    "deviations",
    epilog="""\b
Examples:
  tapecheck deviations update my_package.tape --file deviations.toml
  tapecheck deviations check deviations.toml""",
)
def deviations() -> None:
    """Keep the file of what an implementation is known to do otherwise."""


@deviations.command(
    epilog="""\b
Examples:
  tapecheck deviations update my_package.tape --file deviations.toml
  tapecheck deviations update my_package.tape --file deviations.toml --write
  tapecheck deviations update reports/runs/mine-1.2-20260101T120000Z --file deviations.toml

\b
Exit codes: 0 the file is up to date, or was written; 1 it is not, and was not."""
)
@click.argument("source", metavar="BACKEND|RESULTS")
@click.option("--file", "path", metavar="FILE", required=True, help="The deviations file.")
@click.option("--write", is_flag=True, help="Write the file instead of showing what would change.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(MODES), help="Only this mode.")
@click.option("--chapter", "chapters", multiple=True, metavar="NAME", help="Only this chapter.")
@click.option("-n", "workers", type=click.IntRange(1), default=1, help="Worker processes.")
def update(
    source: str,
    path: str,
    write: bool,
    modes: Tuple[str, ...],
    chapters: Tuple[str, ...],
    workers: int,
) -> None:
    """Bring the deviations file into line with a run.

    The run is that of a result file or folder, or a new one of a backend. Failures that no entry
    explains get new ones, which say "unreviewed" where a person is to say why, and where that is
    discussed. Entries that pass are removed, those that pass in some modes or devices are narrowed.
    What still holds keeps its reason, its comments and its place.
    """
    from tapecheck.reconciling import reconcile
    from tapecheck.textfile import read_text

    options = [word for mode in modes for word in ("--mode", mode)]
    options += [word for chapter in chapters for word in ("--chapter", chapter)]
    run = _run_of(source, [*options, "-n", str(workers)])
    file = Path(path)
    old = read_text(file) if file.exists() else ""
    result = reconcile(file, old, run)
    changed = result.text != old and bool(result.text.strip() or old)
    if write and changed:
        _write(file, result.text)
    _show(file, old, result)
    if changed and not write:
        click.echo("Nothing was written: --write does it.")
    click.get_current_context().exit(DEVIATES if changed and not write else CONFORMS)


@deviations.command(
    epilog="""\b
Examples:
  tapecheck deviations check deviations.toml"""
)
@click.argument("path", metavar="FILE")
def check(path: str) -> None:
    """Read a deviations file, and tell which of its entries nobody has reviewed yet.

    The exit code is 0 if a person gave a reason and a link for each, else 1.
    """
    from tapecheck.deviations import HEADER, parse_deviations
    from tapecheck.textfile import read_text
    from tapecheck.toml import line_in

    file = Path(path)
    text = read_text(file)
    entries = parse_deviations(file, text)
    waiting = [number for number, entry in enumerate(entries) if not entry.reviewed]
    for number in waiting:
        place = line_in(text, HEADER, number)
        click.echo("{}:{}: {} is unreviewed".format(file, place, entries[number].clause))
    click.echo("{} entries, {} of them unreviewed".format(len(entries), len(waiting)))
    click.get_current_context().exit(DEVIATES if waiting else CONFORMS)


def _run_of(source: str, options: List[str]) -> Run:
    """The run that a path holds, or a new one of a backend.

    Raises:
        UsageError: it did not come to its end.
    """
    from tapecheck import results

    place = Path(source)
    if place.is_file() or (place / results.FILE_NAME).is_file():
        run = results.read(source)
    else:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "tapecheck", "run", source, "--out", folder, *options]
            # The progress of the run is shown, its summary is not.
            ended = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
            if ended.returncode not in (CONFORMS, DEVIATES):
                click.get_current_context().exit(ended.returncode or COULD_NOT_RUN)
            run = results.read(folder)
    if not run.complete:
        raise UsageError("{}: the run did not come to its end".format(source))
    return run


def _show(file: Path, old: str, result: Reconciled) -> None:
    """Print the difference, and how many entries are of which fate."""
    from tapecheck.deviations import parse_deviations

    lines = difflib.unified_diff(
        old.splitlines(), result.text.splitlines(), str(file), str(file), lineterm=""
    )
    for line in lines:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.secho(line, fg=colour)
    for change in result.changes:
        if change.what != "kept":
            click.echo("{}: {} {}".format(change.what, change.clause, change.why).rstrip())
    counts = [
        "{} {}".format(sum(change.what == what for change in result.changes), what)
        for what in ("new", "removed", "narrowed", "kept")
    ]
    entries = parse_deviations(file, result.text)
    waiting = sum(not entry.reviewed for entry in entries)
    click.echo("{}; {} of {} unreviewed".format(", ".join(counts), waiting, len(entries)))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError("cannot write {}: {}".format(file, error.strerror or error)) from error
