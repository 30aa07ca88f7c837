"""A zoo of faulty tapes, each wrong in one way, and the clauses that must reject them.

Every animal is a class derived from the NumPy tape; its docstring says what is wrong with it.
``rejections.toml`` names, for each animal, the clauses that must reject it.
"""

from __future__ import annotations

import types
from typing import Any, Callable

import tapecheck.tapes.numpy as tf
from tapecheck.tapes import structure

Tape = tf.GradientTape


class Everything(set):
    """A set that holds everything."""

    def isdisjoint(self, other: Any) -> bool:
        return False

    def __contains__(self, one: Any) -> bool:
        return True


def each(function: Callable[[Any], Any], answer: Any) -> Any:
    """The function of every gradient in an answer; None stays None."""
    return structure.map_structure(lambda one: None if one is None else function(one), answer)


def namespace_with(**names: Any) -> types.ModuleType:
    """The namespace of the NumPy tape with some of its names replaced."""
    namespace = types.ModuleType("faulty")
    vars(namespace).update(vars(tf))
    vars(namespace).update(names)
    return namespace


def namespace_of(animal: type) -> types.ModuleType:
    """The namespace with a faulty tape, and with the other names that are wrong about it."""
    return namespace_with(GradientTape=animal, **getattr(animal, "names", {}))
