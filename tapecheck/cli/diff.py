"""``tapecheck diff``: what changed between two runs."""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import click

from tapecheck.comparison import Change, Comparison
from tapecheck.errors import CONFORMS, DEVIATES
from tapecheck.results import Case, Record, Run

TEXT, MARKDOWN, JSON = "text", "markdown", "json"
FORMATS = (TEXT, MARKDOWN, JSON)

_SHOWN = 20
_ROWS = 3

_PARTS = (
    ("regressions", "Regressions", "regressions", "bold red"),
    ("fixed", "Fixed", "fixed", "bold green"),
    ("flaky", "Flaky", "flaky", "bold yellow"),
    ("behaviour", "Changed behaviour", "changed behaviours", "bold yellow"),
    ("new", "New", "new", "bold"),
    ("gone", "Gone", "gone", "bold"),
    ("other", "Other changes", "other changes", "bold"),
)
"""The lists of a comparison: attribute, title, how they are counted, style."""


@click.command(
    epilog="""\b
Examples:
  tapecheck diff reports/tensorflow-2.20 reports/tensorflow-2.21
  tapecheck diff old/results.jsonl new/results.jsonl --all
  tapecheck diff old new --format markdown >> "$GITHUB_STEP_SUMMARY"
  tapecheck diff old new --format json | jq '.regressions[].clause'

\b
Exit codes: 0 no regression, 1 a regression, 2 what is not to be compared.""",
)
@click.argument("old")
@click.argument("new")
@click.option("--mix-versions", is_flag=True, help="Even of different versions of the suite.")
@click.option("--all", "everything", is_flag=True, help="Do not shorten long lists.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=TEXT,
    show_default=True,
    help="JSON is never shortened.",
)
def diff(old: str, new: str, mix_versions: bool, everything: bool, form: str) -> None:
    """Compare the runs OLD and NEW, each a result file or the folder that holds one.

    A regression is a case that broke no promise in OLD and does in NEW. A case that had two
    verdicts within one run is flaky, and a clause of the level OBSERVED promises nothing: they
    are told apart and are no regression.
    """
    from tapecheck import comparison, results

    runs = (results.read(old), results.read(new))
    comparison.require_comparable(runs, mix_versions=mix_versions)
    found = Difference(*runs, comparison.compare(*runs))
    most = None if everything else _SHOWN
    if form == JSON:
        click.echo(json.dumps(found.record(), indent=1))
    elif form == MARKDOWN:
        click.echo("\n".join(markdown(found, most)))
    else:
        _print(found, most)
    click.get_current_context().exit(DEVIATES if found.total.regressions else CONFORMS)


class Difference(NamedTuple):
    """Two runs and what changed between them, all suites together."""

    old: Run
    new: Run
    total: Comparison

    @property
    def notes(self) -> List[str]:
        """What makes the runs less alike than two nights of one suite."""
        from tapecheck.comparison import restricted

        told = []
        versions = [run.header["suite_version"] for run in (self.old, self.new)]
        if versions[0] != versions[1]:
            told.append("The runs are of different versions of the suite: {}, {}".format(*versions))
        asked = [restricted(run.header) for run in (self.old, self.new)]
        if asked[0] != asked[1]:
            told.append(
                "The runs were asked for different parts: {}, {}".format(*map(_part, asked))
            )
        return told

    @property
    def counts(self) -> str:
        """How many cases there are of each kind."""
        counted = zip(self.total.numbers, [noun for _, _, noun, _ in _PARTS] + ["the same"])
        return ", ".join("{} {}".format(number, noun) for number, noun in counted)

    def record(self) -> Record:
        """The difference for a program."""
        record: Record = {
            name: {
                "backend": run.header["backend"],
                "version": run.header["version"],
                "suite_version": run.header["suite_version"],
                "started": run.header["started"],
                "file": run.path,
            }
            for name, run in (("from", self.old), ("to", self.new))
        }
        for attribute, *_ in _PARTS:
            record[attribute] = [_told(one) for one in getattr(self.total, attribute)]
        return {**record, "same": self.total.same}


def _part(asked: Dict[str, str]) -> str:
    told = " ".join("{} {}".format(name, value) for name, value in asked.items())
    return told or "all of it"


