"""One question to a tape: an operation at a point, along a direction, with exact answers.

All clauses ask of the same things. With the operation y = f(x), a direction v of its inputs, and
a cotangent w of its outputs:

========== ============================== =======================================
quantity   definition                     who computes it
========== ============================== =======================================
tangent    derivative of f along v        forward mode; the second backward pass
curvature  second derivative along v      forward mode over forward mode
gradient   w times the jacobian of f      the backward pass
product    gradient of (gradient times v) backward over backward, forward over it
========== ============================== =======================================

The sum of gradient times v is the sum of w times tangent, and the sum of product times v is the
sum of w times curvature. An elementwise operation is asked with the same v at all points and with
w = 1, where gradient and product are known element by element as well.
"""

# mypy: no-warn-return-any
from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from tapecheck.operators import samples
from tapecheck.operators.differences import Line, along
from tapecheck.operators.errors import OracleFault
from tapecheck.operators.exact import DIRECTION, ORDINARY, Exact, exact, function
from tapecheck.operators.floats import format_of
from tapecheck.operators.table import Row


class Known(NamedTuple):
    """An array that is known, to within `error`.

    Attributes:
        value: float64 or complex128.
        error: how far off the oracle itself may be.
        shift: how far the value moves per relative error of the inputs, beside its own size.
    """

    value: np.ndarray
    error: np.ndarray
    shift: np.ndarray


class Problem(NamedTuple):
    """The question and its answers; arrays in the order of inputs or of outputs.

    Attributes:
        inputs, directions: of the shapes of the inputs.
        cotangents: of the shapes of the outputs.
        outputs, tangents, curvatures: known for every output; outputs is None where only the
            forward computation of the implementation says what they are.
        gradients, products: known for every input of an elementwise operation, else None.
        condition: how many times the rounding of the inputs shows in the results.
    """

    inputs: Tuple[np.ndarray, ...]
    directions: Tuple[np.ndarray, ...]
    cotangents: Tuple[np.ndarray, ...]
    outputs: Optional[Tuple[Known, ...]]
    tangents: Tuple[Known, ...]
    curvatures: Tuple[Known, ...]
    gradients: Optional[Tuple[Known, ...]]
    products: Optional[Tuple[Known, ...]]
    condition: float


Forward = Callable[..., Sequence[np.ndarray]]
"""The operation in float64 or complex128, from arrays to arrays."""


def at_points(row: Row, points: np.ndarray, dtype: str, step: int = ORDINARY) -> Problem:
    """An elementwise operation at points, those left out that `dtype` cannot hold or answer.

    Args:
        row: an elementwise row.
        points: one point a row, float64.
        dtype: in which the implementation will compute.
        step: of the differences, as `tapecheck.operators.exact` has it.
    """
    arguments = tuple(row.domain)
    kink = function(row.kink, arguments) if row.kink else None
    kept: List[Tuple[float, ...]] = []
    answers: List[Exact] = []
    for point in points:
        if not format_of(dtype).holds(point) or (kink is not None and kink(*point) == 0):
            continue
        answer = exact(_expression(row), arguments, tuple(float(x) for x in point), step)
        if _representable(answer, dtype):
            kept.append(tuple(point))
            answers.append(answer)
    return _elementwise(kept, answers, len(arguments), row.condition)


def _expression(row: Row) -> str:
    """The expression with the constants of the row put in."""
    if not row.constants:
        return row.value
    return "(lambda {}: {})({})".format(
        ", ".join(row.constants),
        row.value,
        ", ".join("mpf({!r})".format(value) for value in row.constants.values()),
    )


def without_answers(inputs: Tuple[np.ndarray, ...]) -> Problem:
    """A point at which nothing is known, so that only several ways to an answer are compared."""
    return Problem(inputs, inputs, (), None, (), (), None, None, 1.0)


def reshaped(problem: Problem, shape: Tuple[int, ...]) -> Problem:
    """An elementwise problem with its points, as many as fit, in another shape."""
    size = int(np.prod(shape, dtype=int))

    def change(one: Any) -> Any:
        if isinstance(one, Known):
            return Known(*(change(array) for array in one))
        if isinstance(one, tuple):
            return tuple(change(each) for each in one)
        return one[:size].reshape(shape) if isinstance(one, np.ndarray) else one

    return Problem(*(change(one) for one in problem))


def at_limits(row: Row) -> Problem:
    """The limits of an elementwise operation, as the table states them."""
    count = len(row.domain)
    answers = [
        Exact(
            float(limit["value"]),
            tuple(float(x) for x in limit["first"]),
            tuple(float(x) for x in limit["second"]),
            (0.0, (0.0,) * count, (0.0,) * count),
            (0.0, 0.0, 0.0),
        )
        for limit in row.limits
    ]
    points = [tuple(float(x) for x in limit["at"]) for limit in row.limits]
    return _elementwise(points, answers, count, row.condition)


