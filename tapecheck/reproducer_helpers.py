"""The assertions of the standard as plain functions, for scripts that stand on their own.

What a script uses is copied into it as it stands here. It decides as `tapecheck.checks` does, and
says less.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

import contextlib

import numpy as np


def assert_close(actual, expected, magnitude=0.0, dtype=None):
    """Same shape, and values to 16 roundings in the dtype of `actual`."""
    assert actual is not None, "expected {}, got None".format(expected)
    actual, expected = np.asarray(actual), np.asarray(expected)
    text = "expected {} of shape {}, got {!r}".format(expected, expected.shape, actual)
    assert dtype is None or actual.dtype.name == dtype, "expected dtype {}: {}".format(dtype, text)
    assert actual.shape == expected.shape, text
    wide = np.complex128 if "c" in (actual.dtype.kind, expected.dtype.kind) else np.float64
    bound = 16 * epsilon(actual.dtype)
    actual, expected = actual.astype(wide), expected.astype(wide)
    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        near = np.abs(actual - expected) <= bound * np.maximum(np.abs(expected), magnitude)
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    assert np.all(np.where(finite, near & np.isfinite(actual), same)), text


def epsilon(dtype):
    """The spacing of numbers of `dtype` at 1.0."""
    if dtype.name == "bfloat16":
        return 2.0**-7
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def assert_none(actual):
    """The answer is None."""
    assert actual is None, "expected None, got {!r}".format(actual)


def assert_equal(actual, expected):
    """Two Python values of one type are equal."""
    text = "expected {!r}, got {!r}".format(expected, actual)
    assert type(actual) is type(expected), text
    assert actual == expected, text


def assert_same(actual, expected):
    """Both are one and the same object."""
    assert actual is expected, "expected the same object, got {!r}".format(actual)


def assert_structure(actual, expected):
    """The same containers, whose leaves are close."""
    if expected is None:
        assert_none(actual)
    elif isinstance(expected, (list, tuple, dict)):
        text = "expected {!r}, got {!r}".format(expected, actual)
        assert type(actual) is type(expected), text
        assert len(actual) == len(expected), text
        if isinstance(expected, dict):
            assert set(actual) == set(expected), text
        for key in expected if isinstance(expected, dict) else range(len(expected)):
            assert_structure(actual[key], expected[key])
    else:
        assert_close(actual, expected)


@contextlib.contextmanager
def raises(exception, *words):
    """The block raises `exception`, whose text holds all of `words`."""
    try:
        yield
    except exception as caught:
        text = str(caught)
    else:
        raise AssertionError("expected {}, nothing was raised".format(exception))
    for word in words:
        assert word.lower() in text.lower(), "expected {!r} in {!r}".format(word, text)
