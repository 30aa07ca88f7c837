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
from tapecheck.operators.choosing import rows_of
from tapecheck.operators.errors import Refused
from tapecheck.results import UNSUPPORTED

ROWS = load_table(Path(__file__).parent / "table")


def pytest_generate_tests(metafunc):
    """Each clause is asked of the rows that it speaks of, or of a share that the seed decides."""
    clause_name = metafunc.function.__name__[len("test_") :]
    rows = rows_of(clause_name, ROWS, metafunc.config.option.seed)
    metafunc.parametrize("row", rows, ids=[row.name for row in rows])


@pytest.fixture
def ask(tf, run, row, tapecheck_case):
    """The operation of the row; what the clause found wrong with it is said when it ends."""
    return Question(tf, run, row, tapecheck_case.suite.seed)


@pytest.fixture
def settle(ask, tapecheck_case):
    """Ends a clause: says what was wrong, or that the operation itself is refused."""

    def end():
        try:
            ask.raise_faults()
        except Refused as refused:
            tapecheck_case.verdict = UNSUPPORTED
            tapecheck_case.message = "the operation itself is refused: {}".format(refused)
            pytest.skip(tapecheck_case.message)

    return end


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order(ask, settle):
    """The gradient of an operation is exact to a few roundings, and so is its value."""
    ask.gradients(ask.ordinary())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order(ask, settle):
    """The gradient of a gradient is exact to a few roundings.

    By the inputs it is the product of Hessian and direction; by the cotangents, in which the
    first gradient is linear, it is the tangent.
    """
    ask.second_gradients(ask.ordinary())
    settle()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_at_edges(ask, settle):
    """The gradient is exact to a few roundings where a plain formula cancels or overflows."""
    ask.gradients(ask.edges())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_at_edges(ask, settle):
    """The second gradient is exact where a plain formula cancels or overflows."""
    ask.second_gradients(ask.edges())
    settle()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_at_limits(ask, settle):
    """The gradient at infinity is its limit, where that is finite."""
    ask.gradients(ask.limits())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_at_limits(ask, settle):
    """The second gradient at infinity is its limit, where that is finite."""
    ask.second_gradients(ask.limits())
    settle()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_in_halves(ask, settle):
    """An operation that is computed in 16 bits is differentiated in 16 bits."""
    ask.gradients(ask.halves())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_in_halves(ask, settle):
    """An operation that is computed in 16 bits is differentiated twice in 16 bits."""
    ask.second_gradients(ask.halves())
    settle()


@clause(SHOULD, needs="output_gradients complex", modes="eager")
def test_first_order_of_complex(ask, settle):
    """The gradient by a complex input holds the derivatives by its two parts."""
    ask.gradients(ask.complex())
    settle()


@clause(SHOULD, needs="output_gradients complex nested", modes="eager")
def test_second_order_of_complex(ask, settle):
    """The second gradient by a complex input holds the derivatives by its two parts."""
    ask.second_gradients(ask.complex())
    settle()


@clause(SHOULD, needs="output_gradients", modes="eager")
def test_first_order_of_other_shapes(ask, settle):
    """The gradient of empty tensors, of scalars and of batches has their shape and is exact."""
    ask.gradients(ask.shapes())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="eager")
def test_second_order_of_other_shapes(ask, settle):
    """The second gradient of empty tensors, of scalars and of batches is exact."""
    ask.second_gradients(ask.shapes())
    settle()


@clause(SHOULD, needs="forward", modes="eager")
def test_forward_mode(ask, settle):
    """The tangent of an operation is exact to a few roundings."""
    ask.forward_mode(ask.few())
    settle()


@clause(SHOULD, needs="forward output_gradients", modes="eager")
def test_forward_over_reverse(ask, settle):
    """The tangent of a gradient is the product of Hessian and direction."""
    ask.forward_over_reverse(ask.few())
    settle()


@clause(SHOULD, needs="forward output_gradients", modes="eager")
def test_reverse_over_forward(ask, settle):
    """The gradient of a tangent is the product of Hessian and direction."""
    ask.reverse_over_forward(ask.few())
    settle()


@clause(SHOULD, needs="jacobian pfor persistent", modes="eager")
def test_looped_jacobian(ask, settle):
    """The jacobian, row by row, times a direction is the tangent."""
    ask.jacobians(ask.few(), vectorised=False)
    settle()


@clause(SHOULD, needs="jacobian pfor persistent", modes="eager")
def test_vectorised_jacobian(ask, settle):
    """The jacobian, all rows at once, times a direction is the tangent."""
    ask.jacobians(ask.few(), vectorised=True)
    settle()


@clause(SHOULD, needs="jacobian nested output_gradients pfor persistent", modes="eager")
def test_vectorised_hessian(ask, settle):
    """The jacobian of the gradient, all rows at once, is the Hessian."""
    ask.hessians(ask.few(), vectorised=True)
    settle()


@clause(SHOULD, needs="output_gradients", modes="function jit")
def test_compiled_first_order(ask, settle):
    """The gradient of an operation in a compiled program is exact to a few roundings."""
    ask.gradients(ask.ordinary())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="function jit")
def test_compiled_second_order(ask, settle):
    """The second gradient in a compiled program is exact to a few roundings."""
    ask.second_gradients(ask.ordinary())
    settle()


@clause(SHOULD, needs="output_gradients", modes="function jit")
def test_compiled_first_order_at_edges(ask, settle):
    """The gradient in a compiled program is exact where a plain formula fails."""
    ask.gradients(ask.edges())
    settle()


@clause(SHOULD, needs="output_gradients complex", modes="function jit")
def test_compiled_first_order_of_complex(ask, settle):
    """The gradient by a complex input in a compiled program holds the derivatives by its parts."""
    ask.gradients(ask.complex())
    settle()


@clause(SHOULD, needs="forward", modes="function jit")
def test_compiled_forward_mode(ask, settle):
    """The tangent of an operation in a compiled program is exact to a few roundings."""
    ask.forward_mode(ask.few())
    settle()


@clause(SHOULD, needs="jacobian pfor persistent", modes="function jit")
def test_compiled_vectorised_jacobian(ask, settle):
    """The jacobian in a compiled program, all rows at once, is exact."""
    ask.jacobians(ask.few(), vectorised=True)
    settle()


@clause(SHOULD, needs="output_gradients", modes="function")
def test_first_order_of_unknown_shapes(ask, settle):
    """The gradient in a program that was traced for unknown sizes is exact."""
    ask.of_unknown_shapes().gradients(ask.ordinary())
    settle()


@clause(SHOULD, needs="output_gradients nested", modes="function")
def test_second_order_of_unknown_shapes(ask, settle):
    """The second gradient in a program that was traced for unknown sizes is exact."""
    ask.of_unknown_shapes().second_gradients(ask.ordinary())
    settle()


@clause(SHOULD, needs="output_gradients")
def test_convention(ask, settle):
    """Where a derivative is a convention, all modes follow the same one."""
    ask.agreement()
    settle()
