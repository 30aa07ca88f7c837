"""micrograd, spelled as TensorFlow spells it: ``tapecheck run docs.examples.micrograd_tape``.

A value of micrograd always remembers what it was computed from, and ``backward`` goes through all
of that. So a tensor here is a mere number, and each tape keeps values of its own for the tensors
that it tracks: an operation runs once for itself, and once more on every tape that tracks an input.
"""

from __future__ import annotations

import operator
import threading
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
from micrograd.engine import Value

from tapecheck.tapes import structure
from tapecheck.tapes.tape import UnconnectedGradients

__tapecheck__ = {
    "name": "micrograd",
    "version": version("micrograd"),
    "lacks": [
        "arrays", "batch_jacobian", "comparison", "complex", "compute_gradient", "control_flow",
        "custom_gradient", "data", "decomposition", "device", "distribute", "dtype-bfloat16",
        "dtype-float", "dtype-float8", "dtype-half", "dtype-int", "dtype-string", "elementary",
        "exp", "extension_type", "fft", "forward", "gpu", "grad_pass_through", "graph", "image",
        "indexed_slices", "jacobian", "keras", "linalg", "lookup_table", "memory", "morphology",
        "nested", "nn", "no_gradient", "numpy_function", "optimizer", "pfor", "py_function",
        "queue", "ragged", "random", "recompute_grad", "savedmodel", "signal", "sparse", "special",
        "state", "stateless_random", "tnp", "variables", "xla",
    ],
}  # fmt: skip

_active = threading.local()


class Tensor:
    """A number with an identity."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def numpy(self):
        """The number."""
        return self.number

    def __float__(self):
        return self.number

    def __array__(self, dtype=None, copy=None):
        return np.array(self.number, dtype)

    def __repr__(self):
        return f"<Tensor {self.number}>"

    def __neg__(self):
        return _apply(operator.neg, self)

    def __pos__(self):
        return identity(self)

    def __pow__(self, exponent):
        return _apply(lambda base: base**exponent, self)


for _name in ("add", "sub", "mul", "truediv"):
    _function = getattr(operator, _name)
    setattr(Tensor, f"__{_name}__", lambda a, b, f=_function: _apply(f, a, b))
    setattr(Tensor, f"__r{_name}__", lambda a, b, f=_function: _apply(f, b, a))


def _apply(function, *operands):
    """A function of micrograd's values, as one of tensors that active tapes record."""
    tensors = [constant(operand) for operand in operands]
    result = Tensor(function(*[Value(tensor.number) for tensor in tensors]).data)
    for tape in _tapes():
        if any(tensor in tape.values for tensor in tensors):
            tape.values[result] = function(*[tape.value_of(tensor) for tensor in tensors])
    return result


def constant(value, dtype=None):
    """A tensor of a number."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{value!r} is not a number.")
    return Tensor(float(value))


def identity(x):
    """The same number, recorded."""
    return _apply(lambda value: value * 1.0, x)


def stop_gradient(x):
    """The same number, not recorded."""
    return Tensor(float(x))


def _tapes():
    """The tapes that are active on this thread."""
    return _active.__dict__.setdefault("tapes", [])


class GradientTape:
    """The gradient tape of this namespace."""

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self._persistent = persistent
        self.values = None

    def value_of(self, tensor):
        """The value that stands for a tensor on this tape: one without a past if untracked."""
        return self.values.get(tensor) or Value(tensor.number)

    def __enter__(self):
        if self in _tapes():
            raise ValueError("The tape is recording already.")
        self.values = self.values or {}
        _tapes().append(self)
        return self

    def __exit__(self, *exception):
        if self in _tapes():
            _tapes().remove(self)

    def watch(self, tensor):
        """Track a tensor, or every one in a structure."""
        tensors = structure.flatten(tensor)
        if not all(isinstance(one, Tensor) for one in tensors):
            raise ValueError(f"{tensor!r} is not a tensor.")
        self._assert_usable()
        for one in tensors:
            self.values[one] = self.value_of(one)

    @contextmanager
    def stop_recording(self):
        """Do not record on this tape what runs in the block."""
        if self not in _tapes():
            raise RuntimeError("The tape is not recording.")
        _tapes().remove(self)
        try:
            yield
        finally:
            self.__enter__()

    def reset(self):
        """Forget what was recorded and watched."""
        if self not in _tapes():
            raise ValueError("The tape is not recording.")
        self.values = {}

    def gradient(
        self,
        target,
        sources,
        output_gradients=None,
        unconnected_gradients=UnconnectedGradients.NONE,
    ):
        """The derivative of the sum of the targets by each source, times the output gradients."""
        self._assert_usable()
        unconnected = None
        if UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO:
            unconnected = constant(0.0)
        targets, wanted = structure.flatten(target), structure.flatten(sources)
        if not all(isinstance(one, Tensor) for one in targets + wanted):
            raise TypeError(f"The target {target!r} or a source of {sources!r} is not a tensor.")
        weights = [1.0] * len(targets)
        if output_gradients is not None:
            weights = [float(weight) for weight in structure.flatten(output_gradients)]
        values = [self.value_of(one) for one in wanted]
        total = sum(self.value_of(one) * weight for one, weight in zip(targets, weights))
        past = _past(total)
        for value in past:
            value.grad = 0  # to what an earlier gradient left there, micrograd would add
        total.backward()
        gradients = [constant(one.grad) if one in past else unconnected for one in values]
        if not self._persistent:
            self.__exit__()
            self.values = None
        return structure.pack_sequence_as(sources, gradients)

    def _assert_usable(self):
        if self.values is None:
            raise RuntimeError("The tape has not recorded, or was used before.")


def _past(value):
    """All values that a value was computed from, and itself."""
    found, left = set(), [value]
    while left:
        value = left.pop()
        if value not in found:
            found.add(value)
            left.extend(value._prev)
    return found
