"""One case: a clause in a mode on a device, and how it comes to its verdict."""

from __future__ import annotations

import argparse
import datetime
import functools
import platform
import re
import sys
from pathlib import Path
from typing import Any, Callable, Collection, Dict, List, Optional, Sequence, Tuple

from packaging.version import Version

import tapecheck
from tapecheck import diagnosis, results
from tapecheck.backends import Backend, load
from tapecheck.behaviours import Behaviours
from tapecheck.behaviours import load as load_behaviours
from tapecheck.capabilities import CAPABILITIES, HARDWARE, refusal
from tapecheck.clause import OBSERVED, Clause
from tapecheck.deviations import Deviation, read_deviations, shipped_file
from tapecheck.errors import Crashed, Meddled, UsageError
from tapecheck.measuring import Measured
from tapecheck.modes import EAGER, MODE_NEEDS, MODES
from tapecheck.sampling import DEFAULT, DEFAULT_SEED, shows_deviations
from tapecheck.standard import SPEC

_NAMED = (
    "mode",
    "device",
    "level",
    "deviations",
    "keyword",
    "isolate",
    "repeat_failures",
    "shard",
    "younger",
)
"""The options that a header names as they were given."""


_LONGEST_ANYWAY = 200
"""Characters that are kept of what came of a clause that was asked before its time."""


