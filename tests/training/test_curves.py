"""Curves of training in the report: drawn, told in words, and safe whatever a record holds."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tapecheck.measuring import Measured
from tapecheck.report.curves import curves
from tapecheck.results import Case, Run


def measured(*losses, accuracy=None, name="loss"):
    kept = Measured()
    kept.series(name, range(len(losses)), losses, "step", "mean <loss>")
    if accuracy is not None:
        kept.value("test accuracy", accuracy)
        kept.value("time", 12.25, "s")
    return kept.record()


def case(mode, what, clause="digits.a_network_reads", suite="training"):
    return Case(suite, clause, "MUST", mode, "CPU:0", "pass", 1.0, measured=what)


def run(*cases, backend="toy"):
    return Run("results.jsonl", {"backend": backend, "version": "1.0"}, list(cases), None)


def whole(fragment):
    """The fragment as XML, which it must be."""
    text = str(fragment).replace("<wbr>", "").replace("<details open>", "<details>")
    return ElementTree.fromstring(text)


def cells(fragment):
    return [[cell.text or "" for cell in row] for row in whole(fragment).iter("tr")]


def test_without_measurements_there_is_nothing():
    assert curves([]) == ""
    assert curves([run(case("eager", {}))]) == ""
    assert curves([run(case("eager", measured(1.0, 0.5), suite="benchmarks"))]) == ""


def test_each_implementation_and_mode_has_a_line_and_a_row():
    fragment = curves(
        [
            run(case("eager", measured(2.0, 1.0)), case("jit", measured(2.0, 1.5))),
            run(case("eager", measured(2.0, 0.5)), backend="other"),
        ]
    )
    assert len(re.findall("<polyline", fragment)) == 3
    for who in ("toy 1.0, eager", "toy 1.0, jit", "other 1.0, eager"):
        assert who + "</text>" in fragment
    assert cells(fragment)[1:] == [
        ["toy 1.0, eager", "pass", "2 to 1"],
        ["toy 1.0, jit", "pass", "2 to 1.5"],
        ["other 1.0, eager", "pass", "2 to 0.5"],
    ]


def test_lines_that_coincide_are_one():
    modes = [case(mode, measured(2.0, 1.0 + 1e-6 * len(mode))) for mode in ("eager", "jit")]
    fragment = curves([run(*modes), run(modes[0], backend="other")])
    assert len(re.findall("<polyline", fragment)) == 1
    assert "toy 1.0, eager and jit; other 1.0, eager" in fragment
    assert len(cells(fragment)) == 4


def test_a_plot_says_what_it_shows():
    plot = next(whole(curves([run(case("eager", measured(2.0, 1.0)))])).iter("svg"))
    assert plot.get("role") == "img"
    assert "Loss" in plot.get("aria-label")
    assert "2 at 0 to 1 at 1" in plot.get("aria-label")
    assert "mean <loss>" in "".join(plot.itertext())


def test_values_are_listed_and_come_first():
    fragment = curves(
        [
            run(
                case("eager", measured(2.0, 1.0), clause="a.first"),
                case("eager", measured(2.0, 1.0, accuracy=0.9917), clause="z.last"),
            )
        ]
    )
    assert fragment.index("z.last") < fragment.index("a.first")
    assert ["toy 1.0, eager", "pass", "0.9917", "12.2 s", "2 to 1"] in cells(fragment)


def test_a_loss_that_is_not_finite_leaves_a_gap():
    fragment = curves([run(case("eager", measured(2.0, float("nan"), float("inf"), 1.0, 0.5)))])
    assert len(re.findall("<polyline", fragment)) == 2
    diverged = curves([run(case("eager", measured(float("nan"), float("nan"))))])
    assert "<polyline" not in diverged
    assert ["toy 1.0, eager", "pass", "none to none"] in cells(diverged)


def test_a_loss_over_many_orders_is_drawn_by_its_logarithm():
    narrow = curves([run(case("eager", measured(2.0, 1.0, 0.5)))])
    wide = curves([run(case("eager", measured(2.0, 1e-3, 1e-6)))])
    assert "1e-06" not in narrow
    assert "1e-06</text>" in wide


def test_many_lines_are_spread_over_several_plots():
    runs = [run(case("eager", measured(2.0, number)), backend=str(number)) for number in range(8)]
    assert len(re.findall("<svg", curves(runs))) == 2


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '" onload="x', "\x1b[31m\u202e"])
def test_what_a_record_holds_is_text(words):
    kept = Measured()
    kept.series(words, [0, 1], [1.0, 2.0], words, words)
    kept.value(words, 1.0, words)
    record = case("eager", kept.record(), clause="a." + words)
    fragment = curves([run(record, backend=words)])
    assert "<script" not in fragment
    assert "\x1b" not in fragment
    assert "\u202e" not in fragment
    assert all("onload" not in one.attrib for one in whole(fragment).iter())
