"""Programs whose costs are measured: of any number of steps, with gradients known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np


def small_steps(x: Any, steps: int) -> Any:
    """x to the power of ``steps + 1``, a multiplication a step.

    At ones its gradient is ``steps + 1``, exactly in float32 up to 2**24.
    """
    y = x
    for _ in range(steps):
        y = y * x
    return y


def large_steps(tf: Any, x: Any, matrix: Any, steps: int) -> Any:
    """The sum of ``x @ matrix @ matrix ...``, a product of matrices a step.

    Where x is n rows of ones and the matrix the identity, its gradient is one by each element of x,
    and ``n * steps`` by each of the matrix.
    """
    y = x
    for _ in range(steps):
        y = tf.matmul(y, matrix)
    return tf.reduce_sum(y)


def ones_and_identity(tf: Any, size: int) -> Any:
    """The arguments of `large_steps`, in float32: two matrices, each of shape (size, size)."""
    return (
        tf.constant(np.ones((size, size), np.float32)),
        tf.constant(np.eye(size, dtype=np.float32)),
    )
