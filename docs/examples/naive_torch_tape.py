"""A tape on PyTorch's own graph that looks right and is not: an example of what the standard finds.

``tapecheck run docs.examples.naive_torch_tape``. Each method does what seems to be the same in
PyTorch. But PyTorch records whatever happens to a tensor that requires a gradient, from then on, in
one graph; it knows of no tape. So this tape departs from the standard in four ways:

- it records outside of its block as well as inside;
- ``stop_recording`` pauses every tape;
- a result that is watched stays connected to what another tape recorded it from;
- a tape sees what other tapes watch and record.
"""

from __future__ import annotations

import torch

from tapecheck.tapes import structure
from tapecheck.tapes.tape import UnconnectedGradients

__version__ = torch.__version__
__tapecheck__ = {
    "name": "naive torch",
    "lacks": [
        "batch_jacobian", "compute_gradient", "control_flow", "custom_gradient", "data",
        "decomposition", "device", "distribute", "dtype-string", "extension_type", "fft", "forward",
        "gpu", "grad_pass_through", "graph", "image", "indexed_slices", "jacobian", "keras",
        "linalg", "lookup_table", "morphology", "nn", "no_gradient", "numpy_function", "optimizer",
        "pfor", "py_function", "queue", "ragged", "random", "recompute_grad", "reset", "savedmodel",
        "signal", "sparse", "special", "state", "stateless_random", "tnp", "variables", "xla",
    ],
}  # fmt: skip


class Tensor(torch.Tensor):
    """A tensor of PyTorch that NumPy can read though it requires a gradient."""

    def __array__(self, dtype=None, copy=None):
        array = self.detach().resolve_conj().as_subclass(torch.Tensor).numpy()
        return array if dtype is None else array.astype(dtype)


def constant(value, dtype=None):
    """A tensor of numbers or of an array."""
    return torch.tensor(value, dtype=dtype).as_subclass(Tensor)


convert_to_tensor = constant


class GradientTape:
    """The gradient tape of this namespace."""

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self._persistent = persistent
        self._used = False

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None

    def watch(self, tensor):
        """Require a gradient."""
        for one in structure.flatten(tensor):
            if not isinstance(one, torch.Tensor):
                raise ValueError(f"{one!r} is not a tensor.")
            if one.is_floating_point() or one.is_complex():
                one.requires_grad_()

    def stop_recording(self):
        """Compute without a graph."""
        return torch.no_grad()

    def gradient(
        self,
        target,
        sources,
        output_gradients=None,
        unconnected_gradients=UnconnectedGradients.NONE,
    ):
        """The derivative of the sum of the targets by each source."""
        if self._used and not self._persistent:
            raise RuntimeError("The tape was used before.")
        self._used = True
        targets, weights = structure.flatten(target), structure.flatten(output_gradients)
        if output_gradients is None:
            weights = [1.0] * len(targets)
        total = sum((one * weight).sum() for one, weight in zip(targets, weights))
        wanted = structure.flatten(sources)
        known = [one for one in wanted if one.requires_grad]
        answers = iter([None] * len(known))
        if known and total.requires_grad:
            answers = iter(torch.autograd.grad(total, known, create_graph=True, allow_unused=True))
        gradients = [next(answers) if one.requires_grad else None for one in wanted]
        if UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO:
            gradients = [
                torch.zeros_like(one) if gradient is None else gradient
                for one, gradient in zip(wanted, gradients)
            ]
        return structure.pack_sequence_as(sources, gradients)


float32, float64 = torch.float32, torch.float64
identity, matmul, reduce_sum, stop_gradient = torch.clone, torch.matmul, torch.sum, torch.detach
exp, sqrt, sin, cos, tanh = torch.exp, torch.sqrt, torch.sin, torch.cos, torch.tanh
sigmoid, abs, maximum, minimum = torch.sigmoid, torch.abs, torch.maximum, torch.minimum
math = torch
