"""Forward mode, as ``tf.autodiff.ForwardAccumulator`` documents it, for any array library.

There are no rules for it: a pullback is linear, and the transpose of the pullback of an operation
is the operation's own derivative. So each operation is pulled back from cotangents of zero on a
tape, and what was pulled back is differentiated with respect to them, weighted by the tangents of
the inputs. All of this is recorded operations, which outer tapes and accumulators differentiate.
"""

from __future__ import annotations

import weakref
from typing import Any, Dict, List, Optional, Sequence, Tuple, Type

from tapecheck.tapes import structure
from tapecheck.tapes.library import Tensor
from tapecheck.tapes.recorder import Record, Recorder, only
from tapecheck.tapes.tape import GradientTape, UnconnectedGradients


class ForwardAccumulator(Recorder):
    """Within its block, carries the products of jacobian and tangent along with what is computed.

    A subclass names the tape of its array library. ``primals`` are tensors or variables, or a
    nested structure of them, ``tangents`` tensors of their shapes and dtypes.

    Raises:
        ValueError: if a tangent does not have the shape and dtype of its primal, or a primal is
            given twice.
        TypeError: if a primal is neither a tensor nor a variable.
    """

    tape: Type[GradientTape]

    def __init__(self, primals: Any, tangents: Any) -> None:
        super().__init__()
        self._tangents: Dict[int, Tuple[Any, Tensor]] = {}
        structure.assert_same_structure(primals, tangents)
        for primal, tangent in zip(structure.flatten(primals), structure.flatten(tangents)):
            self._watch(primal, tangent)

    def _watch(self, primal: Any, tangent: Any) -> None:
        library = self.tape.library
        if not (library.is_tensor(primal) or library.is_variable(primal)):
            raise TypeError(f"A primal must be a tensor or a variable, not {primal!r}.")
        key, dtype, shape = library.key(primal), library.dtype(primal), library.shape(primal)
        if not library.is_differentiable(dtype):
            return
        if key in self._tangents:
            raise ValueError(f"The primal {primal!r} is given multiple times.")
        tangent = library.convert(tangent, dtype)
        if tuple(library.shape(tangent)) != tuple(shape):
            raise ValueError(
                f"A tangent has the shape {library.shape(tangent)}, its primal {shape}."
            )
        self._keep(primal, tangent)

    def _keep(self, primal: Any, tangent: Tensor) -> None:
        """Hold the tangent of a value for as long as there is that value."""
        key, tangents, tracked = self.tape.library.key(primal), self._tangents, self._tracked

        def forget(reference: Any) -> None:
            tracked.discard(key)
            tangents.pop(key, None)

        tangents[key] = (weakref.ref(primal, forget), tangent)
        tracked.add(key)

    def _tangent(self, key: int) -> Optional[Tensor]:
        return self._tangents[key][1] if key in self._tangents else None

    def __enter__(self) -> ForwardAccumulator:
        """Start to carry products along.

        Raises:
            ValueError: if the accumulator does so already.
        """
        if self._stack is not None:
            raise ValueError("Accumulator is already recording.")
        self._activate()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._stack is not None:
            self._deactivate()

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The product of each of a structure of tensors or variables: its derivative along the
        tangents.

        It is None for what does not depend on the primals, or zeros if so asked. Its shape and
        dtype are those of the tensor.

        Raises:
            ValueError: if ``unconnected_gradients`` is neither NONE nor ZERO.
        """
        unconnected = UnconnectedGradients.of(unconnected_gradients)
        return structure.map_structure(lambda value: self._jvp(value, unconnected), primals)

    def _jvp(self, value: Any, unconnected: UnconnectedGradients) -> Optional[Tensor]:
        library = self.tape.library
        tangent = self._tangent(library.key(value))
        if tangent is None and unconnected is UnconnectedGradients.ZERO:
            return library.zeros(tuple(library.shape(value)), library.dtype(value))
        return tangent

    def _operation_ran(
        self, entry: Record, outputs: Sequence[Tensor], differentiable: Sequence[int]
    ) -> None:
        """Give the outputs of an operation their tangents."""
        library = self.tape.library
        assert self._stack is not None
        place = self._stack.index(self)
        # What is further in has the products of this one to carry along, not the reverse
        with only(self._stack[:place]):
            seeds = [
                library.zeros(tuple(library.shape(output)), library.dtype(output))
                for output in outputs
            ]
            tangents = [self._tangent(key) for key in entry.inputs]
            with self.tape(watch_accessed_variables=False) as tape:
                tape.watch([s for s in seeds if library.is_differentiable(library.dtype(s))])
                cotangents = entry.pullback(seeds, [tangent is not None for tangent in tangents])
            pairs = [
                (cotangent, tangent)
                for cotangent, tangent in zip(cotangents, tangents)
                if cotangent is not None and tangent is not None
            ]
            products = _transposed(tape, pairs, seeds)
        for output, product in zip(outputs, products):
            if product is not None:
                self._keep(output, product)


def _transposed(tape: GradientTape, pairs: Sequence[Any], seeds: List[Tensor]) -> Any:
    if not pairs:
        return [None for _ in seeds]
    targets, weights = zip(*pairs)
    return tape.gradient(list(targets), seeds, list(weights))
