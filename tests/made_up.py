"""Runs of nothing, made up for the tests of what reads result files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable, Union

from tapecheck.results import Case, Writer

HEADER: Dict[str, Any] = {
    "suite_version": "0.1.0",
    "backend": "some",
    "version": "1.0",
    "python": "3.11",
    "platform": "Linux",
    "devices": ["CPU:0"],
    "lacks": [],
    "options": {},
    "started": "2026-01-01T00:00:00Z",
}


def write_run(
    path: Union[str, Path], cases: Iterable[Case], complete: bool = True, **changed: Any
) -> None:
    """A result file; `changed` are fields of its header."""
    writer = Writer(path)
    writer.write_header({**HEADER, **changed})
    for case in cases:
        writer.write_case(case)
    writer.close(1.5, complete)
