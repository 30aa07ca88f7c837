"""``tf.autodiff``."""

from .engine import GradientTape

__all__ = ["GradientTape"]
