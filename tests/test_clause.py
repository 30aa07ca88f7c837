"""The declaration of a clause."""

import pytest

from tapecheck.clause import MUST, clause, clause_of


def test_a_clause_is_named_by_chapter_and_function():
    @clause(MUST, covers="PER-02", needs="persistent nested", since="2.4", modes="eager")
    def test_a_promise(tf):
        """A tape keeps
        its promise.

        Because of the chain rule.
        """

    declared = clause_of(test_a_promise)
    assert declared.id == "test_clause.a_promise"
    assert declared.chapter == "test_clause"
    assert declared.statement == "A tape keeps its promise."
    assert declared.explanation == "Because of the chain rule."
    assert declared.covers == ("PER-02",)
    assert declared.needs == {"persistent", "nested"}
    assert declared.since == "2.4"
    assert declared.modes == ("eager",)


def test_a_clause_runs_in_every_mode_unless_it_says_otherwise():
    @clause(MUST, covers="PER-02")
    def test_a_promise(tf):
        """A tape keeps its promise."""

    assert clause_of(test_a_promise).modes == ("eager", "function", "jit")


def test_a_function_that_is_no_clause_has_no_declaration():
    assert clause_of(len) is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"level": "PERHAPS", "covers": "PER-02"}, "level is none of MUST, SHOULD, OBSERVED"),
        ({"level": MUST, "covers": "PER-02", "modes": "lazy"}, "unknown modes: lazy"),
    ],
)
def test_a_declaration_that_is_not_well_formed_is_refused(options, problem):
    def test_a_promise(tf):
        """A tape keeps its promise."""

    with pytest.raises(ValueError, match=problem) as caught:
        clause(**options)(test_a_promise)
    assert "test_clause.a_promise" in str(caught.value)


def test_a_clause_without_a_statement_is_refused():
    def test_a_promise(tf):
        pass

    with pytest.raises(ValueError, match="has no statement"):
        clause(MUST, covers="PER-02")(test_a_promise)


def test_a_clause_whose_name_is_not_that_of_a_test_is_refused():
    def a_promise(tf):
        """A tape keeps its promise."""

    with pytest.raises(ValueError, match="must begin with test_"):
        clause(MUST, covers="PER-02")(a_promise)
