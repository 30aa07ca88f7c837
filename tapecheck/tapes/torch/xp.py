"""The functions on arrays that the namespace is made of, by PyTorch."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Dict, List, Optional, Sequence

import numpy as np
import torch
from torch import (  # noqa: F401
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    broadcast_to,
    ceil,
    concatenate,
    cos,
    cosh,
    einsum,
    exp,
    expm1,
    floor,
    floor_divide,
    isfinite,
    isinf,
    isnan,
    isneginf,
    linalg,
    log,
    log1p,
    matmul,
    maximum,
    minimum,
    moveaxis,
    reciprocal,
    reshape,
    sign,
    sin,
    sinh,
    sqrt,
    stack,
    tan,
    tanh,
)

Array = torch.Tensor

COMPLEX = np.complex128
"""What Python's complex numbers become."""

abs, rint = torch.abs, torch.round

ERRORS = (ValueError, IndexError, TypeError, RuntimeError)
"""What these functions raise where values, shapes or dtypes do not fit."""

_TORCH = {
    np.dtype(name): getattr(torch, name)
    for name in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
}  # fmt: skip
_NUMPY = {value: key for key, value in _TORCH.items()}


def errstate(**kinds: str) -> Any:
    """PyTorch does not warn."""
    return contextlib.nullcontext()


def asarray(value: Any) -> Array:
    """A tensor of PyTorch, which shares no memory with an array of NumPy."""
    if isinstance(value, torch.Tensor):
        return value
    return torch.from_numpy(np.array(value, order="C")).to(torch.get_default_device())


def dtype(array: Array) -> np.dtype:
    """NumPy's name for the type of the elements."""
    return _NUMPY[array.dtype]


def astype(array: Array, dtype: Any) -> Array:
    """The elements as another dtype."""
    return array.to(_TORCH[np.dtype(dtype)])


def to_numpy(array: Array) -> np.ndarray:
    """The elements as an array of NumPy."""
    # Inside of a transform even a tensor that it does not concern is taken for one of its own
    with torch._C._DisableFuncTorch():
        return array.cpu().resolve_conj().resolve_neg().numpy()


def known(array: Array) -> Optional[np.ndarray]:
    """The elements as an array of NumPy; nothing is ever traced."""
    return to_numpy(array)


def zeros(shape: Sequence[int], dtype: Any) -> Array:
    """Zeros of a dtype."""
    return torch.zeros(tuple(shape), dtype=_TORCH[np.dtype(dtype)])


def real(array: Array) -> Array:
    """The real part, as an array of its own."""
    return array.real.clone()


def imag(array: Array) -> Array:
    """The imaginary part, as an array of its own."""
    return array.imag.clone()


def conj(array: Array) -> Array:
    """The complex conjugate."""
    return torch.conj(array).resolve_conj()


def complex_(real: Array, imag: Array) -> Array:
    """Complex numbers from their parts."""
    return torch.complex(*torch.broadcast_tensors(real, imag))


def mod(x: Array, y: Array) -> Array:
    """The remainder, with the sign of y."""
    return torch.remainder(x, y)


def power(x: Array, y: Array) -> Array:
    """x to the power of y."""
    return torch.pow(x, y)


def where(condition: Any, x: Array, y: Array) -> Array:
    """x where the condition holds, else y."""
    return torch.where(asarray(condition), x, y)


def _compared(function: Callable[..., Array]) -> Callable[[Array, Any], Array]:
    return lambda x, y: function(x, y)


equal, not_equal = _compared(torch.eq), _compared(torch.ne)
less, less_equal = _compared(torch.lt), _compared(torch.le)
greater, greater_equal = _compared(torch.gt), _compared(torch.ge)
logical_and, logical_or = _compared(torch.logical_and), _compared(torch.logical_or)
logical_xor, logical_not = _compared(torch.logical_xor), torch.logical_not


def _over(
    function: Callable[..., Array], array: Array, axis: Any, keepdims: bool, **options: Any
) -> Array:
    """A reduction; over no axes it is the identity, not over all of them."""
    if axis is None:
        axis = tuple(range(array.ndim))
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if array.ndim and not axes:
        return array
    return function(array, dim=axes, keepdim=keepdims, **options)


