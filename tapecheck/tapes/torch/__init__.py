"""A gradient tape on PyTorch, as a namespace that is spelled as TensorFlow spells it.

Arrays and derivatives are PyTorch's (``torch.func.vjp``), recording is tapecheck's: PyTorch's own
graph has no tapes that watch, pause and forget independently of each other.
"""

from __future__ import annotations

from pathlib import Path

import torch

_tapes = Path(__file__).parents[1]
__path__ += [str(_tapes / "vjp"), str(_tapes / "numpy")]

from .namespace import *  # noqa: E402, F403

__version__ = torch.__version__
__tapecheck__ = {
    "name": "torch",
    "version": __version__,
    "lacks": [
        "compute_gradient",
        "data",
        "decomposition",
        "distribute",
        "dtype-bfloat16",
        "dtype-float8",
        "dtype-string",
        "extension_type",
        "gpu",
        "graph",
        "image",
        "indexed_slices",
        "keras",
        "lookup_table",
        "morphology",
        "no_gradient",
        "optimizer",
        "queue",
        "ragged",
        "savedmodel",
        "signal",
        "sparse",
        "tnp",
        "xla",
    ],
}
