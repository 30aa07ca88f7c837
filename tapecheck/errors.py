"""The errors that a user sees as one line, each with the exit code it leads to."""

from __future__ import annotations

import os
from typing import Optional, Union

CONFORMS = 0
DEVIATES = 1
WRONG_USAGE = 2
COULD_NOT_RUN = 3


class TapecheckError(Exception):
    """Anything that ends a command with one clear line instead of a traceback."""

    exit_code = COULD_NOT_RUN


class UsageError(TapecheckError):
    """The command line asks for something that does not exist."""

    exit_code = WRONG_USAGE


class BackendMissing(TapecheckError):
    """The implementation under test is not installed, or its import fails."""

    exit_code = COULD_NOT_RUN


class NotApplicable(Exception):
    """A clause needs something of its surroundings, such as data, that is not there.

    Raised by a fixture, before the clause runs; its text says what is missing and how to get it.
    """


class Crashed(Exception):
    """The process that ran a case ended before the case did."""


class Meddled(Exception):
    """An implementation raised what is meant for the test runner alone."""


def add_note(error: BaseException, text: str) -> None:
    """Let an exception carry a text beside its own, as ``add_note`` of younger Pythons does."""
    notes = getattr(error, "__notes__", None)
    error.__notes__ = [*(notes if isinstance(notes, list) else []), text]  # type: ignore[attr-defined]


def words(error: BaseException) -> str:
    """The text of an exception on one line, even of one that refuses to give it."""
    try:
        return " ".join(str(error).split())
    except Exception as refused:
        return "(no text: its __str__ raises {})".format(type(refused).__name__)


class DataError(TapecheckError, ValueError):
    """A data file (sources, deviations, results) is broken; names the file and the line."""

    exit_code = WRONG_USAGE

    def __init__(
        self, path: Union[str, os.PathLike[str]], line: Optional[int], message: str
    ) -> None:
        self.path = os.fspath(path)
        self.line = line
        place = self.path if line is None else "{}:{}".format(self.path, line)
        super().__init__("{}: {}".format(place, message))
