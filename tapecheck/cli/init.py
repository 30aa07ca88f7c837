"""``tapecheck init``: a starting adapter that already runs."""

from __future__ import annotations

import importlib.util
import keyword
from pathlib import Path
from typing import Any, Dict

import click

from tapecheck.errors import UsageError

_TEMPLATES = Path(__file__).parents[1] / "templates" / "adapter"
_LIBRARIES = ("scalar", "numpy", "jax", "torch", "mlx")


@click.command(
    epilog="""\b
Examples:
  tapecheck init my_tape                 of single numbers: conforms at the smallest level
  tapecheck init my_tape --on numpy
  tapecheck run my_tape"""
)
@click.argument("name")
@click.option(
    "--on",
    "library",
    type=click.Choice(_LIBRARIES),
    default="scalar",
    show_default=True,
    help="What it computes with.",
)
def init(name: str, library: str) -> None:
    """Write an adapter that already runs into the folder NAME, to start from.

    It holds a namespace, a tape, an engine to be replaced by yours, a test for your own suite, a
    file for known deviations and a README that says what to do next.
    """
    import jinja2

    from tapecheck.toml import read_toml

    settings: Dict[str, Any] = read_toml(_TEMPLATES / "libraries.toml")[library]
    folder = _folder(name)
    files = {
        "__init__.py": settings["namespace"],
        "tape.py": "tape.py.txt",
        "engine.py": settings["engine"],
        "deviations.toml": "deviations.toml.txt",
        "test_conformance.py": "test_conformance.py.txt",
        "README.md": "README.md.txt",
    }
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(_TEMPLATES)),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    for file, template in files.items():
        text = templates.get_template(template).render(name=name, **settings)
        (folder / file).write_text(text, encoding="utf-8")
        click.echo(str(folder / file))
    click.echo("\nNext:  tapecheck run {}".format(name))


def _folder(name: str) -> Path:
    """The new folder.

    Raises:
        UsageError: the name is no name for a module, or is taken.
    """
    from tapecheck.backends import KNOWN

    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError("{!r} is no name for a module of Python".format(name))
    if name in KNOWN:
        raise UsageError("{!r} is a backend of tapecheck itself".format(name))
    folder = Path(name)
    if folder.exists():
        raise UsageError("{} exists already, and is left as it is".format(folder))
    if importlib.util.find_spec(name) is not None:
        raise UsageError(
            "{!r} is a module that is installed here, which would hide it".format(name)
        )
    try:
        folder.mkdir()
    except OSError as error:
        raise UsageError("cannot make {}: {}".format(folder, error.strerror or error)) from error
    return folder
