"""Corpus: programs of which some implementation once answered something else than the others.

Each file of ``corpus/`` holds one, found by ``tapecheck fuzz`` or by a law and made as small as it
would go, with its question. What is expected is what the oracle answers.
"""

from pathlib import Path

import pytest

from tapecheck import SHOULD, clause
from tapecheck.programs import Trial
from tapecheck.programs.asking import answers_of, check_answers, needs_of, shown
from tapecheck.programs.program import from_json
from tapecheck.results import UNSUPPORTED

CASES = {
    path.stem: from_json(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "corpus").glob("*.json"))
}


@pytest.fixture
def program(request, tapecheck_case):
    """The program of a row; a backend may lack what it needs."""
    found = CASES[request.param]
    backend = tapecheck_case.suite.backend
    lacks = backend.lacks | backend.lacks_in.get(tapecheck_case.mode, frozenset())
    missing = sorted(lacks.intersection(needs_of(found)))
    if missing:
        tapecheck_case.verdict = UNSUPPORTED
        tapecheck_case.message = "the backend declares to lack " + ", ".join(missing)
        pytest.skip(tapecheck_case.message)
    return found


@clause(SHOULD)
@pytest.mark.parametrize("program", sorted(CASES), indirect=True)
def test_found(tf, run, program):
    """What was once answered wrongly by some implementation is answered exactly."""
    trial = Trial(tf, run, program)
    with shown(program, run.mode):
        check_answers(trial, answers_of(trial))
