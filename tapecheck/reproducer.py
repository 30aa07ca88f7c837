"""Scripts that check one clause and need nothing but the implementation and NumPy.

A script is put together from source that exists: the clause as it stands in its chapter, what of
its chapter and of `tapecheck.reproducer_helpers` it uses, and the few lines that run it.
"""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

import tapecheck
from tapecheck import reproducer_helpers
from tapecheck.backends.loading import KNOWN, offered
from tapecheck.errors import UsageError
from tapecheck.modes import EAGER, JIT
from tapecheck.sampling import seed_of
from tapecheck.standard import Entry

_GIVEN = ("tf", "run", "devices", "seed", "measured")
"""The arguments of a clause that a script can give it."""

_MEASURED = "Measured"
"""The helper that stands for the fixture of clauses that measure."""

_SHARED = re.compile(r"^from (tapecheck\.[\w.]+) import ([\w, ]+)$", re.MULTILINE)
"""An import of what this suite shares."""

_SECOND_CPU = """\
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    processor, [tf.config.LogicalDeviceConfiguration() for _ in range({})]
)"""


def script(
    entry: Entry,
    backend: str,
    mode: str,
    device: Optional[str] = None,
    documented: Iterable[str] = (),
) -> str:
    """A script that ends with a line that says so if the implementation keeps the promise.

    What the clause measures is printed before that. Otherwise it ends with the AssertionError, or
    with whatever exception the implementation raises.

    Args:
        entry: the clause and its chapter.
        backend: a known name, or ``package.module[:attribute]``.
        mode: one of the modes of the clause.
        device: where to compute, such as ``GPU:0``; None for wherever the implementation does.
        documented: where the promise is documented, one line each.

    Raises:
        UsageError: the clause does not speak of that mode, or takes what no script has.
    """
    clause = entry.clause
    _check_alone(entry)
    if mode not in clause.modes:
        raise UsageError(
            "clause {} speaks of {} only, not of {}".format(
                clause.id, " and ".join(clause.modes), mode
            )
        )
    name = entry.function.__name__
    helpers = _definitions(Path(reproducer_helpers.__file__))
    own = _gathered(entry.chapter.path, {name}, set(helpers))
    used = set().union(*(part.uses for part in own.values()))
    if "measured" in _arguments(entry):
        used.add(_MEASURED)
    helping = _closure(used & set(helpers) - set(own), helpers)
    every = [*(helpers[one] for one in helping), *own.values()]
    parts = list({part.text: part for part in every}.values())
    blocks = [
        title(clause.id, mode, clause.statement, documented),
        "\n".join([*_joined({part.text for part in parts if part.is_import}), namespace(backend)]),
    ]
    devices = _devices(device, clause.devices)
    if clause.devices > 1 and backend == "tensorflow":
        blocks.append(_SECOND_CPU.format(clause.devices))
    texts = [part.text for part in parts if not part.is_import]
    blocks += texts
    if "run" in _arguments(entry):
        blocks.append(_run(backend, mode, "\n".join(texts)))
    blocks.append(_main(entry, mode, device, devices))
    return "\n\n\n".join(blocks) + "\n"


def _check_alone(entry: Entry) -> None:
    """Refuse a clause that takes what no script has.

    Raises:
        UsageError: naming what that is.
    """
    clause, function = entry.clause, entry.function
    text = "clause {} cannot stand alone in a script, since it {}; {}"
    if hasattr(function, "hypothesis"):
        why = "draws its examples"
        raise UsageError(
            text.format(clause.id, why, "see what a failing case says to reproduce it")
        )
    beyond = [name for name in _arguments(entry) if name not in _GIVEN]
    if beyond:
        again = "run it by itself: tapecheck run BACKEND --suite {} --chapter {} -k {}".format(
            entry.chapter.path.parent.name, entry.chapter.name, function.__name__
        )
        raise UsageError(text.format(clause.id, "takes " + " and ".join(beyond), again))


class Definition(NamedTuple):
    """A name at the top level of a file: its source, and the names that this uses."""

    text: str
    uses: Set[str]
    is_import: bool
    line: int