def sum(array: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """The sum over axes."""
    if axis is not None and not tuple(np.atleast_1d(axis)):
        return array
    kind = array.dtype if dtype is None else _TORCH[np.dtype(dtype)]
    if array.dtype is torch.bool and dtype is None:
        kind = torch.int64
    return _over(torch.sum, array, axis, keepdims, dtype=kind)


def max(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """The greatest element over axes; elements that share it share the gradient."""
    return _over(torch.amax, array, axis, keepdims)


def min(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """The least element over axes; elements that share it share the gradient."""
    return _over(torch.amin, array, axis, keepdims)


def all(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether all elements over axes are true."""
    return _over(torch.all, array, axis, keepdims)


def any(array: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether any element over axes is true."""
    return _over(torch.any, array, axis, keepdims)


def argmax(array: Array, axis: int) -> Array:
    """The index of the first greatest element along an axis."""
    return torch.tensor(np.argmax(to_numpy(array), axis))


def argmin(array: Array, axis: int) -> Array:
    """The index of the first least element along an axis."""
    return torch.tensor(np.argmin(to_numpy(array), axis))


def argsort(array: Array, axis: int, kind: str) -> Array:
    """The indices that sort an array along an axis; equal elements keep their order."""
    return torch.argsort(array, dim=axis, stable=True)


def cumsum(array: Array, axis: int, dtype: Any) -> Array:
    """The sums of the first elements along an axis."""
    return torch.cumsum(array, axis)


def transpose(array: Array, axes: Sequence[int]) -> Array:
    """The axes in another order."""
    return array.permute(tuple(axes))


def take(array: Array, index: Any) -> Array:
    """The elements at an index: integers, slices, new axes and arrays of integers."""
    places = _places(array.shape, index)
    return array.reshape(-1)[places]


def scatter(values: Array, index: Any, shape: Sequence[int]) -> Array:
    """Zeros of a given shape, with values added at an index; several may fall on one place."""
    places = _places(shape, index)
    total = torch.zeros(int(np.prod(shape)), dtype=values.dtype)
    spread = torch.broadcast_to(values, places.shape).reshape(-1)
    return total.index_add(0, places.reshape(-1), spread).reshape(tuple(shape))


def _places(shape: Sequence[int], index: Any) -> Array:
    """The numbers of the elements at an index of NumPy, which knows more kinds of them."""
    parts = tuple(to_numpy(part) if isinstance(part, torch.Tensor) else part for part in index)
    numbers = np.arange(int(np.prod(shape))).reshape(tuple(shape))
    return asarray(numbers[parts])


class fft:  # noqa: N801
    """Fourier transforms along the last axis."""

    fft = staticmethod(torch.fft.fft)
    ifft = staticmethod(torch.fft.ifft)


def executing_eagerly() -> bool:
    """Whether operations run at once: they always do."""
    return True


def devices() -> List[str]:
    """The names of the places to compute on."""
    return ["CPU:0", *(f"GPU:{number}" for number in range(torch.cuda.device_count()))]


def device_of(array: Array) -> str:
    """Where an array is."""
    return "CPU:0" if array.device.type == "cpu" else f"GPU:{array.device.index}"


def copied(array: Array) -> Array:
    """The same elements, on the device in use."""
    return array.to(torch.get_default_device())


def computing_on(device: str) -> ContextManager[Any]:
    """A block in which arrays are made on a device."""
    return torch.device(device.lower().replace("gpu", "cuda"))


def vjp(
    function: Callable[..., Any], primals: Sequence[Array], cotangents: Sequence[Array]
) -> Sequence[Array]:
    """The cotangents of a function's arguments, from those of its results."""
    result, pullback = torch.func.vjp(function, *primals)
    return pullback(tuple(cotangents) if isinstance(result, tuple) else cotangents[0])


class _Gamma(torch.autograd.Function):
    """Implicit reparameterisation, of Figurnov et al., 2018, by PyTorch's own function for it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(alpha: Array, sample: Array) -> Array:
        return sample.clone()

    @staticmethod
    def setup_context(context: Any, inputs: Any, output: Any) -> None:
        context.save_for_backward(*inputs)

    @staticmethod
    def backward(context: Any, cotangent: Array) -> Any:
        return cotangent * torch._standard_gamma_grad(*context.saved_tensors), None


DIFFERENTIABLE: Dict[str, Callable[..., Array]] = {
    "gamma": lambda alpha, sample: _Gamma.apply(alpha, asarray(sample))
}
"""Operations whose derivative is not that of what they compute."""
