"""Differential runs: the same random programs on several implementations, each in its own process.

`server` is that process, `client` talks to it, and `hunt` draws programs, compares the answers with
those of the oracle, and makes small what differs.
"""

from tapecheck.hunting.hunt import Finding, Hunt

__all__ = ["Finding", "Hunt"]
