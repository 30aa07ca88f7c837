"""The gradient tape: a list of the operations that ran, walked backwards by the chain rule.

While a tape is active, every operation with an input that the tape tracks leaves a record: which values
went in, which came out, and its pullback, the function that takes the cotangents of its outputs (the
derivatives of the target with respect to them) to those of its inputs. ``gradient`` gives the target the
cotangent one, and applies the pullbacks from the last record to the first.

Three ideas carry the rest:

- A tape remembers values by number, never by reference: what a pullback does not need is free to go.
- A pullback is made of recorded operations. Another tape that is active while it runs records it in turn,
  and so differentiates the gradient: derivatives of any order need no further code.
- Nothing here knows an array library. All that a tape asks of one is an ``ArrayLibrary``.
"""

from __future__ import annotations

import enum
import logging
import threading
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from tapecheck.tapes import structure
from tapecheck.tapes.library import ArrayLibrary, Shape, Tensor, Variable

Pullback = Callable[[Sequence[Tensor], Sequence[bool]], Sequence[Optional[Tensor]]]
"""From the cotangents of an operation's outputs, and which of its inputs are wanted, to one cotangent
per input: None where the output does not depend on it, anything where it is not wanted."""

UNTRACKED = 0
"""Stands in a record for an input that the tape did not track: the key of no value."""


class UnconnectedGradients(enum.Enum):
    """What ``gradient`` returns for a source from which no path leads to the target."""

    NONE = "none"
    ZERO = "zero"


class _Active(threading.local):
    """The tapes that record on this thread, outermost first."""

    def __init__(self) -> None:
        self.tapes: List[Any] = []


_active = _Active()


def is_recording() -> bool:
    """Whether any tape is active on this thread: without one, an operation can skip ``record``."""
    return bool(_active.tapes)


@contextmanager
def pause_all() -> Iterator[None]:
    """Within the block, no tape that is active on this thread records or watches."""
    paused, _active.tapes = _active.tapes, []
    try:
        yield
    finally:
        _active.tapes = paused


def variable_read(library: ArrayLibrary, variable: Variable) -> None:
    """Tell the active tapes that a variable is being read. To be called before the read is recorded."""
    if library.is_trainable(variable):
        for tape in _active.tapes:
            tape._trainable_read(library.key(variable), variable)


class Watcher:
    """A context manager that records nothing, but notes the trainable variables that are read in its block."""

    def __init__(self) -> None:
        self._tracked: Set[int] = set()
        self._variables: Dict[int, Variable] = {}

    def __enter__(self) -> Watcher:
        _active.tapes.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _active.tapes.remove(self)

    def _trainable_read(self, key: int, variable: Variable) -> None:
        self._variables[key] = variable

    def watched_variables(self) -> Tuple[Variable, ...]:
        """The variables that were read, in the order of their creation."""
        return tuple(self._variables[key] for key in sorted(self._variables))


