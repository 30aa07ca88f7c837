"""Line plots as inline SVG: no script, no network, readable in light and dark and without colour.

Colours come from the CSS variables ``--plot-1`` to ``--plot-6``, ``--ink``, ``--muted`` and
``--line``; where a page does not set them, from defaults that suit both schemes. Lines differ in
their dashes too. Whoever hears the page is told the title and, of each line, its two ends.
"""

from __future__ import annotations

import math
from html import escape
from typing import List, NamedTuple, Optional, Sequence, Tuple

Number = Optional[float]

_WIDTH, _HEIGHT = 640.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 68.0, 28.0, 34.0, 46.0
_LEGEND_LINE = 18.0
_MOST_POINTS = 400
_MOST_MARKERS = 40
_TICKS = 6

_COLOURS = (
    ("#1f5aa6", "#8bb8f5"),
    ("#b3561e", "#f0a878"),
    ("#2f7d4f", "#8fd4a8"),
    ("#7b2d84", "#e1a4e8"),
    ("#8a6a00", "#ecca6a"),
    ("#59626b", "#c3ccd5"),
)
_DASHES = ("none", "7 3", "2 3", "10 3 2 3", "4 2", "1 4")


class Line(NamedTuple):
    """One line of a plot.

    Attributes:
        name: what the legend calls it.
        x: abscissas, in the order in which the points are joined.
        y: ordinates, as many; None, or what is not finite, leaves a gap.
    """

    name: str
    x: Sequence[Number]
    y: Sequence[Number]


class _Axis:
    """Where the numbers of one axis lie, from 0 to 1."""

    def __init__(self, values: Sequence[float], logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        low, high = min(values), max(values)
        if low == high:
            low, high = (low / 2, high * 2) if logarithmic else (low - 0.5, high + 0.5)
        if logarithmic:
            self.ticks = _decades(low, high)
            self._low, self._high = math.log10(low), math.log10(high)
        else:
            step = _step(high - low)
            first, last = math.floor(low / step), math.ceil(high / step)
            self.ticks = [number * step for number in range(first, last + 1)]
            self._low, self._high = self.ticks[0], self.ticks[-1]

    def place(self, value: float) -> float:
        scaled = math.log10(value) if self._logarithmic else value
        return (scaled - self._low) / (self._high - self._low)


def line_plot(
    title: str,
    lines: Sequence[Line],
    x_label: str = "",
    y_label: str = "",
    x_log: bool = False,
    y_log: bool = False,
) -> str:
    """The plot as an HTML fragment, a ``figure``; empty where no line has a point.

    Args:
        title: the heading inside the picture, in plain text like all other words.
        x_label: what the abscissas count, with their unit.
        y_label: what the ordinates are, with their unit.
        x_log: the abscissas stand on a logarithmic axis; points that are not positive are left out.
        y_log: the same for the ordinates.
    """
    drawn = [(line.name, _segments(line, x_log, y_log)) for line in lines]
    points = [point for _, segments in drawn for segment in segments for point in segment]
    if not points:
        return ""
    x_axis = _Axis([x for x, _ in points], x_log)
    y_axis = _Axis([y for _, y in points], y_log)
    legend = _LEGEND_LINE * len(drawn) if len(drawn) > 1 else 0.0
    height = _HEIGHT + legend
    label = "{}. {}".format(title, " ".join(_told(*one) for one in drawn)).strip()
    parts = [
        '<figure class="plot"><svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}" '
        'style="width:100%;max-width:{:g}px;height:auto;font:12px system-ui,sans-serif">'.format(
            _WIDTH, height, escape(label), _WIDTH
        ),
        _text(_LEFT, 18, title, "start", "--ink", "font-weight:600"),
    ]
    parts += _grid(x_axis, y_axis)
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, x_label, "middle"))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        '<g transform="rotate(-90 14 {:g})">{}</g>'.format(
            middle, _text(14, middle, y_label, "middle")
        )
    )
    for number, (name, segments) in enumerate(drawn):
        parts += _line(number, segments, x_axis, y_axis)
        if len(drawn) > 1:
            parts.append(_legend(number, name))
    return "".join([*parts, "</svg></figure>"])


def _segments(line: Line, x_log: bool, y_log: bool) -> List[List[Tuple[float, float]]]:
    """The points of a line, cut where one is missing; of very many only some."""
    pairs = list(zip(line.x, line.y))
    stride = max(1, math.ceil(len(pairs) / _MOST_POINTS))
    kept = pairs[::stride] + (pairs[-1:] if (len(pairs) - 1) % stride else [])
    segments: List[List[Tuple[float, float]]] = [[]]
    for x, y in kept:
        if x is None or y is None or not _drawable(x, x_log) or not _drawable(y, y_log):
            segments.append([])
        else:
            segments[-1].append((x, y))
    return [segment for segment in segments if segment]


