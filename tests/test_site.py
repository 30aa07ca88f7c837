"""The site: which pages there are, what they say, and what they make of hostile records."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, Dict, List
from urllib.parse import unquote

import pytest

from tapecheck import results
from tapecheck.errors import UsageError
from tapecheck.modes import MODES
from tapecheck.report import conformance, history
from tapecheck.report.columns import LETTERS
from tapecheck.report.joining import joined
from tapecheck.report.page import reports_of
from tapecheck.report.sheets import file_names
from tapecheck.standard import load_standard
from tests.report_pages import CLAUSE, HOSTILE, OTHER, Document, failed, passed, run
from tests.site_pages import (
    CLAUSES,
    LISTED,
    PAGES,
    THIRD,
    UNREVIEWED,
    of_clause,
    several_runs,
    written,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of several runs."""
    return written(tmp_path_factory.mktemp("site"), *several_runs()).parent


def pages(folder: Path) -> List[Path]:
    return sorted(folder.rglob("*.html"))


def data(folder: Path) -> Any:
    text = (folder / "assets" / "data.js").read_text(encoding="utf-8")
    assert text.startswith("const tapecheck = ")
    return json.loads(text[len("const tapecheck = ") : -len(";\n")])


def text_of(path: Path) -> str:
    return " ".join(Document(path).texts("main"))


def test_each_run_and_each_clause_has_a_page(folder: Path) -> None:
    assert {path.name for path in folder.glob("*.html")} == set(PAGES)
    assert {path.stem for path in (folder / "runs").iterdir()} == {
        "numpy-1.0-2026-01-01",
        "numpy-1.0-2026-01-02",
        "tensorflow-2.4.0",
        "tensorflow-2.10.0",
        "tensorflow-2.20.0",
    }
    clauses = {path.stem for path in (folder / "clauses").iterdir()}
    assert clauses == {
        *CLAUSES,
        "operators.operators.first",
        "training.networks.learns",
        "benchmarks.growth.is_linear",
    }


def test_every_link_leads_somewhere(folder: Path) -> None:
    anchors = {path: set(Document(path).attributes("id")) for path in pages(folder)}
    followed = 0
    for path in pages(folder):
        for tag, attributes, _ in Document(path).elements:
            link = attributes.get("href") or attributes.get("src") or ""
            if tag == "a" and re.match("https://", link):
                continue
            if link == "data:,":
                continue
            name, _, anchor = link.partition("#")
            target = (path.parent / unquote(name)).resolve() if name else path
            assert target.is_file(), (path, link)
            if anchor and "=" not in anchor:
                assert anchor in anchors[target], (path, link)
            followed += 1
    assert followed > 100


def test_the_pages_ask_for_nothing_from_elsewhere(folder: Path) -> None:
    for path in pages(folder):
        for tag, attributes, _ in Document(path).elements:
            for name in ("src", "srcset", "action", "formaction", "poster", "data"):
                assert not re.search("//", attributes.get(name) or ""), path
            if tag == "link":
                assert not re.search("//", attributes["href"] or "")
            assert not any(name.startswith("on") for name in attributes)
    for asset in (folder / "assets").iterdir():
        text = asset.read_text(encoding="utf-8")
        if asset.suffix == ".css":
            assert "url(" not in text
            assert "@import" not in text
        elif asset.name != "data.js":
            assert not re.search(r"fetch\(|XMLHttpRequest|import\(|innerHTML", text)


def test_the_same_runs_give_the_same_site(folder: Path, tmp_path: Path) -> None:
    again = written(tmp_path, *reversed(several_runs())).parent
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    for name in files:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_each_page_has_its_names_for_who_hears_it(folder: Path) -> None:
    titles = [Document(path).texts("title")[0] for path in pages(folder)]
    assert len(set(titles)) == len(titles)
    for path in pages(folder):
        document = Document(path)
        assert len(document.texts("h1")) == 1
        ids = document.attributes("id")
        assert len(ids) == len(set(ids))
        assert set(document.attributes("aria-labelledby")) <= set(ids)
        for tag, attributes, _ in document.elements:
            assert tag != "th" or attributes.get("scope")


