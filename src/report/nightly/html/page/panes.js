// One path: who has what, what is said about it, and the texts of all environments side by side.
const CONTEXT = 3;
// Lines of one region that are built before a person asks for the rest.
const LINES_AT_ONCE = 400;
// A longer line is shown without colours.
const LONG_LINE = 3000;

const detail = { box: byId("detail"), row: null, opener: null };

// On a narrow screen a path covers the page; what is below it is out of reach then, by keys as well.
const cover = () => {
  const covers = !detail.box.hidden && matchMedia("(max-width: 74.99rem)").matches;
  document.body.classList.toggle("covered", covers);
  const below = "body > header, body > footer, main > :not([aria-labelledby='matrix-title']), #matrix-part > :not(#work), #tree";
  for (const part of document.querySelectorAll(below)) part.inert = covers;
};

const openDetail = (index) => {
  detail.opener = document.activeElement;
  detail.row = index;
  const row = rows[index];
  const heading = make("h3", { tabindex: -1, id: "detail-title" }, make("span", { class: "name" }, row.path));
  const parts = [
    make("header", {}, heading, row.word === null ? null : copyButton("Copy path", row.word), button("Close", closeDetail, { id: "close" })),
    sidesOf(row),
  ];
  for (const note of row.notes) parts.push(make("p", { class: "note" }, note));
  if (row.findings.length > 0) {
    parts.push(make("ul", { class: "list" }, ...row.findings.map((at) => findingElement(data.findings[at]))));
  }
  if (row.focus !== null) parts.push(...textsOf(data.focus[row.focus]));
  else if (row.word !== null && !row.folder) {
    const command = `driftline diff ${row.word.startsWith("-") ? "-- " : ""}${row.word}`;
    parts.push(make("p", { class: "note" }, "The texts: ", make("code", {}, command), " ", copyButton("Copy command", command)));
  }
  detail.box.replaceChildren(...parts);
  detail.box.hidden = false;
  byId("work").classList.add("open");
  cover();
  draw();
  heading.focus({ preventScroll: true });
  detail.box.scrollTop = 0;
};

const closeDetail = () => {
  if (detail.box.hidden) return;
  detail.box.hidden = true;
  detail.box.replaceChildren();
  byId("work").classList.remove("open");
  cover();
  draw();
  if (detail.opener && detail.opener.isConnected) detail.opener.focus({ preventScroll: true });
};

const sidesOf = (row) => {
  const sides = make("div", { class: "sides" });
  data.environments.forEach(({ name }, at) => {
    const words = [letterOf(row.pattern[at]).words];
    if (row.modes && row.modes[at]) words.push(row.modes[at]);
    if (row.owners && row.owners[at]) words.push(row.owners[at]);
    sides.append(make("span", {}, letter(row.pattern, at), ` ${name} `, make("span", { class: "meta" }, words.join(" · "))));
  });
  return sides;
};

const findingElement = (finding) => {
  const mark = { critical: "!!", warning: "!", notice: "-", info: "·" }[finding.severity];
  const tags = [make("span", { class: `status ${finding.status}` }, finding.status)];
  if (finding.stale) tags.push(make("span", { class: "status stale" }, "stale"));
  return make(
    "li",
    { class: finding.severity },
    make("span", { class: "mark", title: finding.severity }, mark),
    make(
      "div",
      {},
      ...tags,
      finding.message,
      make("div", { class: "meta" }, [finding.severity, finding.code, finding.since, finding.stale, finding.accepted, finding.id].filter(Boolean).join(" · ")),
    ),
  );
};

// The panes of a file: the base, unless somebody has it, and each distinct text.
const panesOf = (file) => {
  const panes = file.texts.map((text, at) => {
    const environment = data.environments.findIndex(({ name }) => name === text.environments[0]);
    const style = letterOf(file.pattern[environment] || "A").style;
    const isBase = file.base !== null && text.environments.some((name) => file.base.environments.includes(name));
    return { title: joined(text.environments), letter: file.pattern[environment], style, isBase, lines: text.lines, text: at };
  });
  if (file.base && !panes.some((pane) => pane.isBase)) {
    panes.unshift({ title: "base", style: "", isBase: true, lines: file.base.lines, text: null });
  }
  return panes;
};

