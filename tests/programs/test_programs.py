"""Programs: what they are made of, how they are written down, moved around and printed."""

import ast
import itertools
import json
import pathlib

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

import tapecheck
from tapecheck.capabilities import CAPABILITIES
from tapecheck.errors import DataError
from tapecheck.modes import MODES
from tapecheck.oracles.hyperdual import basis
from tapecheck.programs import Path, programs
from tapecheck.programs.answers import Answers
from tapecheck.programs.drawing import _FAMILIES
from tapecheck.programs.meanings import evaluate, known
from tapecheck.programs.program import QUESTIONS, Operation, Program, Source, from_json
from tapecheck.programs.spelling import script
from tapecheck.programs.table import IMPLEMENTATIONS, TABLE, load_table
from tapecheck.toml import read_toml

EVERYTHING = " ".join(sorted(set().union(*(one.needs for one in load_table().values()))))

some_programs = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def _values(program):
    inputs = basis([source.array for source in program.sources], 0)
    return [value.value for value in evaluate(program.operations, inputs)]


def _targets(program):
    values = _values(program)
    return [values[number] for number in program.targets]


SCHEMAS = pathlib.Path(tapecheck.__file__).parent / "schemas"

X = Source((2,), (0.5, 1.25))


def test_every_operation_has_a_meaning_and_a_family():
    for name, entry in load_table().items():
        assert known(name), name
        assert entry.family in _FAMILIES, name


def test_the_table_fits_its_schema():
    schema = json.loads((SCHEMAS / "operations.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(read_toml(TABLE), schema)


def test_operations_need_capabilities_that_there_are():
    assert set(EVERYTHING.split()) <= set(CAPABILITIES)


def test_a_table_with_an_unknown_key_is_refused(tmp_path):
    file = tmp_path / "operations.toml"
    file.write_text('[sine]\nfamily = "unary"\nhihg = 3\n')
    with pytest.raises(DataError, match="unknown key hihg"):
        load_table(file)


def test_a_table_without_a_spelling_is_refused(tmp_path):
    file = tmp_path / "operations.toml"
    file.write_text('[sine]\nfamily = "unary"\ntensorflow = "tf.sin({0})"\n')
    with pytest.raises(DataError, match="has no jax"):
        load_table(file)


@seed(1)
@some_programs
@given(programs(EVERYTHING + " variables"))
def test_a_program_is_the_same_after_json(program):
    assert from_json(program.to_json()) == program


@seed(2)
@some_programs
@given(programs(EVERYTHING))
def test_programs_compute_moderate_numbers(program):
    for value in _values(program):
        assert np.isfinite(value).all()
        assert np.abs(value).max() <= 30.0
        assert 0 < value.size <= 16


@seed(3)
@some_programs
@given(programs(EVERYTHING))
def test_a_program_in_another_order_computes_the_same(program):
    backwards = program.reordered(range(len(program.operations), 0, -1))
    for one, other in zip(_targets(program), _targets(backwards)):
        np.testing.assert_array_equal(one, other)


@seed(4)
@some_programs
@given(programs(EVERYTHING))
def test_a_program_without_dead_operations_computes_the_same(program):
    shorter = program.without_dead_operations()
    assert len(shorter.operations) <= len(program.operations)
    for one, other in zip(_targets(program), _targets(shorter)):
        np.testing.assert_array_equal(one, other)


@seed(5)
@some_programs
@given(programs(EVERYTHING + " variables"))
def test_scripts_are_python_in_every_implementations_words(program):
    for implementation, question in itertools.product(IMPLEMENTATIONS, QUESTIONS):
        for mode in MODES:
            ast.parse(script(program._replace(question=question), implementation, mode))


@seed(6)
@some_programs
@given(programs("arrays elementary", sources=1, shapes=[(2, 3), (2, 2)], rows_apart=True))
def test_rows_that_are_kept_apart_have_no_derivatives_by_each_other(program):
    jacobian = Answers(program).jacobians()[0].value
    flat = jacobian.reshape((2, -1, 2, program.sources[0].array.size // 2))
    assert not flat[0, :, 1].any()
    assert not flat[1, :, 0].any()


def test_dead_operations_are_those_that_no_target_needs():
    operations = (Operation("sin", (0,)), Operation("cos", (0,)), Operation("exp", (2,)))
    shorter = Program((X,), operations, (3,)).without_dead_operations()
    assert [one.name for one in shorter.operations] == ["cos", "exp"]
    assert shorter.operations[1].operands == (1,)
    assert shorter.targets == (2,)


def test_what_is_not_a_program_is_refused():
    with pytest.raises(ValueError, match="not a program"):
        from_json("{}")


@pytest.mark.parametrize(
    ("operation", "paths"),
    [
        (Operation("add", (0, 1)), [Path.CERTAIN, Path.CERTAIN]),
        (Operation("sin", (0,)), [Path.CERTAIN, Path.NONE]),
        (Operation("stop_gradient", (0,)), [Path.NONE, Path.NONE]),
        (
            Operation(
                "cond",
                (0, 1),
                (("threshold", 0.0),),
                ((Operation("sin", (0,)),), (Operation("add", (0, 1)),)),
            ),
            [Path.CERTAIN, Path.PERHAPS],
        ),
        (
            Operation("gradient", (0, 1), (), ((Operation("multiply", (0, 1)),),)),
            [Path.PERHAPS, Path.PERHAPS],
        ),
        (
            Operation("repeated", (0, 1), (("times", 2),), ((Operation("sin", (0,)),),)),
            [Path.CERTAIN, Path.PERHAPS],
        ),
    ],
)
def test_paths_lead_where_a_tape_records_them(operation, paths):
    program = Program((X, X), (operation,), (2,))
    assert Answers(program).paths() == paths


def test_a_script_says_what_is_computed_and_asked():
    program = Program(
        (X, Source((), (2.0,), True)),
        (
            Operation("multiply", (0, 1)),
            Operation("reduce_sum", (2,), (("axes", (0,)), ("keep", False))),
        ),
        (3,),
    )
    assert script(program, "tensorflow") == (
        "import tensorflow as tf\n\n"
        "x0 = tf.constant([0.5, 1.25], tf.float64)\n"
        "x1 = tf.Variable(2.0, dtype=tf.float64)\n\n\n"
        "def compute(x0, x1):\n"
        "    v0 = x0 * x1\n"
        "    v1 = tf.reduce_sum(v0, (0,), False)\n"
        "    return (v1,)\n\n\n"
        "def derivatives(x0, x1):\n"
        "    with tf.GradientTape() as tape:\n"
        "        tape.watch([x0, x1])\n"
        "        y = compute(x0, x1)\n"
        "    return tape.gradient(y, [x0, x1])\n\n\n"
        "print(derivatives(x0, x1))"
    )
