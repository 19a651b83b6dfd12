// The matrix of paths by environments: a folding tree of which only the rows in view exist.
const SEVERITIES = ["critical", "warning", "notice", "info"];
const KIND_WORDS = {
  content: "content",
  presence: "only somewhere",
  kind: "type",
  target: "link target",
  quiet: "line ends only",
  attributes: "mode or owner",
  moved: "moved",
  artifact: "leftover",
  unreadable: "unreadable",
};
// Rows that are built at most for paper, which has no scrolling.
const PRINTED = 3000;

const rows = data.rows;
for (const row of rows) {
  const findings = row.findings.map((index) => data.findings[index]);
  row.text = `${row.path}\n${findings.map((finding) => `${finding.code} ${finding.id}`).join(" ")}`.toLowerCase();
  row.severity = SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity && finding.status !== "accepted"));
  row.statuses = new Set(findings.map((finding) => finding.status));
  row.alone = aloneIn(row.pattern);
}

// The environments that a row is about: those that differ from the baseline, or from what most have; all when there is no most.
function aloneIn(pattern) {
  const letters = [...pattern];
  let usual = data.baseline === null ? null : letters[data.baseline];
  if (usual === null) {
    usual = letters.find((one) => one !== "!" && letters.filter((other) => other === one).length * 2 > letters.length);
  }
  const alone = [];
  letters.forEach((one, index) => {
    if (one !== usual) alone.push(index);
  });
  return alone;
}

const MOVES = new Map(data.moves.map((moved) => [moved.path, moved]));

const folderOf = (name, parent) => {
  const path = parent && parent.path ? `${parent.path}/${name}` : name;
  return { name, parent, path, moved: MOVES.get(path), folders: new Map(), files: [], row: null, open: false, level: 0 };
};

// A chain of folders with nothing else in them is one node.
const treeOf = () => {
  const top = folderOf("", null);
  rows.forEach((row, index) => {
    const parts = row.path.split("/");
    const last = parts.pop();
    let folder = top;
    for (const part of parts) {
      let next = folder.folders.get(part);
      if (!next) {
        next = folderOf(part, folder);
        folder.folders.set(part, next);
      }
      folder = next;
    }
    folder.files.push({ name: last, parent: folder, row: index, level: 0 });
  });
  const settle = (folder, level) => {
    folder.level = level;
    folder.children = [];
    for (let child of folder.folders.values()) {
      while (child.files.length === 0 && child.folders.size === 1) {
        const [only] = child.folders.values();
        only.name = `${child.name}/${only.name}`;
        only.moved = only.moved || child.moved;
        only.parent = folder;
        child = only;
      }
      settle(child, level + 1);
      folder.children.push(child);
    }
    for (const file of folder.files) {
      file.level = level + 1;
      folder.children.push(file);
    }
  };
  settle(top, 0);
  return top;
};

const isFolder = (node) => node.row === null;

const matrix = {
  top: treeOf(),
  box: byId("tree"),
  body: byId("tree-body"),
  filter: { words: [], kind: new Set(), environment: new Set(), severity: new Set(), status: new Set() },
  matching: new Uint8Array(rows.length).fill(1),
  found: rows.length,
  visible: [],
  active: 0,
  printing: false,
  // Which folders were open before a search opened what it found.
  before: null,
};

const matches = (row) => {
  const { words, kind, environment, severity, status } = matrix.filter;
  return (
    words.every((word) => row.text.includes(word)) &&
    (kind.size === 0 || row.kinds.some((one) => kind.has(one))) &&
    (environment.size === 0 || row.alone.some((one) => environment.has(one))) &&
    (severity.size === 0 || severity.has(row.severity)) &&
    (status.size === 0 || [...status].some((one) => row.statuses.has(one)))
  );
};

const isFiltered = () => {
  const { words, kind, environment, severity, status } = matrix.filter;
  return words.length + kind.size + environment.size + severity.size + status.size > 0;
};

