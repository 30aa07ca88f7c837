"""``tapecheck explain``: all that is known of one clause."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import click

_FOLDERS = (Path("reports"), Path("reports") / "runs")


@click.command(
    epilog="""\b
Examples:
  tapecheck explain persistence.a_persistent_tape_answers_twice
  tapecheck explain watching.constants_need_watch | less"""
)
@click.argument("clause")
def explain(clause: str) -> None:
    """Show CLAUSE: what it says, where that is documented, its code, and its last verdicts.

    Verdicts come from the result files in reports and reports/runs below the current folder.
    """
    from tapecheck.behaviours import load
    from tapecheck.cli.text import console, say
    from tapecheck.standard import load_standard, root

    entry = load_standard().find(clause)
    found = entry.clause
    out = console()
    say(out, (found.id, "bold"), "  ", found.level)
    _paragraph(out, found.statement)
    if found.explanation:
        say(out)
        _paragraph(out, found.explanation)
    say(out)
    facts = [("modes", ", ".join(found.modes)), ("needs", ", ".join(sorted(found.needs)))]
    facts += [("since", found.since or ""), ("devices", str(found.devices))]
    facts.append(("file", "{}:{}".format(_relative(entry.chapter.path, root()), entry.line)))
    for name, value in facts:
        if value:
            say(out, "{:<10}".format(name), value)
    table = load()
    for name in found.covers:
        say(out)
        behaviour = table.get(name)
        say(out, (name, "bold"), "  ", behaviour.statement if behaviour else "not documented")
        for source in behaviour.sources if behaviour else ():
            say(out, "    ", source.citation())
    say(out)
    _code(out, entry.code)
    _verdicts(out, clause)


def _paragraph(out: Any, text: str) -> None:
    """Text that wraps at the width of a terminal; a pipe gets the lines as they are."""
    if out.is_terminal:
        out.print(" ".join(text.split()))
    else:
        click.echo(text)


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _code(out: Any, code: str) -> None:
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(code.rstrip(), "python", background_color="default"))
    else:
        click.echo(code.rstrip())


def _verdicts(out: Any, clause: str) -> None:
    """The verdicts of the latest run of each implementation that ran the clause."""
    from tapecheck.cli.text import COLOURS, columns, plain, say

    latest: Dict[str, Tuple[str, List[Any]]] = {}
    for run in _runs():
        cases = [case for case in run.cases if case.clause == clause]
        started = run.header["started"]
        if cases and started >= latest.get(run.label, ("", []))[0]:
            latest[run.label] = (started, cases)
    if not latest:
        return
    say(out)
    say(out, ("Last verdicts", "bold"))
    for label in sorted(latest):
        started, cases = latest[label]
        say(out, "  ", plain(label, 80), "  ", plain(started, 40))
        rows = [(plain(case.mode), plain(case.device), case.verdict) for case in cases]
        for row, case in zip(columns(rows), cases):
            say(out, "    ", *row[:-1], (row[-1], COLOURS[case.verdict]))


def _runs() -> List[Any]:
    """The runs that lie about; a file that cannot be read is none."""
    from tapecheck import results
    from tapecheck.errors import DataError

    runs = []
    for folder in _FOLDERS:
        for file in sorted([*folder.glob("*.jsonl"), *folder.glob("*/*.jsonl")]):
            try:
                runs.append(results.read(file))
            except DataError:
                continue
    return runs
