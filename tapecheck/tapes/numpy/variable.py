"""Variables: tensors in a box, whose content can be replaced."""

from __future__ import annotations

import weakref
from typing import Any, Callable, MutableMapping, Optional

import numpy as np

from tapecheck.tapes import recorder
from tapecheck.tapes.library import new_key

from . import dtype as dtypes
from . import namespace as tf
from . import xp
from .dtype import DType
from .operators import Operators
from .tensor import Reference, Tensor, TensorShape, convert_to_tensor
from .xp import Array

LIVE: MutableMapping[int, Variable] = weakref.WeakValueDictionary()
"""All variables that there are, by their keys, in the order of their creation."""


class Variable(Operators):
    """A mutable value of fixed dtype and shape.

    Reading it gives a new tensor each time, and is recorded; assigning to it is not.
    """

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: Optional[str] = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        shape: Any = None,
    ) -> None:
        content = convert_to_tensor(initial_value() if callable(initial_value) else initial_value)
        if dtype is not None:
            content = tf.cast(content, dtype) if content.dtype != dtype else content
        if shape is not None and content.shape != tuple(shape):
            raise ValueError(f"The initial value has shape {content.shape}, not {tuple(shape)}.")
        self.key = new_key()
        LIVE[self.key] = self
        self._array: Array = content.array
        self._trainable = bool(trainable)
        self.constraint = constraint
        self.name = f"{name or 'Variable'}:0"

    @property
    def trainable(self) -> bool:
        """Whether tapes watch the variable by themselves when it is read. Fixed at creation."""
        return self._trainable

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return dtypes.of_array(self._array)

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        return TensorShape(self._array.shape)

    @property
    def device(self) -> str:
        """Where the content is."""
        return xp.device_of(self._array)

    def get_shape(self) -> TensorShape:
        """The lengths of the axes."""
        return self.shape

    def value(self) -> Tensor:
        """The present content, as a new tensor. Active tapes record the reading."""
        content = Tensor(self._array)
        if recorder.is_recording():
            library = tf.GradientTape.library
            recorder.variable_read(library, self)
            recorder.record(library, [self], [content], lambda: _identity)
        return content

    def read_value(self) -> Tensor:
        """The present content, as a new tensor."""
        return self.value()

    def numpy(self) -> Any:
        """A copy of the content."""
        return Tensor(self._array).numpy()

    def ref(self) -> Reference:
        """A hashable reference: variables themselves compare element by element."""
        return Reference(self)

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: Optional[str] = None,
        read_value: bool = True,
    ) -> Variable:
        """Replace the content.

        Raises:
            ValueError: if the value is of another dtype or shape.
        """
        return self._replace(convert_to_tensor(value, self.dtype).array)

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: Optional[str] = None,
        read_value: bool = True,
    ) -> Variable:
        """Add to the content."""
        return self._replace(self._array + convert_to_tensor(delta, self.dtype).array)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: Optional[str] = None,
        read_value: bool = True,
    ) -> Variable:
        """Subtract from the content."""
        return self._replace(self._array - convert_to_tensor(delta, self.dtype).array)

    def scatter_nd_update(self, indices: Any, updates: Any, name: Optional[str] = None) -> Variable:
        """Replace the elements at coordinates, which the last axis of ``indices`` holds."""
        return self._scatter(tf.tensor_scatter_nd_update, indices, updates)

    def scatter_nd_add(self, indices: Any, updates: Any, name: Optional[str] = None) -> Variable:
        """Add to the elements at coordinates."""
        return self._scatter(tf.tensor_scatter_nd_add, indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: Optional[str] = None) -> Variable:
        """Subtract from the elements at coordinates."""
        return self._scatter(tf.tensor_scatter_nd_sub, indices, updates)

    def _scatter(self, operation: Callable[..., Tensor], indices: Any, updates: Any) -> Variable:
        with recorder.pause_all():
            return self._replace(operation(Tensor(self._array), indices, updates).array)

    def _replace(self, array: Array) -> Variable:
        if tuple(array.shape) != self.shape:
            raise ValueError(
                f"Cannot assign value to variable '{self.name}': the variable shape {self.shape} "
                f"and the assigned value shape {array.shape} are incompatible."
            )
        self._array = xp.asarray(array)
        return self

    def __getitem__(self, index: Any) -> Tensor:
        element = VariableSlice(super().__getitem__(index), self, index)
        return element

    def __hash__(self) -> int:
        raise TypeError("Variable is unhashable. Instead, use variable.ref() as the key.")

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' of {Tensor(self._array)!r}>"


def _identity(cotangents: Any, wanted: Any) -> Any:
    return cotangents


class VariableSlice(Tensor):
    """A part of a variable: a tensor, through which the part can also be assigned."""

    __slots__ = ("_index", "_part", "_variable")

    def __init__(self, part: Tensor, variable: Variable, index: Any) -> None:
        self.array = part.array
        self.key = part.key
        # Whoever follows the part by its key must not see it go while this stands for it
        self._part = part
        self._variable = variable
        self._index = index

    def assign(self, value: Any, name: Optional[str] = None) -> Variable:
        """Replace this part of the variable."""
        index, shape = tf.arrays.numpy_index(self._index), self._variable.shape
        with recorder.pause_all():
            part = tf.broadcast_to(convert_to_tensor(value, self.dtype), self.shape)
            ones = xp.asarray(np.ones(self.shape, np.float32))
            replaced = xp.scatter(ones, index, shape) > 0
            content = xp.where(
                replaced, xp.scatter(part.array, index, shape), self._variable.value().array
            )
            return self._variable.assign(Tensor(content))
