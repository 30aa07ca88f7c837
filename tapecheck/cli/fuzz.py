"""``tapecheck fuzz``: the same random programs on several implementations."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, List, Optional, Tuple

import click

from tapecheck.errors import CONFORMS, DEVIATES, UsageError
from tapecheck.modes import EAGER, MODES

_SECONDS_BETWEEN_LINES = 10.0


@click.command(
    epilog="""\b
Examples:
  tapecheck fuzz numpy tensorflow --minutes 10 --seed 1
  tapecheck fuzz jax --mode eager --mode jit --question hessian
  tapecheck fuzz tensorflow --save suites/differential/corpus

\b
Exit codes: 0 nothing found, 1 something found, 2 wrong usage, 3 a backend could not be had.""",
)
@click.argument("backends", nargs=-1, required=True, metavar="BACKEND...")
@click.option("--minutes", type=click.FloatRange(0), default=1.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides what is drawn.")
@click.option(
    "--mode",
    "modes",
    type=click.Choice(MODES),
    multiple=True,
    help="May be given several times; eager by default.",
)
@click.option("--question", "questions", multiple=True, help="May be given several times.")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float64", show_default=True
)
@click.option("--words", help="Capabilities that programs may need, instead of all.")
@click.option(
    "--save",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Write each program that is found here, as the corpus holds them.",
)
def fuzz(
    backends: Tuple[str, ...],
    minutes: float,
    seed: int,
    modes: Tuple[str, ...],
    questions: Tuple[str, ...],
    dtype: str,
    words: Optional[str],
    save: Optional[str],
) -> None:
    """Ask BACKENDs for derivatives of random programs, each in a process of its own.

    What differs from the oracle, an exact computation forwards, is made as small as it will go, and
    printed as a script in the words of each implementation.
    """
    from tapecheck.backends import resolve
    from tapecheck.cli import session
    from tapecheck.hunting.client import Client
    from tapecheck.hunting.hunt import WORDS, Hunt
    from tapecheck.programs.program import QUESTIONS

    for question in questions:
        if question not in QUESTIONS:
            raise UsageError(
                "no question {!r}, there are {}".format(question, ", ".join(QUESTIONS))
            )
    clients: List[Any] = []
    with session.surroundings():
        for name in backends:
            resolve(name)
        try:
            for name in backends:
                clients.append(Client(name, dtype))
            hunt = Hunt(clients, seed, modes or (EAGER,), questions or QUESTIONS, words or WORDS)
            count = _search(hunt, minutes, Path(save) if save else None)
        finally:
            for client in clients:
                client.close()
    click.get_current_context().exit(DEVIATES if count else CONFORMS)


def _search(hunt: Any, minutes: float, folder: Optional[Path]) -> int:
    """Show findings as they come; how many there were."""
    from tapecheck.cli.text import console, say

    out, err = console(), console(stderr=True)
    until = time.monotonic() + 60.0 * minutes
    count, said = 0, [time.monotonic()]

    def tell() -> None:
        if time.monotonic() - said[0] > _SECONDS_BETWEEN_LINES:
            said[0] = time.monotonic()
            left = max(0, int(until - said[0]))
            words = "{} programs, {} findings, {} s left"
            say(err, words.format(hunt.asked, count, left))

    for finding in hunt.findings(lambda: time.monotonic() > until, tell):
        count += 1
        _show(out, count, finding)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _file_name(finding)).write_text(finding.program.to_json() + "\n", "utf-8")
    say(out, "{} programs, {} findings".format(hunt.asked, count))
    return count


def _show(out: Any, number: int, finding: Any) -> None:
    from tapecheck.cli.text import block, plain, say
    from tapecheck.programs.spelling import script
    from tapecheck.programs.table import IMPLEMENTATIONS

    title = "{}. {} [{}]: {}".format(number, finding.label, finding.mode, finding.program.question)
    say(out, (plain(title), "bold red"))
    say(out, "expected: ", plain(finding.expected))
    say(out, "actual:   ", plain(finding.actual))
    for label, agrees in finding.others.items():
        say(out, plain(label), " agrees" if agrees else " does not agree", " with the oracle")
    if finding.others and not any(finding.others.values()):
        say(out, "No implementation agrees with the oracle: look at the oracle first.")
    own = finding.asked_for if finding.asked_for in IMPLEMENTATIONS else IMPLEMENTATIONS[0]
    for implementation in dict.fromkeys((own, IMPLEMENTATIONS[0])):
        say(out, "")
        say(out, ("# in the words of " + implementation, "dim"))
        for line in block(script(finding.program, implementation, finding.mode)):
            say(out, line)
    say(out, "")


def _file_name(finding: Any) -> str:
    operations = dict.fromkeys(one.name for one in finding.program.operations)
    words = "{} of {}".format(finding.program.question, " ".join(operations))
    return "_".join(words.split()) + ".json"
