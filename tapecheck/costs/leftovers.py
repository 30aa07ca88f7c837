"""What work leaves behind in memory when it is over."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from typing import Any, Callable, Iterator, Optional

_PAGES = "/proc/self/statm"
_PARTS = 4
_FEW = 20


def leftovers(
    work: Callable[[], Any],
    times: int,
    first: int = 50,
    collecting: bool = True,
    seconds: float = 12.0,
) -> float:
    """How many blocks of Python's memory each repetition of some work leaves behind, on average.

    Every object takes one block or more; tensors that an implementation holds by itself have at
    least one for their handle. It is counted four times in a row, and the least counts: what is
    left once, such as a cache, is left in one of them, what leaks in all.

    Args:
        work: must not keep anything by itself.
        times: how often it is repeated, in all four parts together.
        first: how often it is repeated before that.
        collecting: whether the garbage collector has its turn before blocks are counted; else it
            is switched off, and what only the collector could release counts as left behind.
        seconds: a part that takes more than its share of this time ends early, after `_FEW` times.
    """
    part, found = max(1, times // _PARTS), []
    with without_garbage_collector():
        for _ in range(first):
            work()
        for _ in range(_PARTS):
            before, done = _blocks(work, collecting), 0
            end = time.perf_counter() + seconds / _PARTS
            while done < part and (done < _FEW or time.perf_counter() < end):
                work()
                done += 1
            found.append((_blocks(work, collecting) - before) / done)
    return min(found)


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
