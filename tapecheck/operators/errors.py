"""What asking of operators may end in, beside a promise kept or broken."""

from __future__ import annotations


class OracleFault(Exception):
    """The oracle does not know the derivative: the fault is the table's, not the tape's."""


class Refused(Exception):
    """The implementation does not compute the operation at all, differentiated or not."""
