"""The result of a run: one JSON Lines file, written as the run goes.

A header, one record a case, a footer. A file without its footer is incomplete. The shape of each
record is given by ``schemas/results.json``; a line that does not fit is refused by its number.
"""

from __future__ import annotations

import collections
import functools
import json
import os
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from tapecheck.errors import DataError, UsageError
from tapecheck.textfile import read_text

FILE_NAME = "results.jsonl"
FORMAT = 1

PASS = "pass"
FAIL = "fail"
ERROR = "error"
UNSUPPORTED = "unsupported"
DEVIATION = "deviation"
FIXED = "fixed"
NOT_APPLICABLE = "not-applicable"

VERDICTS: Tuple[str, ...] = (
    PASS,
    FAIL,
    ERROR,
    FIXED,
    DEVIATION,
    UNSUPPORTED,
    NOT_APPLICABLE,
)
"""Every verdict, in the order in which reports show them."""

BREAKING = frozenset([FAIL, ERROR, FIXED])
"""The verdicts with which an implementation does not conform."""

ASKED = frozenset(VERDICTS) - {UNSUPPORTED, NOT_APPLICABLE}
"""The verdicts of cases whose code ran."""

LONGEST_TEXT = 20000
"""Characters of one text of an implementation that are kept."""

Record = Dict[str, Any]
Key = Tuple[str, str, str, str]
"""What identifies a case across runs: suite, clause, mode, device."""

PathLike = Union[str, "os.PathLike[str]"]


class Case(NamedTuple):
    """One clause x mode x device and its verdict.

    Attributes:
        suite: ``spec``, or the folder under ``suites``.
        message: the text of a verdict other than pass; its first line says which promise it is.
        details: what diagnosis needs, by name: expected, actual, difference, documented,
            reproduce, reason, link, lacks, traceback.
        worker: the process that ran it, after all cases of that worker which stand before it in
            the file; empty where there is but one.
        measured: numbers under ``values`` and curves under ``series``, each by name, as
            `tapecheck.measuring.Measured` tells them.
        repeated: the verdict when it ran once more at once; empty where it did not.
        reproducer: ``verified``; where that is true a ``script`` that fails in the same way
            without this suite, otherwise ``why`` there is none. Empty where none was asked for.
    """

    suite: str
    clause: str
    level: str
    mode: str
    device: str
    verdict: str
    seconds: float
    message: str = ""
    details: Mapping[str, Any] = MappingProxyType({})
    worker: str = ""
    measured: Mapping[str, Any] = MappingProxyType({})
    repeated: str = ""
    reproducer: Mapping[str, Any] = MappingProxyType({})

    @property
    def flaky(self) -> bool:
        """Whether it had another verdict when it ran once more at once."""
        return self.repeated not in ("", self.verdict)

    @property
    def key(self) -> Key:
        return (self.suite, self.clause, self.mode, self.device)

    @property
    def chapter(self) -> str:
        return self.clause.split(".", 1)[0]

    def record(self) -> Record:
        """The case as a line of the file, without what is empty."""
        fields = {"kind": "case", **self._asdict()}
        return {name: value for name, value in fields.items() if value not in ("", {})}


class Leak(NamedTuple):
    """A case whose verdict depends on what ran before it.

    Attributes:
        together: its verdict after the other cases of its worker.
        alone: its verdict in a process of its own.
        culprit: the case that brings about the first verdict when it alone runs before; None
            where no single case does.
        replayed: whether all that ran before it brings about the first verdict again.
        message: the text of the verdict alone, where it is not a pass.
    """

    suite: str
    clause: str
    mode: str
    device: str
    together: str
    alone: str
    culprit: Optional[Key]
    replayed: bool
    message: str = ""

    @property
    def key(self) -> Key:
        return (self.suite, self.clause, self.mode, self.device)

    def record(self) -> Record:
        """The leak as a line of the file."""
        fields: Record = {"kind": "leak", **self._asdict()}
        fields["culprit"] = dict(zip(_KEY, self.culprit)) if self.culprit else None
        return {name: value for name, value in fields.items() if value != ""}


_KEY = ("suite", "clause", "mode", "device")