const textsOf = (file) => {
  const parts = [];
  if (file.base) parts.push(make("p", { class: "note" }, `base: ${file.base.description}`));
  for (const note of file.notes) parts.push(make("p", { class: "note" }, note));
  const other = file.sides.filter((side) => !["text", "absent"].includes(side.kind));
  if (other.length > 0) {
    const words = { "not-text": "no text", hidden: "sensitive by name, not shown", symlink: "a symbolic link", other: "something else than a file", unknown: "not known" };
    parts.push(make("p", { class: "note" }, other.map((side) => `${side.environment}: ${words[side.kind] || side.kind}`).join("; ")));
  }
  if (file.texts.length === 0) return parts;
  const panes = panesOf(file);
  const paths = rows[detail.row].path;
  for (const pane of panes) pane.colours = colours(pane.lines, paths);
  const regions = file.base
    ? file.regions
    : [{ class: "unchanged", groups: [], uncommitted: [], base: [0, panes[0].lines.length], texts: [[0, panes[0].lines.length]] }];
  const jump = make("ol", {});
  const body = make("tbody", {});
  let number = 0;
  regions.forEach((region, index) => {
    if (region.class === "unchanged") {
      body.append(...unchanged(file, panes, region, index === 0, index === regions.length - 1));
      return;
    }
    number += 1;
    const words = regionWords(region);
    const head = make("tr", { class: `region ${region.class}`, id: `region-${number}`, tabindex: -1 });
    head.append(make("th", { colspan: panes.length + 1, scope: "colgroup" }, `${number}  ${words}`));
    body.append(head, ...changed(file, panes, region));
    const go = () => goToRegion(head);
    jump.append(make("li", {}, button(`${number} ${words}, line ${region.base[0] + 1}`, go)));
  });
  const titles = panes.map((pane) => {
    const mark = pane.letter ? make("span", { class: `letter ${pane.style}` }, pane.letter) : null;
    return make("th", { scope: "col" }, mark, " ", pane.title, pane.isBase && pane.text !== null ? make("span", { class: "dim" }, " (base)") : null);
  });
  const head = make("thead", {}, make("tr", {}, make("th", { class: "no", scope: "col" }, "base"), ...titles));
  const box = make("div", { class: "panes", tabindex: 0, role: "region", "aria-label": "Texts side by side" }, make("table", {}, head, body));
  box.style.setProperty("--panes", String(panes.length));
  if (number > 0) parts.push(make("nav", { "aria-label": "Regions that differ" }, make("p", { class: "note" }, `${counted(number, "region differs", "regions differ")}; n and p go to the next and the one before`), make("div", { class: "jump" }, ...jump.querySelectorAll("button"))));
  parts.push(box);
  return parts;
};

const regionWords = (region) => {
  const groups = region.groups.map(joined);
  const words = {
    only: `only ${groups[0]}`,
    shared: `${groups[0]} alike`,
    conflict: `conflict: ${groups.join(" against ")}`,
  }[region.class];
  if (region.uncommitted.length === 0) return words;
  return `${words}, uncommitted in ${joined(region.uncommitted)}`;
};

const rangeOf = (pane, region) => (pane.text === null ? region.base : region.texts[pane.text]);

const unchanged = (file, panes, region, isFirst, isLast) => {
  const [from, to] = region.base;
  const line = (at) => lineRow(at + 1, panes.map((pane) => codeCell(pane, rangeOf(pane, region)[0] + at - from, [])));
  const lines = (start, end) => Array.from({ length: Math.max(0, end - start) }, (_, step) => line(start + step));
  const head = isFirst && file.regions.length > 1 ? from : Math.min(to, from + CONTEXT);
  const tail = isLast && file.regions.length > 1 ? to : Math.max(head, to - CONTEXT);
  if (tail - head < 4) return lines(from, to);
  return [...lines(from, head), foldRow(panes, tail - head, "unchanged", (start, end) => lines(head + start, head + end)), ...lines(tail, to)];
};

// A row in the place of many; pressed, it gives way to some of them at a time.
const foldRow = (panes, number, kind, lines) => {
  const row = make("tr", { class: "fold" });
  let start = 0;
  const words = () => `Show ${counted(number - start, `${kind} line`, `${kind} lines`)}`;
  const show = button(words(), () => {
    const end = Math.min(number, start + LINES_AT_ONCE);
    row.before(...lines(start, end));
    start = end;
    if (start === number) row.remove();
    else show.textContent = words();
  });
  row.append(make("td", { colspan: panes.length + 1 }, show));
  return row;
};

const lineRow = (number, cells) => make("tr", {}, make("td", { class: "no" }, number === null ? "" : String(number)), ...cells);

