"""``tf.nn``: what neural networks are made of."""

# mypy: implicit-reexport
from __future__ import annotations

import builtins
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from . import math, random, xp
from . import operations as op
from .arrays import (  # noqa: F401
    array_of,
    axis_of,
    concat,
    gather,
    integers,
    of_one_dtype,
    ones_like,
    pad,
    top_k,
)
from .math import l2_normalize, log_sigmoid, softsign  # noqa: F401
from .operations import sigmoid, softplus, tanh  # noqa: F401
from .tensor import Tensor, convert_to_tensor

# Activations


def relu(features: Any, name: Optional[str] = None) -> Tensor:
    """max(x, 0). Its derivative at 0 is 0."""
    x = convert_to_tensor(features)
    return op.select(0, x, condition=x.array <= 0)


def relu6(features: Any, name: Optional[str] = None) -> Tensor:
    """min(max(x, 0), 6). Its derivative at 0 and 6 is 0."""
    x = relu(features)
    return op.select(6, x, condition=x.array >= 6)


def crelu(features: Any, axis: int = -1, name: Optional[str] = None) -> Tensor:
    """relu(x) and relu(-x), joined."""
    x = convert_to_tensor(features)
    return concat([relu(x), relu(-x)], axis)


def leaky_relu(features: Any, alpha: Any = 0.2, name: Optional[str] = None) -> Tensor:
    """x where it is positive, else alpha x. Its derivative at 0 is alpha."""
    x = convert_to_tensor(features)
    return op.select(x * alpha, x, condition=x.array <= 0)


def elu(features: Any, name: Optional[str] = None) -> Tensor:
    """x where it is positive, else exp(x) - 1."""
    x = convert_to_tensor(features)
    negative = x.array < 0
    return op.select(op.expm1(op.select(x, 0, condition=negative)), x, condition=negative)


def selu(features: Any, name: Optional[str] = None) -> Tensor:
    """The scaled ``elu`` that keeps mean 0 and variance 1. Klambauer et al., 2017."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    x = convert_to_tensor(features)
    negative = x.array < 0
    below = op.expm1(op.select(x, 0, condition=negative)) * alpha
    return op.select(below, x, condition=negative) * scale


def gelu(features: Any, approximate: bool = False, name: Optional[str] = None) -> Tensor:
    """x times the normal distribution function of x, or its approximation by tanh."""
    x = convert_to_tensor(features)
    if approximate:
        inner = (x + x * x * x * 0.044715) * np.sqrt(2 / np.pi)
        return x * op.sigmoid(2 * inner)
    return x * 0.5 * op.erfc(x * -np.sqrt(0.5))


def silu(features: Any, beta: Any = 1.0) -> Tensor:
    """x sigmoid(beta x)."""
    x = convert_to_tensor(features)
    return x * op.sigmoid(x * beta)


swish = silu


def softmax(logits: Any, axis: Any = None, name: Optional[str] = None) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis, by default the last."""
    return op.exp(log_softmax(logits, axis))


def log_softmax(logits: Any, axis: Any = None, name: Optional[str] = None) -> Tensor:
    """log(softmax(x)) along an axis, by default the last."""
    x = convert_to_tensor(logits)
    axis = axis_of(-1 if axis is None else axis, x.ndim)
    if not x.shape[axis]:
        return op.identity(x)
    peak, rest = math.log_sum(x, (axis,))
    # The greatest one is apart from itself by a constant
    return op.select(0, x - peak, condition=math.greatest(x.array, axis)) - rest


# Losses


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: Optional[str] = None
) -> Tensor:
    """-sum(labels log_softmax(logits)) along an axis."""
    x = convert_to_tensor(logits)
    return -math.reduce_sum(op.multiply(labels, log_softmax(x, axis)), axis)


def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: Optional[str] = None
) -> Tensor:
    """-log_softmax(logits) at the labels, which are integers."""
    x, ids = convert_to_tensor(logits), convert_to_tensor(labels)
    return -gather(log_softmax(x), ids, axis=ids.ndim, batch_dims=ids.ndim)


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: Optional[str] = None
) -> Tensor:
    """-z log(sigmoid(x)) - (1 - z) log(1 - sigmoid(x)), without overflow."""
    x = convert_to_tensor(logits)
    return op.softplus(x) - op.multiply(labels, x)


def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: Optional[str] = None
) -> Tensor:
    """The sigmoid cross entropy, positive labels weighted."""
    x = convert_to_tensor(logits)
    z = convert_to_tensor(labels, dtype_hint=x.dtype)
    return (1 - z) * op.softplus(x) + op.multiply(z, pos_weight) * op.softplus(-x)


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: Optional[str] = None
) -> Tensor:
    """exp(c) - z c, for the logarithm c of a prediction; with Stirling's term of the target if so
    asked.
    """
    c = convert_to_tensor(log_input)
    z = convert_to_tensor(targets, dtype_hint=c.dtype)
    loss = op.exp(c) - z * c
    if compute_full_loss:
        stirling = z * op.log(z) - z + 0.5 * op.log(z * (2 * np.pi))
        loss = loss + op.select(stirling, 0, condition=z.array > 1)
    return loss


