"""The page of the report in a real browser: what its script draws, folds and filters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest

from tapecheck.report import render
from tapecheck.results import Run
from tapecheck.standard import load_standard
from tests.report_pages import CLAUSE, HOSTILE, OTHER, Document, failed, passed, run

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
CLAUSES = list(load_standard().entries)

pytestmark = pytest.mark.skipif(not BROWSER, reason="no browser is installed")


def drawn(folder: Path, *runs: Run, fragment: str = "", then: str = "") -> Tuple[Document, str]:
    """The page after its script ran, and what the browser complained of.

    Args:
        then: what a reader does, as JavaScript.
    """
    page = render(list(runs), folder, book=True)
    if then:
        text = page.read_text(encoding="utf-8")
        text = text.replace("</body>", "<script>{}</script></body>".format(then))
        page.write_text(text, encoding="utf-8")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
    arguments += ["--user-data-dir={}".format(folder / "profile"), "--enable-logging=stderr"]
    ended = subprocess.run(
        [BROWSER, *arguments, "--dump-dom", page.as_uri() + fragment],
        capture_output=True,
        check=True,
        timeout=100,
    )
    path = folder / "drawn.html"
    path.write_bytes(ended.stdout)
    complaints = [line for line in ended.stderr.decode().splitlines() if "CONSOLE" in line]
    return Document(path), "\n".join(complaints)


def clauses(document: Document) -> List[str]:
    """The names of the rows of the matrix that are drawn."""
    return document.texts("button", **{"class": "about"})


def words(clause: str) -> str:
    return clause.partition(".")[2].replace("_", " ")


def test_a_small_matrix_is_drawn_whole_and_without_complaint(tmp_path: Path) -> None:
    document, complaints = drawn(tmp_path, run(passed(), failed(OTHER.id)), run(failed()))
    assert complaints == ""
    assert clauses(document) == [words(CLAUSE.id), words(OTHER.id)]
    cells = [a for tag, a, _ in document.elements if tag == "a" and a.get("href") == "#fail-1"]
    assert [cell.get("title", "") for cell in cells] == ["", "fail: breaks a MUST: A tape answers."]


def test_a_large_matrix_is_drawn_where_it_is_unfolded(tmp_path: Path) -> None:
    runs = [run(*map(passed, CLAUSES), version=str(number)) for number in range(4)]
    folded, _ = drawn(tmp_path, *runs)
    assert clauses(folded) == []
    unfold = "document.querySelector('.matrix .fold').click()"
    document, complaints = drawn(tmp_path, *runs, then=unfold)
    first = CLAUSES[0].partition(".")[0] + "."
    assert complaints == ""
    assert len(clauses(document)) == sum(clause.startswith(first) for clause in CLAUSES)


def test_filters_are_the_fragment_of_the_address(tmp_path: Path) -> None:
    runs = [run(passed(), failed(OTHER.id)), run(passed(), passed(OTHER.id), version="2")]
    document, _ = drawn(tmp_path, *runs, fragment="#verdict=fail")
    assert clauses(document) == [words(OTHER.id)]
    assert document.texts("output") == ["1 of 2 clauses"]
    document, _ = drawn(tmp_path, *runs, fragment="#verdict=fail&run=numpy-2")
    assert clauses(document) == []
    document, _ = drawn(tmp_path, *runs, fragment="#q=" + OTHER.statement.split()[-1])
    assert words(OTHER.id) in clauses(document)


def test_a_filter_that_is_cleared_leaves_no_trace(tmp_path: Path) -> None:
    runs = [run(*map(passed, CLAUSES))]
    clear = (
        "const q = document.querySelector('input[name=q]');"
        "for (const word of ['tape', '']) {"
        "q.value = word; q.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    document, complaints = drawn(tmp_path, *runs, then=clear)
    assert (clauses(document), complaints) == ([], "")
    assert document.texts("output") == ["{} clauses".format(len(CLAUSES))]


def test_suites_are_filtered(tmp_path: Path) -> None:
    one = run(passed(), passed("chain.rule", suite="laws"))
    document, _ = drawn(tmp_path, one, fragment="#suite=laws")
    assert clauses(document) == ["rule"]


def test_rows_of_one_clause_fold_into_one_row(tmp_path: Path) -> None:
    rows = [passed("operators.first[{}]".format(n), suite="operators") for n in range(300)]
    rows[7] = failed("operators.first[7]", suite="operators")
    document, _ = drawn(tmp_path, run(*rows))
    (group,) = document.texts("tr", **{"class": "group"})
    assert (group, clauses(document)) == ("first 300✗ 1", [])
    document, complaints = drawn(
        tmp_path, run(*rows), then="document.querySelector('.group .fold').click()"
    )
    assert (len(clauses(document)), complaints) == (300, "")
    twice = "for (let n = 0; n < 2; n++) document.querySelector('.group .fold').click()"
    assert clauses(drawn(tmp_path, run(*rows), then=twice)[0]) == []


def test_a_clause_tells_what_it_says_and_leads_to_the_book(tmp_path: Path) -> None:
    document, complaints = drawn(
        tmp_path, run(passed()), then="document.querySelector('.about').click()"
    )
    (told,) = document.texts("div", **{"class": "about-panel"})
    assert complaints == ""
    assert CLAUSE.statement in told
    assert "standard.html#" + CLAUSE.id in document.attributes("href")


def test_a_failure_that_is_linked_to_is_open(tmp_path: Path) -> None:
    document, _ = drawn(tmp_path, run(failed()), fragment="#fail-1")
    assert ["open" in a for _, a, _ in document.elements if a.get("id") == "fail-1"] == [True]


def test_what_can_be_clicked_can_be_reached_by_keyboard(tmp_path: Path) -> None:
    document, _ = drawn(tmp_path, run(passed(), failed(OTHER.id)))
    for tag, attributes, _ in document.elements:
        if set((attributes.get("class") or "").split()) & {"fold", "about", "copy", "fold-all"}:
            assert tag == "button"
        assert attributes.get("tabindex") in (None, "0")


def test_hostile_text_is_drawn_as_text(tmp_path: Path) -> None:
    word = HOSTILE.replace(" ", "")
    cases = [
        passed("c.{}[{}]".format(word, n), message=HOSTILE, suite=HOSTILE, details={"x": HOSTILE})
        for n in range(3)
    ]
    document, complaints = drawn(
        tmp_path,
        run(*cases, failed("c." + word), backend=HOSTILE),
        run(passed()),
        then="document.querySelectorAll('.matrix .fold, .about').forEach((one) => one.click())",
    )
    assert complaints == ""
    assert len(document.texts("script")) == 2 + 1
    assert not any(name.startswith("on") for _, a, _ in document.elements for name in a)
