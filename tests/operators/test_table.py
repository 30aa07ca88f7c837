"""The table of operators keeps to its schema, and its loader says what is wrong with one."""

import json
from pathlib import Path

import jsonschema
import pytest

import tapecheck
from tapecheck.capabilities import CAPABILITIES
from tapecheck.errors import DataError
from tapecheck.operators import load_table
from tapecheck.operators.choosing import CLAUSES, rows_of
from tapecheck.operators.table import CONVENTION, DIFFERENCES, MPMATH
from tapecheck.sampling import PROFILES
from tapecheck.toml import read_toml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "suites" / "operators" / "table"
FILES = sorted(FOLDER.glob("*.toml"))
SCHEMA = json.loads(
    (Path(tapecheck.__file__).parent / "schemas" / "operators.json").read_text(encoding="utf-8")
)


def table_of(folder, text):
    (folder / "family.toml").write_text(text, encoding="utf-8")
    return load_table(folder)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_family_keeps_to_the_schema(path):
    jsonschema.validate(read_toml(path), SCHEMA)


def test_the_table_has_rows_of_every_oracle():
    assert {row.oracle for row in load_table(FOLDER)} == {MPMATH, DIFFERENCES, CONVENTION}


def test_every_need_of_a_row_is_a_capability():
    needs = {need for row in load_table(FOLDER) for need in row.needs}
    assert needs <= set(CAPABILITIES)


def test_every_clause_of_the_chapter_has_its_scope():
    text = (ROOT / "suites" / "operators" / "operators.py").read_text(encoding="utf-8")
    clauses = [
        line[9 : line.index("(")] for line in text.split("\n") if line.startswith("def test_")
    ]
    assert sorted(clauses) == sorted(CLAUSES)


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_is_asked_of_a_row(clause):
    assert rows_of(clause, load_table(FOLDER))


@pytest.mark.parametrize("clause", CLAUSES)
def test_each_profile_asks_of_all_rows_that_the_one_before_asks_of(clause, monkeypatch):
    rows = load_table(FOLDER)
    asked = []
    for profile in PROFILES:
        monkeypatch.setattr("tapecheck.sampling._chosen", profile)
        asked.append({row.name for row in rows_of(clause, rows)})
    brief, default, deep = asked
    assert brief
    assert brief <= default <= deep


def test_a_variant_inherits_from_its_row(tmp_path):
    row, variant = table_of(
        tmp_path,
        '[[row]]\nname = "f"\ncall = "tf.f(x)"\ninputs = {x = [2]}\n'
        'variants = [{name = "g", call = "tf.g(x)"}]\n',
    )
    assert (row.name, variant.name) == ("f", "f.g")
    assert (variant.call, variant.inputs) == ("tf.g(x)", row.inputs)


def test_a_row_names_what_it_uses_of_the_namespace(tmp_path):
    (row,) = table_of(
        tmp_path, '[[row]]\nname = "f"\ncall = "tf.a.b(tf.c(x))"\ninputs = {x = []}\n'
    )
    assert row.names == ("a.b", "c")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[row]]\ncall = "x"\ninputs = {x = []}', "no 'name'"),
        ('[[row]]\nname = "f"\ninputs = {x = []}', "no 'call'"),
        ('[[row]]\nname = "f"\ncall = "x"', "neither 'domain' nor 'inputs'"),
        ('[[row]]\nname = "f"\ncall = "x"\nvalue = "x"\ninputs = {x = []}', "needs a 'domain'"),
        ('[[row]]\nname = "f"\ncall = "x +"\ninputs = {x = []}', "not an expression"),
        ('[[row]]\nname = "f"\ncall = "x"\ninputs = {x = []}\ncolour = 1', "unknown key 'colour'"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(tmp_path, text, problem):
    with pytest.raises(DataError, match=problem) as caught:
        table_of(tmp_path, text + "\n")
    assert caught.value.line == 1


def test_two_rows_of_one_name_are_refused(tmp_path):
    row = '[[row]]\nname = "f"\ncall = "x"\ninputs = {x = []}\n'
    with pytest.raises(DataError, match="is taken"):
        table_of(tmp_path, row + row)