def _told(one: Union[Case, Change]) -> Record:
    case = one.new if isinstance(one, Change) else one
    record: Record = {
        name: getattr(case, name) for name in ("suite", "clause", "level", "mode", "device")
    }
    record.update(
        {"old": one.old.verdict, "new": one.new.verdict}
        if isinstance(one, Change)
        else {"verdict": one.verdict}
    )
    if case.message:
        record["message"] = case.message
    return record


def markdown(found: Difference, most: Optional[int]) -> List[str]:
    """The lines of the difference for the summary of a CI job, regressions first."""
    from tapecheck.report.text import markdown as md
    from tapecheck.report.text import markdown_code as code

    lines = ["## {} → {}".format(md(found.old.label, 80), md(found.new.label, 80)), ""]
    for note in found.notes:
        lines += [md(note) + ".", ""]
    for attribute, title, *_ in _PARTS:
        part = getattr(found.total, attribute)
        if not part:
            continue
        lines += ["### {} ({:,})".format(title, len(part)), ""]
        rows = _rows(part, most is not None)
        lines += ["- {}: {}".format(md(verdict), code(case, 200)) for verdict, case in rows[:most]]
        if len(rows) > (most or len(rows)):
            lines.append("- and {:,} more".format(len(rows) - (most or 0)))
        lines.append("")
    return [*lines, found.counts + "."]


def _print(found: Difference, most: Optional[int]) -> None:
    from tapecheck import comparison
    from tapecheck.cli.text import console, plain, say

    out = console()
    labels = [(plain(run.label, 80), "bold") for run in (found.old, found.new)]
    say(out, labels[0], " -> ", labels[1])
    for note in found.notes:
        say(out, (plain(note), "yellow"))
    suites = comparison.by_suite(found.old, found.new)
    for suite, part in suites.items():
        _suite(out, plain(suite, 80) if len(suites) > 1 else "", part, most)
    say(out, found.counts)


def _suite(out: Any, name: str, found: Comparison, most: Optional[int]) -> None:
    """What changed in one suite of several, or in the only one, which has no name.

    A suite that only one run holds is not listed case by case.
    """
    from tapecheck.cli.text import say

    if name:
        words = "" if sum(found.numbers) > found.same else ": no change"
        for only, run in ((found.new, "new"), (found.gone, "old")):
            if only and sum(found.numbers) == len(only):
                noun = "case" if len(only) == 1 else "cases"
                words = ": only in the {} run, {} {}".format(run, len(only), noun)
        say(out, (name, "bold underline"), words)
        if words:
            return
    for attribute, title, _, style in _PARTS:
        _show(out, title, style, getattr(found, attribute), most)


def _show(
    out: Any, title: str, style: str, part: Sequence[Union[Case, Change]], most: Optional[int]
) -> None:
    from tapecheck.cli.text import columns, plain, say

    if not part:
        return
    say(out, ("{} ({})".format(title, len(part)), style))
    rows = _rows(part, most is not None)
    for row in columns([plain(cell, 200) for cell in row] for row in rows[:most]):
        say(out, "  ", *row)
    if most is not None and len(rows) > most:
        say(out, "  and {} more, all of them with --all".format(len(rows) - most))


def _rows(part: Sequence[Union[Case, Change]], short: bool) -> List[List[str]]:
    """Verdict and case of each; if `short`, many rows of a parametrised clause in one line."""
    lines: Dict[Tuple[str, str, str], List[str]] = {}
    for one in part:
        if isinstance(one, Change):
            case, verdict = one.new, "{} -> {}".format(_verdict(one.old), _verdict(one.new))
        else:
            case, verdict = one, _verdict(one)
        place = "[{} {}]".format(case.mode, case.device)
        lines.setdefault((verdict, case.clause.partition("[")[0], place), []).append(case.clause)
    rows: List[List[str]] = []
    for (verdict, clause, place), clauses in lines.items():
        if short and len(clauses) > _ROWS:
            clauses = ["{}[...] ({} rows)".format(clause, len(clauses))]
        rows.extend([verdict, "{} {}".format(name, place)] for name in clauses)
    return rows


def _verdict(case: Case) -> str:
    """The verdict, of a flaky case both."""
    return "{}, then {}".format(case.verdict, case.repeated) if case.flaky else case.verdict
