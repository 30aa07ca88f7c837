"""What a tape must know of derivatives that the library computes."""

from __future__ import annotations

from typing import Any, Callable, Dict, Sequence

from . import xp

PIECEWISE_CONSTANT = frozenset(["floor", "ceil", "rint", "floordiv"])
"""Operations that no gradient passes: a source behind them is unconnected."""

WITHOUT_DERIVATIVE = frozenset(["unique"])
"""Operations that cannot be differentiated at all."""

OWN: Dict[str, Callable[..., Any]] = xp.DIFFERENTIABLE
"""By name, the function of arrays that stands for an operation where it is differentiated."""


def _nothing(position: int, count: int) -> Sequence[int]:
    return ()


def _others(position: int, count: int) -> Sequence[int]:
    return [other for other in range(count) if other != position]


def everything(position: int, count: int) -> Sequence[int]:
    """All inputs."""
    return range(count)


def _quotient(position: int, count: int) -> Sequence[int]:
    return (0, 1) if position else (1,)


def _remainder(position: int, count: int) -> Sequence[int]:
    return (0, 1) if position else ()


def _solution(position: int, count: int) -> Sequence[int]:
    return (0,) if position else (0, 1)


Reads = Callable[[int, int], Sequence[int]]
"""From the position of an input, and their number, to the inputs whose values its pullback reads.

It decides what a record keeps alive, and whether the gradient is connected to an input: that of a
linear operation is not. Everything is read unless it is said otherwise here."""

READS: Dict[str, Reads] = dict.fromkeys(
    (
        "identity", "negative", "conj", "real", "imag", "complex", "cast", "add", "subtract",
        "select", "sum", "cumsum", "reshape", "transpose", "broadcast", "concat", "stack",
        "unstack", "take", "scatter", "windows", "overlap", "fft", "ifft",
    ),
    _nothing,
)  # fmt: skip
READS.update(dict.fromkeys(("multiply", "matmul", "einsum"), _others))
READS.update(realdiv=_quotient, floormod=_remainder, solve=_solution)
