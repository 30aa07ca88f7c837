"""``tapecheck namespace``: the names that the clauses ask of an implementation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

import click

from tapecheck.clause import LEVELS, MUST, SHOULD
from tapecheck.errors import CONFORMS, DEVIATES, UsageError

if TYPE_CHECKING:
    from tapecheck.contract import Name
    from tapecheck.standard import Entry

_LEVELS: Dict[str, Tuple[str, ...]] = {"must": (MUST,), "should": (MUST, SHOULD), "all": LEVELS}
_ALL = "all"


def _words(_: Any, __: Any, values: Tuple[str, ...]) -> Tuple[str, ...]:
    """Options that are given several times, or once with commas."""
    return tuple(word for value in values for word in value.split(",") if word)


@click.command(
    epilog="""\b
Examples:
  tapecheck namespace                                  what MUST clauses ask of everybody and more
  tapecheck namespace --without all                    what the smallest tape has
  tapecheck namespace --without all --capability variables,nested
  tapecheck namespace --level should --chapter jacobian --json
  tapecheck namespace --check my_package.tape"""
)
@click.option(
    "--level",
    type=click.Choice(list(_LEVELS)),
    default="must",
    show_default=True,
    help="Up to which level.",
)
@click.option("--chapter", "chapters", multiple=True, callback=_words, help="Only this chapter.")
@click.option(
    "--without",
    multiple=True,
    callback=_words,
    metavar="NAMES",
    help="Of a tape without these capabilities; all for none at all.",
)
@click.option(
    "--capability",
    "having",
    multiple=True,
    callback=_words,
    metavar="NAMES",
    help="Of a tape with these capabilities alone.",
)
@click.option(
    "--check",
    "backend",
    metavar="MODULE",
    help="Only what is missing there, of a tape with the capabilities that it declares.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of columns.")
def namespace(
    level: str,
    chapters: Tuple[str, ...],
    without: Tuple[str, ...],
    having: Tuple[str, ...],
    backend: Optional[str],
    as_json: bool,
) -> None:
    """Print the names that a namespace needs, and how many clauses need each.

    They are read out of the clauses. A name stands under the fewest capabilities with which some
    clause needs it: what stands under "everybody" is asked of every tape.

    Options that take names take several, with commas or given again.
    """
    from tapecheck.cli.session import surroundings
    from tapecheck.standard import load_standard

    entries = list(load_standard().entries.values())
    _require(chapters, {entry.clause.chapter for entry in entries}, "chapter")
    with surroundings():
        checked = _backend(backend)
        lacks = checked.lacks if checked is not None else _lacks(without, having)
        chosen = _chosen(entries, _LEVELS[level], chapters, lacks)
        if checked is None:
            _show(chosen, as_json)
        else:
            click.get_current_context().exit(_check(checked, chosen, as_json))


def _backend(name: Optional[str]) -> Any:
    from tapecheck.backends import load

    return load(name) if name is not None else None


def _lacks(without: Sequence[str], having: Sequence[str]) -> FrozenSet[str]:
    """The capabilities that the tape is supposed not to have."""
    from tapecheck.capabilities import CAPABILITIES

    _require([word for word in without if word != _ALL], set(CAPABILITIES), "capability")
    _require(having, set(CAPABILITIES), "capability")
    if having or _ALL in without:
        return frozenset(CAPABILITIES) - set(having) | (set(without) - {_ALL})
    return frozenset(without)


def _require(names: Sequence[str], known: Any, noun: str) -> None:
    import difflib

    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = ", did you mean {}?".format(close[0]) if close else ""
            raise UsageError("no {} {!r}{}".format(noun, name, hint))


def _chosen(
    entries: Sequence[Entry], levels: Sequence[str], chapters: Sequence[str], lacks: FrozenSet[str]
) -> List[Entry]:
    from tapecheck.contract import needs_of

    return [
        entry
        for entry in entries
        if entry.clause.level in levels
        and (not chapters or entry.clause.chapter in chapters)
        and not needs_of(entry.clause) & lacks
    ]


def _row(name: Name) -> Dict[str, Any]:
    return {
        "name": name.name,
        "spelling": name.spelling,
        "needs": sorted(name.needs),
        "clauses": list(name.clauses),
    }


def _show(entries: List[Entry], as_json: bool) -> None:
    from tapecheck.cli.text import columns, console, say
    from tapecheck.contract import contract

    names = contract(entries)
    if as_json:
        told = {"clauses": len(entries), "names": [_row(name) for name in names]}
        click.echo(json.dumps(told, indent=2))
        return
    out = console()
    say(out, "{} names in {} clauses".format(len(names), len(entries)))
    groups: Dict[FrozenSet[str], List[Name]] = {}
    for name in names:
        groups.setdefault(name.needs, []).append(name)
    for needs, group in groups.items():
        say(out)
        say(out, (", ".join(sorted(needs)) or "everybody", "bold"))
        rows = [(name.spelling, str(len(name.clauses))) for name in group]
        for row in columns(rows, right=[1]):
            say(out, "  ", *row)


def _check(backend: Any, entries: List[Entry], as_json: bool) -> int:
    """Print what is missing of a backend; the exit code."""
    from tapecheck.cli.text import columns, console, plain, say
    from tapecheck.contract import contract
    from tapecheck.presence import presence

    names = contract(entries)
    found = presence(names, backend.namespace, arrays="arrays" not in backend.lacks)
    code = DEVIATES if found.missing else CONFORMS
    if as_json:
        told = {
            "clauses": len(entries),
            "names": len(names),
            "missing": [_row(name) for name in found.missing],
            "untold": [{**_row(name), "reason": reason} for name, reason in found.untold],
        }
        click.echo(json.dumps(told, indent=2))
        return code
    out = console()
    rows = [
        (name.spelling, "missing", "used by {}".format(len(name.clauses))) for name in found.missing
    ]
    rows += [(name.spelling, "cannot be told", plain(reason)) for name, reason in found.untold]
    for row in columns(rows):
        say(out, *row)
    count = "{} of the {} names in {} clauses are missing"
    say(out, plain(backend.name), ": ", count.format(len(found.missing), len(names), len(entries)))
    return code