@functools.lru_cache(maxsize=None)
def _definitions(path: Path) -> Dict[str, Definition]:
    """What a file defines at its top level, by name. Clauses come without their decorators."""
    source = path.read_text(encoding="utf-8")
    lines = source.split("\n")
    body = ast.parse(source).body
    starts = [_first_line(node) for node in body] + [len(lines) + 1]
    found: Dict[str, Definition] = {}
    for node, start, end in zip(body, starts, starts[1:]):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(_imported(node))
            continue
        text = _trimmed(lines[start - 1 : end - 1])
        uses = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name.startswith("test_"):
                text = text[text.index("def " + node.name) :]
            found[node.name] = Definition(text, uses, False, start)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for one in ast.walk(target):
                    if isinstance(one, ast.Name):
                        found[one.id] = Definition(text, uses, False, start)
    return found


def _imported(node: Union[ast.Import, ast.ImportFrom]) -> Iterator[Tuple[str, Definition]]:
    """The definitions of an import, one line for each of its names."""
    for alias in node.names:
        renamed = " as " + alias.asname if alias.asname else ""
        text = "import {}{}".format(alias.name, renamed)
        if isinstance(node, ast.ImportFrom):
            if node.module == "__future__" or node.module == "tapecheck":
                continue
            text = "from {} {}".format(node.module, text)
        bound = alias.asname or alias.name.partition(".")[0]
        yield bound, Definition(text, set(), True, node.lineno)


def _first_line(node: ast.stmt) -> int:
    decorators: List[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno] + [one.lineno for one in decorators])


def _trimmed(lines: List[str]) -> str:
    """Without the blank lines and comments that lead to the next definition."""
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):
        lines = lines[:-1]
    return "\n".join(lines)


def _closure(names: Set[str], definitions: Dict[str, Definition]) -> List[str]:
    """`names` and all that they use, as far as it is defined, in the order of the file."""
    reached: Set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in reached:
            reached.add(name)
            waiting |= definitions[name].uses
    in_order = sorted(reached, key=lambda name: definitions[name].line)
    # One statement may define several names: it is needed once.
    once = {definitions[name].text: name for name in reversed(in_order)}
    return [name for name in in_order if once[definitions[name].text] == name]


def _gathered(path: Path, names: Set[str], helping: Set[str]) -> Dict[str, Definition]:
    """`names` of a file and all that they use, also of what the file imports of this suite.

    Args:
        helping: names that helpers of scripts have, which take the place of those of the suite.

    Raises:
        UsageError: two files define a name differently.
    """
    definitions = _definitions(path)
    found: Dict[str, Definition] = {}
    closure = _closure(names, definitions)
    for name in closure:
        part = definitions[name]
        match = _SHARED.match(part.text) if part.is_import else None
        if match is None:
            more = {name: part}
        elif name in helping:
            continue
        else:
            users = [definitions[one].text for one in closure if name in definitions[one].uses]
            more = _imported_from_suite(match.group(1), match.group(2), users, helping)
        for key, other in more.items():
            if found.setdefault(key, other).text != other.text:
                raise UsageError("no script: {} is defined twice, differently".format(key))
    return found


def _imported_from_suite(
    module: str, name: str, users: List[str], helping: Set[str]
) -> Dict[str, Definition]:
    """What is imported of a module of this suite; a module becomes a namespace of what is used."""
    place = Path(tapecheck.__file__).parent.joinpath(*module.split(".")[1:])
    if not (place / (name + ".py")).is_file():
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        return _gathered(file, {name}, helping)
    used = set(re.findall(r"\b{}\.(\w+)".format(name), "\n".join(users)))
    found = _gathered(place / (name + ".py"), used, helping)
    imports = {key: part for key, part in found.items() if part.is_import}
    texts = dict.fromkeys(part.text for part in found.values() if not part.is_import)
    given = ", ".join("{0}={0}".format(one) for one in sorted(used))
    texts["return types.SimpleNamespace({})".format(given)] = None
    body = textwrap.indent("\n\n".join(texts), "    ")
    text = "def _{0}():\n{1}\n\n\n{0} = _{0}()".format(name, body)
    uses = set().union({"types"}, *(part.uses for part in found.values()))
    types = Definition("import types", set(), True, 0)
    return {"types": types, **imports, name: Definition(text, uses, False, 0)}


