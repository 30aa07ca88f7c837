"""``tapecheck repro``: a script that checks one clause without this suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import click

from tapecheck.errors import CONFORMS, DEVIATES, UsageError
from tapecheck.modes import MODES


@click.command(
    epilog="""\b
Examples:
  tapecheck repro persistence.a_tape_answers_once > r.py && python r.py
  tapecheck repro jacobian.a_jacobian_of_a_jacobian --backend tensorflow --mode jit
  tapecheck repro watching.constants_need_watch --backend my_package.tape --device GPU:0
  tapecheck repro --results reports/nightly --out scripts

\b
Exit codes, with --results: 0 every failure has a script, 1 some have none, 2 wrong usage."""
)
@click.argument("clause", required=False)
@click.option("--backend", default="numpy", show_default=True, help="The implementation.")
@click.option("--mode", type=click.Choice(MODES), help="How to run it (default: the first mode).")
@click.option("--device", metavar="D", help="Where to compute, as GPU:0.")
@click.option("--results", metavar="FILE", help="Of each failure in this result file instead.")
@click.option("--out", metavar="DIR", help="With --results: folder for the scripts.")
@click.option("--known", is_flag=True, help="With --results: of known deviations too.")
@click.option(
    "--most", type=click.IntRange(1), metavar="N", help="With --results: how many scripts to run."
)
def repro(
    clause: Optional[str],
    backend: str,
    mode: Optional[str],
    device: Optional[str],
    results: Optional[str],
    out: Optional[str],
    known: bool,
    most: Optional[int],
) -> None:
    """Print a script that checks CLAUSE and needs only the implementation and NumPy.

    The script ends with exit code 0 and one line if the promise holds, else with the failure.

    With --results a script is made of each failure in a result file, and run. Those that fail in
    the same way, with the same exception or the same wrong value, are written into the file, into
    the record of their case; of the others it says why there is none. What a result file shows as a
    program is run, so give it only files that you trust.
    """
    if (clause is None) == (results is None):
        raise UsageError("name a CLAUSE, or give --results")
    if results is not None:
        click.get_current_context().exit(_of_results(results, out, known, most))
    assert clause is not None
    _of_clause(clause, backend, mode, device)


def _of_clause(clause: str, backend: str, mode: Optional[str], device: Optional[str]) -> None:
    from tapecheck.backends import resolve
    from tapecheck.behaviours import load
    from tapecheck.cli.session import surroundings
    from tapecheck.reproducer import script
    from tapecheck.standard import load_standard

    with surroundings():
        resolve(backend)
    entry = load_standard().find(clause)
    table = load()
    documented = [
        "{}: {}".format(name, table[name].citation())
        for name in entry.clause.covers
        if name in table
    ]
    click.echo(script(entry, backend, mode or entry.clause.modes[0], device, documented), nl=False)


def _of_results(path: str, out: Optional[str], known: bool, most: Optional[int]) -> int:
    from tapecheck import results as files
    from tapecheck import verifying
    from tapecheck.cli.text import console, plain, say

    run = files.read(path)
    if not run.complete:
        raise UsageError("{}: the run is incomplete".format(run.path))
    screen = console()
    tried = verifying.attach(run, known, most or verifying.MOST)
    files.write(run.path, tried)
    told = [case for case in tried.cases if case.reproducer]
    for case in told:
        state = "verified" if case.reproducer["verified"] else "none"
        why = case.reproducer.get("why", "")
        place = "{} [{} {}]".format(case.clause, case.mode, case.device)
        say(screen, "{:<9}".format(state), plain(place, 200), "  " if why else "", plain(why, 300))
    verified = [case for case in told if case.reproducer["verified"]]
    if out is not None:
        _write(Path(out), verified)
    say(screen, "{} of {} failures have a verified reproducer".format(len(verified), len(told)))
    return CONFORMS if len(verified) == len(told) else DEVIATES


def _write(folder: Path, cases: Any) -> None:
    """One script a case, by the name of the clause and the mode."""
    from tapecheck.cli.run import safe

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for case in cases:
            name = safe("-".join([case.clause, case.mode, case.device]), 200)
            (folder / (name + ".py")).write_text(case.reproducer["script"], encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "cannot write to {}: {}".format(folder, error.strerror or error)
        ) from error
