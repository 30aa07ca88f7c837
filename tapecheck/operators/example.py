"""A question that was answered wrongly, as a program that asks it again.

The operation, the numbers and the expected answer stand in the program; what a tape is let compute
it imports from `tapecheck.operators.programs`. It fails as long as the answer is the wrong one.
"""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from tapecheck.operators.floats import dtype_of
from tapecheck.operators.problem import Problem
from tapecheck.operators.table import DIFFERENCES, MPMATH, Row


class Asked(NamedTuple):
    """What a tape was asked to compute.

    Attributes:
        make: the function of `tapecheck.operators.programs` that makes the program.
        options: what it is given beside the namespace and the operation, as it is written.
        arguments: what the program is given: ``inputs``, ``directions`` or ``cotangents`` of the
            problem, or ``ones``, cotangents that are all one.
        compiled: the expression for what runs in the place of ``program``.
        dtype: in which dtype.
        problem: at which inputs.
    """

    make: str
    options: str
    arguments: Tuple[str, ...]
    compiled: str
    dtype: str
    problem: Problem


class Proof(NamedTuple):
    """How an answer is seen to be wrong.

    Attributes:
        actual: the expression for what is wrong; in it ``answers`` is what the program returned.
        holds: the condition on ``actual`` that a right answer meets.
        expected: the expression for what ``holds`` compares with; empty where it does not.
    """

    actual: str
    holds: str
    expected: str = ""


def element(read: str, place: int, expected: Any, allowed: float) -> Proof:
    """One element is further off than it may be."""
    holds = "abs(actual - expected) <= {!r}".format(float(allowed))
    return Proof(_element(read, place), holds, _number(expected))


def total(read: str, expected: float, allowed: float) -> Proof:
    """A number is further off than it may be."""
    return Proof(read, "abs(actual - expected) <= {!r}".format(float(allowed)), _number(expected))


def finite(read: str, place: int) -> Proof:
    """One element is not finite."""
    return Proof(_element(read, place), "np.isfinite(actual)")


def shape(read: str, expected: Tuple[int, ...]) -> Proof:
    """An array has another shape."""
    return Proof("array({}).shape".format(read), "actual == expected", repr(expected))


def presence(read: str) -> Proof:
    """None came in the place of an array."""
    return Proof(read, "actual is not None")


def _element(read: str, place: int) -> str:
    return "array({}).flat[{}].item()".format(read, place)


def program(
    row: Row, asked: Asked, proof: Optional[Proof], expected: str, before: str, after: str
) -> str:
    """The text of the program.

    Args:
        proof: None where the implementation raised instead of answering.
        expected: what was expected, in words.
        before, after: what came instead, in words, around what the program itself shows.
    """
    body = [*_setting(row, asked), *_call(asked)]
    if proof is None:
        raised = _message(expected, before, "told(error)", after)
        body = [*_setting(row, asked), *_caught(_call(asked), raised)]
    else:
        if proof.expected:
            body.append("expected = {}  # {}".format(proof.expected, _source(row, asked)))
        body += [
            "actual = " + proof.actual,
            "assert {}, (".format(proof.holds),
            *_message(expected, before, "repr(actual)", after),
            ")",
        ]
    words = "\n".join(body)
    helpers = [name for name in _HELPERS if name + "(" in words]
    return "\n".join(
        [
            "import numpy as np",
            "import tensorflow as tf",
            "",
            "from tapecheck.operators.programs import " + ", ".join(sorted([asked.make, *helpers])),
            "",
            "",
            words,
        ]
    )


_HELPERS = ("along", "applied", "array", "flat", "tensor", "told", "unknown")


def _setting(row: Row, asked: Asked) -> List[str]:
    """The lines that define the operation and what it is asked at."""
    lines = [
        "{} = {}".format(name, _constant(value, asked.dtype))
        for name, value in row.constants.items()
    ]
    lines += [
        "",
        "",
        "def operation({}):".format(", ".join(row.inputs)),
        "    return flat({})".format(row.call),
        "",
        "",
    ]
    lines += _lists("inputs", asked.problem.inputs, asked.dtype)
    if asked.problem.directions:
        lines += _lists("directions", asked.problem.directions, asked.dtype)
    if "cotangents" in asked.arguments:
        lines += _lists("cotangents", asked.problem.cotangents, asked.dtype, of_outputs=True)
    if "ones" in asked.arguments:
        lines.append("ones = [tf.ones_like(output) for output in operation(*inputs)]")
    return lines if row.constants else lines[2:]


def _lists(
    name: str, arrays: Sequence[np.ndarray], dtype: str, of_outputs: bool = False
) -> List[str]:
    """The lines that make tensors of arrays."""
    made = [
        "    tensor(tf, {}, {!r}),".format(
            _array(one), dtype_of(one, dtype) if of_outputs else dtype
        )
        for one in arrays
    ]
    return ["{} = [".format(name), *made, "]"]


def _call(asked: Asked) -> List[str]:
    """The lines that let the program run."""
    options = ", " + asked.options if asked.options else ""
    return [
        "program = {}(tf, operation{})".format(asked.make, options),
        "answers = {}({})".format(asked.compiled, ", ".join(asked.arguments)),
    ]


def _caught(call: Sequence[str], message: Sequence[str]) -> List[str]:
    """The lines that tell what the program, or the reading of its answers, raises."""
    return [
        *call[:-1],
        "try:",
        "    " + call[-1],
        "    arrays = [array(one) for one in flat(answers) if one is not None]",
        "except Exception as error:",
        "    raise AssertionError(",
        *("    " + line for line in message),
        "    ) from error",
    ]


def _message(expected: str, before: str, shown: str, after: str) -> List[str]:
    """The lines of an expression for what is told, within brackets."""
    return [
        "    {!r}".format("expected {}, ".format(expected)),
        "    {!r} + {} + {!r}".format("got {}".format(before), shown, after),
    ]


def _source(row: Row, asked: Asked) -> str:
    """Where the expected answer is from."""
    if row.oracle == MPMATH:
        return "by mpmath, of " + row.value
    if row.oracle == DIFFERENCES:
        return "by differences of the operation in float64"
    return "the other way"


def _constant(value: Any, dtype: str) -> str:
    """As `tapecheck.operators.programs` makes the constants of a row."""
    if isinstance(value, dict):
        return "tf.constant({!r}, tf.{})".format(value["values"], value["dtype"])
    read = np.asarray(value)
    if read.dtype.kind == "f":
        return "tensor(tf, {}, {!r})".format(_array(read), dtype)
    return "tf.constant({!r})".format(value)


def _array(array: np.ndarray) -> str:
    if not array.size:
        return "np.zeros({!r})".format(array.shape)
    return "np.array({})".format(_written(array.tolist()))


def _written(value: Any) -> str:
    """Nested lists of numbers as Python reads them."""
    if isinstance(value, list):
        return "[{}]".format(", ".join(map(_written, value)))
    return _number(value)


def _number(value: Any) -> str:
    """A number as Python reads it, also one that is not finite."""
    number = value.item() if isinstance(value, np.generic) else value
    text = repr(number)
    return text if np.isfinite(number) else "{}({!r})".format(type(number).__name__, text)
