"""What an implementation does to the process that runs it costs a verdict, never the run."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Any, Generator, Iterator

import pytest

from tapecheck.errors import Meddled, words

_MEANT_FOR_PYTEST = (pytest.exit.Exception, pytest.skip.Exception, pytest.xfail.Exception)


@contextlib.contextmanager
def contained(config: pytest.Config) -> Iterator[None]:
    """What an implementation raises concerns its case alone, whatever it means to pytest.

    An interrupt counts as raised in a worker alone, which one of the user would have ended.

    Raises:
        Meddled: instead of what pytest would take for its own.
    """
    meant = (*_MEANT_FOR_PYTEST, KeyboardInterrupt) if is_worker(config) else _MEANT_FOR_PYTEST
    try:
        yield
    except meant as error:
        raise Meddled("it raised {}: {}".format(type(error).__name__, words(error))) from error


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist, which another one replaces if it ends."""
    return hasattr(config, "workerinput")


class Containment:
    """A plugin of a worker: where nothing more can be done in this process, it ends.

    The case that runs is then an error, and another worker goes on.
    """

    def __init__(self) -> None:
        self._in_case = False
        # pytest captures file descriptor 2 while a test runs: keep the one that people see.
        self._stderr = os.dup(2)
        # Ctrl-C ends a worker at once; it is the controller that says what it means.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, None]:
        self._in_case = True
        outcome = yield
        self._in_case = outcome.excinfo is not None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_pyfunc_call(self) -> Generator[None, None, None]:
        yield
        if any(getattr(stream, "closed", False) for stream in (sys.stdout, sys.stderr)):
            # What cases print can be captured no longer, and without that pytest runs no test.
            os._exit(1)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        if self._in_case:
            os.write(self._stderr, str(excrepr).encode("utf-8", "backslashreplace"))
            os._exit(1)
