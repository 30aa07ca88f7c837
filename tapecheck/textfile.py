"""Reading text, with the line in every complaint."""

from __future__ import annotations

from pathlib import Path

from tapecheck.errors import DataError


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        DataError: the file cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(path, None, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(path, line, "not UTF-8 text") from error
