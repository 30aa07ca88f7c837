"""Runs the clauses of the standard on a namespace in this process, without pytest."""

from __future__ import annotations

import argparse
import inspect
import threading
from typing import Any, Dict, Iterable, Optional

from tapecheck.backends import Backend
from tapecheck.case import CaseRun, Program, Suite
from tapecheck.modes import EAGER
from tapecheck.results import Case
from tapecheck.standard import Entry, load_standard

SECONDS = 20.0
"""How long one clause may take; a faulty tape may well hang."""


class _Quiet(Suite):
    """A suite around a backend that is there already."""

    def __init__(self, backend: Backend) -> None:
        options = argparse.Namespace(deviations=None, device=None, mode=None, level=None)
        super().__init__(options)
        self._backend = backend


def judge(namespace: Any, clauses: Optional[Iterable[str]] = None) -> Dict[str, Case]:
    """The verdict of each clause in eager mode, by its id; by default of every clause asked."""
    suite = _Quiet(Backend("faulty", namespace))
    entries = load_standard().entries
    chosen = [entries[name] for name in clauses] if clauses is not None else entries.values()
    return {
        entry.clause.id: _verdict(suite, entry)
        for entry in chosen
        if EAGER in entry.clause.modes and suite.asks(entry.clause, EAGER)
    }


def _verdict(suite: Suite, entry: Entry) -> Case:
    case = CaseRun(suite, entry.clause, EAGER, "CPU:0", entry.chapter.path)
    if not case.inapplicable():
        error = _exception_of(lambda: _call(case, entry))
        if error is None:
            case.passed()
        else:
            case.failed(error)
    return case.result()


def _exception_of(work: Any) -> Optional[BaseException]:
    """What the work raises, in a thread of its own, so that no tape that it forgot stays active."""
    raised = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        return TimeoutError("ran for more than {:g} s".format(SECONDS))
    return raised[0] if raised else None


def _call(case: CaseRun, entry: Entry) -> None:
    fixtures = {
        "tf": case.suite.backend.namespace,
        "run": Program(case),
        "devices": case.suite.several_devices(case),
    }
    wanted = inspect.signature(entry.function).parameters
    entry.function(**{name: fixtures[name] for name in wanted})