def test_regressions_of_the_last_night_come_first(folder: Path) -> None:
    document = Document(folder / "index.html")
    assert document.texts("h2")[0] == "The last night"
    (regressions, *_) = document.texts("table")
    assert regressions.startswith("Regressions 1 case")
    assert CLAUSE.id in regressions
    assert "pass" in regressions
    assert "numpy 1.0 (2026-01-02)" in document.texts("h3")[0]
    assert "1 regressions, 11 the same" in document.texts("li")[0]


def test_a_night_without_regressions_says_so(tmp_path: Path) -> None:
    nights = [run(passed(), started="2026-01-0{}T02:00:00Z".format(n)) for n in (1, 2)]
    text = text_of(written(tmp_path, *nights))
    assert "No regressions in 1 run since the run before." in text


def test_a_run_that_stands_in_for_a_night_is_marked_as_old(tmp_path: Path) -> None:
    before = run(passed(), started="2026-01-01T02:00:00Z")
    stands_in = run(failed(), started="2026-01-02T02:00:00Z", old="2026-01-03")
    document = Document(written(tmp_path, before, stands_in))
    assert document.texts("p", **{"class": "warning"}) == [
        "numpy 1.0 (2026-01-02) is old: the night of 2026-01-03 brought no whole run of it."
    ]
    assert "The last night" not in document.texts("h2")
    assert "2026-01-03" in text_of(tmp_path / "runs" / "numpy-1.0-2026-01-02.html")


def test_one_night_is_no_history(tmp_path: Path) -> None:
    document = Document(written(tmp_path, run(passed())))
    assert "The last night" not in document.texts("h2")
    assert not (tmp_path / "trends.html").exists()
    assert not (tmp_path / "timeline.html").exists()
    assert "trends.html" not in document.attributes("href")


def test_the_front_page_has_each_newest_run_by_level(folder: Path) -> None:
    document = Document(folder / "index.html")
    (standings,) = document.texts("table", **{"class": "standings"})
    order = ["numpy 1.0 (2026-01-02)", "tensorflow 2.20.0", "tensorflow 2.10.0", "tensorflow 2.4.0"]
    places = [standings.index(name) for name in order]
    assert places == sorted(places)
    assert "numpy 1.0 (2026-01-01)" not in standings
    assert "reached, 2 deviations, 1 unreviewed" in standings
    assert "1 unreviewed" in text_of(folder / "index.html").split("Known deviations")[1]
    assert document.texts("h1") == ["1 of 4 runs conforms."]


def test_unreviewed_deviations_are_counted_apart() -> None:
    listed = failed(verdict=results.DEVIATION, details=LISTED)
    waiting = failed(OTHER.id, verdict=results.DEVIATION, details=UNREVIEWED)
    assert conformance.unreviewed([listed, waiting, passed(THIRD)]) == 1
    assert conformance.of_cases([listed]).words == "kept, 1 deviation"
    assert conformance.of_cases([listed, waiting]).words == "kept, 2 deviations, 1 unreviewed"


def test_the_reasons_of_lacks_are_told(folder: Path) -> None:
    assert "no compiler" in text_of(folder / "lacks.html")


def test_versions_that_lack_the_same_share_a_column(folder: Path) -> None:
    heads = Document(folder / "lacks.html").texts("th", scope="col")
    assert heads == ["Capability", "numpy 1.0 (2026-01-02)", "tensorflow 2.20.0"]


def test_nights_by_different_versions_of_the_suite_are_told_apart(tmp_path: Path) -> None:
    before = run(passed(), suite_version="0.0.9", started="2026-01-01T02:00:00Z")
    after = run(failed(), started="2026-01-02T02:00:00Z")
    (heading,) = Document(written(tmp_path, before, after)).texts("h3")
    assert heading.endswith("by another version of the suite")


