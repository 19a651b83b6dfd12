// Comments, texts, numbers and words of a language by the ending of a file's name: enough to find one's way, not a parser.
const KEYWORDS = {
  c: "abstract as async await bool break case catch char class const constexpr continue crate default defer delete do double dyn else enum export extends extern false final finally float fn for from func function go if impl implements import in include instanceof int interface let long loop match mod mut namespace new nil null package private protected pub public range return self short sizeof static string struct super switch template this throw throws trait true try type typedef typeof undefined union unsafe unsigned use using var virtual void volatile where while with yield",
  hash: "and as assert async await begin break case class continue def del do done elif else elsif end ensure esac except export false fi finally for from function global if import in is lambda local module nil no None not null or pass raise require rescue return self set source then true True False try unless until when while with yes yield",
  sql: "add all alter and as asc begin between by case cascade check column commit constraint create cross database default delete desc distinct drop else end exists foreign from full group having if in index inner insert into is join key left like limit not null on or order outer primary references right rollback select set table then transaction union unique update using values view when where with",
};
const LANGUAGES = {
  c: { line: ["//"], block: ["/*", "*/"], texts: ['"', "'", "`"], words: KEYWORDS.c },
  css: { line: [], block: ["/*", "*/"], texts: ['"', "'"], words: "" },
  hash: { line: ["#"], texts: ['"""', "'''", '"', "'"], words: KEYWORDS.hash },
  ini: { line: ["#", ";"], texts: ['"', "'"], words: "true false yes no on off null" },
  php: { line: ["//", "#"], block: ["/*", "*/"], texts: ['"', "'"], words: `${KEYWORDS.c} echo foreach isset unset require_once array` },
  sql: { line: ["--"], block: ["/*", "*/"], texts: ["'", '"'], words: KEYWORDS.sql, anyCase: true },
  markup: { line: [], block: ["<!--", "-->"], texts: ['"', "'"], words: "" },
  lua: { line: ["--"], texts: ['"', "'"], words: KEYWORDS.hash },
};
const ENDINGS = {
  c: "c cc cpp cs cxx dart go h hpp java js jsx json json5 kt kts mjs cjs proto rs scala swift ts tsx vue gradle groovy",
  css: "css scss less",
  hash: "bash cmake coffee dockerfile ex exs fish gemfile jl makefile mk nix pl pm ps1 py pyi r rake rb sh tf yaml yml zsh",
  ini: "cfg conf desktop editorconfig env example ini properties service timer toml",
  php: "php phtml",
  sql: "sql",
  markup: "htm html svg xhtml xml xsl",
  lua: "lua hs elm",
};
const LANGUAGE_OF = new Map();
for (const [language, endings] of Object.entries(ENDINGS)) {
  for (const ending of endings.split(" ")) LANGUAGE_OF.set(ending, language);
}
for (const language of Object.values(LANGUAGES)) {
  const word = language.anyCase ? "i" : "";
  language.isWord = language.words
    ? new RegExp(`^(?:${language.words.split(" ").join("|")})$`, word)
    : /^(?!)/;
}

// What a leftover such as `x.py.orig` is written in is told by the ending before.
const languageOf = (path) => {
  const parts = path.slice(path.lastIndexOf("/") + 1).toLowerCase().split(".");
  for (const part of parts.reverse()) {
    const language = LANGUAGE_OF.get(part);
    if (language) return LANGUAGES[language];
  }
  return null;
};

// For each line its coloured stretches `[from, to, class]`, ascending. Linear in the length of the text.
const colours = (lines, path) => {
  const language = languageOf(path);
  if (!language) return lines.map(() => []);
  let until = null;
  return lines.map((line) => {
    const stretches = [];
    let at = 0;
    const take = (to, style) => {
      stretches.push([at, to, style]);
      at = to;
    };
    while (at < line.length) {
      if (until) {
        const end = line.indexOf(until.text, at);
        take(end < 0 ? line.length : end + until.text.length, until.style);
        if (end < 0) break;
        until = null;
        continue;
      }
      if (language.line.some((mark) => line.startsWith(mark, at) && begins(line, at, mark))) {
        take(line.length, "syntax-comment");
        break;
      }
      if (language.block && line.startsWith(language.block[0], at)) {
        until = { text: language.block[1], style: "syntax-comment" };
        const from = at;
        at += language.block[0].length;
        stretches.push([from, at, "syntax-comment"]);
        continue;
      }
      const quote = language.texts.find((text) => line.startsWith(text, at));
      if (quote && (quote.length === 3 || quote === "`")) {
        until = { text: quote, style: "syntax-string" };
        stretches.push([at, at + quote.length, "syntax-string"]);
        at += quote.length;
        continue;
      }
      if (quote) {
        take(endOfText(line, at + 1, quote), "syntax-string");
        continue;
      }
      const word = WORD.exec(((WORD.lastIndex = at), line));
      if (word) {
        const end = at + word[0].length;
        if (/^[0-9]/.test(word[0])) take(end, "syntax-number");
        else if (language.isWord.test(word[0])) take(end, "syntax-keyword");
        else at = end;
        continue;
      }
      at += 1;
    }
    return stretches;
  });
};

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*|[0-9][\p{L}0-9_.]*/uy;

// A `#` inside of a word is none that begins a comment.
const begins = (line, at, mark) => mark !== "#" || at === 0 || /\s/.test(line[at - 1]);

const endOfText = (line, from, quote) => {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line[at] === quote) return at + 1;
  }
  return line.length;
};

// The stretches of `line` that `before` does not have, word by word.
const marksOf = (line, before) => {
  const split = (text) => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) || [];
  const ours = split(line);
  const theirs = split(before);
  let start = 0;
  while (start < ours.length && start < theirs.length && ours[start] === theirs[start]) start += 1;
  let end = 0;
  while (
    end < ours.length - start &&
    end < theirs.length - start &&
    ours[ours.length - 1 - end] === theirs[theirs.length - 1 - end]
  ) {
    end += 1;
  }
  const a = ours.slice(start, ours.length - end);
  const b = theirs.slice(start, theirs.length - end);
  const kept = a.length * b.length <= 40000 ? common(a, b) : new Array(a.length).fill(false);
  const marks = [];
  let at = ours.slice(0, start).join("").length;
  a.forEach((word, index) => {
    const next = at + word.length;
    if (!kept[index]) {
      const last = marks[marks.length - 1];
      if (last && last[1] === at) last[1] = next;
      else marks.push([at, next]);
    }
    at = next;
  });
  return marks;
};

// For each item of `a` whether it is in a longest common sequence with `b`.
const common = (a, b) => {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const kept = new Array(a.length).fill(false);
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      kept[i] = true;
      i += 1;
      j += 1;
    } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return kept;
};

// A line as text with its colours and marks.
const painted = (line, stretches, marks) => {
  const edges = new Set([0, line.length]);
  for (const [from, to] of [...stretches, ...marks]) {
    edges.add(from);
    edges.add(to);
  }
  const sorted = [...edges].sort((a, b) => a - b);
  const out = document.createDocumentFragment();
  for (let index = 0; index + 1 < sorted.length; index += 1) {
    const [from, to] = [sorted[index], sorted[index + 1]];
    const within = ([start, end]) => start <= from && to <= end;
    const coloured = stretches.find(within);
    let piece = document.createTextNode(line.slice(from, to));
    if (coloured) piece = make("span", { class: coloured[2] }, piece);
    if (marks.some(within)) piece = make("mark", {}, piece);
    out.append(piece);
  }
  return out;
};
