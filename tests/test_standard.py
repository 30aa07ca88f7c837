"""The standard as a text: what every clause and every chapter keeps to."""

import ast
import inspect
import re
import textwrap
from collections import Counter

import pytest

from tapecheck import standard
from tapecheck.behaviours import load
from tapecheck.capabilities import CAPABILITIES
from tapecheck.errors import UsageError
from tapecheck.standard import chapters, folder_of, load_standard, root, suites

STANDARD = load_standard()
ENTRIES = list(STANDARD.entries.values())
IMPLEMENTATIONS = re.compile(r"\b(tensorflow|jax|pytorch|torch|mlx|autograd)\b", re.IGNORECASE)
LONGEST = 20


@pytest.fixture(scope="module")
def behaviours():
    return load()


def _clauses(condition):
    """Ids of the clauses of which the condition holds."""
    return [entry.clause.id for entry in ENTRIES if condition(entry)]


def _lines_of_code(function):
    """Lines of the body without its docstring and without empty lines."""
    source = textwrap.dedent(inspect.getsource(function))
    body = ast.parse(source).body[0].body[1:]
    lines = source.split("\n")[body[0].lineno - 1 : body[-1].end_lineno] if body else []
    return len([line for line in lines if line.strip()])


def test_there_are_chapters_and_clauses():
    assert len(STANDARD.chapters) > 10
    assert len(ENTRIES) > 200


def test_every_clause_covers_behaviours_that_exist(behaviours):
    assert _clauses(lambda entry: not entry.clause.covers) == []
    assert _clauses(lambda entry: set(entry.clause.covers) - set(behaviours)) == []


def test_no_two_clauses_of_any_suites_have_one_id():
    found = [
        (name, clause)
        for suite in suites()
        for name in chapters(suite)
        for clause in re.findall(
            r"^def (test_\w+)", (folder_of(suite) / (name + ".py")).read_text(), re.MULTILINE
        )
    ]
    assert [one for one, times in Counter(found).items() if times > 1] == []


def test_every_capability_that_a_clause_needs_can_be_probed():
    assert _clauses(lambda entry: entry.clause.needs - set(CAPABILITIES)) == []


def test_every_covered_behaviour_is_held_by_a_clause_of_its_own_level(behaviours):
    levels = {}
    for entry in ENTRIES:
        for name in entry.clause.covers:
            levels.setdefault(name, set()).add(entry.clause.level)
    missing = [name for name, found in levels.items() if behaviours[name].level not in found]
    assert missing == []


def test_every_statement_is_one_sentence_or_two_that_end():
    assert _clauses(lambda entry: not entry.clause.statement.endswith(".")) == []
    assert _clauses(lambda entry: len(entry.clause.statement) > 200) == []


def test_every_clause_is_short_enough_to_be_read_at_a_glance():
    assert _clauses(lambda entry: _lines_of_code(entry.function) > LONGEST) == []


def test_no_chapter_names_an_implementation():
    named = {
        chapter.name: sorted(set(IMPLEMENTATIONS.findall(chapter.path.read_text(encoding="utf-8"))))
        for chapter in STANDARD.chapters
    }
    assert {name: words for name, words in named.items() if words} == {}


def test_no_clause_skips_or_expects_its_own_failure():
    forbidden = re.compile(r"pytest\.(skip|xfail|mark)|importorskip")
    texts = {path.name: path.read_text(encoding="utf-8") for path in (root() / "spec").glob("*.py")}
    assert [name for name, text in texts.items() if forbidden.search(text)] == []


def test_an_unknown_clause_is_refused_with_close_names():
    with pytest.raises(UsageError, match="did you mean persistence"):
        STANDARD.find("persistence.a_tape_answer_once")


def test_a_clause_of_a_suite_is_found_without_reading_the_other_suites(monkeypatch):
    read, chapter = [], standard._chapter
    monkeypatch.setattr(standard, "_chapter", lambda path: read.append(path.stem) or chapter(path))
    standard._beside_the_standard.cache_clear()
    found = load_standard().find("repetition.a_persistent_tape_equals_a_fresh_one")
    assert found.chapter.name == "repetition"
    assert read == ["repetition"]
