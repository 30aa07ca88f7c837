"""What a clause measures beside its verdict: numbers and series, for its record and the report."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional

import numpy as np


class Measured:
    """What one case measured, each thing under a name of its own.

    A number that is not finite becomes None, since JSON has no word for it.
    """

    def __init__(self) -> None:
        self._values: Dict[str, Dict[str, Any]] = {}
        self._series: Dict[str, Dict[str, Any]] = {}

    def value(self, name: str, value: Any, unit: str = "") -> None:
        """Keep one number.

        Args:
            name: what it is, such as ``test accuracy``.
            value: anything that `float` takes.
            unit: such as ``s``; empty for a ratio or a count.

        Raises:
            ValueError: there is a value of that name.
        """
        _check_new(name, self._values)
        self._values[name] = {"value": _number(value), "unit": unit}

    def series(self, name: str, x: Any, y: Any, x_label: str, y_label: str) -> None:
        """Keep points that belong on one curve.

        Args:
            name: what the curve shows, such as ``training loss``.
            x: array-like of shape (n,), one abscissa for each point.
            y: array-like of shape (n,), one ordinate for each point.
            x_label: what `x` counts, with its unit.
            y_label: what `y` is, with its unit.

        Raises:
            ValueError: there is a series of that name, or `x` and `y` are not of one length.
        """
        _check_new(name, self._series)
        abscissas, ordinates = np.asarray(x), np.asarray(y)
        if abscissas.ndim != 1 or abscissas.shape != ordinates.shape:
            raise ValueError(
                "series {!r}: x has shape {}, y has shape {}, both must be (n,)".format(
                    name, abscissas.shape, ordinates.shape
                )
            )
        self._series[name] = {
            "x": _numbers(abscissas),
            "y": _numbers(ordinates),
            "x_label": x_label,
            "y_label": y_label,
        }

    def record(self) -> Dict[str, Any]:
        """All of it under ``values`` and ``series``, as far as there is any."""
        parts = {"values": dict(self._values), "series": dict(self._series)}
        return {name: part for name, part in parts.items() if part}


def _check_new(name: str, known: Dict[str, Any]) -> None:
    if name in known:
        raise ValueError("{!r} is measured twice".format(name))


def _number(value: Any) -> Optional[float]:
    number = float(value)
    return number if math.isfinite(number) else None


def _numbers(values: Any) -> List[Optional[float]]:
    return [_number(value) for value in values]
