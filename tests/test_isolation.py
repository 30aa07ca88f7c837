"""Each case in a process of its own: forks, the search for a culprit, and whole runs."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Set

import pytest

from tapecheck import results
from tapecheck.errors import Crashed
from tapecheck.isolation import culprit, forked
from tests.test_cli_run import Ended, run

LEAKING = """
    from tapecheck.tapes import numpy as honest

    __tapecheck__ = dict(honest.__tapecheck__, name="leaking", version="1.0")

    def __getattr__(name):
        return getattr(honest, name)

    class GradientTape(honest.GradientTape):
        # A tape that refuses an answer leaves its cotangent behind, and the next ones add it.
        cotangents = {}

        def gradient(self, target, sources, **options):
            try:
                found = super().gradient(target, sources, **options)
            except RuntimeError:
                self.cotangents[self.named(target)] = 1.0
                raise
            left = self.cotangents.get(self.named(target))
            return found if left is None or found is None else found + left

        def named(self, target):
            return getattr(target, "dtype", None), getattr(target, "shape", None)
"""
HEAD = LEAKING[: LEAKING.index("class")]
HIDING = (
    HEAD.replace("leaking", "hiding")
    + """
    class GradientTape(honest.GradientTape):
        ready = []

        def gradient(self, target, sources, **options):
            if self._persistent_already():
                return super().gradient(target, sources, **options)
            raise ValueError("not ready")

        def _persistent_already(self):
            ready = list(self.ready)
            self.ready.append(self)
            return ready
"""
)
THREADED = (
    HEAD.replace("leaking", "threaded")
    + """
    import os

    # Stands in for a library that computed when it was imported: its threads are gone in a fork.
    importer = os.getpid()

    def constant(*arguments, **options):
        if os.getpid() != importer:
            os.abort()
        return honest.constant(*arguments, **options)

    GradientTape = honest.GradientTape
"""
)
DYING = (
    HEAD.replace("leaking", "dying")
    + """
    import os, time

    importer = os.getpid()

    class GradientTape(honest.GradientTape):
        def gradient(self, *arguments, **options):
            if os.getpid() != importer and "answers_twice" in os.environ["PYTEST_CURRENT_TEST"]:
                DEATH
            return super().gradient(*arguments, **options)
