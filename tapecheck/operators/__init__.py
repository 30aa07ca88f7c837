"""The table of differentiable operations, and what their derivatives must be."""

from tapecheck.operators.table import Row, load_table

__all__ = ["Row", "load_table"]
