"""A gradient tape on PyTorch, as a namespace that is spelled as TensorFlow spells it.

Arrays and derivatives are PyTorch's (``torch.func.vjp``), recording is tapecheck's: PyTorch's own
graph has no tapes that watch, pause and forget independently of each other.
"""

from __future__ import annotations

from pathlib import Path

import torch

from tapecheck.tapes.lacks import NOT_BUILT, PARTS_OF_TENSORFLOW

_tapes = Path(__file__).parents[1]
__path__ += [str(_tapes / "vjp"), str(_tapes / "numpy")]

from .namespace import *  # noqa: E402, F403

_COMPILER = "torch.compile takes half a minute a program, and leaves its graph at the recorder"

__version__ = torch.__version__
__tapecheck__ = {
    "name": "torch",
    "version": __version__,
    "lacks": {
        **PARTS_OF_TENSORFLOW,
        **NOT_BUILT,
        "dtype-string": "PyTorch has no tensors of strings",
        "graph": _COMPILER,
        "xla": _COMPILER,
    },
}
