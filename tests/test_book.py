"""The standard as a book: everything is in it, everything resolves, nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
from click.testing import CliRunner, Result

from tapecheck.behaviours import load as load_behaviours
from tapecheck.capabilities import CAPABILITIES
from tapecheck.cli import main
from tapecheck.report.book import render_book
from tapecheck.results import Case, Run
from tapecheck.standard import load_standard, root
from tapecheck.toml import read_toml
from tests.made_up import write_run

STANDARD = load_standard()
BEHAVIOURS = load_behaviours()
CLAUSES = [entry.clause for entry in STANDARD.entries.values()]
HOSTILE = "<script>alert('x')</script>\x1b[31m\u202e"
VOID = ("meta", "link", "br", "wbr", "input")


class Page(HTMLParser):
    """Every element with its attributes and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements: List[Tuple[str, Dict[str, Optional[str]], List[str]]] = []
        self._open: List[Tuple[str, List[str]]] = []
        self.feed(self.source)
        assert not self._open
        self._anchored = {
            found["id"]: "".join(text) for _, found, text in self.elements if "id" in found
        }

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        text: List[str] = []
        self.elements.append((tag, dict(attributes), text))
        if tag not in VOID:
            self._open.append((tag, text))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def values(self, name: str) -> List[str]:
        return [found[name] or "" for _, found, _ in self.elements if name in found]

    def texts(self, tag: str, **attributes: str) -> List[str]:
        return [
            " ".join("".join(text).split())
            for name, found, text in self.elements
            if name == tag and all(found.get(key) == one for key, one in attributes.items())
        ]

    def text_of(self, anchor: str) -> str:
        return self._anchored[anchor]


def run(*cases: Case, backend: str = "some", version: str = "1.0", complete: bool = True) -> Run:
    header = {"backend": backend, "version": version, "devices": ["CPU:0"], "lacks": []}
    header.update(started="", options={})
    return Run("results.jsonl", header, list(cases), {"seconds": 1.0} if complete else None)


def case(verdict: str, mode: str = "eager", clause: str = CLAUSES[0].id, **more: str) -> Case:
    fields = {"suite": "spec", "level": "MUST", "device": "CPU:0", **more}
    return Case(clause=clause, mode=mode, verdict=verdict, seconds=0.1, **fields)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(render_book([], tmp_path_factory.mktemp("book")))


def with_runs(folder: Path, *runs: Run) -> Page:
    return Page(render_book(list(runs), folder))


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_clause_stands_under_its_anchor_with_statement_and_explanation(page: Page) -> None:
    for clause in CLAUSES:
        text = words(page.text_of(clause.id))
        assert words(clause.statement) in text
        assert words(clause.explanation) in text
        assert clause.id in text
        assert clause.level in text
        assert all(need in text for need in clause.needs)
        assert "since {}".format(clause.since) in text or clause.since is None


def test_every_clause_shows_its_code_without_decorator_and_docstring(page: Page) -> None:
    for entry in STANDARD.entries.values():
        code = entry.code[entry.code.index("def ") :]
        before, docstring, after = re.split(r'("""(?:.|\n)*?""")', code, maxsplit=1)
        text = page.text_of(entry.clause.id)
        assert before.rstrip() in text
        assert after.strip() in text
        assert docstring not in text


def test_the_code_that_clauses_share_is_shown(page: Page) -> None:
    shown = "\n".join(page.texts("details", **{"class": "helpers"}))
    for chapter in STANDARD.chapters:
        source = chapter.path.read_text(encoding="utf-8")
        helpers = re.findall(r"^(?:def|class) (?!test_)\w+", source, re.MULTILINE)
        helpers += re.findall(r"^\w+ = ", source, re.MULTILINE)
        assert all(words(one) in shown for one in helpers)
    assert "import" not in shown


def test_every_clause_tells_its_behaviours_and_their_sources(page: Page) -> None:
    links = set(page.values("href"))
    for clause in CLAUSES:
        text = words(page.text_of(clause.id))
        for name in clause.covers:
            assert words("{} {}".format(name, BEHAVIOURS[name].statement)) in text
            for source in BEHAVIOURS[name].sources:
                assert words(source.document.title) in text
                assert words(source.at) in text
                assert not source.document.url or source.document.url in links


def test_chapters_are_numbered_in_the_order_of_the_data_file(page: Page) -> None:
    order = read_toml(root() / "spec" / "chapters.toml")["chapters"]
    names = [chapter.name for chapter in STANDARD.chapters]
    assert names == sorted(names, key=order.index)
    assert len(order) == len(set(order))
    for number, chapter in enumerate(STANDARD.chapters, 1):
        title, _, lead = chapter.title.partition(": ")
        assert words(page.text_of(chapter.name)) == "{} {}".format(number, title)
        assert lead[0].upper() + lead[1:] in page.texts("p", **{"class": "lead"})
        clauses = [clause for clause in CLAUSES if clause.chapter == chapter.name]
        for place, clause in enumerate(clauses, 1):
            head = "{}.{} {}".format(number, place, words(clause.statement))
            assert words(page.text_of(clause.id)).startswith(head)


def test_a_chapter_that_the_data_file_does_not_name_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spec").mkdir()
    for name in ("alpha", "beta", "gamma"):
        (tmp_path / "spec" / (name + ".py")).write_text('"""A chapter."""\n', encoding="utf-8")
    order = 'chapters = ["gamma", "absent", "beta"]\n'
    (tmp_path / "spec" / "chapters.toml").write_text(order, encoding="utf-8")
    monkeypatch.setattr("tapecheck.standard.root", lambda: tmp_path)
    chapters = load_standard.__wrapped__().chapters
    assert [chapter.name for chapter in chapters] == ["gamma", "beta", "alpha"]