class Run(NamedTuple):
    """A result file that was read.

    Attributes:
        footer: None where the run did not reach its end.
        leaks: what running each case alone brought to light; None where that was not done, or has
            brought nothing to light so far.
    """

    path: str
    header: Record
    cases: List[Case]
    footer: Optional[Record]
    leaks: Optional[Tuple[Leak, ...]] = None

    @property
    def complete(self) -> bool:
        return self.footer is not None

    @property
    def label(self) -> str:
        return "{} {}".format(self.header["backend"], self.header["version"])

    def counts(self) -> Dict[str, int]:
        return count(self.cases)


def storable(value: Any) -> Any:
    """What an implementation says, as text that every file and channel takes.

    Halves of surrogate pairs, which UTF-8 does not know, are written out; what is longer than
    `LONGEST_TEXT` is cut. Goes into lists, tuples and dicts; leaves all else as it is.
    """
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            left = len(value) - LONGEST_TEXT
            value = "{}... ({} more characters)".format(value[:LONGEST_TEXT], left)
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(name): storable(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(one) for one in value]
    return value


def count(cases: List[Case]) -> Dict[str, int]:
    """How many cases there are of each verdict that occurs, in the order of `VERDICTS`."""
    tally = collections.Counter(case.verdict for case in cases)
    return {verdict: tally[verdict] for verdict in VERDICTS if tally[verdict]}


class Writer:
    """Writes one run, a line at a time, each on disk before the next case ends.

    The header may come late, since only a worker knows the implementation: cases that end
    before it are kept back until it is there.
    """

    def __init__(self, path: PathLike) -> None:
        self._path = Path(path)
        self._file: Optional[IO[str]] = None
        self._waiting: List[Case] = []
        self.cases: List[Case] = []
        self.header: Optional[Record] = None

    def write_header(self, header: Record) -> None:
        """Begin the file; further headers, from further workers, say the same and are ignored."""
        if self.header is not None:
            return
        self.header = header
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")
        self._line({"kind": "header", "format": FORMAT, **header})
        for case in self._waiting:
            self._line(case.record())
        self._waiting = []

    def write_case(self, case: Case) -> None:
        self.cases.append(case)
        if self._file is None:
            self._waiting.append(case)
        else:
            self._line(case.record())

    def close(self, seconds: float, complete: bool) -> None:
        """End the file; the footer is written only for a run that reached its end."""
        if self._file is None:
            return
        if complete:
            footer = {"cases": len(self.cases), "counts": count(self.cases), "seconds": seconds}
            self._line({"kind": "footer", **footer})
        self._file.close()
        self._file = None

    def _line(self, record: Record) -> None:
        assert self._file is not None
        self._file.write(_line(record))
        self._file.flush()


def unfinished(path: PathLike) -> Record:
    """Take the footer off a complete file, since its run goes on; the footer.

    Raises:
        DataError: the file is not complete.
    """
    footer = read(path).footer
    if footer is None:
        raise DataError(path, None, "the run is incomplete")
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(text[: text.rindex("\n", 0, -1) + 1], encoding="utf-8")
    return footer