def l2_loss(t: Any, name: Optional[str] = None) -> Tensor:
    """Half the sum of squares."""
    return math.reduce_sum(op.square(t)) * 0.5


# Normalisation


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Optional[str] = None
) -> Tuple[Tensor, Tensor]:
    """Mean and variance over axes."""
    tensor = convert_to_tensor(x)
    return math.reduce_mean(tensor, axes, keepdims), math.reduce_variance(tensor, axes, keepdims)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: Optional[str] = None,
) -> Tensor:
    """scale (x - mean) / sqrt(variance + variance_epsilon) + offset."""
    factor = math.rsqrt(op.add(variance, variance_epsilon))
    if scale is not None:
        factor = op.multiply(factor, scale)
    result = op.multiply(op.subtract(x, mean), factor)
    return result if offset is None else op.add(result, offset)


def bias_add(
    value: Any, bias: Any, data_format: Optional[str] = None, name: Optional[str] = None
) -> Tensor:
    """The value plus a vector along its last axis, or its second for ``NC...``."""
    x = convert_to_tensor(value)
    vector = convert_to_tensor(bias, dtype_hint=x.dtype)
    if data_format is not None and data_format.startswith("NC"):
        vector = op.reshape_(vector, shape=(-1,) + (1,) * (x.ndim - 2))
    return op.add(x, vector)


def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: Optional[str] = None
) -> Tensor:
    """Elements set to 0 with probability ``rate``, the others divided by 1 - rate."""
    tensor = convert_to_tensor(x)
    shape = tensor.shape if noise_shape is None else noise_shape
    kept = random.uniform(shape, seed=seed).array >= float(array_of(rate))
    return op.select(tensor / (1 - array_of(rate)), 0, condition=kept)


class experimental:  # noqa: N801
    """``tf.nn.experimental``."""

    @staticmethod
    def stateless_dropout(
        x: Any,
        rate: Any,
        seed: Any,
        rng_alg: Any = None,
        noise_shape: Any = None,
        name: Optional[str] = None,
    ) -> Tensor:
        """As ``dropout``; which elements are kept is decided by ``seed``, two integers, alone."""
        tensor = convert_to_tensor(x)
        shape = tensor.shape if noise_shape is None else noise_shape
        kept = random.stateless_uniform(shape, seed).array >= float(array_of(rate))
        return op.select(tensor / (1 - array_of(rate)), 0, condition=kept)


def embedding_lookup(
    params: Any, ids: Any, max_norm: Optional[float] = None, name: Optional[str] = None
) -> Tensor:
    """The rows of a table at given numbers, scaled down to a norm of ``max_norm`` at most."""
    rows = gather(params, ids)
    if max_norm is None:
        return rows
    return math.clip_by_norm(rows, max_norm, tuple(builtins.range(array_of(ids).ndim, rows.ndim)))


# Convolution and pooling, channels last


def _per_axis(value: Any, rank: int) -> List[int]:
    """One number per spatial axis, from one number or a list with or without batch and channels."""
    numbers = [int(n) for n in np.atleast_1d(array_of(value))]
    if len(numbers) == 1:
        return numbers * rank
    return numbers if len(numbers) == rank else numbers[1 : 1 + rank]


