"""Which rows each clause is asked of: all that it speaks of, or a share of them."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Sequence

from tapecheck.operators.table import CONVENTION, Row
from tapecheck.sampling import ONE_IN, budget, seed_of

Speaks = Callable[[Row], bool]


class Scope(NamedTuple):
    """What a clause is asked of.

    Attributes:
        speaks: whether it speaks of a row.
        at: at which samples, a word of `tapecheck.operators.asking`.
        one_in: of how many rows the default profile asks it of one.
        deep: of how many rows the deep profile does.
    """

    speaks: Speaks
    at: str
    one_in: int = 1
    deep: int = 1


def _any(row: Row) -> bool:
    return row.oracle != CONVENTION and bool(row.dtypes)


def _twice(row: Row) -> bool:
    return _any(row) and row.orders > 1


def _with(attribute: str, orders: int = 1) -> Speaks:
    return lambda row: (
        row.oracle != CONVENTION and row.orders >= orders and bool(getattr(row, attribute))
    )


def _of_several(row: Row) -> bool:
    return _any(row) and len(row.inputs) > 1


def _shaped(row: Row) -> bool:
    return _any(row) and bool(row.elementwise or row.shapes)


def _shaped_twice(row: Row) -> bool:
    return _shaped(row) and _twice(row)


def _by_convention(row: Row) -> bool:
    return row.oracle == CONVENTION


CLAUSES: Dict[str, Scope] = {
    "first_order": Scope(_any, "ordinary"),
    "first_order_by_each_input": Scope(_of_several, "single"),
    "second_order": Scope(_twice, "ordinary"),
    "first_order_at_edges": Scope(_with("edges"), "edges"),
    "second_order_at_edges": Scope(_with("edges", 2), "edges"),
    "first_order_at_limits": Scope(_with("limits"), "limits"),
    "second_order_at_limits": Scope(_with("limits", 2), "limits"),
    "first_order_in_halves": Scope(_with("halves"), "halves", 2),
    "second_order_in_halves": Scope(_with("halves", 2), "halves", 2),
    "first_order_of_complex": Scope(_with("complex"), "complex"),
    "second_order_of_complex": Scope(_with("complex", 2), "complex"),
    "first_order_of_other_shapes": Scope(_shaped, "shapes"),
    "second_order_of_other_shapes": Scope(_shaped_twice, "shapes", 2),
    "forward_mode": Scope(_any, "few", 12),
    "forward_over_reverse": Scope(_twice, "few", 24),
    "reverse_over_forward": Scope(_twice, "few", 24),
    "looped_jacobian": Scope(_any, "few", 24),
    "vectorised_jacobian": Scope(_any, "few", 24),
    "vectorised_hessian": Scope(_twice, "few", 24),
    "compiled_first_order": Scope(_any, "single", 12, 6),
    "compiled_second_order": Scope(_twice, "single", 48, 6),
    "compiled_first_order_at_edges": Scope(_with("edges"), "edges", 12, 6),
    "compiled_first_order_of_complex": Scope(_with("complex"), "complex", 12, 6),
    "compiled_forward_mode": Scope(_any, "few", 48, 12),
    "compiled_vectorised_jacobian": Scope(_any, "few", 48, 12),
    "first_order_of_unknown_shapes": Scope(_any, "single", 4),
    "second_order_of_unknown_shapes": Scope(_twice, "single", 16),
    "first_order_of_unknown_ranks": Scope(_any, "single", 8),
    "convention": Scope(_by_convention, "kinks"),
}
"""The clauses by name. What is cheap is asked of all rows; what must be traced and compiled first
is asked of a share of them, that a row's name decides. The deep profile asks all of all rows, but
for what must be compiled, of which it asks a larger share."""


def rows_of(clause: str, rows: Sequence[Row]) -> List[Row]:
    """The rows to ask `clause` of, in their order."""
    scope = CLAUSES[clause]
    one_in = budget(scope.one_in, scope.deep, brief=scope.one_in * ONE_IN)
    return [
        row
        for row in rows
        if scope.speaks(row) and seed_of(0, clause + " " + row.name) % one_in == 0
    ]
