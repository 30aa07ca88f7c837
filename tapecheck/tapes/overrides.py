"""Functions that bring their own gradient, for any array library: ``tf.custom_gradient`` and its
kin.

Each takes the tape class of the library first, and the namespace of the library binds it.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, List, Sequence, Type

from tapecheck.tapes import structure
from tapecheck.tapes.library import ArrayLibrary
from tapecheck.tapes.recorder import (
    VariableWatcher,
    pause_all,
    record,
    variable_read,
)
from tapecheck.tapes.tape import GradientTape, UnconnectedGradients

Tape = Type[GradientTape]


def custom_gradient(tape: Tape, identity: Callable[[Any], Any], f: Any = None) -> Any:
    """A decorator for a function that returns its result and the function of its gradient.

    ``grad_fn(*upstream)`` gets one cotangent per tensor of the result, and returns one per
    argument, or None. If the function reads trainable variables that are not arguments, ``grad_fn``
    must accept the keyword ``variables``, a list of them, and return two lists: cotangents of
    arguments and of variables.

    Raises:
        TypeError: when called, if variables are read and ``grad_fn`` does not accept ``variables``.
        ValueError: from ``gradient``, if ``grad_fn`` returns a wrong number of cotangents.
    """
    if f is None:
        return functools.partial(custom_gradient, tape, identity)
    return _WithOwnGradient(tape, identity, f)


class _WithOwnGradient:
    """A decorated function; as an attribute of a class, a method whose ``self`` is no input."""

    def __init__(self, tape: Tape, identity: Callable[[Any], Any], f: Callable[..., Any]) -> None:
        functools.update_wrapper(self, f)
        self._tape, self._identity, self._function = tape, identity, f

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        bound = self._function.__get__(instance, owner)
        return _WithOwnGradient(self._tape, self._identity, bound)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with VariableWatcher() as watcher:
            result, grad_fn = self._function(*args, **kwargs)
        arguments = structure.flatten(args)
        variables = _others(watcher.watched_variables(), arguments)
        return _recorded(self._tape, self._identity, arguments, variables, result, grad_fn)


def _others(variables: Sequence[Any], arguments: Sequence[Any]) -> List[Any]:
    """The variables that are not among the arguments."""
    return [v for v in variables if not any(v is argument for argument in arguments)]


def _recorded(
    tape: Tape,
    identity: Callable[[Any], Any],
    arguments: List[Any],
    variables: List[Any],
    result: Any,
    grad_fn: Callable[..., Any],
) -> Any:
    """The result, recorded as if ``grad_fn`` were its only origin."""
    library = tape.library
    if variables and not _accepts_variables(grad_fn):
        raise TypeError(
            "The grad_fn of a custom_gradient must accept keyword argument 'variables', since the "
            f"function uses variables: {variables}"
        )

    def pullback(cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        of_variables: List[Any] = []
        if variables:
            of_arguments, given = grad_fn(*cotangents, variables=variables)
            of_variables = structure.flatten(given)
            if len(of_variables) != len(variables):
                raise ValueError(
                    "Must return gradient for each variable from custom_gradient grad_fn."
                )
        else:
            of_arguments = grad_fn(*cotangents)
        flat = structure.flatten(of_arguments)
        if len(flat) != len(arguments):
            raise ValueError(
                f"custom_gradient function expected to return {len(arguments)} gradients, but "
                f"returned {len(flat)} instead."
            )
        gradients = flat + of_variables
        return [
            None if gradients[i] is None else _as_tensor(library, gradients[i], dtype)
            for i, dtype in places
        ]

    values = arguments + variables
    inputs = [v for v in values if library.is_tensor(v) or library.is_variable(v)]
    places = [
        (i, library.dtype(v))
        for i, v in enumerate(values)
        if library.is_tensor(v) or library.is_variable(v)
    ]
    with pause_all():
        outputs = [identity(value) for value in structure.flatten(result)]
    record(library, inputs, outputs, lambda: pullback)
    return structure.pack_sequence_as(result, outputs)


def _as_tensor(library: ArrayLibrary, value: Any, dtype: Any) -> Any:
    return value if library.is_tensor(value) else library.convert(value, dtype)


def _accepts_variables(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters
    return "variables" in parameters or any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def recompute_grad(tape: Tape, identity: Callable[[Any], Any], f: Callable[..., Any]) -> Any:
    """A function that keeps none of its intermediate results for the backward pass, but runs again
    there.

    The function is available as ``__wrapped__`` of the returned one.
    """
    library = tape.library

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with pause_all(), VariableWatcher() as watcher:
            result = f(*args, **kwargs)
        arguments = structure.flatten(args)
        read = _others(watcher.watched_variables(), arguments)
        for variable in read:
            variable_read(library, variable)

        def grad_fn(*upstream: Any, variables: Sequence[Any] = ()) -> Any:
            sources = [
                identity(a) if library.is_tensor(a) or library.is_variable(a) else a
                for a in arguments
            ]
            tensors = [a for a in sources if library.is_tensor(a)]
            with tape(watch_accessed_variables=False) as again:
                again.watch([tensors, list(variables)])
                target = f(*structure.pack_sequence_as(args, sources), **kwargs)
            outputs = structure.flatten(target)
            weights = [
                weight
                for weight, output in zip(upstream, outputs)
                if library.is_differentiable(library.dtype(output))
            ]
            of_tensors, of_variables = again.gradient(
                outputs, [tensors, list(variables)], weights, UnconnectedGradients.ZERO
            )
            gradients = iter(of_tensors)
            of_arguments = [next(gradients) if library.is_tensor(a) else None for a in sources]
            return (of_arguments, of_variables) if variables else of_arguments

        return _recorded(tape, identity, arguments, read, result, grad_fn)

    return decorated


def grad_pass_through(tape: Tape, identity: Callable[[Any], Any], f: Callable[..., Any]) -> Any:
    """A function with the values of ``f`` and the gradient of the identity; none for variables that
    it reads.
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        def grad_fn(*upstream: Any, variables: Sequence[Any] = ()) -> Any:
            return (upstream, [None] * len(variables)) if variables else upstream

        return f(*args, **kwargs), grad_fn

    return custom_gradient(tape, identity, decorated)
