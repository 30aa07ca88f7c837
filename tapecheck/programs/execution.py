"""Runs programs on a namespace that is spelled as TensorFlow spells it."""

from __future__ import annotations

import functools
from types import CodeType
from typing import Any, List, Sequence, Tuple

import numpy as np

from tapecheck.programs.program import Program
from tapecheck.programs.spelling import function


def execute(program: Program, tf: Any, sources: Sequence[Any]) -> Tuple[Any, ...]:
    """The targets of a program, computed from tensors or variables."""
    names = {"tf": tf, "functools": functools}
    exec(_compiled(program), names)
    targets: Tuple[Any, ...] = names["compute"](*sources)
    return targets


def sources_of(program: Program, tf: Any, dtype: str = "float64") -> List[Any]:
    """The sources as tensors and variables of a namespace."""
    kind = getattr(tf, dtype)
    return [
        tf.Variable(source.array, dtype=kind)
        if source.is_variable
        else tf.constant(source.array, dtype=kind)
        for source in program.sources
    ]


def array(answer: Any) -> Any:
    """A tensor as a NumPy array of float64."""
    return np.asarray(answer, dtype=np.float64)


@functools.lru_cache(maxsize=256)
def _compiled(program: Program) -> CodeType:
    return compile(function(program, "tensorflow"), "<program>", "exec")
