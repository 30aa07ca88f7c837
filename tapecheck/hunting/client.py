"""The other end of a server: asks it, and notices when it crashes or hangs."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from typing import Any, Dict, FrozenSet, List, Optional, Union

import numpy as np

from tapecheck.errors import BackendMissing
from tapecheck.modes import MODE_NEEDS
from tapecheck.programs.asking import needs_of
from tapecheck.programs.program import Program

SECONDS = 60.0
"""How long one answer may take."""

_FIRST = 180.0
"""How long it may take to set up an implementation."""

Answers = Union[List[Any], str]
"""Arrays and None; or what went wrong, in words."""


class Client:
    """A backend in a process of its own, asked in one dtype.

    Attributes:
        asked_for: how the user names it.
        label: its name and version.
    """

    def __init__(self, asked_for: str, dtype: str = "float64") -> None:
        self.asked_for = asked_for
        self._dtype = dtype
        self._process: Any = None
        self._lines: Any = queue.Queue()
        self._start()

    def lacks(self, program: Program, mode: str) -> FrozenSet[str]:
        """What the backend lacks of what a program needs in a mode."""
        needs = {*needs_of(program), MODE_NEEDS[mode] or ""}
        return frozenset(needs & (self._lacks | self._lacks_in.get(mode, frozenset())))

    def ask(self, program: Program, mode: str) -> Answers:
        """The answers to the question of a program."""
        asked = {"program": json.loads(program.to_json()), "mode": mode, "dtype": self._dtype}
        line = json.dumps(asked)
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except OSError:
            return self._restarted("the process ended")
        found = self._read(SECONDS)
        if found is None:
            alive = not self._has_ended(process)
            process.kill()
            status = process.wait()
            return self._restarted(
                "no answer within {:g} s".format(SECONDS)
                if alive
                else "the process ended with status {}".format(status)
            )
        if "error" in found:
            return str(found["error"])
        return [None if one is None else _array(one) for one in found["answers"]]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        self._lines = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tapecheck.hunting.server", self.asked_for],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            universal_newlines=True,
            encoding="utf-8",
        )
        threading.Thread(
            target=_listen, args=(self._process.stdout, self._lines), daemon=True
        ).start()
        hello = self._read(_FIRST)
        if hello is None or "missing" in hello:
            self.close()
            reason = "its process ends at once" if hello is None else hello["missing"]
            raise BackendMissing("backend {!r}: {}".format(self.asked_for, reason))
        self.label = "{} {}".format(hello["name"], hello["version"])
        self._lacks = frozenset(hello["lacks"])
        self._lacks_in = {mode: frozenset(lacks) for mode, lacks in hello["lacks_in"].items()}

    @staticmethod
    def _has_ended(process: Any) -> bool:
        """Whether a process that says nothing has ended: its pipe closes a little earlier."""
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _restarted(self, problem: str) -> str:
        self.close()
        self._start()
        return problem

    def _read(self, seconds: float) -> Optional[Dict[str, Any]]:
        """What the server says next; None if it ends, or says nothing for that long."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
        return None if line is None else dict(json.loads(line))


def _listen(stream: Any, lines: Any) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _array(found: Dict[str, Any]) -> Any:
    wide = np.array(found["elements"], dtype=np.float64).reshape(found["shape"])
    return wide.astype(found["dtype"])
