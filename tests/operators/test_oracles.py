"""The exact derivatives of operators are exact; differences know what they do not know."""

import math

import mpmath
import numpy as np
import pytest

from tapecheck.operators.differences import along
from tapecheck.operators.errors import OracleFault
from tapecheck.operators.exact import DIRECTION, EXTREME, exact


@pytest.mark.parametrize("x", [0.5, -2.0, 1e-30, 0.0, 30.0])
def test_the_derivatives_of_one_argument_are_exact(x):
    answer = exact("sin(x)", ("x",), (x,))
    assert answer.value == pytest.approx(math.sin(x), rel=1e-15)
    assert answer.first[0] == pytest.approx(math.cos(x), rel=1e-15)
    assert answer.second[0] == pytest.approx(-math.sin(x), rel=1e-15, abs=1e-30)


def test_the_second_derivatives_of_two_arguments_are_summed_along_the_direction():
    x, y = 1.5, -0.75
    answer = exact("x ** 2 * y ** 3", ("x", "y"), (x, y))
    assert answer.first == pytest.approx((2 * x * y**3, 3 * x**2 * y**2), rel=1e-15)
    mixed = 6 * x * y**2
    second = (
        2 * y**3 * DIRECTION[0] + mixed * DIRECTION[1],
        mixed * DIRECTION[0] + 6 * x**2 * y * DIRECTION[1],
    )
    assert answer.second == pytest.approx(second, rel=1e-15)


def test_a_tail_far_below_the_value_is_exact():
    answer = exact("tanh(x)", ("x",), (40.0,), EXTREME)
    assert answer.first[0] == pytest.approx(4 * math.exp(-80.0), rel=1e-14)


def test_the_error_of_a_derivative_that_is_zero_is_below_every_float64_that_is_normal():
    answer = exact("x ** 3", ("x",), (0.0,), EXTREME)
    assert abs(answer.first[0]) <= answer.error[1] < 1e-70


def test_the_shift_is_the_derivative_times_the_size_of_the_argument():
    answer = exact("exp(x)", ("x",), (3.0,))
    assert answer.shift[1][0] == pytest.approx(3.0 * math.exp(3.0), rel=1e-6)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("x", ["0.001", "1.7", "30"])
def test_the_bessel_function_that_is_computed_here_is_that_of_mpmath(order, x):
    with mpmath.workdps(40):
        expected = float(mpmath.besselk(order, mpmath.mpf(x)))
    answer = exact("besselk({}, x)".format(order), ("x",), (float(x),))
    assert answer.value == pytest.approx(expected, rel=1e-14)


def test_differences_along_a_line_are_exact_to_the_error_that_they_state():
    line = along(lambda t: [np.sin(0.5 + np.array([1.0, 2.0]) * t)])
    (first,), (second,) = line.first, line.second
    assert np.all(np.abs(first.value - np.cos(0.5) * np.array([1.0, 2.0])) <= first.error)
    assert np.all(np.abs(second.value + np.sin(0.5) * np.array([1.0, 4.0])) <= second.error)
    assert np.all(first.error < 1e-11)
    assert np.all(second.error < 1e-9)


@pytest.mark.parametrize("function", [np.abs, lambda t: np.sqrt(np.abs(t)), lambda t: 1.0 / t])
def test_differences_do_not_answer_where_there_is_no_derivative(function):
    with np.errstate(divide="ignore"), pytest.raises(OracleFault):
        along(lambda t: [function(np.array(t))])


def test_differences_of_an_empty_output_are_empty():
    line = along(lambda t: [np.zeros((0, 2))])
    assert line.first[0].value.shape == line.second[0].value.shape == (0, 2)