def _drawable(value: float, logarithmic: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not logarithmic)


def _told(name: str, segments: Sequence[Sequence[Tuple[float, float]]]) -> str:
    if not segments:
        return ""
    first, last = segments[0][0], segments[-1][-1]
    return "{}: {} at {} to {} at {}.".format(
        name, number(first[1]), number(first[0]), number(last[1]), number(last[0])
    )


def _grid(x_axis: _Axis, y_axis: _Axis) -> List[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for tick in x_axis.ticks:
        x = _x(x_axis, tick)
        parts.append(_rule(x, _TOP, x, bottom))
        parts.append(_text(x, bottom + 16, number(tick), "middle"))
    for tick in y_axis.ticks:
        y = _y(y_axis, tick)
        parts.append(_rule(_LEFT, y, right, y))
        parts.append(_text(_LEFT - 8, y + 4, number(tick), "end"))
    return parts


def _line(
    place: int, segments: Sequence[Sequence[Tuple[float, float]]], x_axis: _Axis, y_axis: _Axis
) -> List[str]:
    colour, parts = _colour(place), []
    count = sum(map(len, segments))
    for segment in segments:
        points = [(_x(x_axis, x), _y(y_axis, y)) for x, y in segment]
        parts.append(
            '<polyline points="{}" fill="none" stroke-width="2" stroke-linejoin="round" '
            'stroke-dasharray="{}" style="stroke:{}"/>'.format(
                " ".join("{:.1f},{:.1f}".format(x, y) for x, y in points),
                _DASHES[place % len(_DASHES)],
                colour,
            )
        )
        if count <= _MOST_MARKERS or len(segment) == 1:
            parts += [
                '<circle cx="{:.1f}" cy="{:.1f}" r="3" style="fill:{}"/>'.format(x, y, colour)
                for x, y in points
            ]
    return parts


def _legend(place: int, name: str) -> str:
    y = _HEIGHT + _LEGEND_LINE * (place + 0.3)
    return (
        '<line x1="{0:g}" y1="{1:g}" x2="{2:g}" y2="{1:g}" stroke-width="2" '
        'stroke-dasharray="{3}" style="stroke:{4}"/>{5}'.format(
            _LEFT,
            y,
            _LEFT + 32,
            _DASHES[place % len(_DASHES)],
            _colour(place),
            _text(_LEFT + 40, y + 4, name, "start", "--ink"),
        )
    )


def _text(
    x: float, y: float, words: str, anchor: str, variable: str = "--muted", style: str = ""
) -> str:
    default = (
        "light-dark(#1d2125, #e4e7ea)" if variable == "--ink" else "light-dark(#59626b, #a3adb7)"
    )
    return (
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" style="fill:var({}, {});{}">{}</text>'.format(
            x, y, anchor, variable, default, style, escape(words)
        )
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" '
        'style="stroke:var(--line, light-dark(#e1e4e6, #31373e))"/>'.format(x1, y1, x2, y2)
    )


def _colour(place: int) -> str:
    index = place % len(_COLOURS)
    return "var(--plot-{}, light-dark({}, {}))".format(index + 1, *_COLOURS[index])


def _x(axis: _Axis, value: float) -> float:
    return _LEFT + axis.place(value) * (_WIDTH - _RIGHT - _LEFT)


def _y(axis: _Axis, value: float) -> float:
    bottom = _HEIGHT - _BOTTOM
    return bottom - axis.place(value) * (bottom - _TOP)


def _step(span: float) -> float:
    """The distance of ticks: 1, 2 or 5 times a power of ten."""
    raw = span / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= raw), 10 * power)


def _decades(low: float, high: float) -> List[float]:
    """Powers of ten within the range, or finer numbers where there are hardly any."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors in ((1.0,), (1.0, 2.0, 5.0), tuple(float(one) for one in range(1, 10))):
        ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= 3:
            stride = math.ceil(len(inside) / (2 * _TICKS))
            return inside[::stride]
    return [low, high]


def number(value: Number) -> str:
    """A number as people write it: three digits that count, thousands apart, no noise."""
    if value is None or not math.isfinite(value):
        return "none"
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e7):
        return "{:.3g}".format(value)
    return "{:,.0f}".format(value) if size >= 100 else "{:.3g}".format(value)
