"""The contract: a namespace with the names that are printed, and no others, is enough."""

from __future__ import annotations

import json
import types
from typing import Any, Dict, Iterable, List, Set

import pytest
from click.testing import CliRunner, Result

from tapecheck.capabilities import CAPABILITIES
from tapecheck.cli import main
from tapecheck.contract import contract, names_of, needs_of
from tapecheck.results import ERROR, PASS
from tapecheck.standard import load_standard
from tapecheck.tapes import numpy
from tests.zoo.judging import judge

ENTRIES = load_standard().entries
OF_VALUES = ("Tensor.", "Variable.", "GradientTape.")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["namespace", *arguments], catch_exceptions=False)


def printed(*arguments: str) -> Dict[str, Dict[str, Any]]:
    """The names that the command prints, by name."""
    return {row["name"]: row for row in json.loads(call(*arguments, "--json").stdout)["names"]}


def reduced(names: Iterable[str]) -> types.SimpleNamespace:
    """The tape on NumPy with these names of its namespace alone."""
    namespace = types.SimpleNamespace(__tapecheck__=numpy.__tapecheck__)
    for name in sorted(names, key=len, reverse=True):
        if name.startswith(OF_VALUES):
            continue
        *modules, last = name.split(".")
        source: Any = numpy
        target: Any = namespace
        for module in modules:
            source = getattr(source, module)
            if isinstance(source, types.ModuleType):
                if not hasattr(target, module):
                    setattr(target, module, types.SimpleNamespace())
                target = getattr(target, module)
            elif hasattr(source, last) and not hasattr(target, module):
                setattr(target, module, source)
        if isinstance(source, types.ModuleType):
            setattr(target, last, getattr(source, last))
    return namespace


@pytest.fixture(scope="module")
def answered() -> List[str]:
    """The clauses that the tape on NumPy passes."""
    return [name for name, case in judge(numpy).items() if case.verdict == PASS]


def test_each_clause_runs_on_the_names_that_it_is_read_to_use(answered: List[str]) -> None:
    failing = {}
    for clause in answered:
        (case,) = judge(reduced(names_of(ENTRIES[clause])), [clause]).values()
        if case.verdict != PASS:
            failing[clause] = case.message
    assert failing == {}


@pytest.mark.parametrize("chapter", ["watching", "control_flow", "complex_numbers", "state"])
def test_each_name_that_a_clause_is_read_to_use_is_wanted(
    answered: List[str], chapter: str
) -> None:
    in_vain = []
    for clause in answered:
        names = names_of(ENTRIES[clause])
        if not clause.startswith(chapter + "."):
            continue
        for name in names:
            leads_on = any(other.startswith(name + ".") for other in names)
            if leads_on or any(word[0].isupper() for word in name.split(".")[:-1]):
                continue
            (case,) = judge(reduced(names - {name}), [clause]).values()
            if case.verdict != ERROR or "AttributeError" not in case.message:
                in_vain.append((clause, name))
    assert in_vain == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--without", "all"],
        ["--chapter", "nesting", "--level", "should", "--without", "jacobian,elementary"],
        ["--without", "all", "--capability", "arrays", "--capability", "elementary,exp"],
    ],
)
def test_a_namespace_of_the_printed_names_runs_all_of_their_clauses(
    answered: List[str], arguments: List[str]
) -> None:
    rows = printed(*arguments)
    clauses = {clause for row in rows.values() for clause in row["clauses"]}
    assert clauses
    cases = judge(reduced(set(rows) & _had(rows)), clauses & set(answered))
    assert {name: case.message for name, case in cases.items() if case.verdict != PASS} == {}


def _had(names: Iterable[str]) -> Set[str]:
    """The names that the tape on NumPy has; others belong to what it lacks."""
    found = set()
    for name in names:
        value: Any = numpy
        for part in name.split("."):
            value = getattr(value, part, None)
        if value is not None or name.startswith(OF_VALUES):
            found.add(name)
    return found


def test_the_smallest_tape_needs_a_handful_of_names() -> None:
    rows = printed("--without", "all")
    assert {"GradientTape", "GradientTape.watch", "GradientTape.gradient", "constant"} <= set(rows)
    assert {row["spelling"] for row in rows.values()} >= {"x * y", "1.0 * x", "numpy.asarray(x)"}
    assert not {"Variable", "reduce_sum", "Tensor.__getitem__", "Tensor.shape"} & set(rows)
    assert all(row["needs"] == [] for row in rows.values())


def test_a_name_stands_under_the_capability_that_wants_it() -> None:
    rows = printed()
    assert rows["GradientTape.jacobian"]["needs"] in (["jacobian"], ["arrays", "jacobian"])
    assert rows["Variable"]["needs"] == ["variables"]
    assert rows["reduce_sum"]["needs"] == ["arrays"]
    assert rows["constant"]["needs"] == []


