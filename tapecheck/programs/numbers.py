"""Weights and directions: arrays of numbers of a few digits."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

_NUMBERS = (1.0, -0.5, 2.0, 0.25, -1.5, 0.75, 1.25, -2.0, 0.5, -0.75, 1.75)


def numbers(shape: Sequence[int], start: int = 0) -> Any:
    """An array of some shape; another number to start with gives other elements."""
    size = int(np.prod(shape, dtype=int))
    taken = [_NUMBERS[(start + place) % len(_NUMBERS)] for place in range(size)]
    return np.array(taken).reshape(tuple(shape))


def direction(shape: Sequence[int], number: int) -> Any:
    """The direction in which the source with a number is differentiated."""
    return numbers(shape, 5 + 2 * number)
