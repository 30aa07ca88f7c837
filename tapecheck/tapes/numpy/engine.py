"""How an operation on arrays becomes an operation on tensors that tapes record."""

from __future__ import annotations

import functools
import inspect
from operator import attrgetter
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, overload

import numpy as np

from tapecheck.tapes import numpy as tf
from tapecheck.tapes import recorder, tape
from tapecheck.tapes.library import ArrayLibrary
from tapecheck.tapes.numpy.dtype import DType
from tapecheck.tapes.numpy.errors import InvalidArgumentError
from tapecheck.tapes.numpy.tensor import Tensor, convert_to_tensor
from tapecheck.tapes.numpy.variable import Variable

Rule = Callable[..., Sequence[Optional[Callable[..., Tensor]]]]

DERIVATIVES: Dict[str, Rule] = {}
"""By the name of an operation, its rule: a function of the result, the inputs and the attributes of
the operation that returns one pullback per input, from the cotangents of the outputs to that of the
input. A pullback is a closure, and so keeps exactly what it needs alive."""


class NumPyLibrary(ArrayLibrary):
    """NumPy, as the recorder sees it."""

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


library = NumPyLibrary()


class GradientTape(tape.GradientTape):
    """The gradient tape of this namespace; see ``tapecheck.tapes.tape.GradientTape``."""

    library = library


@overload
def operation(forward: Callable[..., np.ndarray]) -> Callable[..., Tensor]: ...


@overload
def operation(
    forward: Callable[..., Tuple[np.ndarray, ...]],
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
            with np.errstate(all="ignore"):
                value = forward(*[tensor.array for tensor in tensors], **attributes)
        except (ValueError, IndexError, np.linalg.LinAlgError) as error:
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
                lambda: _pullback(name, result, tensors, attributes),
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
        expected = values[0].array.dtype
        for value in values[1:]:
            if value.array.dtype != expected:
                raise InvalidArgumentError(
                    f"{name}: an input was expected to be of dtype {values[0].dtype.name} but is "
                    f"of dtype {value.dtype.name}; cast it."
                )
    return values


def _pullback(
    name: str, result: Any, inputs: Sequence[Tensor], attributes: Dict[str, Any]
) -> recorder.Pullback:
    rule = DERIVATIVES.get(name)
    if rule is None:

        def refuse(cotangents: Sequence[Tensor], wanted: Sequence[bool]) -> Sequence[Any]:
            raise LookupError(f"The operation {name} has no gradient.")

        return refuse
    pullbacks = rule(result, *inputs, **attributes)

    def pullback(cotangents: Sequence[Tensor], wanted: Sequence[bool]) -> Sequence[Any]:
        return [
            each(*cotangents) if each is not None and is_wanted else None
            for each, is_wanted in zip(pullbacks, wanted)
        ]

    return pullback