def test_the_data_of_the_matrix_holds_each_verdict(folder: Path) -> None:
    held = data(folder)
    verdicts = {letter: verdict for verdict, letter in LETTERS.items()}
    places = [
        (clause[1] + row, held["chapters"][clause[0]][0])
        for clause in held["clauses"]
        for row in clause[5] or [""]
    ]
    found = {
        (held["runs"][run_number][0], mode, device, *place): verdicts[letter]
        for (run_number, mode, device), cells in zip(held["columns"], held["cells"])
        for place, letter in zip(places, cells)
        if letter != "."
    }
    expected = {
        (report.key, case.mode, case.device, case.clause, case.suite): case.verdict
        for report in reports_of(history.ordered(several_runs()))
        for case in report.run.cases
    }
    assert found == expected
    assert {len(cells) for cells in held["cells"]} == {len(places)}


def test_the_page_of_a_clause_tells_it_whole(folder: Path) -> None:
    document = Document(folder / of_clause(CLAUSE.id))
    text = " ".join(document.texts("main"))
    assert document.texts("h1") == [CLAUSE.statement]
    for words in (CLAUSE.id, CLAUSE.level, CLAUSE.covers[0], "def test_", "expected", "12.0"):
        assert words in text
    grids = document.texts("table", **{"class": "grid"})
    assert grids[0].startswith("numpy1.0 (2026-01-01)1.0 (2026-01-02) eager✓pass✗fail")
    assert grids[1].startswith("tensorflow2.4.02.10.02.20.0 eager✓pass✓pass✓pass jit✓pass")
    assert "#fail-1" in document.attributes("href")


def test_a_script_that_reproduces_is_made_from_the_clause(folder: Path) -> None:
    document = Document(folder / of_clause(CLAUSE.id))
    (script,) = document.texts("details", **{"class": "script"})
    assert "made from the clause, not run" in script
    assert "def test_" in script
    assert document.texts("button", **{"class": "copy"}) == ["Copy"] * 3


def test_a_script_that_was_verified_is_the_one_that_is_told(tmp_path: Path) -> None:
    case = failed()._replace(reproducer={"verified": True, "script": "print('it fails')\n"})
    written(tmp_path, run(case))
    text = text_of(tmp_path / of_clause(CLAUSE.id))
    assert "it fails in the same way" in text
    assert "print('it fails')" in text


def test_a_flaky_case_is_marked(tmp_path: Path) -> None:
    written(tmp_path, run(failed()._replace(repeated="pass")))
    document = Document(tmp_path / of_clause(CLAUSE.id))
    assert document.texts("span", **{"class": "flaky"}) == ["?"]


def test_rows_of_a_clause_share_its_page(folder: Path) -> None:
    text = text_of(folder / "clauses" / "operators.operators.first.html")
    assert "4 rows" in text
    assert "[2]" in text
    assert "✗fail 1" in text


def test_failures_of_several_versions_are_told_once(folder: Path) -> None:
    document = Document(folder / of_clause(OTHER.id))
    told = document.texts("details", **{"class": "finding"})
    assert len(told) == 2
    assert "tensorflow 2.20.0, 2.10.0 jit" in told[0]
    assert "zeros are made" in told[1]


def test_the_time_line_tells_where_a_clause_changed(folder: Path) -> None:
    rows = Document(folder / "timeline.html").texts("tr")
    (row,) = [text for text in rows if OTHER.id in text and "eager" in text]
    assert row.index("broken from 2.4.0 to 2.4.0") < row.index("holds from 2.10.0 to 2.20.0")
    text = text_of(folder / of_clause(OTHER.id))
    assert "Over the versions" in text
    assert "2.10.0 to 2.20.0 ✓ holds" in text


def test_what_only_waited_for_its_mode_is_counted_apart(tmp_path: Path) -> None:
    absent = passed(
        mode="jit",
        verdict=results.UNSUPPORTED,
        message="the backend declares to lack xla",
        details={"lacks": ["xla"]},
    )
    old = run(passed(), absent, version="1.0")
    new = run(passed(), passed(mode="jit"), version="2.0", lacks=[])
    written(tmp_path, old, new)
    text = text_of(tmp_path / "timeline.html")
    assert "0 of 2 changed between 1.0 and 2.0; 1 hold ever since there is their mode" in text


