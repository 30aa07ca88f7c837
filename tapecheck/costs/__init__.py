"""What tapes cost: time measured side by side, calls counted, growth, and what is left behind."""

from tapecheck.costs.clock import Costs, Growth
from tapecheck.costs.counting import Counted
from tapecheck.costs.leftovers import leftovers, resident

__all__ = ["Costs", "Counted", "Growth", "leftovers", "resident"]
