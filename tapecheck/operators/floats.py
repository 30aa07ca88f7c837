"""What the floating-point dtypes hold, by name; of complex ones their parts."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np


class Format(NamedTuple):
    """Significant bits, spacing at 1.0, smallest normal and greatest number."""

    bits: int
    epsilon: float
    tiny: float
    greatest: float

    def holds(self, point: Sequence[float]) -> bool:
        """Whether it holds every coordinate without rounding, and as a normal number."""
        for x in point:
            mantissa, _ = np.frexp(x)
            within = self.tiny <= abs(x) <= self.greatest
            if x != 0.0 and not (within and mantissa * 2.0**self.bits % 1.0 == 0.0):
                return False
        return True


def real(dtype: str) -> str:
    """The dtype of the parts of a complex one; any other is its own."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def dtype_of(output: np.ndarray, dtype: str) -> str:
    """The dtype of an output, real or complex, of an operation whose inputs have `dtype`."""
    if output.dtype.kind != "c":
        return real(dtype)
    return "complex64" if real(dtype) == "float32" else "complex128"


def format_of(dtype: str) -> Format:
    """The format of a dtype by its name."""
    if dtype == "bfloat16":
        return Format(8, 2.0**-7, 2.0**-126, 2.0**127 * (2 - 2.0**-7))
    information = np.finfo(real(dtype))
    return Format(
        int(information.nmant) + 1,
        float(information.eps),
        float(information.tiny),
        float(information.max),
    )