def _beyond(
    lengths: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int],
) -> List[Tuple[int, int]]:
    """How far windows reach beyond spatial axes, before their first element and after the last."""
    if padding.upper() != "SAME":
        return [(0, 0) for _ in window]
    widths = []
    for length, extent, stride, dilation in zip(lengths, window, strides, dilations):
        last = (-(-length // stride) - 1) * stride
        missing = builtins.max(last + (extent - 1) * dilation + 1 - length, 0)
        widths.append((missing // 2, missing - missing // 2))
    return widths


def _patches(
    x: Tensor,
    window: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int],
    filling: float = 0.0,
) -> Tensor:
    """The windows of (batch, axes..., channels), as (batch, places..., window..., channels)."""
    widths = _beyond(x.shape[1:-1], window, strides, padding, dilations)
    if any(sum(pair) for pair in widths):
        x = pad(x, [(0, 0), *widths, (0, 0)], constant_values=filling)
    along = list(zip(window, strides, dilations))
    for axis, (extent, stride, dilation) in reversed(list(enumerate(along, 1))):
        x = op.windows_(
            x, axis=axis, place=len(window) + 1, extent=extent, stride=stride, dilation=dilation
        )
    return x


def _channels_last(x: Tensor, data_format: Optional[str]) -> bool:
    return data_format is None or not data_format.startswith("NC")


def convolution(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: str = "VALID",
    data_format: Optional[str] = None,
    dilations: Any = 1,
    name: Optional[str] = None,
) -> Tensor:
    """The correlation of (batch, axes..., in) with (window..., in, out), channels last."""
    x = convert_to_tensor(input)
    kernel = convert_to_tensor(filters, dtype_hint=x.dtype)
    rank = x.ndim - 2
    if not _channels_last(x, data_format):
        moved = op.transpose_(x, perm=(0, *builtins.range(2, x.ndim), 1))
        result = convolution(moved, kernel, _per_axis(strides, rank), padding, None, dilations)
        return op.transpose_(result, perm=(0, x.ndim - 1, *builtins.range(1, x.ndim - 1)))
    window = kernel.shape[:rank]
    patches = _patches(x, window, _per_axis(strides, rank), padding, _per_axis(dilations, rank))
    places, out = patches.shape[: 1 + rank], kernel.shape[-1]
    flat = op.reshape_(patches, shape=(int(np.prod(places)), int(np.prod(kernel.shape[:-1]))))
    product = op.matmul_(flat, op.reshape_(kernel, shape=(flat.shape[1], out)))
    return op.reshape_(product, shape=(*places, out))


def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: str,
    data_format: str = "NWC",
    dilations: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """``convolution`` of one spatial axis."""
    return convolution(input, filters, stride, padding, data_format, dilations or 1)


def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """``convolution`` of two spatial axes."""
    return convolution(input, filters, strides, padding, data_format, dilations or 1)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """``convolution`` of three spatial axes."""
    return convolution(input, filters, strides, padding, data_format, dilations or 1)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """The adjoint of ``conv2d`` with filters (window..., out, in), from its output to its input."""
    x, kernel = of_one_dtype((input, filters))
    shape = integers(output_shape)
    steps, gaps = _per_axis(strides, 2), _per_axis(dilations or 1, 2)
    lengths = shape[1:-1]
    rows, columns, out, inner = kernel.shape
    widths = _beyond(lengths, (rows, columns), steps, padding, gaps)
    flat = op.matmul_(
        op.reshape_(x, shape=(-1, inner)),
        op.transpose_(op.reshape_(kernel, shape=(-1, inner)), perm=(1, 0)),
    )
    values = op.reshape_(flat, shape=(*x.shape[:-1], rows, columns, out))
    for axis, (length, pair, stride, gap) in enumerate(zip(lengths, widths, steps, gaps), 1):
        values = op.overlap_(
            values, axis=axis, place=3, length=length + sum(pair), stride=stride, dilation=gap
        )
    inside = [slice(pair[0], pair[0] + length) for pair, length in zip(widths, lengths)]
    return op.take_(values, index=(slice(None), *inside))


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: str,
    data_format: Optional[str] = None,
    dilations: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Each channel of (batch, rows, columns, in) with filters of its own, (window..., in, out)."""
    x = convert_to_tensor(input)
    kernel = convert_to_tensor(filter, dtype_hint=x.dtype)
    patches = _patches(
        x, kernel.shape[:2], _per_axis(strides, 2), padding, _per_axis(dilations or 1, 2)
    )
    result = op.einsum_(patches, kernel, equation="nhwijc,ijcm->nhwcm")
    return op.reshape_(result, shape=(*result.shape[:3], result.shape[3] * result.shape[4]))


def max_pool(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: Optional[str] = None,
    name: Optional[str] = None,
) -> Tensor:
    """The greatest element of each window; the first of equal ones gets the gradient."""
    x = convert_to_tensor(input)
    rank = x.ndim - 2
    window = _per_axis(ksize, rank)
    patches = _patches(x, window, _per_axis(strides, rank), padding, [1] * rank, -np.inf)
    places = patches.shape[: 1 + rank]
    flat = op.reshape_(patches, shape=(*places, int(np.prod(window)), x.shape[-1]))
    best, *others = op.unstack_(flat, axis=rank + 1)
    for other in others:
        best = op.select(best, other, condition=xp.greater_equal(best.array, other.array))
    return best


def avg_pool(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: Optional[str] = None,
    name: Optional[str] = None,
) -> Tensor:
    """The mean of the elements of each window, padding not counted."""
    x = convert_to_tensor(input)
    rank = x.ndim - 2
    options = (_per_axis(ksize, rank), _per_axis(strides, rank), padding, [1] * rank)
    axes = tuple(builtins.range(1 + rank, 1 + 2 * rank))
    counts = math.reduce_sum(_patches(ones_like(x), *options), axes)
    return math.reduce_sum(_patches(x, *options), axes) / counts


max_pool1d = max_pool2d = max_pool3d = max_pool
avg_pool1d = avg_pool2d = avg_pool3d = avg_pool
