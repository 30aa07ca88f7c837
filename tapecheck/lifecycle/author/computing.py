"""What tapes may record: operations on tensors and variables, and assignments."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from tapecheck.lifecycle import expression
from tapecheck.lifecycle.author.draft import Draft, Operand
from tapecheck.lifecycle.author.formulas import MOST_ELEMENTS, as_array, each
from tapecheck.lifecycle.expression import number

_LARGEST = 40.0
"""The magnitude beyond which a result is scaled down, and is not assigned."""


def compute(draft: Draft) -> None:
    """Compute a tensor from one or two operands."""
    first = draft.draw.prefer(draft.operands(), lambda operand: _is_followed(draft, operand))
    kinds = ["*", "+", "-", "times", "minus"]
    kinds += ["sin", "cos"] if draft.allows("elementary") else []
    kinds += ["sum", "unstack"] if first.shape else []
    kind = draft.draw.one_of(kinds)
    one = draft.elements(first)
    if kind in ("*", "+", "-"):
        fitting = [
            other
            for other in draft.operands()
            if _fit(first.shape, other.shape) and (kind != "-" or other is not first)
        ] or [first]
        second = draft.draw.one_of(fitting)
        other = draft.elements(second)
        text = "{} {} {}".format(first.name, kind, second.name)
        formulas = {"*": np.multiply, "+": np.add, "-": np.subtract}[kind](one, other)
    elif kind == "times":
        factor = draft.draw.one_of((2.0, 0.5, -1.5))
        text = "{} * {}".format(first.name, factor)
        formulas = one * number(factor)
    elif kind == "minus":
        text, formulas = "-{}".format(first.name), np.negative(one)
    elif kind == "sum":
        text = "tf.reduce_sum({})".format(first.name)
        formulas = expression.total(one.flat)
    elif kind == "unstack":
        place = draft.draw.one_of(range(first.shape[0]))
        text, formulas = "tf.unstack({})[{}]".format(first.name, place), one[place]
    else:
        function = {"sin": expression.sine, "cos": expression.cosine}[kind]
        text = "tf.{}({})".format(kind, first.name)
        formulas = each(function, one)
    if max(term.magnitude for term in as_array(formulas).flat) > _LARGEST:
        formulas = formulas * number(0.03125)
        text = "({}) * 0.03125".format(text)
    name = draft.new("y")
    draft.write("{} = {}".format(name, draft.call(text)))
    draft.values.append(draft.define(name, as_array(formulas)))


def assign(draft: Draft) -> None:
    """Assign to a variable, or add to it."""
    variable = draft.draw.one_of(draft.variables)
    values = [value for value in draft.own_values() if value.shape == variable.shape]
    if draft.allows("memory"):
        values = []
    if values and draft.draw.perhaps():
        value = draft.draw.one_of(values)
        if max(abs(term.value) for term in value.elements.flat) > _LARGEST:
            return
        text, elements = "assign({})".format(value.name), value.elements
    else:
        numbers = draft.numbers(variable.shape)
        text = "assign_add({})".format(numbers.tolist())
        elements = as_array(variable.content + each(number, numbers))
    draft.write(draft.call("{}.{}".format(variable.name, text)))
    variable.assign(elements)
    draft.perhaps_read(variable)


def _is_followed(draft: Draft, operand: Operand) -> bool:
    """Whether a tape that is active follows an operand."""
    return any(operand.name in tape.dependence for tape in draft.active_tapes())


def _fit(first: Tuple[int, ...], second: Tuple[int, ...]) -> bool:
    """Whether shapes broadcast to one that is not too large."""
    try:
        shape = np.broadcast(np.empty(first), np.empty(second)).shape
    except ValueError:
        return False
    return int(np.prod(shape, dtype=int)) <= MOST_ELEMENTS
