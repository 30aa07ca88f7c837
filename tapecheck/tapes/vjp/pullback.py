"""From an operation that ran to its pullback, by the vector-Jacobian product of the library.

The pullback is itself made of operations that are recorded, with pullbacks of the same making: so
there are derivatives of any order.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from tapecheck.tapes import recorder

from . import namespace as tf
from . import xp
from .derivatives import OWN, PIECEWISE_CONSTANT, READS, WITHOUT_DERIVATIVE, Reads, everything
from .tensor import Tensor

Forward = Callable[..., Any]


def pullback_of(
    name: str, forward: Forward, result: Any, inputs: Sequence[Tensor], attributes: Dict[str, Any]
) -> recorder.Pullback:
    """The pullback of an operation: its name, its function of arrays, and what it ran with."""
    if name in WITHOUT_DERIVATIVE:

        def refuse(cotangents: Sequence[Tensor], wanted: Sequence[bool]) -> Sequence[Any]:
            raise LookupError(f"The operation {name} has no gradient.")

        return refuse
    if name in PIECEWISE_CONSTANT:
        return lambda cotangents, wanted: [None for _ in inputs]
    forward = OWN.get(name, forward)
    reads = READS.get(name, everything)
    return _by_vjp(lambda *arrays: forward(*arrays, **attributes), inputs, reads)


def _by_vjp(forward: Forward, inputs: Sequence[Tensor], reads: Reads) -> recorder.Pullback:
    """The pullback of a function of arrays that ran on inputs."""
    count = len(inputs)
    shapes = [(tuple(tensor.shape), tensor.dtype.numpy) for tensor in inputs]
    # The inputs that one vector-Jacobian product can serve: those whose pullbacks read the same
    together: Dict[Tuple[int, ...], List[int]] = {}
    for position in range(count):
        together.setdefault(tuple(reads(position, count)), []).append(position)
    groups = [
        (_Backward(forward, shapes, read), [inputs[place] for place in read], positions)
        for read, positions in together.items()
    ]

    def pullback(cotangents: Sequence[Tensor], wanted: Sequence[bool]) -> Sequence[Any]:
        results: List[Any] = [None] * count
        for backward, values, positions in groups:
            asked = [position for position in positions if wanted[position]]
            if asked:
                for position, result in zip(asked, backward(asked, values, cotangents)):
                    results[position] = result
        return results

    return pullback


class _Backward:
    """The operation that carries the cotangents of another operation to some of its inputs.

    The values of inputs that it does not read do not matter, only their shapes and dtypes.
    """

    def __init__(
        self,
        forward: Forward,
        shapes: Sequence[Tuple[Tuple[int, ...], np.dtype]],
        read: Tuple[int, ...],
    ) -> None:
        self._forward = forward
        self._shapes = shapes
        self._read = read

    def __call__(
        self, asked: List[int], values: Sequence[Tensor], cotangents: Sequence[Tensor]
    ) -> Sequence[Tensor]:
        inputs = [*values, *cotangents]

        def compute(*arrays: Any) -> Tuple[Any, ...]:
            return self._compute(asked, arrays)

        results = [Tensor(array) for array in compute(*[tensor.array for tensor in inputs])]
        if recorder.is_recording():
            recorder.record(
                tf.GradientTape.library,
                inputs,
                results,
                lambda: _by_vjp(compute, inputs, self._reads),
            )
        return results

    def _compute(self, asked: List[int], arrays: Sequence[Any]) -> Tuple[Any, ...]:
        primals: List[Any] = [None] * len(self._shapes)
        for place, array in zip(self._read, arrays):
            primals[place] = array
        for place, (shape, dtype) in enumerate(self._shapes):
            if primals[place] is None:
                primals[place] = xp.zeros(shape, dtype)

        def of_asked(*some: Any) -> Any:
            all_of_them = list(primals)
            for place, array in zip(asked, some):
                all_of_them[place] = array
            return self._forward(*all_of_them)

        return xp.vjp(of_asked, [primals[place] for place in asked], arrays[len(self._read) :])

    def _reads(self, position: int, count: int) -> Sequence[int]:
        """The pullback of a pullback, which is linear in the cotangents."""
        return range(count if position < len(self._read) else len(self._read))
