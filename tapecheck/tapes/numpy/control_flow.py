"""Control flow that runs step by step: what runs is recorded, as if Python had spelled it out."""

from __future__ import annotations

import builtins
from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from tapecheck.tapes import structure

from . import dtype as dtypes
from . import xp
from .arrays import array_of, concat, stack, unstack
from .errors import InvalidArgumentError, OpError
from .tensor import Tensor, convert_to_tensor


def executing_eagerly() -> bool:
    """Whether operations run at once, and not when a traced program does."""
    return xp.executing_eagerly()


def cond(
    pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: Optional[str] = None
) -> Any:
    """The result of one of two functions."""
    return true_fn() if builtins.bool(array_of(pred)) else false_fn()


def case(
    pred_fn_pairs: Any,
    default: Optional[Callable[[], Any]] = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The result of the function that stands with the first predicate that holds.

    Raises:
        InvalidArgumentError: if none holds and there is no default, or more than one and
            ``exclusive``.
    """
    pairs = pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs
    held = [function for predicate, function in pairs if builtins.bool(array_of(predicate))]
    if exclusive and len(held) > 1:
        raise InvalidArgumentError("case: more than one predicate holds")
    if held:
        return held[0]()
    if default is None:
        raise InvalidArgumentError("case: no predicate holds and there is no default")
    return default()


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Optional[Callable[[], Any]] = None,
    name: str = "switch_case",
) -> Any:
    """The result of the function with a given number; if there is none, the default or the last."""
    functions = dict(branch_fns if isinstance(branch_fns, dict) else enumerate(branch_fns))
    if branch_fns and isinstance(branch_fns, (list, tuple)) and isinstance(branch_fns[0], tuple):
        functions = dict(branch_fns)
    last = default or functions[max(functions)]
    return functions.get(int(array_of(branch_index)), last)()


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: Optional[str] = None,
) -> Any:
    """The loop variables, after the body has replaced them for as long as the condition holds."""
    single = not isinstance(loop_vars, (list, tuple))
    values: Any = (loop_vars,) if single else loop_vars
    limit = None if maximum_iterations is None else int(array_of(maximum_iterations))
    turns = 0
    while (limit is None or turns < limit) and builtins.bool(array_of(cond(*values))):
        result = body(*values)
        values = result if isinstance(result, (list, tuple)) else (result,)
        turns += 1
    leaves = [
        leaf if isinstance(leaf, TensorArray) else convert_to_tensor(leaf)
        for leaf in structure.flatten(values)
    ]
    values = structure.pack_sequence_as(loop_vars if not single else values, leaves)
    return values[0] if single else values


def _items(elems: Any) -> List[Any]:
    """The slices of nested tensors along their first axis, each in the structure of the whole."""
    columns = [unstack(leaf) for leaf in structure.flatten(elems)]
    return [structure.pack_sequence_as(elems, row) for row in zip(*columns)]


def _joined(results: Sequence[Any]) -> Any:
    rows = [structure.flatten(result) for result in results]
    return structure.pack_sequence_as(results[0], [stack(column) for column in zip(*rows)])


def map_fn(fn: Callable[[Any], Any], elems: Any, *unused: Any, **options: Any) -> Any:
    """The results of a function of each slice along the first axis, stacked."""
    return _joined([fn(item) for item in _items(elems)])


def vectorized_map(fn: Callable[[Any], Any], elems: Any, *unused: Any, **options: Any) -> Any:
    """The results of a function of each slice along the first axis, stacked."""
    return map_fn(fn, elems)


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, **options: Any
) -> Any:
    """fn(...fn(fn(initializer, x[0]), x[1])..., x[-1]); without an initializer, it is x[0]."""
    return _folded(fn, _items(elems), initializer)[-1]


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, **options: Any
) -> Any:
    """``foldl`` from the last to the first slice."""
    return _folded(fn, _items(elems)[::-1], initializer)[-1]


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: Optional[str] = None,
) -> Any:
    """All the intermediate results of ``foldl``, or of ``foldr`` for ``reverse``, stacked."""
    results = _folded(fn, _items(elems)[:: -1 if reverse else 1], initializer)
    results = results if initializer is None else results[1:]
    return _joined(results[::-1] if reverse else results)


def _folded(fn: Callable[[Any, Any], Any], items: List[Any], initializer: Any) -> List[Any]:
    if initializer is None:
        initializer, items = items[0], items[1:]
    else:
        initializer = structure.map_structure(convert_to_tensor, initializer)
    results = [initializer]
    for item in items:
        results.append(fn(results[-1], item))
    return results


class TensorArray:
    """A list of tensors, written once at each place. Every change gives a new array."""

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool = False,
        clear_after_read: Optional[bool] = None,
        tensor_array_name: Optional[str] = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: Optional[str] = None,
    ) -> None:
        self.dtype = dtypes.as_dtype(dtype)
        self.element_shape = element_shape
        self._dynamic = dynamic_size
        self._items: List[Optional[Tensor]] = [None] * (0 if size is None else int(array_of(size)))

    def _with(self, items: Sequence[Optional[Tensor]]) -> TensorArray:
        other = TensorArray(self.dtype, 0, self._dynamic, element_shape=self.element_shape)
        other._items = list(items)
        return other

    def size(self, name: Optional[str] = None) -> Tensor:
        """The number of places."""
        return Tensor(np.int32(len(self._items)))

    def write(self, index: Any, value: Any, name: Optional[str] = None) -> TensorArray:
        """The array with a tensor at a place.

        Raises:
            OpError: if there is no such place and the array is not of dynamic size.
        """
        place, items = int(array_of(index)), list(self._items)
        if place < 0 or (place >= len(items) and not self._dynamic):
            raise OpError(f"TensorArray has no place {place}, only {len(items)} of them")
        items.extend([None] * (place + 1 - len(items)))
        items[place] = convert_to_tensor(value, dtype_hint=self.dtype)
        return self._with(items)

    def read(self, index: Any, name: Optional[str] = None) -> Tensor:
        """The tensor at a place.

        Raises:
            OpError: if none was written there.
        """
        place = int(array_of(index))
        item = self._items[place] if 0 <= place < len(self._items) else None
        if item is None:
            raise OpError(f"Nothing was written to place {place} of the TensorArray")
        return item

    def stack(self, name: Optional[str] = None) -> Tensor:
        """All tensors as one, along a new first axis; zeros where none was written."""
        return stack(self._filled())

    def concat(self, name: Optional[str] = None) -> Tensor:
        """All tensors one after the other, along the first axis."""
        return concat(self._filled(), 0)

    def gather(self, indices: Any, name: Optional[str] = None) -> Tensor:
        """The tensors at some places as one."""
        filled = self._filled()
        return stack([filled[int(place)] for place in array_of(indices)])

    def unstack(self, value: Any, name: Optional[str] = None) -> TensorArray:
        """The array with the slices of a tensor at its places."""
        return self._with(unstack(convert_to_tensor(value, dtype_hint=self.dtype)))

    def scatter(self, indices: Any, value: Any, name: Optional[str] = None) -> TensorArray:
        """The array with the slices of a tensor at some places."""
        result = self
        for place, item in zip(array_of(indices), unstack(value)):
            result = result.write(place, item)
        return result

    def identity(self) -> TensorArray:
        """The same tensors in another array."""
        return self._with(self._items)

    def _filled(self) -> List[Tensor]:
        shape = next((item.shape for item in self._items if item is not None), ())
        zeros = Tensor(np.zeros(shape, self.dtype.numpy))
        return [zeros if item is None else item for item in self._items]
