"""What a script begins with: constants and variables that are there before its program runs."""

from __future__ import annotations

from typing import List, Tuple

from tapecheck.lifecycle.author.draft import Draft
from tapecheck.lifecycle.author.formulas import each
from tapecheck.lifecycle.expression import number
from tapecheck.lifecycle.model import Value, Variable, leaves


def make_givens(draft: Draft) -> None:
    """Two constants, and three variables where these are allowed."""
    shapes: List[Tuple[int, ...]] = [()]
    if draft.allows("batch_jacobian"):
        shapes = [(2, 3), (2, 1), ()]
    elif draft.allows("arrays"):
        shapes = [(), (2,)]
    _make_constant(draft, shapes[0])
    _make_constant(draft, draft.draw.one_of(shapes))
    for place in range(3 if draft.allows("variables") else 0):
        shape = draft.draw.one_of(shapes)
        _make_variable(draft, shape, trainable=place < 2 or draft.draw.perhaps())


def _make_constant(draft: Draft, shape: Tuple[int, ...]) -> None:
    numbers = draft.numbers(shape)
    name = draft.new("x")
    draft.setup.append("{} = tf.constant({})".format(name, numbers.tolist()))
    draft.parameters.append(name)
    draft.values.append(Value(name, leaves(name, numbers), frozenset(), -1, False))


def _make_variable(draft: Draft, shape: Tuple[int, ...], trainable: bool) -> None:
    numbers = draft.numbers(shape)
    name = draft.new("v")
    option = "" if trainable else ", trainable=False"
    draft.setup.append("{} = tf.Variable({}{})".format(name, numbers.tolist(), option))
    content = each(lambda element: number(float(element)), numbers)
    draft.variables.append(Variable(name, content, trainable))
