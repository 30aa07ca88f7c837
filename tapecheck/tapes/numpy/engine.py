"""How an operation on arrays becomes an operation on tensors that tapes record."""

from __future__ import annotations

import functools
import inspect
from operator import attrgetter
from typing import Any, Callable, Sequence, Tuple, overload

import numpy as np

from tapecheck.tapes import recorder, tape
from tapecheck.tapes.library import ArrayLibrary

from . import namespace as tf
from . import xp
from .dtype import DType
from .errors import InvalidArgumentError
from .pullback import pullback_of
from .tensor import Tensor, convert_to_tensor
from .variable import Variable
from .xp import Array


class Library(ArrayLibrary):
    """The library of this namespace, as the recorder sees it."""

    key = staticmethod(attrgetter("key"))  # type: ignore[assignment]
    dtype = staticmethod(attrgetter("dtype"))  # type: ignore[assignment]
    shape = staticmethod(attrgetter("shape"))  # type: ignore[assignment]

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, Tensor)

    def is_variable(self, value: Any) -> bool:
        return isinstance(value, Variable)

    def is_trainable(self, variable: Any) -> bool:
        return bool(variable.trainable)

    def is_differentiable(self, dtype: DType) -> bool:
        return dtype.is_differentiable

    def executing_eagerly(self) -> bool:
        return xp.executing_eagerly()

    def convert(self, value: Any, dtype: DType) -> Tensor:
        return convert_to_tensor(value, dtype)

    def zeros(self, shape: Sequence[int], dtype: DType) -> Tensor:
        return Tensor(np.zeros(shape, dtype.numpy))

    def ones(self, shape: Sequence[int], dtype: DType) -> Tensor:
        return Tensor(np.ones(shape, dtype.numpy))

    def one_hot(self, index: int, size: int, dtype: DType) -> Tensor:
        array = np.zeros(size, dtype.numpy)
        array[index] = 1
        return Tensor(array)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return tf.add(x, y)

    def stack(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        return tf.stack(tensors, axis)

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        return tf.reshape(x, shape)


library = Library()


class GradientTape(tape.GradientTape):
    """The gradient tape of this namespace; see ``tapecheck.tapes.tape.GradientTape``."""

    library = library


@overload
def operation(forward: Callable[..., Array]) -> Callable[..., Tensor]: ...


@overload
def operation(
    forward: Callable[..., Tuple[Array, ...]],
) -> Callable[..., Tuple[Tensor, ...]]: ...


def operation(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Make a recorded operation of a function on arrays.

    Positional arguments of ``forward`` are arrays of one dtype; keyword arguments are attributes,
    which are not differentiated. It returns an array, or a tuple of arrays. The operation takes for
    each array whatever can be converted to a tensor, numbers and arrays taking the dtype of the
    first tensor.

    Raises (the operation):
        InvalidArgumentError: if dtypes differ, or shapes or values do not fit.
    """
    name = forward.__name__.rstrip("_")
    parameters = [
        parameter.name
        for parameter in inspect.signature(forward).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]

    @functools.wraps(forward)
    def run(*inputs: Any, **attributes: Any) -> Any:
        attributes.pop("name", None)
        if attributes:
            missing = parameters[len(inputs) :]
            inputs += tuple(attributes.pop(key) for key in missing if key in attributes)
        tensors = _tensors(name, inputs)
        try:
            with xp.errstate(all="ignore"):
                value = forward(*[tensor.array for tensor in tensors], **attributes)
        except xp.ERRORS as error:
            raise InvalidArgumentError(f"{name}: {error}") from None
        result: Any
        if isinstance(value, tuple):
            result = outputs = tuple(map(Tensor, value))
        else:
            result = Tensor(value)
            outputs = (result,)
        if recorder.is_recording():
            recorder.record(
                library,
                tensors,
                outputs,
                lambda: pullback_of(name, forward, result, tensors, attributes),
            )
        return result

    return run


def _tensors(name: str, values: Sequence[Any]) -> Sequence[Tensor]:
    """The values as tensors, all of one dtype."""
    if not all(type(value) is Tensor for value in values):
        like = next(
            (value.dtype for value in values if isinstance(value, (Tensor, Variable))), None
        )
        values = [convert_to_tensor(value, dtype_hint=like) for value in values]
    if len(values) > 1:
        expected = values[0].dtype
        for value in values[1:]:
            if value.dtype is not expected:
                raise InvalidArgumentError(
                    f"{name}: an input was expected to be of dtype {expected.name} but is "
                    f"of dtype {value.dtype.name}; cast it."
                )
    return values
