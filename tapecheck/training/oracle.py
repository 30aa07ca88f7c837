"""Trajectories of training by derivatives that no tape takes: those of the complex step.

W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, 1998:
the imaginary part of f(x + i h) is h f'(x), without cancellation, so that h may be so small that
nothing else is left. The function must be analytic: no absolute values, comparisons or conjugates.
"""

from __future__ import annotations

import math
from typing import Any, Callable, List, Sequence

import numpy as np

from tapecheck.checks import Broken, assert_close

_STEP = 1e-30

Arrays = List[np.ndarray]
Loss = Callable[[Arrays], Any]
Update = Callable[[Arrays, Arrays], Arrays]


def gradient(loss: Loss, parameters: Sequence[np.ndarray]) -> Arrays:
    """The derivatives of a loss by each element of its parameters, float64.

    Args:
        loss: from complex arrays to a complex number.
        parameters: float64 arrays of any shapes.
    """
    point = [np.asarray(one).astype(np.complex128) for one in parameters]
    answer = []
    for one in point:
        slopes = np.empty(one.shape)
        for place in np.ndindex(*one.shape):
            value = one[place]
            one[place] = value + 1j * _STEP
            slopes[place] = loss(point).imag / _STEP
            one[place] = value
        answer.append(slopes)
    return answer


def trajectory(
    gradients: Callable[[Arrays], Arrays],
    start: Sequence[np.ndarray],
    update: Update,
    steps: int = 100,
) -> List[Arrays]:
    """The parameters after each step.

    Args:
        gradients: of the parameters, one array for each.
        start: the parameters before the first step, float64.
        update: the new parameters, from the old ones and the gradients.
        steps: how many to take.
    """
    parameters, path = [np.asarray(one, np.float64) for one in start], []
    for _ in range(steps):
        parameters = update(parameters, gradients(parameters))
        path.append(parameters)
    return path


class Descent:
    """Steps against the gradient, of the length `rate` times the gradient."""

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def __call__(self, parameters: Arrays, gradients: Arrays) -> Arrays:
        return [one - self._rate * slope for one, slope in zip(parameters, gradients)]


class Momentum:
    """Steps along a velocity that keeps a part of itself and loses `rate` times the gradient."""

    def __init__(self, rate: float, kept: float) -> None:
        self._rate = rate
        self._kept = kept
        self._velocities: Arrays = []

    def __call__(self, parameters: Arrays, gradients: Arrays) -> Arrays:
        velocities = self._velocities or [np.zeros_like(one) for one in parameters]
        self._velocities = [
            self._kept * velocity - self._rate * slope
            for velocity, slope in zip(velocities, gradients)
        ]
        return [one + velocity for one, velocity in zip(parameters, self._velocities)]


class Adam:
    """D. P. Kingma and J. Ba, Adam, 2015, as the end of its section 2 has it."""

    def __init__(
        self, rate: float, first: float = 0.9, second: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self._rate = rate
        self._decays = first, second
        self._epsilon = epsilon
        self._number = 0
        self._firsts: Arrays = []
        self._seconds: Arrays = []

    def __call__(self, parameters: Arrays, gradients: Arrays) -> Arrays:
        (first, second), zeros = self._decays, [np.zeros_like(one) for one in parameters]
        self._number += 1
        self._firsts = [
            first * moment + (1 - first) * slope
            for moment, slope in zip(self._firsts or zeros, gradients)
        ]
        self._seconds = [
            second * moment + (1 - second) * slope**2
            for moment, slope in zip(self._seconds or zeros, gradients)
        ]
        rate = self._rate * math.sqrt(1 - second**self._number) / (1 - first**self._number)
        return [
            one - rate * mean / (np.sqrt(square) + self._epsilon)
            for one, mean, square in zip(parameters, self._firsts, self._seconds)
        ]


def assert_path(found: Sequence[Sequence[Any]], exact: Sequence[Arrays]) -> None:
    """Parameters went the same way, step by step.

    Each step may add the few roundings of one program to those of the steps before it.

    Args:
        found: tensors of the implementation under test, for each step and each parameter.
        exact: what they are.

    Raises:
        Broken: naming the first step after which they are not the same.
    """
    if len(found) != len(exact):
        raise Broken("{} steps".format(len(exact)), "{} steps".format(len(found)))
    sizes = [max(float(np.abs(one).max()) for one in parameters) for parameters in exact]
    for number, (values, wanted) in enumerate(zip(found, exact), 1):
        magnitude = number * max(sizes[:number])
        for index, (value, one) in enumerate(zip(values, wanted)):
            try:
                assert_close(value, one, magnitude=magnitude)
            except Broken as broken:
                place = "after step {} parameter {} is {}".format(number, index, broken.expected)
                raise Broken(place, broken.actual, broken.difference) from None
