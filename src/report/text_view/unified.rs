//! A unified diff from the base to each distinct text, with headers as `git apply` reads them.

use std::io::{self, Write};
use std::ops::Range;

use crate::compare::text::{Encoding, Redacted, replacements::changes};
use crate::insight::base::BaseKind;
use crate::report::escape;
use crate::report::style::{Look, Styles};
use crate::report::text_view::lines::section;
use crate::report::text_view::{FileRegion, FileView, Screen, Side, TextView};

/// How many unchanged lines stand before and after a change.
pub(in crate::report) const CONTEXT: usize = 3;

/// Writes a diff for each distinct text that is not the base. Lines are not broken to the width, and bytes are compared: what is
/// plain text can be applied by `git apply`. Where characters had to be escaped or secrets masked, that is said before
/// the diff.
pub fn write_unified(view: &TextView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for file in &view.files {
        write_file(view, file, screen.styles, out)?;
    }
    Ok(())
}

fn write_file(view: &TextView, file: &FileView, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let name = escape::name(file.path.as_bytes());
    let base = view.base(file).map_or_else(|| "none".to_owned(), |words| format!("base: {words}"));
    for remark in view.remarks(file) {
        writeln!(out, "# {name}: {remark}")?;
    }
    let Some(base_text) = &file.base else { return Ok(()) };
    let base_exists = !matches!(base_text.base.kind, BaseKind::Named { present: false, .. });
    for text in &file.texts {
        let (old, new) = (&base_text.document, &text.document);
        if old.exact().bytes() == new.exact().bytes() && base_exists {
            continue;
        }
        writeln!(out, "# {name}: from the base to {} ({base})", view.names(&text.environments))?;
        if let Some(why) = why_not_applicable(old, new) {
            writeln!(out, "# it cannot be applied: {why}")?;
        }
        let origins = |hunk: &[Change]| origins(view, file, &text.environments, hunk);
        write_diff(file, base_exists.then_some(old), Some(new), &origins, styles, out)?;
    }
    let absent: Vec<usize> = (0..file.sides.len()).filter(|&at| file.sides[at] == Side::Absent).collect();
    if base_exists && !absent.is_empty() {
        writeln!(out, "# {name}: from the base to {} ({base})", view.names(&absent))?;
        write_diff(file, Some(&base_text.document), None, &|_| String::new(), styles, out)?;
    }
    Ok(())
}

/// Where the lines of a hunk come from that these environments have. What stands behind the head of a hunk is passed over by what applies it.
fn origins(view: &TextView, file: &FileView, environments: &[usize], hunk: &[Change]) -> String {
    let touches =
        |region: &FileRegion, old: &Range<usize>| old.start <= region.base.end && region.base.start <= old.end;
    let is_theirs = |region: &FileRegion| region.class.groups().concat().iter().any(|at| environments.contains(at));
    let regions = file.changed().filter(|region| is_theirs(region) && hunk.iter().any(|(old, _)| touches(region, old)));
    let mut words: Vec<String> = Vec::new();
    for region in regions {
        let origins = view.origins(region);
        let is_uncommitted = environments.iter().any(|&at| file.is_uncommitted(region, at));
        let uncommitted = (origins.lines.is_empty() && is_uncommitted).then(|| "uncommitted".to_owned());
        for origin in uncommitted.into_iter().chain(origins.lines).chain(origins.units) {
            if !words.contains(&origin) {
                words.push(origin);
            }
        }
    }
    words.join(", ")
}

fn why_not_applicable(old: &Redacted, new: &Redacted) -> Option<String> {
    let encoded = |document: &Redacted| {
        matches!(document.encoding(), Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Windows1252)
    };
    if let Some(document) = [old, new].into_iter().find(|document| encoded(document)) {
        return Some(format!("a side is {}", document.encoding().name()));
    }
    if old.hides() || new.hides() {
        return Some("secrets are masked".to_owned());
    }
    let has_escapes =
        [old, new].iter().any(|document| (0..document.line_count()).any(|line| Exact::new(document, line).is_escaped));
    has_escapes.then(|| "characters are escaped that could drive the terminal".to_owned())
}

fn write_diff(
    file: &FileView,
    old: Option<&Redacted>,
    new: Option<&Redacted>,
    origins: &dyn Fn(&[Change]) -> String,
    styles: Styles,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = |side: &str| quoted(&[side.as_bytes(), b"/", file.path.as_bytes()].concat());
    let head = |line: String| styles.paint(Look::Heading, line).to_string();
    writeln!(out, "{}", head(format!("diff --git {} {}", path("a"), path("b"))))?;
    if old.is_none() {
        writeln!(out, "new file mode 100644")?;
    }
    if new.is_none() {
        writeln!(out, "deleted file mode 100644")?;
    }
    let old_lines: Vec<&[u8]> = old.map(|document| document.exact().lines().collect()).unwrap_or_default();
    let new_lines: Vec<&[u8]> = new.map(|document| document.exact().lines().collect()).unwrap_or_default();
    let changes = changes(&old_lines, &new_lines);
    if changes.is_empty() {
        return Ok(());
    }
    let end = if file.path.as_bytes().contains(&b' ') { "\t" } else { "" };
    let name = |document: Option<&Redacted>, side| {
        document.map_or_else(|| "/dev/null".to_owned(), |_| format!("{}{end}", path(side)))
    };
    writeln!(out, "{}", head(format!("--- {}", name(old, "a"))))?;
    writeln!(out, "{}", head(format!("+++ {}", name(new, "b"))))?;
    for hunk in hunks(&changes) {
        write_hunk(old, new, &old_lines, (hunk, &origins(hunk)), styles, out)?;
    }
    Ok(())
}

