"""The bounds on rounding."""

import numpy as np
import pytest

from tapecheck.tolerance import ULPS, bound, epsilon, ulps


@pytest.mark.parametrize(
    ("dtype", "spacing"),
    [
        ("float16", 2.0**-10),
        ("float32", 2.0**-23),
        ("float64", 2.0**-52),
        ("complex64", 2.0**-23),
        ("complex128", 2.0**-52),
        ("int32", 0.0),
        ("bool", 0.0),
    ],
)
def test_epsilon_is_the_spacing_of_numbers_at_one(dtype, spacing):
    assert epsilon(dtype) == spacing


def test_the_bound_grows_with_each_element_and_not_with_its_neighbours():
    limits = bound([1.0, 1000.0], "float32")
    assert limits.tolist() == [ULPS * 2.0**-23, 1000 * ULPS * 2.0**-23]


def test_an_exact_zero_allows_nothing_unless_something_cancelled():
    assert bound(0.0, "float32") == 0.0
    assert bound(0.0, "float32", magnitude=2.0) == 2 * ULPS * 2.0**-23


def test_ulps_count_from_the_expected_value():
    assert ulps(np.array([3 * 2.0**-23 * 4.0]), np.array([4.0]), "float32") == pytest.approx(3)


def test_ulps_of_an_exact_zero_count_from_the_largest_neighbour():
    assert ulps([2.0**-23 * 8, 0.0], [0.0, 8.0], "float32") == pytest.approx(1)
