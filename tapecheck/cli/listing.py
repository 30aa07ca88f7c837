"""``tapecheck list``: the clauses, the backends, the documented behaviours."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

import click

from tapecheck.clause import LEVELS
from tapecheck.errors import UsageError

Row = Dict[str, Any]

_LEVEL = click.option(
    "--level",
    type=click.Choice([level.lower() for level in LEVELS], case_sensitive=False),
    help="Only of this level.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="A JSON list instead of columns.")


@click.group(
    "list",
    epilog="""\b
Examples:
  tapecheck list backends
  tapecheck list clauses --chapter watching
  tapecheck list behaviours --uncovered""",
)
def listing() -> None:
    """List clauses, backends or documented behaviours."""


@listing.command(
    epilog="""\b
Examples:
  tapecheck list clauses
  tapecheck list clauses --chapter jacobian --level must
  tapecheck list clauses --json | jq -r '.[].id'"""
)
@click.option("--chapter", metavar="NAME", help="Only of this chapter.")
@_LEVEL
@_JSON
def clauses(chapter: Optional[str], level: Optional[str], as_json: bool) -> None:
    """List the clauses of the standard."""
    from tapecheck.standard import load_standard

    standard = load_standard()
    if chapter is not None:
        _require(chapter, [one.name for one in standard.chapters], "chapter")
    chosen = [
        entry.clause
        for entry in standard.entries.values()
        if chapter in (None, entry.clause.chapter) and _is(entry.clause.level, level)
    ]
    _print(
        [
            {
                "id": one.id,
                "level": one.level,
                "statement": one.statement,
                "covers": list(one.covers),
                "needs": sorted(one.needs),
                "since": one.since,
                "modes": list(one.modes),
                "devices": one.devices,
            }
            for one in chosen
        ],
        ["level", "id", "statement"],
        as_json,
    )


@listing.command(
    epilog="""\b
Examples:
  tapecheck list backends
  tapecheck list backends --json"""
)
@_JSON
def backends(as_json: bool) -> None:
    """List the backends that have a name; package.module[:attribute] is one too."""
    from tapecheck.backends import KNOWN
    from tapecheck.backends.packages import offers
    from tapecheck.cli.session import surroundings

    rows = [{"name": name, "what": what, "from": "tapecheck"} for name, (what, _) in KNOWN.items()]
    with surroundings():
        found = offers()
    for name, same in found.items():
        clash = name in KNOWN or len(same) > 1
        note = ", whose name is taken: use this instead" if clash else ""
        rows += [{"name": name, "what": one.value + note, "from": one.origin} for one in same]
    _print(sorted(rows, key=lambda row: row["name"]), ["name", "what", "from"], as_json)


@listing.command(
    epilog="""\b
Examples:
  tapecheck list capabilities
  tapecheck list capabilities --of my_package.tape"""
)
@click.option("--of", "backend", metavar="BACKEND", help="Which of them this backend has.")
@_JSON
def capabilities(backend: Optional[str], as_json: bool) -> None:
    """List the parts of the API that an implementation may lack, and what each stands for.

    With --of each is tried on a backend: what it declares, and whether it works or how it is
    refused. The last line can be copied into the namespace.
    """
    from tapecheck.backends import load
    from tapecheck.capabilities import CAPABILITIES, refusal
    from tapecheck.cli.session import surroundings
    from tapecheck.cli.text import plain
    from tapecheck.standard import load_standard

    clauses = [entry.clause for entry in load_standard().entries.values()]
    rows: List[Row] = [
        {
            "name": name,
            "clauses": [one.id for one in clauses if name in one.needs],
            "what": str(probe.__doc__).split("\n")[0],
        }
        for name, probe in CAPABILITIES.items()
    ]
    shown = ["name", "clauses", "what"]
    if backend is not None:
        with surroundings():
            chosen = load(backend)
            for row in rows:
                row["refusal"] = refusal(row["name"], chosen.namespace)
                row["declared"] = "lacks" if row["name"] in chosen.lacks else "has"
                row["tried"] = "works" if row["refusal"] is None else plain(row["refusal"], 60)
        shown = ["name", "declared", "tried"]
    _print(rows, shown, as_json)
    if backend is not None and not as_json:
        works = [row["name"] for row in rows if row["refusal"] is None]
        click.echo("__tapecheck__ = " + json.dumps({"has": works}))


@listing.command(
    epilog="""\b
Examples:
  tapecheck list behaviours --area PER
  tapecheck list behaviours --uncovered --level must"""
)
@click.option("--area", metavar="NAME", help="Only of this area, as PER.")
@_LEVEL
@click.option("--covered/--uncovered", default=None, help="Only what clauses cover, or do not.")
@_JSON
def behaviours(
    area: Optional[str], level: Optional[str], covered: Optional[bool], as_json: bool
) -> None:
    """List the documented behaviours, and how many clauses cover each."""
    from tapecheck.behaviours import load
    from tapecheck.standard import load_standard

    table = load()
    if area is not None:
        area = area.upper()
        _require(area, list(table.areas), "area")
    covering: Dict[str, List[str]] = {}
    for entry in load_standard().entries.values():
        for name in entry.clause.covers:
            covering.setdefault(name, []).append(entry.clause.id)
    rows = [
        {
            "id": one.id,
            "level": one.level,
            "statement": one.statement,
            "needs": list(one.needs),
            "sources": [source.citation() for source in one.sources],
            "clauses": covering.get(one.id, []),
        }
        for one in table.values()
        if area in (None, one.area)
        and _is(one.level, level)
        and covered in (None, one.id in covering)
    ]
    _print(rows, ["level", "id", "clauses", "statement"], as_json)


def _is(level: str, wanted: Optional[str]) -> bool:
    return wanted is None or level.lower() == wanted.lower()


def _require(name: str, known: Sequence[str], noun: str) -> None:
    if name not in known:
        raise UsageError("no {} {!r}, there are {}".format(noun, name, ", ".join(known)))


def _print(rows: List[Row], shown: Sequence[str], as_json: bool) -> None:
    from tapecheck.cli.text import columns, console, say

    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    out = console()
    for row in columns([_cell(row[name]) for name in shown] for row in rows):
        say(out, *row)


def _cell(value: Any) -> str:
    return str(len(value)) if isinstance(value, list) else str(value)
