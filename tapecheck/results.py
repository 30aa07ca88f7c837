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

from tapecheck.errors import DataError
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

LONGEST_TEXT = 20000
"""Characters of one text of an implementation that are kept."""

Record = Dict[str, Any]
PathLike = Union[str, "os.PathLike[str]"]


class Case(NamedTuple):
    """One clause x mode x device and its verdict.

    Attributes:
        suite: ``spec``, or the folder under ``suites``.
        message: the text of a verdict other than pass; its first line says which promise it is.
        details: what diagnosis needs, by name: expected, actual, difference, documented,
            reproduce, reason, link, lacks, traceback.
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

    @property
    def key(self) -> Tuple[str, str, str, str]:
        """What identifies the case across runs."""
        return (self.suite, self.clause, self.mode, self.device)

    @property
    def chapter(self) -> str:
        return self.clause.split(".", 1)[0]

    def record(self) -> Record:
        """The case as a line of the file, without what is empty."""
        fields = {"kind": "case", **self._asdict()}
        return {name: value for name, value in fields.items() if value not in ("", {})}


class Run(NamedTuple):
    """A result file that was read.

    Attributes:
        footer: None where the run did not reach its end.
    """

    path: str
    header: Record
    cases: List[Case]
    footer: Optional[Record]

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
        self._file.write(json.dumps(record, ensure_ascii=True, sort_keys=False) + "\n")
        self._file.flush()


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
        if record["kind"] != "case":
            raise DataError(place, number, "a {} amid the cases".format(record["kind"]))
    cases = [_case(record) for record in body]
    _reject_duplicates(place, cases)
    if footer is not None and (footer["cases"], footer["counts"]) != (len(cases), count(cases)):
        raise DataError(place, len(records), "the footer does not count the cases of the file")
    return Run(str(place), header, cases, footer)


def _parse(place: Path, number: int, line: str) -> Record:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(place, number, "not JSON: {}".format(error)) from error
    problem = next(iter(_validator().iter_errors(record)), None)
    if problem is not None:
        where = "/".join(str(part) for part in problem.absolute_path)
        raise DataError(
            place,
            number,
            "not a result record{}: {}".format(
                " (" + where + ")" if where else "", problem.message[:200]
            ),
        )
    return dict(record)


@functools.lru_cache(maxsize=None)
def _validator() -> Any:
    import jsonschema

    text = (Path(__file__).parent / "schemas" / "results.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def _case(record: Record) -> Case:
    return Case(**{name: value for name, value in record.items() if name != "kind"})


def _reject_duplicates(place: Path, cases: List[Case]) -> None:
    seen: Dict[Tuple[str, str, str, str], int] = {}
    for number, case in enumerate(cases, 2):
        if case.key in seen:
            raise DataError(
                place, number, "the same case as line {}: {}".format(seen[case.key], case.clause)
            )
        seen[case.key] = number
