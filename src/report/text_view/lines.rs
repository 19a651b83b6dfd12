//! Lines of foreign text, made safe and fitted to a terminal.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::compare::text::Redacted;
use crate::report::escape;
use crate::report::layout::width;
use crate::report::style::{Look, Styles};

/// Nobody reads more of one line on a terminal; what it holds beyond is cut before anything else is done with it.
const MOST_BYTES: usize = 4000;
const TAB: usize = 4;

/// A line of text without control characters, tabs as blanks, in parts of which some are marked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    parts: Vec<(String, bool)>,
    is_cut: bool,
}

impl Line {
    /// A document's line, with marks on ranges of [`Redacted::text`].
    pub(super) fn new(document: &Redacted, number: usize, marks: &[Range<usize>]) -> Self {
        let text = document.text(number);
        let end = floor_char_boundary(&text, MOST_BYTES);
        let mut line = Self { parts: Vec::new(), is_cut: end < text.len() };
        let (mut done, mut column) = (0, 0);
        for mark in marks {
            line.push(&text[done.min(end)..mark.start.min(end)], false, &mut column);
            line.push(&text[mark.start.min(end)..mark.end.min(end)], true, &mut column);
            done = mark.end;
        }
        line.push(&text[done.min(end)..end], false, &mut column);
        line
    }

    fn push(&mut self, bytes: &[u8], is_marked: bool, column: &mut usize) {
        for (at, piece) in bytes.split(|&byte| byte == b'\t').enumerate() {
            let mut text = if at == 0 { String::new() } else { " ".repeat(TAB - *column % TAB) };
            text.push_str(&escape::text(piece));
            *column += width(&text);
            if !text.is_empty() {
                self.parts.push((text, is_marked));
            }
        }
    }

    /// Breaks it into rows of so many columns, at most so many of them; a `…` stands where something is left out.
    pub(super) fn rows(&self, columns: usize, most: usize) -> Vec<Line> {
        let columns = columns.max(2);
        let mut rows = vec![Line::default()];
        let mut used = 0;
        for (text, is_marked) in &self.parts {
            let mut piece = String::new();
            for c in text.chars() {
                let wide = c.width().unwrap_or(0);
                if used + wide > columns {
                    flush(&mut rows, &mut piece, *is_marked);
                    if rows.len() == most {
                        rows.last_mut().expect("there is a first row").end_with_ellipsis(columns);
                        return rows;
                    }
                    rows.push(Line::default());
                    used = 0;
                }
                piece.push(c);
                used += wide;
            }
            flush(&mut rows, &mut piece, *is_marked);
        }
        if self.is_cut {
            rows.last_mut().expect("there is a first row").end_with_ellipsis(columns);
        }
        rows
    }

