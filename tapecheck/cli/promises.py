"""``tapecheck promises``: whether the documentation says what the standard was written from."""

from __future__ import annotations

from typing import Any

import click

from tapecheck.errors import CONFORMS, DEVIATES


@click.command(
    epilog="""\b
Examples:
  tapecheck promises                    the docstrings of the installed TensorFlow
  tapecheck promises --record           take them as read, after revising the standard

\b
Exit codes: 0 the documentation is the same, 1 it says something else.""",
)
@click.argument("backend", default="tensorflow")
@click.option("--record", is_flag=True, help="Write the present fingerprints into the standard.")
def promises(backend: str, record: bool) -> None:
    """Compare the docstrings of BACKEND with those that the standard was written from.

    A sentence that is new is shown in full; one that is gone by its place, since only its
    fingerprint is kept.
    """
    from tapecheck import backends
    from tapecheck import promises as data
    from tapecheck.cli.text import console, say

    known = data.load()
    loaded = backends.load(backend)
    out = console()
    if record:
        present = data.read(loaded.namespace, list(known.symbols), loaded.version)
        data.promises_file().write_text(data.written(present), encoding="utf-8")
        say(out, "recorded the docstrings of {} {}".format(loaded.name, loaded.version))
        return
    changes = data.compare(known, loaded.namespace)
    for change in changes:
        _show(out, change)
    say(
        out,
        "{} {} against {}: {}".format(
            loaded.name,
            loaded.version,
            known.version,
            "the documentation of {} symbols changed".format(len(changes))
            if changes
            else "the documentation says the same",
        ),
    )
    click.get_current_context().exit(DEVIATES if changes else CONFORMS)


def _show(out: Any, change: Any) -> None:
    from tapecheck.cli.text import plain, say

    say(out, (change.symbol, "bold"))
    if change.missing:
        say(out, "  is not there, or is not documented")
    for sentence in change.new:
        say(out, "  new: ", plain(sentence, 300))
    if change.gone:
        places = ", ".join(str(place) for place in change.gone)
        say(out, "  gone: of the earlier sentences number {}".format(places))
