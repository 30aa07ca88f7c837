"""Tensors: immutable arrays with an identity, and what can become one."""

from __future__ import annotations

from typing import Any, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from tapecheck.tapes.library import new_key

from . import dtype as dtypes
from . import namespace as tf
from . import xp
from .dtype import DType
from .operators import Operators
from .xp import Array


class TensorShape(Tuple[int, ...]):
    """The lengths of a tensor's axes: a tuple of integers that also equals a list of them."""

    __slots__ = ()

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)

    def as_list(self) -> List[int]:
        """The lengths as a list."""
        return list(self)

    def num_elements(self) -> int:
        """The product of the lengths."""
        return int(np.prod(self, dtype=np.int64))

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __getitem__(self, index: Any) -> Any:
        value = tuple.__getitem__(self, index)
        return TensorShape(value) if isinstance(index, slice) else value

    def __add__(self, other: Iterable[int]) -> TensorShape:  # type: ignore[override]
        return TensorShape(tuple(self) + tuple(other))

    def __radd__(self, other: Iterable[int]) -> TensorShape:
        return TensorShape(tuple(other) + tuple(self))

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return str(tuple(self))


class Reference:
    """A hashable stand-in for a tensor or a variable, equal to those of the same object."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def deref(self) -> Any:
        """The tensor or variable."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


class Tensor(Operators):
    """An immutable array of one dtype, recognised by tapes as the very object it is."""

    __slots__ = ("__weakref__", "array", "key")

    def __init__(self, array: Any) -> None:
        self.array: Array = xp.asarray(array)
        self.key = new_key()

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return dtypes.of_array(self.array)

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        return TensorShape(self.array.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim

    @property
    def device(self) -> str:
        """Where the elements are."""
        return xp.device_of(self.array)

    def get_shape(self) -> TensorShape:
        """The lengths of the axes."""
        return self.shape

    def numpy(self) -> Any:
        """A copy of the elements: an array, or a scalar for a tensor without axes."""
        elements = xp.to_numpy(self.array)
        if elements.dtype == object and elements.ndim == 0:
            return elements.item()
        return elements.copy()[()]

    def ref(self) -> Reference:
        """A hashable reference: tensors themselves compare element by element."""
        return Reference(self)

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __repr__(self) -> str:
        array = xp.known(self.array)
        elements = "unknown" if array is None else repr(array) if array.ndim else str(array)
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={elements}>"

    def __str__(self) -> str:
        return f"tf.Tensor({xp.known(self.array)}, shape={self.shape}, dtype={self.dtype.name})"


def constant(
    value: Any, dtype: Any = None, shape: Optional[Iterable[int]] = None, name: Optional[str] = None
) -> Tensor:
    """A tensor from numbers, nested lists, arrays or tensors, filled or reshaped to ``shape``.

    Python floats become float32 and integers int32 unless ``dtype`` says otherwise.
    """
    tensor = convert_to_tensor(value, dtype)
    if shape is None:
        return tensor
    lengths = tuple(shape)
    if tensor.shape.num_elements() == 1:
        return Tensor(xp.broadcast_to(xp.reshape(tensor.array, ()), lengths))
    return Tensor(xp.reshape(tensor.array, lengths))


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: Optional[str] = None
) -> Tensor:
    """A tensor from a tensor, variable, number, array or nested list of them.

    Lists that contain tensors are stacked, and the stack is recorded. ``dtype_hint`` is taken if
    the value can be converted to it, and has no say for tensors.

    Raises:
        ValueError: for a tensor or variable of another dtype than the given one, or a value without
            one.
        TypeError: if the value cannot be of the given dtype.
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    tensor = _recorded(value, wanted or dtype_hint)
    if tensor is not None:
        if wanted is not None and tensor.dtype is not wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for a tensor with dtype "
                f"{tensor.dtype.name}: {tensor!r}"
            )
        return tensor
    if wanted is None and dtype_hint is not None:
        try:
            return _constant(value, dtypes.as_dtype(dtype_hint))
        except TypeError:
            return _constant(value, None)
    return _constant(value, wanted)


def _recorded(value: Any, dtype: Any) -> Optional[Tensor]:
    """The tensor that a value is or is computed from; None for a constant."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Operators):
        content: Tensor = value.value()
        return content
    if isinstance(value, (list, tuple)) and _holds_tensors(value):
        like = dtype or _first_dtype(value)
        return tf.stack([convert_to_tensor(v, dtype_hint=like) for v in value])
    return None


def _holds_tensors(value: Sequence[Any]) -> bool:
    return any(
        isinstance(v, Operators) or (isinstance(v, (list, tuple)) and _holds_tensors(v))
        for v in value
    )


def _first_dtype(value: Any) -> Any:
    if isinstance(value, Operators):
        return value.dtype
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(_first_dtype, value)), None)
    return None


def _constant(value: Any, dtype: Optional[DType]) -> Tensor:
    if value is None:
        raise ValueError("Attempt to convert a value (None) with an unsupported type to a Tensor.")
    array = np.array(value)
    kind = array.dtype.kind
    if kind in "US" or (kind == "O" and array.size and isinstance(array.flat[0], (str, bytes))):
        array = _bytes(array)
    elif kind == "O":
        raise ValueError(
            f"Attempt to convert a value ({value!r}) with an unsupported type to a Tensor."
        )
    if isinstance(value, (np.ndarray, np.generic)):
        return Tensor(array if dtype is None else array.astype(dtype.numpy))
    if dtype is None:
        return Tensor(array.astype(_default(array, value)))
    if array.size and array.dtype.kind not in _TAKES[dtype.numpy.kind]:
        raise TypeError(f"Cannot convert {value!r} to a tensor of dtype {dtype.name}.")
    return Tensor(array.astype(dtype.numpy))


_TAKES = {"b": "b", "i": "iu", "u": "iu", "f": "iuf", "c": "iufc", "O": "O"}
"""For each kind of dtype, in NumPy's letters, the kinds of Python numbers that it takes."""


def _bytes(array: np.ndarray) -> np.ndarray:
    encoded = np.empty(array.shape, object)
    for place, text in np.ndenumerate(array):
        encoded[place] = text.encode() if isinstance(text, str) else bytes(text)
    return encoded


def _default(array: np.ndarray, value: Any) -> Any:
    """The NumPy dtype of Python numbers: single precision, but for scalars that NumPy made."""
    while isinstance(value, (list, tuple)) and len(value):
        value = value[0]
    if isinstance(value, (np.ndarray, np.generic)):
        return array.dtype
    if array.dtype == np.float64:
        return np.float32
    if array.dtype.kind == "i":
        fits = array.size == 0 or (abs(array.min()) <= 2**31 - 1 and abs(array.max()) <= 2**31 - 1)
        return np.int32 if fits else np.int64
    return xp.COMPLEX if array.dtype.kind == "c" else array.dtype