"""
)
PERSISTENCE = ["--chapter", "persistence", "--mode", "eager"]
FIRST, SECOND = "persistence.a_tape_answers_once", "persistence.a_persistent_tape_answers_twice"
TWO = [*PERSISTENCE, "-k", "test_a_tape_answers_once or test_a_persistent_tape_answers_twice"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("user")
    tapes = {"leaking": LEAKING, "hiding": HIDING, "threaded": THREADED}
    tapes["crashing_alone"] = DYING.replace("DEATH", "os.abort()")
    tapes["hanging_alone"] = DYING.replace("DEATH", "time.sleep(60)")
    for name, code in tapes.items():
        (place / (name + ".py")).write_text(textwrap.dedent(code), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def leaking(folder: Path) -> Ended:
    return run(folder, "leaking", *PERSISTENCE, "--isolate", "--out", "leaking")


@pytest.fixture(scope="module")
def leaks(folder: Path, leaking: Ended) -> Dict[str, results.Leak]:
    found = results.read(folder / "leaking").leaks
    assert found is not None
    return {leak.clause: leak for leak in found}


def test_a_leak_is_named_from_which_case_to_which(leaks: Dict[str, results.Leak]) -> None:
    leak = leaks[SECOND]
    assert (leak.together, leak.alone) == ("fail", "pass")
    assert leak.culprit == ("spec", FIRST, "eager", "CPU:0")
    assert leak.replayed


def test_a_case_that_nothing_reaches_is_no_leak(leaks: Dict[str, results.Leak]) -> None:
    assert FIRST not in leaks
    assert "persistence.an_unused_tape_releases_what_was_recorded" not in leaks


def test_the_case_from_which_a_leak_comes_is_the_last_that_brings_it_about(
    leaks: Dict[str, results.Leak],
) -> None:
    culprit = leaks["persistence.a_persistent_tape_is_asked_in_any_order"].culprit
    assert culprit is not None
    assert culprit[1] == "persistence.after_a_batch_jacobian_nothing_is_answered"


def test_the_summary_says_that_state_leaks(leaking: Ended) -> None:
    assert leaking.code == 1
    lines = leaking.out.strip().split("\n")
    place = lines.index("State  it leaks state from case to case")
    assert lines[place + 1] == "  after {} [eager CPU:0]".format(FIRST)
    assert "    fail, alone pass  {} [eager CPU:0]".format(SECOND) in lines[place + 2 : place + 5]
    assert lines[-1].endswith(" of 16 cases, and it leaks state from case to case")


def test_the_verdicts_of_a_run_are_those_of_the_cases_together(
    folder: Path, leaks: Dict[str, results.Leak]
) -> None:
    read = results.read(folder / "leaking")
    verdicts = {case.clause: case.verdict for case in read.cases}
    assert {clause: verdicts[clause] for clause in leaks} == {
        clause: leak.together for clause, leak in leaks.items()
    }
    assert read.complete
    assert read.header["options"]["isolate"] is True


def test_an_implementation_that_fails_only_alone_does_not_conform(folder: Path) -> None:
    ended = run(folder, "hiding", *PERSISTENCE, "--isolate", "--shuffle", "3", "--out", "hiding")
    assert ended.code == 1
    found = results.read(folder / "hiding")
    assert found.leaks
    [leak] = [leak for leak in found.leaks if leak.clause == SECOND]
    assert (leak.together, leak.alone) == ("pass", "error")
    assert "not ready" in leak.message
    assert leak.culprit is not None


@pytest.mark.parametrize(
    ("name", "said"),
    [("crashing_alone", "it crashed"), ("hanging_alone", "ran into the time limit of 2 s")],
)
def test_a_case_that_does_not_come_back_alone_costs_its_verdict_only(
    folder: Path, name: str, said: str
) -> None:
    ended = run(folder, name, *TWO, "--isolate", "--timeout", "2", "--out", name)
    assert ended.code == 1
    found = results.read(folder / name)
    assert found.complete
    assert found.leaks is not None
    [leak] = found.leaks
    assert (leak.clause, leak.together, leak.alone) == (SECOND, "pass", "error")
    assert (leak.culprit, leak.replayed) == (None, False)
    assert said in leak.message
    assert ended.out.strip().endswith("does not conform: cases with another verdict alone: 1")


def test_an_implementation_without_state_has_the_same_verdicts_alone(folder: Path) -> None:
    ended = run(folder, "numpy", *TWO, "--isolate", "--out", "numpy")
    assert ended.code == 0
    assert "State  each case has the same verdict alone" in ended.out
    assert results.read(folder / "numpy").leaks == ()


def test_where_nothing_is_supported_there_is_nothing_to_isolate(folder: Path) -> None:
    ended = run(folder, "numpy", "--chapter", "keras", "--isolate", "--out", "nothing")
    assert ended.code == 3
    assert ": nothing was checked, " in ended.out
    assert results.read(folder / "nothing").complete


def test_without_isolation_nothing_is_said_of_state(folder: Path) -> None:
    ended = run(folder, "leaking", *TWO, "--out", "together")
    assert "state" not in ended.out
    assert results.read(folder / "together").leaks is None


def test_what_cannot_be_forked_ends_with_one_line_and_incomplete_results(folder: Path) -> None:
    ended = run(folder, "threaded", *TWO, "--isolate", "--out", "threaded")
    assert ended.code == 3
    assert "backend 'threaded' cannot be isolated: a process forked" in ended.said[-1]
    read = results.read(folder / "threaded")
    assert len(read.cases) == 2
    assert not read.complete


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_seed_decides_a_random_order_which_is_recorded(folder: Path, workers: str) -> None:
    orders: List[List[str]] = []
    for seed in ("5", "5", "6"):
        options = ["--shuffle", seed, "-n", workers, "--out", "shuffled"]
        assert run(folder, "numpy", *PERSISTENCE, *options).code == 0
        read = results.read(folder / "shuffled")
        assert read.header["seeds"]["shuffle"] == int(seed)
        orders.append([case.clause for case in read.cases if case.worker == "gw0"])
    assert sorted(orders[0]) != orders[0]
    if workers == "1":
        assert orders[0] == orders[1] != orders[2]
        assert sorted(orders[0]) == sorted(orders[2])


def test_without_a_seed_the_order_is_another_each_time(folder: Path) -> None:
    seeds = set()
    for _ in range(2):
        run(folder, "numpy", *TWO, "--shuffle", "--out", "any")
        seeds.add(results.read(folder / "any").header["seeds"]["shuffle"])
    assert len(seeds) == 2


def test_a_fork_answers() -> None:
    assert forked(lambda: {"pid": os.getpid()})["pid"] != os.getpid()
    assert len(forked(lambda: "x" * 1000000)) == 1000000


def _leave_a_process_behind() -> str:
    if not os.fork():
        time.sleep(5)
        os._exit(0)
    return "done"


def test_a_fork_answers_though_a_process_that_it_started_goes_on() -> None:
    began = time.monotonic()
    assert forked(_leave_a_process_behind) == "done"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "work",
    [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0), sys.exit, object, int.mro],
)
def test_a_fork_that_does_not_answer_has_crashed(
    work: Callable[[], object], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Crashed):
        forked(work)


def test_a_fork_that_hangs_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(Crashed):
        forked(lambda: time.sleep(60), seconds=0.2)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("guilty", "found"),
    [
        ([{7}], 7),
        ([{0}], 0),
        ([{99}], 99),
        ([{3}, {60}], 60),
        ([{3, 4}], None),
        ([{3, 60}], None),
    ],
)
def test_the_culprit_is_the_last_that_suffices(
    guilty: List[Set[int]], found: Optional[int]
) -> None:
    asked: List[int] = []

    def shows(places: Sequence[int]) -> bool:
        asked.append(len(places))
        return any(group <= set(places) for group in guilty)

    assert culprit(range(100), shows) == found
    assert sum(asked) <= 2 * 100


def test_where_nothing_ran_before_there_is_no_culprit() -> None:
    assert culprit([], lambda places: True) is None
