"""Why an implementation lacks what it declares to lack, from its declaration to the result file."""

from __future__ import annotations

import types
from typing import Any, Dict

import pytest

from tapecheck import results
from tapecheck.backends.backend import DECLARATION, Backend
from tapecheck.tapes import numpy as numpy_tape
from tests.report_pages import run


def backend(declaration: Dict[str, Any]) -> Backend:
    namespace = types.SimpleNamespace()
    setattr(namespace, DECLARATION, declaration)
    return Backend("some", namespace, "1.0")


def test_a_declaration_may_give_the_reason_of_each_lack() -> None:
    one = backend({"lacks": {"xla": "no compiler", "graph": 7}})
    assert one.lacks == {"xla", "graph"}
    assert one.reasons == {"xla": "no compiler", "graph": "7"}


@pytest.mark.parametrize("declaration", [{}, {"lacks": ["xla"]}])
def test_a_declaration_without_reasons_gives_none(declaration: Dict[str, Any]) -> None:
    assert backend(declaration).reasons == {}


def test_every_lack_of_the_embedded_tape_has_its_reason() -> None:
    one = Backend("numpy", numpy_tape)
    assert set(one.reasons) == one.lacks
    assert all(one.reasons.values())


def test_reasons_are_kept_in_the_result_file(tmp_path: Any) -> None:
    writer = results.Writer(tmp_path / "results.jsonl")
    header = run(lacks=["xla"], lack_reasons={"xla": "no compiler"}).header
    writer.write_header({name: one for name, one in header.items() if name not in ("kind",)})
    writer.close(1.0, complete=True)
    assert results.read(tmp_path).header["lack_reasons"] == {"xla": "no compiler"}
