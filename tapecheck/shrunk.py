"""The smallest program that a suite found, as a script that fails where the case did."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import List, Optional, Tuple

import numpy as np

from tapecheck.reproducer import compiled, inlined, namespace, title

_ARRAY = re.compile(
    r"(\[[^()]*\]|[^\s()\[\]]+|\([^()]*\)) \((\w+), shape (\((?:\d+,(?: \d+,?)*)?(?: ?\d+)?\))\)$"
)
_CALL = re.compile(r"^print\((?:tf\.function\()?derivatives[^()]*\)?\((.*)\)\)$", re.MULTILINE)
_PLACE = re.compile(r"\bat (\[[^\]]*\])")
_ANSWER = re.compile(r"(\w+) = ")

_HELPERS = '''\
def leaves(value):
    """The answers that a structure holds."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def same(value, other):
    """Whether both are None, one class by its name, or numbers of one shape that are close."""
    if value is None or other is None:
        return value is other
    if isinstance(value, type) or isinstance(other, str):
        return getattr(value, "__name__", value) == other
    value, other = np.asarray(value), np.asarray(other)
    return value.shape == other.shape and np.allclose(value, other, 1e-6, 1e-12, equal_nan=True)'''


def program_in(example: str) -> Optional[str]:
    """The program that an example of hypothesis shows as a script; None where it shows none."""
    lines = example.split("\n")
    starts = [
        number
        for number, line in enumerate(lines)
        if line.lstrip().startswith(("import ", "from "))
    ]
    if not starts:
        return None
    for end in range(len(lines), starts[0] + 1, -1):
        text = textwrap.dedent("\n".join(lines[starts[0] : end])).rstrip()
        for candidate in (re.sub(r",\Z", "", text), text):
            if _parses(candidate):
                return candidate
    return None


def script(
    example: str, clause: str, statement: str, backend: str, mode: str, expected: str, actual: str
) -> Optional[str]:
    """A script that fails as long as the smallest program has the wrong answer.

    Args:
        example: what hypothesis says of it.
        expected: what was expected, in the words of `tapecheck.checks`.
        actual: what came instead.

    Returns:
        None where the example is not a program.
    """
    program = program_in(example)
    if program is None or "import tensorflow as tf" not in program:
        return None
    program = inlined(program.replace("import tensorflow as tf", namespace(backend)))
    call = _CALL.search(program)
    answer = _ANSWER.match(expected)
    answers: Optional[str]
    if call:
        asked = "{}({})".format(compiled("derivatives", backend, mode), call.group(1))
        program = program[: call.start()] + "answers = " + asked
        answers = "answers"
    elif answer:
        answers = answer.group(1) + "".join(_PLACE.findall(expected))
    else:
        answers = None
    parts = [title(clause, mode, statement)]
    wrong, right = literal(actual), literal(expected)
    if wrong is None or answers is None:
        parts.append(program)
        check = []
    else:
        imports = "" if "import numpy as np" in program else "import numpy as np\n"
        parts += [imports + program + "\n", _HELPERS + "\n"]
        check = _check(answers, wrong, right, "expected {}, got {}".format(expected, actual))
    check.append('print("holds: {} [{}]")'.format(clause, mode))
    return re.sub(r"\n{4,}", "\n\n\n", "\n\n".join([*parts, "\n".join(check)])) + "\n"


def _check(answers: str, wrong: str, right: Optional[str], text: str) -> List[str]:
    """Lines that fail if the wrong answer is there, and the right one is not."""
    lines = ["found = leaves({})".format(answers), "actual = " + wrong]
    there = "any(same(one, {}) for one in found)"
    condition = "not " + there.format("actual")
    if right is not None:
        lines.append("expected = " + right)
        condition = "{} or {}".format(there.format("expected"), condition)
    return [*lines, "assert {}, (".format(condition), "    {!r}".format(text), ")"]


def literal(text: str) -> Optional[str]:
    """The Python expression for what `tapecheck.checks` describes; None where it tells too little.

    Of an answer within a structure that is the answer itself.
    """
    if text in ("None", "nothing was raised") or text.endswith("] None"):
        return "None"
    if re.match(r"[A-Z]\w*\Z", text):
        return repr(text)
    match = _ARRAY.search(text)
    if match is None or "..." in match.group(1):
        return None
    numbers, shape = _numbers(match.group(1)), ast.literal_eval(match.group(3))
    if numbers is None or len(numbers) != np.prod(shape, dtype=object):
        return None
    if shape in ((), (len(numbers),)):
        return "np.array({})".format("[{}]".format(", ".join(numbers)) if shape else numbers[0])
    return "np.array([{}]).reshape({})".format(", ".join(numbers), shape)


def _numbers(text: str) -> Optional[List[str]]:
    """The elements of an array as NumPy prints them, each as Python spells it."""
    words = [word for word in re.split(r"[\[\],\s]+", text) if word]
    spelled: List[Tuple[str, str]] = [(word, word.strip("()").rstrip(".")) for word in words]
    found = []
    for word, bare in spelled:
        if word in ("True", "False"):
            found.append(word)
            continue
        try:
            number = complex(bare) if bare.endswith("j") else float(word)
        except ValueError:
            return None
        exact = repr(number)
        found.append("float({!r})".format(exact) if exact in ("nan", "inf", "-inf") else exact)
    return found


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
