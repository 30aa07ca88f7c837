"""The oracle against derivatives that mpmath knows, and against closed forms."""

import itertools

import mpmath
import numpy as np
import pytest

from tapecheck.oracles import hyperdual
from tapecheck.oracles.bounded import exact
from tapecheck.oracles.elementary import ELEMENTARY

POINTS = {
    "acosh": (1.2, 2.5),
    "asin": (-0.7, 0.3),
    "atanh": (-0.7, 0.3),
    "log": (0.4, 3.0),
    "log1p": (-0.6, 2.0),
    "reciprocal": (-0.5, 2.5),
    "rsqrt": (0.4, 3.0),
    "sqrt": (0.4, 3.0),
}
"""Where functions are smooth; the others are at -1.3 and 0.8."""

KNOWN = {
    "abs": abs,
    "cosh": mpmath.cosh,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "leaky_relu": lambda x: x if x > 0 else x / 4,
    "log_sigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "log1p": lambda x: mpmath.log(1 + x),
    "reciprocal": lambda x: 1 / x,
    "relu": lambda x: max(x, 0),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "square": lambda x: x * x,
}
"""Functions that mpmath has by no name or by another one."""


def _variables(*values, order=2):
    return hyperdual.basis([np.array(value) for value in values], order)


@pytest.mark.parametrize("name", sorted(ELEMENTARY))
def test_derivatives_of_elementary_functions_are_those_of_mpmath(name):
    function = KNOWN.get(name) or getattr(mpmath, name)
    with mpmath.workdps(60):
        for point in POINTS.get(name, (-1.3, 0.8)):
            found = ELEMENTARY[name](np.array([point]), 5)
            wanted = [float(mpmath.diff(function, mpmath.mpf(point), k)) for k in range(6)]
            np.testing.assert_allclose(np.ravel(found), wanted, rtol=1e-11, atol=1e-12)


def test_powers_have_the_derivatives_of_mpmath():
    for exponent, point in itertools.product((3.0, -2.0, 0.5, 1.7), (0.6, 2.1)):
        (x,) = _variables(point, order=3)
        found = [float(term.value.ravel()[0]) for term in hyperdual.raised(x, exponent).terms]
        wanted = [float(mpmath.diff(lambda t, e=exponent: t**e, point, k)) for k in range(4)]
        np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_mixed_derivatives_of_a_nested_formula_are_those_of_mpmath():
    def formula(x, y):
        return hyperdual.elementary("exp", hyperdual.multiply(hyperdual.elementary("sin", x), y))

    found = formula(*_variables(0.7, -0.4, order=3))
    for k in range(4):
        for directions in itertools.product((0, 1), repeat=k):
            orders = (directions.count(0), directions.count(1))
            wanted = mpmath.diff(
                lambda x, y: mpmath.exp(mpmath.sin(x) * y), (0.7, -0.4), orders if k else (0, 0)
            )
            assert found.terms[k].value[directions] == pytest.approx(float(wanted), rel=1e-8)


def test_products_of_matrices_have_the_derivatives_of_matrix_calculus():
    a, b = np.arange(1.0, 7.0).reshape(2, 3), np.arange(2.0, 8.0).reshape(3, 2) / 4
    c = hyperdual.bilinear("ij,jk->ik", *_variables(a, b))
    np.testing.assert_allclose(c.value, a @ b)
    first = c.terms[1].value
    np.testing.assert_allclose(first[:6].reshape(2, 3, 2, 2)[1, 2], [[0, 0], b[2]])
    np.testing.assert_allclose(first[6:].reshape(3, 2, 2, 2)[1, 0], [[a[0, 1], 0], [a[1, 1], 0]])
    second = c.terms[2].value
    for i, j, m, k in itertools.product(range(2), range(3), range(3), range(2)):
        by_both = second[3 * i + j, 6 + 2 * m + k]
        expected = np.zeros((2, 2))
        expected[i, k] = float(j == m)
        np.testing.assert_array_equal(by_both, expected)


def test_a_linear_function_is_known_by_its_values():
    (x,) = _variables(np.array([1.0, 2.0, 4.0]))
    y = hyperdual.linear(lambda a: np.cumsum(a)[::-1] + 3.0, "running sum", x)
    np.testing.assert_array_equal(y.value, [10.0, 6.0, 4.0])
    np.testing.assert_array_equal(y.terms[1].value, [[1, 1, 1], [1, 1, 0], [1, 0, 0]])
    assert not y.terms[2].value.any()


def test_linear_functions_with_different_keys_are_told_apart():
    (x,) = _variables(np.array([1.0, 2.0]))
    once = hyperdual.linear(lambda a: a, ("scale", 1), x)
    twice = hyperdual.linear(lambda a: 2 * a, ("scale", 2), x)
    np.testing.assert_array_equal(twice.value, 2 * once.value)


def test_the_gradient_of_a_function_is_carried_like_any_other_value():
    def cubes_by_sines(operands):
        x, y = operands
        return hyperdual.multiply(hyperdual.raised(x, 3.0), hyperdual.elementary("sin", y))

    x, y = _variables(1.3, 0.6)
    inner = hyperdual.elementary("exp", x)
    gradient = hyperdual.gradient_of_sum(cubes_by_sines, 0, [inner, y])

    def formula(a, b):
        return 3 * mpmath.exp(a) ** 2 * mpmath.sin(b)

    for k in range(3):
        for directions in itertools.product((0, 1), repeat=k):
            orders = (directions.count(0), directions.count(1))
            wanted = float(mpmath.diff(formula, (1.3, 0.6), orders))
            assert gradient.terms[k].value[directions] == pytest.approx(wanted, rel=1e-8)


def test_the_bound_holds_for_single_precision():
    rng = np.random.RandomState(7)
    epsilon = float(np.finfo(np.float32).eps)
    for _ in range(50):
        a, b = (rng.uniform(0.5, 2.0, 4).astype(np.float32) for _ in range(2))
        x, y = _variables(a, b, order=1)
        product = hyperdual.multiply(hyperdual.elementary("sin", x), y)
        result = hyperdual.elementary(
            "exp", hyperdual.add(product, hyperdual.linear(np.negative, "-", y))
        )
        computed = np.exp(np.sin(a) * b - b)
        slope = computed * np.cos(a) * b
        assert computed.dtype == slope.dtype == np.float32
        for actual, term in ((computed, result.terms[0]), (np.diag(slope), result.terms[1])):
            known = term.rearranged(lambda array: array[:4])
            assert (np.abs(actual - known.value) <= epsilon * known.error).all()


def test_the_bound_remembers_what_cancelled():
    x, y = _variables(1.0, 1.0 - 2.0**-30, order=1)
    difference = hyperdual.add(
        hyperdual.elementary("exp", x),
        hyperdual.linear(np.negative, "-", hyperdual.elementary("exp", y)),
    )
    assert abs(difference.value) < 1e-8
    assert difference.terms[0].error > np.e


def test_constants_have_no_derivatives():
    (x,) = _variables(np.array([1.0, 2.0]))
    one = hyperdual.constant([3.0, 4.0], x)
    assert [term.shape for term in one.terms] == [(2,), (2, 2), (2, 2, 2)]
    assert not any(term.value.any() for term in one.terms[1:])


def test_what_is_exact_has_no_error():
    assert not exact(np.array([0.1, -3.0])).error.any()