class Suite:
    """What all cases of a run share: the backend, its deviations, what was asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._backend: Optional[Backend] = None
        self._refusals: Dict[Tuple[str, str], Optional[str]] = {}
        self._behaviours: Optional[Behaviours] = None
        self._devices: Optional[List[str]] = None
        self._visible: Optional[List[str]] = None
        self.deviations: List[Deviation] = []
        self.introduced = False
        self.started = datetime.datetime.now(datetime.timezone.utc)

    @property
    def backend(self) -> Backend:
        if self._backend is None:
            raise RuntimeError("the suite was not set up")
        return self._backend

    def set_up(self, devices_of: Optional[Callable[[Backend], List[List[str]]]] = None) -> None:
        """Load the backend and its deviations, once.

        Args:
            devices_of: finds the devices of a backend and all that are visible, if the backend
                itself is not to be asked in this process.

        Raises:
            TapecheckError: what the user asked for cannot be had.
        """
        if self._backend is not None:
            return
        backend = load(self._options.backend)
        self._read_deviations(backend)
        if devices_of is not None:
            self._devices, self._visible = devices_of(backend)
        else:
            self._devices, self._visible = backend.devices(), backend.all_devices()
        _check_devices(backend, self._visible)
        for device in [*(self._options.device or []), *self._devices]:
            if device not in self._visible:
                raise UsageError(
                    "no device {!r}, visible are {}".format(device, ", ".join(self._visible))
                )
        _check_declaration(backend)
        self._backend = backend

    @property
    def visible_devices(self) -> List[str]:
        """All devices, those included that only stand in where a clause needs two."""
        if self._visible is None:
            self._visible = self.backend.all_devices()
        return self._visible

    @property
    def known(self) -> bool:
        """Whether the backend is set up, here or, as far as `stand_in` goes, elsewhere."""
        return self._backend is not None

    def stand_in(self, name: str, version: str) -> None:
        """Know the backend by name and version only, in a process that does not run it."""
        if self._backend is None:
            backend = Backend(name, namespace=None, version=version)
            self._read_deviations(backend)
            self._backend = backend

    def _read_deviations(self, backend: Backend) -> None:
        path = self._options.deviations
        source = Path(path) if path else shipped_file(backend.name)
        self.deviations = read_deviations(source) if source else []

    @property
    def asked_for(self) -> str:
        """The backend as the user names it."""
        return getattr(self._options, "backend", self.backend.name)

    @property
    def asks_younger(self) -> bool:
        """Whether clauses are asked that the backend is too old for, to learn what comes of it."""
        return getattr(self._options, "younger", False)

    @property
    def seed(self) -> int:
        """What decides all that the suites draw at random."""
        return getattr(self._options, "seed", DEFAULT_SEED)

    def shows_deviations(self, suite: str) -> bool:
        """Whether known deviations of a suite show in what is drawn."""
        profile = getattr(self._options, "profile", DEFAULT)
        return shows_deviations(suite, self.seed, profile)

    @property
    def devices(self) -> List[str]:
        """Where clauses run."""
        if self._devices is None:
            self._devices = self.backend.devices()
        return self._options.device or self._devices

    def asks(self, clause: Clause, mode: str) -> bool:
        """Whether the clause is asked of this backend in this mode at all."""
        levels, modes = self._options.level, self._options.mode
        if levels and clause.level.lower() not in levels:
            return False
        if modes and mode not in modes:
            return False
        return clause.level != OBSERVED or self.backend.tensorflow_version is not None

    def refusal(self, capability: str, mode: str = EAGER) -> Optional[str]:
        """How the backend refuses a capability in a mode, or None where it works; asked once."""
        key = (capability, mode)
        if key not in self._refusals:
            compiled = functools.partial(self.backend.compile, mode=mode)
            self._refusals[key] = refusal(capability, self.backend.namespace, compiled)
        return self._refusals[key]

    def documented(self, clause: Clause) -> List[str]:
        """Where the promise of a clause is documented."""
        if self._behaviours is None:
            self._behaviours = load_behaviours()
        return [
            "{}: {}".format(name, self._behaviours[name].citation())
            for name in clause.covers
            if name in self._behaviours
        ]

    def several_devices(self, case: CaseRun) -> List[str]:
        """As many devices as the clause needs, that of the case first."""
        others = [name for name in self.visible_devices if name != case.device]
        return [case.device, *others[: case.clause.devices - 1]]

    def header(self) -> results.Record:
        """The header of the result file."""
        options = {
            name: getattr(self._options, name)
            for name in _NAMED
            if getattr(self._options, name, None)
        }
        options.update(chosen_parts(self._options.file_or_dir or []))
        if self._options.profile != DEFAULT:
            options["profile"] = self._options.profile
        seeds = {"seed": self.seed}
        if self._options.shuffle is not None:
            seeds["shuffle"] = self._options.shuffle
        return {
            "suite_version": tapecheck.__version__,
            "backend": self.backend.name,
            "version": self.backend.version,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": _versions(),
            "devices": self.devices,
            "lacks": sorted(self.backend.lacks),
            "lack_reasons": results.storable(dict(sorted(self.backend.reasons.items()))),
            "lacks_in": {mode: sorted(names) for mode, names in self.backend.lacks_in.items()},
            "seeds": seeds,
            "options": options,
            "started": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class CaseRun:
    """A case on its way to a verdict."""

    def __init__(self, suite: Suite, clause: Clause, mode: str, device: str, path: Path) -> None:
        self.suite = suite
        self.clause = clause
        self.mode = mode
        self.device = device
        self.folder = path.parent.name
        self.seconds = 0.0
        self.verdict = results.ERROR
        self.message = ""
        self.details: Dict[str, Any] = {}
        self.measured = Measured()

    @property
    def key(self) -> results.Key:
        return (self.folder, self.clause.id, self.mode, self.device)

    def inapplicable(self) -> str:
        """Why the clause is not run, with the verdict set accordingly; empty where it is run.

        Raises:
            AssertionError: the backend declares to lack something that works.
        """
        if self.younger and not self.suite.asks_younger:
            self._too_young()
            return self.message
        self.message = self._absent()
        if self.message:
            self.not_applicable(self.message)
        else:
            self._find_lacks()
        return self.message

    @property
    def younger(self) -> bool:
        """Whether the clause asks for something that came after the version under test."""
        version, since = self.suite.backend.tensorflow_version, self.clause.since
        if since is None or version is None:
            return False
        return Version(version).release < Version(since).release

    def _too_young(self, came: str = "") -> None:
        """Not applicable, whatever came of it where it was asked nevertheless."""
        actual = self.details.get("actual", "")
        self.not_applicable("since version {} only".format(self.clause.since))
        self.details = {"asked_anyway": came} if came else {}
        if actual:
            self.details["actual"] = actual.partition("\n")[0][:_LONGEST_ANYWAY]

    def not_applicable(self, reason: str) -> None:
        """Something that the clause needs, and that is none of the backend's, is not there."""
        self.verdict = results.NOT_APPLICABLE
        self.message = reason

    def passed(self) -> None:
        if self.younger:
            self._too_young(results.PASS)
            return
        deviation = self._deviation()
        if deviation is None or not self.suite.shows_deviations(self.folder):
            self.verdict = results.PASS
            return
        self.verdict = results.FIXED
        self.details = {"listed": deviation.reason, "link": deviation.link}
        self._explain("passes, though it is listed as a deviation")

    def failed(self, error: BaseException) -> None:
        broken = isinstance(error, AssertionError)
        self.verdict = results.FAIL if broken else results.ERROR
        command = diagnosis.reproduce(
            self.clause, self.suite.asked_for, self.mode, self.folder, self.suite.seed
        )
        self.details = diagnosis.details(error, self.suite.documented(self.clause), command)
        undeclared = self._undeclared(error)
        if undeclared:
            self.details["undeclared"] = undeclared
        problem = "breaks a {}".format(self.clause.level) if broken else "unexpected exception"
        self._explain(problem)
        if self.younger:
            self._too_young(self.verdict)
            return
        deviation = self._deviation()
        if deviation is None:
            return
        if deviation.explains(self.verdict, self.message):
            self.verdict = results.DEVIATION
            self.details["reason"] = deviation.reason
            self.details["link"] = deviation.link
        else:
            self.details["listed"] = "a deviation, but as {} with {!r}".format(
                deviation.verdict, deviation.message
            )
            self._explain(problem)

    def result(self) -> results.Case:
        return results.Case(
            suite=self.folder,
            clause=self.clause.id,
            level=self.clause.level,
            mode=self.mode,
            device=self.device,
            verdict=self.verdict,
            seconds=round(self.seconds, 6),
            message=self.message,
            details=self.details,
            measured=self.measured.record(),
        )

    def _absent(self) -> str:
        """What of the machine the clause needs and is not there; empty where nothing is missing."""
        visible = self.suite.visible_devices
        kinds = {name.partition(":")[0] for name in visible}
        for name in sorted(self.clause.needs & set(HARDWARE)):
            if HARDWARE[name] not in kinds:
                return "no {} is visible".format(HARDWARE[name])
        if len(visible) < self.clause.devices:
            return "needs {} devices".format(self.clause.devices)
        return ""

    def _find_lacks(self) -> None:
        """Set the verdict where the backend lacks what the clause needs.

        A lack in one mode is looked into only where the mode itself is not lacking.
        """
        backend, needs = self.suite.backend, set(self.clause.needs)
        mode_needs = MODE_NEEDS[self.mode] or ""
        lacks = sorted((needs | {mode_needs}) & backend.lacks)
        lacks_here = sorted(needs & backend.lacks_in.get(self.mode, frozenset()) - backend.lacks)
        for name in lacks:
            if self.suite.refusal(name) is None:
                raise AssertionError("{!r} is declared as lacking, but it works".format(name))
        if mode_needs in lacks:
            lacks_here = []
        for name in lacks_here:
            if self.suite.refusal(name, self.mode) is None:
                raise AssertionError(
                    "{!r} is declared as lacking in mode {}, but it works".format(name, self.mode)
                )
        told = [*lacks, *("{} in mode {}".format(name, self.mode) for name in lacks_here)]
        if told:
            self.verdict = results.UNSUPPORTED
            self.details = {"lacks": [*lacks, *lacks_here]}
            self.message = "the backend declares to lack {}".format(", ".join(told))

    def _undeclared(self, error: BaseException) -> List[str]:
        """What the clause needs and the backend refuses, though it does not declare to lack it.

        Only an exception of the implementation raises that question, a wrong value does not.
        """
        backend = self.suite.backend
        raised = error.__cause__ if isinstance(error, AssertionError) else error
        if raised is None or isinstance(raised, (Crashed, Meddled, TimeoutError)):
            return []
        if backend.namespace is None:
            return []
        found = []
        for name in sorted({*self.clause.needs, MODE_NEEDS[self.mode] or ""} & set(CAPABILITIES)):
            refused = self.suite.refusal(name)
            if refused is not None:
                found.append("{}: {}".format(name, refused))
            elif name in self.clause.needs:
                refused = self.suite.refusal(name, self.mode)
                if refused is not None:
                    found.append("{} in mode {}: {}".format(name, self.mode, refused))
        return found

    def _deviation(self) -> Optional[Deviation]:
        backend = self.suite.backend
        for deviation in self.suite.deviations:
            if deviation.concerns(self.clause.id, self.mode, self.device, backend.version):
                return deviation
        return None

    def _explain(self, problem: str) -> None:
        first = diagnosis.headline(self.clause, self.mode, self.device, problem)
        self.message = diagnosis.text(first, self.details)


