"""Nested structures of lists, tuples and dictionaries, flattened and packed again as ``tf.nest``
does.

A structure is a list, a tuple, a named tuple or a mapping of structures; everything else is a leaf,
strings, ``None`` and arrays included. Mappings are flattened in the order of their sorted keys and
packed in their own order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Callable, Iterator, List, Sequence


def is_nested(value: Any) -> bool:
    """Whether ``value`` is a structure rather than a leaf."""
    return isinstance(value, (list, tuple, Mapping))


def flatten(structure: Any) -> List[Any]:
    """The leaves of a structure, from left to right; a leaf by itself is a list of one."""
    return list(_leaves(structure))


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """The leaves ``flat_sequence`` in the shape of ``structure``.

    Raises:
        ValueError: if the number of leaves differs from that of the structure.
    """
    expected = len(flatten(structure))
    if len(flat_sequence) != expected:
        raise ValueError(
            f"The structure has {expected} leaves, but {len(flat_sequence)} are given."
        )
    return _packed(structure, iter(flat_sequence))


def assert_same_structure(first: Any, second: Any) -> None:
    """Compare the nesting of two structures.

    Raises:
        TypeError: if two sequences or mappings are of different types.
        ValueError: if they are nested differently.
    """
    if is_nested(first) != is_nested(second):
        raise ValueError(f"The structures are nested differently: {first!r} and {second!r}.")
    if not is_nested(first):
        return
    if type(first) is not type(second):
        raise TypeError(f"The structures are of types {type(first)} and {type(second)}.")
    if len(first) != len(second) or (isinstance(first, Mapping) and set(first) != set(second)):
        raise ValueError(f"The structures are nested differently: {first!r} and {second!r}.")
    for one, other in zip(_children(first), _children(second)):
        assert_same_structure(one, other)


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """``function`` of corresponding leaves, in the shape of the first of the structures."""
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    leaves = [function(*leaves) for leaves in zip(*map(flatten, structures))]
    return pack_sequence_as(structures[0], leaves)


def _children(structure: Any) -> List[Any]:
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    return list(structure)


def _leaves(structure: Any) -> Iterator[Any]:
    if is_nested(structure):
        for child in _children(structure):
            yield from _leaves(child)
    else:
        yield structure


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:
    if not is_nested(structure):
        return next(leaves)
    children = [_packed(child, leaves) for child in _children(structure)]
    if isinstance(structure, Mapping):
        by_key = dict(zip(sorted(structure), children))
        items = [(key, by_key[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return type(structure)(structure.default_factory, items)
        return type(structure)(items)  # type: ignore[call-arg]
    if hasattr(structure, "_fields"):
        return type(structure)(*children)
    return type(structure)(children)