// Counts what is below each folder, so that a folded one says it.
const tally = (folder) => {
  folder.found = 0;
  folder.pattern = undefined;
  folder.much = new Array(data.environments.length).fill(0);
  folder.fresh = 0;
  const add = (found, pattern, much, fresh) => {
    if (found === 0) return;
    folder.pattern = folder.found === 0 || folder.pattern === pattern ? pattern : null;
    folder.found += found;
    folder.fresh += fresh;
    much.forEach((number, index) => {
      folder.much[index] += number;
    });
  };
  for (const child of folder.children) {
    if (isFolder(child)) {
      tally(child);
      add(child.found, child.pattern, child.much, child.fresh);
    } else if (matrix.matching[child.row]) {
      const row = rows[child.row];
      const much = new Array(data.environments.length).fill(0);
      for (const index of row.alone) much[index] = 1;
      add(1, row.pattern, much, isFresh(row) ? 1 : 0);
    }
  }
};

const isFresh = (row) => row.statuses.has("new") || row.statuses.has("reopened");

const eachFolder = (folder, act) => {
  act(folder);
  for (const child of folder.children) if (isFolder(child)) eachFolder(child, act);
};

const isShown = (node) => (isFolder(node) ? node.found > 0 : matrix.matching[node.row] === 1);

const flatten = () => {
  const visible = [];
  const walk = (folder) => {
    const shown = folder.children.filter(isShown);
    shown.forEach((child, index) => {
      child.at = index + 1;
      child.of = shown.length;
      child.index = visible.length;
      visible.push(child);
      if (isFolder(child) && child.open) walk(child);
    });
  };
  walk(matrix.top);
  matrix.visible = visible;
};

// Opens folders from the top down as long as what is seen stays a screen.
const openSome = (most) => {
  const waiting = [matrix.top];
  let seen = matrix.top.children.filter(isShown).length;
  while (waiting.length > 0) {
    const folder = waiting.shift();
    for (const child of folder.children.filter((one) => isFolder(one) && isShown(one))) {
      const more = child.children.filter(isShown).length;
      if (seen + more > most) continue;
      child.open = true;
      seen += more;
      waiting.push(child);
    }
  }
};

const applyFilter = () => {
  const active = matrix.visible[matrix.active];
  let found = 0;
  rows.forEach((row, index) => {
    matrix.matching[index] = matches(row) ? 1 : 0;
    found += matrix.matching[index];
  });
  matrix.found = found;
  tally(matrix.top);
  if (isFiltered()) {
    if (!matrix.before) {
      matrix.before = new Set();
      eachFolder(matrix.top, (folder) => {
        if (folder.open) matrix.before.add(folder);
      });
    }
    eachFolder(matrix.top, (folder) => {
      folder.open = found <= 500;
    });
    if (found > 500) openSome(200);
  } else if (matrix.before) {
    eachFolder(matrix.top, (folder) => {
      folder.open = matrix.before.has(folder);
    });
    matrix.before = null;
  }
  flatten();
  matrix.active = Math.max(0, matrix.visible.indexOf(active));
  matrix.box.scrollTop = 0;
  const words = isFiltered()
    ? `${found.toLocaleString("en")} of ${counted(rows.length, "path", "paths")}`
    : counted(rows.length, "path", "paths");
  byId("found").textContent = words;
  byId("clear").hidden = !isFiltered();
  draw();
};

const rowHeight = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));

const draw = () => {
  const height = rowHeight();
  const { box, body, visible } = matrix;
  body.style.height = `${visible.length * height}px`;
  const above = byId("tree-head").offsetHeight;
  let from = Math.max(0, Math.floor((box.scrollTop - above) / height) - 10);
  let to = Math.min(visible.length, Math.ceil((box.scrollTop + box.clientHeight) / height) + 10);
  if (matrix.printing) [from, to] = [0, Math.min(visible.length, PRINTED)];
  const drawn = document.createDocumentFragment();
  for (let index = from; index < to; index += 1) drawn.append(rowElement(visible[index], index, height));
  body.replaceChildren(drawn);
  box.setAttribute("aria-rowcount", String(visible.length + 1));
  if (visible.length === 0) {
    body.style.height = "auto";
    const words = rows.length === 0 ? "Every path is in sync." : "No path fits the filters.";
    body.append(make("div", { role: "row" }, make("div", { role: "gridcell", class: "nothing" }, words)));
  }
  const active = byId(`row-${matrix.active}`);
  if (active) box.setAttribute("aria-activedescendant", active.id);
  else box.removeAttribute("aria-activedescendant");
};

