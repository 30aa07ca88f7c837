"""The clauses on the life of tapes reject faulty tapes, and draw the same for the same seed."""

import types
from pathlib import Path

import pytest

import tapecheck.tapes.numpy as tf
from tapecheck import Broken
from tapecheck.clause import clause_of
from tapecheck.lifecycle import Script
from tapecheck.tapes import recorder
from tapecheck.toml import read_toml
from tests import zoo
from tests.lifecycle import clauses, failure
from tests.zoo import life, watching


class WatchesBeforeItRecords(zoo.Tape):
    """Takes what it is to watch before it is entered, and after it was used up."""

    def watch(self, tensor):
        if self._records is not None:
            super().watch(tensor)


CLAUSES = clauses()
ANIMALS = {**vars(life), **vars(watching), "WatchesBeforeItRecords": WatchesBeforeItRecords}
REJECTIONS = read_toml(Path(__file__).parent / "rejections.toml")


@pytest.mark.parametrize(
    ("clause", "name"),
    [(clause, name) for clause in sorted(REJECTIONS) for name in REJECTIONS[clause]["rejects"]],
)
def test_a_faulty_tape_is_rejected_with_the_line_that_shows_it(clause, name):
    error = failure(clause, CLAUSES[clause], zoo.namespace_of(ANIMALS[name]))
    assert isinstance(error, Broken), "{} is accepted by {}".format(name, clause)
    assert error.expected


def test_every_clause_has_faulty_tapes_that_it_rejects():
    assert sorted(CLAUSES) == sorted(REJECTIONS)


@pytest.mark.parametrize("clause", sorted(CLAUSES))
def test_the_numpy_tape_breaks_nothing_with_a_seed_of_its_own(clause):
    assert failure(clause, CLAUSES[clause], tf, seed=2024) is None


@pytest.mark.parametrize(
    "clause",
    [
        "several_threads.threads_share_variables_but_no_tapes",
        "unpromised_lives.what_other_threads_compute_is_constant",
    ],
)
def test_tapes_that_hear_every_thread_are_rejected(monkeypatch, clause):
    monkeypatch.setattr(recorder, "_active", types.SimpleNamespace(recorders=[]))
    assert isinstance(failure(clause, CLAUSES[clause], tf), Broken)


def test_the_seed_decides_what_is_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(Script, "perform", lambda script, stage: drawn.append(repr(script)))
    clause = "nested_tapes.every_tape_records_for_itself"
    for seed in (1, 1, 2):
        drawn.append("next")
        failure(clause, CLAUSES[clause], tf, seed=seed)
    runs = "\n".join(drawn).split("next")[1:]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_every_clause_says_what_it_needs():
    for name, function in CLAUSES.items():
        clause = clause_of(function)
        assert clause.statement, name
        assert clause.modes == ("eager",), name
