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
import itertools
import logging
import threading
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from tapecheck.tapes import structure

Tensor = Any
Variable = Any
Shape = Tuple[int, ...]
Pullback = Callable[[Sequence[Tensor], Sequence[bool]], Sequence[Optional[Tensor]]]
"""From the cotangents of an operation's outputs, and which of its inputs are wanted, to one cotangent per
input: None where the output does not depend on the input, anything where it is not wanted."""

new_key = itertools.count(1).__next__
"""Numbers for tensors and variables: never used twice, and growing in the order of creation."""


class UnconnectedGradients(enum.Enum):
    """What ``gradient`` returns for a source from which no path leads to the target."""

    NONE = "none"
    ZERO = "zero"


class ArrayLibrary:
    """What a tape asks of an array library. Shapes are tuples of integers; dtypes are the library's own."""

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor of this library."""
        raise NotImplementedError

    def is_variable(self, value: Any) -> bool:
        """Whether a value is a variable of this library."""
        raise NotImplementedError

    def is_trainable(self, variable: Variable) -> bool:
        """Whether tapes watch this variable by themselves when it is read."""
        raise NotImplementedError

    def is_differentiable(self, dtype: Any) -> bool:
        """Whether tensors of this dtype have derivatives: the real and complex floating dtypes."""
        raise NotImplementedError

    def key(self, value: Any) -> int:
        """The number of a tensor or variable, given by ``new_key`` when it was made."""
        raise NotImplementedError

    def shape(self, value: Any) -> Shape:
        """The shape of a tensor or variable."""
        raise NotImplementedError

    def dtype(self, value: Any) -> Any:
        """The dtype of a tensor or variable."""
        raise NotImplementedError

    def convert(self, value: Any, dtype: Any) -> Tensor:
        """A tensor from a tensor, variable, array or number."""
        raise NotImplementedError

    def zeros(self, shape: Shape, dtype: Any) -> Tensor:
        """A tensor of zeros."""
        raise NotImplementedError

    def ones(self, shape: Shape, dtype: Any) -> Tensor:
        """A tensor of ones."""
        raise NotImplementedError

    def one_hot(self, index: int, size: int, dtype: Any) -> Tensor:
        """A vector of zeros but for a one at ``index``."""
        raise NotImplementedError

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """The recorded sum of two tensors of one shape and dtype."""
        raise NotImplementedError

    def stack(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """The recorded stack of one or more tensors of one shape along a new axis."""
        raise NotImplementedError

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """The recorded reshape of a tensor."""
        raise NotImplementedError


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
    tracked = [
        key
        for key, output in zip(outgoing, outputs)
        if library.is_differentiable(library.dtype(output))
    ]
    if not tracked:
        return
    zeros = [_zeros_like(library, output) for output in outputs] if len(outputs) > 1 else ()
    entry = Record(keys, outgoing, zeros, make_pullback())
    for tape in tapes:
        tape._records.append(entry)
        tape._tracked.update(tracked)


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
        """The derivative of every element of ``target`` with respect to every element of each source.

        Args:
            target: a tensor.
            sources: a tensor or variable, or a nested structure of them.
            unconnected_gradients: what to return for a source without a path to the target.
            parallel_iterations: accepted; does not change the values.
            experimental_use_pfor: accepted; as documented, False asks for a persistent tape.

        Returns:
            One tensor (or None) of shape ``target.shape + source.shape`` per source, in the structure of
            ``sources``.

        Raises:
            RuntimeError: as for ``gradient``, and if ``experimental_use_pfor`` is false on a tape that is
                not persistent.
            TypeError, ValueError: as for ``gradient``.
        """
        self._assert_usable("jacobian", experimental_use_pfor)
        unconnected = self._unconnected(unconnected_gradients)
        self._assert_tensor(target)
        shape, dtype = tuple(self.library.shape(target)), self.library.dtype(target)
        flat, keys = self._sources(sources)
        path = self._path(keys)
        size = _product(shape)
        rows = [
            self._row(path, target, self.library.one_hot(index, size, dtype), keys)
            for index in range(size)
        ]
        connected = self._connected(path, target, keys)
        jacobians = []
        for position, source in enumerate(flat):
            full = shape + tuple(self.library.shape(source))
            column = [row[position] for row in rows]
            if not connected[position] or (rows and all(entry is None for entry in column)):
                jacobians.append(self._or_unconnected(None, full, source, unconnected))
            else:
                jacobians.append(self._stacked(column, 0, full, source))
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

        Example i of the target must depend on example i of the source alone; this is not checked.

        Args:
            target: a tensor of shape (batch, ...).
            source: a tensor or variable of shape (batch, ...).
            unconnected_gradients: what to return if no path leads from the source to the target.
            parallel_iterations: does not change the values; as documented, asks for a persistent tape.
            experimental_use_pfor: accepted; as documented, False asks for a persistent tape.

        Returns:
            A tensor of shape ``(batch,) + target.shape[1:] + source.shape[1:]``, or None.

        Raises:
            RuntimeError: as for ``jacobian``, and if ``parallel_iterations`` is given on a tape that is not
                persistent.
            ValueError: if a rank is less than 2, or the batches differ in size.
            TypeError: if the target or the source is not a tensor.
        """
        self._assert_usable("batch_jacobian", experimental_use_pfor)
        if parallel_iterations is not None and not self._persistent:
            raise RuntimeError(
                "GradientTape must be created with persistent=True to compute the batch_jacobian "
                "with parallel_iterations."
            )
        unconnected = self._unconnected(unconnected_gradients)
        self._assert_tensor(target)
        if structure.is_nested(source):
            raise TypeError(f"The source must be one tensor, not a {type(source).__name__}.")
        (source,), keys = self._sources(source)
        of_target, of_source = tuple(self.library.shape(target)), tuple(self.library.shape(source))
        for shape in (of_target, of_source):
            if len(shape) < 2:
                raise ValueError(f"Shape {shape} must have rank at least 2.")
        if of_target[0] != of_source[0]:
            raise ValueError(
                f"Need first dimension of target shape ({of_target}) and source shape ({of_source}) "
                "to match."
            )
        path = self._path(keys)
        full = of_target + of_source[1:]
        batch, size = of_target[0], _product(of_target[1:])
        dtype = self.library.dtype(target)
        column: List[Optional[Tensor]] = []
        for index in range(size if batch else 0):
            one_hot = self.library.one_hot(index, size, dtype)
            seed = self.library.stack([one_hot] * batch, 0)
            column.extend(self._row(path, target, seed, keys))
        (connected,) = self._connected(path, target, keys)
        if not connected or (column and all(entry is None for entry in column)):
            return self._or_unconnected(None, full, source, unconnected)
        return self._stacked(column, 1, full, source)

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

    def _assert_tensor(self, target: Any) -> None:
        if self.library.is_variable(target):
            raise ValueError("The target is a variable; differentiate a tensor computed from it.")
        if not self.library.is_tensor(target):
            raise TypeError(f"The target must be a tensor, not {target!r}.")

    def _seeds(self, target: Any, output_gradients: Any) -> Dict[int, Tensor]:
        """The cotangent of every differentiable target, by its number."""
        if target is None:
            raise TypeError("The target is None; it must be a tensor or a structure of tensors.")
        targets = structure.flatten(target)
        for value in targets:
            self._assert_tensor(value)
        targets = [v for v in targets if self.library.is_differentiable(self.library.dtype(v))]
        weights = structure.flatten(output_gradients)
        if output_gradients is None:
            weights = [None] * len(targets)
        elif len(targets) == 1 and len(weights) != 1:
            weights = [output_gradients]  # a list of numbers for the one target
        if len(weights) != len(targets):
            raise ValueError(
                f"There are {len(targets)} differentiable targets, but {len(weights)} output_gradients."
            )
        seeds: Dict[int, Tensor] = {}
        for value, weight in zip(targets, weights):
            shape, dtype = tuple(self.library.shape(value)), self.library.dtype(value)
            if weight is None:
                cotangent = self.library.ones(shape, dtype)
            else:
                cotangent = self.library.convert(weight, dtype)
                if tuple(self.library.shape(cotangent)) != shape:
                    raise ValueError(
                        f"An output gradient has shape {tuple(self.library.shape(cotangent))}, "
                        f"its target {shape}."
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

    def _row(
        self, path: Path, target: Tensor, seed: Tensor, keys: Sequence[int]
    ) -> List[Optional[Tensor]]:
        if not self.library.is_differentiable(self.library.dtype(target)):
            return [None] * len(keys)
        seed = self.library.reshape(seed, tuple(self.library.shape(target)))
        return sweep(self.library, path, {self.library.key(target): seed}, keys)

    def _connected(self, path: Path, target: Tensor, keys: Sequence[int]) -> List[bool]:
        """Whether a path of records leads from each source to the target."""
        upstream = {self.library.key(target)}
        for entry, wanted in reversed(path):
            if not upstream.isdisjoint(entry.outputs):
                upstream.update(itertools.compress(entry.inputs, wanted))
        return [key in upstream for key in keys]

    def _stacked(
        self, column: Sequence[Optional[Tensor]], axis: int, shape: Shape, source: Any
    ) -> Tensor:
        """The rows of a jacobian as one tensor of the given shape."""
        dtype = self.library.dtype(source)
        if not column:
            return self.library.zeros(shape, dtype)
        zeros = _zeros_like(self.library, source)
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
