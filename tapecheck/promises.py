"""What an implementation's own documentation promises, sentence by sentence.

The standard was written from the docstrings of one version. Of each of their sentences it keeps a
fingerprint, in ``spec/promises.toml``, so that a sentence that is new, changed or gone in another
version is noticed when that version is tested.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from tapecheck.errors import DataError
from tapecheck.standard import root
from tapecheck.toml import read_toml

_CODE = re.compile(r"^```.*?^```|^(?:>>>|\.\.\. ).*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?:])\s+(?=[A-Z`\"'*])")
_LENGTH = 12


class Promises(NamedTuple):
    """The fingerprints that the standard was written from.

    Attributes:
        version: the version of the implementation that they were taken from.
        symbols: for each documented name, the fingerprints of its sentences in their order.
    """

    version: str
    symbols: Dict[str, List[str]]


class Change(NamedTuple):
    """How the documentation of one symbol differs from what the standard was written from.

    Attributes:
        new: sentences that are not among those, in the words of the implementation at hand.
        gone: the places, counted from 1, of sentences that are no longer there.
        missing: whether the symbol itself is not there, or has no docstring.
    """

    symbol: str
    new: List[str]
    gone: List[int]
    missing: bool = False


def sentences(docstring: str) -> List[str]:
    """The sentences of a docstring, white space evened out; a block of code is one sentence."""
    found: List[str] = []
    position = 0
    text = inspect.cleandoc(docstring)
    for code in _CODE.finditer(text):
        found += _prose(text[position : code.start()])
        found.append(_even(code.group()))
        position = code.end()
    return found + _prose(text[position:])


def fingerprint(sentence: str) -> str:
    """Twelve hexadecimal digits that stand for a sentence."""
    return hashlib.sha256(sentence.encode("utf-8")).hexdigest()[:_LENGTH]


def promises_file() -> Path:
    return root() / "spec" / "promises.toml"


def load(path: Optional[Path] = None) -> Promises:
    """The fingerprints of the standard.

    Raises:
        DataError: the file is not of the form that `written` gives.
    """
    path = path or promises_file()
    tables = read_toml(path)
    version, symbols = tables.get("version"), tables.get("symbols")
    if not isinstance(version, str) or not isinstance(symbols, dict):
        raise DataError(path, None, "needs a 'version' and a table 'symbols'")
    for name, marks in symbols.items():
        if not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
            raise DataError(path, None, "{!r} is not a list of fingerprints".format(name))
    return Promises(version, symbols)


def read(namespace: Any, names: List[str], version: str) -> Promises:
    """The fingerprints of the docstrings of an implementation, as far as it has these names."""
    found = {}
    for name in names:
        docstring = _docstring(namespace, name)
        if docstring is not None:
            found[name] = [fingerprint(sentence) for sentence in sentences(docstring)]
    return Promises(version, found)


def written(promises: Promises) -> str:
    """The text of ``promises.toml``."""
    lines = [
        "# Fingerprints of the sentences of the docstrings that the standard was written from.",
        "# Written by `tapecheck promises --record`, after the standard was held against them.",
        "",
        'version = "{}"'.format(promises.version),
        "",
        "[symbols]",
    ]
    for name, marks in promises.symbols.items():
        lines.append('"{}" = ['.format(name))
        lines += ['  "{}",'.format(mark) for mark in marks]
        lines.append("]")
    return "\n".join(lines) + "\n"


def compare(known: Promises, namespace: Any) -> List[Change]:
    """What is new or gone in the docstrings of `namespace`; symbols without change are left out."""
    changes = []
    for name, marks in known.symbols.items():
        docstring = _docstring(namespace, name)
        if docstring is None:
            changes.append(Change(name, [], [], missing=True))
            continue
        present = {fingerprint(sentence): sentence for sentence in sentences(docstring)}
        new = [sentence for mark, sentence in present.items() if mark not in marks]
        gone = [place for place, mark in enumerate(marks, 1) if mark not in present]
        if new or gone:
            changes.append(Change(name, new, gone))
    return changes


def _docstring(namespace: Any, name: str) -> Optional[str]:
    value = namespace
    for part in name.split("."):
        value = getattr(value, part, None)
    return inspect.getdoc(value) if value is not None else None


def _prose(text: str) -> List[str]:
    paragraphs = re.split(r"\n\s*\n", text)
    pieces = [piece for one in paragraphs for piece in _SENTENCE_ENDS.split(_even(one))]
    return [piece for piece in pieces if piece]


def _even(text: str) -> str:
    return " ".join(text.split())
