"""The deviations file: strict about its own shape, and about what it excuses."""

import pytest

from tapecheck.deviations import SHIPPED, Deviation, read_deviations
from tapecheck.errors import DataError
from tapecheck.standard import load_standard

ENTRY = """
[[deviation]]
clause = "recording.a"
message = "no numbers"
reason = "It cannot."
link = "https://example.org/1"
"""


@pytest.fixture
def write(tmp_path):
    def to_file(text):
        path = tmp_path / "deviations.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def test_an_entry_is_read_with_its_defaults(write):
    [entry] = read_deviations(write(ENTRY))
    assert entry == Deviation("recording.a", "no numbers", "It cannot.", "https://example.org/1")
    assert entry.verdict == "fail"


def test_one_entry_tells_of_several_clauses_how_each_fails(write):
    messages = '[deviation.messages]\n"recording.a" = "no numbers"\n"recording.b[1]" = "none"\n'
    shared = ENTRY.replace('clause = "recording.a"\nmessage = "no numbers"\n', "modes = ['jit']\n")
    a, b = read_deviations(write(shared + messages))
    assert a == Deviation(
        "recording.a", "no numbers", "It cannot.", "https://example.org/1", modes=("jit",)
    )
    assert b == a._replace(clause="recording.b[1]", message="none")


@pytest.mark.parametrize(
    ("clause", "concerned"),
    [
        ("operators.first_order[math.sin]", True),
        ("operators.first_order_at_edges[math.sin]", True),
        ("operators.first_order[math.sinh]", False),
        ("laws.first_order[math.sin]", False),
    ],
)
def test_a_star_in_a_clause_stands_for_any_text(clause, concerned):
    entry = Deviation("operators.*[math.sin]", "a", "b", "c")
    assert entry.concerns(clause, "eager", "CPU:0", "1.0") == concerned


def test_an_empty_file_lists_nothing(write):
    assert read_deviations(write("")) == []


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[[deviation]\n", 1, "not TOML"),
        (ENTRY + "\n[[deviation]]\nclause = 'b'\n", 8, "the deviation has no 'message'"),
        (ENTRY + "colour = 'red'\n", 2, "unknown key 'colour'"),
        (ENTRY + "modes = ['lazy']\n", 2, "unknown mode 'lazy'"),
        (ENTRY + "modes = 'eager'\n", 2, "'modes' must be a list of texts"),
        (ENTRY + "versions = 'about 2'\n", 2, "'versions' is no version range"),
        (ENTRY + "verdict = 'pass'\n", 2, "must be fail or error"),
        (ENTRY.replace("It cannot.", " "), 2, "'reason' must be a text that is not empty"),
        (ENTRY + "[deviation.messages]\na = 'b'\n", 2, "in the place of 'clause' and 'message'"),
        ("[[deviation]]\nreason='r'\nlink='l'\nmessages={}\n", 1, "must give each clause a text"),
        ("[[deviation]]\nreason='r'\nlink='l'\nmessages={a=3}\n", 1, "must give each clause"),
        ("deviation = 3\n", None, "entries are"),
        ("[other]\n", None, "unknown table 'other'"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_line(write, text, line, problem):
    path = write(text)
    with pytest.raises(DataError, match=problem) as caught:
        read_deviations(path)
    assert caught.value.line == line
    assert str(caught.value).startswith(str(path) + (":{}:".format(line) if line else ":"))


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "deviations.toml"
    path.write_bytes(b"# a\n\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8") as caught:
        read_deviations(path)
    assert caught.value.line == 2


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"absent\.toml"):
        read_deviations(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("restriction", "case", "concerned"),
    [
        ({}, ("recording.a", "eager", "CPU:0", "2.21.0"), True),
        ({}, ("recording.b", "eager", "CPU:0", "2.21.0"), False),
        ({"modes": ("jit",)}, ("recording.a", "eager", "CPU:0", "2.21.0"), False),
        ({"modes": ("jit",)}, ("recording.a", "jit", "CPU:0", "2.21.0"), True),
        ({"devices": ("GPU",)}, ("recording.a", "eager", "CPU:0", "2.21.0"), False),
        ({"devices": ("GPU",)}, ("recording.a", "eager", "GPU:1", "2.21.0"), True),
        ({"versions": ">=2.4,<2.11"}, ("recording.a", "eager", "CPU:0", "2.10.1"), True),
        ({"versions": ">=2.4,<2.11"}, ("recording.a", "eager", "CPU:0", "2.11.0"), False),
        ({"versions": ">=2.21"}, ("recording.a", "eager", "CPU:0", "2.22.0.dev20261026"), True),
        ({"versions": ">=2.21"}, ("recording.a", "eager", "CPU:0", "unknown"), False),
    ],
)
def test_an_entry_concerns_its_clause_modes_devices_and_versions_only(restriction, case, concerned):
    assert Deviation("recording.a", "m", "r", "l", **restriction).concerns(*case) is concerned


def test_an_entry_explains_only_the_failure_that_it_describes():
    entry = Deviation("recording.a", "No Numbers", "r", "l")
    assert entry.explains("fail", "there are no numbers here")
    assert not entry.explains("fail", "something else")
    assert not entry.explains("error", "there are no numbers here")


def test_every_shipped_entry_speaks_of_a_clause_that_exists():
    entries = [entry for path in sorted(SHIPPED.glob("*.toml")) for entry in read_deviations(path)]
    assert entries
    for entry in entries:
        name = entry.clause.partition("[")[0]
        if "*" not in name:
            assert load_standard().find(entry.clause).clause.id == name
