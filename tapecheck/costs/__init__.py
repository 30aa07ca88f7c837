"""What tapes cost: time measured side by side, calls counted, growth, and what is left behind."""

from tapecheck.costs.clock import LIMIT, Costs, Growth
from tapecheck.costs.counting import Counted
from tapecheck.costs.leftovers import leftovers, resident
from tapecheck.costs.programs import large_steps, ones_and_identity, small_steps

__all__ = [
    "LIMIT",
    "Costs",
    "Counted",
    "Growth",
    "large_steps",
    "leftovers",
    "ones_and_identity",
    "resident",
    "small_steps",
]
