"""One run on several machines: every machine runs a shard, which is every N-th clause."""

from __future__ import annotations

import re
from typing import List, Optional, Sequence, Tuple

from tapecheck.errors import UsageError


def shard_of(text: Optional[str]) -> Tuple[int, int]:
    """The number of a shard, from 1 on, and how many there are; ``1/1`` where none is given.

    Raises:
        UsageError: it is not of the form ``2/3``, or there is no such shard.
    """
    match = re.match(r"(\d{1,4})/(\d{1,4})\Z", text or "1/1")
    number, count = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= count:
        raise UsageError("no shard {!r}, must be such as 2/3".format(text))
    return number, count


def members(names: Sequence[str], number: int, count: int) -> List[bool]:
    """Which of the names are of that shard; a name that occurs again is of the same one."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return [places[name] % count == number - 1 for name in names]
