"""JUnit and badges say what the results say, whatever text they hold."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tapecheck.badges import BAD, GOOD, KNOWN, UNKNOWN, Badge
from tests.made_up import write_run
from tests.test_nightly import call, case, here

__all__ = ["here"]

HOSTILE = "</testcase>]]>&\x00\x1b[31m\ud800\uffff\u202e"


def junit(*names: str) -> Any:
    result = call("export", *names, "--junit", "out/junit.xml")
    assert result.exit_code == 0, result.stderr
    return ElementTree.parse("out/junit.xml").getroot()


def test_each_verdict_has_its_element(here: Path) -> None:
    cases = [
        case("a.pass", "pass"),
        case("a.fail", "fail", message="broken\nmore"),
        case("a.error", "error", message="raised"),
        case("a.fixed", "fixed", message="passes"),
        case("a.deviation", "deviation", message="m", details={"reason": "known"}),
        case("a.lacks", "unsupported", message="lacks it"),
        case("a.young", "not-applicable", message="since 9"),
    ]
    write_run("r.jsonl", cases)
    [suite] = junit("r.jsonl")
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["7", "2", "1", "3"]
    found = {one.get("name"): [child.tag for child in one] for one in suite}
    assert found == {
        "a.pass [eager CPU:0]": [],
        "a.fail [eager CPU:0]": ["failure"],
        "a.error [eager CPU:0]": ["error"],
        "a.fixed [eager CPU:0]": ["failure"],
        "a.deviation [eager CPU:0]": ["skipped"],
        "a.lacks [eager CPU:0]": ["skipped"],
        "a.young [eager CPU:0]": ["skipped"],
    }
    failure = suite.find("testcase/failure")
    assert (failure.get("message"), failure.text) == ("broken", "broken\nmore")


def test_hostile_text_is_shown_as_text(here: Path) -> None:
    write_run("r.jsonl", [case("a.b[" + HOSTILE + "]", "fail", message=HOSTILE)], backend=HOSTILE)
    [suite] = junit("r.jsonl")
    shown = "</testcase>]]>&\\x00\\x1b[31m\\ud800\\uffff\u202e"
    assert suite.find("testcase/failure").text == shown
    assert suite.find("testcase").get("name") == "a.b[" + shown + "] [eager CPU:0]"


def test_an_incomplete_run_has_an_error(here: Path) -> None:
    write_run("r.jsonl", [case("a.b", "pass")], complete=False)
    [suite] = junit("r.jsonl")
    assert [suite.get("tests"), suite.get("errors")] == ["2", "1"]
    assert len(suite.findall("testcase/error")) == 1


def test_a_verified_reproducer_stands_with_its_failure(here: Path) -> None:
    script = {"verified": True, "script": "import tensorflow as tf\n"}
    write_run("r.jsonl", [case("a.b", "fail", message="m", reproducer=script)])
    assert junit("r.jsonl").find("*/testcase/failure").text == "m\n\nimport tensorflow as tf\n"


def test_the_last_night_counts(here: Path) -> None:
    write_run("n/1.jsonl", [case("a.b", "fail")], started="2026-01-01T00:00:00Z")
    write_run("n/2.jsonl", [case("a.b", "pass")], started="2026-01-02T00:00:00Z")
    write_run("n/3.jsonl", [], complete=False, started="2026-01-03T00:00:00Z")
    assert [suite.get("failures") for suite in junit("n")] == ["0"]


@pytest.mark.parametrize(
    ("verdicts", "changed", "message", "color"),
    [
        (["pass", "pass"], {}, "2/2", GOOD),
        (["pass", "deviation"], {}, "1/2", KNOWN),
        (["pass", "fail"], {}, "1/2", BAD),
        (["pass", "unsupported"], {}, "1/1", GOOD),
        (["pass"], {"old": "2026-01-02"}, "1/1 old", UNKNOWN),
        (["pass"], {"complete": False}, "1/1 incomplete", UNKNOWN),
    ],
)
def test_a_badge_tells_how_a_level_stands(
    here: Path, verdicts: Any, changed: Any, message: str, color: str
) -> None:
    cases = [case("a.c{}".format(n), verdict) for n, verdict in enumerate(verdicts)]
    write_run("r.jsonl", cases, **changed)
    assert call("export", "r.jsonl", "--badges", "b").exit_code == 0
    names = sorted(path.name for path in Path("b").iterdir())
    assert names == ["some-1.0-must.json", "some-1.0-must.svg", "some-must.json", "some-must.svg"]
    badge = json.loads(Path("b/some-must.json").read_text(encoding="utf-8"))
    assert badge == {
        "schemaVersion": 1,
        "label": "some 1.0 MUST",
        "message": message,
        "color": color.lstrip("#"),
    }


def test_a_badge_without_a_version_is_that_of_the_newest(here: Path) -> None:
    for version in ("2.9", "2.10"):
        write_run("r/{}.jsonl".format(version), [case("a.b", "pass")], version=version)
    call("export", "r", "--badges", "b")
    assert "some 2.10 MUST" in Path("b/some-must.json").read_text(encoding="utf-8")


def test_a_level_that_was_not_asked_has_no_badge(here: Path) -> None:
    write_run("r.jsonl", [case("a.b", "unsupported")])
    call("export", "r.jsonl", "--badges", "b")
    assert list(Path("b").iterdir()) == []


def test_a_picture_shows_hostile_text_as_text_and_stays_in_its_folder(here: Path) -> None:
    write_run("r.jsonl", [case("a.b", "pass")], backend="../<script>&\x1b", version='"/')
    call("export", "r.jsonl", "--badges", "b")
    names = [path.name for path in Path("b").glob("*.svg")]
    assert names == [name for name in names if "/" not in name]
    assert not list(Path().glob("*.svg"))
    for name in names:
        root = ElementTree.parse("b/" + name).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("aria-label") == '../<script>&? "/ MUST: 1/1'


@pytest.mark.parametrize("color", [GOOD, KNOWN, BAD, UNKNOWN, "#3c4043"])
def test_white_text_can_be_read_on_every_colour(color: str) -> None:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5


def test_a_picture_is_as_wide_as_its_words() -> None:
    short, long = (Badge("a", "b" * count, GOOD).svg() for count in (1, 30))
    widths = [float(ElementTree.fromstring(text).get("width", "0")) for text in (short, long)]
    assert widths[1] > widths[0] + 100


def test_something_is_to_be_written(here: Path) -> None:
    write_run("r.jsonl", [case("a.b", "pass")])
    assert call("export", "r.jsonl").exit_code == 2
