"""``tf.autodiff``."""

from tapecheck.tapes.numpy.engine import GradientTape

__all__ = ["GradientTape"]
