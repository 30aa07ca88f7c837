"""A case that fails runs once more at once, so that what is flaky is told from what is broken."""

from __future__ import annotations

from typing import Any, Callable, Optional

import pytest
from _pytest.runner import runtestprotocol

from tapecheck.case import CaseRun
from tapecheck.recorder import CASE_PROPERTY, FIRST_PROPERTY
from tapecheck.results import BREAKING, storable
from tapecheck.timelimit import TimeLimit


class Repetition:
    """A plugin of the process that runs the cases.

    What is recorded is the first verdict, with that of the repeat beside it. A repeat starts as
    the case did, with fixtures and a time limit of its own, in the same process.

    Args:
        case_of: finds the case of an item.
        renew: gives the item a case that has no verdict yet.
    """

    def __init__(
        self,
        limit: TimeLimit,
        case_of: Callable[[pytest.Item], Optional[CaseRun]],
        renew: Callable[[pytest.Item], CaseRun],
    ) -> None:
        self._limit = limit
        self._case_of = case_of
        self._renew = renew

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: Optional[pytest.Item]
    ) -> Optional[bool]:
        first = self._case_of(item)
        if first is None:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        *reports, last = runtestprotocol(item, log=False, nextitem=nextitem)
        record = storable(first.result().record())
        if first.verdict in BREAKING:
            # Before the repeat, which may end the process.
            reports[-1].user_properties.append((FIRST_PROPERTY, record))
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        if first.verdict in BREAKING:
            self._repeat(item, nextitem, last)
        item.ihook.pytest_runtest_logreport(report=last)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _repeat(
        self, item: pytest.Item, nextitem: Optional[pytest.Item], report: pytest.TestReport
    ) -> None:
        """Run the item once more, and add the verdict to the record that a report brings."""
        again = self._renew(item)
        with self._limit(times=again.clause.patience):
            runtestprotocol(item, log=False, nextitem=nextitem)
        for name, value in report.user_properties:
            if name == CASE_PROPERTY:
                record: Any = value
                record["repeated"] = again.verdict
