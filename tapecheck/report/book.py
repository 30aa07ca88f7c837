"""The standard as a book: one page from which a tape can be implemented."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import types
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import jinja2
from markupsafe import Markup

from tapecheck import checks, tolerance
from tapecheck.behaviours import Behaviour
from tapecheck.behaviours import load as load_behaviours
from tapecheck.capabilities import CAPABILITIES
from tapecheck.clause import Clause
from tapecheck.modes import MODE_NEEDS, MODES
from tapecheck.report import page as pages
from tapecheck.report import text
from tapecheck.report.highlight import highlight
from tapecheck.results import VERDICTS, Case, Run
from tapecheck.standard import SPEC, Chapter, Standard, load_standard

_TEMPLATES = Path(__file__).parent / "templates"
_DOCSTRING = re.compile(r'\n *"""(?:.|\n)*?"""(?=\n)\n?')
_EXAMPLE = """\
x = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * x
tape.gradient(y, x)  # dy/dx = 2 x = 6.0"""
_ASSERTIONS = (
    checks.assert_close,
    checks.assert_none,
    checks.assert_structure,
    checks.assert_equal,
    checks.assert_same,
    checks.raises,
)


class Outcome(NamedTuple):
    """What runs found that came to the same: each verdict with its modes; none: it was not run."""

    runs: List[str]
    verdicts: List[Tuple[str, List[str]]]


class Article(NamedTuple):
    """A clause in the book; `number` is such as ``4.12``."""

    number: str
    clause: Clause
    behaviours: List[Behaviour]
    code: Markup
    outcomes: List[Outcome]

    @property
    def modes(self) -> str:
        return "every mode" if self.clause.modes == MODES else ", ".join(self.clause.modes)


class Part(NamedTuple):
    """A chapter in the book.

    Attributes:
        title: the first line of the docstring up to its colon.
        lead: what follows the colon.
        paragraphs: the rest of the docstring.
        helpers: the code that its clauses share, perhaps empty.
    """

    number: int
    name: str
    title: str
    lead: str
    paragraphs: List[str]
    helpers: Markup
    articles: List[Article]


class Indexed(NamedTuple):
    """A behaviour, and number and id of each clause that covers it."""

    behaviour: Behaviour
    clauses: List[Tuple[str, str]]


class Book(NamedTuple):
    """Everything that the template lays out.

    Attributes:
        areas: the title of each area of behaviours, and what belongs to it.
        capabilities: name, meaning and number of clauses in need of it.
    """

    reports: List[pages.Report]
    parts: List[Part]
    areas: List[Tuple[str, List[Indexed]]]
    capabilities: List[Tuple[str, str, int]]

    @property
    def articles(self) -> List[Article]:
        return [article for part in self.parts for article in part.articles]

    @property
    def uncovered(self) -> int:
        """How many behaviours no clause covers."""
        return sum(not one.clauses for _, area in self.areas for one in area)

    def of_level(self, level: str) -> int:
        """How many clauses have the level."""
        return sum(article.clause.level == level for article in self.articles)


def render_book(runs: List[Run], out: Path, site: bool = False) -> Path:
    """Write ``standard.html`` into the folder `out`, made where it is missing.

    The same standard and runs give the same bytes. With runs, each clause shows their verdicts
    and leads to ``index.html``, the report of the same runs.

    Args:
        site: whether the report is a site, with a page for each clause that was run.

    Returns:
        The path of the page: one file that needs no other and no network.
    """
    book = _build(runs, load_standard())
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    page = out / "standard.html"
    content = _environment().get_template(page.name).render(book=book, site=site)
    page.write_bytes(content.encode("utf-8"))
    return page


def _build(runs: Sequence[Run], standard: Standard) -> Book:
    behaviours = load_behaviours()
    told = pages.reports_of(runs)
    cases = _cases(told)
    parts = []
    for number, chapter in enumerate(standard.chapters, 1):
        code = _definitions(chapter.module)
        entries = [one for one in standard.entries.values() if one.chapter == chapter]
        articles = [
            Article(
                number="{}.{}".format(number, place),
                clause=entry.clause,
                behaviours=[behaviours[name] for name in entry.clause.covers],
                code=highlight(program(code[entry.function.__name__])),
                outcomes=_outcomes(told, cases.get(entry.clause.id, {})),
            )
            for place, entry in enumerate(entries, 1)
        ]
        parts.append(_part(number, chapter, highlight(code[""]), articles))
    clauses = [article for part in parts for article in part.articles]
    covering: Dict[str, List[Tuple[str, str]]] = {name: [] for name in behaviours}
    for article in clauses:
        for name in article.clause.covers:
            covering[name].append((article.number, article.clause.id))
    areas = [
        (
            title,
            [Indexed(one, covering[one.id]) for one in behaviours.values() if one.area == area],
        )
        for area, title in behaviours.areas.items()
    ]
    capabilities = [
        (name, _first(probe), sum(name in article.clause.needs for article in clauses))
        for name, probe in CAPABILITIES.items()
    ]
    return Book(told, parts, areas, capabilities)