def _elementwise(
    points: Sequence[Tuple[float, ...]], answers: Sequence[Exact], count: int, condition: float
) -> Problem:
    size = len(points)
    columns = tuple(np.array([p[i] for p in points], dtype=np.float64) for i in range(count))
    directions = tuple(np.full(size, DIRECTION[i]) for i in range(count))

    def known(order: int, choose: Callable[[Any], float]) -> Known:
        values = [choose((a.value, a.first, a.second)) for a in answers]
        errors = [a.error[order] for a in answers]
        shifts = [choose(a.shift) for a in answers]
        return Known(*(np.array(each, dtype=np.float64) for each in (values, errors, shifts)))

    first = tuple(known(1, lambda parts, i=i: parts[1][i]) for i in range(count))  # type: ignore[misc]
    second = tuple(known(2, lambda parts, i=i: parts[2][i]) for i in range(count))  # type: ignore[misc]
    return Problem(
        inputs=columns,
        directions=directions,
        cotangents=(np.ones(size),),
        outputs=(known(0, lambda parts: parts[0]),),
        tangents=(_sum(first, directions),),
        curvatures=(_sum(second, directions),),
        gradients=first,
        products=second,
        condition=condition,
    )


def _sum(terms: Sequence[Known], directions: Sequence[np.ndarray]) -> Known:
    pairs = list(zip(terms, directions))
    return Known(
        np.asarray(sum(term.value * v for term, v in pairs)),
        np.asarray(sum(term.error * v for term, v in pairs)),
        np.asarray(sum((term.shift + np.abs(term.value)) * v for term, v in pairs)),
    )


def along_line(
    row: Row,
    forward: Forward,
    seed: int,
    dtype: str = "float64",
    shapes: Optional[Dict[str, Tuple[int, ...]]] = None,
) -> Problem:
    """An operation at a random point, along a random direction, by differences of `forward`.

    Raises:
        OracleFault: the differences do not tell.
    """
    random = samples.generator(seed, row.name, sorted((shapes or {}).items()))
    is_complex = dtype.startswith("complex")
    draw = _complex_draw if is_complex else _real_draw
    inputs, directions = [], []
    for name, one in row.inputs.items():
        shape = (shapes or {}).get(name, one.shape)
        inputs.append(draw(lambda one=one, shape=shape: samples.tensor(one, shape, random)))  # type: ignore[misc]
        directions.append(row.reach * draw(lambda shape=shape: samples.direction(shape, random)))  # type: ignore[misc]
    line, reach = _smooth_line(forward, inputs, directions, row.condition)
    directions = [reach * v for v in directions]
    cotangents = []
    for output in line.value:
        draw = _complex_draw if output.dtype.kind == "c" else _real_draw
        cotangents.append(draw(lambda output=output: samples.direction(output.shape, random)))  # type: ignore[misc]
    zeros = [np.zeros(output.shape) for output in line.value]
    return Problem(
        inputs=tuple(inputs),
        directions=tuple(directions),
        cotangents=tuple(cotangents),
        outputs=None,
        tangents=tuple(Known(*e, _largest(e.value, z)) for e, z in zip(line.first, zeros)),
        curvatures=tuple(Known(*e, _largest(e.value, z)) for e, z in zip(line.second, zeros)),
        gradients=None,
        products=None,
        condition=row.condition,
    )


_REACHES = (1.0, 1.0 / 4, 1.0 / 16)


def _smooth_line(
    forward: Forward,
    inputs: Sequence[np.ndarray],
    directions: Sequence[np.ndarray],
    condition: float,
) -> Tuple[Line, float]:
    """The derivatives along a direction, or along the same one scaled where a kink is near."""
    for reach in _REACHES:
        try:
            line = along(
                lambda t, reach=reach: forward(  # type: ignore[misc]
                    *(x + t * reach * v for x, v in zip(inputs, directions))
                ),
                condition,
            )
            return line, reach
        except OracleFault:
            if reach == _REACHES[-1]:
                raise
    raise AssertionError("there is a reach")


def _real_draw(draw: Callable[[], np.ndarray]) -> np.ndarray:
    return draw()


def _complex_draw(draw: Callable[[], np.ndarray]) -> np.ndarray:
    return draw() + 1j * draw()


def _largest(value: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """What rounding of the largest element may do to all."""
    return zeros + np.max(np.abs(value), initial=0.0)


def _representable(answer: Exact, dtype: str) -> bool:
    """Whether value and derivatives stay clear of overflow."""
    numbers = np.array([answer.value, *answer.first, *answer.second])
    return bool(
        np.all(np.isfinite(numbers)) and np.all(np.abs(numbers) < format_of(dtype).greatest / 8)
    )
