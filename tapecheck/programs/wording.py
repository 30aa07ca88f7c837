"""How scripts begin and ask for derivatives, in the words of each implementation."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Mapping, NamedTuple

from tapecheck.toml import read_toml


class Wording(NamedTuple):
    """What scripts of one implementation are made of; ``wording.toml`` says of what.

    Attributes:
        first: the line that imports the implementation.
        imports: further first lines, each by a text of the script that needs it.
        constant, variable: templates of sources.
        total: the function that adds all elements up.
        modes: how the function that asks is called, by mode.
        questions: templates of its body, by name.
    """

    first: str
    imports: Mapping[str, str]
    constant: str
    variable: str
    total: str
    modes: Mapping[str, str]
    questions: Mapping[str, str]


WORDINGS: Dict[str, Wording] = {
    name: Wording(
        **{**table, "questions": {k: v.strip("\n") for k, v in table["questions"].items()}}
    )
    for name, table in read_toml(Path(__file__).with_suffix(".toml")).items()
}
