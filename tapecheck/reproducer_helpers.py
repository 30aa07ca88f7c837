"""The assertions of the standard as plain functions, for scripts that stand on their own.

What a script uses is copied into it as it stands here. It decides as `tapecheck.checks` does, and
tells what came in the same words, so that a failure can be recognised.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

import contextlib

import numpy as np


def assert_close(actual, expected, magnitude=0.0, dtype=None):
    """Same shape, and values to 16 roundings in the dtype of `actual`."""
    expected = np.asarray(expected)
    assert actual is not None, told(expected, None)
    try:
        value = np.asarray(actual)
    except Exception as error:
        text = "expected {}, got a {} that NumPy cannot read"
        raise AssertionError(text.format(describe(expected), type(actual).__name__)) from error
    assert value.dtype.kind in "biufcV", told(expected, actual)
    text = "expected dtype {}, got dtype {}, {}".format(dtype, value.dtype.name, describe(value))
    assert dtype is None or value.dtype.name == dtype, text
    assert value.shape == expected.shape, told(expected, value)
    wide = np.complex128 if "c" in (value.dtype.kind, expected.dtype.kind) else np.float64
    bound = 16 * epsilon(value.dtype)
    a, b = value.astype(wide), expected.astype(wide)
    finite = np.isfinite(b)
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= bound * np.maximum(np.abs(b), magnitude)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    assert np.all(np.where(finite, near & np.isfinite(a), same)), told(expected, value)


def epsilon(dtype):
    """The spacing of numbers of `dtype` at 1.0."""
    if dtype.name == "bfloat16":
        return 2.0**-7
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def assert_none(actual):
    """The answer is None."""
    assert actual is None, told(None, actual)


def assert_equal(actual, expected):
    """Two Python values of one type are equal."""
    assert type(actual) is type(expected), told(expected, actual)
    assert actual == expected, told(expected, actual)


def assert_same(actual, expected):
    """Both are one and the same object."""
    text = "expected the same object, {}, got another, {}"
    assert actual is expected, text.format(describe(expected), describe(actual))


def assert_structure(actual, expected):
    """The same containers, whose leaves are close."""
    if expected is None:
        assert_none(actual)
    elif isinstance(expected, (list, tuple, dict)):
        text = "expected {}, got {}".format(
            describe_container(expected), describe_container(actual)
        )
        assert type(actual) is type(expected), text
        assert len(actual) == len(expected), text
        if isinstance(expected, dict):
            text = "expected keys {!r}, got keys {!r}".format(sorted(expected), sorted(actual))
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
        text = "{}: {}".format(type(caught).__name__, " ".join(str(caught).split()))
    else:
        raise AssertionError("expected {}, got nothing was raised".format(exception))
    for word in words:
        assert word.lower() in text.lower(), "expected {!r}, got {}".format(word, text)


class Broken(AssertionError):
    """A promise is broken: what was expected, what came instead, and how far off it is."""

    def __init__(self, expected, actual, difference=""):
        self.expected, self.actual, self.difference = expected, actual, difference
        super().__init__("expected {}, got {}".format(expected, actual))


class Measured:
    """Prints what is measured."""

    def value(self, name, value, unit=""):
        """Of a number its name and unit."""
        print("{}: {:g} {}".format(name, float(value), unit).rstrip())

    def series(self, name, x, y, x_label, y_label):
        """Of a curve where it begins and ends."""
        ends = "{} {:g} at {} {:g}, {:g} at {:g}"
        print("{}: ".format(name) + ends.format(y_label, y[0], x_label, x[0], y[-1], x[-1]))


def told(expected, actual):
    """What was expected and what came, on one line."""
    return "expected {}, got {}".format(describe(expected), describe(actual))


def describe(value):
    """A value on one line; arrays with dtype and shape."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, separator=", ", threshold=40, precision=9)
        return "{} ({}, shape {})".format(" ".join(text.split()), value.dtype.name, value.shape)
    return " ".join(repr(value).split())


def describe_container(value):
    """A container by its type and length."""
    length = " of {}".format(len(value)) if isinstance(value, (list, tuple, dict)) else ""
    return "a {}{}: {}".format(type(value).__name__, length, describe(value))
