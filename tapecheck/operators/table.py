"""The table of operators: TOML files, one a family, read into rows.

The format is described by ``tapecheck/schemas/operators.json``. A row says how an operation is
called, on what it is sampled, and where its exact derivatives come from.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from types import CodeType
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from tapecheck.errors import DataError
from tapecheck.toml import line_of_entry, read_toml

MPMATH = "mpmath"
DIFFERENCES = "differences"
CONVENTION = "convention"

_HEADER = "[[row]]"
_FLOATS = ("float32", "float64")
_HALVES = ("float16", "bfloat16")
_COMPLEX = ("complex64", "complex128")
_NAME = re.compile(r"\btf(?:\.[A-Za-z_]\w*)+")


class Input(NamedTuple):
    """A tensor that is differentiated.

    Attributes:
        shape: its static shape.
        low, high: between what its elements are drawn.
        sample: how: ``normal``, ``uniform``, ``distinct`` (no two elements are closer than 1/2,
            none is closer than 1/4 to zero), ``regular`` (square matrices far from singular).
        values: the elements themselves, where nothing is drawn.
    """

    shape: Tuple[int, ...]
    sample: str = "normal"
    low: float = -2.0
    high: float = 2.0
    values: Optional[Tuple[float, ...]] = None


class Row(NamedTuple):
    """One way to call one operation.

    Attributes:
        name: unique; begins with the name of the operation below ``tf``.
        family: the file that it stands in.
        call: a Python expression over ``tf``, the inputs and the constants.
        code: the same, compiled.
        inputs: what is differentiated, by name.
        constants: arguments that are not, by name: integers and truth values as they are,
            floats in the dtype of the case.
        oracle: ``mpmath``, ``differences`` of the float64 forward, or ``convention``.
        value: the mpmath expression of an elementwise operation, over its inputs.
        domain: where an elementwise operation is sampled, by input.
        kink: an mpmath expression over the inputs; where it is zero there is no derivative.
        edges: points of an elementwise operation where a plain formula may fail.
        limits: points at infinity, with the limits of value and derivatives.
        dtypes: the real dtypes that the operation takes.
        halves: the 16-bit dtypes that it takes.
        complex: the complex dtypes that it takes.
        shapes: further shapes of the inputs, such as empty ones.
        needs: capabilities without which the row cannot run.
        condition: how many times the rounding of the inputs shows in the result.
        reach: how far along its direction the operation is smooth, in units of the default.
        orders: how many derivatives exist; 1 where the second is zero or none by convention.
        convention: for that oracle: whose, and what it says.
        forward: expression of the value in the namespace's own simpler operations, in float64,
            where the operation itself has no float64 kernel.
    """

    name: str
    family: str
    call: str
    code: CodeType
    inputs: Mapping[str, Input]
    constants: Mapping[str, Any]
    oracle: str
    value: str
    domain: Mapping[str, Tuple[float, float]]
    kink: str
    edges: Tuple[Tuple[Any, ...], ...]
    limits: Tuple[Mapping[str, Any], ...]
    dtypes: Tuple[str, ...]
    halves: Tuple[str, ...]
    complex: Tuple[str, ...]
    shapes: Tuple[Mapping[str, Tuple[int, ...]], ...]
    needs: FrozenSet[str]
    condition: float
    reach: float
    orders: int
    convention: str
    forward: Optional[CodeType]

    @property
    def elementwise(self) -> bool:
        return bool(self.value)

    @property
    def names(self) -> Tuple[str, ...]:
        """The names below ``tf`` that the call uses, such as ``math.sin``."""
        found = dict.fromkeys(name[len("tf.") :] for name in _NAME.findall(self.call))
        return tuple(found)


def load_table(folder: Path) -> List[Row]:
    """The rows of all files of a folder, in the order of the files' names.

    Raises:
        DataError: naming file and line of what is wrong.
    """
    return list(_load(folder))


@functools.lru_cache(maxsize=None)
def _load(folder: Path) -> Tuple[Row, ...]:
    rows: Dict[str, Row] = {}
    for path in sorted(folder.glob("*.toml")):
        tables = read_toml(path)
        for index, entry in enumerate(tables.get("row", [])):
            for row in _rows(path, index, entry, tables):
                if row.name in rows:
                    raise _fault(path, index, "the name {!r} is taken".format(row.name))
                rows[row.name] = row
    return tuple(rows.values())


def _fault(path: Path, index: int, problem: str) -> DataError:
    return DataError(path, line_of_entry(path, _HEADER, index), problem)


def _rows(path: Path, index: int, entry: Dict[str, Any], tables: Dict[str, Any]) -> List[Row]:
    """The row and its variants: an entry inherits from ``defaults``, a variant from its entry."""
    base = {**tables.get("defaults", {}), **entry}
    variants = base.pop("variants", [])
    found = [_row(path, index, base)]
    for variant in variants:
        merged = {**base, **variant, "name": "{}.{}".format(base["name"], variant["name"])}
        found.append(_row(path, index, merged))
    return found


_KEYS = {
    "name", "call", "inputs", "constants", "value", "domain", "edges", "limits", "dtypes",
    "halves", "complex", "shapes", "needs", "condition", "orders", "convention",
    "forward", "kink", "reach",
}  # fmt: skip


def _row(path: Path, index: int, entry: Dict[str, Any]) -> Row:
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise _fault(path, index, "unknown key {!r}".format(unknown[0]))
    for key in ("name", "call"):
        if key not in entry:
            raise _fault(path, index, "the row has no {!r}".format(key))
    if "value" in entry and "domain" not in entry:
        raise _fault(path, index, "an mpmath expression needs a 'domain'")
    if "value" not in entry and "inputs" not in entry:
        raise _fault(path, index, "the row has neither 'domain' nor 'inputs'")
    try:
        code = compile(entry["call"], "call of " + entry["name"], "eval")
        forward = entry.get("forward")
        simpler = compile(forward, "forward of " + entry["name"], "eval") if forward else None
    except SyntaxError as error:
        raise _fault(path, index, "not an expression: {}".format(error)) from error
    domain = {name: (float(low), float(high)) for name, (low, high) in _get(entry, "domain")}
    inputs = {name: _input(one) for name, one in _get(entry, "inputs")}
    if not inputs:
        inputs = {name: Input((3,), "uniform", low, high) for name, (low, high) in domain.items()}
    oracle = MPMATH if "value" in entry else CONVENTION if "convention" in entry else DIFFERENCES
    return Row(
        name=entry["name"],
        family=path.stem,
        call=entry["call"],
        code=code,
        inputs=inputs,
        constants=entry.get("constants", {}),
        oracle=oracle,
        value=entry.get("value", ""),
        domain=domain,
        kink=entry.get("kink", ""),
        edges=tuple(tuple(p) if isinstance(p, list) else (p,) for p in entry.get("edges", [])),
        limits=tuple(entry.get("limits", [])),
        dtypes=tuple(entry.get("dtypes", _FLOATS)),
        halves=tuple(entry.get("halves", _HALVES)),
        complex=tuple(entry.get("complex", ())),
        shapes=tuple(
            {name: tuple(shape) for name, shape in one.items()} for one in entry.get("shapes", [])
        ),
        needs=frozenset(entry.get("needs", "").split()),
        condition=float(entry.get("condition", 1.0)),
        reach=float(entry.get("reach", 1.0)),
        orders=entry.get("orders", 2),
        convention=entry.get("convention", ""),
        forward=simpler,
    )


def _get(entry: Dict[str, Any], key: str) -> Any:
    return entry.get(key, {}).items()


def _input(entry: Any) -> Input:
    """A list is a shape; a table says how the elements are drawn as well."""
    if isinstance(entry, list):
        return Input(tuple(entry))
    values = np.asarray(entry["values"], dtype=np.float64) if "values" in entry else None
    if values is None:
        return Input(**{**entry, "shape": tuple(entry["shape"])})
    return Input(values.shape, values=tuple(values.ravel()))
