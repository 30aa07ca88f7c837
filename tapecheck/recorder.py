"""What hears of every case: it writes the result file and knows whether the run is whole."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set

import pytest

from tapecheck.case import CaseRun, Suite
from tapecheck.errors import COULD_NOT_RUN, WRONG_USAGE, Crashed
from tapecheck.modes import MODES
from tapecheck.results import (
    BREAKING,
    DEVIATION,
    ERROR,
    NOT_APPLICABLE,
    Writer,
    add_leak,
    case_of,
    leak_of,
    storable,
)
from tapecheck.standard import clause_in

CASE_PROPERTY = "tapecheck-case"
FIRST_PROPERTY = "tapecheck-first"
"""The record of a case that failed and runs once more."""

HEADER_PROPERTY = "tapecheck-header"
LEAK_PROPERTY = "tapecheck-leak"
FAULT = "tapecheck-fault"
"""The key in the output of a worker under which it says why the run cannot be."""

_CRASHED = "???"
"""What pytest-xdist gives as the phase of a test whose worker died."""

_PUT_BACK = "tapecheck-put-back"

_ID = re.compile(r"(\w+)\[({})-([A-Za-z_]\w*:\d+)(?:-(.*))?\]$".format("|".join(MODES)), re.DOTALL)

# A worker's death is noticed a moment after its time limit, and its start a moment late.
_NEARLY = 0.9

# Where no worker ever got ready, to replace one is to lose the next in the same way. Later one may
# die unannounced: pytest-xdist does not tell of a worker that gets ready while it shuts down.
_REPLACEMENTS = 10


class Fault(NamedTuple):
    """Why a run could not be, in one line, and the exit code that this leads to.

    Attributes:
        of_suite: whether it is the suite that is at fault, so that its output is of interest.
    """

    message: str
    exit_code: int
    of_suite: bool = False


class Recorder:
    """A plugin in the process that sees all reports: the only one, or the controller of workers.

    Attributes:
        writer: what writes the result file; None where none was asked for.
        fault: what ended the run before its time, if anything did.
        collected: ids of the tests that are to run.
        complete: whether each of them ran.
    """

    def __init__(self, config: pytest.Config, suite: Suite) -> None:
        path = config.option.results
        self._config = config
        self._suite = suite
        self._limit: Optional[float] = config.option.time_limit
        self.writer = Writer(path) if path else None
        self.fault: Optional[Fault] = None
        self.collected: Set[str] = set()
        self.complete = False
        self._ready: Set[str] = set()
        self._order: List[str] = []
        self._never_ready = 0
        self._put_back: Set[str] = set()
        self._started: Dict[str, float] = {}
        self._first: Dict[str, Dict[str, Any]] = {}
        self._ended: Set[str] = set()
        self._began = time.perf_counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected.update(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        self._ready.add(node.gateway.id)
        self._order = self._order or list(ids)
        if self._order != ids and self.fault is None:
            # Workers are told what to run by numbers, which mean the same only in the same list.
            self.fault = Fault("the suite was changed while it ran", COULD_NOT_RUN, of_suite=True)
            pytest.exit(self.fault.message, returncode=self.fault.exit_code)
        self.collected.update(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.fault is None:
            # pytest marks the lines of an exception with an E.
            last = report.longreprtext.strip().split("\n")[-1].lstrip("E ")
            self.fault = Fault(
                "the suite cannot read {}: {}".format(report.nodeid, last),
                COULD_NOT_RUN,
                of_suite=True,
            )

    def pytest_internalerror(self, excrepr: Any) -> None:
        if self.fault is None:
            last = str(excrepr).strip().split("\n")[-1]
            self.fault = Fault("the suite itself failed: " + last, COULD_NOT_RUN, of_suite=True)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._started[nodeid] = time.perf_counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if (_PUT_BACK, True) in report.user_properties:
            return
        if report.when == _CRASHED and report.nodeid not in self._ended:
            self._crashed(report)
        properties: Dict[str, Any] = dict(report.user_properties)  # type: ignore[arg-type]
        if HEADER_PROPERTY in properties:
            self._introduce(properties[HEADER_PROPERTY])
        if FIRST_PROPERTY in properties:
            self._first[report.nodeid] = properties[FIRST_PROPERTY]
        if CASE_PROPERTY in properties and self.writer is not None:
            gateway = getattr(getattr(report, "node", None), "gateway", None)
            case = case_of(properties[CASE_PROPERTY])
            self.writer.write_case(case._replace(worker=gateway.id if gateway else ""))
        if LEAK_PROPERTY in properties:
            add_leak(self._config.option.alone, leak_of(properties[LEAK_PROPERTY]))
        if report.when in ("teardown", _CRASHED):
            self._ended.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        from xdist.scheduler import LoadScheduling  # type: ignore[import-untyped]

        class Scheduling(LoadScheduling):  # type: ignore[misc]
            """Sends to a worker whose death is not yet noticed fail; its end puts them back."""

            def check_schedule(self, node: Any, duration: float = 0) -> None:
                with contextlib.suppress(OSError):
                    super().check_schedule(node, duration)

        return Scheduling(config, log) if config.getvalue("dist") == "load" else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """A worker that died before it began a case does not speak about the case: run it."""
        if crashitem not in self._started and crashitem not in self._put_back:
            self._put_back.add(crashitem)
            report.user_properties.append((_PUT_BACK, True))
            sched.mark_test_pending(crashitem)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        output = getattr(node, "workeroutput", None) or {}
        if FAULT in output:
            self.fault = Fault(*output[FAULT])
        elif output.get("exitstatus") == pytest.ExitCode.USAGE_ERROR:
            keyword = self._config.option.keyword
            self.fault = Fault(
                "pytest cannot follow its options"
                + (": -k {!r}".format(keyword) if keyword else ""),
                WRONG_USAGE,
            )
        elif error and self.fault is None and node.gateway.id not in self._ready:
            self._never_ready += 1
            if not self._ready or self._never_ready > _REPLACEMENTS:
                self.fault = self._set_up_crashed()
        if self.fault is not None:
            pytest.exit(self.fault.message, returncode=self.fault.exit_code)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        to_the_end = int(exitstatus) in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        whole = bool(self.collected) and self.collected <= self._ended
        self.complete = to_the_end and whole and self.fault is None
        if self.writer is not None:
            self.writer.close(time.perf_counter() - self._began, self.complete)

    def _set_up_crashed(self) -> Fault:
        message = "backend {!r} cannot be set up: its process crashed{}".format(
            self._config.option.backend, " or ran into the time limit" if self._limit else ""
        )
        return Fault(message, COULD_NOT_RUN)

    def _introduce(self, header: Dict[str, Any]) -> None:
        self._suite.stand_in(header["backend"], header["version"])
        if self.writer is not None:
            self.writer.write_header(header)

    def _crashed(self, report: pytest.TestReport) -> None:
        """Give the case whose worker died its verdict, here, since no worker can."""
        first = self._first.get(report.nodeid)
        if first is not None:
            # It was the repeat that crashed.
            report.user_properties.append((CASE_PROPERTY, {**first, "repeated": ERROR}))
            return
        if not self._suite.known:
            # Not even its name and version came.
            self.fault = self._set_up_crashed()
            return
        case = self._case(report.nodeid)
        if case is None:
            return
        now = time.perf_counter()
        case.seconds = now - self._started.get(report.nodeid, now)
        crash = Crashed("the process that ran it crashed")
        limit = self._limit * case.clause.patience if self._limit else None
        case.failed(time_limit_of(case.seconds, limit) or crash)
        shape(report, case)
        report.user_properties.append((CASE_PROPERTY, storable(case.result().record())))

    def _case(self, nodeid: str) -> Optional[CaseRun]:
        """The case that a test id means: ``spec/chapter.py::test_name[jit-CPU:0-row]``."""
        file, _, rest = nodeid.partition("::")
        match = _ID.match(rest)
        if match is None:
            return None
        function, mode, device, row = match.groups()
        path = Path(str(self._config.rootpath)) / file
        clause = clause_in(path, function)
        if clause is None:
            return None
        return CaseRun(self._suite, clause.of_row(row or ""), mode, device, path)


def time_limit_of(seconds: float, limit: Optional[float]) -> Optional[Crashed]:
    """The time limit as the reason why a process ended, if it can be the reason."""
    if limit and seconds >= _NEARLY * limit:
        return Crashed("ran into the time limit of {:g} s".format(limit))
    return None


def shape(report: pytest.TestReport, case: CaseRun) -> None:
    """Let the report say what the verdict of the case says."""
    if case.verdict == DEVIATION:
        report.outcome = "skipped"
        report.wasxfail = storable(case.details["reason"])
    elif case.verdict == NOT_APPLICABLE:
        file, line, _ = report.location
        report.outcome = "skipped"
        report.longrepr = (file, line or 0, storable(case.message))
    elif case.verdict in BREAKING:
        report.outcome = "failed"
        report.longrepr = storable(case.message)
