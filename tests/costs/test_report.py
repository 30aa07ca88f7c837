"""The report on costs: numbers beside their bounds and beside those of an earlier run."""

import re
from xml.etree import ElementTree

import pytest

from tapecheck.report.costs import costs
from tapecheck.results import Case, Run


def run(cases, platform="Linux-1", backend="toy", version="1.0"):
    header = {
        "backend": backend,
        "version": version,
        "platform": platform,
        "devices": ["CPU:0"],
        "started": "2026-01-02T03:04:05Z",
    }
    return Run("", header, cases, None)


def case(values=None, series=None, **options):
    measured = {}
    if values:
        measured["values"] = {n: {"value": v, "unit": "s"} for n, v in values.items()}
    if series:
        measured["series"] = {
            name: {"x": x, "y": y, "x_label": "operations", "y_label": "s"}
            for name, (x, y) in series.items()
        }
    fields = {
        "suite": "benchmarks",
        "clause": "time_by_size.it_grows",
        "level": "SHOULD",
        "mode": "eager",
        "device": "CPU:0",
        "verdict": "pass",
        "seconds": 1.0,
        **options,
    }
    return Case(measured=measured, **fields)


def parsed(fragment):
    """The fragment as a tree: it is well-formed but for the places where a word may be broken."""
    return ElementTree.fromstring(fragment.replace("<wbr>", ""))


def cells(fragment):
    """The words of each row of the tables."""
    tree = parsed(fragment)
    return [["".join(cell.itertext()).strip() for cell in row] for row in tree.iter("tr")]


def test_a_number_stands_beside_its_bound():
    rows = cells(costs([run([case({"ratio": 3.0, "ratio, at most": 12.0})])]))
    assert rows == [
        ["measured", "implementation, mode", "value", "at most"],
        ["ratio", "toy 1.0, eager", "3 s", "12 s 25%"],
    ]


def test_what_is_above_its_bound_is_marked():
    above = case({"ratio": 30.0, "ratio, at most": 12.0}, verdict="fail")
    assert '<strong class="warning">30 s</strong>' in costs([run([above])])
    beside = case({"ratio": 3.0, "ratio, at most": 12.0}, verdict="fail")
    assert "<strong" not in costs([run([beside])])


def test_a_run_is_compared_with_the_last_one_on_the_same_machine():
    now = run([case({"ratio": 3.0}, {"time": ([10, 100], [0.1, 2.0])})], version="2.0")
    before = run([case({"ratio": 2.0}, {"time": ([10, 100], [0.1, 1.0])})])
    rows = cells(costs([now], before))
    assert rows[0][-2:] == ["previous run", "change"]
    assert rows[1][-2:] == ["2 s", "+50%"]
    assert rows[2] == ["time, 100 operations", "toy 2.0, eager", "2 s", "1 s", "+100%"]
    oldest = run([case({"ratio": 9.0})])
    assert costs([now], [oldest, before]) == costs([now], before)


@pytest.mark.parametrize(
    "other",
    [
        run([case({"ratio": 2.0})], platform="Linux-2"),
        run([case({"ratio": 2.0})], backend="another"),
        run([case({"ratio": 2.0}, mode="jit")]),
        run([case({"another": 2.0})]),
    ],
)
def test_a_run_is_not_compared_with_something_else(other):
    now = run([case({"ratio": 3.0})])
    assert costs([now], other) == costs([now])


def test_sizes_that_the_earlier_run_did_not_reach_are_not_compared():
    now = run([case(series={"time": ([10, 100], [0.1, 2.0])})])
    before = run([case(series={"time": ([10], [0.1])})])
    assert costs([now], before) == costs([now])


def test_curves_of_one_run_share_a_plot():
    series = {"forward": ([10, 100], [0.1, 1.0]), "gradient": ([10, 100], [0.3, 3.0])}
    fragment = costs([run([case(series=series)])])
    assert fragment.count("<svg") == 1
    assert fragment.count("<polyline") == 2


def test_curves_of_several_runs_have_a_plot_each():
    series = {"forward": ([10, 100], [0.1, 1.0]), "gradient": ([10, 100], [0.3, 3.0])}
    runs = [run([case(series=series)]), run([case(series=series)], version="2.0")]
    fragment = costs(runs)
    assert fragment.count("<svg") == 2
    assert fragment.count("<polyline") == 4


def test_where_nothing_was_measured_there_is_nothing():
    assert costs([]) == ""
    assert costs([run([case()])]) == ""
    assert costs([run([case({"loss": 1.0}, suite="training")])]) == ""


def test_words_of_an_implementation_are_no_markup():
    evil = run([case({"<script>": 1.0}, {"</svg>": ([1], [1.0])})], version="<b>")
    fragment = costs([evil])
    assert "<script" not in fragment
    assert "<b>" not in fragment
    assert parsed(fragment) is not None


def test_the_report_loads_nothing():
    fragment = costs([run([case({"ratio": 1.0}, {"time": ([1, 2], [1.0, 2.0])})])])
    assert not re.search(r"https?:|url\(|<script|<link|<img", fragment)


def test_what_is_missing_does_not_disturb():
    odd = case({"ratio": None, "ratio, at most": 0.0}, {"time": ([], []), "more": ([1], [None])})
    assert cells(costs([run([odd])], run([odd])))[1][2] == "none s"
