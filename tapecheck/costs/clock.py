"""Times of programs that are measured in turn, so that what the machine does else cancels out.

The statistics are those of pytest-benchmark. Its fixture cannot be used for this: it measures one
function a test, in rounds that follow each other, while a ratio asks for rounds that alternate; and
it is switched off in the processes of pytest-xdist, in which ``tapecheck run`` runs every case.

On a processor it is the time of the processor, of all threads of this process, that counts: on a
busy machine a program waits for its turn, but does not compute for longer.
"""

from __future__ import annotations

import contextlib
import gc
import math
import time
from typing import Any, Callable, ContextManager, Dict, Iterator, List, NamedTuple, Sequence

import numpy as np

from tapecheck.checks import Broken
from tapecheck.costs.leftovers import without_garbage_collector
from tapecheck.measuring import Measured

Clock = Callable[[], float]
Program = Callable[..., Any]
Stopwatch = Callable[[str], ContextManager[None]]

_FINE = 1e-6
_LEAST_SIZES = 4


class Growth(NamedTuple):
    """Costs of programs of several sizes.

    Attributes:
        sizes: in ascending order.
        costs: of each size, positive.
    """

    sizes: Sequence[int]
    costs: Sequence[float]

    def exponent(self, smallest: int = 1) -> float:
        """The power of the size that the costs grow by: 1 where they are proportional, 2 where
        they are quadratic. It is the slope of the line of least squares through their logarithms.

        Args:
            smallest: the smallest size that counts; below it, costs that do not grow prevail.
        """
        points = [point for point in zip(self.sizes, self.costs) if point[0] >= smallest]
        sizes, costs = zip(*points)
        return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


class Costs:
    """What clauses on costs measure with, in the mode and on the device of their case.

    Args:
        compile: makes of a program what the mode of the case executes.
        measured: keeps what is found.
        device: where it is computed, such as ``CPU:0``.
        seconds: how long programs are measured side by side, but for five rounds at least.
    """

    def __init__(
        self,
        compile: Callable[[Program], Program],
        measured: Measured,
        device: str = "CPU:0",
        seconds: float = 0.6,
    ) -> None:
        self._compile = compile
        self._measured = measured
        self._seconds = seconds
        self._clock = _clock_for(device)

    def prepared(self, program: Program, *arguments: Any) -> Callable[[], Any]:
        """The program on its arguments, traced and warmed up: it is called to be timed.

        It returns what `program` does, once every tensor of that is computed.
        """
        compiled = self._compile(program)

        def compute() -> Any:
            return _computed(compiled(*arguments))

        compute()
        return compute

    def rounds(self, times: Dict[str, Any], least: int = 5, most: int = 25) -> Iterator[Stopwatch]:
        """Stopwatches, one for each round of a measurement.

        ``with stopwatch(name): ...`` times a block; there may be several in a round, each under a
        name of its own. The garbage collector runs between the rounds only.

        Args:
            times: filled with the statistics of each name, in seconds: ``times[name].min``.
            least: as many rounds there are, however long they take.
            most: no more rounds than this.
        """
        from pytest_benchmark import stats

        new_statistics: Any = stats.Stats

        @contextlib.contextmanager
        def stopwatch(name: str) -> Iterator[None]:
            began = self._clock()
            yield
            durations.setdefault(name, []).append(self._clock() - began)

        durations: Dict[str, List[float]] = {}
        end = time.perf_counter() + self._seconds
        with without_garbage_collector():
            for number in range(most):
                if number >= least and time.perf_counter() > end:
                    break
                gc.collect()
                yield stopwatch
        for name, ones in durations.items():
            times[name] = new_statistics()
            for duration in ones:
                times[name].update(duration)

    def side_by_side(self, **programs: Callable[[], Any]) -> Dict[str, float]:
        """The time that each of several programs takes, by name, in seconds.

        They take turns; of each it is the shortest time that counts, since whatever disturbs a
        measurement adds to it. Programs that are very short run several times in a turn.
        """
        again = {name: self._repetitions(program) for name, program in programs.items()}
        times: Dict[str, Any] = {}
        for stopwatch in self.rounds(times):
            for name, program in programs.items():
                with stopwatch(name):
                    for _ in range(again[name]):
                        program()
        return {name: times[name].min / again[name] for name in programs}

    def _repetitions(self, program: Callable[[], Any], seconds: float = 0.002) -> int:
        began = self._clock()
        program()
        return max(1, math.ceil(seconds / max(self._clock() - began, 1e-7)))

    def by_size(
        self,
        sizes: Sequence[int],
        work: Callable[[int, Stopwatch], Any],
        seconds: float = 20.0,
    ) -> Dict[str, Growth]:
        """What work of growing size takes, in seconds, by the names that it times its parts by.

        Args:
            sizes: in ascending order.
            work: does all that there is to do for one size, and times parts of it.
            seconds: a size is left out, and all larger ones, that would take longer than this.

        Returns:
            The growth of each part, over the first four sizes at least.
        """
        growths: Dict[str, Dict[int, float]] = {}
        for place, size in enumerate(sizes):
            times: Dict[str, Any] = {}
            began, rounds = time.perf_counter(), 0
            for stopwatch in self.rounds(times, least=1, most=5):
                work(size, stopwatch)
                rounds += 1
            for name, found in times.items():
                growths.setdefault(name, {})[size] = found.min
            took = (time.perf_counter() - began) / rounds
            following = sizes[place + 1 : place + 2]
            enough = place + 1 >= _LEAST_SIZES
            if enough and following and took * following[0] / size > seconds:
                break
        return {name: Growth(list(one), list(one.values())) for name, one in growths.items()}

    def keep(self, name: str, value: float, unit: str = "") -> None:
        """Keep a number that is worth knowing, whatever it is."""
        self._measured.value(name, value, unit)

    def draw(self, name: str, growth: Growth, x_label: str, y_label: str) -> None:
        """Keep a growth as a curve of the report."""
        self._measured.series(name, growth.sizes, growth.costs, x_label, y_label)

    def at_most(self, name: str, value: float, bound: float, unit: str = "") -> None:
        """Keep a number, and demand that it is not above a bound.

        Raises:
            Broken: it is.
        """
        self._measured.value(name, value, unit)
        self._measured.value(name + LIMIT, bound, unit)
        if not value <= bound:
            raise Broken(
                "{}: at most {:g} {}".format(name, bound, unit).rstrip(),
                "{:.4g} {}".format(value, unit).rstrip(),
            )


LIMIT = ", at most"
"""Ends the name of the number that is the bound of another."""


def _clock_for(device: str) -> Clock:
    """The time that programs take on a device: of an accelerator only the wall clock knows."""
    on_processor = device.partition(":")[0] == "CPU"
    fine = time.get_clock_info("process_time").resolution <= _FINE
    return time.process_time if on_processor and fine else time.perf_counter


def _computed(result: Any) -> Any:
    """The result, once its tensors are computed: libraries may put that off until it is seen."""
    for leaf in result if isinstance(result, (list, tuple)) else [result]:
        if leaf is not None:
            np.asarray(leaf)
    return result
