"""The site of many runs: a front page, a page a clause and a run, the matrix, and time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from markupsafe import Markup

from tapecheck.behaviours import load as load_behaviours
from tapecheck.comparison import Suspect, suspects
from tapecheck.modes import MODES
from tapecheck.report import broken, conformance, history, lacks, page, sheets, trends, versions
from tapecheck.report.broken import Broken
from tapecheck.report.columns import columns
from tapecheck.report.costs import costs
from tapecheck.report.curves import curves
from tapecheck.report.environment import asset, environment, to_json
from tapecheck.report.history import Night
from tapecheck.report.joining import joined
from tapecheck.report.matrix import Matrix, arrange
from tapecheck.report.page import Page, Report
from tapecheck.report.sheets import Place, Sheet
from tapecheck.report.trends import Trend
from tapecheck.report.versions import Upgrades
from tapecheck.results import Run, count
from tapecheck.standard import load_standard

_STANDARD = "standard.html"


class Site(NamedTuple):
    """Everything that the templates lay out.

    Attributes:
        reports: all runs, by implementation, version and date.
        newest: the numbers of the last run of each thing.
        front: the model of the newest runs, as a page of them alone would show it.
        nights: what changed in the last night, those with regressions first.
        upgrades: the implementations of which there are several versions.
        names: the file of each clause.
        broken: what the newest runs break.
        suspects: the clauses that tell nothing.
        curves: what training measured in the newest runs, as HTML.
        costs: the same of what tapes cost, beside earlier runs.
    """

    reports: List[Report]
    newest: List[int]
    front: Page
    nights: List[Night]
    upgrades: List[Upgrades]
    trends: List[Trend]
    matrix: Matrix
    names: Dict[Place, str]
    sheets: List[Sheet]
    broken: List[Broken]
    suspects: List[Suspect]
    curves: Markup
    costs: Markup
    has_standard: bool

    def address(self, one: Any) -> str:
        """The page of a clause from the top of the site, perhaps empty; `one` is a case or so."""
        name = self.names.get((one.suite, sheets.stem(one.clause)))
        return "clauses/{}.html".format(name) if name else ""

    @property
    def statements(self) -> Dict[Place, str]:
        """What each clause states, as far as that is known."""
        return {(one.suite, one.clause): one.said.statement for one in self.sheets if one.said}

    @property
    def standings(self) -> List[int]:
        """The newest runs, implementation by implementation, the newest version first."""
        order = list(dict.fromkeys(report.backend for report in self.reports))
        return sorted(
            self.newest, key=lambda number: (order.index(self.reports[number].backend), -number)
        )

    @property
    def older(self) -> List[int]:
        """The runs after which the same was run again."""
        return [number for number in range(len(self.reports)) if number not in self.newest]

    @property
    def lacking(self) -> Page:
        """The front page with one run for all versions of an implementation that lack the same."""
        last: Dict[str, Report] = {}
        for number in self.newest:
            report = self.reports[number]
            declared = [report.backend, *map(report.run.header.get, ("lacks", "lacks_in"))]
            last[repr(declared)] = report
        alone = list(last.values())
        return self.front._replace(
            reports=alone, lacks=lacks.find([report.run for report in alone])
        )

    def aligned(self, old: int, new: int) -> bool:
        """Whether two runs are of the same version of the suite."""
        return len({self.reports[one].run.header["suite_version"] for one in (old, new)}) == 1

    @property
    def stood_in(self) -> List[int]:
        """The newest runs that stand in for a night that brought nothing whole."""
        return [number for number in self.newest if self.reports[number].old]

    @property
    def unreviewed(self) -> int:
        """How many deviations of the newest runs nobody has looked into."""
        return sum(conformance.unreviewed(self.reports[number].run.cases) for number in self.newest)

    @property
    def regressions(self) -> int:
        return sum(len(night.changes.regressions) for night in self.nights)

    @property
    def sections(self) -> List[Tuple[str, str]]:
        """Address and name of each page that the navigation leads to."""
        found = [("index.html", "Overview"), ("matrix.html", "Matrix")]
        found += (
            [("changes.html", "Changes"), ("timeline.html", "Time line")] if self.upgrades else []
        )
        found += [("trends.html", "Trends")] if self.trends else []
        found += [("training.html", "Training")] if self.curves else []
        found += [("costs.html", "Costs")] if self.costs else []
        found += [("lacks.html", "Lacks")] if self.front.lacks else []
        found += [("suspects.html", "Suspects")] if self.suspects else []
        return found + ([(_STANDARD, "Standard")] if self.has_standard else [])


def build(runs: Sequence[Run], book: bool = True) -> Site:
    """What the site of the runs says.

    Args:
        book: whether ``standard.html`` lies beside it.
    """
    standard = load_standard()
    runs = history.ordered(joined(runs))
    reports = page.reports_of(runs)
    newest = history.newest(runs)
    matrix = arrange(runs, standard)
    places = list(dict.fromkeys((row.suite, sheets.stem(row.clause)) for row in matrix.rows))
    names = sheets.file_names(places)
    nights = sorted(history.nights(runs), key=lambda night: -len(night.changes.regressions))
    upgrades = versions.find(reports, places)
    return Site(
        reports=reports,
        newest=newest,
        front=page.build([runs[number] for number in newest], standard),
        nights=nights,
        upgrades=upgrades,
        trends=trends.find(reports),
        matrix=matrix,
        names=names,
        sheets=sheets.sheets(matrix, reports, names, standard, load_behaviours(), upgrades),
        broken=broken.find(reports, newest, {place: n for n, place in enumerate(places)}),
        suspects=suspects(
            [runs[number] for number in newest],
            [entry.clause for entry in standard.entries.values()],
        ),
        curves=curves([runs[number] for number in newest]),
        costs=costs(
            [runs[number] for number in newest],
            [run for number, run in enumerate(runs) if number not in newest],
        ),
        has_standard=book,
    )


def write(site: Site, out: Path) -> Path:
    """Write the site into the folder `out`, made where it is missing.

    The same runs give the same bytes. What the result files hold is shown as text, whatever it
    is. No page asks for anything but the files of the site.

    Returns:
        The path of ``index.html``, which opens from a file as from a server.
    """
    out = Path(out)
    for folder in ("assets", "clauses", "runs"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    data = columns(site.matrix, site.reports, site.newest, site.names, site.statements)
    _write(out / "assets" / "data.js", "const tapecheck = {};\n".format(to_json(data)))
    _write(out / "assets" / "site.css", asset("report.css") + asset("site.css"))
    _write(out / "assets" / "site.js", asset("page.js"))
    for name in ("matrix.js", "changes.js"):
        _write(out / "assets" / name, asset(name))
    for address, _ in site.sections:
        if address != _STANDARD:
            _page(out / address, address, site, **_choices(site))
    for number, sheet in enumerate(site.sheets):
        around = {
            "before": site.sheets[number - 1] if number else None,
            "after": site.sheets[number + 1] if number + 1 < len(site.sheets) else None,
        }
        path = out / "clauses" / (sheet.name + ".html")
        _page(path, "clause.html", site, "../", sheet=sheet, **around)
    for number, report in enumerate(site.reports):
        path = out / "runs" / (report.key + ".html")
        _page(path, "run.html", site, "../", **_of_run(site, number))
    summary = environment().get_template("summary.md").render(page=site.front)
    _write(out / "summary.md", summary)
    return out / "index.html"


def _page(path: Path, template: str, site: Site, root: str = "", **content: Any) -> None:
    text = (
        environment()
        .get_template("pages/" + template)
        .render(
            site=site,
            root=root,
            here=template,
            several_devices=len({one.device for one in site.matrix.columns}) > 1,
            **content,
        )
    )
    _write(path, text)


def _choices(site: Site) -> Dict[str, Any]:
    """What the filters of the matrix offer."""
    columns = site.matrix.columns
    counts = count([case for report in site.reports for case in report.run.cases])
    return {
        "modes": [mode for mode in MODES if mode in {column.mode for column in columns}],
        "devices": list(dict.fromkeys(column.device for column in columns)),
        "verdicts": list(counts),
    }


def _of_run(site: Site, number: int) -> Dict[str, Any]:
    """What the page of one run needs: its model, what it is compared with, and what is near."""
    report = site.reports[number]
    compared = [
        ("Since the run before", night.old, night.changes)
        for night in site.nights
        if night.new == number
    ]
    near = []
    for name, other in (("Before", number - 1), ("After", number + 1)):
        if 0 <= other < len(site.reports) and site.reports[other].backend == report.backend:
            near.append((name, other))
    return {
        "page": page.build([report.run], load_standard())._replace(reports=[report]),
        "compared": compared,
        "upgrade": next(
            (one for group in site.upgrades for one in group.steps if one.new == number), None
        ),
        "near": near,
        "curves": curves([report.run]),
        "costs": costs([report.run], [site.reports[old].run for _, old, _ in compared]),
    }


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))
