"""Flattening and packing of nested structures."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple

import pytest

from tapecheck.tapes.structure import (
    assert_same_structure,
    flatten,
    is_nested,
    map_structure,
    pack_sequence_as,
)

Point = namedtuple("Point", ["x", "y"])

STRUCTURES = [
    (7, [7]),
    ([], []),
    ({}, []),
    ([1, (2, [3, ()]), {"b": 5, "a": 4}], [1, 2, 3, 4, 5]),
    (Point(1, {"k": [2, 3]}), [1, 2, 3]),
    (OrderedDict([("z", 2), ("y", 1)]), [1, 2]),
    (None, [None]),
    ("text", ["text"]),
]


@pytest.mark.parametrize(("structure", "leaves"), STRUCTURES)
def test_leaves_come_from_left_to_right_and_mappings_by_sorted_key(structure, leaves):
    assert flatten(structure) == leaves


@pytest.mark.parametrize(("structure", "leaves"), STRUCTURES)
def test_packing_undoes_flattening(structure, leaves):
    packed = pack_sequence_as(structure, leaves)
    assert packed == structure
    assert type(packed) is type(structure)


def test_an_ordered_mapping_keeps_its_own_order():
    packed = pack_sequence_as(OrderedDict([("z", 0), ("y", 0)]), ["for y", "for z"])
    assert list(packed.items()) == [("z", "for z"), ("y", "for y")]


def test_a_defaultdict_keeps_its_default():
    packed = pack_sequence_as(defaultdict(list, a=0), [1])
    assert packed == {"a": 1}
    assert packed["new"] == []


@pytest.mark.parametrize("leaves", [[1], [1, 2, 3]])
def test_packing_a_wrong_number_of_leaves_is_refused(leaves):
    with pytest.raises(ValueError, match="2 leaves"):
        pack_sequence_as([0, (0,)], leaves)


def test_a_function_is_mapped_over_corresponding_leaves():
    mapped = map_structure(lambda x, y: x + y, {"a": 1, "b": [2]}, {"b": [20], "a": 10})
    assert mapped == {"a": 11, "b": [22]}


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ([1, 2], [1], ValueError),
        ([1, 2], (1, 2), TypeError),
        ([1], 1, ValueError),
        ({"a": 1}, {"b": 1}, ValueError),
        ([[1], 2], [1, [2]], ValueError),
    ],
)
def test_structures_that_differ_are_told_apart(first, second, error):
    with pytest.raises(error):
        assert_same_structure(first, second)


def test_sets_and_generators_are_leaves():
    assert not is_nested({1, 2})
    assert not is_nested(x for x in [1])
