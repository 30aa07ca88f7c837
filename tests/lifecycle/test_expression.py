"""Formulas are differentiated forwards, and know whether there is a derivative at all."""

import math

import pytest

from tapecheck.lifecycle.expression import (
    Leaf,
    cosine,
    derivative,
    number,
    sine,
    tensors_in,
    total,
)


def by(name):
    """Of every leaf the derivative by the element of the tensor of this name."""
    return lambda leaf: number(1.0) if leaf.tensor == name else None


X, Y = Leaf("x", 0, 0.7, 0.7), Leaf("y", 0, -1.3, 1.3)

FORMULAS = {
    "sum": (X + Y, 1.0),
    "difference": (Y - X, -1.0),
    "product": (X * Y, -1.3),
    "power": (X * X * X, 3 * 0.7**2),
    "negative": (-X, -1.0),
    "sine": (sine(X * Y), math.cos(0.7 * -1.3) * -1.3),
    "cosine": (cosine(X + X), -2 * math.sin(1.4)),
    "multiple": (X * number(2.5), 2.5),
}


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_a_derivative_is_that_of_calculus(name):
    formula, expected = FORMULAS[name]
    assert derivative(formula, by("x"), {}).value == pytest.approx(expected, rel=1e-14)


def test_a_derivative_is_differentiated_again():
    first = derivative(sine(X * Y), by("x"), {})
    second = derivative(first, by("x"), {})
    mixed = derivative(first, by("y"), {})
    angle = 0.7 * -1.3
    assert second.value == pytest.approx(-math.sin(angle) * 1.3**2, rel=1e-14)
    assert mixed.value == pytest.approx(math.cos(angle) - math.sin(angle) * angle, rel=1e-14)


def test_a_formula_without_the_leaf_has_no_derivative():
    assert derivative(Y * Y, by("x"), {}) is None
    assert derivative(number(2.0), by("x"), {}) is None


def test_the_derivative_of_a_linear_formula_is_a_constant():
    first = derivative(X * number(2.0) + Y, by("x"), {})
    assert derivative(first, by("x"), {}) is None


def test_a_derivative_that_cancels_is_zero_and_not_none():
    assert derivative(X - X, by("x"), {}).value == 0.0


def test_the_magnitude_takes_every_term_as_positive():
    assert (X - X).magnitude == pytest.approx(1.4)
    assert (X * Y + X).magnitude == pytest.approx(0.7 * 1.3 + 0.7)


def test_shared_operands_are_differentiated_once():
    deep = X
    for _ in range(60):
        deep = deep + deep
    assert derivative(deep, by("x"), {}).value == 2.0**60


def test_a_formula_tells_which_tensors_stand_in_it():
    assert tensors_in([X * Y, number(1.0), sine(X)]) == {"x", "y"}
    assert total([]) is None
