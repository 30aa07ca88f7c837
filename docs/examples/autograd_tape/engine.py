"""A gradient tape on HIPS autograd: its boxes carry the values, its primitives the derivatives.

autograd runs functions on boxes, and makes a node of every primitive that has a box among its
arguments. What a node does is open: for autograd's own gradients it remembers its parents, here it
reports to the tapes. So tapes record the primitives that autograd sees, each with the
vector-Jacobian product that autograd registered for it.
"""

from __future__ import annotations

from functools import partial, wraps

import autograd.numpy as anp
import numpy as np
from autograd.core import VJPNode, add_outgrads, primitive_vjps
from autograd.extend import defvjp, primitive
from autograd.tracer import Node, getval, isbox, new_box, notrace_primitives

from tapecheck.tapes import overrides, recorder, tape
from tapecheck.tapes.library import ArrayLibrary, new_key

TRACE = 0
"""The level of autograd's tracing on which all tapes work: their nesting is the recorder's."""


class TapeNode(Node):
    """What autograd makes of the result of a primitive: known to tapes by its key."""

    __slots__ = ("dtype", "key", "shape")

    def __init__(self, value, fun, args, kwargs, argnums, parents):
        self.initialize_root(value)
        if recorder.is_recording():
            derivative = partial(_pullback, self, value, fun, args, kwargs, argnums, parents)
            recorder.record(library, parents, [self], derivative)

    def initialize_root(self, value):
        self.key, self.shape = new_key(), np.shape(value)
        self.dtype = getattr(value, "dtype", TUPLE)


TUPLE = np.dtype(object)
"""Stands for the dtype of a primitive's result that is a tuple of arrays."""

notrace_primitives[TapeNode] = notrace_primitives[VJPNode]


def _pullback(node, value, fun, args, kwargs, argnums, parents):
    """autograd's derivative of a primitive. It is made of boxes, so that tapes record it too."""
    boxes = list(args)
    for argnum, parent in zip(argnums, parents):
        boxes[argnum] = new_box(args[argnum], TRACE, parent)
    answer = new_box(value, TRACE, node)
    vjps = [primitive_vjps[fun]((argnum,), answer, boxes, kwargs) for argnum in argnums]

    def pullback(cotangents, wanted):
        upstream = _conj(cotangents[0].box)
        return [
            _cotangent(vjp(upstream), parent.dtype) if is_wanted else None
            for vjp, parent, is_wanted in zip(vjps, parents, wanted)
        ]

    return pullback


def _cotangent(answers, dtype):
    """What a derivative of autograd answered, as a tensor of the dtype of its input."""
    (answer,) = answers
    dense, _ = add_outgrads(None, answer)
    return Tensor(dense if dtype is TUPLE else _conj(_cast(dense, dtype)))


def _conj(box):
    """autograd's cotangent of a complex number is the conjugate of TensorFlow's."""
    return anp.conj(box) if getattr(box, "dtype", TUPLE).kind == "c" else box


def _cast(box, dtype):
    if box.dtype.kind == "c" and dtype.kind == "f":
        box = anp.real(box)
    return box if box.dtype == dtype else anp.array(box, dtype)


class Tensor:
    """A value with an identity: a box of autograd, or an array that has no derivatives."""

    __slots__ = ("box", "key")
    __array_priority__ = 1000.0
    __hash__ = None

    def __init__(self, value):
        if not isbox(value) and np.result_type(value).kind in "fc":
            value = new_box(value, TRACE, TapeNode.new_root(value))
        self.box = value
        self.key = value._node.key if isbox(value) else new_key()

    array = property(lambda self: getval(self.box))
    shape = property(lambda self: np.shape(self.array))
    dtype = property(lambda self: np.result_type(self.array))

    def read(self):
        """The tensor to compute with."""
        return self

    def numpy(self):
        """A copy of the elements."""
        return np.array(self.array)[()]

    def ref(self):
        """A hashable stand-in: tensors themselves compare element by element."""
        return self.key

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)

    def __len__(self):
        return len(self.array)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        return Tensor(self.read().box[plain(index)])

    def __bool__(self):
        return bool(self.array)

    def __float__(self):
        return float(self.array)

    def __int__(self):
        return int(self.array)

    __index__ = __int__

    def __repr__(self):
        return f"<{type(self).__name__} {self.array!r}>"


class Variable(Tensor):
    """A tensor whose value can be replaced, and that tapes watch when it is read."""

    __slots__ = ("_array", "name", "trainable")

    def __init__(self, initial_value, trainable=True, name="Variable", dtype=None):
        self._array = convert_to_tensor(initial_value, dtype).numpy()
        self.key, self.trainable, self.name = new_key(), trainable, name

    array = property(lambda self: self._array)

    def read(self):
        tensor = Tensor(self._array)
        recorder.variable_read(library, self)
        recorder.record(library, [self], [tensor], lambda: lambda cotangents, wanted: cotangents)
        return tensor

    value = read_value = read

    def assign(self, value):
        """Replace the value."""
        array = convert_to_tensor(value, self.dtype).numpy()
        if np.shape(array) != self.shape:
            raise ValueError(f"{self!r} cannot take a value of shape {np.shape(array)}.")
        self._array = array
        return self

    def assign_add(self, value):
        """Add to the value."""
        return self.assign(self._array + convert_to_tensor(value, self.dtype).array)

    def assign_sub(self, value):
        """Subtract from the value."""
        return self.assign(self._array - convert_to_tensor(value, self.dtype).array)


