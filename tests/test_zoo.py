"""Every clause can fail: for each there is a faulty tape that it rejects, naming the promise."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from tapecheck.results import BREAKING, PASS
from tapecheck.standard import load_standard
from tapecheck.toml import read_toml
from tests import zoo
from tests.zoo.judging import judge

REJECTIONS = read_toml(Path(zoo.__file__).parent / "rejections.toml")


def _animals():
    for info in pkgutil.iter_modules(zoo.__path__):
        module = importlib.import_module("tests.zoo." + info.name)
        for name, value in vars(module).items():
            own = inspect.isclass(value) and value.__module__ == module.__name__
            if own and issubclass(value, zoo.Tape) and not name.startswith("_"):
                yield name, value


ANIMALS = dict(_animals())


def test_no_two_faulty_tapes_have_one_name():
    assert len(ANIMALS) == len(list(_animals()))


@pytest.fixture(scope="module")
def honest():
    """The verdicts on the tape from which all animals of the zoo are derived."""
    return judge(zoo.namespace_with())


@pytest.mark.parametrize("name", sorted(REJECTIONS))
def test_a_faulty_tape_is_rejected_by_the_clauses_that_speak_of_its_fault(name):
    cases = judge(zoo.namespace_of(ANIMALS[name]), REJECTIONS[name]["rejected_by"])
    statements = load_standard().entries
    for clause, case in cases.items():
        assert case.verdict in BREAKING, "{} is accepted by {}".format(name, clause)
        first_line = case.message.split("\n")[0]
        assert first_line.startswith(clause + " [eager CPU:0] ")
        assert first_line.endswith(statements[clause].clause.statement)


def test_every_faulty_tape_is_rejected_by_some_clause():
    assert sorted(ANIMALS) == sorted(REJECTIONS)
    assert all(entry["rejected_by"] for entry in REJECTIONS.values())


def test_every_faulty_tape_says_what_is_wrong_with_it():
    assert [name for name, animal in ANIMALS.items() if not inspect.getdoc(animal)] == []


def test_the_honest_tape_breaks_no_promise(honest):
    assert {name: case.message for name, case in honest.items() if case.verdict in BREAKING} == {}


def test_every_clause_rejects_some_faulty_tape(honest):
    rejecting = {clause for entry in REJECTIONS.values() for clause in entry["rejected_by"]}
    answered = {name for name, case in honest.items() if case.verdict == PASS}
    assert sorted(answered - rejecting) == []