def inlined(program: str) -> str:
    """A program with the source of what it imports of this suite in the place of the import."""
    match = _SHARED.search(program)
    if match is None:
        return program
    path = Path(tapecheck.__file__).parent.joinpath(*match.group(1).split(".")[1:])
    parts = _gathered(path.with_suffix(".py"), set(match.group(2).split(", ")), set()).values()
    imports = {part.text for part in parts if part.is_import}
    texts = [part.text for part in parts if not part.is_import]
    source = "\n\n\n".join(["\n".join(_joined(imports - set(program.split("\n")))), *texts])
    return program[: match.start()].rstrip() + "\n" + source + program[match.end() :]


def _joined(imports: Iterable[str]) -> Iterator[str]:
    """Imports, those of names of one module in one line."""
    names: Dict[str, List[str]] = {}
    for line in sorted(imports):
        module, _, name = line.partition(" import ")
        if name:
            names.setdefault(module, []).append(name)
        else:
            yield line
    for module, some in names.items():
        yield "{} import {}".format(module, ", ".join(some))


def title(clause: str, mode: str, statement: str, documented: Iterable[str] = ()) -> str:
    """The docstring of a script: what it checks, and where that is documented."""
    lines = ['"""{} [{}]'.format(clause, mode), "", statement]
    sources = list(documented)
    if sources:
        lines += ["", "Documented:", *("  " + source for source in sources)]
    lines += ["", "Put together by tapecheck {}.".format(tapecheck.__version__), '"""']
    return "\n".join(lines)


def namespace(backend: str) -> str:
    """The lines that bring the namespace under test."""
    if backend == "tensorflow":
        return "import tensorflow as tf"
    if backend in KNOWN:
        return "import tapecheck.tapes.{} as tf".format(backend)
    offer = offered(backend)
    module, _, attribute = (offer.value if offer else backend).partition(":")
    if not attribute:
        return "import {} as tf".format(module)
    if offer:
        # It may be a namespace or what makes a backend: only the loader can tell.
        return 'from tapecheck.backends import load\n\ntf = load("{}").namespace'.format(backend)
    return "import {module}\n\ntf = {module}.{attribute}".format(module=module, attribute=attribute)


def _devices(device: Optional[str], count: int) -> List[str]:
    processors = ["CPU:{}".format(number) for number in range(count)]
    others = [name for name in processors if name != device]
    return ([device] if device else []) + others[: count - 1 if device else count]


def _run(backend: str, mode: str, clause: str) -> str:
    """What stands for the argument `run` of a clause, as far as its source uses it."""
    told = "Op by op." if mode == EAGER else "Compiled."
    lines = [
        "def run(program, *arguments):",
        '    """{}"""'.format(told),
        "    return {}(*arguments)".format(compiled("program", backend, mode)),
    ]
    if "run.compiled" in clause:
        expression = compiled("program", backend, mode)
        lines += ["", "", "run.compiled = lambda program: {}".format(expression)]
    if "run.mode" in clause:
        lines += ["", "", 'run.mode = "{}"'.format(mode)]
    return "\n".join(lines)


def compiled(name: str, backend: str, mode: str) -> str:
    """The expression for a function as it runs in a mode."""
    if mode == EAGER:
        return name
    options = ["autograph=False"] if backend == "tensorflow" else []
    options += ["jit_compile=True"] if mode == JIT else []
    return "tf.function({})".format(", ".join([name, *options]))


def _arguments(entry: Entry) -> Tuple[str, ...]:
    code = entry.function.__code__
    return code.co_varnames[: code.co_argcount]


def _main(entry: Entry, mode: str, device: Optional[str], devices: List[str]) -> str:
    name = entry.function.__name__
    given = {  # the seed is that of a run that was not told another
        "devices": repr(devices),
        "seed": str(seed_of(0, entry.clause.id)),
        "measured": _MEASURED + "()",
    }
    arguments = [given.get(argument, argument) for argument in _arguments(entry)]
    call = "{}({})".format(name, ", ".join(arguments))
    lines = ['if __name__ == "__main__":']
    if device:
        lines += ['    with tf.device("{}"):'.format(device), "        " + call]
    else:
        lines.append("    " + call)
    lines.append('    print("holds: {} [{}]")'.format(entry.clause.id, mode))
    return "\n".join(lines)
