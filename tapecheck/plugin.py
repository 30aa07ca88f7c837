"""The pytest plugin: runs clauses against a backend and gives each case its verdict.

It is plain pytest underneath. A clause becomes one item for each mode and device; the verdict
decides the outcome that pytest shows:

=================  =====================
verdict            outcome of pytest
=================  =====================
pass               passed
fail error fixed   failed
deviation          xfailed
unsupported        skipped
not-applicable     skipped
=================  =====================
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, Generator, List, Optional

import pytest

from tapecheck.case import CaseRun, Program, Suite
from tapecheck.clause import LEVELS, clause_of
from tapecheck.errors import COULD_NOT_RUN, TapecheckError
from tapecheck.modes import MODES
from tapecheck.results import Case, Writer

_PROPERTY = "tapecheck-case"
_HEADER_PROPERTY = "tapecheck-header"
_FAULT = "tapecheck-fault"

_SUITE: Any = pytest.StashKey[Suite]()
_CASE: Any = pytest.StashKey[CaseRun]()
_RECORDER: Any = pytest.StashKey["Recorder"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tapecheck", "conformance of gradient tapes")
    group.addoption(
        "--backend",
        default="numpy",
        metavar="NAME",
        help="implementation under test: numpy, tensorflow, or package.module[:attribute]",
    )
    group.addoption(
        "--mode",
        action="append",
        choices=MODES,
        help="run clauses in this mode only; may be repeated (default: all)",
    )
    group.addoption(
        "--device",
        action="append",
        metavar="NAME",
        help="run clauses on this device only, such as GPU:0; may be repeated (default: all)",
    )
    group.addoption(
        "--level",
        action="append",
        choices=[level.lower() for level in LEVELS],
        help="run clauses of this level only; may be repeated (default: all)",
    )
    group.addoption(
        "--deviations",
        metavar="FILE",
        help="known deviations of the backend (default: those that come with the suite)",
    )
    group.addoption("--results", metavar="FILE", help="write the verdicts to this JSON Lines file")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SUITE] = Suite(config.option, config.rootpath)
    if hasattr(config, "workerinput"):
        return
    recorder = Recorder(config)
    config.stash[_RECORDER] = recorder
    config.pluginmanager.register(recorder, "tapecheck-recorder")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    clause = clause_of(metafunc.function)
    if clause is None:
        return
    suite = _loaded(metafunc.config)
    cases = [(mode, device) for mode in suite.modes(clause) for device in suite.devices]
    metafunc.parametrize(
        "tapecheck_case", cases, ids=["-".join(case) for case in cases], indirect=True
    )


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    kept, dropped = [], []
    for item in items:
        clause = clause_of(getattr(item, "function", None))
        asked = clause is None or config.stash[_SUITE].asks(clause)
        (kept if asked else dropped).append(item)
        if clause is not None and asked:
            mode, device = item.callspec.params["tapecheck_case"]  # type: ignore[attr-defined]
            item.stash[_CASE] = CaseRun(config.stash[_SUITE], clause, mode, device, item.path)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


@pytest.fixture
def tapecheck_case(request: pytest.FixtureRequest) -> CaseRun:
    case: CaseRun = request.node.stash[_CASE]
    return case


@pytest.fixture
def tf(tapecheck_case: CaseRun) -> Generator[Any, None, None]:
    """The namespace under test; operations of the clause run on the device of the case."""
    backend = tapecheck_case.suite.backend
    with backend.device(tapecheck_case.device):
        yield backend.namespace


@pytest.fixture
def run(tapecheck_case: CaseRun) -> Program:
    """Executes a program in the mode of the case: ``run(program, *arguments)``."""
    return Program(tapecheck_case)


@pytest.fixture
def devices(tapecheck_case: CaseRun) -> List[str]:
    """The names of as many devices as the clause asked for, that of the case first."""
    return tapecheck_case.suite.several_devices(tapecheck_case)


def pytest_runtest_setup(item: pytest.Item) -> None:
    case = item.stash.get(_CASE, None)
    if case is not None:
        reason = case.inapplicable()
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    outcome = yield
    case = item.stash.get(_CASE, None)
    if case is None:
        return
    report = outcome.get_result()
    judge(case, report, call)
    if report.when == "teardown":
        report.user_properties.append((_PROPERTY, case.result().record()))
        if not item.config.stash[_SUITE].introduced:
            item.config.stash[_SUITE].introduced = True
            report.user_properties.append((_HEADER_PROPERTY, case.suite.header()))


def judge(case: CaseRun, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Let the case take its verdict from what happened, and shape the report accordingly."""
    if report.when == "call":
        case.seconds = call.duration
    if call.excinfo is not None and report.outcome == "failed":
        case.failed(call.excinfo.value)
    elif report.when == "call" and report.outcome == "passed":
        case.passed()
    else:
        return
    if case.verdict == "deviation":
        report.outcome = "skipped"
        report.wasxfail = case.details["reason"]
    elif case.verdict in ("fail", "error", "fixed"):
        report.outcome = "failed"
        report.longrepr = case.message


def _loaded(config: pytest.Config) -> Suite:
    """The suite with its backend set up; a backend that cannot be ends the run."""
    suite: Suite = config.stash[_SUITE]
    try:
        suite.set_up()
    except TapecheckError as error:
        output = getattr(config, "workeroutput", None)
        if output is not None:
            output[_FAULT] = (str(error), error.exit_code)
        pytest.exit("tapecheck: {}".format(error), returncode=error.exit_code)
    return suite


class Recorder:
    """Writes the result file, in the process that sees all reports."""

    def __init__(self, config: pytest.Config) -> None:
        path = config.option.results
        self.config = config
        self.writer = Writer(path) if path else None
        self.fault: Optional[str] = None
        self.fault_code = COULD_NOT_RUN
        self._crashed: Dict[str, str] = {}
        self._began = time.perf_counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if self.writer is None:
            return
        if _HEADER_PROPERTY in properties:
            self.writer.write_header(properties[_HEADER_PROPERTY])
        if _PROPERTY in properties:
            record = dict(properties[_PROPERTY])
            record.pop("kind")
            self.writer.write_case(Case(**record))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        output = getattr(node, "workeroutput", None) or {}
        if _FAULT in output:
            self.fault, self.fault_code = output[_FAULT]

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.writer is not None:
            complete = int(exitstatus) in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
            self.writer.close(time.perf_counter() - self._began, complete)