    fn end_with_ellipsis(&mut self, columns: usize) {
        while self.width() + 1 > columns {
            let Some((text, _)) = self.parts.last_mut() else { break };
            if text.pop().is_none() {
                self.parts.pop();
            }
        }
        self.parts.push(("…".to_owned(), false));
    }

    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(|(text, _)| width(text)).sum()
    }

    /// In the look of the line, marked parts in the look of a mark as well.
    pub(super) fn paint(&self, styles: Styles, look: Option<Look>) -> String {
        let part = |(text, is_marked): &(String, bool)| match (look, is_marked) {
            (_, true) => styles.paint(Look::Mark, text).to_string(),
            (Some(look), false) => styles.paint(look, text).to_string(),
            (None, false) => text.clone(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Where there is no colour: `^` under each marked column, if anything is marked.
    pub(super) fn carets(&self) -> Option<String> {
        let line: String =
            self.parts.iter().map(|(text, is_marked)| if *is_marked { "^" } else { " " }.repeat(width(text))).collect();
        let end = line.trim_end().len();
        (end > 0).then(|| line[..end].to_owned())
    }
}

fn flush(rows: &mut [Line], piece: &mut String, is_marked: bool) {
    if !piece.is_empty() {
        rows.last_mut().expect("there is a first row").parts.push((std::mem::take(piece), is_marked));
    }
}

/// The largest length up to `most` that does not cut a UTF-8 character apart.
fn floor_char_boundary(text: &[u8], most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let is_boundary = |at: usize| text[at] & 0b1100_0000 != 0b1000_0000;
    (most.saturating_sub(3)..=most).rev().find(|&at| is_boundary(at)).unwrap_or(most)
}

/// The name of the function, class or section that a line is in: the nearest earlier line that is indented less and begins a
/// definition, else the nearest one that begins with a letter at the left edge (as git does it).
pub(super) fn section(document: &Redacted, before: usize, indentation: usize) -> Option<String> {
    let mut fallback = None;
    for number in (before.saturating_sub(MOST_LINES)..before).rev() {
        let text = document.text(number);
        let text = String::from_utf8_lossy(&text[..floor_char_boundary(&text, 200)]);
        if let Some(name) = definition(&text)
            && indentation_of(&text) < indentation.max(1)
        {
            return Some(escape::text(name.as_bytes()).into_owned());
        }
        if fallback.is_none() && text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$')) {
            fallback = Some(escape::text(text.trim_end().as_bytes()).into_owned());
        }
    }
    fallback
}

/// How far a section is looked for.
const MOST_LINES: usize = 1000;

pub(super) fn indentation_of(text: &str) -> usize {
    text.chars().take_while(|c| c.is_whitespace()).count()
}

/// The name that a line defines, in the languages that begin a definition with a word.
fn definition(text: &str) -> Option<&str> {
    const BEFORE: [&str; 15] = [
        "abstract",
        "async",
        "const",
        "default",
        "export",
        "extern",
        "final",
        "inline",
        "override",
        "private",
        "protected",
        "pub",
        "public",
        "static",
        "unsafe",
    ];
    const WORDS: [&str; 14] = [
        "class",
        "def",
        "enum",
        "fn",
        "func",
        "function",
        "function*",
        "impl",
        "interface",
        "module",
        "namespace",
        "struct",
        "sub",
        "trait",
    ];
    let mut words = text.split_whitespace().skip_while(|word| BEFORE.contains(word) || word.starts_with("pub("));
    if !WORDS.contains(&words.next()?) {
        return None;
    }
    let name = words.next()?;
    let end =
        name.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '.' | '?' | '!')).unwrap_or(name.len());
    (end > 0).then(|| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::text::{Document, Limits, Redactor};
    use crate::path::TreePath;

    fn document(text: &str) -> Redacted {
        let document = Document::new(text.as_bytes().to_vec(), Limits::default()).unwrap();
        Redactor::new([0; 32], &[]).document(&TreePath::new(*b"x.py").unwrap(), document)
    }

    fn plain(line: &Line) -> String {
        line.paint(Styles::default(), None)
    }

    #[test]
    fn long_lines_are_broken_and_cut() {
        let line = Line::new(&document("日本語のテキスト and more\n"), 0, &[]);
        let rows: Vec<String> = line.rows(7, 3).iter().map(plain).collect();
        assert_eq!(rows, ["日本語", "のテキ", "スト a…"].map(str::to_owned));
        let rows: Vec<String> = line.rows(40, 3).iter().map(plain).collect();
        assert_eq!(rows, ["日本語のテキスト and more"]);
    }

    #[test]
    fn a_huge_line_costs_little() {
        let line = Line::new(&document(&"é".repeat(1 << 20)), 0, &[]);
        let rows = line.rows(80, 1000);
        assert_eq!(rows.len(), 25);
        assert!(plain(rows.last().unwrap()).ends_with('…'));
    }

    #[test]
    fn tabs_and_controls_keep_their_columns() {
        let line = Line::new(&document("a\tb\t\x1b[2J\u{202e}x\n"), 0, std::slice::from_ref(&(2..3)));
        assert_eq!(plain(&line), r"a   b   \x1b[2J\u{202e}x");
        assert_eq!(line.carets().as_deref(), Some("    ^"));
    }

    #[test]
    fn sections_are_found() {
        let text = "import os\n\nclass A:\n    def f(self):\n        pass\n\n    async def g(self):\n        x = 1\n";
        let document = document(text);
        assert_eq!(section(&document, 7, 8).as_deref(), Some("g"));
        assert_eq!(section(&document, 7, 4).as_deref(), Some("A"));
        assert_eq!(section(&document, 2, 0).as_deref(), Some("import os"));
        assert_eq!(definition("pub(crate) async fn name<T>(x: T) {"), Some("name"));
        assert_eq!(definition("export default function render() {"), Some("render"));
        assert_eq!(definition("default: return"), None);
    }
}
