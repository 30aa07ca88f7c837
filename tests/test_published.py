"""The published runs of TensorFlow agree with each other, with the clauses and the deviations."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from tapecheck.deviations import Deviation, read_deviations, shipped_file
from tapecheck.results import BREAKING, DEVIATION, Run, read
from tapecheck.standard import SPEC, load_standard
from tapecheck.timeline import disagreements, in_order

REPORTS = Path(__file__).parent.parent / "reports"


@pytest.fixture(scope="module")
def runs() -> List[Run]:
    found = [read(file) for file in sorted(REPORTS.glob("tensorflow-*.jsonl"))]
    assert len(found) > 1
    return in_order(found)


@pytest.fixture(scope="module")
def deviations() -> List[Deviation]:
    """The entries that speak of clauses of the standard."""
    file = shipped_file("tensorflow")
    assert file is not None
    known = load_standard().entries
    return [one for one in read_deviations(file) if one.clause.partition("[")[0] in known]


def test_since_of_the_clauses_agrees_with_what_was_measured(runs: List[Run]) -> None:
    clauses = [entry.clause for entry in load_standard().entries.values()]
    assert any(clause.since for clause in clauses)
    assert disagreements(runs, clauses) == []


def test_every_published_release_is_complete_and_deviates_only_as_it_is_listed(
    runs: List[Run],
) -> None:
    for run in runs:
        assert run.complete
        broken = [case.key for case in run.cases if case.verdict in BREAKING]
        assert (run.label, broken) == (run.label, [])


def test_every_deviation_of_a_published_version_was_seen_there(
    runs: List[Run], deviations: List[Deviation]
) -> None:
    cases = [(case, str(run.header["version"])) for run in runs for case in run.cases]
    unseen = []
    for one in deviations:
        concerned = [
            case
            for case, version in cases
            if case.suite == SPEC and one.concerns(case.clause, case.mode, case.device, version)
        ]
        seen = [case for case in concerned if case.verdict == DEVIATION]
        if concerned and not any(one.message.lower() in case.message.lower() for case in seen):
            unseen.append(one)
    assert unseen == []
