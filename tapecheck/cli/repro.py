"""``tapecheck repro``: a script that checks one clause without this suite."""

from __future__ import annotations

from typing import Optional

import click

from tapecheck.modes import MODES


@click.command(
    epilog="""\b
Examples:
  tapecheck repro persistence.a_tape_answers_once > r.py && python r.py
  tapecheck repro jacobian.a_jacobian_of_a_jacobian --backend tensorflow --mode jit
  tapecheck repro watching.constants_need_watch --backend my_package.tape --device GPU:0"""
)
@click.argument("clause")
@click.option("--backend", default="numpy", show_default=True, help="The implementation.")
@click.option("--mode", type=click.Choice(MODES), help="How to run it (default: the first mode).")
@click.option("--device", metavar="D", help="Where to compute, as GPU:0.")
def repro(clause: str, backend: str, mode: Optional[str], device: Optional[str]) -> None:
    """Print a script that checks CLAUSE and needs only the implementation and NumPy.

    The script ends with exit code 0 and one line if the promise holds, else with the failure.
    """
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