pub(in crate::report) type Change = (Range<usize>, Range<usize>);

/// Changes whose context would touch belong together.
pub(in crate::report) fn hunks(changes: &[Change]) -> impl Iterator<Item = &[Change]> {
    changes.chunk_by(|(one, _), (next, _)| next.start - one.end <= 2 * CONTEXT)
}

pub(in crate::report) fn write_hunk(
    old: Option<&Redacted>,
    new: Option<&Redacted>,
    old_lines: &[&[u8]],
    (hunk, remark): (&[Change], &str),
    styles: Styles,
    out: &mut dyn Write,
) -> io::Result<()> {
    let [(first_old, first_new), ..] = hunk else { return Ok(()) };
    let Some((last_old, last_new)) = hunk.last() else { return Ok(()) };
    let before = first_old.start.min(CONTEXT);
    let after = (old_lines.len() - last_old.end).min(CONTEXT);
    let start = first_old.start - before;
    let range = |from: usize, to: usize| match to - from {
        // Where there are no lines, the line before is named.
        0 => format!("{from},0"),
        1 => (from + 1).to_string(),
        count => format!("{},{count}", from + 1),
    };
    let old_range = range(start, last_old.end + after);
    let new_range = range(first_new.start - before, last_new.end + after);
    let section = old.and_then(|document| section(document, start, usize::MAX)).map(|name| format!(" {name}"));
    let remark = if remark.is_empty() { String::new() } else { format!("  {remark}") };
    let head = format!("@@ -{old_range} +{new_range} @@{}{remark}", section.unwrap_or_default());
    writeln!(out, "{}", styles.paint(Look::Dim, head))?;

    let mut done = start;
    for (from, to) in hunk {
        for line in done..from.start {
            write_line(old, ' ', line, None, styles, out)?;
        }
        for line in from.clone() {
            write_line(old, '-', line, Some(Look::Removed), styles, out)?;
        }
        for line in to.clone() {
            write_line(new, '+', line, Some(Look::Added), styles, out)?;
        }
        done = from.end;
    }
    for line in done..last_old.end + after {
        write_line(old, ' ', line, None, styles, out)?;
    }
    Ok(())
}

fn write_line(
    document: Option<&Redacted>,
    sign: char,
    line: usize,
    look: Option<Look>,
    styles: Styles,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(document) = document else { return Ok(()) };
    let exact = Exact::new(document, line);
    let text = format!("{sign}{}", exact.text);
    match look {
        Some(look) => write!(out, "{}", styles.paint(look, text))?,
        None => write!(out, "{text}")?,
    }
    // A CR directly before the end of a line moves nothing, and the diff needs it.
    writeln!(out, "{}", if document.is_crlf(line) { "\r" } else { "" })?;
    if !document.is_terminated(line) {
        writeln!(out, "\\ No newline at end of file")?;
    }
    Ok(())
}

/// A line as exactly as a terminal may be given it: tabs stay.
struct Exact {
    text: String,
    is_escaped: bool,
}

impl Exact {
    fn new(document: &Redacted, line: usize) -> Self {
        let bytes = document.text(line);
        let parts: Vec<_> = bytes.split(|&byte| byte == b'\t').map(escape::text).collect();
        let mark = if line == 0 && document.encoding() == Encoding::Utf8Bom { "\\u{feff}" } else { "" };
        let text = format!("{mark}{}", parts.join("\t"));
        let is_escaped = text.as_bytes() != &*bytes;
        Self { text, is_escaped }
    }
}

fn octal(digit: u8) -> char {
    char::from(b'0' + digit)
}

/// A path as git writes it into diffs: in quotes and with octal escapes when a byte of it is not plain.
pub(in crate::report) fn quoted(path: &[u8]) -> String {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
    if path.iter().all(|&byte| is_plain(byte)) {
        return String::from_utf8_lossy(path).into_owned();
    }
    let mut text = String::from("\"");
    for &byte in path {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            byte if is_plain(byte) => text.push(char::from(byte)),
            byte => text.extend(['\\', octal(byte >> 6), octal(byte >> 3 & 7), octal(byte & 7)]),
        }
    }
    text.push('"');
    text
}
