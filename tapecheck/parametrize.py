"""The standard in somebody else's test suite: one test, once for each case."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, List, Sequence, Union

if TYPE_CHECKING:
    from tapecheck.case import CaseRun, Suite
    from tapecheck.standard import Entry

Words = Union[str, Sequence[str]]


def parametrize_with_clauses(
    backend: str,
    level: Words = (),
    chapter: Words = (),
    mode: Words = (),
    device: Words = (),
    deviations: Union[str, os.PathLike[str], None] = None,
) -> Any:
    """Run a test once for each case of the standard, which it receives as its argument `clause`.

    The test calls its argument. A promise that is kept passes and one that is broken fails, with
    the text that `tapecheck run` prints; what the implementation declares to lack is skipped; a
    known deviation is an expected failure, and one that is gone a failure. pytest needs neither
    options nor plugins. Everything runs in the process of the test: a crash is not contained.

    Args:
        backend: a name, or ``package.module[:attribute]``.
        level: ``must``, ``should`` or ``observed``, or several of them; all by default.
        chapter: a chapter of the standard, or several; all by default.
        mode: ``eager``, ``function`` or ``jit``, or several of them; all by default.
        device: such as ``CPU:0``, or several; all by default.
        deviations: the file of known deviations.

    Returns:
        A decorator, and a mark for ``pytestmark``.

    Raises:
        TapecheckError: where the backend cannot be had, or something asked for does not exist.
    """
    import pytest

    from tapecheck.case import Suite
    from tapecheck.sampling import DEFAULT

    suite = Suite(
        argparse.Namespace(
            backend=backend,
            level=[one.lower() for one in _words(level)],
            mode=_words(mode),
            device=_words(device),
            deviations=os.fspath(deviations) if deviations is not None else None,
            profile=DEFAULT,
            seed=0,
            shuffle=None,
        )
    )
    suite.set_up()
    checks = [
        Check(suite, entry, mode, device)
        for entry in _entries(_words(chapter))
        for mode in entry.clause.modes
        if suite.asks(entry.clause, mode)
        for device in suite.devices
    ]
    return pytest.mark.parametrize("clause", checks, ids=str)


class Check:
    """One case, to be called within a test of pytest."""

    def __init__(self, suite: Suite, entry: Entry, mode: str, device: str) -> None:
        self._suite = suite
        self._entry = entry
        self._mode = mode
        self._device = device

    def __str__(self) -> str:
        return "-".join([self._entry.clause.id, self._mode, self._device])

    __repr__ = __str__

    def __call__(self) -> None:
        """Run the case, and pass, fail, skip or fail as expected, by its verdict."""
        import pytest

        from tapecheck import results
        from tapecheck.case import CaseRun

        __tracebackhide__ = True
        case = CaseRun(
            self._suite, self._entry.clause, self._mode, self._device, self._entry.chapter.path
        )
        self._judge(case)
        if case.verdict in results.BREAKING:
            pytest.fail(case.message, pytrace=False)
        if case.verdict == results.DEVIATION:
            pytest.xfail(case.details["reason"])
        if case.verdict != results.PASS:
            pytest.skip(case.message)

    def _judge(self, case: CaseRun) -> None:
        try:
            if case.inapplicable():
                return
            with self._suite.backend.device(self._device):
                self._entry.function(**self._arguments(case))
        except Exception as error:
            case.failed(error)
        else:
            case.passed()

    def _arguments(self, case: CaseRun) -> Any:
        """What the clause asks for by the names of its parameters."""
        from tapecheck.case import Program

        code = self._entry.function.__code__
        makers: Any = {
            "tf": lambda: self._suite.backend.namespace,
            "run": lambda: Program(case),
            "devices": lambda: self._suite.several_devices(case),
        }
        return {name: makers[name]() for name in code.co_varnames[: code.co_argcount]}


def _words(words: Words) -> List[str]:
    return [words] if isinstance(words, str) else list(words)


def _entries(chapters: List[str]) -> List[Entry]:
    from tapecheck.errors import UsageError
    from tapecheck.standard import load_standard

    standard = load_standard()
    known = [one.name for one in standard.chapters]
    for name in chapters:
        if name not in known:
            raise UsageError("no chapter {!r}, there are {}".format(name, ", ".join(known)))
    return [
        entry
        for entry in standard.entries.values()
        if not chapters or entry.clause.chapter in chapters
    ]
