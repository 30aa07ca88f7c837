"""The assertions: what they accept, what they refuse, and in which words."""

import collections

import numpy as np
import pytest

from tapecheck import (
    Broken,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    assert_structure,
    raises,
)
from tapecheck.tolerance import ULPS

Pair = collections.namedtuple("Pair", "a b")
EPSILON = float(np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.float32(12.0), 12.0),
        (np.float32(12.0 * (1 + (ULPS - 1) * EPSILON)), 12.0),
        (np.array([[2.0, 0.0], [0.0, 4.0]]), [[2, 0], [0, 4]]),
        (np.complex64(2 - 4j), 2 - 4j),
        (np.zeros((0, 3), np.float32), np.zeros((0, 3))),
        (np.array([np.nan, np.inf, -np.inf]), [np.nan, np.inf, -np.inf]),
        (np.int32(3), 3),
    ],
)
def test_a_value_within_a_few_roundings_is_close(actual, expected):
    assert_close(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        (None, 6.0, "actual:   None"),
        (np.float32(12.0 * (1 + (ULPS + 2) * EPSILON)), 12.0, "ULP"),
        (np.float32(1e-30), 0.0, "difference"),
        (np.float32([6.0]), 6.0, "shapes differ"),
        (np.float32([1.0, 2.0]), [2.0, 1.0], r"\[2., 1.\] \(float64, shape \(2,\)\)"),
        (np.float32(np.nan), 6.0, "not of the expected finite"),
        (np.float32(6.0), np.nan, "not of the expected finite"),
        (np.float32(-np.inf), np.inf, "not of the expected finite"),
        (np.complex64(2 + 4j), 2 - 4j, "8"),
        (np.int32(3), 4, "difference"),
        ("six", 6.0, "six"),
        ([np.float32(1.0), None], [1.0, 2.0], "actual"),
    ],
)
def test_a_value_that_is_further_off_is_refused(actual, expected, words):
    with pytest.raises(Broken, match=words):
        assert_close(actual, expected)


def test_a_float64_is_held_to_the_precision_of_float64():
    with pytest.raises(Broken):
        assert_close(np.float64(12.0) * (1 + 4 * EPSILON), 12.0)


def test_cancellation_is_allowed_for_by_the_magnitude_of_what_cancelled():
    residue = np.float32(1000.0 * EPSILON)
    with pytest.raises(Broken):
        assert_close(residue, 0.0)
    assert_close(residue, 0.0, magnitude=1000.0)


def test_the_dtype_is_checked_where_it_is_asked_for():
    assert_close(np.float32(1.0), 1.0, dtype="float32")
    with pytest.raises(Broken, match="dtype float32"):
        assert_close(np.float64(1.0), 1.0, dtype="float32")


def test_a_value_that_numpy_cannot_read_is_refused():
    class Unreadable:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("no")

    with pytest.raises(Broken, match="a Unreadable that NumPy cannot read"):
        assert_close(Unreadable(), 1.0)


def test_none_is_told_from_zero():
    assert_none(None)
    with pytest.raises(Broken, match="expected: None"):
        assert_none(np.float32(0.0))


def test_equality_is_of_value_and_type():
    assert_equal("float32", "float32")
    with pytest.raises(Broken):
        assert_equal(1, True)
    with pytest.raises(Broken):
        assert_equal("float32", "float64")


def test_identity_is_told_from_equality():
    one = [1]
    assert_same(one, one)
    with pytest.raises(Broken):
        assert_same([1], one)


def test_a_structure_is_compared_leaf_by_leaf():
    actual = {"a": [np.float32(1.0), None], "b": (np.float32([2.0, 3.0]),)}
    assert_structure(actual, {"a": [1.0, None], "b": (np.array([2.0, 3.0]),)})
    assert_structure(Pair(np.float32(1.0), None), Pair(1.0, None))


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([1.0], (1.0,)),
        ([1.0], [1.0, 2.0]),
        ([1.0, 2.0], [1.0]),
        ({"a": 1.0}, {"b": 1.0}),
        ((1.0, 2.0), Pair(1.0, 2.0)),
        ([None], [0.0]),
        ([0.0], [None]),
        ({"a": [1.0, 3.0]}, {"a": [1.0, 2.0]}),
        (1.0, [1.0]),
    ],
)
def test_another_structure_or_leaf_is_refused(actual, expected):
    with pytest.raises(Broken):
        assert_structure(actual, expected)


def test_the_place_of_the_leaf_that_differs_is_named():
    with pytest.raises(Broken, match=r"expected: at \['a'\] at \[1\] 2\."):
        assert_structure({"a": [1.0, 3.0]}, {"a": [1.0, 2.0]})


def test_the_expected_exception_with_its_words_is_accepted():
    with raises(ValueError, "UNKNOWN", "nonsense"):
        raise ValueError("unknown value 'nonsense'")
    with raises((TypeError, ValueError)):
        raise TypeError("no")


def test_a_block_that_raises_nothing_is_refused():
    with pytest.raises(Broken, match="nothing was raised"), raises(ValueError):
        pass


def test_another_exception_is_refused():
    with pytest.raises(Broken, match="KeyError: 'boom'"), raises(ValueError):
        raise KeyError("boom")


def test_an_exception_without_the_words_is_refused():
    with pytest.raises(Broken, match="speaks of 'persistent'"), raises(ValueError, "persistent"):
        raise ValueError("something else")


def test_a_broken_promise_inside_the_block_is_not_hidden_by_another_expectation():
    with pytest.raises(Broken, match="expected: None"), raises(AssertionError, "words"):
        assert_none(1)
