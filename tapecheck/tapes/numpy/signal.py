"""``tf.signal``: Fourier transforms."""

# mypy: implicit-reexport
from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import dtype as dtypes
from . import operations as op
from .arrays import cast, integers, pad
from .operations import fft, ifft
from .tensor import Tensor, convert_to_tensor


def _last_two_exchanged(x: Tensor) -> Tensor:
    return op.transpose_(x, perm=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def fft2d(input: Any, name: Optional[str] = None) -> Tensor:
    """The Fourier transform along the last two axes."""
    return _last_two_exchanged(fft(_last_two_exchanged(fft(input))))


def ifft2d(input: Any, name: Optional[str] = None) -> Tensor:
    """The inverse Fourier transform along the last two axes."""
    return _last_two_exchanged(ifft(_last_two_exchanged(ifft(input))))


def _of_length(x: Tensor, length: int) -> Tensor:
    """The first ``length`` elements along the last axis, with zeros for missing ones."""
    missing = max(length - x.shape[-1], 0)
    return pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)])[..., :length]


def rfft(input_tensor: Any, fft_length: Any = None, name: Optional[str] = None) -> Tensor:
    """The first half, and one more, of the Fourier transform of real numbers."""
    x = convert_to_tensor(input_tensor)
    length = x.shape[-1] if fft_length is None else integers(fft_length)[0]
    wide = dtypes.complex64 if x.dtype is dtypes.float32 else dtypes.complex128
    return fft(cast(_of_length(x, length), wide))[..., : length // 2 + 1]


def irfft(input_tensor: Any, fft_length: Any = None, name: Optional[str] = None) -> Tensor:
    """The real numbers of which the input is the ``rfft``."""
    x = convert_to_tensor(input_tensor)
    length = 2 * (x.shape[-1] - 1) if fft_length is None else integers(fft_length)[0]
    half = _of_length(x, length // 2 + 1)
    edge = np.zeros(length // 2 + 1, bool)
    edge[0] = True
    if length % 2 == 0:
        edge[-1] = True
    # The edges have no conjugate partner, and only their real parts count
    real_edges = op.select(cast(op.real(half), x.dtype), half, condition=edge)
    mirrored = op.conj(real_edges[..., 1 : (length + 1) // 2][..., ::-1])
    return op.real(ifft(op.concat_(real_edges, mirrored, axis=-1)))
