"""Recording: a list of the operations that ran, walked backwards by the chain rule.

While a tape is active, every operation with an input that the tape tracks leaves a record: which
values went in, which came out, and its pullback, the function from the cotangents of its outputs
(the derivatives of the target with respect to them) to those of its inputs. To differentiate is to
give the target the cotangent one, and to apply the pullbacks from the last record to the first.

Three ideas carry the rest:

- A tape knows values by number, never by reference: what no pullback needs is free to go.
- A pullback is made of recorded operations. Another tape that is active while it runs records it in
  turn, and so differentiates the gradient: derivatives of any order need no further code.
- Nothing here knows an array library. All that is asked of one is an ``ArrayLibrary``.

``tape`` builds the gradient tape on this.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from tapecheck.tapes.library import ArrayLibrary, Tensor, Variable

Pullback = Callable[[Sequence[Tensor], Sequence[bool]], Sequence[Optional[Tensor]]]
"""From the cotangents of an operation's outputs, and which of its inputs are wanted, to a cotangent
per input: None where the output does not depend on it, anything where it is not wanted."""

UNTRACKED = 0
"""Stands in a record for an input that the tape did not track: the key of no value."""


class _Active(threading.local):
    """The recorders that are active on this thread, outermost first."""

    def __init__(self) -> None:
        self.recorders: List[Recorder] = []


_active = _Active()


class Record:
    """One operation that ran.

    Attributes:
        inputs: the keys of its inputs, ``UNTRACKED`` for those that the tape did not track.
        outputs: the keys of its outputs.
        zeros: for operations of several outputs, what makes the cotangent of one that is not used.
        pullback: from the cotangents of the outputs to those of the inputs.
    """

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


class Recorder:
    """What operations report to while it is active: a tape, an accumulator of products, or a
    watcher of variables.
    """

    def __init__(self) -> None:
        self._stack: Optional[List[Recorder]] = None  # that of the thread it is active on
        self._records: Optional[List[Record]] = None
        self._tracked: Set[int] = set()
        self._variables: Dict[int, Variable] = {}

    def _activate(self) -> None:
        self._stack = _active.recorders
        self._stack.append(self)

    def _deactivate(self) -> None:
        assert self._stack is not None
        self._stack.remove(self)
        self._stack = None

    def _operation_ran(
        self, entry: Record, outputs: Sequence[Tensor], differentiable: Sequence[int]
    ) -> None:
        """Hear of an operation that has a tracked value among its inputs.

        Of the keys of the outputs, ``differentiable`` are those that have derivatives.
        """
        assert self._records is not None
        tracked = [key if key in self._tracked else UNTRACKED for key in entry.inputs]
        self._records.append(Record(tracked, entry.outputs, entry.zeros, entry.pullback))
        self._tracked.update(differentiable)

    def _variable_read(self, variable: Variable, key: int) -> None:
        """Hear that a trainable variable is being read."""
        self._variables[key] = variable

    def watched_variables(self) -> Tuple[Variable, ...]:
        """The variables watched since recording began, in the order of their creation."""
        return tuple(self._variables[key] for key in sorted(self._variables))


class VariableWatcher(Recorder):
    """Within its block, notes the trainable variables that are read, and records nothing."""

    def __enter__(self) -> VariableWatcher:
        self._activate()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._deactivate()


def is_recording() -> bool:
    """Whether anything is active on this thread: if not, an operation can skip ``record``."""
    return bool(_active.recorders)


@contextmanager
def only(recorders: Sequence[Recorder]) -> Iterator[None]:
    """Within the block, of what is active on this thread only some recorders hear anything."""
    paused, _active.recorders = _active.recorders, list(recorders)
    try:
        yield
    finally:
        _active.recorders = paused


def pause_all() -> ContextManager[None]:
    """Within the block, no tape that is active on this thread records or watches."""
    return only(())


def variable_read(library: ArrayLibrary, variable: Variable) -> None:
    """Tell the active tapes that a variable is being read; to be called before that is recorded."""
    if library.is_trainable(variable):
        for recorder in _active.recorders:
            recorder._variable_read(variable, library.key(variable))


def record(
    library: ArrayLibrary,
    inputs: Sequence[Any],
    outputs: Sequence[Tensor],
    make_pullback: Callable[[], Pullback],
) -> None:
    """Record an operation on every active tape that tracks one of its inputs.

    ``make_pullback`` is called only if there is such a tape, so that nothing is kept without one.
    """
    keys = [library.key(value) for value in inputs]
    recorders = [each for each in _active.recorders if not each._tracked.isdisjoint(keys)]
    if not recorders:
        return
    results = [library.key(output) for output in outputs]
    differentiable = [
        key
        for key, output in zip(results, outputs)
        if library.is_differentiable(library.dtype(output))
    ]
    if not differentiable:
        return
    zeros = [zeros_like(library, output) for output in outputs] if len(outputs) > 1 else ()
    entry = Record(keys, results, zeros, make_pullback())
    for each in recorders:
        each._operation_ran(entry, outputs, differentiable)


def zeros_like(library: ArrayLibrary, value: Any) -> Callable[[], Tensor]:
    """What makes zeros of the shape and dtype of a value, without keeping the value."""
    shape, dtype = library.shape(value), library.dtype(value)
    return lambda: library.zeros(shape, dtype)


Path = List[Tuple[Record, List[bool]]]


def path_from(records: Iterable[Record], sources: Iterable[int]) -> Path:
    """The records that the sources lead to, in order, each with the inputs that they lead to."""
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
    """Carry cotangents backwards along a path, from ``seeds``, those of targets, to the sources.

    A record comes after those that made its inputs. So when its turn comes, backwards, all that
    used its outputs has had its turn, and their cotangents are complete. Time is linear in the
    length of the path.
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
        outgoing = entry.pullback(incoming, wanted)
        for key, is_wanted, cotangent in zip(entry.inputs, wanted, outgoing):
            if is_wanted and cotangent is not None:
                accumulate(library, cotangents, key, cotangent)
    return [cotangents.get(key) for key in sources]


def accumulate(
    library: ArrayLibrary, cotangents: Dict[int, Tensor], key: int, cotangent: Tensor
) -> None:
    """Add to the cotangent of the value with a key."""
    earlier = cotangents.get(key)
    cotangents[key] = cotangent if earlier is None else library.add(earlier, cotangent)
