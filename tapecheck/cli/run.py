"""``tapecheck run``: the standard, and the suites beside it, against an implementation."""

from __future__ import annotations

import datetime
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any, List, Optional, Tuple

import click

from tapecheck.clause import LEVELS
from tapecheck.errors import CONFORMS, COULD_NOT_RUN, DEVIATES, UsageError
from tapecheck.modes import MODES
from tapecheck.sampling import DEEP, DEFAULT, PROFILES, TIME_LIMITS

_RUNS = Path("reports") / "runs"
_ALL = "all"
_ANY = 2**32
"""The seed that stands for any."""


class RunCommand(click.Command):
    """Takes what follows ``--`` for pytest, so that a backend is never mistaken for an option."""

    def parse_args(self, ctx: click.Context, args: List[str]) -> List[str]:
        options: Tuple[str, ...] = ()
        if "--" in args:
            place = args.index("--")
            options, args = tuple(args[place + 1 :]), args[:place]
        rest = super().parse_args(ctx, args)
        ctx.params["pytest_options"] = options
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> List[str]:
        return [*super().collect_usage_pieces(ctx), "[-- PYTEST OPTIONS]"]


@click.command(
    cls=RunCommand,
    epilog="""\b
Examples:
  tapecheck run
  tapecheck run tensorflow --device GPU:0
  tapecheck run my_package.tape --mode eager --level must
  tapecheck run my_package:tape --chapter watching --chapter persistence
  tapecheck run tensorflow -k 'jacobian and not batch' -x
  tapecheck run tensorflow --suite laws --suite spec --seed 7
  tapecheck run my_package.tape --shuffle --isolate
  tapecheck run tensorflow --shard 1/3 --repeat-failures --out shards/1
  tapecheck run tensorflow -n 2 --out reports/nightly -- -p randomly

\b
Exit codes: 0 conforms, 1 does not, 2 wrong usage, 3 could not run (implementation missing,
fault of the suite, nothing ran or was supported) or not to its end (Ctrl-C).""",
)
@click.argument("backend", default="numpy")
@click.option("--out", metavar="DIR", help="Folder for the results and the report.")
@click.option(
    "-n", "workers", type=click.IntRange(1), default=1, show_default=True, help="Worker processes."
)
@click.option("--mode", "modes", multiple=True, type=click.Choice(MODES), help="Only this mode.")
@click.option("--device", "devices", multiple=True, metavar="D", help="Only on this, as GPU:0.")
@click.option(
    "--level",
    "levels",
    multiple=True,
    type=click.Choice([level.lower() for level in LEVELS], case_sensitive=False),
    help="Only clauses of this level.",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    metavar="NAME",
    help="Only this suite: spec (the default), a folder of suites, or all.",
)
@click.option("--chapter", "chapters", multiple=True, metavar="NAME", help="Only this chapter.")
@click.option("-k", "keyword", metavar="EXPRESSION", help="Only cases whose names match.")
@click.option("--deviations", metavar="FILE", help="Known deviations (default: the suite's own).")
@click.option(
    "--seed", default=0, show_default=True, help="Decides all that the suites draw at random."
)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default=DEFAULT,
    show_default=True,
    help="How much the suites draw at random.",
)
@click.option(
    "--shuffle",
    is_flag=False,
    flag_value=_ANY,
    type=click.IntRange(0, _ANY),
    metavar="[SEED]",
    help="Run the cases in a random order that this number decides (default: another each time).",
)
@click.option(
    "--mnist",
    metavar="PATH",
    help="The handwritten digits of MNIST (default: where packages keep them).",
)
@click.option(
    "--isolate",
    is_flag=True,
    help="Then run each case in a process of its own, and tell where its verdict differs.",
)
@click.option(
    "--repeat-failures",
    is_flag=True,
    help="Run a case that fails once more at once, and record both verdicts.",
)
@click.option(
    "--shard",
    metavar="K/N",
    help="Run every N-th clause, from the K-th on; `tapecheck merge` joins all N.",
)
@click.option(
    "--younger",
    is_flag=True,
    help="Ask younger clauses too and tell what came of it; they remain not applicable.",
)
@click.option(
    "--reproducers",
    is_flag=True,
    help="Make a script of each failure, run it, and keep it if it fails in the same way.",
)
@click.option("-x", "stop_early", is_flag=True, help="Stop at the first failure.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.01),
    metavar="SECONDS",
    help="What one case may take, more is an error (default: {:g}, deep profile: {:g}).".format(
        TIME_LIMITS[DEFAULT], TIME_LIMITS[DEEP]
    ),
)
def run(**asked: Any) -> None:
    """Run the standard, or other suites, against BACKEND and write results and a report.

    BACKEND is a name that `tapecheck list backends` shows, or package.module[:attribute] for any
    namespace spelled as TensorFlow spells it; modules of the current folder are found too.
    Results and report go to reports/runs/BACKEND-VERSION-TIME below the current folder.

    Each of --mode, --device, --level, --suite and --chapter may be given several times.
    """
    click.get_current_context().exit(_run(**asked))


