"""The standard as one module, for pytest to collect wherever the package is installed.

::

    pytest -p tapecheck.conformance --pyargs tapecheck.conformance --backend my_package.tape

The module is a plugin, too, which brings the options and says what it is to be collected as: the
chapters of the standard, wherever they are.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Iterator, Optional

import pytest

from tapecheck.standard import load_standard

pytest_plugins = ["tapecheck.plugin"]


@pytest.hookimpl(tryfirst=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Optional[pytest.Collector]:
    """The chapters, for this module."""
    if file_path == Path(__file__):
        collector: pytest.Collector = Standard.from_parent(parent, path=file_path)
        return collector
    return None


class Standard(pytest.File):
    """All chapters."""

    def collect(self) -> Iterator[pytest.Collector]:
        for chapter in load_standard().chapters:
            yield Chapter.from_parent(self, path=chapter.path)


class Chapter(pytest.Module):
    """One chapter, which is imported by its place and not by its name.

    By its name ``keras.py`` would hide the package of that name.
    """

    def _getobj(self) -> types.ModuleType:
        return next(one.module for one in load_standard().chapters if one.path == self.path)
