"""Arrays of formulas, and how many of them one tensor may have."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tapecheck.lifecycle.expression import Expression

MOST_ELEMENTS = 8
"""The size of the largest tensor that scripts compute with."""


def as_array(formulas: Any) -> np.ndarray:
    """An array again, where arithmetic made a formula of an array without axes."""
    return np.asarray(formulas, dtype=object)


def each(function: Callable[[Any], Expression], array: np.ndarray) -> np.ndarray:
    """A function of every element, as an array of formulas of the same shape."""
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(*array.shape):
        result[index] = function(array[index])
    return result
