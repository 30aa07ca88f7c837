"""What operators are sampled on: points that every dtype holds exactly, drawn from a seed."""

# mypy: no-warn-return-any
from __future__ import annotations

import zlib
from typing import Any, Sequence, Tuple

import numpy as np

from tapecheck.operators.table import Input

_BITS = 7
"""Significant bits of what is drawn: so many as the narrowest dtype, bfloat16, holds."""

_SPACING = 0.5


def generator(seed: int, *words: Any) -> np.random.RandomState:
    """What draws for one row: its stream depends on the seed and the words alone."""
    text = " ".join(str(word) for word in (seed, *words))
    return np.random.RandomState(zlib.crc32(text.encode("utf-8")))


def short(values: Any) -> np.ndarray:
    """The nearest numbers of few significant bits, which float16, bfloat16 and all others hold."""
    array = np.asarray(values)
    if array.dtype.kind == "c":
        return short(array.real) + 1j * short(array.imag)
    mantissa, exponent = np.frexp(array.astype(np.float64))
    return np.ldexp(np.round(mantissa * 2**_BITS) / 2**_BITS, exponent)


def tensor(one: Input, shape: Sequence[int], random: np.random.RandomState) -> np.ndarray:
    """Real elements of one input, float64, of the given shape."""
    shape = tuple(shape)
    size = int(np.prod(shape, dtype=int))
    if one.values is not None:
        return np.array(one.values).reshape(shape)
    if one.sample == "normal":
        return short(np.clip(random.normal(size=shape), -2.5, 2.5))
    if one.sample == "uniform":
        return short(random.uniform(one.low, one.high, size=shape))
    if one.sample == "distinct":
        grid = (np.arange(size) - size // 2 + 0.5) * _SPACING
        return random.permutation(grid).reshape(shape)
    if one.sample == "regular":
        noise = short(random.uniform(-0.4, 0.4, size=shape))
        return noise + 2.0 * np.eye(shape[-2], shape[-1])
    raise ValueError("unknown sample {!r}".format(one.sample))


def direction(shape: Sequence[int], random: np.random.RandomState) -> np.ndarray:
    """Elements between 1/4 and 1 in size, of either sign."""
    sign = random.choice([-1.0, 1.0], size=tuple(shape))
    return sign * short(random.uniform(0.25, 1.0, size=tuple(shape)))


def points(
    domain: Sequence[Tuple[float, float]], count: int, random: np.random.RandomState
) -> np.ndarray:
    """Points of a box, one a row."""
    columns = [short(random.uniform(low, high, size=count)) for low, high in domain]
    return np.stack(columns, axis=1)
