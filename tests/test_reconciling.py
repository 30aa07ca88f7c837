"""Deviations files brought into line with a run: what changes, what stays, what people decide."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest
from click.testing import CliRunner, Result

from tapecheck import results
from tapecheck.cli import main
from tapecheck.deviations import UNREVIEWED, parse_deviations
from tapecheck.errors import DataError
from tapecheck.reconciling import Reconciled, reconcile, words_of
from tapecheck.results import Case, Run
from tests.made_up import write_run

HERE = Path("deviations.toml")
CLAUSE = "reset.a_reset_forgets_what_was_watched"
REVIEWED = """\
# All about this tape.

# Seen by everybody
# who resets a tape.
[[deviation]]
clause = "reset.a_reset_forgets_what_was_watched"
message = "actual:     7.0"  # always seven
versions = ">=1.0"
reason = "reset() is ignored."
link = "https://example.org/1"

[[deviation]]
clause = "nesting.tapes_nest_to_any_depth"
message = "no second"
verdict = "error"
reason = "One tape at a time."
link = "https://example.org/2"
"""


def case(
    verdict: str = "fail",
    actual: str = "7.0",
    clause: str = CLAUSE,
    mode: str = "eager",
    device: str = "CPU:0",
    problem: Optional[str] = None,
    suite: str = "spec",
) -> Case:
    problem = problem or ("unexpected exception" if verdict == "error" else "breaks a MUST")
    message = "{} [{} {}] {}: A promise.\n  expected:   None\n  actual:     {}".format(
        clause, mode, device, problem, actual
    )
    failed = verdict in ("fail", "error", "deviation")
    details = {"expected": "None", "actual": actual} if failed else {}
    text = message if failed else ""
    return Case(suite, clause, "MUST", mode, device, verdict, 0.0, text, details)


def reconciled(text: str, *cases: Case, version: str = "1.2", seed: int = 0) -> Reconciled:
    header = {"backend": "mine", "version": version, "seeds": {"seed": seed}}
    run = Run("here", header, list(cases), {})
    return reconcile(HERE, textwrap.dedent(text), run)


def fates(result: Reconciled) -> List[Tuple[str, str]]:
    return [(change.what, change.clause.partition(".")[0]) for change in result.changes]


ERROR = case("error", "ValueError: no second tape", "nesting.tapes_nest_to_any_depth")


def test_what_still_holds_stays_to_the_letter() -> None:
    result = reconciled(REVIEWED, case(), ERROR)
    assert result.text == REVIEWED
    assert fates(result) == [("kept", "reset"), ("kept", "nesting")]


def test_what_the_run_did_not_ask_stays() -> None:
    assert reconciled(REVIEWED, case()).text == REVIEWED


def test_an_entry_that_an_earlier_run_explained_stays() -> None:
    explained = case("deviation")
    assert reconciled(REVIEWED, explained, ERROR).text == REVIEWED
    error = case(
        "deviation", "ValueError: no second tape", ERROR.clause, problem="unexpected exception"
    )
    assert reconciled(REVIEWED, explained, error).text == REVIEWED


@pytest.mark.parametrize(
    ("verdict", "why"),
    [("pass", "passes"), ("fixed", "passes"), ("unsupported", "is lacking by declaration")],
)
def test_what_is_fixed_goes_with_its_comments(verdict: str, why: str) -> None:
    result = reconciled(REVIEWED, case(verdict), ERROR)
    assert fates(result) == [("removed", "reset"), ("kept", "nesting")]
    assert result.changes[0].why == why
    assert "Seen by everybody" not in result.text
    assert result.text.startswith('# All about this tape.\n\n[[deviation]]\nclause = "nesting')


@pytest.mark.parametrize(("suite", "fate"), [("operators", "kept"), ("spec", "removed")])
def test_what_passes_by_what_another_seed_draws_stays(suite: str, fate: str) -> None:
    result = reconciled(REVIEWED, case("pass", suite=suite), ERROR, seed=7)
    assert fates(result) == [(fate, "reset"), ("kept", "nesting")]


def test_a_failure_that_no_entry_explains_gets_one_that_is_not_reviewed() -> None:
    result = reconciled("", case(actual="<Tensor of 3 numbers>"))
    assert result.text == textwrap.dedent("""\
        [[deviation]]
        clause = "reset.a_reset_forgets_what_was_watched"
        message = "<Tensor of 3 numbers>"
        versions = ">=1.2"
        reason = "unreviewed"
        link = "unreviewed"
        """)
    (entry,) = parse_deviations(HERE, result.text)
    assert not entry.reviewed


def test_an_unexpected_exception_is_told_as_one() -> None:
    (entry,) = parse_deviations(HERE, reconciled("", ERROR).text)
    assert (entry.verdict, entry.message) == ("error", "ValueError: no second tape")


def test_a_failure_of_another_kind_is_not_taken_for_the_reviewed_one() -> None:
    result = reconciled(REVIEWED, case(actual="another answer"), ERROR)
    assert fates(result) == [("removed", "reset"), ("kept", "nesting"), ("new", "reset")]
    assert result.changes[0].why == "fails otherwise"
    assert "reset() is ignored." not in result.text


def test_a_second_run_changes_nothing() -> None:
    cases = [case(actual="x" * 500), ERROR, case(actual="at 0x7f00 of 1", clause="a.b")]
    first = reconciled(REVIEWED, *cases)
    second = reconciled(first.text, *cases)
    assert second.text == first.text
    assert {change.what for change in second.changes} == {"kept"}


EVERYWHERE = [
    case(mode=mode, device=device)
    for mode in ("eager", "function", "jit")
    for device in ("CPU:0", "GPU:0", "GPU:1")
]


def without(cases: List[Case], **passing: str) -> List[Case]:
    """The cases, of which those pass that lie in a mode or on a kind of device."""
    return [
        case("pass", mode=one.mode, device=one.device)
        if one.mode == passing.get("mode") or one.device.startswith(passing.get("device", "-"))
        else one
        for one in cases
    ]


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (EVERYWHERE, [((), ())]),
        (without(EVERYWHERE, mode="jit"), [(("eager", "function"), ())]),
        (without(EVERYWHERE, device="GPU"), [((), ("CPU",))]),
        (
            without(without(EVERYWHERE, device="CPU"), mode="eager"),
            [(("function", "jit"), ("GPU",))],
        ),
        (
            [
                case(mode="eager", device="CPU:0"),
                case("pass", mode="eager", device="GPU:0"),
                case("pass", mode="jit", device="CPU:0"),
                case(mode="jit", device="GPU:0"),
            ],
            [(("eager",), ("CPU",)), (("jit",), ("GPU",))],
        ),
    ],
)
def test_modes_and_devices_are_grouped(cases: List[Case], expected: List[Any]) -> None:
    entries = parse_deviations(HERE, reconciled("", *cases).text)
    assert [(entry.modes, entry.devices) for entry in entries] == expected


def test_failures_of_different_kinds_have_entries_of_their_own() -> None:
    cases = [case(actual="one answer"), case(actual="another answer", mode="jit")]
    entries = parse_deviations(HERE, reconciled("", *cases).text)
    assert [(entry.message, entry.modes) for entry in entries] == [
        ("one answer", ("eager",)),
        ("another answer", ("jit",)),
    ]


def test_an_entry_loses_the_modes_that_pass_and_keeps_its_reason() -> None:
    result = reconciled(REVIEWED, *without(EVERYWHERE, mode="jit"), ERROR)
    assert fates(result) == [("narrowed", "reset"), ("kept", "nesting")]
    assert (
        'message = "actual:     7.0"  # always seven\nmodes = ["eager", "function"]\n'
        in result.text
    )
    assert "# Seen by everybody\n# who resets a tape.\n[[deviation]]" in result.text
    narrower = reconciled(
        result.text, *without(without(EVERYWHERE, mode="jit"), mode="eager"), ERROR
    )
    assert 'modes = ["function"]\n' in narrower.text
    assert "eager" not in narrower.text


def test_a_version_that_is_none_bounds_nothing() -> None:
    (entry,) = parse_deviations(HERE, reconciled("", case(), version="unknown").text)
    assert entry.versions == ""


@pytest.mark.parametrize("version", ["2.0.dev3", "1.0+cpu", "3.1rc1"])
def test_a_new_entry_concerns_the_version_that_ran(version: str) -> None:
    (entry,) = parse_deviations(HERE, reconciled("", case(), version=version).text)
    assert entry.concerns(CLAUSE, "eager", "CPU:0", version)


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        ("None", "actual:     None"),
        ("<object at 0x7f3a>", "<object at"),
        ("OSError: /home/some/where.so failed", "OSError:"),
        ("word " * 40, ("word " * 16).strip()),
        ("first line\nsecond", "first line"),
        ("", "breaks a"),
        ("0x7f3a is bad", "breaks a"),
    ],
)
def test_words_are_those_that_come_back(actual: str, words: str) -> None:
    assert words_of(case(actual=actual)) == words


def test_hostile_text_is_written_as_text() -> None:
    actual = 'a "quoted" \\ \x7f \x1b[31m \u2028 \U0001f600 answer'
    (entry,) = parse_deviations(HERE, reconciled("", case(actual=actual)).text)
    assert entry.message == actual


@pytest.mark.parametrize(
    "text",
    [
        'deviation = [{ clause = "a.b", message = "m", reason = "r", link = "l" }]\n',
        REVIEWED + "[[deviation]]\nclause = 3\n",
    ],
)
def test_a_file_that_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(DataError, match=r"deviations\.toml"):
        reconciled(text, case())


def test_modes_over_several_lines_are_refused_rather_than_spoiled() -> None:
    text = REVIEWED.replace('versions = ">=1.0"', 'modes = [\n  "eager",\n  "jit",\n]')
    with pytest.raises(DataError, match="cannot be edited"):
        reconciled(text, *without(EVERYWHERE, mode="jit"))


SEVERAL = """\
[[deviation]]
reason = "No gradient is registered."
link = "https://example.org/1"
[deviation.messages]
"operators.first_order[a]" = "raises LookupError"  # since ever
"operators.second_order[a]" = "raises LookupError"
"operators.*[b]" = "raises"
"""
MISSING = "LookupError: raises LookupError"


def operator(clause: str, mode: str = "eager", verdict: str = "fail") -> Case:
    return case(verdict, MISSING, "operators." + clause, mode)


def test_an_entry_of_several_clauses_stays_where_all_hold() -> None:
    cases = ["first_order[a]", "second_order[a]", "first_order[b]", "second_order[b]"]
    assert reconciled(SEVERAL, *map(operator, cases)).text == SEVERAL


def test_an_entry_of_several_clauses_loses_those_that_pass() -> None:
    result = reconciled(
        SEVERAL, operator("first_order[a]"), operator("second_order[a]", "eager", "fixed")
    )
    assert result.text == SEVERAL.replace(
        '"operators.second_order[a]" = "raises LookupError"\n', ""
    )
    assert [change.what for change in result.changes] == ["kept", "removed", "kept"]


def test_an_entry_of_several_clauses_goes_with_the_last_of_them() -> None:
    cases = [operator(name, "eager", "fixed") for name in ("first_order[a]", "second_order[a]")]
    assert reconciled(SEVERAL, *cases, operator("first_order[b]", "eager", "fixed")).text == ""


def test_one_of_several_clauses_that_passes_in_a_mode_stands_apart() -> None:
    cases = [operator("first_order[a]"), operator("first_order[a]", "jit", "fixed")]
    result = reconciled(SEVERAL, *cases, operator("second_order[a]"), operator("first_order[b]"))
    entries = {entry.clause: entry for entry in parse_deviations(HERE, result.text)}
    assert entries["operators.first_order[a]"].modes == ("eager",)
    assert entries["operators.first_order[a]"].reason == "No gradient is registered."
    assert entries["operators.second_order[a]"].modes == ()


def test_a_pattern_holds_only_where_all_that_it_fits_fails_so() -> None:
    cases = [operator("first_order[b]"), operator("second_order[b]", "eager", "fixed")]
    result = reconciled(SEVERAL, *cases)
    assert [entry.clause for entry in parse_deviations(HERE, result.text)] == [
        "operators.first_order[a]",
        "operators.second_order[a]",
        "operators.first_order[b]",
    ]


# The command


@pytest.fixture
def results_file(tmp_path: Path) -> Path:
    """A run of something that fails in two clauses."""
    cases = [case(), ERROR, case("pass", clause="reset.a_reset_returns_nothing")]
    write_run(tmp_path / "run" / results.FILE_NAME, cases, backend="mine", version="1.2")
    return tmp_path / "run"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["deviations", *arguments], catch_exceptions=False)


def test_nothing_is_written_unasked(tmp_path: Path, results_file: Path) -> None:
    file = tmp_path / "d.toml"
    result = call("update", str(results_file), "--file", str(file))
    assert result.exit_code == 1
    assert not file.exists()
    assert '+clause = "{}"'.format(CLAUSE) in result.output
    assert "2 new, 0 removed, 0 narrowed, 0 kept; 2 of 2 unreviewed" in result.output
    assert "Nothing was written" in result.output


def test_the_file_is_written_when_asked_and_then_up_to_date(
    tmp_path: Path, results_file: Path
) -> None:
    file = tmp_path / "d.toml"
    assert call("update", str(results_file), "--file", str(file), "--write").exit_code == 0
    assert file.read_text(encoding="utf-8").count("[[deviation]]") == 2
    again = call("update", str(results_file), "--file", str(file))
    assert again.exit_code == 0
    assert again.output.strip() == "0 new, 0 removed, 0 narrowed, 2 kept; 2 of 2 unreviewed"


def test_entries_that_nobody_reviewed_are_told_by_line(tmp_path: Path, results_file: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text(REVIEWED, encoding="utf-8")
    assert call("check", str(file)).exit_code == 0
    text = REVIEWED.replace("One tape at a time.", UNREVIEWED)
    file.write_text(text, encoding="utf-8")
    result = call("check", str(file))
    assert result.exit_code == 1
    assert result.output.split("\n")[:2] == [
        "{}:12: nesting.tapes_nest_to_any_depth is unreviewed".format(file),
        "2 entries, 1 of them unreviewed",
    ]


def test_a_run_that_did_not_end_decides_about_nothing(tmp_path: Path, results_file: Path) -> None:
    place = results_file / results.FILE_NAME
    lines = place.read_text(encoding="utf-8").split("\n")
    assert json.loads(lines[-2])["kind"] == "footer"
    place.write_text("\n".join(lines[:-2]) + "\n", encoding="utf-8")
    result = call("update", str(results_file), "--file", str(tmp_path / "d.toml"), "--write")
    assert result.exit_code == 2
    assert "did not come to its end" in result.output
    assert not (tmp_path / "d.toml").exists()


def test_a_backend_is_run_first(tmp_path: Path) -> None:
    options = ["--file", str(tmp_path / "d.toml"), "--mode", "eager", "--chapter", "reset"]
    result = call("update", "numpy", *options)
    assert result.exit_code == 0
    assert result.output.strip() == "0 new, 0 removed, 0 narrowed, 0 kept; 0 of 0 unreviewed"
