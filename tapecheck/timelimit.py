"""A time limit that holds whatever the code does: the process ends.

Neither a signal handler nor a thread of Python runs while an implementation hangs in compiled code
that keeps the interpreter's lock; the watchdog of ``faulthandler`` does. What it ends is a worker
of pytest-xdist, which another one replaces.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
from typing import Iterator, Optional


class TimeLimit:
    """Ends this process, with the stack of each thread on stderr, when a block takes too long.

    Args:
        seconds: how long a block may take; None for no limit.
    """

    def __init__(self, seconds: Optional[float]) -> None:
        self._seconds = seconds
        # pytest captures file descriptor 2 while a test runs: keep the one that people see.
        self._stderr = os.dup(2) if seconds else -1

    @contextlib.contextmanager
    def __call__(self, times: float = 1.0) -> Iterator[None]:
        """The block may take `times` the limit."""
        if not self._seconds:
            yield
            return
        faulthandler.dump_traceback_later(self._seconds * times, exit=True, file=self._stderr)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
