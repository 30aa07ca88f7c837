"""Operators: the derivatives of every operation of the table, against exact ones.

The table is ``table/*.toml``; `tapecheck.operators.problem` says what the quantities are. Sources
of exact derivatives are mpmath and differences of the operation itself in float64.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tapecheck import SHOULD, clause
from tapecheck.operators import load_table
from tapecheck.operators.asking import Question
from tapecheck.operators.choosing import CLAUSES, rows_of
from tapecheck.operators.errors import Refused
from tapecheck.results import UNSUPPORTED

ROWS = load_table(Path(__file__).parent / "table")


def pytest_generate_tests(metafunc):
    """Each clause is asked of the rows that it speaks of, or of a share of them."""
    clause_name = metafunc.function.__name__[len("test_") :]
    rows = rows_of(clause_name, ROWS)
    metafunc.parametrize("row", rows, ids=[row.name for row in rows])


@pytest.fixture
def ask(tf, run, row, request, tapecheck_case):
    """The operation of the row at the samples of the clause; unsupported where it is refused."""
    name = request.function.__name__[len("test_") :]
    question = Question(tf, run, row, tapecheck_case.suite.seed)
    if "unknown" in name:
        question.trace_for_unknown(ranks="ranks" in name)
    scope = CLAUSES[name]
    lacks = sorted(row.needs & tapecheck_case.suite.backend.lacks)
    refusal = "the backend declares to lack {}".format(", ".join(lacks)) if lacks else ""
    if not lacks:
        try:
            question.prepare(scope.at)
        except Refused as refused:
            refusal = "the operation itself is refused: {}".format(refused)
    if refusal:
        tapecheck_case.verdict = UNSUPPORTED
        tapecheck_case.message = refusal
        pytest.skip(refusal)
    return question


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order(ask):
    """The gradient of an operation is exact to a few roundings, and so is its value."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_by_each_input(ask):
    """The gradient by one input alone is the one that it has among the gradients by all."""
    ask.gradients_by_each_input()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order(ask):
    """The gradient of a gradient is exact to a few roundings.

    By the inputs it is the product of Hessian and direction; by the cotangents, in which the
    first gradient is linear, it is the tangent.
    """
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_at_edges(ask):
    """The gradient is exact to a few roundings where a plain formula cancels or overflows."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_at_edges(ask):
    """The second gradient is exact where a plain formula cancels or overflows."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_at_limits(ask):
    """The gradient at infinity is its limit, where that is finite."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_at_limits(ask):
    """The second gradient at infinity is its limit, where that is finite."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_in_halves(ask):
    """An operation that is computed in 16 bits is differentiated in 16 bits."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_in_halves(ask):
    """An operation that is computed in 16 bits is differentiated twice in 16 bits."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients complex", modes="eager")
def test_first_order_of_complex(ask):
    """The gradient by a complex input holds the derivatives by its two parts."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients complex nested", modes="eager")
def test_second_order_of_complex(ask):
    """The second gradient by a complex input holds the derivatives by its two parts."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_of_other_shapes(ask):
    """The gradient of empty tensors, of scalars and of batches has their shape and is exact."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_of_other_shapes(ask):
    """The second gradient of empty tensors, of scalars and of batches is exact."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="forward", modes="eager")
def test_forward_mode(ask):
    """The tangent of an operation is exact to a few roundings."""
    ask.forward_mode()
    ask.raise_faults()


@clause(SHOULD, needs="forward output_gradients", modes="eager")
def test_forward_over_reverse(ask):
    """The tangent of a gradient is the product of Hessian and direction."""
    ask.forward_over_reverse()
    ask.raise_faults()


@clause(SHOULD, needs="forward output_gradients", modes="eager")
def test_reverse_over_forward(ask):
    """The gradient of a tangent is the product of Hessian and direction."""
    ask.reverse_over_forward()
    ask.raise_faults()


@clause(SHOULD, needs="jacobian pfor persistent", modes="eager")
def test_looped_jacobian(ask):
    """The jacobian, row by row, times a direction is the tangent."""
    ask.jacobians(vectorised=False)
    ask.raise_faults()


@clause(SHOULD, needs="jacobian pfor persistent", modes="eager")
def test_vectorised_jacobian(ask):
    """The jacobian, all rows at once, times a direction is the tangent."""
    ask.jacobians(vectorised=True)
    ask.raise_faults()


@clause(SHOULD, needs="jacobian nested output_gradients pfor persistent", modes="eager")
def test_vectorised_hessian(ask):
    """The jacobian of the gradient, all rows at once, is the Hessian."""
    ask.hessians(vectorised=True)
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="function jit")
def test_compiled_first_order(ask):
    """The gradient of an operation in a compiled program is exact to a few roundings."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="function jit")
def test_compiled_second_order(ask):
    """The second gradient in a compiled program is exact to a few roundings."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="function jit")
def test_compiled_first_order_at_edges(ask):
    """The gradient in a compiled program is exact where a plain formula fails."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients complex", modes="function jit")
def test_compiled_first_order_of_complex(ask):
    """The gradient by a complex input in a compiled program holds the derivatives by its parts."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="forward", modes="function jit")
def test_compiled_forward_mode(ask):
    """The tangent of an operation in a compiled program is exact to a few roundings."""
    ask.forward_mode()
    ask.raise_faults()


@clause(SHOULD, needs="jacobian pfor persistent", modes="function jit")
def test_compiled_vectorised_jacobian(ask):
    """The jacobian in a compiled program, all rows at once, is exact."""
    ask.jacobians(vectorised=True)
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="function")
def test_first_order_of_unknown_shapes(ask):
    """The gradient in a program that was traced for unknown sizes is exact."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients nested", modes="function")
def test_second_order_of_unknown_shapes(ask):
    """The second gradient in a program that was traced for unknown sizes is exact."""
    ask.second_gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients", modes="function")
def test_first_order_of_unknown_ranks(ask):
    """The gradient in a program that was traced for unknown numbers of axes is exact."""
    ask.gradients()
    ask.raise_faults()


@clause(SHOULD, needs="output_gradients")
def test_convention(ask):
    """Where a derivative is a convention, all modes follow the same one."""
    ask.agreement()
    ask.raise_faults()
