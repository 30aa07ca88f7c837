"""Exact values and derivatives of elementwise operations, by mpmath.

A derivative is the central difference of the mpmath expression at a working precision so high
that what the difference loses is far below the last place of float64.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import mpmath
import numpy as np

_DIGITS = 50

ORDINARY, EXTREME = 12, 40
"""Steps of differences: 10**-step of the point. A difference neglects the square of its step."""


DIRECTION = (1.0, 0.5, 0.25)
"""Along what operations of several arguments are differentiated twice: not their diagonal, along
which much is constant."""


class Exact(NamedTuple):
    """What is known at one point of a function of n arguments.

    Attributes:
        value: the value.
        first: the n first derivatives.
        second: for each argument the derivative by it of the sum of all first derivatives, each
            times its entry of `DIRECTION`.
        shift: how far value, first and second move when each argument moves by its own size,
            in the linear approximation, and how large the terms of the sum are: what multiplies
            a relative error.
        error: how far off value, first and second may be.
    """

    value: float
    first: Tuple[float, ...]
    second: Tuple[float, ...]
    shift: Tuple[float, Tuple[float, ...], Tuple[float, ...]]
    error: Tuple[float, float, float]


@functools.lru_cache(maxsize=None)
def function(expression: str, arguments: Tuple[str, ...]) -> Callable[..., Any]:
    """The expression as a function, in the words of mpmath and a few more."""
    names: Dict[str, Any] = {name: getattr(mpmath, name) for name in dir(mpmath)}
    names.update(_WORDS)
    source = "lambda {}: {}".format(", ".join(arguments), expression)
    made: Callable[..., Any] = eval(source, names)
    return made


@functools.lru_cache(maxsize=100000)
def exact(
    expression: str, arguments: Tuple[str, ...], point: Tuple[float, ...], step: int = ORDINARY
) -> Exact:
    """Value and derivatives at a point, correct to more places than float64 has.

    Args:
        expression: in the words of `function`, over the arguments.
        arguments: the names.
        point: their values.
        step: `EXTREME` where derivatives are far smaller than the value.
    """
    sizes = [abs(x) if x else 1.0 for x in point]
    digits = _DIGITS + 4 * step + int(max(0.0, -3 * np.log10(min(sizes))))
    digits += int(max(0.0, np.log10(max(sizes))))
    with mpmath.workdps(digits):
        compute = function(expression, arguments)
        center = [mpmath.mpf(x) for x in point]
        steps = [mpmath.mpf(size) * mpmath.mpf(10) ** -step for size in sizes]
        here, sizes_of_terms = _derivatives(compute, center, steps)
        # Not all by the same factor, which leaves a function of their ratio where it is.
        moved = [
            x + 1000 * (one if index % 2 else -one) * (1 if x else 0)
            for index, (x, one) in enumerate(zip(center, steps))
        ]
        there, _ = _derivatives(compute, moved, steps)
        scale = mpmath.mpf(10) ** step / 1000
        numbers = [_number(one) for one in here]
        moves = [_number(abs(a - b) * scale) for a, b in zip(here, there)]
        terms = [_number(one) for one in sizes_of_terms]
    count = len(point)
    value, first, second = numbers[0], tuple(numbers[1 : 1 + count]), tuple(numbers[1 + count :])
    size = min(sizes)
    neglected = 10.0 ** (2 - 2 * step) * (
        float(0.0 in point)
        + abs(value)
        + size * sum(map(abs, first))
        + size**2 * sum(map(abs, second))
    )
    return Exact(
        value,
        first,
        second,
        (
            moves[0],
            tuple(moves[1 : 1 + count]),
            tuple(a + b for a, b in zip(moves[1 + count :], terms)),
        ),
        (0.0, neglected / size, neglected / size / size),
    )


def _derivatives(
    compute: Any, center: Sequence[Any], steps: Sequence[Any]
) -> Tuple[List[Any], List[Any]]:
    """Value, first derivatives and those of their sum, and how large the terms of the sum are."""
    count = len(center)

    def at(*moves: int) -> Any:
        return compute(*(x + move * step for x, move, step in zip(center, moves, steps)))

    origin = (0,) * count
    values = {origin: at(*origin)}
    for axis in range(count):
        for sign in (-1, 1):
            values[_moved(origin, axis, sign)] = at(*_moved(origin, axis, sign))
    first = [
        (values[_moved(origin, i, 1)] - values[_moved(origin, i, -1)]) / (2 * steps[i])
        for i in range(count)
    ]
    second = [
        (values[_moved(origin, i, 1)] - 2 * values[origin] + values[_moved(origin, i, -1)])
        / steps[i] ** 2
        * DIRECTION[i]
        for i in range(count)
    ]
    sizes = [abs(one) for one in second]
    for i, j in itertools.combinations(range(count), 2):
        corners = [
            sign * other * at(*_moved(_moved(origin, i, sign), j, other))
            for sign in (-1, 1)
            for other in (-1, 1)
        ]
        mixed = sum(corners) / (4 * steps[i] * steps[j])
        for one, other in ((i, j), (j, i)):
            second[one] += mixed * DIRECTION[other]
            sizes[one] += abs(mixed) * DIRECTION[other]
    return [values[origin], *first, *second], sizes


def _moved(place: Tuple[int, ...], axis: int, sign: int) -> Tuple[int, ...]:
    return (*place[:axis], sign, *place[axis + 1 :])


def _number(one: Any) -> float:
    """As a float; infinite where it is beyond them."""
    real = mpmath.re(one)
    return float(real) if not mpmath.isnan(real) else float("nan")


def _macdonald(order: int, x: Any) -> Any:
    """The modified Bessel function K of a whole order, much faster than by mpmath's series.

    The trapezoidal rule on the integral of exp(-x cosh t) cosh(order t) over t from 0, whose error
    falls as exp(-pi**2 / step) (Watson 6.22; Trefethen and Weideman, 2014).
    """
    step = mpmath.pi**2 / (mpmath.mp.prec * mpmath.log(2) + 8)
    total, t = mpmath.exp(-x) / 2, step
    while True:
        term = mpmath.exp(-x * mpmath.cosh(t)) * mpmath.cosh(order * t)
        total += term
        if term < total * mpmath.eps:
            return total * step
        t += step


_WORDS: Dict[str, Any] = {
    "where": lambda condition, yes, no: yes if condition else no,
    "besselk": _macdonald,
    "max": max,
    "min": min,
    "abs": abs,
}
"""What mpmath has no word for, or is slow at."""
