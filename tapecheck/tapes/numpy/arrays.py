"""Making, reshaping, indexing and joining tensors."""

from __future__ import annotations

import builtins
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from . import dtype as dtypes
from . import operations as op
from . import xp
from .engine import operation
from .errors import InvalidArgumentError
from .operators import Operators
from .tensor import Tensor, TensorShape, constant, convert_to_tensor
from .xp import Array

newaxis = None


def integers(value: Any) -> Tuple[int, ...]:
    """Integers from one integer, or from a list, shape, array or tensor of them."""
    return tuple(int(n) for n in np.atleast_1d(np.asarray(value)))


def array_of(value: Any, dtype: Any = None) -> np.ndarray:
    """The elements of a tensor, or of what can become one, without recording anything."""
    if isinstance(value, Operators):
        return np.asarray(value.numpy(), dtype)
    return np.asarray(value, dtype)


def of_one_dtype(values: Any) -> List[Tensor]:
    """Values as tensors of one dtype: that of the first tensor among them, or else of the first
    value.
    """
    values = unstack(values) if isinstance(values, Operators) else list(values)
    like = next((v.dtype for v in values if isinstance(v, Operators)), None)
    tensors: List[Tensor] = []
    for value in values:
        tensors.append(convert_to_tensor(value, dtype_hint=like))
        like = like or tensors[0].dtype
    return tensors


def axis_of(axis: Any, rank: int) -> int:
    """An axis counted from 0. An axis out of range is left for the operation to refuse."""
    position = int(axis)
    return position + rank if position < 0 else position


# Constants


def zeros(shape: Any, dtype: Any = dtypes.float32, name: Optional[str] = None) -> Tensor:
    """A tensor of zeros."""
    return fill(shape, 0, dtypes.as_dtype(dtype))


def ones(shape: Any, dtype: Any = dtypes.float32, name: Optional[str] = None) -> Tensor:
    """A tensor of ones."""
    return fill(shape, 1, dtypes.as_dtype(dtype))


def fill(dims: Any, value: Any, dtype: Any = None, name: Optional[str] = None) -> Tensor:
    """A tensor that has one value everywhere; the value is differentiable."""
    if dtype is not None:
        content = b"" if dtype == dtypes.string else value
        return Tensor(np.full(integers(dims), content, dtype.numpy))
    return op.broadcast_(convert_to_tensor(value), shape=integers(dims))


def _like(value: int, input: Any, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(input)
    return fill(tensor.shape, value, dtypes.as_dtype(dtype or tensor.dtype))


def zeros_like(input: Any, dtype: Any = None, name: Optional[str] = None) -> Tensor:
    """Zeros of the shape of a tensor."""
    return _like(0, input, dtype)


def ones_like(input: Any, dtype: Any = None, name: Optional[str] = None) -> Tensor:
    """Ones of the shape of a tensor."""
    return _like(1, input, dtype)


def eye(
    num_rows: int,
    num_columns: Optional[int] = None,
    batch_shape: Any = (),
    dtype: Any = dtypes.float32,
    name: Optional[str] = None,
) -> Tensor:
    """The identity matrix, for every member of a batch."""
    matrix = np.eye(int(num_rows), num_columns, dtype=dtypes.as_dtype(dtype).numpy)
    shape = integers(batch_shape) if batch_shape is not None else ()
    return Tensor(np.broadcast_to(matrix, (*shape, *matrix.shape)))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Optional[str] = None
) -> Tensor:
    """Numbers from ``start``, or 0, up to but without ``limit``, in steps of ``delta``."""
    if limit is None:
        start, limit = 0, start
    ends = [array_of(value) for value in (start, limit, delta)]
    if dtype is None:
        python = all(isinstance(v, (int, float)) for v in (start, limit, delta))
        like = convert_to_tensor([start, limit, delta]) if python else None
        numpy_dtype = like.dtype.numpy if like is not None else np.result_type(*ends)
        if not python and numpy_dtype == np.int64:
            numpy_dtype = next(e.dtype for e in ends if e.dtype.kind == "i")
    else:
        numpy_dtype = dtypes.as_dtype(dtype).numpy
    numbers = np.arange(*[end.item() for end in ends])
    if numpy_dtype.kind != "f" or not any(isinstance(v, Tensor) for v in (start, delta)):
        return Tensor(numbers.astype(numpy_dtype))
    first, step = (op.cast(v, dtype=numpy_dtype) for v in (start, delta))
    return first + step * Tensor(np.arange(len(numbers)).astype(numpy_dtype))


