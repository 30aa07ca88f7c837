"""Runs of several implementations, versions and nights, and the site of them, for its tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

from tapecheck import results
from tapecheck.report import site
from tapecheck.results import Run
from tapecheck.standard import load_standard
from tests.report_pages import CLAUSE, OTHER, failed, passed, run

CLAUSES = list(load_standard().entries)[:12]
THIRD = CLAUSES[2]
LISTED = {"reason": "zeros are made", "link": "https://example.org/issue"}
UNREVIEWED = {"reason": "unreviewed", "link": "unreviewed"}
MEASURED: Dict[str, Any] = {
    "values": {"test accuracy": {"value": 0.9, "unit": ""}},
    "series": {"loss": {"x": [0, 1], "y": [2.0, 1.0], "x_label": "steps", "y_label": "nats"}},
}

PAGES = [
    "index.html",
    "matrix.html",
    "changes.html",
    "timeline.html",
    "trends.html",
    "training.html",
    "costs.html",
    "lacks.html",
    "suspects.html",
]
"""The pages of the site of these runs beside those of each clause and each run."""


def several_runs() -> List[Run]:
    """Two nights of one tape, three versions of another, its newest with suites and rows."""
    first = [passed(clause) for clause in CLAUSES]
    command = "tapecheck repro {} --backend numpy --mode eager".format(CLAUSE.id)
    second = [failed(details={"reproduce": command}), passed(OTHER.id), *first[2:]]
    rows = [passed("operators.first[{}]".format(n), suite="operators") for n in range(4)]
    rows[2] = failed("operators.first[2]", suite="operators")
    listed = failed(OTHER.id, verdict=results.DEVIATION, details=LISTED)
    waiting = failed(THIRD, verdict=results.DEVIATION, details=UNREVIEWED)
    modes = [passed(CLAUSE.id, mode="jit"), failed(OTHER.id, mode="jit")]
    curves = passed("networks.learns", suite="training", measured=MEASURED)
    costs = passed("growth.is_linear", suite="benchmarks", measured=MEASURED)
    nowhere = passed(
        CLAUSES[5], mode="eager", verdict=results.UNSUPPORTED, details={"lacks": ["xla"]}
    )
    return [
        run(*first, started="2026-01-01T02:00:00Z"),
        run(*second, started="2026-01-02T02:00:00Z", lack_reasons={"xla": "no compiler"}),
        run(*first[:1], listed, waiting, backend="tensorflow", version="2.4.0"),
        run(*first, *modes, backend="tensorflow", version="2.10.0"),
        run(
            *first[:5],
            nowhere,
            *modes,
            *rows,
            curves,
            costs,
            backend="tensorflow",
            version="2.20.0",
        ),
    ]


def written(folder: Path, *runs: Run) -> Path:
    """The site of the runs, without the book; the path of its front page."""
    return site.write(site.build(list(runs), book=False), folder)


def of_clause(clause: str) -> str:
    return "clauses/{}.html".format(clause)
