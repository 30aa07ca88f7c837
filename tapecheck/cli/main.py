"""The command `tapecheck` and its subcommands; every error that a user can cause is one line."""

from __future__ import annotations

import sys
from typing import Any

import click

import tapecheck
from tapecheck.cli.collect import collect
from tapecheck.cli.deviations import deviations
from tapecheck.cli.diff import diff
from tapecheck.cli.explain import explain
from tapecheck.cli.export import export
from tapecheck.cli.fuzz import fuzz
from tapecheck.cli.init import init
from tapecheck.cli.listing import listing
from tapecheck.cli.merge import merge
from tapecheck.cli.namespace import namespace
from tapecheck.cli.plan import plan
from tapecheck.cli.promises import promises
from tapecheck.cli.report import report
from tapecheck.cli.repro import repro
from tapecheck.cli.run import run
from tapecheck.cli.suspects import suspects
from tapecheck.cli.text import plain
from tapecheck.cli.timeline import timeline
from tapecheck.errors import TapecheckError


class Commands(click.Group):
    """The subcommands, in the order in which somebody new needs them."""

    def list_commands(self, ctx: click.Context) -> Any:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            # What an implementation says must not break a terminal of another encoding.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except TapecheckError as error:
            click.echo("tapecheck: {}".format(plain(error)), err=True)
            ctx.exit(error.exit_code)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  tapecheck run                        the embedded tape on NumPy, in seconds
  tapecheck run tensorflow             TensorFlow as it is installed
  tapecheck run my_package.tape        any namespace spelled as TensorFlow spells it
  tapecheck explain persistence.a_persistent_tape_answers_twice

\b
Exit codes:
  0  conforms
  1  does not conform; or, for diff, a regression
  2  wrong usage
  3  could not run, or not to its end""",
)
@click.version_option(tapecheck.__version__, prog_name="tapecheck", message="%(prog)s %(version)s")
def main() -> None:
    """The conformance suite for gradient tapes, the API that tf.GradientTape made familiar."""


for command in (
    run,
    init,
    listing,
    namespace,
    explain,
    repro,
    merge,
    report,
    diff,
    timeline,
    suspects,
    collect,
    export,
    plan,
    deviations,
    fuzz,
    promises,
):
    main.add_command(command)
