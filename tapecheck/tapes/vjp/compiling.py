"""``tf.function`` by the compiler of the library, for programs of tensors and variables.

A compiler takes pure functions of arrays. So the contents of variables go in as arguments and come
out as results, and a compiled program is, for the tapes around it, one operation.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from tapecheck.tapes import recorder, structure

from . import namespace as tf
from . import xp
from .derivatives import everything
from .pullback import by_vjp
from .tensor import Tensor, convert_to_tensor
from .variable import LIVE, Variable

_ARRAYS = (Tensor, np.ndarray, np.generic)


def function(
    func: Optional[Callable[..., Any]] = None, jit_compile: Optional[bool] = None, **options: Any
) -> Any:
    """A compiled program, or a decorator that makes one. It is traced once for each signature.

    Raises:
        NotImplementedError: without ``jit_compile``, or for options beside it.
    """
    options.pop("autograph", None)
    if not jit_compile or options:
        raise NotImplementedError("There is only function(program, jit_compile=True).")
    return functools.partial(function, jit_compile=True) if func is None else Compiled(func)


class Compiled:
    """A program of tensors that is traced and compiled when it is called.

    Arguments that are tensors or arrays are traced; all others are constants of the trace.
    """

    def __init__(self, program: Callable[..., Any]) -> None:
        functools.update_wrapper(self, program)
        self._program = program
        self._traces: Dict[Any, _Trace] = {}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results of the program.

        Raises:
            ValueError: if the program creates a variable.
        """
        arguments = (args, kwargs)
        leaves = structure.flatten(arguments)
        tensors = [convert_to_tensor(leaf) for leaf in leaves if isinstance(leaf, _ARRAYS)]
        variables = dict(LIVE)
        signature = (
            repr([_constant(leaf) for leaf in leaves]),
            str(structure.map_structure(lambda leaf: 0, arguments)),
            tuple((tuple(tensor.shape), tensor.dtype.name) for tensor in tensors),
            tuple(variables),
        )
        if signature not in self._traces:
            self._traces[signature] = _Trace(self._program, arguments, list(variables))
        return self._traces[signature](tensors, variables)


def _constant(leaf: Any) -> Any:
    if isinstance(leaf, _ARRAYS):
        return Tensor
    return leaf if isinstance(leaf, (bool, int, float, complex, str, type(None))) else id(leaf)


class _Trace:
    """A program for one signature: compiled when it first runs."""

    def __init__(self, program: Callable[..., Any], arguments: Any, keys: List[int]) -> None:
        self._program = program
        # Without the arrays, which are not to be kept
        self._arguments = structure.map_structure(
            lambda leaf: Tensor if isinstance(leaf, _ARRAYS) else leaf, arguments
        )
        self._keys = keys
        self._compiled = xp.jit(self._traced)
        self._assigned: List[int] = []
        self._read: List[int] = []
        self._result: Any = None
        self._outputs: List[Any] = []

    def __call__(self, tensors: Sequence[Tensor], variables: Dict[int, Variable]) -> Any:
        arrays = [tensor.array for tensor in tensors]
        contents = [variable._array for variable in variables.values()]
        results, assigned = self._compiled(arrays, contents)
        for key, array in zip(self._assigned, assigned):
            variables[key]._array = array
        computed = [Tensor(array) for array in results]
        if recorder.is_recording():
            self._record(tensors, variables, contents, computed)
        rest = iter(computed)
        leaves = [next(rest) if leaf is Tensor else leaf for leaf in self._outputs]
        return structure.pack_sequence_as(self._result, leaves)

    def _traced(self, arrays: Sequence[Any], contents: Sequence[Any]) -> Tuple[Any, Any]:
        """The program as a pure function, and what it leaves in variables."""
        rest = iter(arrays)
        args, kwargs = structure.map_structure(
            lambda leaf: Tensor(next(rest)) if leaf is Tensor else leaf, self._arguments
        )
        variables = [LIVE[key] for key in self._keys]
        before = [variable._array for variable in variables]
        for variable, content in zip(variables, contents):
            variable._array = content
        try:
            with recorder.only(()), recorder.VariableWatcher() as watcher:
                result = self._program(*args, **kwargs)
            self._read = [variable.key for variable in watcher.watched_variables()]
            after = [variable._array for variable in variables]
        finally:
            for variable, array in zip(variables, before):
                variable._array = array
        if any(key not in self._keys for key in dict(LIVE)):
            raise ValueError("A compiled function tried to create variables.")
        places = [i for i, content in enumerate(contents) if after[i] is not content]
        self._assigned = [self._keys[place] for place in places]
        leaves = [
            leaf.value() if isinstance(leaf, Variable) else leaf
            for leaf in structure.flatten(result)
        ]
        self._outputs = [Tensor if isinstance(leaf, _ARRAYS) else leaf for leaf in leaves]
        self._result = structure.map_structure(lambda leaf: None, result)
        computed = [convert_to_tensor(leaf).array for leaf in leaves if isinstance(leaf, _ARRAYS)]
        return tuple(computed), tuple(after[place] for place in places)

    def _record(
        self,
        tensors: Sequence[Tensor],
        variables: Dict[int, Variable],
        contents: List[Any],
        computed: Sequence[Tensor],
    ) -> None:
        """Let the tapes around a call know of it, as of one operation."""
        library = tf.GradientTape.library
        reads = [variables[key].value() for key in self._read]
        places = [self._keys.index(key) for key in self._read]
        for tensor, place in zip(reads, places):
            tensor.array = contents[place]
        outputs = [place for place, tensor in enumerate(computed) if tensor.dtype.is_differentiable]

        def forward(*arrays: Any) -> Tuple[Any, ...]:
            state = list(contents)
            for place, array in zip(places, arrays[len(tensors) :]):
                state[place] = array
            results, _ = self._compiled(list(arrays[: len(tensors)]), state)
            return tuple(results[place] for place in outputs)

        inputs = [*tensors, *reads]
        recorder.record(
            library,
            inputs,
            [computed[place] for place in outputs],
            lambda: by_vjp(forward, inputs, everything),
        )
