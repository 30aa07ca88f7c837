"""Data types, named as TensorFlow names them, over those of NumPy."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np

from . import xp


class DType:
    """The type of a tensor's elements. Equal to its name and to the NumPy dtype it stands for."""

    __slots__ = ("as_numpy_dtype", "name", "numpy")

    def __init__(self, name: str, scalar: Any) -> None:
        self.name = name
        self.as_numpy_dtype = scalar
        self.numpy = np.dtype(scalar)

    @property
    def is_floating(self) -> bool:
        """Whether it is a real floating-point type."""
        return bool(self.numpy.kind == "f")

    @property
    def is_complex(self) -> bool:
        """Whether it is a complex type."""
        return bool(self.numpy.kind == "c")

    @property
    def is_differentiable(self) -> bool:
        """Whether tensors of this type have derivatives."""
        return self.numpy.kind in "fc"

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer type, signed or not."""
        return self.numpy.kind in "iu"

    @property
    def is_bool(self) -> bool:
        """Whether it is the boolean type."""
        return bool(self.numpy.kind == "b")

    @property
    def is_unsigned(self) -> bool:
        """Whether it is an unsigned integer type."""
        return bool(self.numpy.kind == "u")

    @property
    def base_dtype(self) -> DType:
        """The type itself."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part of a complex number of this type; else the type itself."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    @property
    def size(self) -> int:
        """Bytes per element."""
        return int(self.numpy.itemsize)

    @property
    def min(self) -> Any:
        """The least finite value."""
        return np.finfo(self.numpy).min if self.is_floating else np.iinfo(self.numpy).min

    @property
    def max(self) -> Any:
        """The greatest finite value."""
        return np.finfo(self.numpy).max if self.is_floating else np.iinfo(self.numpy).max

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        if isinstance(other, DType) or other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"


bool_ = DType("bool", np.bool_)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
float16 = DType("float16", np.float16)
float32 = DType("float32", np.float32)
float64 = DType("float64", np.float64)
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)
string = DType("string", np.object_)

ALL = (
    bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
    float16, float32, float64, complex64, complex128, string,
)  # fmt: skip
_BY_NUMPY: Dict[Any, DType] = {dtype.numpy: dtype for dtype in ALL}
_BY_NAME: Dict[str, DType] = {dtype.name: dtype for dtype in ALL}
_BY_NAME.update(half=float16, float=float32, double=float64)
_BY_PYTHON: Dict[Any, DType] = {bool: bool_, int: int32, float: float32, str: string}


def of_array(array: xp.Array) -> DType:
    """The type of an array's elements."""
    dtype = xp.dtype(array)
    try:
        return _BY_NUMPY[dtype]
    except KeyError:
        raise TypeError(f"There is no tensor of NumPy's dtype {dtype}.") from None


def as_dtype(value: Any) -> DType:
    """The type that a DType, a name, a Python type or a NumPy dtype stands for.

    Raises:
        TypeError: if there is none.
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value in _BY_NAME:
        return _BY_NAME[value]
    if isinstance(value, type) and value in _BY_PYTHON:
        return _BY_PYTHON[value]
    try:
        return _BY_NUMPY[np.dtype(value)]
    except (TypeError, KeyError):
        raise TypeError(f"Cannot convert {value!r} to a DType.") from None
