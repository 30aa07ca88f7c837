"""A tape on the one graph of a library looks right: the standard names each way in which it is not.

The departures are those of a tape that is built naively on PyTorch's graph. Each is asked of that
tape, where PyTorch is installed, and of a tape on NumPy that has this fault alone.
"""

import importlib

import pytest

from tapecheck.results import BREAKING, FAIL, PASS
from tests import zoo
from tests.zoo import life, shared
from tests.zoo.judging import judge

DEPARTURES = {
    "it records outside of its block": (
        life.RecordsAfterwards,
        "recording.operations_after_the_block_are_not_recorded",
        "recording.an_exit_stack_manages_tapes",
        "exceptions.leaving_a_block_early_ends_the_recording",
    ),
    "stop_recording pauses every tape": (
        life.PausesAll,
        "stop_recording.a_pause_concerns_one_tape",
        "stop_recording.a_pause_of_the_outer_tape_leaves_the_inner_recording",
    ),
    "a watched result stays connected to its past": (
        shared.WatchesWithThePast,
        "nesting.a_watched_result_of_the_outer_tape_has_no_past_on_the_inner_one",
    ),
    "it sees what other tapes watch and record": (
        shared.SeesOtherTapes,
        "nesting.the_inner_tape_does_not_watch_what_the_outer_one_watches",
        "nesting.the_outer_tape_does_not_watch_what_the_inner_one_watches",
        "nesting.what_only_the_outer_tape_recorded_is_a_constant_to_the_inner_one",
        "watching.each_tape_watches_for_itself",
    ),
}
BASICS = (
    "watching.a_watched_tensor_has_a_gradient",
    "watching.a_tensor_that_is_not_watched_has_no_gradient",
    "watching.watching_does_not_reach_back",
    "stop_recording.a_paused_tape_does_not_record",
    "nesting.nested_tapes_give_second_derivatives",
)


def verdicts(namespace, clauses):
    """The verdict of each clause on the namespace."""
    return {name: case.verdict for name, case in judge(namespace, clauses).items()}


@pytest.fixture(scope="module")
def naive():
    """The naive tape on PyTorch."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    return importlib.import_module("docs.examples.naive_torch_tape")


@pytest.mark.parametrize("departure", DEPARTURES)
def test_each_departure_of_the_naive_torch_tape_is_named_by_clauses(naive, departure):
    clauses = DEPARTURES[departure][1:]
    assert verdicts(naive, clauses) == dict.fromkeys(clauses, FAIL)


@pytest.mark.parametrize("departure", DEPARTURES)
def test_each_departure_by_itself_is_named_by_the_same_clauses(departure):
    animal, *clauses = DEPARTURES[departure]
    assert set(verdicts(zoo.namespace_of(animal), clauses).values()) <= BREAKING


def test_the_naive_torch_tape_looks_right(naive):
    assert verdicts(naive, BASICS) == dict.fromkeys(BASICS, PASS)
