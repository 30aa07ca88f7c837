"""The tape on MLX with a compiler, ``mx.compile``: the backend ``tapecheck.tapes.mlx.compiled``.

It stands apart because MLX compiles for a CPU by the C++ compiler of the machine: a second for each
of some six hundred programs of the standard, until they lie in its cache in the temporary folder.
"""

from __future__ import annotations

from typing import Any, Dict

from . import *  # noqa: F403
from . import __tapecheck__ as _eager
from . import __version__  # noqa: F401
from .compiling import function  # noqa: F401

__tapecheck__: Dict[str, Any] = {
    **_eager,
    "lacks": {
        **{name: reason for name, reason in _eager["lacks"].items() if name != "xla"},
        "graph": "mx.compile compiles, and MLX has no functions like those of TensorFlow beside it",
    },
    "lacks_in": {"jit": ["control_flow"]},
}
