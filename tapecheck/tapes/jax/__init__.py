"""A gradient tape on JAX, as a namespace that is spelled as TensorFlow spells it.

Arrays, derivatives and the compiler are JAX's, recording is tapecheck's. Importing it turns on
JAX's 64-bit types, for the whole process.
"""

from __future__ import annotations

from pathlib import Path

import jax

from tapecheck.tapes.lacks import NOT_BUILT, PARTS_OF_TENSORFLOW

_tapes = Path(__file__).parents[1]
__path__ += [str(_tapes / "vjp"), str(_tapes / "numpy")]

jax.config.update("jax_enable_x64", True)

from .compiling import function  # noqa: E402, F401
from .namespace import *  # noqa: E402, F403

__version__ = jax.__version__
__tapecheck__ = {
    "name": "jax",
    "version": __version__,
    "lacks_in": {"jit": ["control_flow"]},
    "lacks": {
        **PARTS_OF_TENSORFLOW,
        **NOT_BUILT,
        "dtype-string": "JAX has no arrays of strings",
        "graph": "jax.jit compiles by XLA, and has no functions like those of TensorFlow beside it",
    },
}
