"""Oracles: derivatives that share no code with any tape.

`hyperdual` carries derivatives of any order forwards through a computation, and with them bounds
of the rounding errors that any other way of computing them may make.
"""

from tapecheck.oracles.bounded import Bounded
from tapecheck.oracles.hyperdual import HyperDual

__all__ = ["Bounded", "HyperDual"]
