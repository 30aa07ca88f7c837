"""What tapes cost and what they leave behind: tables and plots of one run or of several.

Numbers stand beside their bounds, and beside those of an earlier run on the same machine.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from markupsafe import Markup

from tapecheck.costs import LIMIT
from tapecheck.report.plot import Line, line_plot, number
from tapecheck.report.text import breakable, one_line
from tapecheck.results import BREAKING, Case, Run

SUITES = ("benchmarks", "endurance")
"""The suites whose measurements these are."""

_NAME = 80
_LINES = 6

_Measured = Tuple[Run, Case]


class _Row(NamedTuple):
    """One number of one case.

    Attributes:
        bound: what it may be at most; None where that is not asked.
        before: what it was in the earlier run; None where there is none.
        broken: whether the case breaks its promise.
    """

    name: str
    who: str
    value: Optional[float]
    unit: str
    bound: Optional[float]
    before: Optional[float]
    broken: bool


def costs(runs: Sequence[Run], previous: Union[Run, Sequence[Run], None] = None) -> Markup:
    """What the suites on costs and endurance measured: a part for each clause.

    Args:
        runs: with or without these suites.
        previous: an earlier run, or several; a run is compared with the last of them that has the
            same implementation, of whatever version, on the same platform and devices.

    Returns:
        An HTML fragment; empty where nothing was measured.
    """
    earlier = [previous] if isinstance(previous, Run) else list(previous or ())
    chapters: Dict[str, Dict[str, List[_Measured]]] = {}
    for suite in SUITES:
        for run in runs:
            for case in run.cases:
                if case.suite == suite and case.measured:
                    clauses = chapters.setdefault(case.chapter, {})
                    clauses.setdefault(case.clause, []).append((run, case))
    parts = [
        Markup("<section><h3>{}</h3>{}</section>").format(
            one_line(chapter.replace("_", " ").capitalize(), _NAME),
            Markup("").join(_part(clause, cases, earlier) for clause, cases in clauses.items()),
        )
        for chapter, clauses in chapters.items()
    ]
    return (
        Markup('<div class="costs">{}</div>').format(Markup("").join(parts)) if parts else Markup()
    )


def _part(clause: str, cases: Sequence[_Measured], earlier: Sequence[Run]) -> Markup:
    rows = [row for run, case in cases for row in _rows(run, case, earlier)]
    plots = list(_plots(cases))
    return Markup("<details{}><summary><code>{}</code></summary>{}{}</details>").format(
        Markup(' open=""') if plots or any(row.broken for row in rows) else "",
        breakable(one_line(clause, 2 * _NAME)),
        Markup("".join(plots)),
        _table(rows),
    )


def _rows(run: Run, case: Case, earlier: Sequence[Run]) -> Iterator[_Row]:
    same = _same_case(run, case, earlier)
    values, old_values = _values(case), _values(same) if same else {}
    for name, found in values.items():
        if not name.endswith(LIMIT):
            yield _Row(
                name=name,
                who=_who(run, case),
                value=found["value"],
                unit=found["unit"],
                bound=values.get(name + LIMIT, {}).get("value"),
                before=old_values.get(name, {}).get("value"),
                broken=case.verdict in BREAKING,
            )
    old_series = _series(same) if same else {}
    for name, curve in _series(case).items():
        if not curve["x"]:
            continue
        x, y = curve["x"][-1], curve["y"][-1]
        before = old_series.get(name, {"x": [], "y": []})
        yield _Row(
            name="{}, {} {}".format(name, number(x), curve["x_label"]),
            who=_who(run, case),
            value=y,
            unit=curve["y_label"],
            bound=None,
            before=dict(zip(before["x"], before["y"])).get(x),
            broken=False,
        )


def _same_case(run: Run, case: Case, earlier: Sequence[Run]) -> Optional[Case]:
    """The case in the last of the earlier runs on the same machine."""
    for other in reversed(earlier):
        if other is not run and _machine(other) == _machine(run):
            return next((one for one in other.cases if one.key == case.key), None)
    return None


def _machine(run: Run) -> Tuple[Any, ...]:
    return tuple(run.header[name] for name in ("backend", "platform", "devices"))


def _values(case: Case) -> Dict[str, Dict[str, Any]]:
    return dict(case.measured.get("values", {}))


def _series(case: Case) -> Dict[str, Dict[str, Any]]:
    return dict(case.measured.get("series", {}))


def _who(run: Run, case: Case) -> str:
    words = [one_line(run.label, _NAME), case.mode]
    return ", ".join(words if case.device == "CPU:0" else [*words, case.device])


def _plots(cases: Sequence[_Measured]) -> Iterator[str]:
    """The curves of one implementation and mode in one plot; of several, a plot for each curve."""
    names = list(dict.fromkeys(name for _, case in cases for name in _series(case)))
    whos = list(dict.fromkeys(_who(run, case) for run, case in cases if _series(case)))
    curves = [
        (name, _who(run, case), _series(case)[name])
        for name in names
        for run, case in cases
        if name in _series(case)
    ]
    if len(whos) == 1:
        yield from _drawn(whos[0], [(name, curve) for name, _, curve in curves])
        return
    for name in names:
        yield from _drawn(name, [(who, curve) for one, who, curve in curves if one == name])


def _drawn(title: str, curves: Sequence[Tuple[str, Dict[str, Any]]]) -> Iterator[str]:
    for start in range(0, len(curves), _LINES):
        shown = curves[start : start + _LINES]
        yield line_plot(
            one_line(title, _NAME),
            [Line(one_line(name, _NAME), curve["x"], curve["y"]) for name, curve in shown],
            one_line(shown[0][1]["x_label"], _NAME),
            one_line(shown[0][1]["y_label"], _NAME),
            x_log=True,
            y_log=True,
        )


def _table(rows: Sequence[_Row]) -> Markup:
    compared = any(row.before is not None for row in rows)
    heads = ["measured", "implementation, mode", "value"]
    if any(row.bound is not None for row in rows):
        heads += ["at most"]
    bounded = len(heads) > 3
    heads += ["previous run", "change"] if compared else []
    return Markup(
        '<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(
        Markup("").join(Markup('<th scope="col">{}</th>').format(head) for head in heads),
        Markup("").join(_line(row, bounded, compared) for row in rows),
    )


def _line(row: _Row, bounded: bool, compared: bool) -> Markup:
    cells: List[Any] = [
        one_line(row.name, _NAME),
        row.who,
        Markup('<strong class="warning">{}</strong>').format(_told(row.value, row.unit))
        if row.broken and row.bound is not None and not _within(row)
        else _told(row.value, row.unit),
    ]
    if bounded:
        cells.append("" if row.bound is None else _bound(row))
    if compared:
        cells += [
            "" if row.before is None else _told(row.before, row.unit),
            _change(row.before, row.value),
        ]
    return Markup("<tr>{}</tr>").format(
        Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells)
    )


def _told(value: Optional[float], unit: str) -> str:
    return "{} {}".format(number(value), one_line(unit, _NAME)).strip()


def _within(row: _Row) -> bool:
    return row.value is not None and row.bound is not None and row.value <= row.bound


def _bound(row: _Row) -> Markup:
    """The bound, and how much of it is used up."""
    assert row.bound is not None
    share = max(row.value or 0.0, 0.0) / row.bound if row.bound > 0 else 1.0
    return Markup('{} <meter min="0" max="1" value="{:.3f}">{:.0%}</meter>').format(
        _told(row.bound, row.unit), min(share, 1.0), share
    )


def _change(before: Optional[float], now: Optional[float]) -> str:
    """How many per cent more or less it is."""
    if before is None or now is None or before <= 0 or now < 0:
        return ""
    return "{:+.0%}".format(now / before - 1)
