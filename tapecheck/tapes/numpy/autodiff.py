"""``tf.autodiff``."""

from __future__ import annotations

from tapecheck.tapes import forward

from .engine import GradientTape


class ForwardAccumulator(forward.ForwardAccumulator):
    """The accumulator of this namespace; see ``tapecheck.tapes.forward.ForwardAccumulator``."""

    tape = GradientTape


__all__ = ["ForwardAccumulator", "GradientTape"]
