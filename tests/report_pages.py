"""Runs, and pages read back, for the tests of the report."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from tapecheck import diagnosis, results
from tapecheck.report import render
from tapecheck.results import Case, Run
from tapecheck.standard import load_standard

VOID = {"meta", "link", "input", "br", "wbr"}
CLAUSE = next(iter(load_standard().entries.values())).clause
OTHER = list(load_standard().entries.values())[1].clause
HOSTILE = "<script>alert(1)</script> ]]> \u202eevil \x1b[31m \x00 \ud800 </title><!-- {{ x }} '\""


class Document(HTMLParser):
    """A page as elements with their attributes and text; unbalanced tags are refused."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: List[Tuple[str, Dict[str, Optional[str]], List[str]]] = []
        self._open: List[int] = []
        self.feed(path.read_bytes().decode("utf-8"))
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        for number in self._open:
            self.elements[number][2].append(data)

    def texts(self, tag: str, **wanted: str) -> List[str]:
        """The text of each element with the tag and the attributes, white space collapsed."""
        return [
            " ".join("".join(parts).split())
            for name, attributes, parts in self.elements
            if name == tag
            and all(value in (attributes.get(key) or "").split() for key, value in wanted.items())
        ]

    def attributes(self, name: str) -> List[str]:
        return [attributes[name] or "" for _, attributes, _ in self.elements if name in attributes]

    @property
    def data(self) -> Any:
        (parts,) = [
            parts for _, attributes, parts in self.elements if attributes.get("id") == "data"
        ]
        return json.loads("".join(parts))


def passed(clause: str = CLAUSE.id, **fields: Any) -> Case:
    case = Case("spec", clause, "MUST", "eager", "CPU:0", results.PASS, 0.25)
    return case._replace(**fields)


def failed(clause: str = CLAUSE.id, verdict: str = results.FAIL, **fields: Any) -> Case:
    mode = fields.get("mode", "eager")
    details = {
        "expected": "12.0",
        "actual": "0.0",
        "difference": "12.0",
        "at": ["spec/chapter.py:12 in test_it: assert_close(first, 12.0)"],
        "documented": ["PER-01: the guide (chapter 1) <https://example.org/guide>"],
        "reproduce": "tapecheck repro {} --mode {}".format(clause, mode),
        **fields.pop("details", {}),
    }
    first = "{} [{} CPU:0] breaks a MUST: A tape answers.".format(clause, mode)
    within = {name: value for name, value in details.items() if name not in ("reason", "link")}
    case = passed(clause, verdict=verdict, message=diagnosis.text(first, within), details=details)
    return case._replace(**fields)


def run(*cases: Case, complete: bool = True, **header: Any) -> Run:
    footer = {"kind": "footer", "cases": len(cases), "counts": {}, "seconds": 3.5}
    fields = {
        "kind": "header",
        "format": 1,
        "suite_version": "0.1.0",
        "backend": "numpy",
        "version": "1.0",
        "python": "3.11.7",
        "platform": "Linux-6.1-x86_64",
        "packages": {"numpy": "2.4.6"},
        "devices": ["CPU:0"],
        "lacks": ["xla"],
        "seeds": {"numpy": 7},
        "options": {},
        "started": "2026-01-02T03:04:05Z",
        **header,
    }
    return Run("results.jsonl", fields, list(cases), footer if complete else None)


def read(tmp_path: Path, *runs: Run) -> Document:
    return Document(render(list(runs), tmp_path))


def summary(tmp_path: Path, *runs: Run) -> str:
    render(list(runs), tmp_path)
    return (tmp_path / "summary.md").read_bytes().decode("utf-8")


def outcomes(document: Document) -> List[List[str]]:
    """Verdict, words and anchor of each cell of the matrix."""
    data = document.data
    return [data["outcomes"][cell] for one in data["clauses"] for cell in one["cells"] if cell >= 0]
