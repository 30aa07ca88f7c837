"""The files for CI systems fit their published schemas, and what they call is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from tapecheck.cli import main
from tapecheck.standard import root

WORKFLOWS = sorted((root() / ".github" / "workflows").glob("*.yml"))
ACTION = root() / "action.yml"
GITLAB = root() / "docs" / "ci" / "gitlab-ci.yml"
GITHUB_DOC = root() / "docs" / "nightly.md"
SCHEMAS = [(path, "github-workflows") for path in WORKFLOWS]
SCHEMAS += [(ACTION, "github-actions"), (GITLAB, "gitlab-ci")]


def read(path: Path) -> Any:
    yaml = pytest.importorskip("ruamel.yaml", reason="comes with check-jsonschema")
    return yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def check(path: Path, schema: str) -> subprocess.CompletedProcess:
    """Check a file against a schema that check-jsonschema brings along."""
    pytest.importorskip("check_jsonschema", reason="needs Python 3.11 or later")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor." + schema]
    if schema == "gitlab-ci":
        command += ["--data-transform", "gitlab-ci"]
    return subprocess.run(
        [*command, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


@pytest.mark.parametrize(("path", "schema"), SCHEMAS, ids=lambda one: getattr(one, "name", one))
def test_a_file_fits_its_published_schema(path: Path, schema: str) -> None:
    ended = check(path, schema)
    assert ended.returncode == 0, ended.stdout.decode()


@pytest.mark.parametrize(
    ("path", "old", "new", "schema"),
    [
        (WORKFLOWS[-1], "runs-on:", "runs-off:", "github-workflows"),
        (ACTION, "using: composite", "using: composition", "github-actions"),
        (GITLAB, "parallel: 3", "parallel: three", "gitlab-ci"),
    ],
    ids=lambda one: getattr(one, "name", str(one)),
)
def test_a_file_that_does_not_fit_is_noticed(
    tmp_path: Path, path: Path, old: str, new: str, schema: str
) -> None:
    broken = tmp_path / path.name
    broken.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert check(broken, schema).returncode == 1


def scripts(node: Any) -> Iterator[str]:
    """The shell scripts of a file, whatever it is for."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "run" and isinstance(value, str):
                yield value
            elif name in ("script", "before_script"):
                yield "\n".join(value)
            else:
                yield from scripts(value)
    elif isinstance(node, list):
        for one in node:
            yield from scripts(one)


FILES = [*WORKFLOWS, ACTION, GITLAB]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_script_is_shell(path: Path) -> None:
    for text in scripts(read(path)):
        ended = subprocess.run(
            ["bash", "-n"], input=text.encode(), stderr=subprocess.PIPE, check=False
        )
        assert ended.returncode == 0, ended.stderr.decode()


def commands() -> List[str]:
    found = []
    for path in FILES:
        for text in scripts(read(path)):
            found += re.findall(r"\btapecheck ((?:[^\n\\|>)]|\\\n)+)", text)
    return found


def test_every_command_and_option_that_is_called_is_there() -> None:
    checked = 0
    for line in commands():
        name, *words = line.replace("\\\n", " ").split()
        if name not in main.commands:
            continue
        known = {option for one in main.commands[name].params for option in one.opts}
        used = {word for word in words if re.match(r"--[a-z]", word)}
        assert used <= known, line
        checked += 1
    assert checked > 8


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """What somebody typed reaches a script as a variable, not as part of its text."""
    assert [text for text in scripts(read(path)) if "${{" in text] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_little_and_ends(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 240


def test_jobs_need_jobs_that_are_there() -> None:
    for path in WORKFLOWS:
        jobs = read(path)["jobs"]
        for job in jobs.values():
            needs = job.get("needs", [])
            assert {needs} if isinstance(needs, str) else set(needs) <= set(jobs)


def test_ci_calls_what_everybody_can_call() -> None:
    [job] = read(root() / ".github" / "workflows" / "ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]


def test_the_example_in_the_documentation_gives_the_action_what_it_takes() -> None:
    text = GITHUB_DOC.read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?uses: [^\n]*tapecheck.*?)```", text, re.DOTALL)
    given = set(re.findall(r"^    (\w+):", example.partition("with:")[2], re.MULTILINE))
    inputs = read(ACTION)["inputs"]
    assert given <= set(inputs)
    assert {name for name, one in inputs.items() if one.get("required")} <= given
    assert len(example.strip().split("\n")) <= 5


def test_a_security_auditor_finds_nothing_in_what_runs_on_github() -> None:
    auditor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    if auditor is None:
        pytest.skip("zizmor is not beside this Python: it comes with what develops the suite")
    ended = subprocess.run(
        [auditor, "--offline", "--quiet", ".github", "action.yml"],
        cwd=str(root()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout.decode()
