"""A gradient tape on MLX, as a namespace that is spelled as TensorFlow spells it.

Arrays and derivatives are MLX's, recording is tapecheck's. Importing it makes the CPU the device
that MLX uses by default, for the whole process: no other has numbers of 64 bits.
"""

from __future__ import annotations

from pathlib import Path

import mlx.core as _mlx

from tapecheck.tapes.lacks import NOT_BUILT, PARTS_OF_TENSORFLOW

_tapes = Path(__file__).parents[1]
__path__ += [str(_tapes / "vjp"), str(_tapes / "numpy")]

_mlx.set_default_device(_mlx.cpu)

from .namespace import *  # noqa: E402, F403

_COMPILER = "mx.compile calls a C++ compiler for each program on a CPU: a second for every clause"

__version__ = _mlx.__version__
__tapecheck__ = {
    "name": "mlx",
    "version": __version__,
    "lacks": {
        **PARTS_OF_TENSORFLOW,
        **NOT_BUILT,
        "dtype-complex128": "MLX has complex64 only",
        "dtype-string": "MLX has no arrays of strings",
        "graph": _COMPILER,
        "linalg": "MLX has no derivatives of inverse, solve, cholesky and eigh",
        "xla": _COMPILER,
    },
}
