"""Paths: from which sources a target is computed, in the sense of a tape."""

from __future__ import annotations

import enum
from typing import Dict, List, Sequence, Set

from tapecheck.programs.program import Operation, Program


class Path(enum.Enum):
    """Whether a path leads from a source to a target.

    PERHAPS is where a tape may give None or zeros: the path leads through a branch that was not
    taken, an argument that a function ignores, or a derivative that is constant.
    """

    NONE = 0
    PERHAPS = 1
    CERTAIN = 2


def paths(program: Program, chosen: Sequence[int]) -> List[Path]:
    """Of each source, whether a path leads to some of the targets, chosen by position."""
    targets = [program.targets[number] for number in chosen]
    count = len(program.sources)
    known: List[Dict[int, Path]] = [{number: Path.CERTAIN} for number in range(count)]
    for operation in program.operations:
        known.append(_reached(operation, known))
    found = [
        [known[target].get(number, Path.NONE) for target in targets] for number in range(count)
    ]
    return [max(each, key=lambda path: path.value) for each in found]


def _reached(operation: Operation, known: Sequence[Dict[int, Path]]) -> Dict[int, Path]:
    """From which sources a path leads to the result of an operation."""
    found: Dict[int, Path] = {}
    for position, path in _uses(operation).items():
        for source, before in known[operation.operands[position]].items():
            through = min(path, before, key=lambda one: one.value)
            found[source] = max(found.get(source, Path.NONE), through, key=lambda one: one.value)
    return found


def _uses(operation: Operation) -> Dict[int, Path]:
    """Whether a path leads from each operand, by its position, to the result."""
    positions = range(len(operation.operands))
    if operation.name == "stop_gradient":
        return {}
    if not operation.bodies:
        return dict.fromkeys(positions, Path.CERTAIN)
    used: List[Set[int]] = [certain_inputs(body, len(positions)) for body in operation.bodies]
    always = set.intersection(*used)
    certain = set() if operation.name == "gradient" else always
    return {one: Path.CERTAIN if one in certain else Path.PERHAPS for one in positions}


def certain_inputs(body: Sequence[Operation], inputs: int) -> Set[int]:
    """The inputs, below a number, from which a certain path leads to the result of a body."""
    known: List[Dict[int, Path]] = [{number: Path.CERTAIN} for number in range(inputs)]
    for operation in body:
        known.append(_reached(operation, known))
    return {one for one, path in known[-1].items() if path is Path.CERTAIN}
