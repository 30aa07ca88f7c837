"""Hunting: an implementation in a process of its own, and what is made of its answers."""

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import tapecheck
from tapecheck.cli import main
from tapecheck.errors import BackendMissing
from tapecheck.hunting import Hunt, client
from tapecheck.hunting.client import Client
from tapecheck.programs.program import Operation, Program, Source, from_json

DOUBLED = """
import types
import tapecheck.tapes.numpy as honest

class GradientTape(honest.GradientTape):
    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return [None if one is None else {change} for one in answer]

namespace = types.ModuleType("faulty")
vars(namespace).update(vars(honest))
namespace.GradientTape = GradientTape
"""

X = Source((2,), (0.5, 1.25))
SQUARES = Program((X,), (Operation("square", (0,)),), (1,))


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Makes the name of a backend whose gradients are changed by an expression of ``one``."""
    root = str(Path(tapecheck.__file__).parent.parent)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), root]))

    def make(change):
        (tmp_path / "faulty_tape.py").write_text(DOUBLED.format(change=change))
        return "faulty_tape:namespace"

    return make


@pytest.fixture
def clients():
    made = []

    def make(name):
        made.append(Client(name))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _search(hunt, programs=500):
    return next(hunt.findings(lambda: hunt.asked >= programs), None)


def test_a_backend_answers_from_its_own_process(clients):
    (gradient,) = clients("numpy").ask(SQUARES, "eager")
    np.testing.assert_array_equal(gradient, [1.0, 2.5])
    assert gradient.dtype == np.float64


def test_an_exception_is_an_answer_in_words(faulty, clients):
    tape = clients(faulty("1 // 0"))
    assert tape.ask(SQUARES, "eager").startswith("ZeroDivisionError")


def test_after_a_crash_the_backend_is_started_again(faulty, clients):
    tape = clients(faulty("__import__('os')._exit(9) if one.array[0] == 1.0 else one"))
    assert tape.ask(SQUARES, "eager") == "the process ended with status 9"
    other = SQUARES._replace(sources=(X._replace(elements=(3.0, 2.0)),))
    np.testing.assert_array_equal(tape.ask(other, "eager")[0], [6.0, 4.0])


def test_a_backend_that_hangs_is_ended(faulty, clients, monkeypatch):
    monkeypatch.setattr(client, "SECONDS", 1.0)
    tape = clients(faulty("__import__('time').sleep(600)"))
    assert tape.ask(SQUARES, "eager") == "no answer within 1 s"


def test_what_a_backend_prints_does_not_disturb_its_answers(faulty, clients):
    tape = clients(faulty("print('hello') or one"))
    np.testing.assert_array_equal(tape.ask(SQUARES, "eager")[0], [1.0, 2.5])


def test_a_backend_that_cannot_be_imported_is_missing(faulty):
    with pytest.raises(BackendMissing, match="faulty_tape"):
        Client(faulty("one +"))


def test_what_a_backend_declares_to_lack_is_not_asked_of_it(clients):
    compiled = SQUARES._replace(
        operations=(Operation("function", (0,), (), (SQUARES.operations,)),)
    )
    assert clients("numpy").lacks(compiled, "eager") == {"graph"}
    assert clients("numpy").lacks(SQUARES, "jit") == {"xla"}
    assert not clients("numpy").lacks(SQUARES, "eager")


def test_an_honest_tape_is_not_accused(clients):
    assert _search(Hunt([clients("numpy")], 0)) is None


def test_a_finding_is_the_smallest_program_and_says_who_agrees(faulty, clients):
    wrong, honest = clients(faulty("one + one")), clients("numpy")
    found = _search(Hunt([wrong, honest], 0, questions=["gradient"]))
    assert found.asked_for == "faulty_tape:namespace"
    assert len(found.program.operations) == 1
    assert list(found.others.values()) == [True]


def test_the_same_seed_finds_the_same(faulty, clients):
    tape = clients(faulty("one + one"))
    first, again = (_search(Hunt([tape], 5, questions=["gradient"])) for _ in range(2))
    assert first == again


def test_what_was_found_is_not_found_again(faulty, clients):
    hunt = Hunt([clients(faulty("one + one"))], 0, questions=["gradient"], words="elementary")
    found = hunt.findings(lambda: hunt.asked >= 500)
    names = [tuple(one.name for one in next(found).program.operations) for _ in range(3)]
    assert len(set(names)) == 3


def test_the_command_prints_scripts_and_saves_programs(faulty, tmp_path):
    arguments = ["fuzz", faulty("one + one"), "numpy", "--question", "gradient"]
    ended = CliRunner().invoke(main, [*arguments, "--minutes", "0.1", "--save", "found"])
    assert ended.exit_code == 1, ended.output
    assert "import tensorflow as tf" in ended.output
    assert "agrees with the oracle" in ended.output
    saved = sorted((tmp_path / "found").glob("*.json"))
    assert saved
    for path in saved:
        assert from_json(path.read_text()).question == "gradient"


def test_the_command_ends_well_where_nothing_is_found():
    ended = CliRunner().invoke(main, ["fuzz", "numpy", "--minutes", "0.05"])
    assert ended.exit_code == 0, ended.output
    assert "0 findings" in ended.output


def test_the_command_refuses_questions_that_there_are_not():
    ended = CliRunner().invoke(main, ["fuzz", "numpy", "--question", "why"])
    assert ended.exit_code == 2
    assert "no question 'why'" in ended.output
