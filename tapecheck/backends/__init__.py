"""Implementations under test: where they come from and what they declare."""

from tapecheck.backends.backend import Backend
from tapecheck.backends.loading import KNOWN, load, resolve

__all__ = ["KNOWN", "Backend", "load", "resolve"]
