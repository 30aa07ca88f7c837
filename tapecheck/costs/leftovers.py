"""What work leaves behind in memory when it is over."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any, Callable, Optional

_PAGES = "/proc/self/statm"


def leftovers(work: Callable[[], Any], times: int, first: int = 20) -> float:
    """How many blocks of Python's memory each repetition of some work leaves behind, on average.

    Every object takes one block or more; tensors that an implementation holds by itself have at
    least one for their handle. What the first repetitions leave, caches and such, does not count.

    Args:
        work: must not keep anything by itself.
        times: how often it is repeated and counted.
        first: how often it is repeated before that.
    """
    for _ in range(first):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(times):
        work()
    gc.collect()
    return (sys.getallocatedblocks() - before) / times


def resident() -> Optional[int]:
    """The bytes of main memory that this process takes up; None where nobody tells."""
    if not os.path.exists(_PAGES):
        return None
    with open(_PAGES, encoding="ascii") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