const rowElement = (node, index, height) => {
  const folder = isFolder(node);
  const row = folder ? null : rows[node.row];
  const element = make("div", {
    role: "row",
    id: `row-${index}`,
    class: index === matrix.active ? "row active" : "row",
    "aria-level": node.level,
    "aria-posinset": node.at,
    "aria-setsize": node.of,
    "aria-rowindex": index + 2,
    "aria-expanded": folder ? String(node.open) : null,
    "aria-selected": String(index === matrix.active),
  });
  element.style.setProperty("--depth", String(node.level - 1));
  if (!matrix.printing) element.style.transform = `translateY(${index * height}px)`;
  element.style.height = `${height}px`;
  const name = folder || row.folder ? `${node.name}/` : node.name;
  const title = make("div", { role: "rowheader", class: "title" });
  title.append(
    make("span", { class: "twist", "aria-hidden": "true" }, folder ? (node.open ? "▾" : "▸") : ""),
    make("span", { class: "name", title: folder ? name : row.path }, name),
  );
  if (folder && node.moved) {
    const { to, same } = node.moved;
    title.append(make("span", { class: "tag moved", title: `${to}: ${same}` }, "moved"), make("span", { class: "elsewhere" }, `= ${to}`));
  }
  if (row && row.focus !== null) title.append(make("span", { class: "tag focus" }, "focus"));
  if (row) {
    for (const kind of row.kinds.filter((one) => one !== "content" && one !== "presence")) {
      title.append(make("span", { class: "tag" }, KIND_WORDS[kind] || kind));
    }
  }
  element.append(title);
  data.environments.forEach((environment, at) => {
    const cell = make("div", { role: "gridcell", class: "cell" });
    if (row) cell.append(letter(row.pattern, at));
    else if (node.pattern) cell.append(letter(node.pattern, at));
    else if (node.much[at] > 0) {
      const words = `${environment.name} differs in ${counted(node.much[at], "path", "paths")} below`;
      cell.append(make("span", { class: "much", title: words }, node.much[at].toLocaleString("en")));
    } else cell.append(make("span", { class: "much", title: `${environment.name}: as most others` }, "="));
    element.append(cell);
  });
  element.append(make("div", { role: "gridcell", class: "about" }, ...aboutRow(node, row)));
  return element;
};

const aboutRow = (node, row) => {
  if (!row) {
    const fresh = node.fresh > 0 ? make("span", { class: "status new" }, `${node.fresh.toLocaleString("en")} new`) : null;
    return [fresh, make("span", {}, counted(node.found, "path", "paths"))];
  }
  const status = ["reopened", "new"].find((one) => row.statuses.has(one));
  const mark = { critical: "!!", warning: "!", notice: "-" }[row.severity];
  return [
    status ? make("span", { class: `status ${status}` }, status) : null,
    mark ? make("span", { class: "mark", title: row.severity }, mark) : null,
    row.severity ? make("span", {}, row.severity) : null,
  ];
};

const bringIntoView = () => {
  const height = rowHeight();
  const above = byId("tree-head").offsetHeight;
  const { box } = matrix;
  const top = matrix.active * height;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + above + height > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + above + height - box.clientHeight;
  }
};

const activate = (index) => {
  if (matrix.visible.length === 0) return;
  matrix.active = Math.min(Math.max(index, 0), matrix.visible.length - 1);
  bringIntoView();
  draw();
};

const setOpen = (node, open) => {
  node.open = open;
  flatten();
  matrix.active = Math.max(0, matrix.visible.indexOf(node));
  draw();
};

const press = (node) => {
  if (isFolder(node)) setOpen(node, !node.open);
  else openDetail(node.row);
};

const treeKey = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const node = matrix.visible[matrix.active];
  if (!node) return;
  const page = Math.max(1, Math.floor(matrix.box.clientHeight / rowHeight()) - 2);
  const acts = {
    ArrowDown: () => activate(matrix.active + 1),
    ArrowUp: () => activate(matrix.active - 1),
    PageDown: () => activate(matrix.active + page),
    PageUp: () => activate(matrix.active - page),
    Home: () => activate(0),
    End: () => activate(matrix.visible.length - 1),
    ArrowRight: () => {
      if (!isFolder(node)) return;
      if (node.open) activate(matrix.active + 1);
      else setOpen(node, true);
    },
    ArrowLeft: () => {
      if (isFolder(node) && node.open) setOpen(node, false);
      else if (node.parent !== matrix.top) activate(node.parent.index);
    },
    "*": () => {
      for (const child of node.parent.children) if (isFolder(child)) child.open = true;
      flatten();
      activate(matrix.visible.indexOf(node));
    },
    Enter: () => press(node),
    " ": () => press(node),
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
};