def plain(value):
    """An index, a shape or another attribute with arrays in place of tensors."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    return value.array if isinstance(value, Tensor) else value


def convert_to_tensor(value, dtype=None, dtype_hint=None):
    """A tensor from a tensor, a variable, numbers, an array, or a list of tensors: their stack."""
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype != dtype:
            raise ValueError(f"{value!r} is not of dtype {dtype}.")
        return value.read()
    nested = isinstance(value, (list, tuple))
    if nested and any(isinstance(one, (Tensor, list, tuple)) for one in value):
        hint = dtype_hint or next((one.dtype for one in value if isinstance(one, Tensor)), None)
        return Tensor(anp.stack([convert_to_tensor(one, dtype, hint).box for one in value]))
    return Tensor(_array(value, dtype or dtype_hint))


_RANK = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3, "U": 4}
"""Kinds of dtype, in NumPy's letters: one of a higher rank takes the numbers of a lower one."""


def _array(value, dtype):
    array = np.array(value)
    if array.dtype.kind not in _RANK:
        raise ValueError(f"{value!r} cannot be a tensor.")
    if dtype is None and not isinstance(value, (np.ndarray, np.generic)):
        dtype = {"f": np.float32, "i": np.int32}.get(array.dtype.kind)
    if dtype is not None and _RANK[array.dtype.kind] > _RANK[np.dtype(dtype).kind]:
        raise TypeError(f"{value!r} cannot be a tensor of dtype {dtype}.")
    return array if dtype is None else array.astype(dtype)


def operation(function, tensors=1):
    """A function of boxes as one of tensors.

    Its first arguments, as many as ``tensors`` says, become tensors of one dtype; the others are
    attributes, which are not differentiated.
    """

    @wraps(function)
    def run(*arguments, **attributes):
        values, rest = arguments[:tensors], map(plain, arguments[tensors:])
        attributes = {key: plain(value) for key, value in attributes.items() if key != "name"}
        hint = next((value.dtype for value in values if isinstance(value, Tensor)), None)
        inputs = [convert_to_tensor(value, dtype_hint=hint) for value in values]
        if len({one.dtype for one in inputs}) > 1:
            raise TypeError(f"Tensors of different dtypes: {inputs}")
        with np.errstate(all="ignore"):
            return Tensor(function(*[one.box for one in inputs], *rest, **attributes))

    return run


def cast(x, dtype, name=None):
    """The elements as another dtype."""
    box, dtype = convert_to_tensor(x).box, np.dtype(dtype)
    return Tensor(_cast(box if dtype.kind in "fc" else getval(box), dtype))


class Library(ArrayLibrary):
    """autograd as the recorder sees it: tensors, and the nodes that stand for them."""

    is_variable = staticmethod(lambda value: isinstance(value, Variable))
    is_tensor = staticmethod(lambda value: isinstance(value, Tensor))
    is_trainable = staticmethod(lambda variable: variable.trainable)
    is_differentiable = staticmethod(lambda dtype: dtype is TUPLE or dtype.kind in "fc")
    key = staticmethod(lambda value: value.key)
    shape = staticmethod(lambda value: value.shape)
    dtype = staticmethod(lambda value: value.dtype)
    convert = staticmethod(convert_to_tensor)
    zeros = staticmethod(lambda shape, dtype: Tensor(np.zeros(shape, dtype)))
    ones = staticmethod(lambda shape, dtype: Tensor(np.ones(shape, dtype)))
    one_hot = staticmethod(lambda index, size, dtype: Tensor(np.eye(size, dtype=dtype)[index]))
    add = staticmethod(lambda x, y: Tensor(add_outgrads((x.box, False), y.box)[0]))
    stack = staticmethod(lambda tensors, axis: Tensor(anp.stack([t.box for t in tensors], axis)))
    reshape = staticmethod(lambda x, shape: Tensor(anp.reshape(x.box, shape)))


library = Library()


class GradientTape(tape.GradientTape):
    """The gradient tape of this namespace."""

    library = library


@primitive
def _same(x):
    return x


defvjp(_same, lambda answer, x: lambda upstream: upstream)

identity = operation(_same)
stop_gradient = operation(lambda x: np.array(getval(x)))
custom_gradient = partial(overrides.custom_gradient, GradientTape, identity)
recompute_grad = partial(overrides.recompute_grad, GradientTape, identity)
grad_pass_through = partial(overrides.grad_pass_through, GradientTape, identity)
