"""Runs side by side: levels, lacks, differences in value, leaks, suites, and many rows."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from rich.console import Console

from tapecheck import results
from tapecheck.capabilities import CAPABILITIES
from tapecheck.cli.matrix import show
from tapecheck.modes import MODES
from tapecheck.report import build, conformance, differences, lacks, page, render, statements
from tapecheck.results import Case, Leak
from tapecheck.standard import load_standard
from tests.report_pages import CLAUSE, OTHER, Document, failed, outcomes, passed, read, run, summary

GRAPH = {"verdict": results.UNSUPPORTED, "mode": "function", "details": {"lacks": ["graph"]}}
LISTED = {"reason": "zeros are made", "link": "https://example.org/issue"}


def unsupported(*names: str, clause: str = OTHER.id, **fields: Any) -> Case:
    fields.setdefault("details", {"lacks": list(names)})
    return passed(clause, verdict=results.UNSUPPORTED, **fields)


def by_suite(suite: str, number: int) -> List[Case]:
    return [passed("chapter.law[{}]".format(n), suite=suite) for n in range(number)]


def test_a_level_is_reached_where_every_asked_case_of_it_passes() -> None:
    one = run(passed(), unsupported("forward"), failed(OTHER.id, level="SHOULD"))
    levels = conformance.levels(one)
    assert (levels["MUST"].words, levels["MUST"].passed, levels["MUST"].asked) == ("reached", 1, 1)
    assert levels["SHOULD"].words == "1 broken"
    assert levels["OBSERVED"].words == "not asked"


def test_a_level_with_a_listed_deviation_is_reached_and_says_so() -> None:
    one = run(passed(), failed(OTHER.id, verdict=results.DEVIATION, details=LISTED))
    assert conformance.of_level(one, "MUST").words == "reached, 1 deviation"


def test_a_level_of_which_nothing_was_asked_is_not_reached() -> None:
    level = conformance.of_level(run(unsupported("forward")), "MUST")
    assert (level.state, level.words) == (conformance.UNCHECKED, "nothing was checked")


@pytest.mark.parametrize("option", ["chapter", "keyword", "mode"])
def test_a_part_of_the_standard_reaches_no_level(option: str, tmp_path: Path) -> None:
    one = run(passed(), options={option: ["eager"]})
    assert conformance.of_level(one, "MUST").words == "kept in the part that was run"
    assert conformance.of_run(one).words == "conforms in the part that was run"
    text = " ".join(read(tmp_path, one).texts("p"))
    assert "Only a part was run: {} eager.".format(option) in text


def test_a_run_of_one_level_reaches_it() -> None:
    one = run(passed(), options={"level": ["must"]})
    assert conformance.of_level(one, "MUST").words == "reached"


def test_other_suites_do_not_count_for_a_level_but_for_the_whole() -> None:
    one = run(passed(), failed("chapter.law", suite="laws"))
    assert conformance.of_level(one, "MUST").words == "reached"
    assert conformance.of_suite(one, "laws").words == "1 broken"
    assert conformance.of_run(one).state == conformance.BREAKS


def test_a_lacking_mode_is_told_apart_from_lacking_parts(tmp_path: Path) -> None:
    both = passed(OTHER.id, **{**GRAPH, "details": {"lacks": ["forward", "graph"]}})
    one = run(passed(), passed(**GRAPH), both, unsupported("forward"), lacks=["graph", "forward"])
    assert (conformance.of_run(one).modes, conformance.of_run(one).parts) == (2, 1)
    assert conformance.lacking(one) == {"graph": 2, "forward": 1}
    document = read(tmp_path, one)
    assert "Lacks the mode function (2 cases) and 1 part (1 case)." in document.texts("p")
    assert any("1 unsupported" in text for text in document.texts("ul", **{"class": "counts"}))


def test_a_mode_that_is_lacking_as_a_whole_has_no_column(tmp_path: Path) -> None:
    absent = passed(OTHER.id, mode="function", verdict=results.NOT_APPLICABLE)
    document = read(
        tmp_path, run(passed(), passed(**GRAPH), absent), run(passed(), passed(mode="function"))
    )
    modes = [a["data-mode"] for _, a, _ in document.elements if "data-mode" in a]
    assert modes == ["eager", "eager", "function"]
    assert any("numpy 1.0 (run 1) function" in text for text in document.texts("p"))


def test_a_declared_mode_that_works_keeps_its_column(tmp_path: Path) -> None:
    broken = failed(OTHER.id, mode="function")
    document = read(tmp_path, run(passed(), passed(**GRAPH), broken))
    assert [a["data-mode"] for _, a, _ in document.elements if "data-mode" in a] == [
        "eager",
        "function",
    ]


def test_what_each_lacks_stands_side_by_side(tmp_path: Path) -> None:
    complete = run(passed(), lacks=[])
    one = run(passed(), unsupported("forward"), lacks=["xla", "forward"])
    other = run(passed(), lacks=["odd"], lacks_in={"function": ["forward"]})
    found = lacks.find([complete, one, other])
    assert [lack.name for lack in found] == ["xla", "forward", "odd"]
    assert [lack.mode for lack in found] == ["jit", "", ""]
    assert found[1].runs == [None, lacks.Missing(1, []), lacks.Missing(0, ["function"])]
    assert (CAPABILITIES["forward"].__doc__ or "").startswith(found[1].meaning[:20])
    rows = [text for text in read(tmp_path, complete, one, other).texts("tr") if "forward" in text]
    lacking = page.SYMBOLS["unsupported"]
    assert rows[0].endswith("ForwardAccumulator.✓{0} 1{0} function".format(lacking))


def test_nothing_is_said_of_lacks_where_nothing_is_lacking(tmp_path: Path) -> None:
    assert "lacks" not in read(tmp_path, run(passed(), lacks=[])).attributes("id")


def test_a_difference_tells_who_keeps_a_clause_and_what_others_came_to(tmp_path: Path) -> None:
    runs = [
        run(passed(), backend="numpy"),
        run(failed(), failed(mode="jit"), backend="torch"),
        run(failed(verdict=results.DEVIATION, details=LISTED), passed(mode="jit"), backend="jax"),
        run(unsupported("forward", clause=CLAUSE.id), backend="mlx"),
    ]
    (one,) = differences.find([each.cases for each in runs])
    assert (one.clause, one.expected, one.kept) == (CLAUSE.id, ["12.0"], [0, 2])
    assert [(each.verdict, each.actual, each.places) for each in one.otherwise] == [
        ("fail", "0.0", {1: ["eager", "jit"]}),
        ("deviation", "0.0", {2: ["eager"]}),
    ]
    document = read(tmp_path, *runs)
    (row,) = [text for text in document.texts("tr", **{"class": "row"}) if CLAUSE.id in text]
    assert "12.0 numpy, jax ✗" in row
    assert "torch eager, jit0.0" in row
    assert "jax eager0.0zeros are made" in row
    assert "#fail-1" in document.attributes("href")


@pytest.mark.parametrize(
    "runs",
    [
        [[passed()], [passed()]],
        [[passed(), failed(mode="jit")]],
        [[passed()], [failed(mode="jit")]],
        [[passed()], [unsupported("forward", clause=CLAUSE.id)]],
        [[passed()], [failed(CLAUSE.id, suite="laws")]],
        [[failed()], [failed(details={"actual": "7.0"})]],
    ],
    ids=["same", "one run", "other mode", "not asked", "other suite", "none keeps it"],
)
def test_no_difference_is_made_up(runs: List[List[Case]]) -> None:
    assert differences.find(runs) == []


def test_where_nothing_is_said_to_be_expected_the_promise_is(tmp_path: Path) -> None:
    broken = passed(verdict=results.ERROR, message="it raises")
    document = read(tmp_path, run(passed()), run(broken))
    (row,) = [text for text in document.texts("tr", **{"class": "row"}) if CLAUSE.id in text]
    assert CLAUSE.statement in row


def test_an_exception_differs_by_what_it_says() -> None:
    case = passed(verdict=results.ERROR, message="x [eager CPU:0] unexpected\nmore")
    (one,) = differences.find([[passed()], [case]])
    assert (one.expected, one.otherwise[0].actual) == ([], "x [eager CPU:0] unexpected")


def test_a_fixed_entry_has_the_expected_value() -> None:
    (one,) = differences.find([[failed(verdict=results.FIXED)], [failed()]])
    assert one.kept == [0]


def leak(culprit: bool = True, **fields: Any) -> Leak:
    key = ("spec", CLAUSE.id, "eager", "CPU:0")
    one = Leak("spec", OTHER.id, "eager", "CPU:0", "fail", "pass", key if culprit else None, True)
    return one._replace(**fields)


def test_leaks_tell_from_which_case_to_which(tmp_path: Path) -> None:
    cases = [passed(), failed(OTHER.id)]
    leaking = run(*cases)._replace(
        leaks=(leak(), leak(False, mode="jit"), leak(False, replayed=False))
    )
    clean = run(*cases, version="2.0")._replace(leaks=())
    document = read(tmp_path, leaking, clean, run(*cases, version="3.0"))
    rows = document.texts("table", **{"class": "leaks"})[0]
    assert "{} [eager]{} eager✗ fail✓ pass".format(CLAUSE.id, OTHER.id) in rows
    assert "no single case, but all that ran before it" in rows
    assert "not told by what ran before it" in rows
    assert "numpy 1.0 leaks state 3 cases" in document.texts("h3")
    said = [text for text in document.texts("p") if text.startswith("Leaks") and ":" in text]
    assert said == [
        "Leaks state: 3 cases.",
        "Leaks no state: each case alone has the same verdict.",
    ]
    text = summary(tmp_path, leaking, clean)
    assert "**numpy 1.0 leaks state**: 3 cases" in text
    assert (
        "`{}` eager: fail together, pass alone; from {}".format(
            OTHER.id, CLAUSE.id.replace("_", r"\_")
        )
        in text
    )


def test_the_terminal_shows_levels_leaks_and_differences() -> None:
    leaking = run(passed(), passed("c.d", suite="laws"), backend="torch")._replace(leaks=(leak(),))
    broken = run(failed(), options={"chapter": ["a"]}, lacks=["xla", "forward"])
    screen = Console(file=io.StringIO(), width=200)
    show(screen, build([leaking, broken]))
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue().splitlines() == [
        "           MUST   SHOULD  OBSERVED  laws   lacks",
        "torch 1.0  ✓ 1/1  -       -         ✓ 1/1  jit",
        "numpy 1.0  ✗ 0/1  -       -         -      jit, 1 part",
        "cases passed of those asked: ✓ reached, ~ with deviations, ✗ broken",
        "numpy 1.0  only a part was run: chapter a",
        "",
        "torch 1.0 leaks state (1)",
        "  {} [eager]  fail together, pass alone  from {} [eager]".format(OTHER.id, CLAUSE.id),
        "",
        "Where they differ (1)",
        "  {}  kept by torch  ✗ numpy".format(CLAUSE.id),
        "",
    ]


def test_what_leaks_state_does_not_conform() -> None:
    leaking = run(passed())._replace(leaks=(leak(),))
    assert conformance.of_run(leaking).state == conformance.BREAKS
    assert conformance.of_level(leaking, "MUST").words == "reached"


def test_what_did_not_come_again_is_not_said_to_leak(tmp_path: Path) -> None:
    odd = run(passed())._replace(leaks=(leak(False, replayed=False),))
    document = read(tmp_path, odd)
    assert document.texts("h3")[0] == "numpy 1.0 has other verdicts alone 1 case"
    assert "leaks state" not in " ".join(document.texts("p"))


def test_many_leaks_are_counted(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed())._replace(leaks=(leak(),) * 500))
    assert len(document.texts("table", **{"class": "leaks"})[0].split(OTHER.id)) == 51
    assert any(text.startswith("And 450 more") for text in document.texts("p"))


def test_suites_stand_apart_and_in_their_order(tmp_path: Path) -> None:
    suites = ["zoo", "operators", "spec", "laws"]
    document = read(tmp_path, run(*[case for one in suites for case in by_suite(one, 2)]))
    headings = document.texts("tbody", **{"class": "suite"})
    assert headings == ["spec", "laws", "operators", "zoo"] * 2
    filters = [a["value"] for _, a, _ in document.elements if a.get("name") == "suite"]
    assert filters == ["spec", "laws", "operators", "zoo"]
    assert "lawskept2/2" in document.texts("tr")
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| OBSERVED | laws | operators | zoo | lacks |" in text
    assert "| not asked | kept 2/2 | kept 2/2 | kept 2/2 |" in text


def test_the_standard_alone_needs_no_suites(tmp_path: Path) -> None:
    document = read(tmp_path, run(passed()))
    assert document.texts("tbody", **{"class": "suite"}) == []
    assert not any(a.get("name") == "suite" for _, a, _ in document.elements)


def test_rows_of_a_parametrised_clause_share_what_it_says(tmp_path: Path) -> None:
    cases = [passed("{}[{}]".format(CLAUSE.id, name)) for name in ("sin", "cos", "a.b[c]")]
    first, *others = read(tmp_path, run(*cases)).data["clauses"]
    assert first["statement"] == CLAUSE.statement
    assert [one["like"] for one in others] == [0, 0]
    assert all("statement" not in one and "code" not in one for one in others)


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of suites, which hold a file that cannot be imported and one that cannot be read."""
    monkeypatch.setattr("tapecheck.standard.root", lambda: tmp_path)
    folder = tmp_path / "suites" / "laws"
    folder.mkdir(parents=True)
    (folder / "chain.py").write_text(
        '"""The chain: what it holds."""\n\nimport absent_module\n\n\n'
        '@clause(MUST)\ndef test_rule(tf, run):\n    """Chains\n    hold.\n\n    More."""\n'
        "    assert tf\n\n\nVALUE = 1\n",
        encoding="utf-8",
    )
    (folder / "odd.py").write_text("def", encoding="utf-8")
    statements.read.cache_clear()
    yield folder
    statements.read.cache_clear()


