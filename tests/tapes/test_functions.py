"""The functions that are composed of recorded operations, each against a reference of its own."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

import tapecheck.tapes.numpy as tf
from tests.tapes import checking
from tests.tapes.checking import Case

_random = np.random.RandomState(7)


def _real(*shape, low=0.3, high=0.9):
    return _random.uniform(low, high, shape)


def _signed(*shape):
    """Numbers of both signs, none of them near 0."""
    return _real(*shape) * _random.choice([-2.0, 2.0], shape)


def _complex(*shape):
    return _real(*shape) + 1j * _real(*shape)


def _softmax(x, axis=-1):
    return np.exp(x) / np.sum(np.exp(x), axis, keepdims=True)


def _windows(x, window, stride, padding):
    """The windows of images (batch, rows, columns, channels), and what of each lies inside."""
    counts, before = [], []
    for length, extent in zip(x.shape[1:3], window):
        count = -(-length // stride) if padding == "SAME" else (length - extent) // stride + 1
        counts.append(count)
        missing = max((count - 1) * stride + extent - length, 0) if padding == "SAME" else 0
        before.append(missing // 2)
    for i, j in itertools.product(*map(range, counts)):
        top, left = i * stride - before[0], j * stride - before[1]
        rows = [r for r in range(top, top + window[0]) if 0 <= r < x.shape[1]]
        columns = [c for c in range(left, left + window[1]) if 0 <= c < x.shape[2]]
        yield i, j, top, left, rows, columns, counts


def _conv2d(x, kernel, stride, padding):
    result = None
    for i, j, top, left, rows, columns, counts in _windows(x, kernel.shape[:2], stride, padding):
        if result is None:
            result = np.zeros((len(x), *counts, kernel.shape[3]), np.result_type(x, kernel))
        for r, c in itertools.product(rows, columns):
            result[:, i, j] += x[:, r, c] @ kernel[r - top, c - left]
    return result


def _conv2d_transpose(x, kernel, shape, stride, padding):
    result = np.zeros(shape, np.result_type(x, kernel))
    windows = _windows(result, kernel.shape[:2], stride, padding)
    for i, j, top, left, rows, columns, _ in windows:
        for r, c in itertools.product(rows, columns):
            result[:, r, c] += x[:, i, j] @ kernel[r - top, c - left].T
    return result


def _pooled(reduction, x, window, stride, padding):
    result = None
    for i, j, _, _, rows, columns, counts in _windows(x, (window, window), stride, padding):
        if result is None:
            result = np.zeros((len(x), *counts, x.shape[3]))
        result[:, i, j] = reduction(x[:, rows][:, :, columns], axis=(1, 2))
    return result


def _segments(x, ids, number):
    return np.array(
        [sum((x[i] for i in np.flatnonzero(ids == s)), 0 * x[0]) for s in range(number)]
    )


def _expm(a):
    return np.array(mpmath.expm(mpmath.matrix(a.tolist())).tolist(), float)


def _scanned(function, x, axis, exclusive, reverse, unit):
    x = np.moveaxis(x, axis, 0)
    x = x[::-1] if reverse else x
    total, results = np.full(x.shape[1:], unit), []
    for item in x:
        following = function(total, item)
        results.append(total if exclusive else following)
        total = following
    return np.moveaxis(np.array(results[::-1] if reverse else results), 0, axis)


_MASK = np.array([True, False, True])
_IMAGE, _KERNEL = _real(2, 5, 4, 2), _signed(3, 2, 2, 3)
_SIGNED = _signed(2, 3)

FUNCTIONS = {
    "rsqrt": (tf.math.rsqrt, lambda x: x**-0.5, _real(3)),
    "log_sigmoid": (tf.math.log_sigmoid, lambda x: -np.log(1 + np.exp(-x)), _signed(3)),
    "softsign": (tf.math.softsign, lambda x: x / (1 + np.abs(x)), _signed(3)),
    "angle": (tf.math.angle, np.angle, _complex(3)),
    "complex sign": (tf.sign, lambda z: z / np.abs(z), _complex(3)),
    "divide": (lambda x, y: 1 / (x / y), lambda x, y: y / x, _signed(2, 3), _real(3)),
    "divide_no_nan": (tf.math.divide_no_nan, np.divide, _signed(2, 3), _signed(2, 1)),
    "multiply_no_nan": (tf.math.multiply_no_nan, np.multiply, _signed(2, 3), _signed(3)),
    "squared_difference": (
        tf.math.squared_difference,
        lambda x, y: (x - y) ** 2,
        _real(3),
        _real(2, 1),
    ),
    "xlogy": (tf.math.xlogy, lambda x, y: x * np.log(y), _signed(3), _real(2, 1)),
    "xlog1py": (tf.math.xlog1py, lambda x, y: x * np.log(1 + y), _signed(3), _real(2, 1)),
    "xdivy": (tf.math.xdivy, np.divide, _signed(3), _real(2, 1)),
    "operators": (
        lambda x, y: 2.0 ** (-x) / y - 3 % x + (7 - y) * 0.5 + abs(x) ** 2 * [1.0, 2.0, 3.0],
        lambda x, y: 2.0**-x / y - 3 % x + (7 - y) * 0.5 + abs(x) ** 2 * [1.0, 2.0, 3.0],
        np.array([[0.55, 0.7, 0.85], [0.65, 0.9, 1.1]]),
        _real(2, 1),
    ),
    "reduce_mean": (
        lambda x: tf.reduce_mean(x * x, [0, -1]),
        lambda x: np.mean(x * x, (0, 2)),
        _real(2, 2, 3),
    ),
    "reduce_prod": (lambda x: tf.reduce_prod(x, 1), lambda x: np.prod(x, 1), _signed(2, 5)),
    "reduce_prod of all": (tf.reduce_prod, np.prod, _complex(2, 3)),
    "reduce_logsumexp": (
        lambda x: tf.reduce_logsumexp(x, 0, keepdims=True),
        lambda x: np.log(np.sum(np.exp(x), 0, keepdims=True)),
        _signed(2, 3),
    ),
    "reduce_std": (lambda x: tf.math.reduce_std(x, 1), lambda x: np.std(x, 1), _signed(2, 3)),
    "reduce_variance": (tf.math.reduce_variance, np.var, _complex(2, 3)),
    "reduce_euclidean_norm": (tf.math.reduce_euclidean_norm, np.linalg.norm, _signed(3)),
    "l2_normalize": (
        lambda x: tf.math.l2_normalize(x, 1),
        lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
        _signed(2, 3),
    ),
    "clip_by_norm": (
        lambda x: tf.clip_by_norm(x, 0.7),
        lambda x: x * 0.7 / np.sqrt(np.sum(x * x)),
        _real(2, 3),
    ),
    "clip_by_global_norm": (
        lambda x, y: tf.clip_by_global_norm([x, None, y], 0.7)[0][0],
        lambda x, y: x * 0.7 / np.sqrt(np.sum(x * x) + np.sum(y * y)),
        _real(2, 3),
        _real(2),
    ),
    "add_n": (lambda x, y: tf.add_n([x, y, x * y]), lambda x, y: x + y + x * y, _real(3), _real(3)),
    "segment_mean": (
        lambda x: tf.math.segment_mean(x * x, [0, 0, 1]),
        lambda x: _segments(x * x, np.array([0, 0, 1]), 2) / [[2], [1]],
        _real(3, 2),
    ),
    "unsorted_segment_sum": (
        lambda x: tf.math.unsorted_segment_sum(x * x, [2, -1, 2], 4),
        lambda x: _segments(x * x, np.array([2, -1, 2]), 4),
        _real(3, 2),
    ),
    "top_k": (
        lambda x: tf.math.top_k(x * x, 2)[0],
        lambda x: np.sort(x * x)[:, ::-1][:, :2],
        np.array([[0.2, 0.7, 0.5], [0.9, 0.1, 0.4]]),
    ),
    "sort": (
        lambda x: tf.sort(x * x, 0),
        lambda x: np.sort(x * x, 0),
        np.array([[0.2, 0.7], [0.6, 0.1]]),
    ),
    "squeeze": (lambda x: tf.squeeze(x * x, [1]), lambda x: (x * x)[:, 0], _real(2, 1, 3)),
    "expand_dims": (lambda x: tf.expand_dims(x * x, -2), lambda x: (x * x)[:, None], _real(2, 3)),
    "tile": (
        lambda x: tf.tile(x * x, [2, 1, 3]),
        lambda x: np.tile(x * x, [2, 1, 3]),
        _real(2, 3, 2),
    ),
    "meshgrid": (
        lambda x, y: tf.meshgrid(x * x, y)[0] * tf.meshgrid(x, y * y)[1],
        lambda x, y: np.meshgrid(x * x, y)[0] * np.meshgrid(x, y * y)[1],
        _real(2),
        _real(3),
    ),
    "split": (
        lambda x: tf.split(x * x, [1, -1], 1)[1] * tf.split(x, 3, 1)[0],
        lambda x: (x * x)[:, 1:] * x[:, :1],
        _real(2, 3),
    ),
    "slices": (
        lambda x: (
            x[0, ::-2] * tf.slice(x, [1, 0], [-1, 2])[0] * tf.strided_slice(x, [0, 0], [1, 2])[0]
        ),
        lambda x: x[0, ::-2] * x[1, :2] * x[0, :2],
        _real(2, 3),
    ),
    "iteration": (lambda x: sum(row * row for row in x), lambda x: np.sum(x * x, 0), _real(3, 2)),
    "gather": (
        lambda x: tf.gather(x * x, [[2, 0], [2, 2]], axis=1),
        lambda x: (x * x)[:, [[2, 0], [2, 2]]],
        _real(2, 3, 2),
    ),
    "gather with batch_dims": (
        lambda x: tf.gather(x * x, [[1, 0, 1], [0, 0, 1]], axis=2, batch_dims=1),
        lambda x: np.stack([(x * x)[0][:, [1, 0, 1]], (x * x)[1][:, [0, 0, 1]]]),
        _real(2, 3, 2),
    ),
    "gather_nd": (
        lambda x: tf.gather_nd(x * x, [[1, 0], [1, 0], [0, 2]]),
        lambda x: np.stack([(x * x)[1, 0], (x * x)[1, 0], (x * x)[0, 2]]),
        _real(2, 3, 2),
    ),
    "boolean_mask": (
        lambda x: tf.boolean_mask(x * x, _MASK, axis=1),
        lambda x: (x * x)[:, _MASK],
        _real(2, 3),
    ),
    "where": (
        lambda x, y: tf.where(_MASK, x * x, y * y),
        lambda x, y: np.where(_MASK, x * x, y * y),
        _real(2, 3),
        _real(),
    ),
    "tensor_scatter_nd_update": (
        lambda x, y: tf.tensor_scatter_nd_update(x * x, [[2], [0]], y * y),
        lambda x, y: np.stack([(y * y)[1], (x * x)[1], (y * y)[0]]),
        _real(3, 2),
        _real(2, 2),
    ),
    "tensor_scatter_nd_add": (
        lambda x, y: tf.tensor_scatter_nd_add(x * x, [[1], [1]], y * y),
        lambda x, y: np.stack([(x * x)[0], (x * x)[1] + (y * y)[0] + (y * y)[1], (x * x)[2]]),
        _real(3, 2),
        _real(2, 2),
    ),
    "reverse": (lambda x: tf.reverse(x * x, [1]), lambda x: (x * x)[:, ::-1], _real(2, 3)),
    "roll": (
        lambda x: tf.roll(x * x, [1, -1], [0, 1]),
        lambda x: np.roll(x * x, [1, -1], [0, 1]),
        _real(2, 3),
    ),
    "repeat": (
        lambda x: tf.repeat(x * x, [1, 2, 0], axis=1),
        lambda x: np.repeat(x * x, [1, 2, 0], axis=1),
        _real(2, 3),
    ),
    "pad": (
        lambda x: tf.pad(x * x, [[1, 0], [0, 2]], constant_values=3.0),
        lambda x: np.pad(x * x, [[1, 0], [0, 2]], "constant", constant_values=3.0),
        _real(2, 3),
    ),
    "pad by reflection": (
        lambda x: tf.pad(x * x, [[1, 0], [0, 2]], "REFLECT"),
        lambda x: np.pad(x * x, [[1, 0], [0, 2]], "reflect"),
        _real(2, 3),
    ),
    "fill": (lambda x: tf.fill([2, 3], x * x), lambda x: np.full((2, 3), x * x), _real()),
    "tensordot": (
        lambda a, b: tf.tensordot(a, b, [[0, 1], [1, 2]]),
        lambda a, b: np.tensordot(a, b, [[0, 1], [1, 2]]),
        _real(2, 3, 2),
        _real(2, 2, 3),
    ),
    "matmul of adjoints": (
        lambda a, b: tf.matmul(a, b, adjoint_a=True, transpose_b=True),
        lambda a, b: a.conj().T @ b.T,
        _complex(3, 2),
        _complex(2, 3),
    ),
    "einsum of a diagonal": (
        lambda a, b: tf.einsum("bii,...i->b...", a, b),
        lambda a, b: np.einsum("bii,...i->b...", a, b),
        _real(2, 3, 3),
        _real(2, 3),
    ),
    "einsum with an ellipsis": (
        lambda a, b: tf.einsum("...ij,jk", a, b),
        lambda a, b: np.einsum("...ij,jk", a, b),
        _real(2, 3, 2),
        _real(2, 2),
    ),
    "trace": (lambda a: tf.linalg.trace(a @ a), lambda a: np.trace(a @ a), _real(3, 3)),
    "diag": (
        lambda a: tf.linalg.diag(tf.linalg.diag_part(a * a)),
        lambda a: np.diag(np.diag(a * a)),
        _real(3, 3),
    ),
    "set_diag": (
        lambda a, b: tf.linalg.set_diag(a * a, b * b),
        lambda a, b: a * a * (1 - np.eye(3)) + np.diag(b * b),
        _real(3, 3),
        _real(3),
    ),
    "band_part": (
        lambda a: tf.linalg.band_part(a * a, 1, 0),
        lambda a: np.tril(np.triu(a * a, -1)),
        _real(3, 3),
    ),
    "triangular_solve": (
        lambda a, b: tf.linalg.triangular_solve(a, b),
        lambda a, b: np.linalg.inv(np.tril(a)) @ b,
        _real(3, 3) + np.eye(3),
        _real(3, 2),
    ),
    "cholesky_solve": (
        lambda a, b: tf.linalg.cholesky_solve(a, b),
        lambda a, b: np.linalg.inv(np.tril(a) @ np.tril(a).T) @ b,
        _real(2, 2) + np.eye(2),
        _real(2, 2),
    ),
    "lstsq": (
        lambda a, b: tf.linalg.lstsq(a, b, l2_regularizer=0.1),
        lambda a, b: np.linalg.inv(a.T @ a + 0.1 * np.eye(2)) @ a.T @ b,
        _real(3, 2),
        _real(3, 1),
    ),
    "expm": (tf.linalg.expm, _expm, _signed(2, 2)),
    "norm": (tf.norm, np.linalg.norm, _complex(2, 3)),
    "norm of order 3": (
        lambda x: tf.norm(x, 3, axis=1),
        lambda x: np.linalg.norm(x, 3, axis=1),
        _signed(2, 3),
    ),
    "relu": (lambda x: tf.nn.relu(x) ** 2, lambda x: np.maximum(x, 0) ** 2, _SIGNED),
    "leaky_relu": (
        lambda x: tf.nn.leaky_relu(x) ** 2,
        lambda x: np.where(x > 0, x, 0.2 * x) ** 2,
        _SIGNED,
    ),
    "elu": (tf.nn.elu, lambda x: np.where(x > 0, x, np.exp(x) - 1), _SIGNED),
    "selu": (
        tf.nn.selu,
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1)),
        _SIGNED,
    ),
    "gelu": (
        tf.nn.gelu,
        np.vectorize(lambda x: float(x * mpmath.ncdf(mpmath.mpf(x))), otypes=[float]),
        _signed(3),
    ),
    "silu": (tf.nn.silu, lambda x: x / (1 + np.exp(-x)), _signed(3)),
    "softmax": (lambda x: tf.nn.softmax(x, 0), lambda x: _softmax(x, 0), _signed(3, 2)),
    "log_softmax": (tf.nn.log_softmax, lambda x: np.log(_softmax(x)), _signed(2, 3)),
    "softmax_cross_entropy": (
        tf.nn.softmax_cross_entropy_with_logits,
        lambda z, x: -np.sum(z * np.log(_softmax(x)), -1),
        _real(2, 3),
        _signed(2, 3),
    ),
    "sparse_softmax_cross_entropy": (
        lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits([2, 0], x),
        lambda x: -np.log(_softmax(x))[[0, 1], [2, 0]],
        _signed(2, 3),
    ),
    "sigmoid_cross_entropy": (
        tf.nn.sigmoid_cross_entropy_with_logits,
        lambda z, x: z * np.log(1 + np.exp(-x)) + (1 - z) * np.log(1 + np.exp(x)),
        _real(2, 3),
        _signed(2, 3),
    ),
    "l2_loss": (tf.nn.l2_loss, lambda x: np.sum(x**2) / 2, _signed(2, 3)),
    "moments": (lambda x: tf.nn.moments(x, [0])[1], lambda x: np.var(x, 0), _signed(3, 2)),
    "batch_normalization": (
        lambda x, m, v, b, g: tf.nn.batch_normalization(x, m, v, b, g, 0.1),
        lambda x, m, v, b, g: g * (x - m) / np.sqrt(v + 0.1) + b,
        _signed(3, 2),
        _real(2),
        _real(2),
        _real(2),
        _real(2),
    ),
    "embedding_lookup": (
        lambda x: tf.nn.embedding_lookup(x * x, [1, 0, 1]),
        lambda x: (x * x)[[1, 0, 1]],
        _real(2, 2),
    ),
    "max_pool": (
        lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME") ** 2,
        lambda x: _pooled(np.max, x, 2, 2, "SAME") ** 2,
        _random.permutation(40).reshape(1, 5, 4, 2) / 5.0,
    ),
    "avg_pool": (
        lambda x: tf.nn.avg_pool2d(x * x, 3, 2, "SAME"),
        lambda x: _pooled(np.mean, x * x, 3, 2, "SAME"),
        _IMAGE,
    ),
    "rfft": (lambda x: tf.signal.rfft(x * x), lambda x: np.fft.rfft(x * x), _real(5)),
    "irfft": (lambda z: tf.signal.irfft(z * z), lambda z: np.fft.irfft(z * z), _complex(4)),
    "irfft of odd length": (
        lambda z: tf.signal.irfft(z * z, [5]),
        lambda z: np.fft.irfft(z * z, 5),
        _complex(3),
    ),
    "fft2d": (lambda z: tf.signal.fft2d(z * z), lambda z: np.fft.fft2(z * z), _complex(2, 3)),
    "while_loop": (
        lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, x))[1],
        lambda x: x**4,
        _signed(2),
    ),
    "map_fn": (
        lambda x: tf.map_fn(lambda row: row * row[0], x),
        lambda x: x * x[:, :1],
        _real(2, 3),
    ),
    "foldr": (
        lambda x: tf.foldr(lambda a, y: a * y + y, x),
        lambda x: (x[1] * x[2] + x[1]) * x[0] + x[0],
        _real(3),
    ),
    "scan": (lambda x: tf.scan(lambda a, y: a * y, x), lambda x: np.cumprod(x), _real(3)),
}
FUNCTIONS.update(
    {
        "conv2d {} {}".format(stride, padding): (
            lambda x, k, s=stride, p=padding: tf.nn.conv2d(x, k, s, p),
            lambda x, k, s=stride, p=padding: _conv2d(x, k, s, p),
            _IMAGE,
            _KERNEL,
        )
        for stride, padding in itertools.product((1, 2), ("SAME", "VALID"))
    }
)
FUNCTIONS.update(
    {
        "{} {} {}".format(function.__name__, exclusive, reverse): (
            lambda x, f=function, e=exclusive, r=reverse: f(x, 1, e, r),
            lambda x, f=reference, e=exclusive, r=reverse, u=unit: _scanned(f, x, 1, e, r, u),
            _real(2, 5),
        )
        for (function, reference, unit), exclusive, reverse in itertools.product(
            [(tf.cumsum, np.add, 0.0), (tf.math.cumprod, np.multiply, 1.0)],
            (False, True),
            (False, True),
        )
    }
)
FUNCTIONS.update(
    {
        "conv2d_transpose {} {}".format(stride, padding): (
            lambda x, k, s=stride, p=padding: tf.nn.conv2d_transpose(x * x, k, [1, 5, 4, 2], s, p),
            lambda x, k, s=stride, p=padding: _conv2d_transpose(x * x, k, (1, 5, 4, 2), s, p),
            _real(1, *places, 2),
            _signed(2, 3, 2, 2),
        )
        for stride, padding, places in [
            (1, "SAME", (5, 4)),
            (2, "SAME", (3, 2)),
            (2, "VALID", (2, 1)),
        ]
    }
)
FUNCTIONS["dynamic_stitch"] = (
    lambda x, y: tf.dynamic_stitch([[2, 0], [[1, 2]]], [x * x, y * y]),
    lambda x, y: np.stack([(x * x)[1], (y * y)[0, 0], (y * y)[0, 1]]),
    _real(2, 2),
    _real(1, 2, 2),
)
FUNCTIONS["dynamic_partition"] = (
    lambda x: tf.dynamic_partition(x * x, [1, 0, 1], 2)[1],
    lambda x: (x * x)[[0, 2]],
    _real(3, 2),
)
FUNCTIONS["cumulative_logsumexp"] = (
    tf.math.cumulative_logsumexp,
    lambda x: np.log(np.cumsum(np.exp(x), 0)),
    _signed(5, 2),
)
EACH = [pytest.param(Case(row[0], row[1], row[2:]), id=name) for name, row in FUNCTIONS.items()]


@pytest.mark.parametrize("case", EACH)
def test_a_function_computes_what_its_reference_does(case):
    checking.check_value(case)


@pytest.mark.parametrize("case", EACH)
def test_a_gradient_agrees_with_the_oracle(case):
    checking.check_first_derivative(case)


@pytest.mark.parametrize("case", EACH)
def test_the_gradient_of_a_gradient_agrees_with_the_oracle(case):
    checking.check_second_derivative(case)


@pytest.mark.parametrize("case", EACH)
def test_a_function_keeps_single_precision(case):
    checking.check_precision(case)
