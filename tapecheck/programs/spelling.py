"""Prints programs in the words of each implementation, as functions and as scripts."""

from __future__ import annotations

import functools
from typing import Any, Dict, Iterable, List, Sequence

from tapecheck.modes import EAGER
from tapecheck.programs.numbers import direction
from tapecheck.programs.program import Operation, Program, Source
from tapecheck.programs.table import load_table
from tapecheck.programs.wording import WORDINGS, Wording

_INDENT = "    "


@functools.lru_cache(maxsize=1024)
def function(program: Program, implementation: str) -> str:
    """The program as the source of a function ``compute`` from its sources to its targets."""
    parameters = ["x{}".format(number) for number in range(len(program.sources))]
    lines = ["def compute({}):".format(", ".join(parameters))]
    names = _names(parameters, len(program.operations))
    lines += _statements(program.operations, names, implementation, "")
    lines.append("return {}".format(_tuple([names[number] for number in program.targets])))
    return "\n".join([lines[0], *(_INDENT + line for line in lines[1:])]) + "\n"


def script(program: Program, implementation: str, mode: str = EAGER) -> str:
    """The program as a script that needs the implementation alone, and prints derivatives."""
    wording = WORDINGS[implementation]
    computed = function(program, implementation)
    sources = [
        "x{} = {}".format(number, _source(source, wording))
        for number, source in enumerate(program.sources)
    ]
    names = ["x{}".format(number) for number in range(len(program.sources))]
    body = wording.questions[program.question].format(
        sources=", ".join(names),
        directions=", ".join(_directions(program, wording)),
        numbers=_tuple(list(map(str, range(len(names))))),
        sum=" + ".join(
            "{}(y[{}])".format(wording.total, number) for number in range(len(program.targets))
        ),
    )
    asking = ["def derivatives({}):".format(", ".join(names))]
    asking += [_INDENT + line if line else line for line in body.split("\n")]
    call = "print({})".format(wording.modes[mode].format(sources=", ".join(names)))
    text = "\n".join([*sources, computed, *asking, call])
    imports = [wording.first, *(line for word, line in wording.imports.items() if word in text)]
    parts = [*_sorted(imports), "", *sources, "", "", computed, "", *asking, "", "", call]
    return "\n".join(parts)


def _directions(program: Program, wording: Wording) -> Iterable[str]:
    for number, source in enumerate(program.sources):
        yield wording.constant.format(direction(source.shape, number).tolist())


def _sorted(lines: Iterable[str]) -> List[str]:
    """Standard library first, as long as it is functools alone."""
    return sorted(dict.fromkeys(lines), key=lambda line: line != "import functools")


def _names(inputs: Sequence[str], count: int) -> List[str]:
    return [*inputs, *("v{}".format(number) for number in range(count))]


def _statements(
    operations: Sequence[Operation], names: Sequence[str], implementation: str, place: str
) -> List[str]:
    """One assignment for each operation, after the functions that it is given."""
    inputs = len(names) - len(operations)
    lines: List[str] = []
    for number, operation in enumerate(operations):
        place_here = "{}{}".format(place, number)
        operands = [names[one] for one in operation.operands]
        given: Dict[str, Any] = {
            name: repr(value) for name, value in operation.attributes if name != "index"
        }
        given.update((name, value) for name, value in operation.attributes if name == "index")
        template = load_table()[operation.name].spellings[implementation]
        for position, body in enumerate(operation.bodies):
            name = "body{}{}".format(
                place_here, "ab"[position] if len(operation.bodies) > 1 else ""
            )
            lines += _body(name, body, len(operands), implementation, place_here)
            given["body{}".format(position)] = name
            if "{gradient0}" in template:
                given["gradient0"] = name.replace("body", "gradient")
                lines += _gradient(given["gradient0"], name, len(operands))
        given["all"] = ", ".join(operands)
        given["rest"] = "".join(", " + one for one in operands[1:])
        spelled = template.format(*operands, **given)
        lines.append("{} = {}".format(names[inputs + number], spelled))
    return lines


def _body(
    name: str, body: Sequence[Operation], inputs: int, implementation: str, place: str
) -> List[str]:
    parameters = list("abcdefgh"[:inputs])
    names = [*parameters, *("{}{}".format("t", number) for number in range(len(body)))]
    statements = _statements(body, names, implementation, place)
    return [
        "def {}({}):".format(name, ", ".join(parameters)),
        *(_INDENT + line for line in statements),
        _INDENT + "return " + names[-1],
    ]


def _gradient(name: str, body: str, inputs: int) -> List[str]:
    """A function with a tape of its own, in the words of TensorFlow; its result is never sparse."""
    parameters = ", ".join("abcdefgh"[:inputs])
    return [
        "def {}({}):".format(name, parameters),
        _INDENT + "with tf.GradientTape() as tape:",
        _INDENT * 2 + "tape.watch(a)",
        _INDENT * 2 + "result = {}({})".format(body, parameters),
        _INDENT + "return tf.convert_to_tensor(tape.gradient(result, a))",
    ]


def _source(source: Source, wording: Wording) -> str:
    template = wording.variable if source.is_variable else wording.constant
    return template.format(source.array.tolist())


def _tuple(names: Sequence[str]) -> str:
    return "({},)".format(names[0]) if len(names) == 1 else "({})".format(", ".join(names))
