"""The functions on arrays that the namespace is made of, by JAX."""

from __future__ import annotations

import builtins
import contextlib
from typing import Any, Callable, ContextManager, Dict, List, Optional, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.numpy import *  # noqa: F403

Array = jax.Array

COMPLEX = np.complex128
"""What Python's complex numbers become."""

ERRORS = (ValueError, IndexError, TypeError)
"""What these functions raise where values, shapes or dtypes do not fit."""


def errstate(**kinds: str) -> Any:
    """JAX does not warn."""
    return contextlib.nullcontext()


def asarray(value: Any) -> Array:
    """An array of JAX; a constant one even while a program is traced."""
    if isinstance(value, jax.Array):
        return value
    with jax.ensure_compile_time_eval():
        return jnp.asarray(value)


def dtype(array: Array) -> np.dtype:
    """NumPy's name for the type of the elements."""
    return array.dtype


def astype(array: Array, dtype: Any) -> Array:
    """The elements as another dtype."""
    return array.astype(dtype)


def to_numpy(array: Array) -> np.ndarray:
    """The elements as an array of NumPy."""
    return np.asarray(array)


def known(array: Array) -> Optional[np.ndarray]:
    """The elements as an array of NumPy; None while a program is traced that they depend on."""
    return None if isinstance(array, jax.core.Tracer) else np.asarray(array)


def complex_(real: Array, imag: Array) -> Array:
    """Complex numbers from their parts."""
    return jax.lax.complex(*jnp.broadcast_arrays(real, imag))


def argsort(array: Array, axis: int, kind: str) -> Array:
    """The indices that sort an array along an axis; equal elements keep their order."""
    return jnp.argsort(array, axis=axis, stable=True)


def einsum(equation: str, *arrays: Array) -> Array:
    """Einstein's sum, with the precision of the dtype."""
    return jnp.einsum(equation, *arrays, precision="highest")


def take(array: Array, index: Any) -> Array:
    """The elements at an index: integers, slices, new axes and arrays of integers.

    Raises:
        IndexError: if a known index is out of range, where JAX itself takes another element.
    """
    parts = [known(part) if isinstance(part, jax.Array) else part for part in index]
    if not builtins.any(part is None and given is not None for part, given in zip(parts, index)):
        np.broadcast_to(np.int8(0), array.shape)[tuple(parts)]
    return array[tuple(index)]


def scatter(values: Array, index: Any, shape: Sequence[int]) -> Array:
    """Zeros of a given shape, with values added at an index; several may fall on one place."""
    return jnp.zeros(shape, values.dtype).at[tuple(index)].add(values)


def _devices() -> Dict[str, Any]:
    everywhere = {device.platform: device for device in jax.devices()}
    backends = [jax.devices("cpu"), *(jax.devices(name) for name in everywhere if name != "cpu")]
    return {
        "{}:{}".format(device.platform.upper(), number): device
        for group in backends
        for number, device in enumerate(group)
    }


def executing_eagerly() -> bool:
    """Whether operations run at once, and not when a traced program does."""
    return not isinstance(jnp.zeros(()), jax.core.Tracer)


def devices() -> List[str]:
    """The names of the places to compute on."""
    return list(_devices())


def device_of(array: Array) -> str:
    """Where an array is; while a program is traced, where it will run first of all."""
    if isinstance(array, jax.core.Tracer):
        return devices()[0]
    (place,) = array.devices()
    return next(name for name, device in _devices().items() if device == place)


def copied(array: Array) -> Array:
    """The same elements, on the device in use."""
    device = jax.config.jax_default_device
    return array if device is None else jax.device_put(array, device)


def computing_on(device: str) -> ContextManager[Any]:
    """A block in which arrays are made on a device."""
    return jax.default_device(_devices()[device])


def vjp(
    function: Callable[..., Any], primals: Sequence[Array], cotangents: Sequence[Array]
) -> Sequence[Array]:
    """The cotangents of a function's arguments, from those of its results.

    JAX's cotangents of complex numbers are the conjugates of those that TensorFlow defines.
    """
    result, pullback = jax.vjp(function, *primals)
    seeds = tuple(map(jnp.conj, cotangents))
    return tuple(map(jnp.conj, pullback(seeds if isinstance(result, tuple) else seeds[0])))


@jax.custom_jvp
def _gamma(alpha: Array, sample: Array) -> Array:
    return sample


@_gamma.defjvp
def _gamma_jvp(primals: Any, tangents: Any) -> Any:
    """The implicit reparameterisation of Figurnov et al., 2018, by JAX's own function for it."""
    alpha, sample = primals
    return sample, jax.lax.random_gamma_grad(alpha, sample) * tangents[0]


DIFFERENTIABLE = {"gamma": _gamma}
"""Operations whose derivative is not that of what they compute."""


jit = jax.jit
