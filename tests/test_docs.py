"""What the pages on adding an implementation show is what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import List

import click
import pytest

from tapecheck.capabilities import CAPABILITIES
from tapecheck.cli import main
from tapecheck.standard import load_standard, root

DOCS = root() / "docs"
PAGES = ["adding-an-implementation", "level-by-level", "in-your-own-project"]
TEXTS = {name: (DOCS / (name + ".md")).read_text(encoding="utf-8") for name in PAGES}


def commands() -> List[str]:
    """Every command line that a page shows."""
    found = []
    for text in TEXTS.values():
        for block in re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            found += re.findall(r"^(?:\$ )?(tapecheck .*)$", block, re.MULTILINE)
        found += re.findall(r"`(tapecheck [a-z][^`]*)`", text)
    return sorted(set(found))


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one_that_the_command_line_takes(command: str) -> None:
    words = shlex.split(command.partition("#")[0].replace("A,B,...", "exp"))[1:]
    group: click.Command = main
    while isinstance(group, click.Group):
        group = group.commands[words.pop(0)]
    context = group.make_context("tapecheck", list(words), resilient_parsing=True)
    options = {name for option in group.params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= options
    assert context.command is group


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", TEXTS[page]):
        file, _, heading = link.partition("#")
        target = DOCS / file
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in [one.lower().replace(" ", "-") for one in headings]


def test_every_clause_and_capability_that_is_named_exists() -> None:
    entries = load_standard().entries
    chapters = {entry.clause.chapter for entry in entries.values()}
    for text in TEXTS.values():
        named = re.findall(r"\b([a-z_]+)\.([a-z_]{12,})\b", text)
        clauses = [".".join(pair) for pair in named if pair[0] in chapters]
        assert [clause for clause in clauses if clause not in entries] == []
    ladder = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| \d+ \|", TEXTS["level-by-level"], re.MULTILINE)
    words = [word for row in ladder for word in re.findall(r"`(\w+)`", row)]
    assert len(words) > 15
    assert [word for word in words if word not in CAPABILITIES] == []


def test_the_template_that_is_quoted_is_the_one_that_is_written() -> None:
    template = Path(main.callback.__code__.co_filename).parents[1] / "templates" / "adapter"
    engine = (template / "scalar_engine.py.txt").read_text(encoding="utf-8")
    assert "lambda up: [up * exponent * self ** (exponent - 1)]" in engine
    assert "up * self ** (exponent - 1)" in TEXTS["adding-an-implementation"]
