"""The result file: written as the run goes, read with distrust."""

import json

import pytest

from tapecheck.errors import DataError
from tapecheck.results import Case, Leak, Writer, add_leak, finish, read, unfinished
from tests.made_up import HEADER, write_run

PASSED = Case("spec", "recording.a", "MUST", "eager", "CPU:0", "pass", 0.25)
FAILED = Case(
    "spec", "recording.b", "SHOULD", "jit", "GPU:0", "fail", 0.5, "broken", {"expected": "None"}
)
LEAKS = (
    Leak(*FAILED.key, "fail", "pass", PASSED.key, True),
    Leak(*PASSED.key, "pass", "error", None, False, "broken alone"),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "results.jsonl"


def write(path, cases=(PASSED, FAILED), complete=True, **options):
    write_run(path, cases, complete, options=options)


def change(path, number, **fields):
    """Rewrite one line, counted from 1."""
    lines = path.read_text().splitlines()
    record = json.loads(lines[number - 1])
    record.update(fields)
    lines[number - 1] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n")


def test_what_is_written_is_read_back(path):
    write(path)
    run = read(path)
    assert run.complete
    assert run.label == "some 1.0"
    assert [tuple(case)[:8] for case in run.cases] == [tuple(PASSED)[:8], tuple(FAILED)[:8]]
    assert run.cases[1].details == {"expected": "None"}
    assert run.counts() == {"pass": 1, "fail": 1}
    assert run.footer["counts"] == {"pass": 1, "fail": 1}


def test_what_running_each_case_alone_brought_to_light_is_read_back(path):
    write(path, isolate=True)
    footer = unfinished(path)
    assert not read(path).complete
    for leak in LEAKS:
        add_leak(path, leak)
    assert read(path).leaks == LEAKS
    finish(path, footer)
    run = read(path)
    assert run.complete
    assert run.leaks == LEAKS
    assert run.footer["leaks"] == 2
    assert [case.verdict for case in run.cases] == ["pass", "fail"]


def test_a_run_without_leaks_is_not_one_that_did_not_look_for_them(path):
    write(path, isolate=True)
    footer = unfinished(path)
    assert read(path).leaks is None
    finish(path, footer)
    assert read(path).leaks == ()
    write(path)
    assert read(path).leaks is None


def test_an_incomplete_run_does_not_go_on(path):
    write(path, complete=False)
    with pytest.raises(DataError, match="the run is incomplete"):
        unfinished(path)


def test_the_process_of_a_case_is_read_back(path):
    write(path, [PASSED._replace(worker="gw1")])
    assert read(path).cases[0].worker == "gw1"


def test_a_folder_means_the_result_file_in_it(path):
    write(path)
    assert read(path.parent).path == str(path)


def test_each_case_is_on_disk_before_the_next(path):
    writer = Writer(path)
    writer.write_header(HEADER)
    writer.write_case(PASSED)
    assert len(path.read_text().splitlines()) == 2
    writer.close(0.1, complete=False)


def test_cases_that_end_before_the_header_is_known_come_after_it(path):
    writer = Writer(path)
    writer.write_case(PASSED)
    writer.write_header(HEADER)
    writer.write_case(FAILED)
    writer.close(1.0, complete=True)
    assert [case.clause for case in read(path).cases] == ["recording.a", "recording.b"]


def test_a_second_header_is_ignored(path):
    writer = Writer(path)
    writer.write_header(HEADER)
    writer.write_header({**HEADER, "backend": "other"})
    writer.close(1.0, complete=True)
    assert read(path).header["backend"] == "some"


def test_a_run_that_was_stopped_is_incomplete(path):
    write(path, complete=False)
    assert not read(path).complete


def test_a_file_cut_off_at_any_byte_is_never_taken_for_a_complete_one(path):
    write(path)
    whole = path.read_bytes()
    first_line = whole.index(b"\n") + 1
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        if length < first_line:
            with pytest.raises(DataError, match="holds no record"):
                read(path)
        else:
            assert not read(path).complete


@pytest.mark.parametrize(
    ("number", "fields", "problem"),
    [
        (1, {"kind": "case"}, "not a result record"),
        (1, {"format": 2}, r"not a result record \(format\)"),
        (2, {"verdict": "fine"}, r"\(verdict\): 'fine' is not one of"),
        (2, {"seconds": -1}, r"\(seconds\)"),
        (2, {"seconds": "1"}, r"\(seconds\)"),
        (2, {"clause": "no chapter"}, r"\(clause\)"),
        (2, {"colour": "red"}, "colour"),
        (2, {"kind": "story"}, r"\(kind\)"),
        (3, {"details": []}, r"\(details\)"),
        (4, {"cases": 3}, "the footer does not count what the file holds"),
        (4, {"counts": {"pass": 2}}, "the footer does not count what the file holds"),
        (3, dict(PASSED.record()), "the same case as line 2"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_by_its_number(path, number, fields, problem):
    write(path)
    change(path, number, **fields)
    with pytest.raises(DataError, match=problem) as caught:
        read(path)
    assert caught.value.line == number
    assert str(caught.value).startswith("{}:{}: ".format(path, number))


@pytest.mark.parametrize(
    "text", ["{", '{"seconds": NaN}', "[]", "null", "[" * 100000, '"text"', "\x00", ""]
)
def test_a_line_that_is_no_record_is_refused(path, text):
    write(path)
    lines = path.read_text().splitlines()
    lines[1] = text
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.line == 2


def test_bytes_that_are_not_utf8_are_refused_by_their_line(path):
    write(path)
    path.write_bytes(path.read_bytes().replace(b"recording.b", b"recording.\xff"))
    with pytest.raises(DataError, match="not UTF-8") as caught:
        read(path)
    assert caught.value.line == 3


def test_a_record_amid_the_cases_is_refused(path):
    write(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[0], *lines[1:]]) + "\n")
    with pytest.raises(DataError, match="a header amid the cases") as caught:
        read(path)
    assert caught.value.line == 2


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such result file"):
        read(tmp_path)


def test_hostile_text_survives_the_file_unchanged(path):
    text = "</script>\x1b[31m\u202e\ud800 \u2028\n" + "x" * 100000
    write(path, [FAILED._replace(message=text)])
    assert read(path).cases[0].message == text
