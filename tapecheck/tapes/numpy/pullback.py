"""From an operation that ran to its pullback, by the rules of ``derivatives``."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Sequence

from tapecheck.tapes.recorder import Pullback

from .tensor import Tensor

Rule = Callable[..., Sequence[Optional[Callable[..., Tensor]]]]

DERIVATIVES: Dict[str, Rule] = {}
"""By the name of an operation, its rule: a function of the result, the inputs and the attributes of
the operation that returns one pullback per input, from the cotangents of the outputs to that of the
input. A pullback is a closure, and so keeps exactly what it needs alive."""


def pullback_of(
    name: str,
    forward: Callable[..., Any],
    result: Any,
    inputs: Sequence[Tensor],
    attributes: Dict[str, Any],
) -> Pullback:
    """The pullback of an operation: its name, its function of arrays, and what it ran with."""
    rule = DERIVATIVES.get(name)
    if rule is None:

        def refuse(cotangents: Sequence[Tensor], wanted: Sequence[bool]) -> Sequence[Any]:
            raise LookupError(f"The operation {name} has no gradient.")

        return refuse
    pullbacks = rule(result, *inputs, **attributes)

    def pullback(cotangents: Sequence[Tensor], wanted: Sequence[bool]) -> Sequence[Any]:
        return [
            each(*cotangents) if each is not None and is_wanted else None
            for each, is_wanted in zip(pullbacks, wanted)
        ]

    return pullback
