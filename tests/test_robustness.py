"""An implementation that does the worst costs verdicts, never the run."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Dict, List

import pytest

from tapecheck import OBSERVED, results
from tapecheck.standard import load_standard
from tapecheck.tapes import numpy
from tests.test_cli_run import Ended, run

TAPE = """
    import os, signal, sys, threading, time
    import numpy, pytest
    from tapecheck.tapes import numpy as honest

    __tapecheck__ = dict(honest.__tapecheck__, name="worst", version="1.0")

    def __getattr__(name):
        return getattr(honest, name)

    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError("no words")
        __repr__ = __str__

    class UnspeakableAssertion(AssertionError):
        __str__ = __repr__ = Unspeakable.__str__

    class Noted(Exception):
        __notes__ = 7

    class Hostile:
        \"\"\"Refuses everything that a value is asked.\"\"\"
        def refuse(self, *arguments):
            raise Unspeakable()
        __array__ = __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = refuse
        __hash__ = None
        __getattr__ = refuse

    class Agreeable:
        \"\"\"Is equal to everything.\"\"\"
        def __eq__(self, other):
            return True

    class Endless:
        def __repr__(self):
            while True:
                pass
        __array__ = __repr__

    class Huge:
        def __repr__(self):
            return "x" * 50000000

    def raising(error):
        raise error

    def printing():
        for stream in (sys.stdout, sys.stderr):
            stream.write("y" * 5000000)
        os.write(1, b"z" * 5000000)

    def sinking():
        return sinking()

    def closing():
        sys.stdout.close()
        sys.stderr.close()

    def littering():
        os.chdir("/")
        sys.setrecursionlimit(60)  # Not even pytest can go on with that.
        numpy.seterr(all="raise")
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def crashing_thread():
        threading.Thread(target=lambda: 1 / 0).start()
        raise ValueError("a thread failed, too")

    class Nested(list):
        def __getitem__(self, index):
            return self

        def __iter__(self):
            while True:
                time.sleep(0.001)  # Until the time limit, not until the memory ends.
                yield self

    FAULTS = dict(
        exits=lambda: sys.exit(0),
        exits_at_once=lambda: os._exit(0),
        interrupts=lambda: raising(KeyboardInterrupt()),
        interrupts_by_signal=lambda: os.kill(os.getpid(), signal.SIGINT),
        terminates=lambda: os.kill(os.getpid(), signal.SIGTERM),
        segfaults=lambda: os.kill(os.getpid(), signal.SIGSEGV),
        ends_a_generator=lambda: raising(GeneratorExit()),
        stops=lambda: raising(StopIteration()),
        is_out_of_memory=lambda: raising(MemoryError()),
        ends_the_tests=lambda: pytest.exit("bye"),
        skips=lambda: pytest.skip("let me"),
        expects_failure=lambda: pytest.xfail("let me"),
        raises_what_has_no_text=lambda: raising(Unspeakable()),
        asserts_without_a_text=lambda: raising(UnspeakableAssertion()),
        raises_with_odd_notes=lambda: raising(Noted()),
        recurses=sinking,
        hangs=lambda: time.sleep(600),
        prints=printing,
        closes_streams=closing,
        closes_files=lambda: os.closerange(0, 256),
        litters=littering,
        leaves_a_thread=crashing_thread,
        answers_what_is_hostile=Hostile,
        answers_what_is_equal_to_everything=Agreeable,
        answers_what_is_shown_for_ever=Endless,
        answers_what_is_shown_at_length=Huge,
        answers_an_endless_list=Nested,
        answers_text=lambda: "12.0",
        answers_halves_of_characters=lambda: "\\ud800\\x00",
        answers_a_type=lambda: float,
        answers_a_module=lambda: os,
        answers_itself=lambda: GradientTape,
    )

    class GradientTape(honest.GradientTape):
        def gradient(self, *arguments, **options):
            clause = os.environ["PYTEST_CURRENT_TEST"].partition("::test_")[2].partition("[")[0]
            if clause in PLACES:
                return FAULTS[PLACES[clause]]()
            return super().gradient(*arguments, **options)
"""
FAULTS = re.findall(r"^        (\w+)=", TAPE, re.MULTILINE)
CRASHES = "the process that ran it crashed"
SAYS = {
    "exits": "SystemExit: 0",
    "exits_at_once": CRASHES,
    "interrupts": "it raised KeyboardInterrupt",
    "interrupts_by_signal": CRASHES,
    "segfaults": CRASHES,
    "ends_the_tests": "it raised Exit: bye",
    "skips": "it raised Skipped: let me",
    "raises_what_has_no_text": "Unspeakable",
    "asserts_without_a_text": "(no text: its __str__ raises RuntimeError)",
    "hangs": "ran into the time limit of 4 s",
    "answers_what_is_hostile": "Hostile",
    "answers_what_is_shown_for_ever": "ran into the time limit of 4 s",
    "answers_text": "a str: '12.0'",
}
HEAD = """
    import atexit, os, sys, threading, time
    from tapecheck.tapes import numpy as honest

    GradientTape, constant = honest.GradientTape, honest.constant
    __tapecheck__ = dict(honest.__tapecheck__, name="worst", version="1.0")
    class config:
        list_logical_devices = staticmethod(lambda: DEVICES)

    class Device:
        name = "CPU:0"

    DEVICES = [Device]

    def __getattr__(name):
        return getattr(honest, name)
