//! Region by region: where texts differ from the base, and who differs.

use std::io::{self, Write};
use std::ops::Range;

use crate::compare::text::{inline, replacements::changes};
use crate::report::escape;
use crate::report::layout::{fit, fit_path, pad, width};
use crate::report::style::Look;
use crate::report::text_view::lines::{Line, indentation_of, section};
use crate::report::text_view::origins::Origins;
use crate::report::text_view::{FileRegion, FileView, Screen, TextView};

/// How many lines of the base stand before and after a region.
pub(super) const CONTEXT: usize = 3;
/// So many rows of a terminal one line of text may take.
pub(super) const ROWS: usize = 5;

/// Writes each file: who has what, the base, then each region with line numbers of the base and of who differs; a summary and the
/// next command at the end.
pub fn write_regions(view: &TextView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for (at, file) in view.files.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write_head(view, file, screen, out)?;
        write_file(view, file, screen, out)?;
    }
    write_foot(view, screen, out)
}

/// The path, the letters of all environments, the base, and what else is to be said.
pub(super) fn write_head(view: &TextView, file: &FileView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let letters: Vec<(usize, String, Look)> = file
        .pattern
        .as_str()
        .chars()
        .enumerate()
        .map(|(environment, letter)| {
            let look = match letter {
                '-' => Look::Absent,
                '!' => Look::Unreadable,
                letter => Look::Variant(letter.to_ascii_uppercase() as u8 - b'A'),
            };
            let letter = if letter == '-' { '.' } else { letter };
            (environment, format!("{} {letter}", view.label(environment)), look)
        })
        .collect();
    let letters_width = letters.iter().map(|(_, text, _)| width(text) + 3).sum::<usize>().saturating_sub(3);
    let base = view.base(file).map(|words| format!("base: {words}"));
    let name = escape::name(file.path.as_bytes());
    let beside = width(&name) + 2 + letters_width <= screen.columns;
    let name = fit_path(&name, screen.columns);
    write!(out, "{}", screen.styles.paint(Look::Heading, &name))?;
    let mut used = width(&name);
    let mut row = String::new();
    let mut row_width = 0;
    for (environment, text, look) in &letters {
        if *environment > 0 {
            row.push_str("   ");
            row_width += 3;
            if !beside && row_width + width(text) + 2 > screen.columns {
                write!(out, "\n  {}", row.trim_end())?;
                (row, row_width) = (String::new(), 0);
            }
        }
        let (label, letter) = text.rsplit_once(' ').unwrap_or(("", text));
        row = format!("{row}{label} {}", screen.styles.paint(*look, letter));
        row_width += width(text);
    }
    if beside {
        write!(out, "  {row}")?;
        used += 2 + row_width;
    } else {
        write!(out, "\n  {row}")?;
        used = 2 + row_width;
    }
    if let Some(base) = base {
        if used + 6 + width(&base) <= screen.columns {
            write!(out, "{}{base}", " ".repeat(screen.columns - used - width(&base)))?;
        } else {
            for row in wrapped(&base, screen.columns.saturating_sub(2)) {
                write!(out, "\n  {row}")?;
            }
        }
    }
    writeln!(out)?;
    for remark in view.remarks(file) {
        for row in wrapped(&remark, screen.columns.saturating_sub(2)) {
            writeln!(out, "  {row}")?;
        }
    }
    Ok(())
}

/// The number of regions of each kind, and what to type next.
pub(super) fn write_foot(view: &TextView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    if let Some(summary) = view.summary(&view.files) {
        writeln!(out)?;
        for row in wrapped(&summary, screen.columns) {
            writeln!(out, "{row}")?;
        }
    }
    if !view.next.is_empty() {
        let next: Vec<String> =
            view.next.iter().map(|command| screen.styles.paint(Look::Command, command).to_string()).collect();
        writeln!(out, "next: {}", next.join("      "))?;
    }
    Ok(())
}

