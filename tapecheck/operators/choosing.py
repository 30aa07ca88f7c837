"""Which rows each clause is asked of: all that it speaks of, or a share that the seed decides."""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence, Tuple

from tapecheck.operators.table import CONVENTION, Row
from tapecheck.sampling import budget, seed_of

Speaks = Callable[[Row], bool]


def _any(row: Row) -> bool:
    return row.oracle != CONVENTION


def _twice(row: Row) -> bool:
    return _any(row) and row.orders > 1


def _with(attribute: str, among: Speaks) -> Speaks:
    return lambda row: among(row) and bool(getattr(row, attribute))


def _shaped(row: Row) -> bool:
    return _any(row) and bool(row.elementwise or row.shapes)


CLAUSES: Dict[str, Tuple[Speaks, int]] = {
    "first_order": (_any, 1),
    "second_order": (_twice, 1),
    "first_order_at_edges": (_with("edges", _any), 1),
    "second_order_at_edges": (_with("edges", _twice), 1),
    "first_order_at_limits": (_with("limits", _any), 1),
    "second_order_at_limits": (_with("limits", _twice), 1),
    "first_order_in_halves": (_with("halves", _any), 2),
    "second_order_in_halves": (_with("halves", _twice), 2),
    "first_order_of_complex": (_with("complex", _any), 1),
    "second_order_of_complex": (_with("complex", _twice), 1),
    "first_order_of_other_shapes": (_shaped, 1),
    "second_order_of_other_shapes": (lambda row: _shaped(row) and _twice(row), 1),
    "forward_mode": (_any, 10),
    "forward_over_reverse": (_twice, 10),
    "reverse_over_forward": (_twice, 10),
    "looped_jacobian": (_any, 10),
    "vectorised_jacobian": (_any, 10),
    "vectorised_hessian": (_twice, 10),
    "compiled_first_order": (_any, 10),
    "compiled_second_order": (_twice, 20),
    "compiled_first_order_at_edges": (_with("edges", _any), 20),
    "compiled_first_order_of_complex": (_with("complex", _any), 10),
    "compiled_forward_mode": (_any, 20),
    "compiled_vectorised_jacobian": (_any, 20),
    "first_order_of_unknown_shapes": (_any, 5),
    "second_order_of_unknown_shapes": (_twice, 10),
    "convention": (lambda row: row.oracle == CONVENTION, 1),
}
"""For each clause the rows that it speaks of, and one in how many of them the default profile asks.

The deep profile asks all. What is cheap is always asked; what must be traced and compiled first
is asked in turns, from one seed to the next."""


def rows_of(clause: str, rows: Sequence[Row], seed: int) -> List[Row]:
    """The rows to ask `clause` of, in their order."""
    speaks, share = CLAUSES[clause]
    one_in = budget(share, 1)
    return [
        row
        for row in rows
        if speaks(row) and seed_of(seed, "{} {}".format(clause, row.name)) % one_in == 0
    ]