"""
NAMESPACES = {
    "exits_at_import": "import os; os._exit(0)",
    "interrupts_at_import": "raise KeyboardInterrupt()",
    "skips_at_import": "import pytest; pytest.skip('let me', allow_module_level=True)",
    "unspeakable_at_import": TAPE.partition("class Hostile")[0] + "\n    raise Unspeakable()",
    "refuses_attributes": "def __getattr__(name): raise OSError('no attribute')",
    "has_odd_devices": HEAD + "    Device.name = 'a place'",
    "has_no_devices": HEAD + "    DEVICES.clear()",
    "has_no_list_of_devices": HEAD + "    DEVICES = None",
    "declares_a_text": HEAD + "    __tapecheck__ = 'graph'",
    "declares_a_number": HEAD + "    __tapecheck__ = {'lacks': 7}",
    "declares_words_of_modes": HEAD + "    __tapecheck__ = {'lacks_in': 'jit'}",
    "has_no_name": HEAD + "    __tapecheck__ = dict(honest.__tapecheck__, name='')",
    "has_a_terrible_name": HEAD
    + "    __tapecheck__ = dict(honest.__tapecheck__, name='../\\x00\\x1b[31m' + 'n' * 9000)",
    "crashes_at_its_end": HEAD + "    atexit.register(os.abort)",
    "never_ends": HEAD + "    threading.Thread(target=lambda: time.sleep(600)).start()",
    "places_nothing": HEAD + "    def device(name): sys.exit('no place')",
}
QUICK = ["--chapter", "persistence", "--mode", "eager", "-k", "test_a_tape_answers_once"]
GOOD = "conforms, in what was asked for"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user with one tape of many faults, and namespaces of one fault each."""
    place = tmp_path_factory.mktemp("user")
    code = textwrap.dedent(TAPE) + "\nPLACES = {!r}\n".format(dict(zip(clauses(), FAULTS)))
    (place / "worst.py").write_text(code, encoding="utf-8")
    for name, text in NAMESPACES.items():
        (place / (name + ".py")).write_text(textwrap.dedent(text), encoding="utf-8")
    return place


def clauses() -> List[str]:
    """Names of the clauses of a chapter that the embedded tape is asked."""
    entries = load_standard().entries.values()
    found = [entry.clause for entry in entries if entry.clause.chapter == "gradient"]
    lacks = set(numpy.__tapecheck__["lacks"])
    chosen = [one for one in found if one.level != OBSERVED and not one.needs & lacks]
    return [one.id.partition(".")[2] for one in chosen if "eager" in one.modes]


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    options = ["--chapter", "gradient", "--mode", "eager", "--timeout", "4", "--out", "worst"]
    return run(folder, "worst", *options)


@pytest.fixture(scope="module")
def cases(folder: Path, ended: Ended) -> Dict[str, results.Case]:
    """The case of each fault, and those without one under the names of their clauses."""
    places = dict(zip(clauses(), FAULTS))
    names = [(case.clause.partition(".")[2], case) for case in results.read(folder / "worst").cases]
    return {places.get(name, name): case for name, case in names}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_worst_costs_the_verdict_of_its_case(
    cases: Dict[str, results.Case], fault: str
) -> None:
    assert cases[fault].verdict in ("fail", "error")
    assert cases[fault].message.startswith(cases[fault].clause + " [eager CPU:0] ")
    assert len(cases[fault].message) < 30000
    assert SAYS.get(fault, "") in cases[fault].message


def test_the_worst_costs_no_other_verdict(cases: Dict[str, results.Case]) -> None:
    others = {name: case.verdict for name, case in cases.items() if name not in FAULTS}
    assert set(others.values()) == {"pass", "unsupported"}


def test_a_run_of_the_worst_comes_to_its_end(folder: Path, ended: Ended) -> None:
    assert ended.code == 1
    assert results.read(folder / "worst").complete
    assert (folder / "worst" / "index.html").is_file()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("exits_at_import", 3, "cannot be set up: its process crashed"),
        ("interrupts_at_import", 3, "it raised KeyboardInterrupt"),
        ("skips_at_import", 3, "it raised Skipped: let me"),
        ("unspeakable_at_import", 3, "RuntimeError: no words"),
        ("refuses_attributes", 3, "OSError: no attribute"),
        ("has_odd_devices", 2, "names a device 'a place', must be such as CPU:0"),
        ("has_no_devices", 2, "'worst' names no device"),
        ("has_no_list_of_devices", 3, "TypeError: 'NoneType' object is not iterable"),
        ("declares_a_text", 3, "AttributeError: 'str' object has no attribute"),
        ("declares_a_number", 3, "TypeError: 'int' object is not iterable"),
        ("declares_words_of_modes", 3, "TypeError: 'str' object is not a mapping"),
        ("has_no_name", 0, GOOD),
        ("has_a_terrible_name", 0, GOOD),
        ("crashes_at_its_end", 0, GOOD),
        ("never_ends", 0, GOOD),
        ("places_nothing", 1, "does not conform: 1 of 1 cases"),
    ],
)
def test_a_namespace_that_is_no_good_gives_one_line_or_a_verdict(
    folder: Path, name: str, code: int, said: str
) -> None:
    ended = run(folder, name, *QUICK, "--timeout", "30")
    assert ended.code == code
    last = ended.out.strip().split("\n")[-1] if code in (0, 1) else ended.said[-1]
    assert said in last
    assert "Traceback" not in ended.out + ended.err
