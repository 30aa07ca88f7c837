"""Backends that other packages bring along, as entry points of the group ``tapecheck.backends``.

The value of an entry point, ``package.module:attribute``, is a namespace, a `Backend`, a subclass
of it, or a function without arguments that returns one of these.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, List, NamedTuple

if sys.version_info >= (3, 8):
    import importlib.metadata as metadata  # novermin
else:
    import importlib_metadata as metadata

GROUP = "tapecheck.backends"


class Offer(NamedTuple):
    """A backend that an installed distribution offers, not imported yet.

    Attributes:
        value: where it is, ``package.module`` or ``package.module:attribute``.
        distribution: the name of the distribution.
        version: the version of the distribution.
    """

    name: str
    value: str
    distribution: str
    version: str

    @property
    def origin(self) -> str:
        """Such as ``my-tapes 1.2``."""
        return "{} {}".format(self.distribution, self.version).strip()


def offers() -> Dict[str, List[Offer]]:
    """What the installed distributions offer, by name; several where a name is offered twice."""
    found: Dict[str, List[Offer]] = {}
    for distribution in metadata.distributions():
        for point in _entry_points(distribution):
            title = str(distribution.metadata["Name"])
            offer = Offer(point.name, point.value, title, distribution.version or "")
            same = found.setdefault(point.name, [])
            # A distribution that lies on the path twice is one distribution.
            if (title, point.value) not in [(one.distribution, one.value) for one in same]:
                same.append(offer)
    return {name: sorted(found[name], key=lambda one: one.origin) for name in sorted(found)}


def _entry_points(distribution: Any) -> Iterable[Any]:
    """Those of the group; none where the metadata of a distribution cannot be read."""
    try:
        return [point for point in distribution.entry_points if point.group == GROUP]
    except Exception:
        return []