def test_the_options_choose_the_clauses() -> None:
    must, should = printed("--level", "must"), printed("--level", "should")
    assert len(must["constant"]["clauses"]) < len(should["constant"]["clauses"])
    assert "GradientTape.jacobian" not in printed("--without", "jacobian")
    of_chapter = printed("--chapter", "reset")
    assert {clause.split(".")[0] for row in of_chapter.values() for clause in row["clauses"]} == {
        "reset"
    }
    with_variables = printed("--capability", "variables")
    assert all(set(row["needs"]) <= {"variables"} for row in with_variables.values())


def test_the_text_groups_names_by_what_wants_them() -> None:
    text = call("--capability", "variables").stdout
    everybody, variables = text.split("\nvariables\n")
    assert "\neverybody\n" in everybody
    assert "  tape.watch " in everybody
    assert "  v * y " in variables


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--chapter", "watchin"], "no chapter 'watchin', did you mean watching?"),
        (["--without", "graphs"], "no capability 'graphs', did you mean graph?"),
        (["--capability", "al"], "no capability 'al'"),
        (["--check", "no_such_module"], "unknown backend 'no_such_module'"),
    ],
)
def test_a_name_that_is_unknown_is_refused(arguments: List[str], problem: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert problem in result.output


def test_nothing_is_missing_of_the_tape_that_comes_along() -> None:
    result = call("--check", "numpy", "--level", "should", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["missing"] == []
    assert told["names"] > 200


class Poor:
    """A tape without what is asked of it."""

    __tapecheck__ = {"has": ["stop_recording", "variables"], "name": "poor"}
    constant = float

    class Variable:
        def __mul__(self, other: Any) -> Any:
            return self

    class GradientTape:
        pass


def test_what_is_missing_of_a_tape_is_told() -> None:
    result = call("--check", __name__ + ":Poor")
    assert result.exit_code == 1
    lines = result.stdout.split("\n")
    missing = {line.split("  ")[0] for line in lines if " missing " in line}
    assert {"tape.watch", "tape.stop_recording", "identity", "x.numpy"} <= missing
    assert not {"x * y", "float(x)", "constant", "tape.jacobian"} & missing
    untold = [line for line in lines if "cannot be told" in line]
    assert any(line.startswith("v * y") and "TypeError" in line for line in untold)
    assert lines[-2].startswith("poor: ")


def test_every_clause_can_be_read() -> None:
    assert [name for name, entry in ENTRIES.items() if not names_of(entry)] == []


FUNCTIONS = {
    "exp": {"exp"},
    "comparison": {"Tensor.__lt__", "Tensor.__gt__", "Tensor.__le__", "Tensor.__ge__"},
    "variables": {"Variable"},
    "jacobian": {"GradientTape.jacobian"},
    "batch_jacobian": {"GradientTape.batch_jacobian"},
    "stop_recording": {"GradientTape.stop_recording"},
    "reset": {"GradientTape.reset"},
    "forward": {"autodiff.ForwardAccumulator"},
    "graph": {"function"},
    "custom_gradient": {"custom_gradient"},
    "recompute_grad": {"recompute_grad"},
    "grad_pass_through": {"grad_pass_through"},
    "stop_gradient": {"stop_gradient"},
    "control_flow": {"cond", "while_loop", "case", "switch_case", "map_fn", "TensorArray"},
    "device": {"device"},
    "dtype-float": {"float64"},
    "dtype-half": {"float16"},
    "dtype-bfloat16": {"bfloat16"},
    "complex": {"complex64", "complex128"},
    "state": {"Variable.assign", "Variable.assign_add", "Variable.assign_sub"},
    "elementary": {
        *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "floor"),
        *("math.atan2", "math.expm1", "math.log", "math.log1p", "math.rsqrt", "maximum"),
        *("minimum", "pow", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh"),
    },
}
"""Names that belong to one capability."""


@pytest.mark.parametrize("capability", sorted(FUNCTIONS))
def test_a_clause_that_uses_a_name_of_a_capability_needs_the_capability(capability: str) -> None:
    using = [name for name, entry in ENTRIES.items() if names_of(entry) & FUNCTIONS[capability]]
    assert using
    assert [name for name in using if capability not in needs_of(ENTRIES[name].clause)] == []


def test_only_clauses_that_need_arrays_make_tensors_with_axes(
    monkeypatch: pytest.MonkeyPatch, answered: List[str]
) -> None:
    made: Set[str] = set()
    running = [""]
    original = numpy.Tensor.__init__

    def make(self: Any, array: Any) -> None:
        original(self, array)
        if self.array.ndim:
            made.add(running[0])

    monkeypatch.setattr(numpy.Tensor, "__init__", make)
    for clause in answered:
        running[0] = clause
        judge(numpy, [clause])
    declared = {clause for clause in answered if "arrays" in ENTRIES[clause].clause.needs}
    assert made & set(answered) == declared


def test_the_contract_is_ordered_and_whole() -> None:
    names = contract(ENTRIES.values())
    assert [len(name.needs) for name in names] == sorted(len(name.needs) for name in names)
    assert names[0].needs == frozenset()
    assert {need for name in names for need in name.needs} <= set(CAPABILITIES)
