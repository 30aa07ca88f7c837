"""Reading TOML, with the line in every complaint."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Dict, Optional

from tapecheck.errors import DataError
from tapecheck.textfile import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path) -> Dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        DataError: the file is missing, is not UTF-8 or is not TOML.
    """
    return parse_toml(path, read_text(path))


def parse_toml(path: Path, text: str) -> Dict[str, Any]:
    """The tables of a text; `path` is where it is from, for complaints.

    Raises:
        DataError: it is not TOML.
    """
    try:
        return dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DataError(path, _line_of(str(error)), "not TOML: {}".format(error)) from error


def line_of_entry(path: Path, header: str, index: int) -> Optional[int]:
    """The line of a table ``[[...]]`` of which there are several, counted from 0."""
    return line_in(path.read_text(encoding="utf-8"), header, index)


def line_in(text: str, header: str, index: int) -> Optional[int]:
    """The same, in a text."""
    lines = enumerate(text.split("\n"), 1)
    found = [number for number, line in lines if line.strip().startswith(header)]
    return found[index] if index < len(found) else None


def _line_of(message: str) -> Optional[int]:
    match = re.search(r"at line (\d+)", message)
    return int(match.group(1)) if match else None
