"""The functions of the namespace: those of autograd, and what can be composed of them."""

from __future__ import annotations

import builtins
import itertools
from functools import partial

import autograd.numpy as anp
import autograd.scipy.special as special
import numpy as np

from tapecheck.tapes import structure

from .engine import Tensor, Variable, convert_to_tensor, operation, plain

_pairwise = partial(operation, tensors=2)

# Element by element

abs, exp, expm1, log, log1p = map(operation, (anp.abs, anp.exp, anp.expm1, anp.log, anp.log1p))
sin, cos, tan, sinh, cosh = map(operation, (anp.sin, anp.cos, anp.tan, anp.sinh, anp.cosh))
asin, acos, atan = map(operation, (anp.arcsin, anp.arccos, anp.arctan))
asinh, acosh, atanh = map(operation, (anp.arcsinh, anp.arccosh, anp.arctanh))
tanh, sqrt, square, negative = map(operation, (anp.tanh, anp.sqrt, anp.square, anp.negative))
conj, real, imag, reciprocal = map(operation, (anp.conj, anp.real, anp.imag, anp.reciprocal))
sign, floor, ceil, round = map(operation, (anp.sign, anp.floor, anp.ceil, anp.round))
erf, erfc, lgamma = map(operation, (special.erf, special.erfc, special.gammaln))
sigmoid, digamma = map(operation, (special.expit, special.digamma))
rsqrt = operation(lambda x: 1 / anp.sqrt(x))
add, subtract, multiply = map(_pairwise, (anp.add, anp.subtract, anp.multiply))
divide, pow, floormod = map(_pairwise, (anp.true_divide, anp.power, anp.mod))
floordiv, maximum, minimum = map(_pairwise, (anp.floor_divide, anp.maximum, anp.minimum))
atan2, equal, not_equal = map(_pairwise, (anp.arctan2, anp.equal, anp.not_equal))
less, less_equal, greater = map(_pairwise, (anp.less, anp.less_equal, anp.greater))
greater_equal, logical_and = map(_pairwise, (anp.greater_equal, anp.logical_and))
logical_or, logical_not = _pairwise(anp.logical_or), operation(anp.logical_not)
squared_difference = _pairwise(lambda x, y: (x - y) ** 2)
complex = _pairwise(lambda x, y: x + y * np.result_type(x.dtype, np.complex64).type(1j))


def _guarded(function, guard, safe):
    """A product or a quotient that is zero where the first or the second argument is."""

    @_pairwise
    def guarded(x, y):
        x, y = x + 0 * y, y + 0 * x  # of one shape: autograd's where does not sum back
        zero = (x, y)[guard] == 0
        return anp.where(zero, 0 * y, function(x, anp.where(zero, safe, y)))

    return guarded


xlogy = _guarded(lambda x, y: x * anp.log(y), 0, safe=1)
xlog1py = _guarded(lambda x, y: x * anp.log1p(y), 0, safe=0)
xdivy = _guarded(anp.true_divide, 0, safe=1)
divide_no_nan = _guarded(anp.true_divide, 1, safe=1)
multiply_no_nan = _guarded(anp.multiply, 1, safe=0)


def where(condition, x, y):
    """x where the condition holds, else y."""
    return _pairwise(lambda x, y: anp.where(np.asarray(condition), x, y))(x, y)


# Over axes


def _reduction(function):
    def reduce(x, axis=None, keepdims=False):
        axes = builtins.range(x.ndim) if axis is None else np.atleast_1d(axis)
        return function(x, axis=tuple(int(one) % x.ndim for one in axes), keepdims=keepdims)

    return operation(reduce)


reduce_sum, reduce_mean, reduce_prod = map(_reduction, (anp.sum, anp.mean, anp.prod))
reduce_max, reduce_min = map(_reduction, (anp.max, anp.min))
reduce_variance, reduce_std = map(_reduction, (anp.var, anp.std))
reduce_all, reduce_any = map(_reduction, (anp.all, anp.any))
reduce_logsumexp = _reduction(special.logsumexp)
reduce_euclidean_norm = _reduction(lambda x, **axes: anp.sqrt(anp.sum(anp.abs(x) ** 2, **axes)))
l2_normalize = operation(lambda x: x / anp.sqrt(anp.sum(x * x)))
argmax = operation(lambda x, axis=0: anp.argmax(x, axis))
argmin = operation(lambda x, axis=0: anp.argmin(x, axis))