/// `  @@ 41  create_user                         only debug, uncommitted`; where it comes from stands behind that, or below it.
pub(super) fn write_region_head(
    view: &TextView,
    file: &FileView,
    region: &FileRegion,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = format!("  @@ {}", region.base.start + 1);
    let owners = view.owners(file, region);
    let look = if region.class.groups().len() > 1 { Look::Conflict } else { Look::Warning };
    let section = section_of(file, region).unwrap_or_default();
    let Origins { lines: mut below, is_one, units } = view.origins(region);
    let mut owners = [owners].into_iter().chain(units).filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
    if let [only] = &below[..]
        && is_one
    {
        // One line if there is room for all of it.
        let joined = if owners.is_empty() { only.clone() } else { format!("{owners}: {only}") };
        if width(&place) + 2 + width(&section) + 2 + width(&joined) <= screen.columns {
            (owners, below) = (joined, Vec::new());
        }
    }
    let room = screen.columns.saturating_sub(width(&place) + 4);
    let owners = fit(&owners, room);
    let section = fit(&section, room.saturating_sub(width(&owners)));
    let left = if section.is_empty() { place } else { format!("{place}  {section}") };
    let left = pad(&left, screen.columns.saturating_sub(width(&owners)).max(width(&left) + 2));
    writeln!(out, "{}{}", screen.styles.paint(Look::Heading, left), screen.styles.paint(look, owners))?;
    for words in below {
        let words = fit(&words, screen.columns.saturating_sub(5)).into_owned();
        let blank = " ".repeat(screen.columns.saturating_sub(width(&words)).max(5));
        writeln!(out, "{blank}{}", screen.styles.paint(Look::Dim, words))?;
    }
    Ok(())
}

fn section_of(file: &FileView, region: &FileRegion) -> Option<String> {
    let base = &file.base.as_ref()?.document;
    let text = file.text_of(*region.class.groups().first()?.first()?)?;
    let added = region.texts[text].clone();
    let document = &file.texts[text].document;
    let of_base = region.base.clone().map(|line| base.text(line));
    let mut lines = added.map(|line| document.text(line)).chain(of_base);
    let indentation = lines.find_map(|line| {
        let line = String::from_utf8_lossy(&line).into_owned();
        (!line.trim().is_empty()).then(|| indentation_of(&line))
    });
    section(base, region.base.start, indentation.unwrap_or(0))
}

fn write_file(view: &TextView, file: &FileView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let Some(base) = &file.base else { return Ok(()) };
    let longest = file.texts.iter().map(|text| text.document.line_count()).max().unwrap_or(0);
    let digits = longest.max(base.document.line_count()).max(1).to_string().len().max(4);
    let paper = Paper { file, digits, screen };
    let mut shown = 0;
    for (at, region) in file.regions.iter().enumerate().filter(|(_, region)| region.class.is_changed()) {
        writeln!(out)?;
        write_region_head(view, file, region, screen, out)?;
        let groups = region.class.groups();
        let Some(first) = groups.first().and_then(|group| file.text_of(*group.first()?)) else { continue };
        for line in region.base.start.saturating_sub(CONTEXT).max(shown)..region.base.start {
            let side = region.texts[first].start - (region.base.start - line);
            paper.write(Sign::Kept, Some(line), Some((first, side)), &[], out)?;
        }
        for group in &groups {
            let Some(text) = group.first().and_then(|environment| file.text_of(*environment)) else { continue };
            if groups.len() > 1 {
                let who = format!("  {}:", view.names(group));
                writeln!(out, "{}", screen.styles.paint(Look::Heading, fit(&who, screen.columns)))?;
            }
            for row in rows(file, region, text) {
                paper.write(row.sign, row.base, row.text.map(|line| (text, line)), &row.marks, out)?;
            }
        }
        let kept = file.regions.get(at + 1).map_or(0, |next| next.base.len()).min(CONTEXT);
        for line in region.base.end..region.base.end + kept {
            let side = region.texts[first].end + (line - region.base.end);
            paper.write(Sign::Kept, Some(line), Some((first, side)), &[], out)?;
        }
        shown = region.base.end + kept;
    }
    Ok(())
}

/// What a line is to the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Kept,
    Removed,
    Added,
}

/// One line of the way from the base to a text.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) sign: Sign,
    pub(super) base: Option<usize>,
    pub(super) text: Option<usize>,
    pub(super) marks: Vec<Range<usize>>,
}

