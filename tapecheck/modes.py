"""The modes in which a clause runs, and the capability that each of them needs."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

EAGER = "eager"
FUNCTION = "function"
JIT = "jit"

MODES: Tuple[str, ...] = (EAGER, FUNCTION, JIT)
"""eager runs op by op, function is traced and compiled, jit is the optimising compiler."""

MODE_NEEDS: Dict[str, Optional[str]] = {EAGER: None, FUNCTION: "graph", JIT: "xla"}