def test_what_several_versions_break_is_one_line_of_the_front_page(tmp_path: Path) -> None:
    runs = [
        run(failed(), failed(mode="jit", details={"actual": version}), version=version)
        for version in ("1.0", "2.0")
    ]
    document = Document(written(tmp_path, *runs))
    (line,) = [text for text in document.texts("tr") if CLAUSE.id in text]
    assert line.endswith("✗ failnumpy 2.0, 1.0 eager, jit")


def test_what_a_version_changed_is_told_step_by_step(folder: Path) -> None:
    steps = Document(folder / "changes.html").texts("details", **{"class": "step"})
    assert steps[0].startswith("2.10.0 to 2.20.0")
    assert steps[1].startswith("2.4.0 to 2.10.0")
    assert "Fixed" in steps[1]
    assert OTHER.id in steps[1]


def test_versions_that_are_no_numbers_have_no_time_line(tmp_path: Path) -> None:
    written(tmp_path, *(run(passed(), version=word) for word in ("spring", "autumn")))
    assert not (tmp_path / "timeline.html").exists()


def test_the_page_of_a_run_tells_surroundings_and_curves(folder: Path) -> None:
    text = text_of(folder / "runs" / "tensorflow-2.20.0.html")
    for words in ("Linux-6.1-x86_64", "Slowest cases", "test accuracy", "By chapter and level"):
        assert words in text
    assert "Regressions" in text_of(folder / "runs" / "numpy-1.0-2026-01-02.html")


def test_trends_have_a_plot_and_a_table(folder: Path) -> None:
    document = Document(folder / "trends.html")
    assert len(document.texts("figure")) == 3
    rows = document.texts("tr")
    assert rows[1].startswith("numpy 1.0 (2026-01-02)11100")
    assert rows[2].startswith("numpy 1.0 (2026-01-01)12000")


def test_what_tells_nothing_is_listed(folder: Path) -> None:
    document = Document(folder / "suspects.html")
    assert any(heading.startswith("Never ran") for heading in document.texts("h2"))
    entries = list(load_standard().entries.values())[len(CLAUSES) :]
    missed = next(entry.clause for entry in entries if entry.clause.level == "MUST")
    assert missed.id in document.texts("main")[0]
    assert "suspects.html" in Document(folder / "index.html").attributes("href")


def test_suites_of_one_version_are_one_run() -> None:
    spec = run(passed(), started="2026-01-01T02:00:00Z")
    laws = run(
        passed("chain.rule", suite="laws"),
        options={"suite": ["laws"]},
        started="2026-01-01T03:00:00Z",
        platform="Linux-6.2-other",
    )
    (one,) = joined([laws, spec])
    assert [case.suite for case in one.cases] == ["spec", "laws"]
    assert one.header["options"]["suite"] == ["spec", "laws"]
    assert one.footer is not None
    assert (one.footer["cases"], one.footer["seconds"]) == (2, 7.0)
    assert conformance.part(one) == {}


def test_shards_are_joined_and_a_missing_one_is_told() -> None:
    shards = [
        run(passed(clause), options={"shard": "{}/2".format(number)})
        for number, clause in ((1, CLAUSE.id), (2, OTHER.id))
    ]
    (one,) = joined(shards)
    assert len(one.cases) == 2
    assert conformance.part(one) == {}
    with pytest.raises(UsageError, match="2/2"):
        joined(shards[:1])


@pytest.mark.parametrize(
    "other",
    [
        run(passed(), started="2026-01-02T02:00:00Z"),
        run(passed(OTHER.id), version="2.0"),
        run(passed(OTHER.id), suite_version="0.2.0"),
        run(passed(OTHER.id), python="3.7.1"),
        run(passed(OTHER.id), complete=False),
        run(passed(OTHER.id), options={"chapter": ["a"]}),
    ],
    ids=["the same case", "version", "suite version", "Python", "incomplete", "part"],
)
def test_what_does_not_belong_together_stays_apart(other: results.Run) -> None:
    assert len(joined([run(passed()), other])) == 2


def test_each_night_keeps_the_suites_that_ran_then() -> None:
    nights = [
        run(passed(clause, suite=suite), options=options, started="2026-01-0{}T02".format(night))
        for night in (1, 2)
        for suite, clause, options in (
            ("spec", CLAUSE.id, {}),
            ("laws", "chain.rule", {"suite": ["laws"]}),
        )
    ]
    assert [len(one.cases) for one in joined(nights)] == [2, 2]