/// The way from the base to a text inside a region: what goes, then what comes, then what both have.
pub(super) fn rows(file: &FileView, region: &FileRegion, text: usize) -> Vec<Row> {
    let Some(base) = &file.base else { return Vec::new() };
    let (base, document) = (&base.document, &file.texts[text].document);
    let (old, new) = (region.base.clone(), region.texts[text].clone());
    let old_keys: Vec<_> = old.clone().map(|line| file.comparing.key(base.exact(), line)).collect();
    let new_keys: Vec<_> = new.clone().map(|line| file.comparing.key(document.exact(), line)).collect();
    let mut rows = Vec::new();
    let (mut old_done, mut new_done) = (old.start, new.start);
    let mut kept = |rows: &mut Vec<Row>, until: usize, after: (usize, usize)| {
        while old_done < until {
            rows.push(Row { sign: Sign::Kept, base: Some(old_done), text: Some(new_done), marks: Vec::new() });
            old_done += 1;
            new_done += 1;
        }
        (old_done, new_done) = after;
    };
    for (from, to) in changes(&old_keys, &new_keys) {
        let from = old.start + from.start..old.start + from.end;
        let to = new.start + to.start..new.start + to.end;
        kept(&mut rows, from.start, (from.end, to.end));
        let removed: Vec<_> = from.clone().map(|line| base.text(line)).collect();
        let added: Vec<_> = to.clone().map(|line| document.text(line)).collect();
        let removed: Vec<&[u8]> = removed.iter().map(AsRef::as_ref).collect();
        let added: Vec<&[u8]> = added.iter().map(AsRef::as_ref).collect();
        let marks = inline::marks(&removed, &added);
        let row = |sign, base, text, marks| Row { sign, base, text, marks };
        let old = from.zip(marks.old).map(|(line, marks)| (line, base.widen(line, &marks)));
        let new = to.zip(marks.new).map(|(line, marks)| (line, document.widen(line, &marks)));
        rows.extend(old.map(|(line, marks)| row(Sign::Removed, Some(line), None, marks)));
        rows.extend(new.map(|(line, marks)| row(Sign::Added, None, Some(line), marks)));
    }
    kept(&mut rows, old.end, (old.end, new.end));
    rows
}

/// Where lines of a file are written.
struct Paper<'a> {
    file: &'a FileView,
    digits: usize,
    screen: Screen,
}

impl Paper<'_> {
    fn write(
        &self,
        sign: Sign,
        base: Option<usize>,
        text: Option<(usize, usize)>,
        marks: &[Range<usize>],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Some(base_text) = &self.file.base else { return Ok(()) };
        let (document, line) = match (base, text) {
            (_, Some((text, line))) => (&self.file.texts[text].document, line),
            (Some(line), None) => (&base_text.document, line),
            (None, None) => return Ok(()),
        };
        let styles = self.screen.styles;
        let (mark, look) = match sign {
            Sign::Kept => ('|', None),
            Sign::Removed => ('-', Some(Look::Removed)),
            Sign::Added => ('+', Some(Look::Added)),
        };
        let number = |line: Option<usize>| line.map(|line| (line + 1).to_string()).unwrap_or_default();
        let digits = self.digits;
        let gutter = format!("  {:>digits$} {:>digits$}  ", number(base), number(text.map(|(_, line)| line)));
        let blank = " ".repeat(width(&gutter));
        let room = self.screen.columns.saturating_sub(width(&gutter) + 2);
        let most = if sign == Sign::Kept { 1 } else { ROWS };
        let rows = Line::new(document, line, marks).rows(room, most);
        for (at, row) in rows.iter().enumerate() {
            let (gutter, mark) = if at == 0 { (&gutter, mark) } else { (&blank, ' ') };
            let text = row.paint(styles, look);
            let mark = match look {
                Some(look) => styles.paint(look, mark).to_string(),
                None => mark.to_string(),
            };
            let row_text = format!("{}{mark} {text}", styles.paint(Look::Dim, gutter));
            writeln!(out, "{}", row_text.trim_end())?;
            // What colour would show is shown by `^` where there is none.
            if let Some(carets) = row.carets().filter(|_| !styles.is_coloured()) {
                writeln!(out, "{blank}  {carets}")?;
            }
        }
        if !document.is_terminated(line) && document.lacks_final_newline() && sign != Sign::Kept {
            writeln!(out, "{blank}{}", styles.paint(Look::Dim, "\\ no newline at the end of the file"))?;
        }
        Ok(())
    }
}

/// A sentence in rows of so many columns, broken at blanks.
pub(super) fn wrapped(words: &str, columns: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match rows.last_mut() {
            Some(row) if width(row) + 1 + width(word) <= columns => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(fit(word, columns).into_owned()),
        }
    }
    rows
}
