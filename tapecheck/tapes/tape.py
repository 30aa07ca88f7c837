"""The gradient tape, as ``tf.GradientTape`` documents it, for any array library."""

from __future__ import annotations

import enum
import logging
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from tapecheck.tapes import structure
from tapecheck.tapes.library import ArrayLibrary, Shape, Tensor, Variable
from tapecheck.tapes.recorder import Path, Recorder, accumulate, path_from, sweep, zeros_like


class UnconnectedGradients(enum.Enum):
    """What is returned for a source from which no path leads to the target."""

    NONE = "none"
    ZERO = "zero"

    @classmethod
    def of(cls, value: Any) -> UnconnectedGradients:
        """The member that a member or its text means.

        Raises:
            ValueError: if there is none.
        """
        try:
            return cls(value)
        except ValueError:
            raise ValueError(f"Unknown value for unconnected_gradients: {value!r}") from None


class GradientTape(Recorder):
    """Records operations inside its ``with`` block, to differentiate what they computed.

    A subclass names its array library. Trainable variables are watched when they are read inside
    the block, unless ``watch_accessed_variables`` is false; tensors only by ``watch``. A tape gives
    one set of gradients or jacobians and then releases its records, unless it is ``persistent``.
    """

    library: ArrayLibrary

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        super().__init__()
        self._persistent = persistent
        self._watch_accessed_variables = watch_accessed_variables

    # Recording. There are records from the first entry until they are released, and they grow
    # while the tape is active

    def __enter__(self) -> GradientTape:
        """Start recording, or go on recording after an earlier block.

        Raises:
            ValueError: if the tape is recording already.
        """
        if self._stack is not None:
            raise ValueError("Tape is still recording; it cannot be entered again.")
        self._resume()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Stop recording; what was recorded stays."""
        if self._stack is not None:
            self._deactivate()

    def _resume(self) -> None:
        if self._records is None:
            self._records, self._variables = [], {}
        self._activate()

    def _release(self) -> None:
        self._records, self._tracked = None, set()

    def _variable_read(self, variable: Variable, key: int) -> None:
        if self._watch_accessed_variables:
            self._watch(variable)

    def watch(self, tensor: Any) -> None:
        """Track a tensor or variable, or every one in a nested structure, from here on.

        Raises:
            ValueError: if a leaf is neither a tensor nor a variable.
            RuntimeError: if the tape was never entered, or has released its records.
        """
        values = structure.flatten(tensor)
        for value in values:
            if not (self.library.is_tensor(value) or self.library.is_variable(value)):
                kind = type(value).__name__
                raise ValueError(f"{value!r} of type {kind} is not a tensor or a variable.")
        for value in values:
            if self._records is None:
                raise RuntimeError("A tape can watch only once it has been entered.")
            dtype = self.library.dtype(value)
            if not self.library.is_differentiable(dtype):
                logging.getLogger(__name__).warning("A value of dtype %r has no gradient.", dtype)
            self._watch(value)

    def _watch(self, value: Any) -> None:
        key = self.library.key(value)
        if self.library.is_variable(value):
            self._variables[key] = value
        if self.library.is_differentiable(self.library.dtype(value)):
            self._tracked.add(key)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Do not record on this tape what runs inside the block; other tapes go on.

        Raises:
            RuntimeError: if the tape is not recording.
        """
        if self._stack is None:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self._deactivate()
        try:
            yield
        finally:
            self._resume()

    def reset(self) -> None:
        """Forget all that was recorded and watched, and go on recording.

        Raises:
            ValueError: if the tape is not recording.
        """
        if self._stack is None:
            raise ValueError("Tape is not recording.")
        self._deactivate()
        self._release()
        self._resume()

    # Differentiation

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The derivative of the sum of all elements of the target with respect to each source.

        Args:
            target: a tensor, or a nested structure of tensors.
            sources: a tensor or variable, or a nested structure of them.
            output_gradients: the weights of that sum: for each tensor of the target that is of a
                differentiable dtype, one of its shape; ones by default.
            unconnected_gradients: what to return for a source without a path to the target.

        Returns:
            One tensor (or None) per source, of its shape and dtype, in the structure of the
            sources. A complex gradient is dL/dx + i dL/dy: the conjugate of a complex derivative.

        Raises:
            RuntimeError: if a tape that is not persistent was used before, or was never entered.
            TypeError: if the target is None, or a target or source is not a tensor.
            ValueError: if the target is a variable, ``unconnected_gradients`` is unknown, or
                ``output_gradients`` does not fit the target.
        """
        self._assert_usable("gradient")
        unconnected = UnconnectedGradients.of(unconnected_gradients)
        seeds = self._seeds(target, output_gradients)
        flat, keys = self._sources(sources)
        gradients = sweep(self.library, self._path(keys), seeds, keys)
        results = [
            self._or_unconnected(gradient, self.library.shape(source), source, unconnected)
            for gradient, source in zip(gradients, flat)
        ]
        return structure.pack_sequence_as(sources, results)

    def jacobian(
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Optional[int] = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of every element of a tensor with respect to every element of each source.

        ``parallel_iterations`` and ``experimental_use_pfor`` do not change the values.

        Returns:
            One tensor (or None) of shape ``target.shape + source.shape`` per source, in the
            structure of the sources.

        Raises:
            As ``gradient``; and RuntimeError if ``experimental_use_pfor`` is false on a tape that
            is not persistent.
        """
        self._assert_usable("jacobian", experimental_use_pfor)
        unconnected = UnconnectedGradients.of(unconnected_gradients)
        shape, dtype = self._shape_and_dtype(target)
        flat, keys = self._sources(sources)
        size = _product(shape)
        seeds = [self.library.one_hot(index, size, dtype) for index in range(size)]
        columns = self._columns(target, seeds, keys)
        results = []
        for column, source in zip(columns, flat):
            full = shape + tuple(self.library.shape(source))
            results.append(self._assembled(column, 0, full, source, unconnected))
        return structure.pack_sequence_as(sources, results)

    def batch_jacobian(
        self,
        target: Tensor,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Optional[int] = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The jacobian of each example of a batch: of ``target[i]`` with respect to ``source[i]``.

        Example i of the target is supposed to depend on example i of the source alone, so that one
        sweep serves the whole batch. The options do not change the values.

        Returns:
            A tensor of shape ``(batch,) + target.shape[1:] + source.shape[1:]``, or None.

        Raises:
            As ``jacobian``; RuntimeError if ``parallel_iterations`` is less than the number of
            elements of ``target[i]`` on a tape that is not persistent; ValueError if a rank is
            less than 2 or the batches differ in size.
        """
        self._assert_usable("batch_jacobian", experimental_use_pfor)
        unconnected = UnconnectedGradients.of(unconnected_gradients)
        of_target, dtype = self._shape_and_dtype(target)
        if structure.is_nested(source):
            raise TypeError(f"The source must be one tensor, not a {type(source).__name__}.")
        keys = self._sources(source)[1]
        of_source = tuple(self.library.shape(source))
        for shape in (of_target, of_source):
            if len(shape) < 2:
                raise ValueError(f"Shape {shape} must have rank at least 2.")
        if of_target[0] != of_source[0]:
            raise ValueError(
                f"Need first dimension of target shape {of_target} and source shape {of_source} "
                "to match."
            )
        batch, size = of_target[0], _product(of_target[1:])
        if not self._persistent and parallel_iterations is not None and parallel_iterations < size:
            raise RuntimeError(
                "GradientTape must be created with persistent=True to compute the batch_jacobian "
                "with parallel_iterations smaller than a row of the target."
            )
        seeds = [
            self.library.stack([self.library.one_hot(index, size, dtype)] * batch, 0)
            for index in range(size if batch else 0)
        ]
        (column,) = self._columns(target, seeds, keys)
        return self._assembled(column, 1, of_target + of_source[1:], source, unconnected)

    def _assert_usable(self, method: str, use_pfor: bool = True) -> None:
        if self._records is None:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients "
                "(or jacobians), once it has recorded."
            )
        if not (use_pfor or self._persistent) and self.library.executing_eagerly():
            raise RuntimeError(
                f"GradientTape must be created with persistent=True to compute the {method} with "
                "experimental_use_pfor set to False."
            )

    def _shape_and_dtype(self, target: Any) -> Tuple[Shape, Any]:
        """Those of a target, which must be a tensor."""
        if self.library.is_variable(target):
            raise ValueError("The target is a variable; differentiate a tensor computed from it.")
        if not self.library.is_tensor(target):
            raise TypeError(f"The target must be a tensor, not {target!r}.")
        return tuple(self.library.shape(target)), self.library.dtype(target)

    def _seeds(self, target: Any, output_gradients: Any) -> Dict[int, Tensor]:
        """The cotangent of every differentiable target, by its key."""
        if target is None:
            raise TypeError("The target is None; it must be a tensor or a structure of tensors.")
        targets = [(value, *self._shape_and_dtype(value)) for value in structure.flatten(target)]
        targets = [each for each in targets if self.library.is_differentiable(each[2])]
        weights = structure.flatten(output_gradients)
        if output_gradients is None:
            weights = [None] * len(targets)
        elif len(targets) == 1 and len(weights) != 1:
            weights = [output_gradients]  # a list of numbers for the one target
        if len(weights) != len(targets):
            raise ValueError(
                f"There are {len(targets)} differentiable targets, but {len(weights)} "
                "output_gradients."
            )
        seeds: Dict[int, Tensor] = {}
        for (value, shape, dtype), weight in zip(targets, weights):
            if weight is None:
                cotangent = self.library.ones(shape, dtype)
            else:
                cotangent = self.library.convert(weight, dtype)
                if tuple(self.library.shape(cotangent)) != shape:
                    raise ValueError(f"An output gradient does not have the shape {shape}.")
            accumulate(self.library, seeds, self.library.key(value), cotangent)
        return seeds

    def _sources(self, sources: Any) -> Tuple[List[Any], List[int]]:
        """The sources as a list, and their keys."""
        flat = structure.flatten(sources)
        for source in flat:
            if not (self.library.is_tensor(source) or self.library.is_variable(source)):
                raise TypeError(f"A source must be a tensor or a variable, not {source!r}.")
        return flat, [self.library.key(source) for source in flat]

    def _path(self, sources: Sequence[int]) -> Path:
        """The records from the sources on. A tape that is not persistent is used up by this."""
        assert self._records is not None
        path = path_from(self._records, sources)
        if not self._persistent:
            self.__exit__()
            self._release()
        return path

    def _columns(
        self, target: Tensor, seeds: Sequence[Tensor], keys: Sequence[int]
    ) -> List[Optional[List[Optional[Tensor]]]]:
        """Of each source, its gradients for the cotangents of the target; None if unconnected."""
        path = self._path(keys)
        shape, dtype = self._shape_and_dtype(target)
        if not self.library.is_differentiable(dtype):
            return [None for _ in keys]
        key = self.library.key(target)
        # A target without elements has no rows; a sweep with zeros tells what it is connected to
        probes = seeds or [self.library.zeros(shape, dtype)]
        rows = [
            sweep(self.library, path, {key: self.library.reshape(probe, shape)}, keys)
            for probe in probes
        ]
        return [
            None if all(entry is None for entry in column) else list(column[: len(seeds)])
            for column in zip(*rows)
        ]

    def _assembled(
        self,
        column: Optional[List[Optional[Tensor]]],
        axis: int,
        shape: Shape,
        source: Any,
        unconnected: UnconnectedGradients,
    ) -> Optional[Tensor]:
        """The gradients of one source, stacked along an axis, as a jacobian of the given shape."""
        if column is None:
            return self._or_unconnected(None, shape, source, unconnected)
        if not column:
            return self.library.zeros(shape, self.library.dtype(source))
        zeros = zeros_like(self.library, source)
        rows = [zeros() if row is None else row for row in column]
        return self.library.reshape(self.library.stack(rows, axis), shape)

    def _or_unconnected(
        self, value: Optional[Tensor], shape: Shape, source: Any, unconnected: UnconnectedGradients
    ) -> Optional[Tensor]:
        if value is None and unconnected is UnconnectedGradients.ZERO:
            return self.library.zeros(shape, self.library.dtype(source))
        return value


def _product(shape: Shape) -> int:
    product = 1
    for length in shape:
        product *= length
    return product