def linspace(start: Any, stop: Any, num: Any, name: Optional[str] = None, axis: int = 0) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, both included."""
    first = convert_to_tensor(start)
    first = op.cast(first, dtype=np.dtype(np.float64)) if first.dtype.is_integer else first
    last = op.cast(stop, dtype=first.dtype.numpy)
    axis = axis % (first.ndim + 1)
    count = int(array_of(num))
    parts = np.arange(count).reshape((-1,) + (1,) * (first.ndim - axis)) / max(count - 1, 1)
    shape = (*first.shape[:axis], 1, *first.shape[axis:])
    part = Tensor(parts.astype(first.dtype.numpy))
    return op.reshape_(first, shape=shape) * (1 - part) + op.reshape_(last, shape=shape) * part


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int = -1,
    dtype: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Vectors of ``off_value`` but for ``on_value`` at an index."""
    ids = convert_to_tensor(indices).array
    like = next((convert_to_tensor(v) for v in (on_value, off_value) if v is not None), None)
    kind = dtypes.as_dtype(dtype or (like.dtype if like is not None else dtypes.float32)).numpy
    hot = ids[..., None] == xp.asarray(np.arange(int(array_of(depth))))
    on = op.cast(1 if on_value is None else on_value, dtype=kind)
    off = op.cast(0 if off_value is None else off_value, dtype=kind)
    values = op.select(on, off, condition=hot)
    if axis == -1:
        return values
    perm = [*builtins.range(values.ndim - 1)]
    perm.insert(axis, values.ndim - 1)
    return op.transpose_(values, perm=tuple(perm))


# What a tensor is


def shape(input: Any, out_type: Any = dtypes.int32, name: Optional[str] = None) -> Tensor:
    """The lengths of the axes, as a tensor."""
    return constant(np.array(_shape(input), dtypes.as_dtype(out_type).numpy))


def size(input: Any, out_type: Any = dtypes.int32, name: Optional[str] = None) -> Tensor:
    """The number of elements, as a tensor."""
    return constant(TensorShape(_shape(input)).num_elements(), out_type)


def rank(input: Any, name: Optional[str] = None) -> Tensor:
    """The number of axes, as a tensor."""
    return constant(len(_shape(input)), dtypes.int32)


