"""One run of pytest in this process: its arguments, its surroundings, and how it ended."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence

from tapecheck.errors import COULD_NOT_RUN, DEVIATES, WRONG_USAGE
from tapecheck.recorder import Fault, Recorder
from tapecheck.results import ASKED, FILE_NAME, finish, read, unfinished
from tapecheck.standard import folder_of, root

LOG_NAME = "log.txt"
"""The file beside the results that holds what the implementation writes to stderr."""

_SETTINGS = Path(__file__).parent / "pytest.ini"
_WORKERS_EVER = 1000000
_VARIABLES = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
"""Plugins and options that lie around on a machine do not decide about conformance."""


class Request(NamedTuple):
    """What is asked of a run.

    Attributes:
        suites: the standard, suites beside it, or both.
        chapters: files of these suites; empty for all.
        seed: decides all that the suites draw at random.
        profile: how much they draw.
        out: the folder for the results and the log.
        shuffle: the seed of a random order; None for the order of the files.
        mnist: where the handwritten digits are; None for where packages keep them.
        isolate: whether each case runs alone too, after all of them ran together.
        repeat_failures: whether a case that fails runs once more at once.
        shard: which part of the cases, such as ``2/3``; None for all.
        younger: whether clauses are asked that the implementation is too old for.
        time_limit: seconds that one case may take.
        options: further options of pytest.
    """

    backend: str
    out: Path
    workers: int
    modes: Sequence[str]
    devices: Sequence[str]
    levels: Sequence[str]
    suites: Sequence[str]
    chapters: Sequence[str]
    deviations: Optional[str]
    keyword: Optional[str]
    stop_early: bool
    seed: int
    profile: str
    shuffle: Optional[int]
    mnist: Optional[str]
    isolate: bool
    repeat_failures: bool
    shard: Optional[str]
    younger: bool
    time_limit: float
    options: Sequence[str]

    @property
    def results(self) -> Path:
        return self.out / FILE_NAME

    def arguments(self) -> List[str]:
        """The command line of pytest for a run of all cases together."""
        return [*self._arguments(), "--results", str(self.results)]

    def arguments_alone(self) -> List[str]:
        """The command line of pytest for a run of each case alone."""
        return [*self._arguments(), "--alone", str(self.results)]

    def _arguments(self) -> List[str]:
        folder = root()
        arguments = self._places()
        arguments += ["-c", str(_SETTINGS), "--rootdir", str(folder), "--confcutdir", str(folder)]
        arguments += ["-p", "xdist", "-n", str(self.workers), "--dist", "load"]
        arguments += ["--max-worker-restart", str(_WORKERS_EVER)]
        # The case says itself what broke: a traceback with its sources is made in vain.
        arguments += ["--tb", "native"]
        arguments += ["--backend", self.backend]
        arguments += ["--time-limit", str(self.time_limit)]
        arguments += ["--seed", str(self.seed), "--profile", self.profile]
        if not (folder / "pyproject.toml").is_file():
            # Where the standard is installed is no place for a cache.
            arguments += ["-p", "no:cacheprovider"]
        for option, values in (
            ("--mode", self.modes),
            ("--device", self.devices),
            ("--level", self.levels),
        ):
            for value in values:
                arguments += [option, value]
        if self.deviations:
            arguments += ["--deviations", self.deviations]
        if self.keyword:
            arguments += ["-k", self.keyword]
        if self.stop_early:
            arguments.append("-x")
        if self.shuffle is not None:
            arguments += ["--shuffle", str(self.shuffle)]
        if self.mnist:
            arguments += ["--mnist", os.path.abspath(self.mnist)]
        if self.isolate:
            arguments.append("--isolate")
        if self.repeat_failures:
            arguments.append("--repeat-failures")
        if self.shard:
            arguments += ["--shard", self.shard]
        if self.younger:
            arguments.append("--younger")
        return arguments + list(self.options)

    def _places(self) -> List[str]:
        """The folders, or where chapters are chosen the files, that hold the clauses."""
        if not self.chapters:
            return [str(folder_of(suite)) for suite in self.suites]
        files = [
            folder_of(suite) / (name + ".py") for suite in self.suites for name in self.chapters
        ]
        return [str(file) for file in files if file.is_file()]


class Ended(NamedTuple):
    """How a run ended.

    Attributes:
        complete: whether every case ran.
        fault: why there is no whole result, where there is none.
    """

    complete: bool
    fault: Optional[Fault]


def execute(request: Request, watcher: Any) -> Ended:
    """Run all cases, with `watcher` as a further plugin of pytest, and say how it ended."""
    return _execute(request, request.arguments(), watcher)


def execute_alone(request: Request, watcher: Any) -> Ended:
    """Run each case alone, after `execute`, and add to its results what is to be said of it.

    Where it does not come to an end the results are incomplete.
    """
    began = time.perf_counter()
    if not any(case.verdict in ASKED for case in read(request.results).cases):
        return Ended(True, None)
    footer = unfinished(request.results)
    ended = _execute(request, request.arguments_alone(), watcher)
    if ended.complete:
        footer["seconds"] += time.perf_counter() - began
        finish(request.results, footer)
    return ended


def _execute(request: Request, arguments: Sequence[str], watcher: Any) -> Ended:
    import pytest

    sink, complaints = io.StringIO(), io.StringIO()
    listener = _Listener()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(complaints):
        status = int(pytest.main(list(arguments), plugins=[listener, watcher]))
    recorder = listener.recorder
    if recorder is not None and recorder.complete:
        return Ended(True, None)
    fault = _fault(request, status, listener, complaints.getvalue())
    if fault.of_suite:
        # Into the log, since that is where descriptor 2 leads.
        os.write(2, sink.getvalue().encode("utf-8", "backslashreplace"))
    return Ended(False, fault)


class _Listener:
    """Keeps what pytest lets go of when it ends."""

    def __init__(self) -> None:
        self.recorder: Optional[Recorder] = None
        self.interrupted = False

    def pytest_sessionstart(self, session: Any) -> None:
        self.recorder = session.config.pluginmanager.get_plugin("tapecheck-recorder")

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        # pytest-xdist stops early by an exception of its own that derives from this one.
        self.interrupted = excinfo.type is KeyboardInterrupt


def _fault(request: Request, status: int, listener: _Listener, complaints: str) -> Fault:
    import pytest

    recorder = listener.recorder
    if listener.interrupted:
        return Fault("interrupted", COULD_NOT_RUN)
    if recorder is None:
        return Fault(_complaint(complaints), WRONG_USAGE)
    if recorder.fault is not None:
        return recorder.fault
    if not recorder.collected:
        what = "matches -k {!r}".format(request.keyword) if request.keyword else "was asked for"
        return Fault("nothing ran: no case " + what, COULD_NOT_RUN)
    if request.stop_early:
        return Fault("stopped at the first failure", DEVIATES)
    if status == pytest.ExitCode.INTERRUPTED:
        return Fault("interrupted from within a case", COULD_NOT_RUN)
    return Fault("pytest ended with status {}".format(status), COULD_NOT_RUN, of_suite=True)


def _complaint(text: str) -> str:
    """What pytest says of a command line that it does not take."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    return "pytest: " + (errors or lines or ["refuses these options"])[-1]


@contextlib.contextmanager
def surroundings() -> Iterator[None]:
    """Modules of the current folder can be imported, other variables of pytest do not count."""
    here = os.getcwd()
    kept = {name: os.environ.get(name) for name in _VARIABLES}
    path = list(sys.path)
    os.environ.update(_VARIABLES)
    if here not in path and "" not in path:
        # At the end, so that a folder named like an installed package does not hide it.
        sys.path.append(here)
    try:
        yield
    finally:
        sys.path[:] = path
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def stderr_into(path: Path) -> Iterator[int]:
    """File descriptor 2, which processes started meanwhile inherit, leads into a file.

    Yields:
        A descriptor of what it led to before.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        yield saved
    finally:
        os.dup2(saved, 2)
        os.close(saved)
