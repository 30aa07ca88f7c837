"""The process that an implementation lives in: answers questions, one line of JSON each.

    python -m tapecheck.hunting.server BACKEND

The first line that it writes says what the backend is. Then it reads lines with ``program``,
``mode`` and ``dtype``, and writes lines with ``answers``, nested lists or null, or with ``error``.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from typing import Any, Callable, Dict

import numpy as np

from tapecheck.backends import Backend, load
from tapecheck.errors import TapecheckError, words
from tapecheck.programs import Trial
from tapecheck.programs.asking import answers_of
from tapecheck.programs.program import from_json


def main(name: str) -> None:
    """Serve until the other side closes."""
    # What the implementation prints must not get between the lines.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        _serve(name, functools.partial(_say, out))


def _say(out: Any, line: Dict[str, Any]) -> None:
    out.write(json.dumps(line) + "\n")
    out.flush()


def _serve(name: str, say: Callable[[Dict[str, Any]], None]) -> None:
    try:
        backend = load(name)
    except TapecheckError as error:
        say({"missing": str(error)})
        return
    lacks_in = {mode: sorted(lacks) for mode, lacks in backend.lacks_in.items()}
    say(
        {
            "name": backend.name,
            "version": backend.version,
            "lacks": sorted(backend.lacks),
            "lacks_in": lacks_in,
        }
    )
    for line in sys.stdin:
        say(_answer(backend, json.loads(line)))


def _answer(backend: Backend, asked: Dict[str, Any]) -> Dict[str, Any]:
    program, mode = from_json(json.dumps(asked["program"])), asked["mode"]

    def run(function: Callable[..., Any], *arguments: Any) -> Any:
        return backend.compile(function, mode)(*arguments)

    try:
        with backend.device(backend.devices()[0]):
            answers = answers_of(Trial(backend.namespace, run, program, asked["dtype"]))
            return {"answers": [None if one is None else _listed(one) for one in answers]}
    except Exception as error:
        return {"error": "{}: {}".format(type(error).__name__, words(error))[:2000]}


def _listed(answer: Any) -> Dict[str, Any]:
    array = np.asarray(answer)
    return {
        "dtype": array.dtype.name,
        "shape": array.shape,
        "elements": array.astype(np.float64).ravel().tolist(),
    }


if __name__ == "__main__":
    main(sys.argv[1])
