"""``tapecheck timeline``: what changed from version to version of one implementation."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import click

from tapecheck.errors import CONFORMS, DEVIATES, UsageError

_SHOWN = 20

_TITLES = {
    "broke": "Promises that are broken now",
    "gone": "No longer there",
    "otherwise": "Behaves otherwise",
    "fixed": "Broken promises that are kept now",
    "began": "New",
}


class _Line(NamedTuple):
    """A change as it is shown; rows of one clause that changed alike are one line."""

    level: str
    clause: str
    modes: str
    statement: str
    words: str


@click.command(
    epilog="""\b
Examples:
  tapecheck timeline reports/tensorflow-*.jsonl
  tapecheck timeline reports/tensorflow-*.jsonl --from 2.15 --to 2.16
  tapecheck timeline reports/tensorflow-*.jsonl --from 2.15 --to 2.16 --markdown > upgrade.md
  tapecheck timeline reports/tensorflow-*.jsonl --clause construction.the_class_has_a_second_name
  tapecheck timeline reports/tensorflow-*.jsonl --check

\b
Exit codes: 0; with --check 1 where `since` of a clause disagrees with what was measured.""",
)
@click.argument("places", nargs=-1, required=True, metavar="RESULTS...")
@click.option("--from", "old", metavar="VERSION", help="Only what changed after this version,")
@click.option("--to", "new", metavar="VERSION", help="up to this one.")
@click.option("--clause", metavar="NAME", help="What became of this clause, version by version.")
@click.option("--check", is_flag=True, help="Compare `since` of the clauses with the runs.")
@click.option("--markdown", is_flag=True, help="As Markdown.")
@click.option("--all", "everything", is_flag=True, help="Do not shorten long lists.")
def timeline(
    places: Tuple[str, ...],
    old: Optional[str],
    new: Optional[str],
    clause: Optional[str],
    check: bool,
    markdown: bool,
    everything: bool,
) -> None:
    """Show since when clauses hold, where that changed and where it was fixed.

    RESULTS are result files of one implementation, one of each version, or folders of such files.
    """
    from tapecheck import comparison, results, timeline

    if (old is None) != (new is None):
        raise UsageError("--from and --to go together")
    files = list(dict.fromkeys(file for place in places for file in results.find(place)))
    runs = timeline.in_order(results.read(file) for file in files)
    comparison.require_comparable(runs)
    if check:
        click.get_current_context().exit(_check(runs))
    elif clause is not None:
        _history(runs, clause)
    else:
        most = None if everything else _SHOWN
        steps = timeline.changes(runs)
        if old is not None and new is not None:
            steps, most = [timeline.between(runs, old, new)], None
        show = _markdown if markdown else _text
        show(str(runs[0].header["backend"]), steps, most)


def _check(runs: Sequence[Any]) -> int:
    from tapecheck import timeline
    from tapecheck.cli.text import console, plain, say
    from tapecheck.standard import load_standard

    clauses = [entry.clause for entry in load_standard().entries.values()]
    out, found = console(), timeline.disagreements(runs, clauses)
    for one in found:
        say(out, plain("{}: since {}, in {} it {}".format(*one)))
    young = sum(clause.since is not None for clause in clauses)
    say(
        out,
        "{} clauses have a since, {} disagree with {} runs".format(young, len(found), len(runs)),
    )
    return DEVIATES if found else CONFORMS


def _history(runs: Sequence[Any], clause: str) -> None:
    from tapecheck import timeline
    from tapecheck.cli.text import columns, console, plain, say

    out = console()
    found = [
        history
        for history in timeline.histories(runs)
        if clause in (history.clause, history.clause.partition("[")[0])
    ]
    if not found:
        raise UsageError("no run knows a clause {!r}".format(clause))
    for history in found:
        say(out, (plain(history.clause), "bold"), "  ", history.level, "  ", *_modes(history))
        rows = []
        for stretch in history.stretches:
            span = " to ".join(dict.fromkeys([stretch.first, stretch.last]))
            rows.append([plain(span), stretch.state, plain(stretch.words)])
        for row in columns(rows):
            say(out, "  ", *row)


def _modes(changed: Any) -> List[str]:
    return [", ".join(changed.modes)]


def _text(name: str, steps: Sequence[Any], most: Optional[int]) -> None:
    from tapecheck.cli.text import console, plain, say

    out = console()
    for step in steps:
        counts = _counts(step)
        title = "{} {} -> {}".format(name, step.before, step.version)
        say(out, (plain(title), "bold"), ": {}".format(counts or "no change"))
        for kind, lines in _by_kind(step):
            say(out, "  ", (_TITLES[kind], "bold"), " ({})".format(len(lines)))
            for line in lines[:most]:
                say(out, "    {:<8}  {} [{}]".format(line.level, plain(line.clause), line.modes))
                say(out, "              ", plain(line.statement))
                if line.words:
                    say(out, "              ", plain(line.words))
            if most is not None and len(lines) > most:
                say(out, "    and {} more, all of them with --all".format(len(lines) - most))


def _markdown(name: str, steps: Sequence[Any], most: Optional[int]) -> None:
    from tapecheck.report.text import markdown, markdown_code

    for step in steps:
        title = "{} {} to {}".format(name, step.before, step.version)
        click.echo("## {}\n\n{}.\n".format(markdown(title), _counts(step) or "No change"))
        for kind, lines in _by_kind(step):
            click.echo("### {}\n".format(_TITLES[kind]))
            for line in lines[:most]:
                click.echo("- {}  ".format(markdown(line.statement)))
                if line.words:
                    click.echo("  {}  ".format(markdown(line.words)))
                click.echo(
                    "  {}, {}, {}".format(line.level, markdown_code(line.clause), line.modes)
                )
            if most is not None and len(lines) > most:
                click.echo("- and {} more".format(len(lines) - most))
            click.echo()


def _counts(step: Any) -> str:
    return ", ".join("{} {}".format(len(lines), kind) for kind, lines in _by_kind(step))


def _by_kind(step: Any) -> List[Tuple[str, List[_Line]]]:
    """The changes of each kind that there are."""
    from tapecheck.timeline import KINDS

    found = [(kind, _lines(step.of_kind(kind))) for kind in KINDS]
    return [(kind, lines) for kind, lines in found if lines]


def _lines(events: Sequence[Any]) -> List[_Line]:
    alike: Dict[Tuple[str, str, str, str], List[str]] = {}
    for event in events:
        key = (event.level, event.clause.partition("[")[0], ", ".join(event.modes), _told(event))
        alike.setdefault(key, []).append(event.clause)
    lines = []
    for (level, base, modes, words), clauses in alike.items():
        name = clauses[0] if len(clauses) == 1 else "{}[...] ({} rows)".format(base, len(clauses))
        lines.append(_Line(level, name, modes, _statement(clauses[0]), words))
    return lines


def _told(event: Any) -> str:
    """How it is where it does not hold, be that now or before; empty where it was not there."""
    from tapecheck.timeline import BROKEN

    if event.new.state == BROKEN:
        return "Now: {}".format(event.new.words)
    return "Before: {}".format(event.old.words) if event.old.state == BROKEN else ""


def _statement(clause: str) -> str:
    """What the standard says; nothing of a clause that it does not hold any more."""
    from tapecheck.standard import load_standard

    try:
        return load_standard().find(clause).clause.statement
    except UsageError:
        return ""
