"""The table of documented behaviours: what it holds, and what a broken one leads to."""

from __future__ import annotations

import collections
import json
import re
import textwrap
from pathlib import Path
from typing import Any, Dict

import jsonschema
import pytest

import tapecheck
from tapecheck.behaviours import Behaviours, load
from tapecheck.capabilities import CAPABILITIES
from tapecheck.clause import LEVELS
from tapecheck.errors import DataError
from tapecheck.standard import load_standard, root
from tapecheck.toml import read_toml

SCHEMA = Path(tapecheck.__file__).parent / "schemas" / "sources.json"


@pytest.fixture(scope="module")
def tables() -> Dict[str, Any]:
    return read_toml(root() / "spec" / "sources.toml")


@pytest.fixture(scope="module")
def behaviours() -> Behaviours:
    return load()


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_the_file_fits_its_schema(
    tables: Dict[str, Any], validator: jsonschema.Draft7Validator
) -> None:
    problems = [
        "/".join(map(str, e.path)) + ": " + e.message for e in validator.iter_errors(tables)
    ]
    assert problems == []


def test_every_behaviour_has_its_level(behaviours: Behaviours) -> None:
    assert {behaviour.level for behaviour in behaviours.values()} == set(LEVELS)
    assert len(behaviours) == 604


def test_ids_count_up_from_one_in_each_area_in_the_order_of_the_areas(
    behaviours: Behaviours,
) -> None:
    sizes = collections.Counter(behaviour.area for behaviour in behaviours.values())
    assert len(behaviours.areas) == 31
    assert list(behaviours) == [
        "{}-{:02d}".format(area, number)
        for area in behaviours.areas
        for number in range(1, sizes[area] + 1)
    ]


def test_every_document_is_cited(behaviours: Behaviours) -> None:
    cited = {source.document for one in behaviours.values() for source in one.sources}
    assert cited == set(behaviours.documents.values())


def test_no_two_documents_are_the_same(behaviours: Behaviours) -> None:
    titles = collections.Counter(document.title for document in behaviours.documents.values())
    addresses = collections.Counter(
        document.url for document in behaviours.documents.values() if document.url
    )
    assert [name for name, count in (titles + addresses).items() if count > 1] == []


def test_no_statement_is_given_twice(behaviours: Behaviours) -> None:
    statements = collections.Counter(behaviour.statement for behaviour in behaviours.values())
    assert [statement for statement, count in statements.items() if count > 1] == []


def test_no_statement_names_tensorflow_as_the_one_that_behaves(behaviours: Behaviours) -> None:
    named = [
        behaviour.id
        for behaviour in behaviours.values()
        if re.search(r"\bTF\b|TensorFlow", behaviour.statement)
    ]
    assert named == []


def test_a_behaviour_tells_area_needs_and_citation(behaviours: Behaviours) -> None:
    behaviour = behaviours["PER-02"]
    assert behaviour.area == "PER"
    assert behaviour.needs == ("persistent",)
    assert behaviours.areas["PER"] == "Persistence & resource release"
    assert behaviour.citation() == (
        "tf.GradientTape Explained for Keras Users, by Sebastian Theiler (1.4)"
        " <https://medium.com/analytics-vidhya/"
        "tf-gradienttape-explained-for-keras-users-cc3f06276f22>"
        "; tf.GradientTape, API documentation (class doc)"
        " <https://www.tensorflow.org/api_docs/python/tf/GradientTape>"
    )


def test_a_citation_leaves_out_what_is_not_known(behaviours: Behaviours) -> None:
    assert behaviours["FWD-13"].citation() == "Mathematics: what follows from calculus alone"


def test_every_capability_that_can_be_declared_is_needed_by_a_behaviour_or_a_clause(
    behaviours: Behaviours,
) -> None:
    needed = {capability for one in behaviours.values() for capability in one.needs}
    for entry in load_standard().entries.values():
        needed |= entry.clause.needs
    assert sorted(set(CAPABILITIES) - needed) == []


WHOLE = textwrap.dedent(
    """\
    [documents.api]
    title = "The documentation"
    url = "https://example.org/api"

    [areas.PER]
    title = "Persistence"

    [behaviours.PER-01]
    statement = "A tape answers once."
    level = "MUST"
    needs = []
    sources = [{ document = "api", at = "" }]

    [behaviours.PER-02]
    statement = "A persistent tape answers twice."
    level = "MUST"
    needs = ["persistent"]
    sources = [
      { document = "api", at = "class doc" },
    ]
    """
)


