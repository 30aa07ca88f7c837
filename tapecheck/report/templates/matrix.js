(() => {
  "use strict";
  const data = tapecheck;
  const form = document.getElementById("filters");
  const holder = document.getElementById("holder");
  const output = document.getElementById("shown");
  const foldAll = document.getElementById("fold-all");
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const MANY_COLUMNS = 14;
  const MANY_CELLS = 12000;

  // Rows are numbered as the letters of a column are: each clause, or each row of one with rows.
  const rows = [];
  data.clauses.forEach((clause, number) => {
    const [chapter, id, level, statement] = clause;
    (clause[5].length ? clause[5] : [""]).forEach((suffix) => rows.push({
      clause: number,
      chapter,
      level: data.levels[level],
      suffix,
      place: rows.length,
      words: [data.chapters[chapter][0], id + suffix, id.replace(/_/g, " "), statement]
        .join(" ").toLowerCase(),
    }));
  });
  const order = data.verdicts.map(([letter]) => letter);
  const names = Object.fromEntries(data.verdicts.map(([letter, name]) => [letter, name]));
  const cells = Object.fromEntries(data.verdicts.map(([letter, name, symbol]) => [letter, make(
    "td", { className: name, title: name },
    make("span", { ariaHidden: "true", textContent: symbol }),
    make("span", { className: "unseen", textContent: name }))]));
  const TOLD = 4;

  // Filters. Their state is the fragment of the address: q=words&verdict=fail&mode=eager
  const state = () => {
    const chosen = new URLSearchParams();
    new FormData(form).forEach((value, name) => { if (value.trim()) chosen.append(name, value); });
    return chosen;
  };
  const allows = (chosen, name, value) => !chosen.has(name) || chosen.getAll(name).includes(value);
  const allowedColumns = (chosen) => data.columns.map((_, number) => number).filter((number) => {
    const [run, mode, device] = data.columns[number];
    const [key, , backend, , newest] = data.runs[run];
    return allows(chosen, "mode", mode) && allows(chosen, "device", device) &&
      allows(chosen, "backend", backend) && allows(chosen, "run", key) &&
      (newest || chosen.get("nights") === "all" || chosen.has("run"));
  });

  // What stands in one column of the table: a mode of a run, or all its modes together.
  const several = new Set(data.columns.map(([, , device]) => device)).size > 1;
  const shownColumns = (chosen, allowed) => {
    const wanted = chosen.get("columns");
    if (wanted === "modes" || (!wanted && allowed.length <= MANY_COLUMNS)) {
      return allowed.map((number) => {
        const [run, mode, device] = data.columns[number];
        const name = data.runs[run][1];
        return { group: name, label: several ? mode + " " + device : mode, run, parts: [number] };
      });
    }
    const found = new Map();
    const dated = chosen.has("run") || chosen.get("nights") === "all";
    allowed.forEach((number) => {
      const [run] = data.columns[number];
      const [, , backend, night, , version] = data.runs[run];
      const label = dated ? night : version;
      if (!found.has(run)) found.set(run, { group: backend, label, run, parts: [] });
      found.get(run).parts.push(number);
    });
    return Array.from(found.values());
  };
  const worst = (letters) => {
    const place = Math.min(...letters.map((letter) => order.indexOf(letter)));
    return order[place];
  };
  const lettersOf = (row, column) => column.parts
    .map((part) => data.cells[part][row.place]).filter((letter) => letter !== ".");
  const count = (members, column) => {
    const letters = members.flatMap((row) => lettersOf(row, column));
    if (!letters.length) return make("td");
    const letter = worst(letters);
    const cell = cells[letter].cloneNode(true);
    const number = letters.filter((one) => one === letter).length;
    cell.title = number + " of " + letters.length + ": " + names[letter];
    if (order.indexOf(letter) < TOLD) cell.append(" " + number);
    return cell;
  };

  const idOf = (clause) => {
    const [suite] = data.chapters[clause[0]];
    return suite === data.spec || clause[1].startsWith(suite + ".") ? clause[1]
      : suite + "/" + clause[1];
  };
  const nameOf = (clause) => clause[1].slice(clause[1].indexOf(".") + 1).replace(/_/g, " ");
  const addressOf = (clause) => "clauses/" + clause[4] + ".html";
  const levelOf = (level) =>
    level === "MUST" ? [] : [" ", make("span", { className: "level", textContent: level })];
  const line = (row, columns) => {
    const clause = data.clauses[row.clause];
    const name = row.suffix && clause[5].length > 1 ? row.suffix : nameOf(clause) + row.suffix;
    const head = make("th", { scope: "row" }, make("a", {
      href: addressOf(clause), textContent: name, title: clause[3] || idOf(clause),
    }), ...levelOf(row.level));
    return make("tr", { className: row.suffix && clause[5].length > 1 ? "row member" : "row" }, head,
      ...columns.map((column) => {
        const letters = lettersOf(row, column);
        if (!letters.length) return make("td");
        const letter = worst(letters);
        const cell = cells[letter].cloneNode(true);
        if (order.indexOf(letter) >= TOLD) return cell;
        const link = make("a", { href: addressOf(clause) + "#found" }, ...cell.childNodes);
        cell.append(link);
        return cell;
      }));
  };

  // Chapters, and clauses with rows, fold; a filter unfolds what it finds as long as it is little.
  const folded = new Map();
  const button = (key, name, isFolded, toggle) => {
    const one = make("button", { type: "button", className: "fold", textContent: name });
    one.setAttribute("aria-expanded", String(!isFolded));
    one.dataset.key = key;
    one.addEventListener("click", () => {
      folded.set(key, !isFolded);
      toggle();
      nameFoldAll();
      const again = Array.from(holder.querySelectorAll(".fold")).find((other) =>
        other.dataset.key === key);
      if (again) again.focus();
    });
    return one;
  };
  const isFolded = (key, otherwise) => folded.has(key) ? folded.get(key) : otherwise;
  const grouped = (members, key) => {
    const found = new Map();
    members.forEach((row) => {
      if (!found.has(row[key])) found.set(row[key], []);
      found.get(row[key]).push(row);
    });
    return found;
  };
  const chapterBody = (chapter, members, columns, unfoldAll) => {
    const [, key, subject, title] = data.chapters[chapter];
    const body = make("tbody");
    const fill = () => {
      const closed = isFolded(key, !unfoldAll);
      const head = make("th", { scope: "rowgroup" },
        button(key, subject, closed, fill),
        make("span", { className: "rest", textContent: title.slice(subject.length) }), " ",
        make("span", { className: "muted", textContent: members.length }));
      body.replaceChildren(make("tr", { className: "chapter" }, head,
        ...columns.map((column) => count(members, column))));
      if (closed) return;
      grouped(members, "clause").forEach((group, number) => {
        const clause = data.clauses[number];
        if (clause[5].length < 2) {
          body.append(...group.map((row) => line(row, columns)));
          return;
        }
        const rowsKey = key + " " + number;
        const rowsClosed = isFolded(rowsKey, true);
        const name = make("th", { scope: "row" },
          button(rowsKey, nameOf(clause), rowsClosed, fill), " ",
          make("a", { href: addressOf(clause), textContent: group.length + " rows" }),
          ...levelOf(group[0].level));
        body.append(make("tr", { className: "row group" }, name,
          ...columns.map((column) => count(group, column))));
        if (!rowsClosed) body.append(...group.map((row) => line(row, columns)));
      });
    };
    fill();
    return body;
  };

  const headOf = (columns) => {
    const groups = [];
    columns.forEach((column) => {
      const last = groups[groups.length - 1];
      if (last && last.group === column.group) last.span += 1;
      else groups.push({ group: column.group, run: column.run, span: 1 });
    });
    const corner = make("th", { scope: "col", rowSpan: 2, textContent: "Clause" });
    const runLink = (run, text) => make("a", {
      href: "runs/" + data.runs[run][0] + ".html", textContent: text,
    });
    const modesApart = columns.every((column) => column.parts.length === 1 &&
      column.group === data.runs[column.run][1]);
    return make("thead", {},
      make("tr", {}, corner, ...groups.map(({ group, run, span }) => make("th",
        { scope: "colgroup", className: "group", colSpan: span },
        modesApart ? runLink(run, group) : group))),
      make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, make("span", {},
        modesApart ? column.label : runLink(column.run, column.label))))));
  };

  let keys = [];
  const nameFoldAll = () => {
    foldAll.textContent = keys.some(([key, otherwise]) => isFolded(key, otherwise))
      ? "Unfold all" : "Fold all";
  };
  const draw = () => {
    const chosen = state();
    const columns = shownColumns(chosen, allowedColumns(chosen));
    const words = (chosen.get("q") || "").toLowerCase().split(/\s+/);
    const wanted = chosen.getAll("verdict");
    const fits = (row) => words.every((word) => row.words.includes(word)) &&
      allows(chosen, "level", row.level) &&
      allows(chosen, "suite", data.chapters[row.chapter][0]) &&
      allows(chosen, "chapter", data.chapters[row.chapter][1]) &&
      columns.some((column) => {
        const letters = lettersOf(row, column);
        return wanted.length ? letters.some((one) => wanted.includes(names[one])) : letters.length;
      });
    const shown = rows.filter(fits);
    const filtered = ["q", "verdict", "chapter"].some((name) => chosen.has(name)) ||
      rows.length <= 150;
    const unfoldAll = filtered && shown.length * columns.length <= MANY_CELLS;
    const table = make("table", { className: "matrix" + (columns.length > 8 ? " narrow" : "") },
      make("caption", { className: "unseen", textContent: "Verdicts of clauses by runs" }),
      headOf(columns));
    let suite = null;
    keys = [];
    grouped(shown, "chapter").forEach((members, chapter) => {
      const [name, key] = data.chapters[chapter];
      if (name !== suite && data.chapters.some(([other]) => other !== name)) {
        table.append(make("tbody", { className: "suite" }, make("tr", {},
          make("th", { scope: "rowgroup", colSpan: columns.length + 1, textContent: name }))));
      }
      suite = name;
      keys.push([key, !unfoldAll]);
      table.append(chapterBody(chapter, members, columns, unfoldAll));
    });
    holder.replaceChildren(table);
    output.textContent = shown.length === rows.length
      ? rows.length + " clauses and rows" : shown.length + " of " + rows.length + " clauses and rows";
    nameFoldAll();
  };
  foldAll.addEventListener("click", () => {
    const fold = foldAll.textContent === "Fold all";
    keys.forEach(([key]) => folded.set(key, fold));
    draw();
  });
  const remember = () => {
    folded.clear();
    draw();
    history.replaceState(null, "", "#" + state().toString());
  };
  const restore = () => {
    const chosen = new URLSearchParams(location.hash.slice(1));
    Array.from(form.elements).forEach((control) => {
      if (control.type === "checkbox") {
        control.checked = chosen.getAll(control.name).includes(control.value);
      } else if (control.name) {
        control.value = chosen.get(control.name) || "";
      }
    });
    form.querySelector(".versions").open = chosen.has("run");
    folded.clear();
    draw();
  };
  form.hidden = false;
  form.addEventListener("input", remember);
  form.addEventListener("reset", () => setTimeout(remember));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", restore);
  restore();
})();
