"""Python's operators and conversions, for tensors and variables alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

import numpy as np

from . import namespace as tf  # complete by the time that an operator runs
from . import xp

if TYPE_CHECKING:
    from .dtype import DType
    from .tensor import Tensor, TensorShape


class Operators:
    """What tensors and variables have in common: ``value()`` is the tensor to compute with."""

    __slots__ = ()
    __array_priority__ = 100  # an array on the left leaves the operation to the tensor

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        raise NotImplementedError

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        raise NotImplementedError

    def value(self) -> Any:
        """The tensor to compute with."""
        return self

    def numpy(self) -> Any:
        """A copy of the elements: an array, or a scalar where there are no axes."""
        raise NotImplementedError

    def __neg__(self) -> Tensor:
        return tf.negative(self)

    def __pos__(self) -> Tensor:
        return tf.identity(self)

    def __abs__(self) -> Tensor:
        return tf.math.abs(self)

    def __add__(self, other: Any) -> Tensor:
        return tf.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return tf.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return tf.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return tf.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return tf.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return tf.multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return tf.math.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return tf.math.divide(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return tf.math.floordiv(self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return tf.math.floordiv(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return tf.math.floormod(self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return tf.math.floormod(other, self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __pow__(self, other: Any) -> Tensor:
        return tf.pow(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return tf.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return tf.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return tf.matmul(other, self)

    def __lt__(self, other: Any) -> Tensor:
        return tf.math.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return tf.math.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return tf.math.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return tf.math.greater_equal(self, other)

    def __eq__(self, other: Any) -> Any:
        return False if other is None else tf.math.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return True if other is None else tf.math.not_equal(self, other)

    def __and__(self, other: Any) -> Tensor:
        return tf.math.logical_and(self, other)

    def __rand__(self, other: Any) -> Tensor:
        return tf.math.logical_and(other, self)

    def __or__(self, other: Any) -> Tensor:
        return tf.math.logical_or(self, other)

    def __ror__(self, other: Any) -> Tensor:
        return tf.math.logical_or(other, self)

    def __xor__(self, other: Any) -> Tensor:
        return tf.math.logical_xor(self, other)

    def __rxor__(self, other: Any) -> Tensor:
        return tf.math.logical_xor(other, self)

    def __invert__(self) -> Tensor:
        return tf.math.logical_not(self)

    def __getitem__(self, index: Any) -> Tensor:
        return tf.arrays.getitem(self, index)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("A scalar has no length.")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return iter(tf.unstack(self))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        array = np.array(xp.to_numpy(self.value().array))
        return array if dtype is None else array.astype(dtype)

    def __bool__(self) -> bool:
        return bool(xp.to_numpy(self.value().array))

    def __float__(self) -> float:
        return float(xp.to_numpy(self.value().array))

    def __int__(self) -> int:
        return int(xp.to_numpy(self.value().array))

    def __complex__(self) -> complex:
        return complex(xp.to_numpy(self.value().array))

    def __index__(self) -> int:
        return int(xp.to_numpy(self.value().array).__index__())

    def __format__(self, specification: str) -> str:
        if specification and not self.shape:
            return format(self.numpy(), specification)
        return format(str(self), specification)

    def __round__(self, digits: int = 0) -> Tensor:
        return tf.math.round(self)
