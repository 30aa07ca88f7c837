"""What work leaves behind in memory when it is over."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import Any, Callable, Iterator, Optional

_PAGES = "/proc/self/statm"


def leftovers(
    work: Callable[[], Any], times: int, first: int = 20, collecting: bool = True
) -> float:
    """How many blocks of Python's memory each repetition of some work leaves behind, on average.

    Every object takes one block or more; tensors that an implementation holds by itself have at
    least one for their handle. What the first repetitions leave, caches and such, does not count.

    Args:
        work: must not keep anything by itself.
        times: how often it is repeated and counted.
        first: how often it is repeated before that.
        collecting: whether the garbage collector has its turn before blocks are counted; else it
            is switched off, and what only the collector could release counts as left behind.
    """
    with without_garbage_collector():
        for _ in range(first):
            work()
        before = _blocks(work, collecting)
        for _ in range(times):
            work()
        return (_blocks(work, collecting) - before) / times


def _blocks(work: Callable[[], Any], collecting: bool) -> int:
    """The blocks of memory in use.

    The collector empties Python's lists of blocks that are kept for use again: `work` fills them.
    """
    if collecting:
        gc.collect()
        work()
    return sys.getallocatedblocks()


@contextlib.contextmanager
def without_garbage_collector() -> Iterator[None]:
    """Within the block only counts of references release objects."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def resident() -> Optional[int]:
    """The bytes of main memory that this process takes up; None where nobody tells."""
    if not os.path.exists(_PAGES):
        return None
    with open(_PAGES, encoding="ascii") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
