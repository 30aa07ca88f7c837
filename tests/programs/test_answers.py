"""What the oracle answers of programs, against derivatives worked out by hand."""

import numpy as np
import pytest

from tapecheck import Broken
from tapecheck.programs import Answers, Path, Program, agree, check
from tapecheck.programs.program import Operation, Source

X, Y = Source((2,), (0.5, 1.25)), Source((2,), (2.0, -0.75))
CUBES = Program(
    (X, Y), (Operation("power", (0,), (("number", 3),)), Operation("multiply", (2, 1))), (3,)
)
"""x ** 3 * y"""


def _x_and_y():
    return X.array, Y.array


def test_gradients_are_those_of_calculus():
    x, y = _x_and_y()
    by_x, by_y = Answers(CUBES).gradients()
    np.testing.assert_allclose(by_x.value, 3 * x**2 * y)
    np.testing.assert_allclose(by_y.value, x**3)


def test_cotangents_weigh_the_elements_of_targets():
    x, y = _x_and_y()
    by_x, _ = Answers(CUBES).gradients(cotangents=[np.array([2.0, 10.0])])
    np.testing.assert_allclose(by_x.value, 3 * x**2 * y * [2, 10])


def test_gradients_of_several_targets_are_their_sum():
    program = CUBES._replace(targets=(3, 2))
    x, y = _x_and_y()
    np.testing.assert_allclose(Answers(program).gradients()[0].value, 3 * x**2 * (y + 1))
    np.testing.assert_allclose(Answers(program).gradients([1])[0].value, 3 * x**2)


def test_jacobians_have_the_axes_of_the_target_first():
    matrix = Source((2, 3), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
    program = Program(
        (matrix,), (Operation("reduce_sum", (0,), (("axes", (1,)), ("keep", False))),), (1,)
    )
    (jacobian,) = Answers(program).jacobians()
    np.testing.assert_array_equal(jacobian.value, np.repeat(np.eye(2), 3).reshape(2, 2, 3))


def test_hessians_are_those_of_calculus():
    x, y = _x_and_y()
    (xx, xy), (yx, yy) = Answers(CUBES).hessians()
    np.testing.assert_allclose(xx.value, np.diag(6 * x * y))
    np.testing.assert_allclose(xy.value, np.diag(3 * x**2))
    np.testing.assert_allclose(yx.value, np.diag(3 * x**2))
    assert not yy.value.any()


def test_products_and_derivatives_along_directions_follow_from_the_hessian():
    x, y = _x_and_y()
    v, w = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    by_x, by_y = Answers(CUBES).products([v, w])
    np.testing.assert_allclose(by_x.value, 6 * x * y * v + 3 * x**2 * w)
    np.testing.assert_allclose(by_y.value, 3 * x**2 * v)
    along = Answers(CUBES).along
    np.testing.assert_allclose(along([v, w], 1).value, (3 * x**2 * y * v + x**3 * w).sum())
    second = 6 * x * y * v * v + 2 * 3 * x**2 * v * w
    np.testing.assert_allclose(along([v, w], 2).value, second.sum())


def test_an_answer_within_rounding_is_accepted():
    (exact, _) = Answers(CUBES).gradients()
    check(np.float32(exact.value), exact)


def test_an_answer_that_is_off_by_more_than_rounding_is_refused():
    (exact, _) = Answers(CUBES).gradients()
    with pytest.raises(Broken):
        check(exact.value * (1 + 1e-12), exact)


def test_none_is_demanded_allowed_or_refused_as_the_path_says():
    (exact, _) = Answers(CUBES).gradients()
    nothing = exact.rearranged(np.zeros_like)
    check(None, nothing, Path.NONE)
    check(None, nothing, Path.PERHAPS)
    check(nothing.value, nothing, Path.PERHAPS)
    with pytest.raises(Broken):
        check(None, nothing, Path.CERTAIN)
    with pytest.raises(Broken):
        check(nothing.value, nothing, Path.NONE)
    with pytest.raises(Broken):
        check(None, exact, Path.PERHAPS)


def test_two_answers_agree_within_rounding_or_are_both_none():
    (exact, _) = Answers(CUBES).gradients()
    agree(exact.value, exact.value * (1 + 1e-16), exact)
    agree(None, None, exact)
    with pytest.raises(Broken):
        agree(None, exact.value, exact)
    with pytest.raises(Broken):
        agree(exact.value, exact.value * (1 + 1e-12), exact)