def test_leaks_are_not_ruled_out_by_a_suite_that_did_not_look_for_them() -> None:
    spec, laws = run(passed())._replace(leaks=()), run(passed("c.d", suite="laws"))
    assert joined([spec, laws])[0].leaks is None


def test_builds_between_releases_are_nights_of_one_thing() -> None:
    days = ("20260101", "20260102")
    runs = [
        run(passed(), version="2.22.0.dev" + day, started="2026-01-{}T02".format(day[-2:]))
        for day in days
    ]
    assert history.tracks([*runs, run(passed(), version="2.21.0")]) == [[0, 1], [2]]
    assert history.newest(runs) == [1]


def test_versions_are_ordered_as_numbers() -> None:
    versions = ["2.10.0", "2.9.1", "nightly", "2.10.0rc1"]
    ordered = history.ordered([run(passed(), version=one) for one in versions])
    assert [one.header["version"] for one in ordered] == ["2.9.1", "2.10.0rc1", "2.10.0", "nightly"]


def test_names_of_files_are_fit_for_any_system() -> None:
    odd = ["a/../../b", "a" * 500, "ä.b", "A.b", "a.b", "c.." + HOSTILE]
    names = list(file_names([("spec", one) for one in odd]).values())
    assert len({name.lower() for name in names}) == len(odd)
    assert all(re.match(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,140}\Z", name) for name in names)
    assert "a.b" in names or "A.b" in names


def hostile_runs() -> List[results.Run]:
    word = HOSTILE.replace(" ", "")
    details: Dict[str, Any] = dict.fromkeys(
        ("expected", "actual", "reproduce", "reason", "link", HOSTILE), HOSTILE
    )
    header = {"backend": HOSTILE, "devices": [HOSTILE], "lacks": [HOSTILE], "platform": HOSTILE}
    script = {"verified": True, "script": HOSTILE}
    return [
        run(
            *(
                passed("c." + word + one, verdict=one, message=HOSTILE, details=details)._replace(
                    reproducer=script
                )
                for one in results.VERDICTS
            ),
            *(failed("{}.x[{}]".format("a" * night, word), suite=HOSTILE) for night in (1, 2)),
            failed("d.e") if night else passed("d.e"),
            started="2026-01-0{}T02:00:00Z".format(night + 1),
            version=version,
            lack_reasons={HOSTILE: HOSTILE},
            **header,
        )
        for night, version in ((0, HOSTILE), (1, HOSTILE), (1, "1.0"), (1, "2.0"))
    ]


def test_hostile_text_is_shown_as_text_on_every_page(tmp_path: Path) -> None:
    written(tmp_path, *hostile_runs())
    assert all(tmp_path in path.parents for path in tmp_path.rglob("*"))
    for path in pages(tmp_path):
        text = path.read_bytes().decode("utf-8")
        assert "<script>alert" not in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        document = Document(path)
        scripts = [a.get("src") for tag, a, _ in document.elements if tag == "script"]
        assert None not in scripts
        assert len(document.texts("title")) == 1
        assert not any(name.startswith("on") for _, a, _ in document.elements for name in a)
    script = (tmp_path / "assets" / "data.js").read_text(encoding="utf-8")
    assert "<" not in script
    assert "\u202e" not in script
    assert HOSTILE.split()[0] in json.dumps(data(tmp_path))


def test_thirty_runs_are_quick_and_their_front_page_is_small(tmp_path: Path) -> None:
    clauses = list(load_standard().entries)[:200]
    runs = [
        run(
            *(
                (failed if (place * 31 + version) % 40 == 0 else passed)(clause, mode=mode)
                for place, (clause, mode) in enumerate((c, m) for c in clauses for m in MODES)
            ),
            backend="tensorflow",
            version="2.{}.0".format(version),
        )
        for version in range(30)
    ]
    before = time.process_time()
    path = written(tmp_path, *runs)
    assert time.process_time() - before < 10.0
    assert path.stat().st_size < 300000
    assert (tmp_path / "assets" / "data.js").stat().st_size < 150000