// Shows a row of the matrix, whatever was folded or filtered.
const reveal = (index) => {
  if (!matrix.matching[index]) clearFilters();
  let file = null;
  eachFolder(matrix.top, (folder) => {
    file = file || folder.children.find((child) => child.row === index);
  });
  for (let folder = file.parent; folder; folder = folder.parent) folder.open = true;
  flatten();
  activate(matrix.visible.indexOf(file));
};

const chips = (name, words, options) => {
  if (options.length < 2) return null;
  const group = make("div", { role: "group", "aria-label": words }, make("span", { class: "what" }, words));
  for (const { value, label, number } of options) {
    const chip = button(
      label,
      () => {
        const chosen = matrix.filter[name];
        if (!chosen.delete(value)) chosen.add(value);
        chip.setAttribute("aria-pressed", String(chosen.has(value)));
        applyFilter();
      },
      { class: "chip", "aria-pressed": "false", "data-filter": name, "data-value": value },
    );
    chip.append(make("span", { class: "number" }, number.toLocaleString("en")));
    group.append(chip);
  }
  return group;
};

const buildFilters = () => {
  const number = (test) => rows.reduce((sum, row) => sum + (test(row) ? 1 : 0), 0);
  const option = (value, label, test) => ({ value, label, number: number(test) });
  const present = (options) => options.filter((one) => one.number > 0);
  const kinds = Object.entries(KIND_WORDS).map(([kind, label]) => option(kind, label, (row) => row.kinds.includes(kind)));
  const environments = data.environments.map(({ name }, at) => option(at, name, (row) => row.alone.includes(at)));
  const severities = SEVERITIES.map((one) => option(one, one, (row) => row.severity === one));
  const statuses = ["new", "reopened", "still", "accepted"].map((one) => option(one, one, (row) => row.statuses.has(one)));
  const box = byId("filters");
  for (const group of [
    chips("status", "Since", present(statuses)),
    chips("severity", "Severity", present(severities)),
    chips("kind", "Kind", present(kinds)),
    chips("environment", "Differs in", present(environments)),
  ]) {
    if (group) box.append(group);
  }
};

const clearFilters = () => {
  const { filter } = matrix;
  filter.words = [];
  for (const name of ["kind", "environment", "severity", "status"]) filter[name].clear();
  byId("search").value = "";
  for (const chip of document.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", "false");
  applyFilter();
};

const startMatrix = () => {
  const { box, body } = matrix;
  const head = byId("tree-head");
  box.style.setProperty("--envs", String(data.environments.length));
  box.classList.toggle("few", data.environments.length <= 4);
  for (const { name, label } of data.environments) {
    head.append(
      make(
        "div",
        { role: "columnheader", title: name },
        make("span", { class: "unseen" }, name),
        make("span", { class: "full", "aria-hidden": "true" }, name),
        make("span", { class: "short", "aria-hidden": "true" }, label),
      ),
    );
  }
  head.append(make("div", { role: "columnheader" }, "Findings"));
  buildFilters();
  tally(matrix.top);
  openSome(28);
  applyFilter();
  box.addEventListener("keydown", treeKey);
  let asked = false;
  box.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    matrix.active = Number(row.id.slice("row-".length));
    const node = matrix.visible[matrix.active];
    box.focus({ preventScroll: true });
    draw();
    press(node);
  });
  byId("search").addEventListener("input", (event) => {
    matrix.filter.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    applyFilter();
  });
  byId("clear").addEventListener("click", clearFilters);
  byId("open-all").addEventListener("click", () => {
    eachFolder(matrix.top, (folder) => {
      folder.open = true;
    });
    flatten();
    activate(matrix.active);
  });
  byId("fold-all").addEventListener("click", () => {
    eachFolder(matrix.top, (folder) => {
      folder.open = false;
    });
    flatten();
    activate(0);
  });
  window.addEventListener("resize", () => {
    cover();
    draw();
  });
  window.addEventListener("beforeprint", () => {
    matrix.printing = true;
    draw();
  });
  window.addEventListener("afterprint", () => {
    matrix.printing = false;
    draw();
  });
};