class Program:
    """What a clause receives as `run`."""

    def __init__(self, case: CaseRun) -> None:
        self._case = case
        self.mode = case.mode

    def __repr__(self) -> str:
        return "run"

    def __call__(self, program: Callable[..., Any], *arguments: Any) -> Any:
        """The result of the program on the arguments, in the mode of the case."""
        return self.compiled(program)(*arguments)

    def compiled(self, program: Callable[..., Any]) -> Callable[..., Any]:
        """The program as the mode of the case executes it, to be called many times."""
        return self._case.suite.backend.compile(program, self.mode)


def _check_devices(backend: Backend, devices: Collection[str]) -> None:
    """Refuse names of devices that could not stand in the id of a case, and to have none.

    Raises:
        UsageError: naming one of them, or that there is none.
    """
    if not devices:
        raise UsageError("backend {!r} names no device".format(backend.name))
    for name in devices:
        if not re.match(r"[A-Za-z_]\w*:\d+\Z", name):
            raise UsageError(
                "backend {!r} names a device {!r}, must be such as CPU:0".format(backend.name, name)
            )


def _check_declaration(backend: Backend) -> None:
    """Refuse a declaration of lacks that speaks of what there is not.

    Raises:
        UsageError: naming the first of it.
    """
    who = "backend {!r} declares to lack".format(backend.name)
    for mode in backend.lacks_in:
        if mode not in MODES:
            raise UsageError("{} something in mode {!r}, which is no mode".format(who, mode))
    for name in sorted(map(str, backend.lacks.union(*backend.lacks_in.values()))):
        if name not in CAPABILITIES:
            raise UsageError("{} {!r}, which is no capability".format(who, name))


def chosen_parts(places: Sequence[str]) -> Dict[str, List[str]]:
    """The suites, where it is not the standard alone, and the chapters that the places name."""
    paths = [Path(place.partition("::")[0]) for place in places]
    files = [path for path in paths if path.suffix == ".py"]
    suites = {path.parent.name if path in files else path.name for path in paths}
    chosen = {}
    if suites - {SPEC}:
        chosen["suite"] = sorted(suites)
    if files:
        chosen["chapter"] = [file.stem for file in files]
    return chosen


def _versions() -> Dict[str, str]:
    """Versions of what lies beside the implementation and may change its answers."""
    names = ("numpy", "keras", "jax", "torch", "mlx", "pytest")
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    return {name: str(version) for name, version in loaded.items() if version}
