"""Adam, by nothing but variables and assignments (Kingma and Ba, 2015, end of section 2)."""

from __future__ import annotations

import math
from typing import Any, List, Sequence

import numpy as np

FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8


def corrected(rate: float, number: int) -> float:
    """The rate at step `number`, from 1, with which moments that began with zero are unbiased."""
    return rate * math.sqrt(1.0 - SECOND**number) / (1.0 - FIRST**number)


class Adam:
    """The moments of the gradients of some variables, which are variables of the namespace `tf`."""

    def __init__(self, tf: Any, variables: Sequence[Any]) -> None:
        self._tf = tf
        self._variables = list(variables)
        self.firsts = self._zeros()
        self.seconds = self._zeros()

    def _zeros(self) -> List[Any]:
        return [self._tf.Variable(np.zeros_like(one.numpy())) for one in self._variables]

    def apply(self, gradients: Sequence[Any], rate: Any) -> None:
        """Move each variable against its gradient; `rate` is one that is `corrected`."""
        for variable, gradient, first, second in zip(
            self._variables, gradients, self.firsts, self.seconds
        ):
            first.assign(FIRST * first + (1.0 - FIRST) * gradient)
            second.assign(SECOND * second + (1.0 - SECOND) * gradient * gradient)
            variable.assign_sub(rate * first / (self._tf.sqrt(second) + EPSILON))