const codeCell = (pane, at, marks, style) => {
  const line = pane.lines[at];
  const cell = make("td", { class: style ? `code ${style}` : "code" });
  if (line.length > LONG_LINE) cell.append(`${line.slice(0, LONG_LINE)} … (${line.length.toLocaleString("en")} characters)`);
  else cell.append(painted(line, pane.colours[at], marks));
  return cell;
};

// The lines of all panes in one order: each line of the base is a row, and what was put between two of them follows the first.
const changed = (file, panes, region) => {
  const base = file.base.lines.slice(region.base[0], region.base[1]);
  const sides = panes.map((pane) => {
    const [from, to] = rangeOf(pane, region);
    const lines = pane.lines.slice(from, to);
    const isBase = pane.text === null || (lines.length === base.length && lines.every((line, at) => line === base[at]));
    const partners = isBase ? lines.map((_, at) => at) : pairs(base, lines);
    const at = new Array(base.length).fill(-1);
    const between = Array.from({ length: base.length + 1 }, () => []);
    let last = -1;
    partners.forEach((partner, index) => {
      if (partner >= 0) {
        at[partner] = from + index;
        last = partner;
      } else between[last + 1].push(from + index);
    });
    return { pane, isBase, at, between };
  });
  const plan = [];
  for (let line = 0; line <= base.length; line += 1) {
    const most = Math.max(...sides.map((side) => side.between[line].length));
    for (let extra = 0; extra < most; extra += 1) plan.push([null, sides.map((side) => side.between[line][extra])]);
    if (line < base.length) plan.push([line, sides.map((side) => (side.at[line] < 0 ? undefined : side.at[line]))]);
  }
  const build = ([line, ats]) => {
    const shown = sides.map((side, index) => (ats[index] === undefined ? null : side.pane.lines[ats[index]]));
    const other = line === null ? null : shown.find((text, index) => text !== null && !sides[index].isBase && text !== base[line]);
    const cells = sides.map((side, index) => {
      if (shown[index] === null) return make("td", { class: "code none" });
      const against = side.isBase ? other : line === null ? null : base[line];
      const marks = against === null || against === undefined || against === shown[index] ? [] : marksOf(shown[index], against);
      return codeCell(side.pane, ats[index], marks, side.isBase ? "base" : side.pane.style);
    });
    return lineRow(line === null ? null : region.base[0] + line + 1, cells);
  };
  if (plan.length <= LINES_AT_ONCE) return plan.map(build);
  const rest = plan.length - LINES_AT_ONCE;
  const later = (start, end) => plan.slice(LINES_AT_ONCE + start, LINES_AT_ONCE + end).map(build);
  return [...plan.slice(0, LINES_AT_ONCE).map(build), foldRow(panes, rest, "more", later)];
};

// For each line the line of the base that it came from, or -1; ascending.
const pairs = (base, lines) => {
  if (base.length * lines.length > 10000) {
    return lines.map((_, at) => (base.length === lines.length ? at : -1));
  }
  const width = lines.length + 1;
  const best = new Float32Array((base.length + 1) * width);
  const likeness = (i, j) => {
    const alike = likenessOf(base[i], lines[j]);
    return alike < 0.45 ? -1 : alike;
  };
  for (let i = base.length - 1; i >= 0; i -= 1) {
    for (let j = lines.length - 1; j >= 0; j -= 1) {
      const both = likeness(i, j) + best[(i + 1) * width + j + 1];
      best[i * width + j] = Math.max(both, best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  }
  const partners = new Array(lines.length).fill(-1);
  let i = 0;
  let j = 0;
  while (i < base.length && j < lines.length) {
    const here = best[i * width + j];
    if (here === best[(i + 1) * width + j]) i += 1;
    else if (here === best[i * width + j + 1]) j += 1;
    else {
      partners[j] = i;
      i += 1;
      j += 1;
    }
  }
  return partners;
};

// How much of two lines is the same at their beginnings and ends, from 0 to 1.
const likenessOf = (one, other) => {
  const a = one.trim();
  const b = other.trim();
  if (a === b) return 1;
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return (start + end) / Math.max(a.length, b.length, 1);
};

const goToRegion = (head) => {
  const box = head.closest(".panes");
  const top = head.getBoundingClientRect().top - box.getBoundingClientRect().top;
  box.scrollTop += top - box.querySelector("thead").offsetHeight;
  head.focus({ preventScroll: true });
  announce(head.textContent);
};

const stepRegion = (step) => {
  const heads = [...detail.box.querySelectorAll("tr.region")];
  if (heads.length === 0) return;
  const at = heads.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : heads.length - 1) : Math.min(Math.max(at + step, 0), heads.length - 1);
  goToRegion(heads[next]);
};
