"""Counts how often the forward and the backward passes of an operation run."""

from __future__ import annotations

from typing import Any


class Counted:
    """The identity, as an operation with its own gradient that counts its calls.

    Attributes:
        forward: how often it was computed.
        backward: how often its gradient was.
    """

    def __init__(self, tf: Any) -> None:
        self.forward = 0
        self.backward = 0
        self._operation = tf.custom_gradient(self._identity)

    def __call__(self, x: Any) -> Any:
        return self._operation(x)

    def _identity(self, x: Any) -> Any:
        self.forward += 1

        def gradient(upstream: Any) -> Any:
            self.backward += 1
            return upstream * 1.0

        return x * 1.0, gradient