def test_every_internal_link_leads_somewhere(page: Page) -> None:
    anchors = page.values("id")
    assert len(anchors) == len(set(anchors))
    inner = {link for link in page.values("href") if not link.startswith(("https://", "data:"))}
    assert inner
    assert {link[:1] for link in inner} == {"#"}
    assert {link[1:] for link in inner} <= set(anchors)
    assert set(page.values("aria-labelledby")) <= set(anchors)


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    assert page.values("src") == []
    assert [found["href"] for tag, found, _ in page.elements if tag == "link"] == ["data:,"]
    assert not {tag for tag, _, _ in page.elements} & {"script", "img", "iframe", "object"}
    (style,) = page.texts("style")
    assert "url(" not in style
    assert "@import" not in style


def test_every_behaviour_is_in_the_index_and_marked_where_no_clause_covers_it(page: Page) -> None:
    covered = {name for clause in CLAUSES for name in clause.covers}
    for one in BEHAVIOURS.values():
        text = words(page.text_of(one.id))
        assert text.startswith(one.id)
        assert words(one.statement) in text
        assert words(one.note) in text
        assert ("not covered" in text) is (one.id not in covered)


def test_every_capability_is_explained(page: Page) -> None:
    for name, probe in CAPABILITIES.items():
        text = words(page.text_of("needs-" + name))
        assert words((probe.__doc__ or "").replace("`", "")) in text
        assert text.endswith(str(sum(name in clause.needs for clause in CLAUSES)))


def test_without_a_run_there_is_no_verdict(page: Page) -> None:
    assert "index.html" not in page.source
    assert page.texts("ul", **{"class": "verdicts"}) == []


def test_runs_that_found_the_same_stand_together(tmp_path: Path) -> None:
    passed = [case("pass"), case("unsupported", "function"), case("unsupported", "jit")]
    page = with_runs(
        tmp_path,
        run(*passed, version="1.0"),
        run(case("fail"), version="2.0"),
        run(*passed, version="3.0"),
        run(version="4.0", complete=False),
    )
    assert page.texts("ul", **{"class": "verdicts"})[0] == (
        "some 1.0, some 3.0 ✓ pass eager – unsupported function, jit"  # noqa: RUF001
        " some 2.0 ✗ fail eager some 4.0 not run"
    )
    assert any(text.startswith("some 4.0 incomplete") for text in page.texts("li"))
    assert "index.html#q=" + CLAUSES[0].id in page.values("href")


def test_cases_of_other_suites_are_no_verdicts_of_the_standard(tmp_path: Path) -> None:
    page = with_runs(tmp_path, run(case("fail", suite="laws")))
    assert page.texts("ul", **{"class": "verdicts"})[0] == "some 1.0 not run"


def test_devices_are_told_apart_where_there_are_several(tmp_path: Path) -> None:
    page = with_runs(tmp_path, run(case("pass"), case("fail", device="GPU:0")))
    verdicts = page.texts("ul", **{"class": "verdicts"})[0]
    assert verdicts == "some 1.0 ✓ pass eager CPU:0 ✗ fail eager GPU:0"


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    hostile = [case("fail", device=HOSTILE, message=HOSTILE), case("pass", device="CPU:0")]
    page = with_runs(tmp_path, run(*hostile, backend=HOSTILE, version=HOSTILE * 1000))
    assert "script" not in {tag for tag, _, _ in page.elements}
    assert "<script>alert('x')</script>\\x1b[31m\\u202e" in page.text_of(CLAUSES[0].id)
    assert not set(page.source) & set("\x1b\u202e")


def test_the_page_stays_small_as_the_standard_grows(tmp_path: Path) -> None:
    cases = [case("pass", mode, clause.id) for clause in CLAUSES for mode in clause.modes]
    page = with_runs(tmp_path, run(*cases), run(*cases[::2], version="2.0"))
    assert len(page.source) < 3e6 / 900 * len(CLAUSES)


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    runs = [run(case("pass")), run(case("fail"))]
    pages = [render_book(runs, tmp_path / name).read_bytes() for name in ("first", "second")]
    assert pages[0] == pages[1]


def test_report_and_book_lead_to_each_other(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "results.jsonl", [case("pass")])
    assert call("report", str(tmp_path / "runs"), "--out", str(tmp_path / "site")).exit_code == 0
    names = {path.name for path in (tmp_path / "site").iterdir()}
    assert {"index.html", "standard.html", "summary.md"} <= names
    assert "standard.html" in Page(tmp_path / "site" / "index.html").values("href")
    assert "index.html" in Page(tmp_path / "site" / "standard.html").values("href")


def test_the_book_can_be_had_alone(tmp_path: Path) -> None:
    result = call("report", "--standard", "--out", str(tmp_path / "site"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "the standard: {}\n".format(tmp_path / "site" / "standard.html")
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["standard.html"]


@pytest.mark.parametrize("arguments", [[], ["somewhere", "--standard"]])
def test_a_report_is_of_runs_or_of_the_standard_alone(arguments: List[str], tmp_path: Path) -> None:
    result = call("report", *arguments, "--out", str(tmp_path / "site"))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "DIR" in result.stderr
    assert not (tmp_path / "site").exists()


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="tapecheck", catch_exceptions=False)