def test_a_clause_of_a_suite_says_what_stands_in_its_file(suites: Path) -> None:
    said = statements.find(load_standard(), "laws", "chain.rule[sin]")
    assert said is not None
    assert (said.statement, said.explanation) == ("Chains hold.", "More.")
    assert said.code.startswith("@clause(MUST)\ndef test_rule")
    assert said.code.endswith("    assert tf")
    assert statements.read("laws", "chain").title == "The chain: what it holds."


@pytest.mark.parametrize(
    ("suite", "clause"),
    [
        ("laws", "chain.none"),
        ("laws", "odd.rule"),
        ("laws", "none.rule"),
        ("../suites/laws", "chain.rule"),
    ],
)
def test_what_is_not_in_a_suite_says_nothing(suites: Path, suite: str, clause: str) -> None:
    assert statements.find(load_standard(), suite, clause) is None


def test_many_failing_rows_of_one_clause_are_told_together(tmp_path: Path) -> None:
    rows = [
        failed("operators.first[{}]".format(n), suite="operators", details={"actual": str(n)})
        for n in range(100)
    ]
    document = read(tmp_path, run(*rows, failed()))
    told = document.texts("details", **{"class": "finding"})
    assert (len(told), CLAUSE.id in told[0]) == (1 + 1 + 10, True)
    assert "operators.first breaks a MUST: A tape answers. 100 rows" in told[1]
    assert any(text.startswith("And 90 more rows") for text in document.texts("p"))
    assert len(outcomes(document)) == 101
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert text.count("operators.first") == 1
    assert "and 99 more rows of this clause\n" in text


def test_beside_the_book_the_page_leaves_the_code_to_it(tmp_path: Path) -> None:
    (clause,) = Document(render([run(passed())], tmp_path, book=True)).data["clauses"]
    assert clause["book"] == CLAUSE.id
    assert "code" not in clause


def test_eight_runs_of_2700_cases_are_quick_and_under_a_megabyte(tmp_path: Path) -> None:
    places = [(clause, mode) for clause in load_standard().entries for mode in MODES][:2700]
    runs = [
        run(
            *[
                (passed if (number * 31 + version) % 200 else failed)(clause, mode=mode)
                for number, (clause, mode) in enumerate(places)
            ],
            version=str(version),
        )
        for version in range(8)
    ]
    before = time.process_time()
    path = render(runs, tmp_path, book=True)
    assert time.process_time() - before < 15.0
    assert path.stat().st_size < 1000000
