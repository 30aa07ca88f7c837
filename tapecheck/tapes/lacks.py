"""What the namespaces of array libraries lack, each with its reason."""

from __future__ import annotations

from typing import Dict

_ONLY_TENSORFLOW = "a part of TensorFlow that array libraries do not have"
_NOT_BUILT = "the library may have it, this namespace does not"

PARTS_OF_TENSORFLOW: Dict[str, str] = dict.fromkeys(
    (
        "compute_gradient",
        "data",
        "distribute",
        "extension_type",
        "indexed_slices",
        "keras",
        "lookup_table",
        "no_gradient",
        "optimizer",
        "queue",
        "ragged",
        "savedmodel",
        "sparse",
        "tnp",
    ),
    _ONLY_TENSORFLOW,
)
"""By capability, the reason why no array library has it."""

NOT_BUILT: Dict[str, str] = dict.fromkeys(
    ("decomposition", "dtype-bfloat16", "dtype-float8", "image", "morphology", "signal"), _NOT_BUILT
)
"""By capability, what could be added to the namespaces."""
