"""Each case in a process of its own, and what its verdict depends on where it differs there.

The process is forked from one that has imported the implementation and run nothing of it: what
computes has threads and locks, which do not survive a fork.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
import traceback
import warnings
from typing import Any, Callable, Dict, List, Optional, Sequence, TypeVar

import pytest
from _pytest.runner import runtestprotocol

from tapecheck import results
from tapecheck.backends import Backend
from tapecheck.case import CaseRun
from tapecheck.errors import BackendMissing, Crashed, UsageError
from tapecheck.recorder import CASE_PROPERTY, LEAK_PROPERTY, time_limit_of
from tapecheck.results import ASKED, Case, Key, Leak, storable
from tapecheck.timelimit import TimeLimit

Place = TypeVar("Place")

# The time limit ends a child from within; from outside it is ended only if that fails.
_GRACE = 30.0
_TRIAL = 60.0
_END = "\n"


def forked(work: Callable[[], Any], seconds: Optional[float] = None) -> Any:
    """What `work` returns, as far as JSON can tell it, computed in a process forked from this one.

    Args:
        seconds: after how long the process is killed; None for never.

    Raises:
        Crashed: the process ended without an answer.
    """
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        # Python warns of threads: those that are there wait for messages or for work.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _answer(work, sending)
    os.close(sending)
    try:
        answer = _received(receiving, seconds)
    finally:
        os.close(receiving)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not answer.endswith(_END.encode("ascii")):
        raise Crashed("the process that ran it crashed")
    return json.loads(answer.decode("ascii"))


def _answer(work: Callable[[], Any], sending: int) -> None:
    """Send what `work` returns, and end this process without any of what Python does at an end."""
    try:
        answer = json.dumps(work(), ensure_ascii=True) + _END
        with os.fdopen(sending, "wb") as pipe:
            pipe.write(answer.encode("ascii"))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _received(receiving: int, seconds: Optional[float]) -> bytes:
    until = None if seconds is None else time.monotonic() + seconds
    answer = b""
    # Not until the end of the file: a process that the child left behind may keep it open.
    while not answer.endswith(_END.encode("ascii")):
        left = None if until is None else max(until - time.monotonic(), 0.0)
        if not select.select([receiving], [], [], left)[0]:
            break
        piece = os.read(receiving, 65536)
        if not piece:
            break
        answer += piece
    return answer


def devices_of(backend: Backend) -> List[List[str]]:
    """The devices of a backend and all that are visible, as a forked process sees them.

    Raises:
        UsageError: this system cannot fork.
        BackendMissing: what is forked from a process that has imported the backend cannot compute.
    """
    if not hasattr(os, "fork"):
        raise UsageError("--isolate forks processes, which this system cannot")

    def work() -> List[List[str]]:
        tf = backend.namespace
        with contextlib.suppress(Exception), tf.GradientTape() as tape:
            x = tf.constant(3.0)
            tape.watch(x)
            tape.gradient(x * x, x)
        return [backend.devices(), backend.all_devices()]

    try:
        found: List[List[str]] = forked(work, _TRIAL)
    except Crashed:
        raise BackendMissing(
            "backend {!r} cannot be isolated: a process forked after its import crashes or hangs; "
            "perhaps the import itself computes something".format(backend.name)
        ) from None
    return found


def culprit(before: Sequence[Place], shows: Callable[[Sequence[Place]], bool]) -> Optional[Place]:
    """The last of `before` that shows an effect by itself, found by halving; None if none does.

    Args:
        shows: whether the effect is there after these alone.
    """
    while len(before) > 1:
        middle = len(before) // 2
        early, late = before[:middle], before[middle:]
        if shows(late):
            before = late
        elif shows(early):
            before = early
        else:
            return None
    return before[0] if before else None


class Isolation:
    """A plugin of a worker that runs the cases of an earlier run again, each alone.

    Args:
        config: of pytest.
        path: the result file of the run in which they ran together.
        case_of: finds the case of an item.
    """

    def __init__(
        self, config: pytest.Config, path: str, case_of: Callable[[pytest.Item], Optional[CaseRun]]
    ) -> None:
        self._case_of = case_of
        self._seconds: Optional[float] = config.option.time_limit
        self._limit = TimeLimit(self._seconds)
        self._run = results.read(path)
        self._together: Dict[Key, Case] = {case.key: case for case in self._run.cases}
        self._items: Dict[Key, pytest.Item] = {}
        self._culprits: List[Key] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: List[pytest.Item]
    ) -> None:
        """Keep the cases whose code ran; the others matter only as what ran before them."""
        kept: List[pytest.Item] = []
        dropped: List[pytest.Item] = []
        for item in items:
            case = self._case_of(item)
            together = self._together.get(case.key) if case else None
            if case and together:
                self._items[case.key] = item
            (kept if together and together.verdict in ASKED else dropped).append(item)
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        case = self._case_of(item)
        assert case is not None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        alone, together = self._last_of([case.key]), self._together[case.key]
        properties = {CASE_PROPERTY: alone.record()}
        if alone.verdict != together.verdict:
            leak = self._leak(together, alone)
            if leak is not None:
                properties[LEAK_PROPERTY] = leak.record()
        report = pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="passed",
            longrepr=None,
            when="teardown",
            user_properties=list(properties.items()),
        )
        item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _leak(self, together: Case, alone: Case) -> Optional[Leak]:
        """What the verdict of a case depends on; None where it is not the same twice."""
        key = together.key
        if self._last_of([key]).verdict != alone.verdict:
            return None

        def shows(before: Sequence[Key]) -> bool:
            return self._last_of([*before, key]).verdict == together.verdict

        before = self._before(together)
        found = next((one for one in self._culprits if one in before and shows([one])), None)
        replayed = found is not None or shows(before)
        if found is None and replayed:
            found = culprit(before, shows)
        if found is not None and found not in self._culprits:
            self._culprits.append(found)
        return Leak(
            *key,
            together=together.verdict,
            alone=alone.verdict,
            culprit=found,
            replayed=replayed,
            message=alone.message,
        )

    def _before(self, together: Case) -> List[Key]:
        """What ran before a case in the same process, in that order."""
        cases = [case for case in self._run.cases if case.worker == together.worker]
        return [case.key for case in cases[: cases.index(together)] if case.key in self._items]

    def _case(self, item: pytest.Item) -> CaseRun:
        case = self._case_of(item)
        assert case is not None
        return case

    def _last_of(self, keys: Sequence[Key]) -> Case:
        """What comes of the last of the cases where all of them run in one fresh process."""
        items = [self._items[key] for key in keys]
        cases = [self._case(item) for item in items]
        last = cases[-1]

        def work() -> results.Record:
            for item, case, following in zip(items, cases, [*items[1:], None]):
                with self._limit(times=case.clause.patience):
                    runtestprotocol(item, log=False, nextitem=following)
            return dict(storable(last.result().record()))

        began = time.perf_counter()
        times = sum(case.clause.patience for case in cases)
        most = self._seconds * times + _GRACE if self._seconds else None
        try:
            return results.case_of(forked(work, most))
        except Crashed as crash:
            last.seconds = time.perf_counter() - began
            limit = self._seconds * last.clause.patience if self._seconds else None
            last.failed(time_limit_of(last.seconds, limit) or crash)
            return last.result()
