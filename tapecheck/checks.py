"""The assertions of the standard. Each says what was expected and what came instead.

They know nothing of clauses: the plugin puts the promise that is broken, where it is documented
and how to reproduce it around what they say.
"""

from __future__ import annotations

import reprlib
from contextlib import contextmanager
from typing import Any, Iterator, NoReturn, Optional, Tuple, Type, Union

import numpy as np

from tapecheck import tolerance

ExceptionTypes = Union[Type[BaseException], Tuple[Type[BaseException], ...]]


class Broken(AssertionError):
    """A promise is broken: what was expected, what came instead, and how far off it is."""

    def __init__(self, expected: str, actual: str, difference: str = "") -> None:
        self.expected = expected
        self.actual = actual
        self.difference = difference
        lines = ["expected: " + expected, "actual:   " + actual]
        if difference:
            lines.append("difference: " + difference)
        super().__init__("\n".join(lines))


def assert_close(
    actual: Any, expected: Any, magnitude: float = 0.0, dtype: Optional[str] = None
) -> None:
    """The tensor `actual` has the shape of `expected` and its values, to a few roundings.

    Args:
        actual: a tensor of the implementation under test, anything that NumPy can read.
        expected: the exact value, array-like; its shape counts, its dtype does not.
        magnitude: size of the largest intermediate value, where cancellation leaves less.
        dtype: name of the dtype that `actual` must have, such as ``float32``; None for any.

    Raises:
        Broken: for None, another shape, another dtype, or values further off than
            `tapecheck.tolerance` allows. NaN is close to NaN, infinity to the same infinity.
    """
    wanted = np.asarray(expected)
    value = _array(actual, wanted)
    if dtype is not None and value.dtype.name != dtype:
        raise Broken("dtype " + dtype, "dtype {}, {}".format(value.dtype.name, _describe(value)))
    if value.shape != wanted.shape:
        raise Broken(_describe(wanted), _describe(value), "shapes differ")
    with np.errstate(all="ignore"):
        wide = np.complex128 if "c" in (value.dtype.kind, wanted.dtype.kind) else np.float64
        value_wide, wanted_wide = value.astype(wide), wanted.astype(wide)
        finite = np.isfinite(wanted_wide)
        same = np.where(
            finite,
            np.isfinite(value_wide),
            (value_wide == wanted_wide) | (np.isnan(value_wide) & np.isnan(wanted_wide)),
        )
        distance = np.where(same & finite, np.abs(value_wide - wanted_wide), 0.0)
        close = same & (
            distance <= tolerance.bound(np.where(finite, wanted_wide, 0.0), value.dtype, magnitude)
        )
    if close.all():
        return
    raise Broken(
        _describe(wanted), _describe(value), _difference(distance, same, wanted_wide, value.dtype)
    )


def assert_none(actual: Any) -> None:
    """The answer is None: there is no path from source to target."""
    if actual is not None:
        raise Broken("None", _describe(actual))


def assert_equal(actual: Any, expected: Any) -> None:
    """Two Python values are equal: numbers, words, names of dtypes, tuples, types."""
    if type(actual) is not type(expected) or actual != expected:
        raise Broken(_describe(expected), _describe(actual))


def assert_same(actual: Any, expected: Any) -> None:
    """Both are one and the same object."""
    if actual is not expected:
        raise Broken("the same object, " + _describe(expected), "another, " + _describe(actual))


def assert_structure(actual: Any, expected: Any) -> None:
    """Containers of the same types, lengths and keys, whose leaves are close.

    Args:
        actual: lists, tuples (named ones too) and dicts of tensors and None.
        expected: the same of numbers, arrays and None. A leaf that is an array is written as
            an array, since a list stands for a list.
    """
    if expected is None:
        assert_none(actual)
    elif isinstance(expected, (list, tuple, dict)):
        if type(actual) is not type(expected) or len(actual) != len(expected):
            raise Broken(_describe_container(expected), _describe_container(actual))
        keys = list(expected) if isinstance(expected, dict) else range(len(expected))
        if isinstance(expected, dict) and set(actual) != set(expected):
            raise Broken("keys {!r}".format(sorted(expected)), "keys {!r}".format(sorted(actual)))
        for key in keys:
            try:
                assert_structure(actual[key], expected[key])
            except Broken as broken:
                place = "at [{!r}] {}".format(key, broken.expected)
                raise Broken(place, broken.actual, broken.difference) from None
    else:
        assert_close(actual, expected)


@contextmanager
def raises(exception: ExceptionTypes, *words: str) -> Iterator[None]:
    """The block raises `exception`, whose text holds all of `words`, in upper or lower case.

    Raises:
        Broken: where nothing is raised, another exception, or one without those words.
    """
    types = exception if isinstance(exception, tuple) else (exception,)
    wanted = " or ".join(one.__name__ for one in types)
    if words:
        wanted += " that speaks of " + ", ".join(repr(word) for word in words)
    try:
        yield
    except types as caught:
        missing = [word for word in words if word.lower() not in str(caught).lower()]
        if missing:
            raise Broken(wanted, _describe_exception(caught)) from caught
    except Broken:
        raise
    except Exception as other:
        raise Broken(wanted, _describe_exception(other)) from other
    else:
        _nothing_raised(wanted)


def _nothing_raised(wanted: str) -> NoReturn:
    raise Broken(wanted, "nothing was raised")


def _array(actual: Any, wanted: np.ndarray) -> np.ndarray:
    """What NumPy reads in a tensor; a failure to read it is a broken promise."""
    if actual is None:
        raise Broken(_describe(wanted), "None")
    try:
        value = np.asarray(actual)
        if value.dtype.kind == "O" and hasattr(actual, "numpy"):
            # A variable that NumPy does not see through is asked itself.
            value = np.asarray(actual.numpy())
    except Exception as unreadable:
        raise Broken(
            _describe(wanted), "a {} that NumPy cannot read".format(type(actual).__name__)
        ) from unreadable
    if value.dtype.kind not in "biufcV":
        raise Broken(_describe(wanted), _describe(actual))
    return value


def _difference(distance: Any, same: Any, wanted: Any, dtype: Any) -> str:
    wrong_kind = int(np.size(same) - np.count_nonzero(same))
    if wrong_kind:
        return "{} of {} elements are not of the expected finite, infinite or NaN kind".format(
            wrong_kind, np.size(same)
        )
    return "{:.6g}, {:.4g} ULP ({} allowed)".format(
        float(np.max(distance)),
        tolerance.ulps(distance, np.where(np.isfinite(wanted), wanted, 0.0), dtype),
        int(tolerance.ULPS),
    )


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 300


def _describe(value: Any) -> str:
    """A value on one line; arrays with dtype and shape."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, separator=", ", threshold=40, precision=9)
        return "{} ({}, shape {})".format(" ".join(text.split()), value.dtype.name, value.shape)
    return " ".join(_SHORT.repr(value).split())


def _describe_container(value: Any) -> str:
    length = " of {}".format(len(value)) if isinstance(value, (list, tuple, dict)) else ""
    return "a {}{}: {}".format(type(value).__name__, length, _describe(value))


def _describe_exception(exception: BaseException) -> str:
    text = " ".join(str(exception).split())
    return "{}: {}".format(type(exception).__name__, text[:300])