def add_leak(path: PathLike, leak: Leak) -> None:
    """Write down what running a case alone brought to light, in a file without its footer."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(_line(leak.record()))


def finish(path: PathLike, footer: Record) -> None:
    """Put the footer back, now that each case ran alone."""
    leaks = len(read(path).leaks or ())
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(_line({**footer, "leaks": leaks} if leaks else footer))


def write(path: PathLike, run: Run) -> None:
    """Write a whole run, in the place of what was there, or nothing at all.

    Raises:
        UsageError: it cannot be written there.
    """
    place = Path(path)
    records = [run.header, *(case.record() for case in run.cases)]
    records += [leak.record() for leak in run.leaks or ()]
    records += [run.footer] if run.footer is not None else []
    passing = place.with_name(place.name + ".part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with passing.open("w", encoding="utf-8") as file:
            file.writelines(_line(record) for record in records)
        os.replace(str(passing), str(place))
    except OSError as error:
        raise UsageError("cannot write {}: {}".format(place, error.strerror or error)) from error


def line_of(run: Run, case: Optional[int] = None) -> int:
    """The line of a case in the file of its run, or the one after the last record."""
    return 2 + (len(run.cases) + len(run.leaks or ()) if case is None else case)


def locate(path: PathLike) -> Path:
    """The result file that `path` means: itself, or ``results.jsonl`` in that folder.

    Raises:
        DataError: there is no such file.
    """
    place = Path(path)
    if place.is_dir():
        place = place / FILE_NAME
    if not place.is_file():
        raise DataError(place, None, "no such result file")
    return place


def find(path: PathLike) -> List[Path]:
    """The result files that `path` means: itself, that in the folder, or all those below it.

    Raises:
        DataError: there is none.
    """
    place = Path(path)
    if place.is_file() or (place / FILE_NAME).is_file():
        return [locate(place)]
    files = sorted(place.rglob("*.jsonl"))
    if not files:
        raise DataError(place, None, "no result file there")
    return files


def read(path: PathLike) -> Run:
    """Read a result file, complete or not, and check each of its lines.

    A last line that was cut off in the middle is what a killed run leaves: it is dropped, and
    the run is incomplete.

    Raises:
        DataError: naming file and line, where something is not a record of this format.
    """
    place = locate(path)
    text = read_text(place)
    lines = text.split("\n")
    whole = lines[:-1]
    records = [_parse(place, number, line) for number, line in enumerate(whole, 1)]
    if not records:
        raise DataError(place, 1, "holds no record")
    header, footer = records[0], None
    if header["kind"] != "header":
        raise DataError(place, 1, "the first record is not a header")
    body = records[1:]
    if body and body[-1]["kind"] == "footer" and not lines[-1]:
        footer = body.pop()
    for number, record in enumerate(body, 2):
        if record["kind"] not in ("case", "leak"):
            raise DataError(place, number, "a {} amid the cases".format(record["kind"]))
    cases = [case_of(record) for record in body if record["kind"] == "case"]
    leaks = tuple(leak_of(record) for record in body if record["kind"] == "leak")
    _reject_duplicates(place, cases)
    if footer is not None:
        counts = (footer["cases"], footer["counts"], footer.get("leaks", 0))
        if counts != (len(cases), count(cases), len(leaks)):
            raise DataError(place, len(records), "the footer does not count what the file holds")
    isolated = footer is not None and header["options"].get("isolate")
    return Run(str(place), header, cases, footer, leaks if isolated or leaks else None)


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=True) + "\n"


def _parse(place: Path, number: int, line: str) -> Record:
    try:
        record = json.loads(line, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise DataError(place, number, "not JSON: {}".format(error)) from error
    if not _fits(record):
        raise DataError(place, number, "not a result record{}".format(_problem(record)))
    return dict(record)


def _not_a_number(word: str) -> None:
    """Python writes and reads NaN and Infinity, which nothing else takes for JSON."""
    raise ValueError("{} is no number".format(word))


def _fits(record: Any) -> bool:
    try:
        _compiled()(record)
    except ValueError:
        return False
    return True


def _problem(record: Any) -> str:
    """Where a record does not fit the schema, and how, in the words of jsonschema."""
    import jsonschema

    problem = next(iter(jsonschema.Draft7Validator(_schema()).iter_errors(record)), None)
    if problem is None:
        return ""
    where = "/".join(str(part) for part in problem.absolute_path)
    return "{}: {}".format(" (" + where + ")" if where else "", problem.message[:200])


@functools.lru_cache(maxsize=None)
def _compiled() -> Any:
    """The schema as a function, since there are thousands of lines to a run.

    It raises a ValueError where a record does not fit.
    """
    import fastjsonschema  # type: ignore[import-untyped]

    return fastjsonschema.compile(_schema(), use_default=False)


@functools.lru_cache(maxsize=None)
def _schema() -> Any:
    text = (Path(__file__).parent / "schemas" / "results.json").read_text(encoding="utf-8")
    return json.loads(text)


def case_of(record: Record) -> Case:
    """The case that a line of a file tells."""
    return Case(**{name: value for name, value in record.items() if name != "kind"})


def leak_of(record: Record) -> Leak:
    """The leak that a line of a file tells."""
    fields = {name: value for name, value in record.items() if name != "kind"}
    key = fields["culprit"]
    fields["culprit"] = tuple(key[name] for name in _KEY) if key else None
    return Leak(**fields)


def _reject_duplicates(place: Path, cases: List[Case]) -> None:
    seen: Dict[Tuple[str, str, str, str], int] = {}
    for number, case in enumerate(cases, 2):
        if case.key in seen:
            raise DataError(
                place, number, "the same case as line {}: {}".format(seen[case.key], case.clause)
            )
        seen[case.key] = number
