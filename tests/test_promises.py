"""The docstrings that the standard was written from, kept as fingerprints."""

import types

import pytest

from tapecheck.errors import DataError
from tapecheck.promises import (
    Change,
    Promises,
    compare,
    fingerprint,
    load,
    read,
    sentences,
    written,
)

DOCSTRING = """Records operations. Watches
    what it is told to.

    For example:

    >>> x = 1. + 2.
    >>> print(x)
    3.0

    Raises:
      ValueError: If `x` is odd.
    """


def namespace(docstring):
    def watch():
        pass

    watch.__doc__ = docstring
    return types.SimpleNamespace(Tape=types.SimpleNamespace(watch=watch))


@pytest.fixture
def known():
    return read(namespace(DOCSTRING), ["Tape.watch", "Tape.absent"], "1.0")


def test_a_docstring_is_split_into_sentences_and_examples():
    assert sentences(DOCSTRING) == [
        "Records operations.",
        "Watches what it is told to.",
        "For example:",
        ">>> x = 1. + 2. >>> print(x) 3.0",
        "Raises:",
        "ValueError:",
        "If `x` is odd.",
    ]


def test_a_fenced_example_is_one_sentence():
    assert sentences("See:\n\n```\na. B.\n\nc\n```\nDone.") == ["See:", "``` a. B. c ```", "Done."]


def test_the_same_documentation_in_other_lines_is_no_change(known):
    assert (
        compare(known, namespace(DOCSTRING.replace("Watches\n    what", "Watches what")))[1:] == []
    )
    assert [change.symbol for change in compare(known, namespace(DOCSTRING))] == []


def test_a_sentence_that_changed_is_new_and_gone(known):
    changes = compare(known, namespace(DOCSTRING.replace("is odd", "is even")))
    assert changes == [Change("Tape.watch", ["If `x` is even."], [7])]


def test_a_symbol_without_documentation_is_missing(known):
    assert compare(known, namespace(None)) == [Change("Tape.watch", [], [], missing=True)]
    assert compare(known, types.SimpleNamespace()) == [Change("Tape.watch", [], [], missing=True)]


def test_what_is_written_is_read_back(known, tmp_path):
    path = tmp_path / "promises.toml"
    path.write_text(written(known))
    assert load(path) == known
    assert known.symbols == {"Tape.watch": [fingerprint(one) for one in sentences(DOCSTRING)]}


@pytest.mark.parametrize(
    "text", ["symbols = 3", 'version = "1"', 'version = "1"\n[symbols]\na = 3', "version ="]
)
def test_a_broken_file_is_refused(text, tmp_path):
    path = tmp_path / "promises.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"promises\.toml"):
        load(path)


def test_the_standard_keeps_fingerprints_and_no_text():
    kept = load()
    assert isinstance(kept, Promises)
    assert "GradientTape.gradient" in kept.symbols
    marks = [mark for marks in kept.symbols.values() for mark in marks]
    assert len(marks) > 300
    assert {len(mark) for mark in marks} == {12}
