"""What operators are known to get wrong: entries of cases that there are, with findings to read."""

import re
from pathlib import Path

import pytest

from tapecheck import sampling
from tapecheck.deviations import SHIPPED, read_deviations
from tapecheck.operators import load_table
from tapecheck.operators.choosing import CLAUSES, rows_of

ROOT = Path(__file__).parent.parent.parent
ENTRIES = [
    entry
    for path in sorted(SHIPPED.glob("*.toml"))
    for entry in read_deviations(path)
    if entry.clause.startswith("operators.")
]


@pytest.fixture
def asked(monkeypatch):
    """The ids of all clauses of operators that some profile asks."""
    monkeypatch.setattr(sampling, "_chosen", sampling.DEEP)
    rows = load_table(ROOT / "suites" / "operators" / "table")
    return [
        "operators.{}[{}]".format(clause, row.name)
        for clause in CLAUSES
        for row in rows_of(clause, rows)
    ]


def test_every_entry_speaks_of_a_clause_and_a_row_that_are_asked(asked):
    assert ENTRIES
    for entry in ENTRIES:
        mode = entry.modes[0] if entry.modes else "eager"
        of_any_version = entry._replace(versions="")
        assert any(of_any_version.concerns(clause, mode, "CPU:0", "1") for clause in asked), entry


def test_every_entry_names_a_finding_that_can_be_read():
    for entry in ENTRIES:
        (finding,) = re.findall(r"docs/findings/[\w-]+\.md", entry.reason)
        assert (ROOT / finding).is_file(), finding