def _shape(value: Any) -> Tuple[int, ...]:
    return tuple(value.shape if hasattr(value, "shape") else convert_to_tensor(value).shape)


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor or a variable."""
    return isinstance(x, Operators)


def cast(x: Any, dtype: Any, name: Optional[str] = None) -> Tensor:
    """The elements as another dtype. The same tensor if it has that dtype already."""
    tensor, wanted = convert_to_tensor(x), dtypes.as_dtype(dtype)
    return tensor if tensor.dtype is wanted else op.cast(tensor, dtype=wanted.numpy)


def complex(real: Any, imag: Any, name: Optional[str] = None) -> Tensor:
    """Complex numbers from their real and imaginary parts, of dtype float32 or float64."""
    return op.complex_(real, imag)


# Shapes


def reshape(tensor: Any, shape: Any, name: Optional[str] = None) -> Tensor:
    """The elements in their order, in another shape; -1 stands for the length that fits."""
    return op.reshape_(tensor, shape=integers(shape))


def transpose(
    a: Any, perm: Any = None, conjugate: bool = False, name: Optional[str] = None
) -> Tensor:
    """The axes in the order ``perm``; by default reversed."""
    tensor = convert_to_tensor(a)
    order = tuple(reversed(builtins.range(tensor.ndim))) if perm is None else integers(perm)
    result = op.transpose_(tensor, perm=order)
    return op.conj(result) if conjugate and tensor.dtype.is_complex else result


def expand_dims(input: Any, axis: int, name: Optional[str] = None) -> Tensor:
    """With a new axis of length 1."""
    tensor = convert_to_tensor(input)
    lengths = list(tensor.shape)
    lengths.insert(axis_of(axis, tensor.ndim + 1), 1)
    return op.reshape_(tensor, shape=tuple(lengths))


def squeeze(input: Any, axis: Any = None, name: Optional[str] = None) -> Tensor:
    """Without the axes of length 1, or without those named, which must be of length 1."""
    tensor = convert_to_tensor(input)
    gone = [i for i, n in enumerate(tensor.shape) if n == 1]
    if axis is not None:
        gone = [axis_of(a, tensor.ndim) for a in integers(axis)]
    return op.reshape_(tensor, shape=tuple(n for i, n in enumerate(tensor.shape) if i not in gone))


def broadcast_to(input: Any, shape: Any, name: Optional[str] = None) -> Tensor:
    """The elements repeated along new and unit axes."""
    return op.broadcast_(input, shape=integers(shape))


def tile(input: Any, multiples: Any, name: Optional[str] = None) -> Tensor:
    """The tensor side by side with itself, ``multiples`` times along each axis."""
    tensor, times = convert_to_tensor(input), integers(multiples)
    apart = [n for length in tensor.shape for n in (1, length)]
    repeated = [n for pair in zip(times, tensor.shape) for n in pair]
    wide = op.broadcast_(op.reshape_(tensor, shape=tuple(apart)), shape=tuple(repeated))
    return op.reshape_(wide, shape=tuple(m * n for m, n in zip(times, tensor.shape)))


def meshgrid(*args: Any, indexing: str = "xy", name: Optional[str] = None) -> List[Tensor]:
    """Vectors broadcast against each other, one axis each."""
    vectors = [convert_to_tensor(arg) for arg in args]
    order = list(builtins.range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    lengths = [0] * len(vectors)
    for axis, vector in zip(order, vectors):
        lengths[axis] = vector.shape[0]
    apart = [tuple(-1 if i == axis else 1 for i in builtins.range(len(vectors))) for axis in order]
    return [
        op.broadcast_(op.reshape_(vector, shape=one), shape=tuple(lengths))
        for vector, one in zip(vectors, apart)
    ]


# Joining and splitting


def stack(values: Any, axis: int = 0, name: Optional[str] = None) -> Tensor:
    """Tensors of one shape along a new axis."""
    return op.stack_(*of_one_dtype(values), axis=axis)


def unstack(
    value: Any, num: Optional[int] = None, axis: int = 0, name: Optional[str] = None
) -> List[Tensor]:
    """The slices along an axis, that axis gone."""
    tensor = convert_to_tensor(value)
    return list(op.unstack_(tensor, axis=axis)) if tensor.shape[axis] else []


def concat(values: Any, axis: Any, name: Optional[str] = None) -> Tensor:
    """Tensors one after the other along an axis."""
    return op.concat_(*of_one_dtype(values), axis=int(axis))


def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: Optional[int] = None,
    name: Optional[str] = None,
) -> List[Tensor]:
    """Parts along an axis: so many equal ones, or ones of given sizes, of which one may be -1."""
    tensor, sizes = convert_to_tensor(value), array_of(num_or_size_splits)
    axis = axis_of(axis, tensor.ndim)
    length = tensor.shape[axis]
    if sizes.ndim == 0:
        if length % int(sizes):
            raise ValueError(f"An axis of length {length} has no {int(sizes)} equal parts.")
        sizes = np.full(int(sizes), length // int(sizes))
    sizes = np.where(sizes < 0, length - sizes[sizes >= 0].sum(), sizes)
    ends = np.cumsum(sizes)
    before = (builtins.slice(None),) * axis
    return [
        op.take_(tensor, index=(*before, builtins.slice(int(end - n), int(end))))
        for end, n in zip(ends, sizes)
    ]


# Indexing


def numpy_index(index: Any) -> Tuple[Any, ...]:
    """What stands between the brackets of ``x[...]``, as a NumPy index.

    Raises:
        TypeError: for anything but integers, slices, an ellipsis, None and scalar integer tensors.
    """
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(_numpy_index_part(part) for part in parts)


def _numpy_index_part(part: Any) -> Any:
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, builtins.slice):
        bounds = (part.start, part.stop, part.step)
        return builtins.slice(*[None if b is None else int(b) for b in bounds])
    is_number = isinstance(part, (int, np.generic, np.ndarray, Operators))
    tensor = convert_to_tensor(part) if is_number else None
    if tensor is None or tensor.ndim or not tensor.dtype.is_integer:
        raise TypeError(
            "Only integers, slices, ellipsis, None and scalar integer tensors are valid indices, "
            f"got {part!r}."
        )
    known = xp.known(tensor.array)
    return tensor.array if known is None else int(known)


def getitem(x: Any, index: Any) -> Tensor:
    """``x[index]``; a tensor of booleans selects elements."""
    if isinstance(index, Operators) and index.dtype.is_bool:
        return boolean_mask(x, index)
    return op.take_(x, index=numpy_index(index))


def slice(input_: Any, begin: Any, size: Any, name: Optional[str] = None) -> Tensor:
    """The block that begins at ``begin`` and has the lengths ``size``, -1 for all that remains."""
    return op.take_(
        input_,
        index=tuple(
            builtins.slice(b, None if n == -1 else b + n)
            for b, n in zip(integers(begin), integers(size))
        ),
    )


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, name: Optional[str] = None
) -> Tensor:
    """Every ``strides``-th element from ``begin`` up to but without ``end``, along each axis."""
    first, last = integers(begin), integers(end)
    steps = (1,) * len(first) if strides is None else integers(strides)
    return op.take_(input_, index=tuple(map(builtins.slice, first, last, steps)))


def _take_along(x: Any, ids: Sequence[np.ndarray]) -> Tensor:
    """The elements at the product of indices, one vector of them per axis."""
    return op.take_(x, index=np.ix_(*ids))


def _along_axis(x: Tensor, axis: int, ids: Array) -> Tensor:
    """The elements at a vector of indices along one axis."""
    return op.take_(x, index=(builtins.slice(None),) * axis_of(axis, x.ndim) + (ids,))


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: Optional[str] = None,
) -> Tensor:
    """The slices along an axis at given indices; the first ``batch_dims`` axes are matched."""
    tensor, ids = convert_to_tensor(params), convert_to_tensor(indices).array
    batch = axis_of(batch_dims, ids.ndim)
    axis = batch if axis is None else axis_of(axis, tensor.ndim)
    known = xp.known(ids)
    if known is not None and np.any(known < 0):
        raise InvalidArgumentError(f"gather: the index {known.min()} is negative")
    if not batch:
        return _along_axis(tensor, axis, ids)
    inner = ids.ndim - batch
    index = [
        np.arange(tensor.shape[j]).reshape((-1,) + (1,) * (axis - j - 1 + inner))
        for j in builtins.range(axis)
    ]
    ids = xp.reshape(ids, (*ids.shape[:batch], *(1,) * (axis - batch), *ids.shape[batch:]))
    return op.take_(tensor, index=(*index, ids))


def _nd_index(indices: Any, batch_dims: int = 0) -> Tuple[Array, ...]:
    """A NumPy index from a tensor whose last axis holds coordinates."""
    ids = convert_to_tensor(indices).array
    batch = [
        np.arange(ids.shape[j]).reshape((-1,) + (1,) * (ids.ndim - 2 - j))
        for j in builtins.range(batch_dims)
    ]
    return (*batch, *xp.moveaxis(ids, -1, 0))


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: Optional[str] = None) -> Tensor:
    """The slices at the coordinates that the last axis of ``indices`` holds."""
    return op.take_(params, index=_nd_index(indices, batch_dims))


def boolean_mask(tensor: Any, mask: Any, axis: int = 0, name: Optional[str] = None) -> Tensor:
    """The elements where the mask, which begins at ``axis``, holds."""
    before = (builtins.slice(None),) * axis
    return op.take_(tensor, index=(*before, *np.nonzero(array_of(mask))))


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: Optional[str] = None
) -> List[Tensor]:
    """The elements that carry each of the numbers below ``num_partitions``, one tensor for each."""
    x, numbers = convert_to_tensor(data), array_of(partitions)
    return [boolean_mask(x, numbers == i) for i in builtins.range(int(num_partitions))]


def dynamic_stitch(indices: Any, data: Any, name: Optional[str] = None) -> Tensor:
    """The elements of several tensors, each put where its index says; later ones prevail."""
    places = [array_of(each) for each in indices]
    parts = [
        op.reshape_(part, shape=(-1, *part.shape[place.ndim :]))
        for place, part in zip(places, of_one_dtype(data))
    ]
    flat = np.concatenate([place.reshape(-1) for place in places])
    order = np.zeros(flat.max() + 1, int)
    order[flat] = np.arange(len(flat))
    return op.take_(op.concat_(*parts, axis=0), index=(order,))


def scatter_nd(indices: Any, updates: Any, shape: Any, name: Optional[str] = None) -> Tensor:
    """Zeros, with updates added at coordinates."""
    return op.scatter_(updates, index=_nd_index(indices), shape=integers(shape))


def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, name: Optional[str] = None
) -> Tensor:
    """A tensor with updates added at coordinates."""
    x = convert_to_tensor(tensor)
    updates = convert_to_tensor(updates, dtype_hint=x.dtype)
    return op.add(x, scatter_nd(indices, updates, x.shape))


def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, name: Optional[str] = None
) -> Tensor:
    """A tensor with updates subtracted at coordinates."""
    x = convert_to_tensor(tensor)
    updates = convert_to_tensor(updates, dtype_hint=x.dtype)
    return op.subtract(x, scatter_nd(indices, updates, x.shape))


def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: Optional[str] = None
) -> Tensor:
    """A tensor with the elements at distinct coordinates replaced."""
    x = convert_to_tensor(tensor)
    updates = convert_to_tensor(updates, dtype_hint=x.dtype)
    index = _nd_index(indices)
    hits = xp.scatter(xp.asarray(np.ones(updates.shape, np.float32)), index, x.shape)
    return op.select(scatter_nd(indices, updates, x.shape), x, condition=hits > 0)


def where(condition: Any, x: Any = None, y: Any = None, name: Optional[str] = None) -> Tensor:
    """x where the condition holds, else y; without them, the coordinates where it holds."""
    if x is None:
        return Tensor(np.argwhere(array_of(condition)))
    return op.select(x, y, condition=xp.astype(convert_to_tensor(condition).array, np.bool_))


# Rearranging


def reverse(tensor: Any, axis: Any, name: Optional[str] = None) -> Tensor:
    """The elements in opposite order along axes."""
    x = convert_to_tensor(tensor)
    axes = [axis_of(a, x.ndim) for a in integers(axis)]
    step = {True: builtins.slice(None, None, -1), False: builtins.slice(None)}
    return op.take_(x, index=tuple(step[i in axes] for i in builtins.range(x.ndim)))


def roll(input: Any, shift: Any, axis: Any, name: Optional[str] = None) -> Tensor:
    """The elements shifted along axes; what leaves at one end enters at the other."""
    x = convert_to_tensor(input)
    for step, each in zip(integers(shift), integers(axis)):
        x = _along_axis(x, each, np.roll(np.arange(x.shape[each]), step))
    return x


def repeat(
    input: Any, repeats: Any, axis: Optional[int] = None, name: Optional[str] = None
) -> Tensor:
    """Every element several times in a row along an axis; by default of the flattened tensor."""
    x = convert_to_tensor(input)
    if axis is None:
        x, axis = op.reshape_(x, shape=(-1,)), 0
    return _along_axis(x, axis, np.repeat(np.arange(x.shape[axis]), array_of(repeats)))


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: Optional[str] = None,
) -> Tensor:
    """Elements added before and after along each axis; ``mode`` CONSTANT, REFLECT or SYMMETRIC."""
    x = convert_to_tensor(tensor)
    widths = [integers(pair) for pair in array_of(paddings)]
    if mode.upper() != "CONSTANT":
        return _take_along(
            x,
            [_padded(np.arange(n), pair, mode.lower()) for n, pair in zip(x.shape, widths)],
        )
    lengths = tuple(n + sum(pair) for n, pair in zip(x.shape, widths))
    inside = tuple(builtins.slice(pair[0], pair[0] + n) for n, pair in zip(x.shape, widths))
    padded = op.scatter_(x, index=inside, shape=lengths)
    value = array_of(constant_values)
    if not value.any():
        return padded
    outside = np.full(lengths, value, x.dtype.numpy)
    outside[inside] = 0
    return op.add(padded, Tensor(outside))


def _padded(indices: np.ndarray, widths: Tuple[int, ...], mode: Any) -> np.ndarray:
    return np.pad(indices, (widths[0], widths[1]), mode)


def _order(x: Tensor, axis: int, direction: str) -> Array:
    return xp.argsort(x.array if direction == "ASCENDING" else -x.array, axis=axis, kind="stable")


def _at(x: Tensor, order: Array, axis: int) -> Tensor:
    """``np.take_along_axis``."""
    index: List[Any] = list(np.ogrid[tuple(builtins.slice(n) for n in order.shape)])
    index[axis] = order
    return op.take_(x, index=tuple(index))


def argsort(
    values: Any,
    axis: int = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """The indices that sort a tensor along an axis."""
    return Tensor(xp.astype(_order(convert_to_tensor(values), axis, direction), np.int32))


def sort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", name: Optional[str] = None
) -> Tensor:
    """The elements sorted along an axis."""
    x = convert_to_tensor(values)
    return _at(x, _order(x, axis, direction), axis)


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = None, name: Optional[str] = None
) -> Tuple[Tensor, Tensor]:
    """The k greatest elements along the last axis, descending, and their indices."""
    x = convert_to_tensor(input)
    order = _order(x, -1, "DESCENDING")[..., : int(array_of(k))]
    return _at(x, order, -1), Tensor(xp.astype(order, np.int32))


@operation
def unique_(x: Array) -> Tuple[Array, Array]:
    """The distinct elements of a vector, in the order in which they appear. Has no derivative."""
    elements = xp.to_numpy(x)
    _, first, inverse = np.unique(elements, return_index=True, return_inverse=True)
    order = np.argsort(first)
    places = np.argsort(order)[inverse].astype(np.int32)
    return xp.asarray(elements[first[order]]), xp.asarray(places)


def unique(x: Any, out_idx: Any = dtypes.int32, name: Optional[str] = None) -> Any:
    """The distinct elements of a vector, and for each element the place of its equal among them."""
    return unique_(x)