def test_a_small_file_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(WHOLE, encoding="utf-8")
    behaviours = load(path)
    assert list(behaviours) == ["PER-01", "PER-02"]
    assert behaviours["PER-02"].citation() == (
        "The documentation (class doc) <https://example.org/api>"
    )
    assert behaviours["PER-02"].note == ""


def test_a_note_is_read_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(WHOLE + 'note = "Only the guide says so."\n', encoding="utf-8")
    assert load(path)["PER-02"].note == "Only the guide says so."


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ('level = "MUST"\nneeds = ["', 'level = MUST\nneeds = ["', 16, "not TOML"),
        ("[behaviours.PER-02]", "[behaviours.PER-01]", 14, "not TOML"),
        ('level = "MUST"\nneeds = ["', 'level = "MAY"\nneeds = ["', 14, "level 'MAY' is none of"),
        ("[behaviours.PER-02]", "[behaviours.PER-2]", 14, "an id is an area and two digits"),
        ("[behaviours.PER-02]", '[behaviours."PER 02"]', 14, "an id is an area and two digits"),
        ("[behaviours.PER-02]", "[behaviours.PUR-02]", 14, "unknown area 'PUR'"),
        ('"api", at = "class', '"apo", at = "class', 14, "unknown document 'apo'"),
        (', at = "class doc"', "", 14, "'at' is missing"),
        (', at = "class doc"', ", at = 3", 14, "'at' must be a string"),
        ('{ document = "api", at = "class doc" },', "", 14, "'sources' is empty"),
        ('{ document = "api", at = "class doc" },', '"api"', 14, "must be a table"),
        ('needs = ["persistent"]', 'needs = "persistent"', 14, "'needs' must be a list"),
        ('needs = ["persistent"]', "needs = [1]", 14, "'needs' must hold strings"),
        ('needs = ["persistent"]', 'need = ["persistent"]', 14, "unknown key 'need'"),
        ('needs = ["persistent"]', "", 14, "'needs' is missing"),
        ('"A tape answers once."', '""', 8, "'statement' is empty"),
        ("needs = []", 'needs = []\nnote = ""', 8, "'note' is empty"),
        ("needs = []", "needs = []\nnote = 3", 8, "'note' must be a string"),
        ('title = "The documentation"', "", 1, "'title' is missing"),
        ('url = "https://example.org/api"', "url = 3", 1, "'url' must be a string"),
        ('title = "Persistence"', 'name = "Persistence"', 5, "unknown key 'name'"),
        ("[areas.PER]", "[area.PER]", 5, "unknown table 'area'"),
        ("[documents.api]", "areas = 3\n[documents.api]", 6, "not TOML"),
    ],
)
def test_a_broken_file_gives_one_error_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    assert WHOLE.count(old) == 1
    path = tmp_path / "sources.toml"
    path.write_text(WHOLE.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(path)
    assert caught.value.line == line
    assert str(caught.value).startswith("{}:{}: ".format(path, line))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_one_of_the_three_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(WHOLE[: WHOLE.index("[behaviours")], encoding="utf-8")
    with pytest.raises(DataError, match="there is no table 'behaviours'"):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("behaviours", "PER-02"), "level", "MAY"),
        (("behaviours", "PER-02"), "statement", "no sentence"),
        (("behaviours", "PER-02"), "needs", ["core"]),
        (("behaviours", "PER-02"), "note", "no sentence"),
        (("behaviours", "PER-02"), "sources", []),
        (("documents", "api"), "url", "not an address"),
        (("areas", "PER"), "title", ""),
    ],
)
def test_the_schema_refuses_what_is_broken(
    tables: Dict[str, Any], validator: jsonschema.Draft7Validator, where: Any, key: str, value: Any
) -> None:
    broken = json.loads(json.dumps(tables))
    broken[where[0]][where[1]][key] = value
    assert not validator.is_valid(broken)


def test_every_capability_that_a_behaviour_needs_has_a_probe(behaviours):
    needed = {name for behaviour in behaviours.values() for name in behaviour.needs}
    assert sorted(needed - set(CAPABILITIES)) == []
