"""Curves of training: loss and accuracy against steps, of each implementation and mode."""

from __future__ import annotations

import itertools
import math
from html import escape
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from markupsafe import Markup

from tapecheck.report.plot import Line, line_plot, number
from tapecheck.report.text import breakable, one_line
from tapecheck.results import Case, Run

SUITE = "training"
"""The suite whose measurements these are."""

_NAME = 60
_LINES = 6
_SAME = 1e-3
_WIDE = 100.0


class _Curve(NamedTuple):
    """A series of one case, and whose it is."""

    who: str
    x: List[Optional[float]]
    y: List[Optional[float]]
    x_label: str
    y_label: str


def curves(runs: Sequence[Run]) -> Markup:
    """What the training suite measured, drawn and listed: one part for each clause.

    Args:
        runs: with or without that suite.

    Returns:
        An HTML fragment; empty where nothing was measured.
    """
    by_clause: Dict[str, List[Tuple[str, Case]]] = {}
    for run in runs:
        for case in run.cases:
            if case.suite == SUITE and case.measured:
                who = "{}, {}".format(one_line(run.label, _NAME), case.mode)
                by_clause.setdefault(case.clause, []).append((who, case))
    if not by_clause:
        return Markup("")
    # What has a value to tell, such as an accuracy, comes first.
    ordered = sorted(by_clause.items(), key=lambda one: (not _values(one[1]), one[0]))
    parts = [_part(clause, cases) for clause, cases in ordered]
    return Markup('<div class="curves">{}</div>').format(Markup("").join(parts))


def _part(clause: str, cases: Sequence[Tuple[str, Case]]) -> Markup:
    names = list(dict.fromkeys(name for _, case in cases for name in _series(case)))
    plots = [plot for name in names for plot in _plots(name, cases)]
    return Markup("<details{}><summary><code>{}</code></summary>{}{}</details>").format(
        Markup(" open") if _values(cases) else "",
        breakable(one_line(clause, 2 * _NAME)),
        Markup("".join(plots)),
        _table(names, cases),
    )


def _series(case: Case) -> Dict[str, Dict[str, Any]]:
    return dict(case.measured.get("series", {}))


def _values(cases: Sequence[Tuple[str, Case]]) -> List[str]:
    """The names of the values that the cases have."""
    return list(
        dict.fromkeys(name for _, case in cases for name in case.measured.get("values", {}))
    )


def _plots(name: str, cases: Sequence[Tuple[str, Case]]) -> Iterator[str]:
    """The series of that name, those that coincide as one line, a few lines to a plot."""
    found = [_Curve(who, **_series(case)[name]) for who, case in cases if name in _series(case)]
    groups: List[List[_Curve]] = []
    for curve in found:
        same = next((group for group in groups if _coincide(group[0], curve)), None)
        if same is None:
            groups.append([curve])
        else:
            same.append(curve)
    lines = [Line(_together(group), group[0].x, group[0].y) for group in groups]
    for start in range(0, len(lines), _LINES):
        shown = lines[start : start + _LINES]
        yield line_plot(
            one_line(name, _NAME).capitalize(),
            shown,
            one_line(found[0].x_label, _NAME),
            one_line(found[0].y_label, _NAME),
            y_log=_is_wide(shown),
        )


def _coincide(one: _Curve, other: _Curve) -> bool:
    """Whether the eye could not tell them apart."""
    if one.x != other.x or len(one.y) != len(other.y):
        return False
    return all(_near(a, b) for a, b in zip(one.y, other.y))


def _near(a: Optional[float], b: Optional[float]) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=_SAME)


def _together(group: Sequence[_Curve]) -> str:
    """All that one line stands for: modes of one implementation are joined by and."""
    pairs = [curve.who.rpartition(", ")[::2] for curve in group]
    joined = []
    for who, modes in itertools.groupby(pairs, key=lambda pair: pair[0]):
        joined.append("{}, {}".format(who, " and ".join(mode for _, mode in modes)))
    return "; ".join(joined)


def _is_wide(lines: Sequence[Line]) -> bool:
    """Whether the ordinates are positive and differ so much that their logarithms are better."""
    values = [y for line in lines for y in line.y if y is not None]
    return bool(values) and min(values) > 0 and max(values) > _WIDE * min(values)


def _table(names: Sequence[str], cases: Sequence[Tuple[str, Case]]) -> Markup:
    """The same in numbers, for whoever does not see the curves."""
    values = _values(cases)
    heads = ["implementation, mode", "verdict", *values]
    heads += ["{}, first to last".format(name) for name in names]
    rows = [
        [
            who,
            case.verdict,
            *(_value(case.measured.get("values", {}).get(name)) for name in values),
            *(_ends(_series(case).get(name)) for name in names),
        ]
        for who, case in cases
    ]
    head = "".join('<th scope="col">{}</th>'.format(_shown(one)) for one in heads)
    body = "".join(
        "<tr>{}</tr>".format("".join("<td>{}</td>".format(_shown(cell)) for cell in row))
        for row in rows
    )
    return Markup(
        '<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(Markup(head), Markup(body))


def _shown(words: str) -> str:
    return escape(one_line(words, 2 * _NAME))


def _value(value: Optional[Dict[str, Any]]) -> str:
    if value is None:
        return ""
    if value["value"] is not None and not value["unit"]:
        return "{:.4g}".format(value["value"])
    return "{} {}".format(number(value["value"]), value["unit"]).strip()


def _ends(series: Optional[Dict[str, Any]]) -> str:
    if series is None or not series["y"]:
        return ""
    return "{} to {}".format(number(series["y"][0]), number(series["y"][-1]))
