"""``tf.random``: random tensors. The numbers are not those of TensorFlow; the distributions are."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import dtype as dtypes
from . import operations as op
from . import xp
from .arrays import array_of, integers
from .tensor import Tensor, convert_to_tensor


class Generator:
    """A source of random tensors with a state of its own."""

    def __init__(self, seed: Any = None) -> None:
        self._numbers = np.random.RandomState(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A generator that starts from a seed."""
        return cls(int(seed) % 2**32)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts somewhere."""
        return cls()

    def reset_from_seed(self, seed: int) -> None:
        """Start again from a seed."""
        self._numbers.seed(int(seed) % 2**32)

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = dtypes.float32,
        name: Optional[str] = None,
    ) -> Tensor:
        """Normal numbers, differentiable with respect to mean and standard deviation."""
        kind = dtypes.as_dtype(dtype).numpy
        noise = Tensor(self._numbers.standard_normal(integers(shape)).astype(kind))
        return op.add(op.multiply(noise, stddev), mean)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = dtypes.float32,
        name: Optional[str] = None,
    ) -> Tensor:
        """Numbers between ``minval``, included, and ``maxval``, by default 1; also integers."""
        kind = dtypes.as_dtype(dtype)
        if kind.is_integer:
            low, high = int(array_of(minval)), int(array_of(maxval))
            return Tensor(self._numbers.randint(low, high, integers(shape)).astype(kind.numpy))
        noise = Tensor(self._numbers.random_sample(integers(shape)).astype(kind.numpy))
        low, high = minval, 1 if maxval is None else maxval
        return op.add(
            op.multiply(noise, op.subtract(convert_to_tensor(high, dtype_hint=kind), low)), low
        )

    def gamma(
        self,
        shape: Any,
        alpha: Any,
        beta: Any = None,
        dtype: Any = dtypes.float32,
        name: Optional[str] = None,
    ) -> Tensor:
        """Gamma numbers, differentiable with respect to shape ``alpha`` and rate ``beta``."""
        kind = dtypes.as_dtype(dtype).numpy
        rate = convert_to_tensor(1 if beta is None else beta, dtype_hint=dtype)
        places = np.broadcast(array_of(alpha), rate.numpy()).shape
        alphas = op.multiply(Tensor(np.ones(integers(shape) + places, kind)), alpha)
        sample = np.asarray(self._numbers.standard_gamma(alphas.numpy()), kind)
        return op.realdiv(op.gamma_(alphas, sample=sample), rate)

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = dtypes.float32,
        name: Optional[str] = None,
    ) -> Tensor:
        """Normal numbers, drawn again where they are more than two standard deviations off."""
        lengths = integers(shape)
        noise = self._numbers.standard_normal(lengths)
        while np.any(np.abs(noise) > 2):
            noise = np.where(np.abs(noise) > 2, self._numbers.standard_normal(lengths), noise)
        return op.add(op.multiply(Tensor(noise.astype(dtypes.as_dtype(dtype).numpy)), stddev), mean)


_shared = Generator()


def set_seed(seed: int) -> None:
    """Start the shared generator again from a seed."""
    _shared.reset_from_seed(seed)


def get_global_generator() -> Generator:
    """The generator that the functions of this namespace share."""
    return _shared


def _source(seed: Any) -> Generator:
    return _shared if seed is None else Generator.from_seed(int(np.sum(array_of(seed))))


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Normal numbers, differentiable with respect to mean and standard deviation."""
    return _source(seed).normal(shape, mean, stddev, dtype)


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Numbers between ``minval``, included, and ``maxval``, by default 1; also integers."""
    return _source(seed).uniform(shape, minval, maxval, dtype)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Normal numbers, none more than two standard deviations off."""
    return _source(seed).truncated_normal(shape, mean, stddev, dtype)


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Gamma numbers, differentiable with respect to shape ``alpha`` and rate ``beta``."""
    return _source(seed).gamma(shape, alpha, beta, dtype)


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: Optional[str] = None,
) -> Tensor:
    """Normal numbers that the seed alone decides."""
    return _seeded(seed).normal(shape, mean, stddev, dtype)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    name: Optional[str] = None,
) -> Tensor:
    """Uniform numbers that the seed alone decides."""
    return _seeded(seed).uniform(shape, minval, maxval, dtype)


def _seeded(seed: Any) -> Generator:
    return Generator(np.asarray(array_of(seed), np.int64).astype(np.uint32))


def shuffle(value: Any, seed: Any = None, name: Optional[str] = None) -> Tensor:
    """The slices along the first axis in random order; no gradient passes."""
    array = convert_to_tensor(value).numpy()
    return Tensor(array[_source(seed)._numbers.permutation(len(array))])


def categorical(
    logits: Any,
    num_samples: int,
    dtype: Any = dtypes.int64,
    seed: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Numbers of classes, drawn from the unnormalised log-probabilities of each row; no gradient
    passes.
    """
    rows = convert_to_tensor(logits).array
    noise = _source(seed)._numbers.gumbel(size=(rows.shape[0], int(num_samples), rows.shape[1]))
    drawn = xp.argmax(rows[:, None, :] + xp.astype(xp.asarray(noise), xp.dtype(rows)), axis=-1)
    return Tensor(xp.astype(drawn, dtypes.as_dtype(dtype).numpy))
