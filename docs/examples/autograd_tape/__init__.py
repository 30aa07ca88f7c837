"""HIPS autograd, spelled as TensorFlow spells it: ``tapecheck run docs.examples.autograd_tape``."""

# ruff: noqa: F401, F403, I001
from importlib.metadata import version
from types import SimpleNamespace

from numpy import bool_ as bool
from numpy import complex64, complex128, float16, float32, float64
from numpy import int8, int16, int32, int64, uint8, uint16

from tapecheck.tapes.tape import UnconnectedGradients

from . import functions as math
from .engine import *
from .functions import *

errors = SimpleNamespace(InvalidArgumentError=ValueError)

__tapecheck__ = {
    "name": "autograd",
    "version": version("autograd"),
    "lacks": [
        "compute_gradient", "control_flow", "data", "decomposition", "device", "distribute",
        "dtype-bfloat16", "dtype-float8", "extension_type", "fft", "forward", "gpu", "graph",
        "image", "indexed_slices", "keras", "linalg", "lookup_table", "memory", "morphology",
        "nn", "no_gradient", "numpy_function", "optimizer", "py_function", "queue", "ragged",
        "random", "savedmodel", "signal", "sparse", "stateless_random", "tnp", "xla",
    ],
}  # fmt: skip
