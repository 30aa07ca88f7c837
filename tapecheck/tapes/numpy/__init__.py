"""A gradient tape on NumPy, as a namespace that is spelled as TensorFlow spells it.

``import tapecheck.tapes.numpy as tf`` runs programs written for TensorFlow in eager mode, as far as
they keep to what is here. What is not here raises AttributeError, and ``__tapecheck__`` says so.

The modules name each other relatively. So the namespace of another array library is a package whose
``__path__`` ends with this folder: a module that it has itself takes the place of the one here.
"""

from __future__ import annotations

from tapecheck.tapes.lacks import NOT_BUILT, PARTS_OF_TENSORFLOW

from .namespace import *  # noqa: F403

__version__ = "0.1.0"
__tapecheck__ = {
    "name": "numpy",
    "version": __version__,
    "lacks": {
        **PARTS_OF_TENSORFLOW,
        **NOT_BUILT,
        "dtype-bfloat16": "NumPy has no such dtype",
        "dtype-float8": "NumPy has no such dtype",
        "graph": "NumPy has no compiler",
        "xla": "NumPy has no compiler",
    },
}
