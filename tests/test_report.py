"""The report: what the page and the summary say, and what they make of hostile records."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Dict, Tuple

import pytest

from tapecheck import results
from tapecheck.report import conformance, page, render
from tapecheck.results import Run
from tapecheck.standard import load_standard
from tests.report_pages import (
    CLAUSE,
    HOSTILE,
    OTHER,
    failed,
    outcomes,
    passed,
    read,
    run,
    summary,
)

RESOURCES = ("src", "srcset", "action", "formaction", "poster", "data", "background")


def test_the_path_of_the_page_is_returned_and_the_folder_is_made(tmp_path: Path) -> None:
    path = render([run(passed())], tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "index.html"
    assert sorted(one.name for one in path.parent.iterdir()) == ["index.html", "summary.md"]


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    runs = [run(passed(), failed(OTHER.id)), run(failed(), backend="tensorflow")]
    first = render(runs, tmp_path / "first")
    second = render(runs, tmp_path / "second")
    for name in ("index.html", "summary.md"):
        assert first.with_name(name).read_bytes() == second.with_name(name).read_bytes()


def test_the_page_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    document = read(tmp_path, run(failed(), passed(OTHER.id)))
    for name in RESOURCES:
        assert document.attributes(name) == []
    links = [a["href"] for tag, a, _ in document.elements if tag == "link"]
    assert links == ["data:,"]
    (style,) = document.texts("style")
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(", document.texts("script")[-1])


def test_every_link_within_the_page_has_its_target(tmp_path: Path) -> None:
    document = read(tmp_path, run(failed(), passed(OTHER.id), failed("laws.x", suite="laws")))
    names = document.attributes("id")
    assert len(names) == len(set(names))
    inner = [link[1:] for link in document.attributes("href") if link.startswith("#")]
    inner += [anchor for _, _, anchor in outcomes(document) if anchor]
    assert "fail-1" in inner
    assert set(inner) <= set(names)
    assert set(document.attributes("aria-labelledby")) <= set(names)


def test_a_run_without_failures_conforms(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed(), passed(OTHER.id, level="SHOULD")))
    assert document.texts("h1") == ["numpy 1.0 conforms."]
    assert document.texts("p", **{"class": "calm"}) != []
    assert document.texts("details", **{"class": "finding"}) == []
    assert document.texts("td", **{"class": "state-conforms"}) == ["reached", "reached"]
    assert document.texts("td", **{"class": "state-unchecked"}) == ["not asked"]


def test_a_failure_is_told_whole(tmp_path: Path) -> None:
    document = read(tmp_path, run(failed()))
    assert document.texts("h1") == ["numpy 1.0 does not conform."]
    (finding,) = document.texts("details", **{"class": "finding"})
    for words in (
        CLAUSE.id,
        "breaks a MUST: A tape answers.",
        "expected 12.0",
        "actual 0.0",
        "difference 12.0",
        "documented PER-01: the guide (chapter 1)",
        "at spec/chapter.py:12 in test_it",
        "reproduce tapecheck repro " + CLAUSE.id,
    ):
        assert words in finding
    assert document.texts("button", **{"class": "copy"}) == ["Copy"]
    assert "https://example.org/guide" in document.attributes("href")


def test_a_failure_in_several_modes_is_told_once(tmp_path: Path) -> None:
    cases = [failed(mode=mode) for mode in ("eager", "function", "jit")]
    document = read(tmp_path, run(*cases), run(*cases, version="2.0"))
    (finding,) = document.texts("details", **{"class": "finding"})
    assert "numpy 1.0 eager, function, jit numpy 2.0 eager, function, jit" in finding
    assert finding.count("--mode jit") == 1
    assert outcomes(document) == [["fail", "", "fail-1"]] * 6


def test_failures_that_say_something_else_are_told_apart(tmp_path: Path) -> None:
    other = failed(mode="jit", details={"actual": "nan"})
    document = read(tmp_path, run(failed(), other))
    assert len(document.texts("details", **{"class": "finding"})) == 2


def test_a_message_that_is_not_made_of_details_is_told(tmp_path: Path) -> None:
    case = passed(verdict=results.ERROR, message="it broke\nbecause of the weather")
    (finding,) = read(tmp_path, run(case)).texts("details", **{"class": "finding"})
    assert "because of the weather" in finding


def test_breaking_verdicts_come_before_deviations(tmp_path: Path) -> None:
    listed = {"reason": "loops are unrolled", "link": "https://example.org/issue/1"}
    cases = [
        failed(verdict=results.DEVIATION, details=listed),
        failed(mode="jit", verdict=results.FIXED),
        failed(OTHER.id, verdict=results.ERROR),
        failed(OTHER.id, mode="jit"),
    ]
    document = read(tmp_path, run(*cases))
    names = [name for name in document.attributes("id") if re.match(r"\w+-1\Z", name)]
    assert names == ["run-1", "fail-1", "error-1", "fixed-1", "deviation-1"]
    (deviation,) = document.texts("details", id="deviation-1")
    assert "loops are unrolled" in deviation
    assert "https://example.org/issue/1" in document.attributes("href")


def test_a_deviation_is_told_once_however_its_modes_fail(tmp_path: Path) -> None:
    listed = {"reason": "loops are unrolled", "link": "https://example.org/issue/1"}
    cases = [
        failed(mode=mode, verdict=results.DEVIATION, details={"actual": mode, **listed})
        for mode in ("eager", "jit")
    ]
    (deviation,) = read(tmp_path, run(*cases)).texts("details", **{"class": "finding"})
    assert "numpy 1.0 eager, jit" in deviation
    assert "(numpy 1.0, eager)" in deviation


def test_a_link_that_is_no_web_address_is_text(tmp_path: Path) -> None:
    case = failed(verdict=results.DEVIATION, details={"reason": "r", "link": "javascript:alert(1)"})
    document = read(tmp_path, run(case))
    assert not any(link.startswith("javascript") for link in document.attributes("href"))
    assert "javascript:alert(1)" in document.texts("details", id="deviation-1")[0]


def test_an_incomplete_run_is_marked_and_never_conforms(tmp_path: Path) -> None:
    broken_off = run(passed(), complete=False)
    document = read(tmp_path, broken_off)
    assert document.texts("p", **{"class": "state-incomplete"}) == ["INCOMPLETE"]
    assert "conforms" not in document.texts("td", **{"class": "state-incomplete"})[0].split()
    text = summary(tmp_path, broken_off)
    assert "**INCOMPLETE**" in text
    assert "did not reach its end" in text


def test_a_run_without_cases_does_not_conform(tmp_path: Path) -> None:
    document = read(tmp_path, run())
    assert document.texts("h1") == ["numpy 1.0 nothing was checked."]
    assert conformance.of_run(run()).state == conformance.UNCHECKED


def test_a_run_in_which_nothing_could_be_checked_does_not_conform() -> None:
    lacking = run(passed(verdict=results.UNSUPPORTED))
    assert conformance.of_run(lacking).state == conformance.UNCHECKED


@pytest.mark.parametrize("verdict", sorted(results.BREAKING))
def test_one_breaking_case_is_enough_not_to_conform(verdict: str) -> None:
    one = run(passed(), failed(OTHER.id, verdict=verdict))
    assert conformance.of_run(one).state == conformance.BREAKS


def test_a_known_deviation_conforms_and_is_counted() -> None:
    standing = conformance.of_cases([passed(), failed(OTHER.id, verdict=results.DEVIATION)])
    assert standing.state == conformance.CONFORMS
    assert standing.words == "kept, 1 deviation"


def test_the_headline_counts_the_runs_that_conform(tmp_path: Path) -> None:
    good, bad = run(passed()), run(failed())
    assert read(tmp_path, good, bad).texts("h1") == ["1 of 2 runs conforms."]
    assert read(tmp_path, good, good, bad).texts("h1") == ["2 of 3 runs conform."]
    assert read(tmp_path, bad, bad).texts("h1") == ["None of the 2 runs conforms."]
    assert read(tmp_path, good, good).texts("h1") == ["Both runs conform."]
    assert read(tmp_path, good, good, good).texts("h1") == ["All 3 runs conform."]


def test_no_run_at_all_is_said(tmp_path: Path) -> None:
    document = read(tmp_path)
    assert document.texts("h1") == ["There is no run to report."]
    assert document.texts("table") == []
    assert "There is no run" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_each_verdict_has_its_symbol_in_the_matrix(tmp_path: Path) -> None:
    clauses = list(load_standard().entries)
    cases = [passed(one, verdict=v) for one, v in zip(clauses, results.VERDICTS)]
    document = read(tmp_path, run(*cases))
    assert [verdict for verdict, _, _ in outcomes(document)] == list(results.VERDICTS)
    legend = " ".join(document.texts("dl", **{"class": "legend"}))
    for verdict in results.VERDICTS:
        assert "{} {}".format(page.SYMBOLS[verdict], verdict) in legend
    assert len(set(page.SYMBOLS.values())) == len(results.VERDICTS)
    assert set(page.MEANINGS) == set(results.VERDICTS)


def test_runs_stand_side_by_side_with_their_modes(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        run(passed()),
        run(passed(mode="jit"), passed(mode="eager"), backend="tensorflow", version="2.21.0"),
    )
    assert document.texts("th", **{"class": "group"}) == ["numpy 1.0", "tensorflow 2.21.0"]
    modes = [a["data-mode"] for tag, a, _ in document.elements if "data-mode" in a]
    assert modes == ["eager", "eager", "jit"]


def test_devices_are_named_where_there_are_several(tmp_path: Path) -> None:
    devices = ["CPU:0", "GPU:0"]
    cases = [passed(device=device) for device in devices]
    document = read(tmp_path, run(*cases, devices=devices))
    assert {"eagerCPU:0", "eagerGPU:0"} <= set(document.texts("th", scope="col"))


def test_two_runs_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed()), run(passed(), python="3.7.1"))
    names = document.texts("th", **{"class": "group"})
    assert names == ["numpy 1.0 (run 1)", "numpy 1.0 (run 2)"]
    keys = [a["data-run"] for _, a, _ in document.elements if a.get("class") == "group"]
    assert len(set(keys)) == 2


def test_clauses_that_the_standard_lacks_are_shown(tmp_path: Path) -> None:
    gone = passed("nowhere.a_clause_of_old")
    law = passed("chain.rule_holds[sin-cos]", suite="laws")
    document = read(tmp_path, run(gone, law))
    ids = [one["id"] for one in document.data["clauses"]]
    assert ids == ["nowhere.a_clause_of_old", "chain.rule_holds[sin-cos]"]
    suites = [a["data-suite"] for _, a, _ in document.elements if "data-suite" in a]
    assert suites == ["spec", "laws"]
    assert all("code" not in one for one in document.data["clauses"])


def test_clauses_that_no_run_has_are_listed(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed()))
    (absent,) = document.texts("details", **{"class": "absent"})
    assert OTHER.id in absent
    assert CLAUSE.id not in absent.split()
    assert absent.startswith("{:,} clauses".format(len(load_standard().entries) - 1))


def test_a_clause_brings_its_statement_sources_and_code_once(tmp_path: Path) -> None:
    document = read(tmp_path, *[run(passed(), version=str(number)) for number in range(4)])
    (clause,) = document.data["clauses"]
    assert clause["statement"] == CLAUSE.statement
    assert "def test_" + CLAUSE.id.split(".")[1] in clause["code"]
    assert clause["covers"] == list(CLAUSE.covers)
    statement, places = document.data["behaviours"][CLAUSE.covers[0]]
    assert statement
    for place, _ in places:
        assert document.data["documents"][place][0]


def test_chapters_are_counted_by_level(tmp_path: Path) -> None:
    cases = [passed(), failed(OTHER.id, level="SHOULD")]
    rows = [
        text for text in read(tmp_path, run(*cases)).texts("tr") if "✓ 1" in text or "✗ 1" in text
    ]
    assert any(row.startswith("MUST ✓ 1") for row in rows)
    assert any(row.startswith("SHOULD ✗ 1") for row in rows)


def test_the_environment_of_a_run_is_told(tmp_path: Path) -> None:
    cases = [passed(), failed(OTHER.id, seconds=90.0)]
    document = read(tmp_path, run(*cases, options={"keyword": "tape"}))
    (text,) = document.texts("details", **{"class": "environment"})
    for words in ("3.11.7", "Linux-6.1-x86_64", "numpy 2.4.6", "xla", "keyword tape", "1 min 30 s"):
        assert words in text


def test_different_versions_of_the_suite_are_warned_of(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed()), run(passed(), suite_version="0.2.0"))
    assert any("0.1.0, 0.2.0" in text for text in document.texts("p", **{"class": "warning"}))


def test_what_was_measured_is_drawn_where_there_is_something(tmp_path: Path) -> None:
    series = {"loss": {"x": [0, 1], "y": [2.0, 1.0], "x_label": "steps", "y_label": "nats"}}
    learnt = passed("networks.learns", suite="training", measured={"series": series})
    document = read(tmp_path, run(passed(), learnt))
    assert "Training" in document.texts("h2")
    assert len(document.texts("figure")) == 1
    assert "Training" not in read(tmp_path, run(passed())).texts("h2")


def hostile_run() -> Run:
    details = {
        "expected": HOSTILE,
        "actual": HOSTILE,
        "documented": [HOSTILE, 7],
        "reproduce": HOSTILE,
        "reason": HOSTILE,
        "link": HOSTILE,
        "odd": {HOSTILE: [None]},
        HOSTILE: HOSTILE,
    }
    word = HOSTILE.replace(" ", "")
    cases = [
        passed("c." + word + verdict, verdict=verdict, message=HOSTILE, details=details)
        for verdict in results.VERDICTS
    ]
    return run(
        *cases,
        passed("x.y", suite=HOSTILE, device=HOSTILE),
        complete=False,
        backend=HOSTILE,
        version=HOSTILE,
        python=HOSTILE,
        platform=HOSTILE,
        suite_version=HOSTILE,
        packages={HOSTILE: HOSTILE},
        devices=[HOSTILE],
        lacks=[HOSTILE],
        options={HOSTILE: [HOSTILE]},
        started=HOSTILE,
    )


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    document = read(tmp_path, hostile_run(), run(passed()))
    assert len(document.texts("script")) == 2
    assert len(document.texts("title")) == 1
    text = (tmp_path / "index.html").read_bytes().decode("utf-8")
    assert "<script>alert" not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert r"\u202eevil \x1b[31m \x00 \ud800" in document.texts("details", id="fail-1")[0]
    assert not any(name.startswith("on") for _, a, _ in document.elements for name in a)


def test_hostile_text_has_no_effect_in_the_summary(tmp_path: Path) -> None:
    text = summary(tmp_path, hostile_run(), run(passed()))
    assert not re.search(r"(?<!\\)<script", re.sub(r"`[^`]*`", "", text))
    tables = re.findall(r"(?m)(?:^\|.*\n)+", text)
    assert len(tables) == 2
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1


def test_a_huge_message_is_shortened(tmp_path: Path) -> None:
    line = "x" * 1000000
    first = "{} [eager CPU:0] {}".format(CLAUSE.id, line)
    case = failed(message=first + "\n" + line, details={"expected": line, "at": [line] * 3})
    document = read(tmp_path, run(case))
    assert (tmp_path / "index.html").stat().st_size < 150000
    assert (tmp_path / "summary.md").stat().st_size < 2000
    assert "characters left out" in document.texts("details", id="fail-1")[0]


def test_the_summary_tells_twenty_failures_and_counts_the_rest(tmp_path: Path) -> None:
    cases = [failed("chapter.a_clause_{}".format(number)) for number in range(50)]
    text = summary(tmp_path, run(*cases))
    assert text.count("- ✗ `chapter.a_clause_") == 20
    assert "And 30 more." in text


def test_the_summary_has_a_row_for_each_run(tmp_path: Path) -> None:
    listed = {"reason": "known", "link": "https://example.org"}
    text = summary(
        tmp_path,
        run(passed(), failed(OTHER.id, verdict=results.DEVIATION, details=listed)),
        run(passed(), failed(OTHER.id), backend="a|b", version="<2>"),
    )
    lines = text.split("\n")
    assert "| run | verdict | MUST | SHOULD | OBSERVED | lacks | time |" in lines
    kept = "reached, 1 deviation 1/2 | not asked | not asked | jit | 3.50 s |"
    assert "| numpy 1.0 | conforms | " + kept in lines
    broken = "**1 broken** 1/2 | not asked | not asked | jit | 3.50 s |"
    assert r"| a\|b \<2\> | **does not conform** | " + broken in lines
    assert "Known deviations: 1 case." in lines
    table = [number for number, line in enumerate(lines) if line.startswith("|")][:4]
    assert table == list(range(table[0], table[0] + 4))


@pytest.mark.parametrize("character", ["|", "\U000e0001", "\U0001f600"])
def test_the_summary_stays_small(tmp_path: Path, character: str) -> None:
    word = character * 5000
    cases = [failed("c." + word + str(number), message=word) for number in range(40)]
    text = summary(tmp_path, *[run(*cases, backend=word, version=str(n)) for n in range(80)])
    assert len(text.encode("utf-8")) < 60000
    assert "And 50 more runs." in text


def test_five_runs_of_a_thousand_cases_are_quick_and_small(tmp_path: Path) -> None:
    clauses = list(load_standard().entries)[:333]
    modes = ("eager", "function", "jit")
    every = [(clause, mode) for clause in clauses for mode in modes]
    runs = [
        run(
            *[(passed, failed)[n % 20 == 0](c, mode=m) for n, (c, m) in enumerate(every)], version=v
        )
        for v in "12345"
    ]
    before = time.process_time()
    path = render(runs, tmp_path)
    assert time.process_time() - before < 10.0
    assert path.stat().st_size < 1500000


def test_more_failures_than_can_be_told_are_counted(tmp_path: Path) -> None:
    cases = [failed("c.a{}".format(n), details={"actual": str(n)}) for n in range(1000)]
    document = read(tmp_path, run(*cases))
    assert len(outcomes(document)) == 1000
    told = len(document.texts("details", **{"class": "finding"}))
    assert told < 1000
    left_out = [text for text in document.texts("p") if "more of these" in text]
    assert left_out[0].startswith("And {} more".format(1000 - told))


def colours() -> Dict[str, Tuple[str, str]]:
    style = Path(page.__file__).parent / "templates" / "report.css"
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style.read_text())
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


WORDS = ["ink", "muted", "accent", "pass-ink"]
WORDS += [verdict + "-word" for verdict in ("fail", "error", "fixed", "deviation")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [(verdict + "-ink", verdict + "-ground") for verdict in results.VERDICTS]
    + [(ink, ground) for ink in WORDS for ground in ("ground", "surface", "raised")],
)
def test_text_stands_out_from_its_ground(ink: str, ground: str, theme: int) -> None:
    values = sorted(luminance(colours()[name][theme]) for name in (ink, ground))
    assert (values[1] + 0.05) / (values[0] + 0.05) >= 4.5


def test_tables_and_controls_can_be_heard(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed(), failed(OTHER.id)))
    for tag, attributes, _ in document.elements:
        if tag == "th":
            assert attributes.get("scope") in ("col", "row", "colgroup", "rowgroup")
        if attributes.get("role") in ("region", "img"):
            assert attributes.get("aria-label") or attributes.get("aria-labelledby")
    assert document.elements[0] == ("html", {"lang": "en"}, document.elements[0][2])
    assert len(document.texts("h1")) == 1
