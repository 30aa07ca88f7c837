"""How a run goes on, while it goes on: a bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional, Sequence

from tapecheck.cli.text import COLOURS, say
from tapecheck.recorder import CASE_PROPERTY
from tapecheck.results import BREAKING

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """A plugin of pytest that shows what it hears, on stderr.

    Args:
        console: where to show it.
        name: the backend.
    """

    def __init__(self, console: Any, name: str) -> None:
        self._console = console
        self._name = name
        self._counts: Dict[str, int] = {}
        self._total = 0
        self._bar: Optional[Any] = None
        self._task: Any = None
        self._said = time.monotonic()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[counts]}"),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(
                "setting up {}".format(self._name), total=None, counts=""
            )
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        if self._total:
            return
        self._total = len(ids)
        if self._bar is not None:
            self._bar.update(self._task, description=self._name, total=self._total)
        elif self._total:
            say(self._console, "{}: {} cases".format(self._name, self._total))

    def pytest_runtest_logreport(self, report: Any) -> None:
        record = dict(report.user_properties).get(CASE_PROPERTY)
        if record is None:
            return
        verdict = record["verdict"]
        self._counts[verdict] = self._counts.get(verdict, 0) + 1
        if self._bar is not None:
            self._bar.update(self._task, advance=1, counts=self._told())
        elif time.monotonic() - self._said > _SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            done = sum(self._counts.values())
            say(self._console, "{} of {} cases: {}".format(done, self._total, self._listed()))

    def _listed(self) -> str:
        return ", ".join("{} {}".format(count, name) for name, count in self._counts.items())

    def _told(self) -> str:
        """The counts in colour; only names of verdicts and numbers, so that markup is safe."""
        shown = sorted(self._counts.items(), key=lambda item: item[0] not in BREAKING)
        return "  ".join("[{}]{} {}[/]".format(COLOURS[name], count, name) for name, count in shown)
