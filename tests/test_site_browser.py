"""The site in a real browser: filters, links, what it asks for, and what axe-core says of it.

Every page is opened once, and whatever is to be known of it is noted on that occasion.
"""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.report_pages import CLAUSE, HOSTILE, OTHER, failed, passed, run
from tests.site_pages import PAGES, of_clause, several_runs, written

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
VISITED = [
    *PAGES,
    of_clause(CLAUSE.id),
    "runs/numpy-1.0-2026-01-02.html",
]

pytestmark = pytest.mark.skipif(not BROWSER, reason="no browser is installed")


def axe() -> str:
    """The address of axe-core, which packages for other testing tools carry; perhaps empty."""
    for package in ("axe_playwright_python", "axe_core_python"):
        found = importlib.util.find_spec(package)
        for folder in (found.submodule_search_locations or []) if found else []:
            if (Path(folder) / "axe.min.js").is_file():
                return (Path(folder) / "axe.min.js").as_uri()
    return ""


AXE = axe()

# What is not a file is refused, and the refusal told to the console.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src file: data: 'unsafe-inline'\">"
)

NOTED = """
const noted = {};
const wait = () => new Promise((done) => setTimeout(done, 50));
const texts = (selector) => Array.from(document.querySelectorAll(selector))
  .map((one) => one.textContent.trim());
const violations = async (theme) => {
  document.documentElement.dataset.theme = theme;
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false });
  return found.violations.map((one) => theme + ": " + one.id + " " + one.nodes[0].html);
};
(async () => {
  try {
    await wait();
    DEEDS
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    if (window.axe) {
      noted.violations = [...await violations("light"), ...await violations("dark")];
      noted.wide = document.documentElement.scrollWidth - innerWidth;
    }
  } catch (error) {
    noted.error = String(error);
  }
  const output = document.createElement("pre");
  output.id = "noted";
  output.textContent = JSON.stringify(noted);
  document.body.append(output);
})();
"""


