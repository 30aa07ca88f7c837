"""The table of operations, ``operations.toml``: of what family each is, and how it is spelled.

The format is described by ``tapecheck/schemas/operations.json``.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Tuple

from tapecheck.errors import DataError
from tapecheck.toml import read_toml

TABLE = Path(__file__).parent / "operations.toml"

IMPLEMENTATIONS = ("tensorflow", "jax", "torch", "mlx")
"""In whose words programs can be printed. Namespaces under test are spelled as the first."""

_OPTIONS = {"low", "high", "kinks", "margin", "single", "regular"}


class Entry(NamedTuple):
    """One operation.

    Attributes:
        name: unique.
        family: decides what its operands and attributes may be.
        needs: the capabilities that a namespace must have for it.
        options: what else the family wants to know of it.
        spellings: a template for each of `IMPLEMENTATIONS`.
    """

    name: str
    family: str
    needs: FrozenSet[str]
    options: Mapping[str, Any]
    spellings: Mapping[str, str]


@functools.lru_cache(maxsize=None)
def load_table(path: Path = TABLE) -> Dict[str, Entry]:
    """The operations by name.

    Raises:
        DataError: the file says something else than it should.
    """
    return {name: _entry(path, name, table) for name, table in read_toml(path).items()}


def names(words: FrozenSet[str]) -> List[Tuple[str, Entry]]:
    """The operations that need none but these capabilities."""
    return [(name, entry) for name, entry in load_table().items() if entry.needs <= words]


def _entry(path: Path, name: str, table: Dict[str, Any]) -> Entry:
    options = {key: table[key] for key in table if key in _OPTIONS}
    spellings = {one: str(table.get(one)) for one in IMPLEMENTATIONS}
    unknown = set(table) - _OPTIONS - set(spellings) - {"family", "needs"}
    if unknown:
        raise DataError(path, None, "[{}] has the unknown key {}".format(name, min(unknown)))
    for key in ("family", *IMPLEMENTATIONS):
        if not isinstance(table.get(key), str):
            raise DataError(path, None, "[{}] has no {}".format(name, key))
    needs = frozenset(table.get("needs", "").split())
    return Entry(name, table["family"], needs, options, spellings)
