"""Scripts: the steps of a life as a program, and the answers that its tapes must give.

The text of a script is what is run: a failure shows it as it is.
"""

from __future__ import annotations

import gc
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from tapecheck.backends import Backend
from tapecheck.checks import Broken, assert_close, assert_equal, assert_none

_FILE = "<script>"
_SECONDS = 60.0
_INDENT = "    "

_PRELUDE = {
    "refusal(": '''def refusal(call):
    """The class of what the call raises; None if it raises nothing."""
    try:
        call()
    except Exception as error:
        return type(error)
''',
    "in_thread(": '''threads = [ThreadPoolExecutor(1) for _ in range(2)]


def in_thread(number, work):
    """What the work returns in one of the threads, which have their turns one after another."""
    return threads[number].submit(work).result()
''',
}

_IMPORTS = {
    "gc.": "import gc",
    "weakref.": "import weakref",
    "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
}


class Number(NamedTuple):
    """A tensor is expected: its elements, and the size of what they were added up from."""

    elements: np.ndarray
    magnitude: float

    def __str__(self) -> str:
        return " ".join(np.array2string(self.elements, separator=", ", precision=6).split())

    def check(self, actual: Any, names: Dict[str, Any]) -> None:
        assert_close(actual, self.elements, self.magnitude)


class Nothing(NamedTuple):
    """None is expected."""

    def __str__(self) -> str:
        return "None"

    def check(self, actual: Any, names: Dict[str, Any]) -> None:
        assert_none(actual)


class Container(NamedTuple):
    """A list, tuple or dict is expected."""

    kind: type
    keys: Tuple[Any, ...]
    inner: Tuple[Any, ...]

    def __str__(self) -> str:
        if self.kind is dict:
            pairs = ("{!r}: {}".format(key, one) for key, one in zip(self.keys, self.inner))
            return "{" + ", ".join(pairs) + "}"
        inside = ", ".join(map(str, self.inner))
        return "[{}]".format(inside) if self.kind is list else "({},)".format(inside)

    def check(self, actual: Any, names: Dict[str, Any]) -> None:
        assert_equal(type(actual), self.kind)
        keys = tuple(actual) if self.kind is dict else tuple(range(len(actual)))
        assert_equal(sorted(keys), sorted(self.keys))
        for key, one in zip(self.keys, self.inner):
            try:
                one.check(actual[key], names)
            except Broken as broken:
                place = "{}, at [{!r}] {}".format(self, key, broken.expected)
                raise Broken(place, broken.actual, broken.difference) from None


class Refusal(NamedTuple):
    """An exception of one of some classes is expected."""

    classes: Tuple[type, ...]

    def __str__(self) -> str:
        return " or ".join(one.__name__ for one in self.classes)

    def check(self, actual: Any, names: Dict[str, Any]) -> None:
        if actual is None:
            raise Broken(str(self), "nothing was raised")
        if not issubclass(actual, self.classes):
            raise Broken(str(self), actual.__name__)


class Word(NamedTuple):
    """A text is expected."""

    word: str

    def __str__(self) -> str:
        return repr(self.word)

    def check(self, actual: Any, names: Dict[str, Any]) -> None:
        assert_equal(actual, self.word)


class Variables(NamedTuple):
    """A tuple of variables is expected, in this order; some may be missing."""

    certain: Tuple[str, ...]
    possible: Tuple[str, ...]

    def __str__(self) -> str:
        doubt = [name for name in self.possible if name not in self.certain]
        perhaps = ", perhaps with {}".format(", ".join(doubt)) if doubt else ""
        return "the variables ({}){}".format(", ".join(self.certain), perhaps)

    def check(self, actual: Any, names: Dict[str, Any]) -> None:
        assert_equal(type(actual), tuple)
        known = {id(names[name]): name for name in names if name.startswith("v")}
        listed = [known.get(id(one), "another object") for one in actual]
        expected = [name for name in self.possible if name in self.certain or name in listed]
        if listed != expected:
            raise Broken(str(self), "({})".format(", ".join(listed)))


class Asked(NamedTuple):
    """A question: the name of its answer, the line that asks, and what must come."""

    name: str
    line: int
    expected: Any
    is_tensor: bool


class Stage(NamedTuple):
    """Where scripts are run: the namespace under test, how programs are executed, and where."""

    tf: Any
    run: Callable[..., Any]
    device: str


