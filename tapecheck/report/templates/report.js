(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // What only works with a script is only shown where a script runs.
  const asButton = (span) => {
    const button = make("button", { type: "button", className: span.className });
    button.append(...span.childNodes);
    button.setAttribute("aria-expanded", "true");
    span.replaceWith(button);
    return button;
  };

  // Light and dark.
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("tapecheck-theme", value);
      return localStorage.getItem("tapecheck-theme");
    } catch (_) {
      return null;
    }
  };
  if (remembered()) root.dataset.theme = remembered();
  theme.setAttribute("aria-label", "Switch between light and dark");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    nameTheme();
  });
  nameTheme();

  // Folding of groups of rows.
  const setFolded = (body, folded) => {
    body.classList.toggle("folded", folded);
    body.querySelector(".fold").setAttribute("aria-expanded", String(!folded));
  };
  const nameFoldAll = (button) => {
    const bodies = all("tbody", button.closest("section"));
    const folded = bodies.some((body) => body.classList.contains("folded"));
    button.textContent = folded ? "Unfold all" : "Fold all";
    return folded;
  };
  all(".fold").forEach(asButton);
  all(".fold").forEach((button) => button.addEventListener("click", () => {
    const body = button.closest("tbody");
    setFolded(body, !body.classList.contains("folded"));
    all(".fold-all", button.closest("section")).forEach(nameFoldAll);
  }));
  all(".fold-all").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const folded = nameFoldAll(button);
      all("tbody", button.closest("section")).forEach((body) => setFolded(body, !folded));
      nameFoldAll(button);
    });
  });

  // What a clause says, on demand.
  const link = (title, address) => address
    ? make("a", { href: address, textContent: title, rel: "noreferrer" })
    : document.createTextNode(title);
  const panel = (clause) => {
    const list = make("dl");
    const entry = (name, ...content) => list.append(
      make("dt", { textContent: name }), make("dd", {}, ...content));
    entry("clause", make("code", { textContent: clause.id }));
    entry("level", clause.level);
    if (clause.statement) entry("statement", clause.statement);
    if (clause.explanation) entry("more", clause.explanation);
    (clause.covers || []).forEach((name) => {
      const [statement, places] = data.behaviours[name] || ["", []];
      const sources = places.map(([document, at]) => make(
        "div", {}, link(...data.documents[document]), at ? " (" + at + ")" : ""));
      entry(name, statement, ...sources);
    });
    if (clause.needs) entry("needs", clause.needs.join(", "));
    if (clause.since) entry("since", clause.since);
    if (clause.code) entry("code", make("pre", { textContent: clause.code }));
    if (!clause.code) entry("code", "not in the standard of suite " + data.suite);
    return make("div", { className: "about-panel" }, list);
  };
  all(".matrix .row td[class]").forEach((cell) => {
    const told = cell.firstElementChild;
    const words = told
      ? document.querySelector(told.getAttribute("href") + " .words").textContent : cell.title;
    (told || cell).title = cell.className + (words ? ": " + words : "");
  });
  const rows = all(".matrix .row").map((element, number) => ({
    element,
    clause: data.clauses[number],
    chapter: element.parentNode.dataset.chapter,
    words: [data.clauses[number].id, data.clauses[number].id.replace(/_/g, " "),
      data.clauses[number].statement].join(" ").toLowerCase(),
    verdicts: all("td", element).map((cell) => cell.className),
    about: null,
  }));
  rows.forEach((row) => {
    const button = asButton(row.element.querySelector(".about"));
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      if (row.about) {
        row.about.remove();
        row.about = null;
      } else {
        const cell = make("td", { colSpan: row.verdicts.length + 1 }, panel(row.clause));
        row.about = make("tr", { className: "row about-row" }, cell);
        row.element.after(row.about);
      }
      button.setAttribute("aria-expanded", String(Boolean(row.about)));
    });
  });

  // Filters. Their state is the fragment of the address: q=words&verdict=fail&mode=eager
  const form = document.getElementById("filters");
  const heads = all(".matrix thead tr + tr th");
  const groups = all(".matrix thead .group");
  const hiding = document.head.appendChild(make("style"));
  const state = () => {
    const chosen = new URLSearchParams();
    new FormData(form).forEach((value, name) => { if (value.trim()) chosen.append(name, value); });
    return chosen;
  };
  const allows = (chosen, name, value) => !chosen.has(name) || chosen.getAll(name).includes(value);
  const filter = () => {
    const chosen = state();
    const visible = heads.map(({ dataset }) =>
      allows(chosen, "run", dataset.run) && allows(chosen, "mode", dataset.mode));
    hiding.textContent = visible.map((is, number) => is ? "" :
      ".matrix tr:not(.about-row) > td:nth-child(" + (number + 2) + ")," +
      ".matrix thead tr + tr > th:nth-child(" + (number + 1) + "){display:none}").join("");
    groups.forEach((group) => {
      const span = heads.filter((head, number) =>
        visible[number] && head.dataset.run === group.dataset.run).length;
      group.hidden = span === 0;
      group.colSpan = Math.max(span, 1);
    });
    const words = (chosen.get("q") || "").toLowerCase().split(/\s+/);
    let shown = 0;
    const inhabited = new Set();
    rows.forEach((row) => {
      const verdicts = row.verdicts.filter((verdict, number) => verdict && visible[number]);
      const fits = words.every((word) => row.words.includes(word)) &&
        allows(chosen, "level", row.clause.level) && allows(chosen, "chapter", row.chapter) &&
        verdicts.some((verdict) => allows(chosen, "verdict", verdict));
      row.element.hidden = !fits;
      if (row.about) row.about.hidden = !fits;
      if (fits) {
        shown += 1;
        inhabited.add(row.element.parentNode);
      }
    });
    const filtered = Array.from(chosen.keys()).length > 0;
    all(".matrix tbody").forEach((body) => {
      body.hidden = !inhabited.has(body);
      if (filtered && inhabited.has(body)) setFolded(body, false);
    });
    document.getElementById("shown").textContent = shown === rows.length
      ? rows.length + " clauses" : shown + " of " + rows.length + " clauses";
    all(".fold-all").forEach(nameFoldAll);
  };
  const remember = () => {
    filter();
    history.replaceState(null, "", "#" + (state().toString() || "matrix"));
  };
  const restore = () => {
    const fragment = location.hash.slice(1);
    if (fragment.includes("=")) {
      const chosen = new URLSearchParams(fragment);
      Array.from(form.elements).forEach((control) => {
        if (control.type === "checkbox") {
          control.checked = chosen.getAll(control.name).includes(control.value);
        } else if (control.name) {
          control.value = chosen.get(control.name) || "";
        }
      });
      filter();
      document.getElementById("matrix").scrollIntoView();
    } else if (fragment) {
      const target = document.getElementById(fragment);
      if (target instanceof HTMLDetailsElement) {
        for (let at = target; at; at = at.parentElement) {
          if (at instanceof HTMLDetailsElement) at.open = true;
        }
        target.scrollIntoView({ block: "center" });
      }
    }
  };
  if (form) {
    form.hidden = false;
    form.addEventListener("input", remember);
    form.addEventListener("reset", () => setTimeout(remember));
    form.addEventListener("submit", (event) => event.preventDefault());
    all(".chapters tbody").forEach((body) => setFolded(body, true));
    if (rows.length > 150) {
      all(".matrix tbody").forEach((body) => setFolded(
        body, !body.querySelector("td.fail, td.error, td.fixed")));
    }
    filter();
    window.addEventListener("hashchange", restore);
    restore();
  }

  // Copying a command; where the clipboard is closed to pages, it is selected instead.
  all(".copy").forEach((button) => button.addEventListener("click", async () => {
    const code = button.parentNode.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch (_) {
      getSelection().selectAllChildren(code);
    }
  }));

  // On paper every finding is open; chapters stay as they are folded.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    opened.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((details) => { details.open = false; });
  });
})();
