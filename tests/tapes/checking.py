"""Checks of one function of tensors: its values, derivatives and precision."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Sequence

import numpy as np

import tapecheck.tapes.numpy as tf
from tests.tapes.numerical import Estimate, along_a_line, derivative, mixed_derivative


class Case(NamedTuple):
    """A function of tensors, a reference for it on arrays, and the point to look at."""

    operation: Callable[..., Any]
    reference: Callable[..., Any]
    inputs: Sequence[np.ndarray]


def _directions(inputs: Sequence[np.ndarray], seed: int) -> List[np.ndarray]:
    random = np.random.RandomState(seed)
    return [
        random.uniform(-1, 1, x.shape)
        + (1j * random.uniform(-1, 1, x.shape) if np.iscomplexobj(x) else 0)
        for x in inputs
    ]


def _weights(case: Case) -> np.ndarray:
    return _directions([np.asarray(case.reference(*case.inputs))], 3)[0]


def _dot(gradients: Sequence[Any], directions: Sequence[np.ndarray]) -> float:
    """The derivative along a direction that gradients claim; None claims that it is 0."""
    return sum(
        float(np.real(np.sum(np.conj(gradient.numpy()) * direction)))
        for gradient, direction in zip(gradients, directions)
        if gradient is not None
    )


def _assert_agrees(claimed: float, expected: Estimate) -> None:
    scale = 1 + abs(expected.value)
    assert expected.error < 1e-6 * scale, "the oracle is not sharp enough"
    assert abs(claimed - expected.value) <= 1e-10 * scale + 10 * expected.error


def check_value(case: Case) -> None:
    """It computes what the reference does."""
    result = case.operation(*map(tf.constant, case.inputs)).numpy()
    np.testing.assert_allclose(result, case.reference(*case.inputs), rtol=1e-12, atol=1e-14)


def check_first_derivative(case: Case) -> None:
    """Its gradient agrees with the oracle."""
    sources, weights = [tf.constant(x) for x in case.inputs], _weights(case)
    with tf.GradientTape() as tape:
        tape.watch(sources)
        target = case.operation(*sources)
    gradients = tape.gradient(target, sources, output_gradients=weights)
    direction = _directions(case.inputs, 1)
    line = along_a_line(case.reference, case.inputs, direction, weights)
    _assert_agrees(_dot(gradients, direction), derivative(line, 1))


def check_second_derivative(case: Case) -> None:
    """The gradient of its gradient agrees with the oracle."""
    sources, weights = [tf.constant(x) for x in case.inputs], _weights(case)
    first, second = _directions(case.inputs, 1), _directions(case.inputs, 2)
    with tf.GradientTape() as outer:
        outer.watch(sources)
        with tf.GradientTape() as inner:
            inner.watch(sources)
            target = case.operation(*sources)
        gradients = inner.gradient(
            target, sources, output_gradients=weights, unconnected_gradients="zero"
        )
        slope = tf.add_n(
            [
                tf.reduce_sum(tf.math.real(tf.math.conj(gradient) * direction))
                for gradient, direction in zip(gradients, first)
            ]
        )
    claimed = _dot(outer.gradient(slope, sources), second)
    expected = mixed_derivative(case.reference, case.inputs, first, second, weights)
    _assert_agrees(claimed, expected)


def check_precision(case: Case) -> None:
    """Its gradients have the dtype and shape of their sources, in single precision too."""
    single = [x.astype(np.complex64 if np.iscomplexobj(x) else np.float32) for x in case.inputs]
    double = [tf.constant(x) for x in case.inputs]
    sources = [tf.constant(x) for x in single]
    results = []
    for values in (double, sources):
        with tf.GradientTape() as tape:
            tape.watch(values)
            target = case.operation(*values)
        results.append(tape.gradient(target, values, unconnected_gradients="zero"))
    for exact, gradient, source in zip(results[0], results[1], sources):
        assert (gradient.dtype, gradient.shape) == (source.dtype, source.shape)
        np.testing.assert_allclose(gradient.numpy(), exact.numpy(), rtol=2e-3, atol=2e-4)
