"""What a tape asks of an array library."""

from __future__ import annotations

import itertools
from typing import Any, Sequence, Tuple

Tensor = Any
Variable = Any
Shape = Tuple[int, ...]

new_key = itertools.count(1).__next__
"""Numbers for tensors and variables: never used twice, and growing in the order of creation."""


class ArrayLibrary:
    """An array library, as a tape sees it. Shapes are tuples of integers, dtypes the library's own.

    The operations ``add``, ``stack`` and ``reshape`` are recorded like any others, so that
    gradients and jacobians can be differentiated.
    """

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

    def executing_eagerly(self) -> bool:
        """Whether operations run at once, and not when a traced program does."""
        return True

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
