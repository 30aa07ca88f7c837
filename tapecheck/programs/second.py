"""Second derivatives of a trial, by each way that there is."""

from __future__ import annotations

from typing import Any, List, Sequence

import numpy as np

from tapecheck.oracles.bounded import Bounded
from tapecheck.programs.trial import Question, Trial

LEFT_OUT = ("abs", "cumulative_logsumexp", "segment_sum")
"""What not every implementation differentiates twice: second derivatives are in the corpus."""


def products(way: str) -> Question:
    """A question for derivatives along the directions of the trial, of the sum of all targets.

    Args:
        way: ``reverse over reverse``, ``forward over reverse`` and ``reverse over forward`` ask for
            the product of the Hessian with the directions, one tensor for each source; ``forward``
            and ``forward over forward`` for the first and second derivative, a number each.
    """
    return _WAYS[way]


def product(trial: Trial) -> List[Bounded]:
    """The product of the Hessian with the directions, by the oracle."""
    return trial.exact.products(trial.direction_arrays())


def hessians(trial: Trial, sources: List[Any]) -> List[List[Any]]:
    """The jacobian of each gradient by each source; zeros where they are unconnected."""
    tf = trial.tf
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(sources)
        with tf.GradientTape() as inner:
            inner.watch(sources)
            targets = trial.compute(sources)
        gradients = trial.with_zeros(inner.gradient(targets, sources), sources)
    rows = []
    for gradient in gradients:
        found = outer.jacobian(gradient, sources)
        rows.append(
            [
                trial.tensor(np.zeros([*gradient.shape, *source.shape])) if one is None else one
                for one, source in zip(found, sources)
            ]
        )
    return rows


def _reverse_over_reverse(trial: Trial, sources: List[Any]) -> List[Any]:
    with trial.tf.GradientTape() as outer:
        outer.watch(sources)
        tape, targets = trial.record(sources)
        gradients = tape.gradient(targets, sources)
        slope = _weighted(trial, gradients)
    if slope is None:
        return trial.with_zeros([None for _ in sources], sources)
    return trial.with_zeros(outer.gradient(slope, sources), sources)


def _forward_over_reverse(trial: Trial, sources: List[Any]) -> List[Any]:
    with _accumulator(trial, sources) as accumulator:
        tape, targets = trial.record(sources)
        gradients = trial.with_zeros(tape.gradient(targets, sources), sources)
    return trial.with_zeros([accumulator.jvp(one) for one in gradients], sources)


def _reverse_over_forward(trial: Trial, sources: List[Any]) -> List[Any]:
    with trial.tf.GradientTape() as tape:
        tape.watch(sources)
        slope = _forward(trial, sources)
    return trial.with_zeros(tape.gradient(slope, sources), sources)


def _forward(trial: Trial, sources: List[Any]) -> Any:
    with _accumulator(trial, sources) as accumulator:
        total = _total(trial, sources)
    return trial.with_zeros([accumulator.jvp(total)], [total])[0]


def _forward_over_forward(trial: Trial, sources: List[Any]) -> Any:
    with _accumulator(trial, sources) as accumulator:
        slope = _forward(trial, sources)
    return trial.with_zeros([accumulator.jvp(slope)], [slope])[0]


_WAYS = {
    "forward": _forward,
    "forward over forward": _forward_over_forward,
    "forward over reverse": _forward_over_reverse,
    "reverse over forward": _reverse_over_forward,
    "reverse over reverse": _reverse_over_reverse,
}


def _accumulator(trial: Trial, sources: Sequence[Any]) -> Any:
    directions = [trial.tensor(array) for array in trial.direction_arrays()]
    return trial.tf.autodiff.ForwardAccumulator(list(sources), directions)


def _total(trial: Trial, sources: Sequence[Any]) -> Any:
    sums = [trial.tf.reduce_sum(target) for target in trial.compute(sources)]
    return sum(sums[1:], sums[0])


def _weighted(trial: Trial, gradients: Sequence[Any]) -> Any:
    """The sum of all gradients times directions; None if there are none."""
    pairs = zip(gradients, trial.direction_arrays())
    parts = [
        trial.tf.reduce_sum(trial.dense(gradient) * trial.tensor(array))
        for gradient, array in pairs
        if gradient is not None
    ]
    return sum(parts[1:], parts[0]) if parts else None