@operation
def cumsum(x, axis=0, exclusive=False, reverse=False):
    """The sums of the elements up to each, with or without it."""
    x = anp.swapaxes(x, 0, axis)[:: -1 if reverse else 1]
    sums = anp.cumsum(x, 0) - (x if exclusive else 0 * x)
    return anp.swapaxes(sums[:: -1 if reverse else 1], 0, axis)


def _accumulation(function):
    def accumulate(x, axis=0):
        slices = anp.swapaxes(x, 0, axis)
        return anp.swapaxes(anp.stack(list(itertools.accumulate(slices, function))), 0, axis)

    return operation(accumulate)


cumprod, cumulative_logsumexp = _accumulation(anp.multiply), _accumulation(anp.logaddexp)


def matmul(a, b, transpose_a=False, transpose_b=False):
    """The matrix product."""
    turned = partial(anp.swapaxes, axis1=-1, axis2=-2)
    return _pairwise(
        lambda a, b: anp.matmul(turned(a) if transpose_a else a, turned(b) if transpose_b else b)
    )(a, b)


def einsum(equation, *inputs):
    """Einstein's sum."""
    return operation(partial(anp.einsum, equation), tensors=len(inputs))(*inputs)


tensordot = _pairwise(lambda a, b, axes: anp.tensordot(a, b, axes))

# Elements moved: by autograd where it can, else taken from the places that NumPy moves


def _moved(move):
    def take(x, *arguments, **options):
        places = np.arange(x.size).reshape(x.shape)
        return anp.ravel(x)[move(places, *arguments, **options)]

    return operation(take)


expand_dims, roll, transpose = map(operation, (anp.expand_dims, anp.roll, anp.transpose))
reshape = operation(lambda x, shape: anp.reshape(x, tuple(np.atleast_1d(shape))))
tile = operation(lambda x, multiples: anp.tile(x, tuple(multiples)))
squeeze = _moved(lambda p, axis=None: np.squeeze(p, axis if axis is None else tuple(axis)))
broadcast_to = _moved(lambda p, shape: np.broadcast_to(p, tuple(shape)))
reverse = _moved(lambda p, axis: np.flip(p, tuple(axis)))
repeat = _moved(lambda p, repeats, axis=None: np.repeat(p, repeats, axis))
gather = _moved(lambda p, indices, axis=0: np.take(p, indices, axis))
gather_nd = _moved(lambda p, indices: p[_index(indices)])
boolean_mask = _moved(lambda p, mask: p[np.asarray(mask)])
strided_slice = _moved(lambda p, *ends: p[tuple(map(builtins.slice, *ends))])
slice = _moved(lambda p, begin, size: p[tuple(map(_extent, begin, size))])


def _extent(begin, size):
    return builtins.slice(begin, None if size == -1 else begin + size)


def _index(indices):
    """Coordinates along the last axis, as NumPy takes them."""
    return tuple(np.moveaxis(np.asarray(indices), -1, 0))


def unstack(value, num=None, axis=0):
    """The slices along an axis."""
    return [gather(value, i, axis) for i in builtins.range(np.shape(value)[axis])]