class Record:
    """One operation that ran: the numbers of its inputs and outputs, and its pullback."""

    __slots__ = ("inputs", "outputs", "pullback", "zeros")

    def __init__(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        zeros: Sequence[Callable[[], Tensor]],
        pullback: Pullback,
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.zeros = zeros
        self.pullback = pullback


def record(
    library: ArrayLibrary,
    inputs: Sequence[Any],
    outputs: Sequence[Tensor],
    make_pullback: Callable[[], Pullback],
) -> None:
    """Record an operation on every active tape that tracks one of its inputs.

    ``make_pullback`` is called only if there is such a tape, so that nothing is kept when there is none.
    """
    keys = [library.key(value) for value in inputs]
    tapes = [tape for tape in _active.tapes if not tape._tracked.isdisjoint(keys)]
    if not tapes:
        return
    outgoing = [library.key(output) for output in outputs]
    differentiable = [
        key
        for key, output in zip(outgoing, outputs)
        if library.is_differentiable(library.dtype(output))
    ]
    if not differentiable:
        return
    zeros = [_zeros_like(library, output) for output in outputs] if len(outputs) > 1 else ()
    pullback = make_pullback()
    for tape in tapes:
        incoming = [key if key in tape._tracked else UNTRACKED for key in keys]
        tape._records.append(Record(incoming, outgoing, zeros, pullback))
        tape._tracked.update(differentiable)


def _zeros_like(library: ArrayLibrary, value: Any) -> Callable[[], Tensor]:
    shape, dtype = library.shape(value), library.dtype(value)
    return lambda: library.zeros(shape, dtype)


Path = List[Tuple[Record, List[bool]]]


def path_from(records: Iterable[Record], sources: Iterable[int]) -> Path:
    """The records that a source leads to, in order, each with a flag per input: does a source lead there?"""
    reached = set(sources)
    path = []
    for entry in records:
        wanted = [key in reached for key in entry.inputs]
        if any(wanted):
            reached.update(entry.outputs)
            path.append((entry, wanted))
    return path


def sweep(
    library: ArrayLibrary, path: Path, seeds: Dict[int, Tensor], sources: Sequence[int]
) -> List[Optional[Tensor]]:
    """Carry cotangents backwards along a path: from those of the targets, ``seeds``, to those of the sources.

    Every record comes after those that its inputs came from, so when its turn comes, backwards, the
    cotangents of its outputs are complete. Time and memory are linear in the length of the path.
    """
    kept = set(sources)
    cotangents = dict(seeds)
    for entry, wanted in reversed(path):
        incoming = [
            cotangents.get(key) if key in kept else cotangents.pop(key, None)
            for key in entry.outputs
        ]
        if all(cotangent is None for cotangent in incoming):
            continue
        for position, zeros in enumerate(entry.zeros):
            if incoming[position] is None:
                incoming[position] = zeros()
        for key, is_wanted, cotangent in zip(
            entry.inputs, wanted, entry.pullback(incoming, wanted)
        ):
            if is_wanted and cotangent is not None:
                _accumulate(library, cotangents, key, cotangent)
    return [cotangents.get(key) for key in sources]


def _accumulate(
    library: ArrayLibrary, cotangents: Dict[int, Tensor], key: int, cotangent: Tensor
) -> None:
    earlier = cotangents.get(key)
    cotangents[key] = cotangent if earlier is None else library.add(earlier, cotangent)


class GradientTape:
    """Records operations for automatic differentiation, as ``tf.GradientTape`` documents it.

    A subclass names its array library. Trainable variables are watched when they are read inside the
    block, unless ``watch_accessed_variables`` is false; tensors only by ``watch``. A tape gives one set of
    gradients or jacobians and then releases what it recorded, unless it is ``persistent``.
    """

    library: ArrayLibrary

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_accessed_variables = watch_accessed_variables
        self._stack: Optional[List[Any]] = None  # the thread's stack of tapes, while recording
        self._records: Optional[List[Record]] = None  # None before the first block and once used
        self._tracked: Set[int] = set()
        self._variables: Dict[int, Variable] = {}

    # Recording

    def __enter__(self) -> GradientTape:
        """Start recording, or go on recording after an earlier block.

        Raises:
            ValueError: if the tape is recording already.
        """
        if self._stack is not None:
            raise ValueError(
                "Tape is still recording. This happens on entering an already active tape."
            )
        self._resume()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Stop recording; what was recorded stays."""
        if self._stack is not None:
            self._suspend()

    def _resume(self) -> None:
        if self._records is None:
            self._records, self._tracked, self._variables = [], set(), {}
        self._stack = _active.tapes
        self._stack.append(self)

    def _suspend(self) -> None:
        assert self._stack is not None
        self._stack.remove(self)
        self._stack = None

    def _release(self) -> None:
        self._records, self._tracked = None, set()

    def _trainable_read(self, key: int, variable: Variable) -> None:
        if self._watch_accessed_variables:
            self._watch(variable)

    def _watch(self, value: Any) -> None:
        dtype = self.library.dtype(value)
        if self.library.is_variable(value):
            self._variables[self.library.key(value)] = value
        if self.library.is_differentiable(dtype):
            self._tracked.add(self.library.key(value))

    def watch(self, tensor: Any) -> None:
        """Differentiate with respect to a tensor or variable, or a nested structure of them, from here on.

        Raises:
            ValueError: if a leaf is neither a tensor nor a variable.
            RuntimeError: if the tape was never entered, or has released its records.
        """
        values = structure.flatten(tensor)
        for value in values:
            if not (self.library.is_tensor(value) or self.library.is_variable(value)):
                raise ValueError(
                    f"Passed in object {value!r} of type {type(value).__name__!r}, "
                    "not a Tensor or a Variable."
                )
        for value in values:
            if self._records is None:
                raise RuntimeError("A tape watches only once it has been entered.")
            if not self.library.is_differentiable(self.library.dtype(value)):
                logging.getLogger(__name__).warning(
                    "The dtype of a watched tensor must be floating or complex, got %r.",
                    self.library.dtype(value),
                )
            self._watch(value)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Do not record on this tape what runs inside the block; other tapes go on.

        Raises:
            RuntimeError: if the tape is not recording.
        """
        if self._stack is None:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self._suspend()
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
        self._suspend()
        self._release()
        self._resume()

    def watched_variables(self) -> Tuple[Variable, ...]:
        """The variables that were watched since the recording began, in the order of their creation."""
        return tuple(self._variables[key] for key in sorted(self._variables))

    # Differentiation

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The derivative of the sum of all elements of ``target`` with respect to each of ``sources``.

        Args:
            target: a tensor, or a nested structure of tensors.
            sources: a tensor or variable, or a nested structure of them.
            output_gradients: weights of that sum, one tensor of the same shape per differentiable tensor
                of the target; ones by default.
            unconnected_gradients: what to return for a source without a path to the target.

        Returns:
            One tensor (or None) per source, of its shape and dtype, in the structure of ``sources``. A
            complex gradient is dL/dx + i dL/dy, the conjugate of the derivative where that exists.

        Raises:
            RuntimeError: if a tape that is not persistent has been used, or the tape was never entered.
            TypeError: if the target is None, or a target or source is not a tensor.
            ValueError: if the target is a variable, ``unconnected_gradients`` is unknown, or
                ``output_gradients`` does not fit the target.
        """
        self._assert_usable()
        unconnected = self._unconnected(unconnected_gradients)
        seeds = self._seeds(target, output_gradients)
        flat, keys = self._sources(sources)
        path = self._path(keys)
        gradients = sweep(self.library, path, seeds, keys)
        return structure.pack_sequence_as(
            sources,
            [
                self._or_unconnected(gradient, self.library.shape(source), source, unconnected)
                for gradient, source in zip(gradients, flat)
            ],
        )

    def jacobian(
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Optional[int] = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of every element of a tensor with respect to every element of each source.

        ``parallel_iterations`` and ``experimental_use_pfor`` do not change the values; as documented, the
        latter may be false only on a persistent tape.

        Returns:
            One tensor (or None) of shape ``target.shape + source.shape`` per source, in the structure of
            ``sources``.

        Raises:
            As ``gradient``; and RuntimeError if ``experimental_use_pfor`` is false on a tape that is not
            persistent.
        """
        self._assert_usable("jacobian", experimental_use_pfor)
        unconnected = self._unconnected(unconnected_gradients)
        shape, dtype = self._shape_and_dtype(target)
        flat, keys = self._sources(sources)
        size = _product(shape)
        seeds = [self.library.one_hot(index, size, dtype) for index in range(size)]
        columns = self._columns(target, seeds, keys)
        jacobians = [
            self._assembled(
                column, 0, shape + tuple(self.library.shape(source)), source, unconnected
            )
            for column, source in zip(columns, flat)
        ]
        return structure.pack_sequence_as(sources, jacobians)

    def batch_jacobian(
        self,
        target: Tensor,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Optional[int] = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The jacobian of each example of a batch: of ``target[i]`` with respect to ``source[i]``.

        Example i of the target is supposed to depend on example i of the source alone. The options do not
        change the values; as documented, they may be given only on a persistent tape.

        Returns:
            A tensor of shape ``(batch,) + target.shape[1:] + source.shape[1:]``, or None.

        Raises:
            As ``jacobian``; RuntimeError if ``parallel_iterations`` is given on a tape that is not
            persistent; ValueError if a rank is less than 2 or the batches differ in size.
        """
        self._assert_usable("batch_jacobian", experimental_use_pfor)
        if parallel_iterations is not None and not self._persistent:
            raise RuntimeError(
                "GradientTape must be created with persistent=True to compute the batch_jacobian "
                "with parallel_iterations."
            )
        unconnected = self._unconnected(unconnected_gradients)
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
                f"Need first dimension of target shape {of_target} and source shape {of_source} to match."
            )
        batch, size = of_target[0], _product(of_target[1:])
        seeds = [
            self.library.stack([self.library.one_hot(index, size, dtype)] * batch, 0)
            for index in range(size if batch else 0)
        ]
        (column,) = self._columns(target, seeds, keys)
        return self._assembled(column, 1, of_target + of_source[1:], source, unconnected)

    def _assert_usable(self, method: str = "gradient", use_pfor: bool = True) -> None:
        if self._records is None:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients "
                "(or jacobians), after recording."
            )
        if not (use_pfor or self._persistent):
            raise RuntimeError(
                f"GradientTape must be created with persistent=True to compute the {method} with "
                "experimental_use_pfor set to False."
            )

    def _unconnected(self, value: Any) -> UnconnectedGradients:
        try:
            return UnconnectedGradients(value)
        except ValueError:
            raise ValueError(f"Unknown value for unconnected_gradients: {value!r}") from None

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
        targets = [entry for entry in targets if self.library.is_differentiable(entry[2])]
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
                given = tuple(self.library.shape(cotangent))
                if given != shape:
                    raise ValueError(
                        f"An output gradient of shape {given} for a target of {shape}."
                    )
            _accumulate(self.library, seeds, self.library.key(value), cotangent)
        return seeds

    def _sources(self, sources: Any) -> Tuple[List[Any], List[int]]:
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
            if self._stack is not None:
                self._suspend()
            self._release()
        return path

    def _columns(
        self, target: Tensor, seeds: Sequence[Tensor], keys: Sequence[int]
    ) -> List[Optional[List[Optional[Tensor]]]]:
        """For each source its gradients, one per cotangent of the target; None if it is unconnected."""
        path = self._path(keys)
        shape, dtype = self._shape_and_dtype(target)
        if not self.library.is_differentiable(dtype):
            return [None for _ in keys]
        # A target without elements has no rows; zeros find out what it is connected to
        probes = seeds or [self.library.zeros(shape, dtype)]
        rows = [
            sweep(
                self.library,
                path,
                {self.library.key(target): self.library.reshape(probe, shape)},
                keys,
            )
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
        """The gradients of one source as a jacobian of the given shape, stacked along an axis."""
        if not column:
            zeros = self.library.zeros(shape, self.library.dtype(source))
            return self._or_unconnected(
                None if column is None else zeros, shape, source, unconnected
            )
        rows = [_zeros_like(self.library, source)() if row is None else row for row in column]
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
