(() => {
  "use strict";
  const data = tapecheck;
  const form = document.getElementById("between");
  const section = document.getElementById("changed");
  const steps = document.getElementById("steps");
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const verdicts = Object.fromEntries(data.verdicts.map((verdict) => [verdict[0], verdict]));
  const BREAKING = ["fail", "error", "fixed"];
  const badge = (letter) => {
    const [, name, symbol] = verdicts[letter];
    return make("span", { className: "badge " + name, textContent: symbol + " " + name });
  };

  const several = new Set(data.columns.map(([, , device]) => device)).size > 1;
  const places = (run) => new Map(data.columns
    .map(([number, mode, device], column) => [number, several ? mode + " " + device : mode, column])
    .filter(([number]) => number === run).map(([, place, column]) => [place, column]));
  const kindOf = (old, now) => {
    const broken = [old, now].map((letter) => BREAKING.includes(verdicts[letter][1]));
    if (broken[1] && !broken[0]) return "Regressions";
    if (broken[0] && !broken[1]) return "Fixed";
    return "Otherwise changed";
  };
  const compare = (from, to) => {
    const kinds = new Map([["Regressions", []], ["Fixed", []], ["Otherwise changed", []]]);
    const before = places(from);
    places(to).forEach((column, place) => {
      if (!before.has(place)) return;
      const [old, now] = [data.cells[before.get(place)], data.cells[column]];
      let position = 0;
      data.clauses.forEach((clause) => {
        (clause[5].length ? clause[5] : [""]).forEach((suffix) => {
          const [was, is] = [old[position], now[position]];
          position += 1;
          if (was !== is && was !== "." && is !== ".") {
            kinds.get(kindOf(was, is)).push([clause, suffix, place, was, is]);
          }
        });
      });
    });
    return kinds;
  };
  const heading = (name) => make("th", { scope: "col", textContent: name });
  const table = (name, changes) => make("div",
    { className: "scroll", role: "region", ariaLabel: name, tabIndex: 0 },
    make("table", { className: "plain changed" },
      make("caption", { textContent: name + " " },
        make("span", { className: "muted", textContent: changes.length + " cases" })),
      make("thead", {}, make("tr", {}, ...["Clause", "Mode", "Before", "Now"].map(heading))),
      make("tbody", {}, ...changes.slice(0, 500).map(([clause, suffix, place, was, is]) => make(
        "tr", {},
        make("th", { scope: "row" }, make("a", {
          href: "clauses/" + clause[4] + ".html", textContent: clause[1] + suffix,
        }), make("br"), make("span", { className: "muted", textContent: clause[3] })),
        make("td", { textContent: place }), make("td", {}, badge(was)),
        make("td", {}, badge(is)))))));

  // The two runs are the fragment of the address: from=...&to=...
  const show = () => {
    const keys = data.runs.map(([key]) => key);
    const [from, to] = [form.from, form.to].map((control) => keys.indexOf(control.value));
    const title = data.runs[from][1] + " to " + data.runs[to][1];
    const kinds = Array.from(compare(from, to)).filter(([, changes]) => changes.length);
    section.replaceChildren(make("h2", { textContent: title }),
      ...kinds.map(([name, changes]) => table(name, changes)),
      ...(kinds.length ? [] : [make("p", { className: "calm", textContent: "No verdict changed." })]));
    section.hidden = false;
  };
  const restore = () => {
    const chosen = new URLSearchParams(location.hash.slice(1));
    const known = new Set(data.runs.map(([key]) => key));
    if (!known.has(chosen.get("from")) || !known.has(chosen.get("to"))) return;
    form.from.value = chosen.get("from");
    form.to.value = chosen.get("to");
    show();
  };
  form.hidden = false;
  form.to.selectedIndex = form.to.options.length - 1;
  form.addEventListener("input", () => {
    show();
    const chosen = new URLSearchParams({ from: form.from.value, to: form.to.value });
    history.replaceState(null, "", "#" + chosen);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", restore);
  restore();
})();