def opened(path: Path, fragment: str = "", deeds: str = "") -> Dict[str, Any]:
    """What was noted of a page, on a narrow screen; ``console`` is what the browser says of it.

    Args:
        deeds: JavaScript that does what a reader does, and puts what comes of it into ``noted``.
    """
    scripts = '<script src="{}"></script>'.format(AXE) if AXE else ""
    scripts += "<script>{}</script></body>".format(NOTED.replace("DEEDS", deeds))
    copy = path.with_name("opened-" + path.name)
    text = path.read_text(encoding="utf-8")
    text = text.replace("<head>", "<head>" + POLICY, 1).replace("</body>", scripts)
    copy.write_text(text, encoding="utf-8")
    profile = path.parent / "profile"
    ended = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=30000",
            "--window-size=500,900",
            "--user-data-dir={}".format(profile),
            "--enable-logging=stderr",
            "--dump-dom",
            copy.as_uri() + fragment,
        ],
        capture_output=True,
        check=True,
        timeout=300,
    )
    copy.unlink()
    shutil.rmtree(str(profile), ignore_errors=True)
    found = re.search(r'<pre id="noted">(.*?)</pre>', ended.stdout.decode(), re.DOTALL)
    assert found, ended.stderr.decode()
    noted: Dict[str, Any] = json.loads(html.unescape(found.group(1)))
    assert "error" not in noted, noted["error"]
    lines = ended.stderr.decode().splitlines()
    return {**noted, "console": [line for line in lines if "CONSOLE" in line]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of several runs."""
    return written(tmp_path_factory.mktemp("site"), *several_runs()).parent


DEEDS = {
    "matrix.html": """
    const at = async (fragment) => {
      location.hash = fragment;
      await wait();
      return { shown: texts("output")[0], rows: texts(".matrix .row th"),
        heads: texts(".matrix thead tr + tr th"), groups: texts(".matrix thead .group") };
    };
    noted.whole = await at("");
    noted.fail = await at("verdict=fail");
    noted.failOfOne = await at("verdict=fail&backend=numpy");
    noted.version = await at("run=tensorflow-2.4.0");
    noted.jit = await at("mode=jit");
    noted.nights = await at("nights=all&backend=numpy");
    noted.words = await at("q=WORD");
    noted.suite = await at("suite=operators&columns=runs");
    noted.nothing = await at("q=nowhere");
    document.querySelector("button[type=reset]").click();
    await wait();
    noted.cleared = [location.hash, texts("output")[0]];
    document.querySelector("input[name=verdict][value=fail]").click();
    document.querySelector("input[name=mode][value=jit]").click();
    await wait();
    noted.address = location.hash;
    location.hash = "";
    await wait();
    const first = document.querySelector(".matrix .fold");
    const before = texts(".matrix .row").length;
    first.click();
    noted.folded = [before, texts(".matrix .row").length,
      document.activeElement.getAttribute("aria-expanded")];
    document.getElementById("fold-all").click();
    noted.unfolded = texts(".matrix .row").length;
    noted.links = Array.from(document.querySelectorAll(".matrix a"))
      .map((one) => one.getAttribute("href"));
    noted.tabbed = Array.from(document.querySelectorAll("[tabindex]"))
      .every((one) => one.tabIndex === 0);
    """.replace("WORD", OTHER.statement.split()[-1].strip(".")),
    "changes.html": """
    const form = document.getElementById("between");
    form.from.value = "tensorflow-2.4.0";
    form.to.value = "tensorflow-2.20.0";
    form.dispatchEvent(new Event("input"));
    noted.changed = texts("#changed caption");
    noted.address = location.hash;
    noted.title = texts("#changed h2");
    location.hash = "from=numpy-1.0-2026-01-01&to=numpy-1.0-2026-01-02";
    await wait();
    noted.night = texts("#changed tbody th a");
    """,
    of_clause(CLAUSE.id): """
    const theme = () => getComputedStyle(document.body).backgroundColor;
    const light = theme();
    document.getElementById("theme").click();
    noted.theme = [light, theme()];
    document.querySelectorAll("details").forEach((one) => { one.open = false; });
    location.hash = "fail-1";
    await wait();
    noted.open = document.getElementById("fail-1").open;
    // The clipboard of a browser without a window answers when it likes, or never
    const button = document.querySelector(".finding .copy");
    let kept = "";
    const clipboard = { writeText: async (text) => { kept = text; } };
    Object.defineProperty(navigator, "clipboard", { value: clipboard });
    button.click();
    await wait();
    noted.copied = [button.textContent, kept];
    clipboard.writeText = async () => { throw new Error("closed to pages"); };
    button.click();
    await wait();
    noted.selected = getSelection().toString();
    """,
}

_SEEN: Dict[str, Dict[str, Any]] = {}


@pytest.fixture
def seen(folder: Path) -> Any:
    """What was noted of a page, which is opened when it is first asked for."""

    def note(name: str) -> Dict[str, Any]:
        if name not in _SEEN:
            _SEEN[name] = opened(folder / name, deeds=DEEDS.get(name, ""))
        return _SEEN[name]

    return note


def words(clause: str) -> str:
    return clause.partition(".")[2].replace("_", " ")


@pytest.mark.parametrize("name", VISITED)
def test_a_page_opens_without_complaint_and_without_a_network(seen: Any, name: str) -> None:
    assert seen(name)["console"] == []


def test_a_request_to_elsewhere_would_be_complained_of(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<head></head><body><img src='https://example.org/x.png'></body>", encoding="utf-8"
    )
    assert any("Content Security Policy" in one for one in opened(page)["console"])


@pytest.mark.skipif(not AXE, reason="no axe-core is installed")
@pytest.mark.parametrize("name", VISITED)
def test_axe_finds_nothing_in_light_and_in_dark(seen: Any, name: str) -> None:
    assert seen(name)["violations"] == []


@pytest.mark.skipif(not AXE, reason="no axe-core is installed")
def test_axe_would_find_something(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><body><img src='data:,'><input></body></html>", encoding="utf-8")
    assert any("image-alt" in one for one in opened(page)["violations"])


@pytest.mark.parametrize("name", VISITED)
def test_no_page_is_wider_than_a_narrow_screen(seen: Any, name: str) -> None:
    assert seen(name).get("wide", 0) <= 0


def test_the_matrix_shows_the_last_night_of_everything(seen: Any) -> None:
    whole = seen("matrix.html")["whole"]
    assert whole["shown"] == "18 clauses and rows"
    assert whole["groups"] == [
        "numpy 1.0 (2026-01-02)",
        "tensorflow 2.4.0",
        "tensorflow 2.10.0",
        "tensorflow 2.20.0",
    ]
    assert whole["heads"] == ["eager", "eager", "eager", "jit", "eager", "jit"]


def test_the_address_filters_by_verdict_and_implementation(seen: Any) -> None:
    noted = seen("matrix.html")
    assert noted["fail"]["shown"] == "3 of 18 clauses and rows"
    assert noted["failOfOne"]["rows"] == [words(CLAUSE.id)]
    assert noted["failOfOne"]["groups"] == ["numpy 1.0 (2026-01-02)"]


def test_the_address_filters_by_version_and_mode(seen: Any) -> None:
    noted = seen("matrix.html")
    assert noted["version"]["groups"] == ["tensorflow 2.4.0"]
    assert noted["version"]["shown"] == "3 of 18 clauses and rows"
    assert set(noted["jit"]["heads"]) == {"jit"}
    assert noted["jit"]["shown"] == "2 of 18 clauses and rows"


def test_older_nights_are_shown_on_request(seen: Any) -> None:
    groups = seen("matrix.html")["nights"]["groups"]
    assert groups == ["numpy 1.0 (2026-01-01)", "numpy 1.0 (2026-01-02)"]


def test_words_of_a_statement_find_its_clause(seen: Any) -> None:
    found = seen("matrix.html")["words"]["rows"]
    assert words(OTHER.id) in found
    assert seen("matrix.html")["nothing"]["shown"] == "0 of 18 clauses and rows"


def test_modes_can_stand_in_one_column(seen: Any) -> None:
    suite = seen("matrix.html")["suite"]
    assert suite["shown"] == "4 of 18 clauses and rows"
    assert suite["rows"] == ["first 4 rows"]
    assert (suite["groups"], suite["heads"]) == (
        ["numpy", "tensorflow"],
        ["1.0", "2.4.0", "2.10.0", "2.20.0"],
    )


def test_what_is_chosen_becomes_the_address(seen: Any) -> None:
    noted = seen("matrix.html")
    assert noted["cleared"] == ["", "18 clauses and rows"]
    assert noted["address"] == "#verdict=fail&mode=jit"


def test_chapters_fold_and_keep_the_focus(seen: Any) -> None:
    noted = seen("matrix.html")
    before, after, expanded = noted["folded"]
    assert (before > after, expanded) == (True, "false")
    assert noted["unfolded"] > after
    assert noted["tabbed"]


def test_links_of_the_matrix_lead_to_pages(seen: Any, folder: Path) -> None:
    links = seen("matrix.html")["links"]
    assert of_clause(CLAUSE.id) + "#found" in links
    assert all((folder / link.partition("#")[0]).is_file() for link in links)


def test_any_two_runs_can_be_compared(seen: Any) -> None:
    noted = seen("changes.html")
    assert noted["address"] == "#from=tensorflow-2.4.0&to=tensorflow-2.20.0"
    assert noted["title"] == ["tensorflow 2.4.0 to tensorflow 2.20.0"]
    assert noted["changed"] == ["Otherwise changed 2 cases"]
    assert noted["night"] == [CLAUSE.id]


def test_the_theme_can_be_switched(seen: Any) -> None:
    light, dark = seen(of_clause(CLAUSE.id))["theme"]
    assert light != dark


def test_a_failure_that_is_linked_to_is_open_and_can_be_copied(seen: Any) -> None:
    noted = seen(of_clause(CLAUSE.id))
    assert noted["open"]
    label, text = noted["copied"]
    assert label == "Copied"
    assert text.startswith("tapecheck repro")
    assert noted["selected"] == text


def test_hostile_text_is_drawn_as_text(tmp_path: Path) -> None:
    odd = HOSTILE.replace(" ", "")
    cases = [
        failed("c.{}[{}]".format(odd, number), suite=HOSTILE, message=HOSTILE)
        for number in range(3)
    ]
    written(tmp_path, run(*cases, backend=HOSTILE, devices=[HOSTILE]), run(passed()))
    deeds = """
    document.getElementById("fold-all").click();
    document.querySelectorAll(".matrix .fold[aria-expanded=false]").forEach((one) => one.click());
    noted.rows = texts(".matrix .row th");
    noted.scripts = Array.from(document.querySelectorAll("main script")).length;
    """
    noted = opened(tmp_path / "matrix.html", deeds=deeds)
    assert noted["console"] == []
    assert noted["scripts"] == 0
    assert any("<script>" in row for row in noted["rows"])
