"""Training step by step, and what is kept of it."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence, Tuple

import numpy as np

from tapecheck.measuring import Measured

STEPS = 100
"""How many steps a trajectory has."""


def descend(variables: Sequence[Any], gradients: Sequence[Any], rate: float) -> None:
    """Move each variable against its gradient."""
    for variable, gradient in zip(variables, gradients):
        variable.assign_sub(rate * gradient)


def follow(
    step: Callable[..., Any],
    variables: Sequence[Any],
    steps: int = STEPS,
    arguments: Callable[[int], Sequence[Any]] = lambda number: (),
) -> Tuple[List[Any], List[List[Any]]]:
    """Call `step` again and again.

    Args:
        step: changes the variables.
        variables: of the namespace under test.
        steps: how often to call it.
        arguments: of the call of a number, from 1.

    Returns:
        What each call answers, and the contents of the variables after each call.
    """
    answers, path = [], []
    for number in range(1, steps + 1):
        answers.append(step(*arguments(number)))
        path.append([np.asarray(variable.numpy()) for variable in variables])
    return answers, path


def draw(measured: Measured, losses: Sequence[Any], name: str = "loss") -> None:
    """Keep the loss at each step, from 0, with the record of a case."""
    values = [float(one) for one in losses]
    measured.series(name, np.arange(len(values)), values, "step", "loss")