def _part(number: int, chapter: Chapter, helpers: Markup, articles: List[Article]) -> Part:
    title, _, lead = chapter.title.partition(": ")
    paragraphs = (inspect.getdoc(chapter.module) or "").split("\n\n")[1:]
    return Part(number, chapter.name, title, lead, paragraphs, helpers, articles)


def program(definition: str) -> str:
    """The function of a clause without decorator and docstring, which the page tells in words."""
    return _DOCSTRING.sub("\n", definition[definition.index("def ") :], count=1)


def _definitions(module: types.ModuleType) -> Dict[str, str]:
    """The code of a chapter by the name of the test; under no name what its tests share.

    Docstring and imports are left out; the comments above a statement belong to it.
    """
    source = inspect.getsource(module)
    lines = source.split("\n")
    nodes = ast.parse(source).body[1:]
    starts = [_start(node, lines) for node in nodes] + [len(lines)]
    blocks: Dict[str, List[str]] = {"": []}
    for node, start, end in zip(nodes, starts, starts[1:]):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            name = getattr(node, "name", "")
            name = name if name.startswith("test_") else ""
            blocks.setdefault(name, []).extend(lines[start:end])
    return {name: "\n".join(block).strip() for name, block in blocks.items()}


def _start(node: ast.stmt, lines: List[str]) -> int:
    """The index of the first line of a statement, decorators and comments above it included."""
    decorators: List[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno] + [one.lineno for one in decorators]) - 1
    while lines[first - 1].startswith("#"):
        first -= 1
    return first


def _cases(told: Sequence[pages.Report]) -> Dict[str, Dict[str, List[Case]]]:
    """The cases of the standard by clause and name of the run."""
    cases: Dict[str, Dict[str, List[Case]]] = {}
    for report in told:
        for case in report.run.cases:
            if case.suite == SPEC:
                cases.setdefault(case.clause, {}).setdefault(report.name, []).append(case)
    return cases


def _outcomes(told: Sequence[pages.Report], cases: Dict[str, List[Case]]) -> List[Outcome]:
    """What each run found, told once for runs that found the same."""
    found: List[Outcome] = []
    several = len({case.device for run in cases.values() for case in run}) > 1
    for report in told:
        places: Dict[str, List[str]] = {}
        for case in cases.get(report.name, []):
            device = " " + text.one_line(case.device, 40) if several else ""
            places.setdefault(case.verdict, []).append(case.mode + device)
        verdicts = [(verdict, places[verdict]) for verdict in VERDICTS if verdict in places]
        same = next((one for one in found if one.verdicts == verdicts), None)
        if same is None:
            found.append(Outcome([report.name], verdicts))
        else:
            same.runs.append(report.name)
    return found


def _first(described: Callable[..., Any]) -> str:
    """The first paragraph of a docstring, on one line."""
    first = (inspect.getdoc(described) or "").split("\n\n")[0]
    return " ".join(first.replace("`", "").split())


def _signature(function: Callable[..., Any]) -> str:
    """Name and parameters, without types."""
    parameters = [
        str(one.replace(annotation=inspect.Parameter.empty))
        for one in inspect.signature(function).parameters.values()
    ]
    return "{}({})".format(function.__name__, ", ".join(parameters))


@functools.lru_cache(maxsize=None)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(_TEMPLATES)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=text.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(address=text.address, breakable=text.breakable, number="{:,}".format)
    environment.globals.update(
        assertions=[(_signature(one), _first(one)) for one in _ASSERTIONS],
        example=highlight(_EXAMPLE),
        meanings=pages.MEANINGS,
        mode_needs=MODE_NEEDS,
        style=Markup(
            "".join(
                (_TEMPLATES / name).read_text(encoding="utf-8")
                for name in ("report.css", "standard.css")
            )
        ),
        symbols=pages.SYMBOLS,
        ulps=int(tolerance.ULPS),
    )
    return environment
