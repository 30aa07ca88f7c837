"""What the README shows is what there is."""

import re

import pytest

from tapecheck.standard import root

README = (root() / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_to_a_file_of_the_project(link):
    assert (root() / link).exists()


def test_ci_runs_the_test_command_of_the_readme():
    [command] = re.findall(r"^\$ (.*pytest tests.*)$", README, re.MULTILINE)
    assert command in (root() / ".ci" / "run").read_text(encoding="utf-8")


def test_every_file_and_folder_that_is_named_is_there():
    named = re.findall(r"^\| `([\w./]+)` \|", README, re.MULTILINE)
    assert len(named) > 4
    assert [name for name in named if not (root() / name).exists()] == []
