"""What a finding says is what its script prints, where the implementation is installed."""

import contextlib
import importlib.util
import io
import re
import runpy
from pathlib import Path
from typing import List

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "findings"
FINDINGS = sorted(path for path in FOLDER.glob("*.md") if path.stem != "README")
PACKAGES = {"TensorFlow": "tensorflow", "MLX": "mlx", "PyTorch": "torch", "JAX": "jax"}
PARTS = ["What", "Script", "Expected", "Actual", "Where", "Versions"]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def package_of(text: str) -> str:
    """The package that a finding is about, by the first word of its title."""
    return PACKAGES[re.match(r"# (\w+): ", text).group(1)]


def printed_by(script: Path) -> str:
    """What a script prints, and the exception that ends it."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        try:
            runpy.run_path(str(script))
        except Exception as error:
            print("{}: {}".format(type(error).__name__, str(error).strip()))
    return output.getvalue()


def agree(said: str, printed: str) -> bool:
    """Whether a line was printed as it is said; "..." stands for any text."""
    if "..." in said:
        start, *rest = said.split("...")
        return printed.startswith(start) and all(part.strip() in printed for part in rest)
    return words(said) == words(printed) and numbers(printed) == pytest.approx(
        numbers(said), rel=1e-2
    )


def words(line: str) -> str:
    return re.sub(r"\s+", "", _NUMBER.sub("#", line))


def numbers(line: str) -> List[float]:
    return [float(number) for number in _NUMBER.findall(line)]


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_has_all_its_parts(path):
    text = path.read_text(encoding="utf-8")
    assert package_of(text)
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == PARTS
    assert [language for language, _ in _BLOCK.findall(text)] == ["python", ""]


def test_every_finding_stands_in_the_list():
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in FINDINGS)


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_script_prints_what_its_finding_says(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    if importlib.util.find_spec(package_of(text)) is None:
        pytest.skip("needs " + package_of(text))
    (_, script), (_, said) = _BLOCK.findall(text)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    printed = printed_by(tmp_path / "script.py")
    assert len(printed.splitlines()) >= len(said.splitlines()), printed
    for line, other in zip(said.splitlines(), printed.splitlines()):
        assert agree(line, other), printed
