"""Tapes that share what is each tape's own, as tapes on one graph of a library do."""

from tapecheck.tapes import recorder, structure
from tests.zoo import Tape


def _others(tape):
    """The other tapes that are active."""
    return [one for one in recorder._active.recorders if isinstance(one, Tape) and one is not tape]


class WatchesWithThePast(Tape):
    """A result that is watched stays connected to what another tape recorded it from."""

    def watch(self, tensor):
        super().watch(tensor)
        keys = {self.library.key(one) for one in structure.flatten(tensor)}
        for other in _others(self):
            if any(not keys.isdisjoint(entry.outputs) for entry in other._records):
                self._records = other._records + self._records
                self._tracked |= other._tracked


class SeesOtherTapes(Tape):
    """Watches what other tapes watch, and knows what they recorded before."""

    def _resume(self):
        super()._resume()
        for other in _others(self):
            self._records = other._records + self._records
            self._tracked = other._tracked = self._tracked | other._tracked
