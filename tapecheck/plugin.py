"""The pytest plugin: runs clauses against a backend and gives each case its verdict.

It is plain pytest underneath. A clause becomes one item for each mode and device, and for each
row where it is parametrised; the verdict decides the outcome that pytest shows:

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

import argparse
import contextlib
import functools
import gc
import inspect
import random
from pathlib import Path
from typing import Any, Generator, List, Optional, Tuple

import pytest

from tapecheck.case import CaseRun, Program, Suite
from tapecheck.clause import LEVELS, clause_of
from tapecheck.containment import Containment, contained, is_worker
from tapecheck.costs import Costs
from tapecheck.errors import BackendMissing, NotApplicable, TapecheckError, UsageError, words
from tapecheck.isolation import Isolation, devices_of
from tapecheck.measuring import Measured
from tapecheck.modes import MODES
from tapecheck.recorder import CASE_PROPERTY, FAULT, HEADER_PROPERTY, Recorder, shape
from tapecheck.repeating import Repetition
from tapecheck.results import storable
from tapecheck.sampling import (
    DEFAULT,
    DEFAULT_SEED,
    PROFILES,
    choose,
    seed_of,
    set_up_hypothesis,
    sow,
)
from tapecheck.sharding import members, shard_of
from tapecheck.standard import SUITES
from tapecheck.timelimit import TimeLimit

_SUITE: Any = pytest.StashKey[Suite]()
_CASE: Any = pytest.StashKey[CaseRun]()
_FAULT: Any = pytest.StashKey[TapecheckError]()
_LIMIT: Any = pytest.StashKey[TimeLimit]()
_SHARD: Any = pytest.StashKey[Tuple[int, int]]()

_SET_UP = 5
"""How many times the limit of a case the set-up of the implementation may take."""


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
    group.addoption(
        "--seed",
        type=int,
        default=DEFAULT_SEED,
        metavar="NUMBER",
        help="decides all that the suites draw at random (default: %(default)s)",
    )
    group.addoption(
        "--profile",
        choices=PROFILES,
        default=DEFAULT,
        help="how much the suites draw at random (default: default)",
    )
    group.addoption(
        "--mnist",
        metavar="PATH",
        help="where the handwritten digits of MNIST are (default: where packages keep them)",
    )
    group.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the cases in a random order that this number decides (default: their own order)",
    )
    group.addoption(
        "--repeat-failures",
        action="store_true",
        help="run a case that fails once more at once, and record both verdicts",
    )
    group.addoption(
        "--shard",
        metavar="K/N",
        help="run every N-th clause only, from the K-th on: all N shards together are the whole",
    )
    group.addoption(
        "--younger",
        action="store_true",
        help="ask younger clauses too and tell what came of it; they remain not applicable",
    )
    # Of `tapecheck run --isolate`, which runs the cases together and then each of them alone.
    group.addoption("--isolate", action="store_true", help=argparse.SUPPRESS)
    group.addoption("--alone", metavar="FILE", help=argparse.SUPPRESS)
    group.addoption(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="end the process whose case takes longer; with -n another one goes on (default: none)",
    )


def pytest_configure(config: pytest.Config) -> None:
    suite = Suite(config.option)
    config.stash[_SUITE] = suite
    config.stash[_LIMIT] = TimeLimit(config.option.time_limit)
    try:
        config.stash[_SHARD] = shard_of(config.option.shard)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    if config.stash[_SHARD][1] == 1:
        # The only shard is the whole.
        config.option.shard = None
    choose(config.option.profile)
    if config.option.repeat_failures and not config.option.alone:
        limit = config.stash[_LIMIT]
        config.pluginmanager.register(Repetition(limit, _case_of, _renew))
    if not is_worker(config):
        config.pluginmanager.register(Recorder(config, suite), "tapecheck-recorder")
        return
    config.pluginmanager.register(Containment())
    if config.option.alone:
        config.pluginmanager.register(Isolation(config, config.option.alone, _case_of))


def _case_of(item: pytest.Item) -> Optional[CaseRun]:
    return item.stash.get(_CASE, None)


def _shared_name(item: pytest.Item) -> str:
    """What an item shares with those of other modes and devices: its clause."""
    case = _case_of(item)
    return case.clause.id if case else item.nodeid


def _renew(item: pytest.Item) -> CaseRun:
    case = item.stash[_CASE]
    item.stash[_CASE] = CaseRun(case.suite, case.clause, case.mode, case.device, item.path)
    again: CaseRun = item.stash[_CASE]
    return again


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Hypothesis reads its settings where a suite is imported; the standard does without it."""
    if module_path.parent.parent.name == SUITES:
        set_up_hypothesis()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """First of all, so that an id begins with mode and device, whatever row follows."""
    clause = clause_of(metafunc.function)
    if clause is None:
        return
    suite = metafunc.config.stash[_SUITE]
    if not _set_up(metafunc.config, suite):
        return
    cases = [(mode, device) for mode in clause.modes for device in suite.devices]
    metafunc.parametrize(
        "tapecheck_case", cases, ids=["-".join(case) for case in cases], indirect=True
    )


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    if config.stash.get(_FAULT, None) is not None:
        items.clear()
    suite = config.stash[_SUITE]
    kept: List[pytest.Item] = []
    dropped: List[pytest.Item] = []
    for item in items:
        clause = clause_of(getattr(item, "function", None))
        if clause is None:
            kept.append(item)
            continue
        callspec = item.callspec  # type: ignore[attr-defined]
        mode, device = callspec.params["tapecheck_case"]
        if suite.asks(clause, mode):
            row = callspec.id[len(mode) + len(device) + 2 :]
            item.stash[_CASE] = CaseRun(suite, clause.of_row(row), mode, device, item.path)
            sow(item.obj, seed_of(config.option.seed, clause.id))  # type: ignore[attr-defined]
            kept.append(item)
        else:
            dropped.append(item)
    shard = members([_shared_name(item) for item in kept], *config.stash[_SHARD])
    dropped += [item for item, mine in zip(kept, shard) if not mine]
    kept = [item for item, mine in zip(kept, shard) if mine]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
    if config.option.shuffle is not None:
        random.Random(config.option.shuffle).shuffle(items)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Optional[bool]:
    if _case_of(pyfuncitem) is None:
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    with contained(pyfuncitem.config):
        pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    return True


