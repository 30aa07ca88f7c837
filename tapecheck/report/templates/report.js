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

  // Folding of groups of rows.
  const foldable = (section) => all("tbody", section).filter((body) => body.querySelector(".fold"));
  // What the reader folded: a filter unfolds all that it finds, and is forgotten when it is cleared.
  const foldedAway = new Set();
  const choose = (body, folded) => {
    if (folded) foldedAway.add(body);
    else foldedAway.delete(body);
    setFolded(body, folded);
  };
  const setFolded = (body, folded) => {
    body.classList.toggle("folded", folded);
    body.querySelector(".fold").setAttribute("aria-expanded", String(!folded));
    if (body.dataset.chapter !== undefined) draw(body);
  };
  const nameFoldAll = (button) => {
    const folded = foldable(button.closest("section"))
      .some((body) => body.classList.contains("folded"));
    button.textContent = folded ? "Unfold all" : "Fold all";
    return folded;
  };
  all(".fold").map(asButton).forEach((button) => button.addEventListener("click", () => {
    const body = button.closest("tbody");
    choose(body, !body.classList.contains("folded"));
    all(".fold-all", button.closest("section")).forEach(nameFoldAll);
  }));
  all(".fold-all").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const folded = nameFoldAll(button);
      foldable(button.closest("section")).forEach((body) => choose(body, !folded));
      nameFoldAll(button);
    });
  });

  // What a clause says, on demand.
  const link = (title, address) => address
    ? make("a", { href: address, textContent: title, rel: "noreferrer" })
    : document.createTextNode(title);
  const shared = (clause) => clause.like === undefined ? clause : data.clauses[clause.like];
  const panel = (clause) => {
    const list = make("dl");
    const entry = (name, ...content) => list.append(
      make("dt", { textContent: name }), make("dd", {}, ...content));
    entry("clause", make("code", { textContent: idOf(clause) }));
    entry("level", clause.level);
    const told = shared(clause);
    if (told.statement) entry("statement", told.statement);
    if (told.explanation) entry("more", told.explanation);
    (told.covers || []).forEach((name) => {
      const [statement, places] = data.behaviours[name] || ["", []];
      const sources = places.map(([document, at]) => make(
        "div", {}, link(...data.documents[document]), at ? " (" + at + ")" : ""));
      entry(name, statement, ...sources);
    });
    if (told.needs) entry("needs", told.needs.join(", "));
    if (told.since) entry("since", told.since);
    if (told.book) entry("code", link("in the standard, with sources", "standard.html#" + told.book));
    else if (told.code) entry("code", make("pre", { textContent: told.code }));
    else entry("code", "not in the standard of suite " + data.suite);
    return make("div", { className: "about-panel" }, list);
  };

  // The rows of the matrix, drawn when their chapter is unfolded: there are thousands of them.
  const bodies = all(".matrix tbody[data-chapter]");
  const symbols = Object.fromEntries(all(".legend dt").map((term) => {
    const [badge, name] = [term.firstElementChild, term.lastChild.textContent.trim()];
    return [name, badge.textContent];
  }));
  const cells = data.outcomes.map(([verdict, words, anchor]) => {
    const told = anchor ? document.querySelector("#" + anchor + " .words").textContent : words;
    const title = verdict + (told ? ": " + told : "");
    return anchor
      ? make("td", { className: verdict },
        make("a", { href: "#" + anchor, textContent: symbols[verdict], title }))
      : make("td", { className: verdict, textContent: symbols[verdict], title });
  });
  const idOf = ({ id, chapter }) => {
    const { suite } = bodies[chapter].dataset;
    return suite === "spec" || id.startsWith(suite + ".") ? id : suite + "/" + id;
  };
  const nameOf = (id) => id.slice(id.indexOf(".") + 1);
  const rows = data.clauses.map((clause) => ({
    clause,
    body: bodies[clause.chapter],
    stem: clause.id.split("[", 1)[0],
    words: [idOf(clause), clause.id.replace(/_/g, " "), shared(clause).statement]
      .join(" ").toLowerCase(),
    verdicts: clause.cells.map((cell) => cell < 0 ? "" : data.outcomes[cell][0]),
    fits: true,
    element: null,
    about: null,
  }));
  const levelOf = ({ level }) =>
    level === "MUST" ? [] : [" ", make("span", { className: "level", textContent: level })];
  const element = (row) => {
    if (row.element) return row.element;
    const { clause } = row;
    const name = nameOf(row.stem).replace(/_/g, " ") + clause.id.slice(row.stem.length);
    const button = make("button", { type: "button", className: "about", textContent: name });
    const head = make("th", { scope: "row" }, button, ...levelOf(clause));
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      if (row.about) {
        row.about.remove();
        row.about = null;
      } else {
        const cell = make("td", { colSpan: clause.cells.length + 1 }, panel(clause));
        row.about = make("tr", { className: "row about-row" }, cell);
        row.element.after(row.about);
      }
      button.setAttribute("aria-expanded", String(Boolean(row.about)));
    });
    row.element = make("tr", { className: "row" }, head,
      ...clause.cells.map((cell) => cell < 0 ? make("td") : cells[cell].cloneNode(true)));
    return row.element;
  };
  const elements = (members) =>
    members.flatMap((row) => row.about ? [element(row), row.about] : [element(row)]);
  // The rows of one clause that has a table of its own: one row for all of them, which unfolds.
  const unfolded = new Set();
  const group = (stem, members) => {
    const key = members[0].body.dataset.chapter + " " + stem;
    const name = nameOf(stem).replace(/_/g, " ");
    const button = make("button", { type: "button", className: "fold", textContent: name });
    const count = make("span", { className: "muted", textContent: " " + members.length });
    const head = make("th", { scope: "row" }, button, count, ...levelOf(members[0].clause));
    const summary = members[0].verdicts.map((_, column) => {
      const found = members.map((row) => row.verdicts[column]).filter(Boolean);
      const verdict = data.concern.find((one) => found.includes(one));
      if (!verdict) return make("td");
      const number = found.filter((one) => one === verdict).length;
      const told = data.concern.indexOf(verdict) < 4 ? " " + number : "";
      return make("td", { className: verdict, textContent: symbols[verdict] + told,
        title: number + " of " + found.length + ": " + verdict });
    });
    const line = make("tr", { className: "row group" }, head, ...summary);
    const drawn = () => {
      members.forEach((row) => element(row).classList.add("member"));
      return elements(members);
    };
    button.setAttribute("aria-expanded", String(unfolded.has(key)));
    button.addEventListener("click", () => {
      if (unfolded.delete(key)) {
        drawn().forEach((one) => one.remove());
      } else {
        unfolded.add(key);
        line.after(...drawn());
      }
      button.setAttribute("aria-expanded", String(unfolded.has(key)));
    });
    return unfolded.has(key) ? [line, ...drawn()] : [line];
  };
  const draw = (body) => {
    all(".row", body).forEach((one) => one.remove());
    if (body.hidden || body.classList.contains("folded")) return;
    const stems = new Map();
    rows.filter((row) => row.body === body && row.fits).forEach((row) => {
      stems.set(row.stem, [...(stems.get(row.stem) || []), row]);
    });
    stems.forEach((members, stem) =>
      body.append(...(members.length > 1 ? group(stem, members) : elements(members))));
  };

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
    const shownHeads = heads.filter((_, number) => visible[number]);
    hiding.textContent = heads.map((head, number) => {
      const before = shownHeads[shownHeads.indexOf(head) - 1];
      const begins = before && before.dataset.run !== head.dataset.run;
      return (visible[number] && !begins) ? "" :
        ".matrix tr:not(.about-row) > td:nth-child(" + (number + 2) + ")," +
        ".matrix thead tr + tr > th:nth-child(" + (number + 1) + ")" +
        (begins ? "{border-left-width:0.6rem}" : "{display:none}");
    }).join("");
    groups.forEach((group) => {
      const span = heads.filter((head, number) =>
        visible[number] && head.dataset.run === group.dataset.run).length;
      group.hidden = span === 0;
      group.colSpan = Math.max(span, 1);
    });
    const words = (chosen.get("q") || "").toLowerCase().split(/\s+/);
    const inhabited = new Set();
    rows.forEach((row) => {
      const verdicts = row.verdicts.filter((verdict, number) => verdict && visible[number]);
      row.fits = words.every((word) => row.words.includes(word)) &&
        allows(chosen, "level", row.clause.level) &&
        allows(chosen, "suite", row.body.dataset.suite) &&
        allows(chosen, "chapter", row.body.dataset.chapter) &&
        verdicts.some((verdict) => allows(chosen, "verdict", verdict));
      if (row.fits) inhabited.add(row.body);
    });
    const shown = rows.filter((row) => row.fits).length;
    const filtered = Array.from(chosen.keys()).length > 0;
    bodies.forEach((body) => {
      body.hidden = !inhabited.has(body);
      setFolded(body, !filtered && foldedAway.has(body));
    });
    all(".matrix .suite").forEach((body) => {
      let next = body.nextElementSibling;
      while (next && next.hidden) next = next.nextElementSibling;
      body.hidden = !next || next.classList.contains("suite");
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
    }
  };
  if (form) {
    form.hidden = false;
    form.addEventListener("input", remember);
    form.addEventListener("reset", () => setTimeout(remember));
    form.addEventListener("submit", (event) => event.preventDefault());
    all(".chapters tbody:not(.suite), .later").forEach((body) => setFolded(body, true));
    const breaking = bodies.filter((body) => body.querySelector("td.fail, td.error, td.fixed"));
    const open = rows.length > 150 ? breaking.filter(() => breaking.length <= 3) : bodies;
    bodies.filter((body) => !open.includes(body)).forEach((body) => foldedAway.add(body));
    filter();
    window.addEventListener("hashchange", restore);
    restore();
  }
})();
