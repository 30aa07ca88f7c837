"""A gradient tape on NumPy, as a namespace that is spelled as TensorFlow spells it.

``import tapecheck.tapes.numpy as tf`` runs programs written for TensorFlow in eager mode, as far as
they keep to what is here. What is not here raises AttributeError, and ``__tapecheck__`` says so.

The modules name each other relatively. So the namespace of another array library is a package whose
``__path__`` ends with this folder: a module that it has itself takes the place of the one here.
"""

from __future__ import annotations

from .namespace import *  # noqa: F403

__version__ = "0.1.0"
__tapecheck__ = {
    "name": "numpy",
    "version": __version__,
    "lacks": [
        "compute_gradient",
        "data",
        "decomposition",
        "distribute",
        "dtype-bfloat16",
        "dtype-float8",
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