@pytest.fixture
def tapecheck_case(request: pytest.FixtureRequest) -> CaseRun:
    case: CaseRun = request.node.stash[_CASE]
    return case


@pytest.fixture
def tf(request: pytest.FixtureRequest, tapecheck_case: CaseRun) -> Generator[Any, None, None]:
    """The namespace under test; operations of the clause run on the device of the case."""
    backend = tapecheck_case.suite.backend
    with contextlib.ExitStack() as stack:
        with contained(request.config):
            stack.enter_context(backend.device(tapecheck_case.device))
        yield backend.namespace


@pytest.fixture
def run(tapecheck_case: CaseRun) -> Program:
    """Executes a program in the mode of the case: ``run(program, *arguments)``."""
    return Program(tapecheck_case)


@pytest.fixture
def seed(tapecheck_case: CaseRun) -> int:
    """Decides all that a case draws at random, but for what hypothesis draws: that it knows.

    It follows from ``--seed`` and the id of the clause, and is the same in every mode.
    """
    return seed_of(tapecheck_case.suite.seed, tapecheck_case.clause.id)


@pytest.fixture
def measured(tapecheck_case: CaseRun) -> Measured:
    """Keeps numbers and curves with the verdict of the case, whatever this will be.

    ``measured.value(name, value, unit)`` and ``measured.series(name, x, y, x_label, y_label)``.
    """
    tapecheck_case.measured = Measured()
    return tapecheck_case.measured


@pytest.fixture
def costs(tapecheck_case: CaseRun, measured: Measured) -> Costs:
    """Times programs side by side, in the mode and on the device of the case."""
    backend, mode = tapecheck_case.suite.backend, tapecheck_case.mode
    return Costs(functools.partial(backend.compile, mode=mode), measured, tapecheck_case.device)


@pytest.fixture
def devices(tapecheck_case: CaseRun) -> List[str]:
    """The names of as many devices as the clause asked for, that of the case first."""
    return tapecheck_case.suite.several_devices(tapecheck_case)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, None]:
    case = _case_of(item)
    if item.config.option.alone:
        yield
        return
    if case is not None and not case.suite.introduced:
        _introduce(item, case.suite)
    with item.config.stash[_LIMIT](times=case.clause.patience if case else 1):
        yield


def _introduce(item: pytest.Item, suite: Suite) -> None:
    """Tell of the implementation by a report of its own, before a case can crash or hang."""
    with contained(item.config), item.config.stash[_LIMIT](times=_SET_UP):
        header = storable(suite.header())
    suite.introduced = True
    report = pytest.TestReport(
        item.nodeid, item.location, keywords={}, outcome="passed", longrepr=None, when="setup"
    )
    report.user_properties.append((HEADER_PROPERTY, header))
    item.ihook.pytest_runtest_logreport(report=report)


def pytest_runtest_setup(item: pytest.Item) -> None:
    case = _case_of(item)
    if case is not None:
        with contained(item.config):
            reason = case.inapplicable()
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    outcome = yield
    case = _case_of(item)
    if case is None:
        return
    report = outcome.get_result()
    # Of what was printed, too, there may be megabytes.
    report.sections = [(title, storable(text)) for title, text in report.sections]
    judge(case, report, call)
    if report.when == "teardown":
        report.user_properties.append((CASE_PROPERTY, storable(case.result().record())))


def judge(case: CaseRun, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Let the case take its verdict from what happened, and shape the report accordingly."""
    if report.when == "call":
        case.seconds = call.duration
    error = call.excinfo.value if call.excinfo is not None else None
    if report.when == "setup" and isinstance(error, NotApplicable):
        case.not_applicable(str(error))
    elif error is not None and report.outcome == "failed":
        case.failed(error)
    elif report.when == "call" and report.outcome == "passed":
        case.passed()
    else:
        return
    shape(report, case)


def _set_up(config: pytest.Config, suite: Suite) -> bool:
    """Load the backend; where it cannot be had, remember why."""
    if config.stash.get(_FAULT, None) is None:
        try:
            with contained(config), config.stash[_LIMIT](times=_SET_UP):
                suite.set_up(devices_of if config.option.alone else None)
        except TapecheckError as error:
            config.stash[_FAULT] = error
        except (Exception, SystemExit) as error:
            config.stash[_FAULT] = BackendMissing(
                "backend {!r} cannot be set up: {}: {}".format(
                    config.option.backend, type(error).__name__, words(error)
                )
            )
    return config.stash.get(_FAULT, None) is None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Take what is there by now out of the garbage collector's rounds.

    The clauses on memory collect garbage many times; most of it is the implementation's modules.
    """
    if session.config.stash[_SUITE].known:
        gc.collect()
        gc.freeze()


def pytest_collection_finish(session: pytest.Session) -> None:
    """A backend that cannot be had ends the run, with one line instead of one for each chapter."""
    fault = session.config.stash.get(_FAULT, None)
    if fault is not None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[FAULT] = (str(fault), fault.exit_code)
        pytest.exit("tapecheck: {}".format(fault), returncode=fault.exit_code)