class Script:
    """A program, and what is expected of it.

    Attributes:
        setup: lines that make constants and variables.
        parameters: the constants that are handed to the program; it finds what else it uses.
        body: the lines of the program.
        asked: its questions, in their order.
    """

    def __init__(
        self,
        setup: Sequence[str],
        parameters: Sequence[str],
        body: Sequence[str],
        asked: Sequence[Asked],
    ) -> None:
        self.setup = list(setup)
        self.parameters = list(parameters)
        self.body = list(body)
        self.asked = list(asked)

    def __repr__(self) -> str:
        """The script as a file that can be run."""
        comments = {one.line: "  # {}".format(one.expected) for one in self.asked}
        lines = [line + comments.get(number, "") for number, line in enumerate(self.body)]
        text = "\n".join([*self.setup, *lines])
        preludes = [code for word, code in _PRELUDE.items() if word in text]
        every = "\n".join([*preludes, text])
        imports = [line for word, line in _IMPORTS.items() if word in every]
        parts = ["\n".join([*imports, "import tensorflow as tf"]), *preludes, text]
        return "\n" + "\n\n".join(part.strip("\n") for part in parts) + "\n"

    def perform(self, stage: Stage) -> None:
        """Run the program, and compare the answers with what is expected.

        Everything runs in a thread of its own, so that a tape that does not stop recording where
        it should does not disturb what comes after.

        Raises:
            Broken: an answer is another one, or a line raises what it should not raise.
        """
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._perform, stage).result(_SECONDS)

    def _perform(self, stage: Stage) -> None:
        names: Dict[str, Any] = {"tf": stage.tf, "gc": gc, "weakref": weakref, "told": {}}
        names["refusal"] = _refusal
        threads = [ThreadPoolExecutor(1) for _ in range(2)]  # they start with their first work
        names["in_thread"] = lambda number, work: threads[number].submit(work).result(_SECONDS)
        try:
            with Backend("", stage.tf).device(stage.device):
                exec(compile("\n".join(self.setup), _FILE, "exec"), names)
                exec(compile(self._program(), _FILE, "exec"), names)
                try:
                    arguments = [names[name] for name in self.parameters]
                    answers = stage.run(names["program"], *arguments)
                except Exception as error:
                    raise self._interrupted(error) from error
                self._compare({**answers, **names["told"]}, names)
        finally:
            for thread in threads:
                thread.shutdown()

    def _program(self) -> str:
        """The source of the program as a function; its first line is that of the body."""
        tensors = ["{0!r}: {0}".format(one.name) for one in self.asked if one.is_tensor]
        others = ["{0}={0}".format(one.name) for one in self.asked if not one.is_tensor]
        last = [
            "told.update({})".format(", ".join(others)),
            "return {{{}}}".format(", ".join(tensors)),
        ]
        first = "def program({}):".format(", ".join(self.parameters))
        return "\n".join([first, *(_INDENT + line for line in self.body + last)])

    def _compare(self, answers: Dict[str, Any], names: Dict[str, Any]) -> None:
        for one in self.asked:
            try:
                one.expected.check(answers[one.name], names)
            except Broken as broken:
                raise Broken(
                    "{}  # {}".format(self.body[one.line].strip(), broken.expected),
                    broken.actual,
                    broken.difference,
                ) from None

    def _interrupted(self, error: BaseException) -> Exception:
        """What to say of an exception that ended the program."""
        raised = "".join(traceback.format_exception_only(type(error), error)).strip()
        line = self._line_of(error)
        if line is None:
            return Broken("the program runs to its end", raised)
        wanted = [str(one.expected) for one in self.asked if one.line == line]
        comment = "  # {}".format(wanted[0]) if wanted else ""
        return Broken(self.body[line].strip() + comment, raised)

    def _line_of(self, error: BaseException) -> Optional[int]:
        """The line of the body that raised an exception."""
        lines: List[int] = [
            frame.lineno - 2
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == _FILE and frame.lineno is not None
        ]
        inside = [line for line in lines if 0 <= line < len(self.body)]
        return inside[0] if inside else None


def _refusal(call: Callable[[], Any]) -> Optional[type]:
    """The class of what the call raises; None if it raises nothing."""
    try:
        call()
    except Exception as error:
        return type(error)
    return None
