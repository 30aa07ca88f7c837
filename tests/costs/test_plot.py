"""Plots of the report: every point is where its numbers say, and nothing depends on colour."""

import re
from xml.etree import ElementTree

import pytest

from tapecheck.report.plot import Line, line_plot, number


def parsed(fragment):
    """The picture of a plot, which is well-formed XML."""
    return ElementTree.fromstring(fragment).find("svg")


def ends(picture, place=0):
    """The first and the last point of a line."""
    lines = picture.findall("polyline")[place].get("points").split()
    return [tuple(map(float, lines[at].split(","))) for at in (0, -1)]


def test_a_plot_says_in_words_what_it_shows():
    picture = parsed(line_plot("Cost", [Line("eager", [10, 1000], [0.5, 50.0])], "steps", "ms"))
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == "Cost. eager: 0.5 at 10 to 50 at 1,000."
    shown = [text.text for text in picture.iter("text")]
    assert {"Cost", "steps", "ms"} <= set(shown)


def test_larger_numbers_lie_further_right_and_further_up():
    (x1, y1), (x2, y2) = ends(parsed(line_plot("", [Line("", [1, 2], [3, 4])])))
    assert x1 < x2
    assert y1 > y2


def test_on_logarithmic_axes_equal_ratios_are_equal_distances():
    line = Line("", [1, 10, 100], [1, 100, 10000])
    picture = parsed(line_plot("", [line], x_log=True, y_log=True))
    points = [
        tuple(map(float, pair.split(",")))
        for pair in picture.find("polyline").get("points").split()
    ]
    assert points[1][0] - points[0][0] == pytest.approx(points[2][0] - points[1][0], abs=0.2)
    assert points[1][1] - points[0][1] == pytest.approx(points[2][1] - points[1][1], abs=0.2)


def test_what_has_no_place_leaves_a_gap():
    line = Line("", [1, 2, 3, 4, 5], [1.0, None, 2.0, float("nan"), 3.0])
    assert len(parsed(line_plot("", [line])).findall("polyline")) == 3
    line = Line("", [1, 2, 3], [1.0, -1.0, 2.0])
    assert len(parsed(line_plot("", [line], y_log=True)).findall("polyline")) == 2


def test_lines_differ_in_dashes_and_have_a_legend():
    picture = parsed(line_plot("", [Line("one", [1, 2], [1, 2]), Line("two", [1, 2], [2, 1])]))
    assert len({line.get("stroke-dasharray") for line in picture.findall("polyline")}) == 2
    assert {"one", "two"} <= {text.text for text in picture.iter("text")}


def test_names_are_text_and_no_markup():
    fragment = line_plot("<b>", [Line('"><script>', [1], [1]), Line("&", [1], [2])])
    assert "<script" not in fragment
    assert parsed(fragment) is not None


def test_a_line_of_very_many_points_is_thinned_but_keeps_its_ends():
    many = list(range(100001))
    picture = parsed(line_plot("", [Line("", many, many)]))
    assert len(picture.find("polyline").get("points").split()) < 500
    assert picture.get("aria-label").endswith("0 at 0 to 100,000 at 100,000.")


def test_without_a_point_there_is_no_plot():
    assert line_plot("", []) == ""
    assert line_plot("", [Line("", [1], [None])]) == ""


def test_one_point_is_a_plot():
    assert parsed(line_plot("", [Line("", [1], [1])])).find("circle") is not None
    assert parsed(line_plot("", [Line("", [0], [0])])) is not None


def test_a_plot_loads_nothing():
    fragment = line_plot("", [Line("", [1, 2], [1, 2])])
    assert not re.search(r"https?:|url\(|<script|<link|<image", fragment)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.25, "0.25"), (1234.5, "1,234"), (2e-9, "2e-09"), (1e8, "1e+08"), (None, "none")],
)
def test_numbers_are_written_with_the_digits_that_count(value, words):
    assert number(value) == words