def split(value, num_or_size_splits, axis=0):
    """The tensor in pieces, of equal or of given sizes."""
    sizes = num_or_size_splits
    if isinstance(sizes, int):
        sizes = [np.shape(value)[axis] // sizes] * sizes
    ends = np.cumsum(sizes)
    return [gather(value, np.arange(end - n, end), axis) for n, end in zip(sizes, ends)]


def concat(values, axis):
    """Tensors one after the other."""
    return operation(lambda *boxes: anp.concatenate(boxes, axis), len(values))(*values)


def stack(values, axis=0):
    """Tensors of one shape along a new axis."""
    return operation(lambda *boxes: anp.stack(boxes, axis), len(values))(*values)


def pad(tensor, paddings, mode="CONSTANT", constant_values=0):
    """The tensor with a margin."""
    if mode != "CONSTANT":
        return _moved(lambda p: np.pad(p, paddings, mode.lower()))(tensor)
    constant = partial(anp.pad, mode="constant", constant_values=constant_values)
    return operation(lambda x: constant(x, paddings))(tensor)


def sort(values, axis=-1, direction="ASCENDING"):
    """The elements in order along an axis."""
    places = np.argsort(values, axis)
    places = places if direction == "ASCENDING" else np.flip(places, axis)
    return _moved(lambda p: np.take_along_axis(p, places, axis))(values)


def top_k(values, k=1):
    """The greatest elements along the last axis, and where they stand."""
    places = np.argsort(-np.asarray(values), kind="stable")[..., :k]
    return _moved(lambda p: np.take_along_axis(p, places, -1))(values), Tensor(places)


def dynamic_partition(data, partitions, num_partitions):
    """The elements of each partition."""
    return [boolean_mask(data, np.equal(partitions, i)) for i in builtins.range(num_partitions)]


def dynamic_stitch(indices, data):
    """Slices of several tensors at the places that the indices name."""
    return gather(concat(data, 0), np.argsort(np.concatenate(indices)))


def tensor_scatter_nd_update(tensor, indices, updates):
    """The tensor with slices replaced."""
    size, taken = np.size(tensor), np.shape(updates)
    places = np.arange(size).reshape(np.shape(tensor))
    places[_index(indices)] = size + np.arange(np.prod(taken, dtype=int)).reshape(taken)
    return gather(concat([reshape(tensor, [-1]), reshape(updates, [-1])], 0), places)


def tensor_scatter_nd_add(tensor, indices, updates):
    """The tensor with updates added to slices."""
    return tensor_scatter_nd_update(tensor, indices, gather_nd(tensor, indices) + updates)


# Constants


def constant(value, dtype=None, shape=None, name=None):
    """A tensor of numbers or of an array."""
    tensor = convert_to_tensor(value, dtype)
    return tensor if shape is None else Tensor(np.array(np.broadcast_to(tensor.array, shape)))


def one_hot(indices, depth, dtype=np.float32):
    """Vectors of zeros but for a one at each index."""
    return Tensor(np.eye(depth, dtype=dtype)[np.asarray(indices)])


def zeros(shape, dtype=np.float32):
    """A tensor of zeros."""
    return Tensor(np.zeros(plain(shape), dtype))


def ones(shape, dtype=np.float32):
    """A tensor of ones."""
    return Tensor(np.ones(plain(shape), dtype))


zeros_like, ones_like = map(operation, (anp.zeros_like, anp.ones_like))
shape = operation(lambda x: np.array(x.shape, np.int32))
size = operation(lambda x: np.array(x.size, np.int32))
rank = operation(lambda x: np.array(x.ndim, np.int32))


def is_tensor(x):
    """Whether it is a tensor or a variable."""
    return isinstance(x, Tensor)


class Module:
    """An object that knows the variables among its attributes, in the order of their names."""

    @property
    def variables(self):
        """All variables."""
        leaves = structure.flatten([value for _, value in sorted(vars(self).items())])
        return tuple(leaf for leaf in leaves if isinstance(leaf, Variable))

    @property
    def trainable_variables(self):
        """Those that tapes watch when they are read."""
        return tuple(variable for variable in self.variables if variable.trainable)


for _name, _function in {
    "add": add, "sub": subtract, "mul": multiply, "truediv": divide, "floordiv": floordiv,
    "mod": floormod, "pow": pow, "matmul": matmul,
}.items():  # fmt: skip
    setattr(Tensor, f"__{_name}__", lambda self, other, f=_function: f(self, other))
    setattr(Tensor, f"__r{_name}__", lambda self, other, f=_function: f(other, self))
for _name, _function in {
    "lt": less, "le": less_equal, "gt": greater, "ge": greater_equal, "eq": equal, "ne": not_equal,
    "and": logical_and, "or": logical_or, "invert": logical_not, "neg": negative, "abs": abs,
}.items():  # fmt: skip
    setattr(Tensor, f"__{_name}__", lambda *operands, f=_function: f(*operands))