def _run(
    out: Optional[str],
    pytest_options: Tuple[str, ...],
    timeout: Optional[float],
    reproducers: bool,
    **asked: Any,
) -> int:
    from tapecheck.backends import resolve
    from tapecheck.cli import session
    from tapecheck.sharding import shard_of

    asked["suites"] = _suites(asked["suites"])
    _check_chapters(asked["chapters"], asked["suites"])
    shard_of(asked["shard"])
    if asked["shuffle"] == _ANY:
        asked["shuffle"] = secrets.randbelow(_ANY)
    if asked["deviations"]:
        _check_deviations(asked["deviations"])
    if asked["mnist"]:
        _check_digits(asked["mnist"])
    limit = TIME_LIMITS[asked["profile"]] if timeout is None else timeout
    with session.surroundings():
        resolve(asked["backend"])
        folder = _folder(out, asked["backend"])
        request = session.Request(out=folder, time_limit=limit, options=pytest_options, **asked)
        ended = _execute(request)
        if ended.complete and reproducers:
            _reproduce(request.results)
    return _tell(folder, ended, named=out is not None)


def _execute(request: Any) -> Any:
    from rich.console import Console

    from tapecheck.cli import session
    from tapecheck.cli.progress import Progress
    from tapecheck.cli.text import plain

    with session.stderr_into(request.out / session.LOG_NAME) as terminal:
        shown = os.fdopen(os.dup(terminal), "w", encoding="utf-8", errors="backslashreplace")
        with shown:
            console = Console(file=shown, highlight=False, markup=False, emoji=False)
            name = plain(request.backend, 40)
            with Progress(console, name) as progress:
                ended = session.execute(request, progress)
            if ended.complete and request.isolate:
                with Progress(console, name + ", alone") as progress:
                    ended = session.execute_alone(request, progress)
            return ended


def _reproduce(path: Path) -> None:
    """Put reproducers into the result file of a complete run."""
    from tapecheck import results, verifying

    results.write(path, verifying.attach(results.read(path)))


def _tell(folder: Path, ended: Any, named: bool) -> int:
    """Print the summary and where things lie; the exit code."""
    from tapecheck import results
    from tapecheck.cli import session, summary
    from tapecheck.cli.text import console, plain, say

    file, log = folder / results.FILE_NAME, folder / session.LOG_NAME
    if log.is_file() and not log.stat().st_size:
        log.unlink()
    out, err = console(), console(stderr=True)
    ran = results.read(file) if file.is_file() else None
    if ran is not None:
        if not named:
            folder = _rename(folder, ran.header["version"])
            file, log = folder / file.name, folder / log.name
        if ran.cases:
            summary.summarize(out, ran)
            say(out)
        say(out, "Results  ", plain(file))
        if ran.complete:
            from tapecheck.report import render

            say(out, "Report   ", plain(render([ran], folder)))
    if log.is_file():
        say(out if ran is not None else err, "Log      ", plain(log))
    if ran is not None and ran.complete:
        summary.conclusion(out, ran)
        verdicts = {case.verdict for case in ran.cases}
        if verdicts & results.BREAKING or ran.leaks:
            return DEVIATES
        return CONFORMS if verdicts & results.ASKED else COULD_NOT_RUN
    if not named and not any(folder.iterdir()):
        folder.rmdir()
    kept = "; the incomplete results are kept" if ran is not None else ""
    say(err, "tapecheck: ", plain(ended.fault.message), kept)
    return int(ended.fault.exit_code)


def _suites(names: Tuple[str, ...]) -> List[str]:
    """The suites that are meant, the standard where none is named."""
    from tapecheck.standard import SPEC, suites

    known = suites()
    _require(names, [*known, _ALL], "suite")
    return known if _ALL in names else list(dict.fromkeys(names)) or [SPEC]


def _check_chapters(names: Tuple[str, ...], suites: List[str]) -> None:
    from tapecheck.standard import chapters

    _require(names, [name for suite in suites for name in chapters(suite)], "chapter")


def _require(names: Tuple[str, ...], known: List[str], noun: str) -> None:
    import difflib

    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = "did you mean {}?".format(close[0]) if close else "there are " + ", ".join(known)
            raise UsageError("no {} {!r}, {}".format(noun, name, hint))


def _check_deviations(path: str) -> None:
    from tapecheck.deviations import read_deviations

    read_deviations(Path(path))


def _check_digits(path: str) -> None:
    from tapecheck.training.mnist import find

    find(path)


def _folder(out: Optional[str], backend: str) -> Path:
    """The folder for this run, made and ready to be written to.

    Raises:
        UsageError: it cannot be made or written to.
    """
    from tapecheck.cli.session import LOG_NAME
    from tapecheck.results import FILE_NAME

    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    folder = Path(out) if out else _unused(_RUNS / "{}-{}".format(safe(backend), now))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG_NAME).write_bytes(b"")
        for name in (FILE_NAME, "index.html", "summary.md"):
            # Of an earlier run in this folder: it must not be taken for this one.
            if (folder / name).exists():
                (folder / name).unlink()
    except OSError as error:
        raise UsageError(
            "cannot write to {}: {}".format(folder, error.strerror or error)
        ) from error
    return folder


def _rename(folder: Path, version: str) -> Path:
    """Put the version into the name, which only the run itself could know."""
    backend, _, time = folder.name.rpartition("-")
    target = _unused(folder.with_name("{}-{}-{}".format(backend, safe(version), time)))
    shutil.move(str(folder), str(target))
    return target


def _unused(folder: Path) -> Path:
    """`folder`, or that name with a number where there is such a folder already."""
    candidate, number = folder, 2
    while candidate.exists():
        candidate, number = folder.with_name("{}.{}".format(folder.name, number)), number + 1
    return candidate


def safe(name: str, longest: int = 60) -> str:
    """A name that can be part of a file name anywhere."""
    return re.sub(r"[^A-Za-z0-9.+_]+", "_", name)[:longest].strip(".") or "unknown"
