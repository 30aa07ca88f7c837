"""A gradient tape on JAX, as a namespace that is spelled as TensorFlow spells it.

Arrays, derivatives and the compiler are JAX's, recording is tapecheck's. Importing it turns on
JAX's 64-bit types, for the whole process.
"""

from __future__ import annotations

from pathlib import Path

import jax

_tapes = Path(__file__).parents[1]
__path__ += [str(_tapes / "vjp"), str(_tapes / "numpy")]

jax.config.update("jax_enable_x64", True)

from .namespace import *  # noqa: E402, F403

__version__ = jax.__version__
__tapecheck__ = {
    "name": "jax",
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
        "forward",
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
