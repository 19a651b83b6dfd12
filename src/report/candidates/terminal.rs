//! The listing for a person at a terminal: a table for each pair, what is there already in a line, the next command last.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{CandidatesReport, ConflictReport, PairReport, TargetReport, UnitReport};
use crate::insight::candidates::Reason;
use crate::report::escape;
use crate::report::layout::{counted, fit, fit_path, pad, width};
use crate::report::style::{Look, Styles};

/// So many units of a pair are listed unasked.
const LISTED: usize = 12;
/// So many units that are there are named.
const NAMED: usize = 4;
/// From which columns width is taken where there is too little, in this order, and what is left to them at least.
const NARROWER: [(usize, usize); 11] =
    [(4, 24), (1, 36), (2, 24), (5, 24), (4, 17), (1, 24), (2, 18), (5, 14), (1, 16), (4, 12), (1, 12)];

/// Writes the listing. Pairs without a unit are left out.
pub fn write(
    report: &CandidatesReport,
    all: bool,
    columns: usize,
    styles: Styles,
    out: &mut dyn Write,
) -> io::Result<()> {
    let sheet = Sheet { report, all, columns, styles };
    let mut is_first = true;
    for pair in &report.pairs {
        let open = pair.absent + pair.partly + pair.unproven;
        if open == 0 && !(all && pair.present + pair.bookkeeping > 0) && report.pairs.len() > 1 {
            continue;
        }
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        sheet.pair(pair, out)?;
    }
    if is_first {
        let words = if report.pairs.is_empty() {
            "nothing can be said: of two environments at least one could not be read"
        } else if report.failures.is_empty() {
            "no environment has a change that another one lacks"
        } else {
            "no change was found that another environment lacks, as far as it could be judged"
        };
        writeln!(out, "{words}")?;
    }
    if report.sensitive > 0 {
        let files = counted(report.sensitive, "changed file holds", "changed files hold");
        writeln!(out, "{}", styles.paint(Look::Dim, format!("left out: {files} secrets")))?;
    }
    let says_two_way = |target: &TargetReport| target.summary == Reason::TwoWay.words();
    if report.pairs.len() > 1 && report.units.iter().flat_map(|unit| &unit.targets).any(says_two_way) {
        let words = "What may be newer on either side is listed once: --from and --to turn it around.";
        writeln!(out, "{}", styles.paint(Look::Dim, fit(words, columns)))?;
    }
    for words in &report.failures {
        let words = escape::text(words.as_bytes());
        writeln!(out, "{} {words}", styles.paint(Look::Alarm, "not judged:"))?;
    }
    for words in &report.unread {
        let words = escape::text(words.as_bytes());
        writeln!(out, "{}", styles.paint(Look::Unreadable, fit(&words, columns)))?;
    }
    if !report.next.is_empty() {
        writeln!(out)?;
    }
    for (at, command) in report.next.iter().enumerate() {
        let lead = if at == 0 { "next: " } else { "      " };
        writeln!(out, "{lead}{}", styles.paint(Look::Command, command))?;
    }
    Ok(())
}

struct Sheet<'a> {
    report: &'a CandidatesReport,
    all: bool,
    columns: usize,
    styles: Styles,
}

struct Line {
    cells: [String; 6],
    look: Look,
}

impl Sheet<'_> {
    fn pair(&self, pair: &PairReport, out: &mut dyn Write) -> io::Result<()> {
        let head = format!("{} -> {}", pair.from, pair.to);
        let counts =
            [(pair.absent, "absent"), (pair.partly, "partly"), (pair.unproven, "unproven"), (pair.present, "present")];
        let total: u64 = counts.iter().map(|(count, _)| count).sum();
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let mut words = counted(total, "unit", "units");
        if !parts.is_empty() {
            words = format!("{words}: {}", parts.join(", "));
        }
        if pair.bookkeeping > 0 {
            words.push_str(&format!("     bookkeeping folded: {} (--all)", pair.bookkeeping));
        }
        writeln!(out, "{}     {words}", self.styles.paint(Look::Heading, head))?;
        let units: Vec<(&UnitReport, &TargetReport)> = self
            .report
            .units
            .iter()
            .filter(|unit| unit.from == pair.from)
            .filter_map(|unit| Some((unit, unit.targets.iter().find(|target| target.env == pair.to)?)))
            .collect();
        let is_listed = |(unit, target): &&(&UnitReport, &TargetReport)| {
            self.all || (target.verdict != "present" && !unit.bookkeeping)
        };
        let listed: Vec<_> = units.iter().filter(is_listed).collect();
        let most = if self.all { listed.len() } else { LISTED };
        let lines: Vec<Line> = listed.iter().take(most).map(|(unit, target)| self.line(unit, target)).collect();
        self.table(&lines, out)?;
        if listed.len() > most {
            let more = format!("  and {} more (--all)", listed.len() - most);
            writeln!(out, "{}", self.styles.paint(Look::Dim, more))?;
        }
        if !self.all && pair.present > 0 {
            let named: Vec<String> = units
                .iter()
                .filter(|(unit, target)| target.verdict == "present" && !unit.bookkeeping)
                .take(NAMED)
                .map(|(unit, target)| format!("{} ({})", unit.short, target.summary))
                .collect();
            let words = if named.is_empty() {
                format!("  present: {} (--all)", pair.present)
            } else {
                let more = pair.present.saturating_sub(named.len() as u64);
                let more = if more > 0 { format!(" and {more} more (--all)") } else { String::new() };
                format!("  present: {}{more}", named.join(", "))
            };
            writeln!(out, "{}", self.styles.paint(Look::Dim, fit(&words, self.columns)))?;
        }
        Ok(())
    }

    fn line(&self, unit: &UnitReport, target: &TargetReport) -> Line {
        let mut place = match &unit.files[..] {
            [file] => {
                fit_path(&escape::name(file.path.bytes.rsplit(|&byte| byte == b'/').next().unwrap_or_default()), 24)
                    .into_owned()
            }
            files => counted(files.len() as u64, "file", "files"),
        };
        if let (Some(added), Some(removed)) = (unit.added, unit.removed) {
            place.push_str(&format!(" +{added} -{removed}"));
        }
        let applies = self.applies(target, unit.files.len() == 1);
        let look = match &*target.verdict {
            "present" => Look::Good,
            "absent" if target.applies.as_deref() == Some("conflict") => Look::Warning,
            "absent" => Look::Heading,
            _ => Look::Plain,
        };
        let title = escape::text(unit.title.as_bytes()).into_owned();
        let cells = [unit.short.clone(), title, place, target.verdict.to_string(), target.summary.clone(), applies];
        Line { cells, look }
    }

    fn applies(&self, target: &TargetReport, is_one_file: bool) -> String {
        let needs: Vec<&str> = target
            .needs
            .iter()
            .filter_map(|id| self.report.units.iter().find(|unit| unit.id == *id))
            .map(|unit| unit.short.as_str())
            .collect();
        if !needs.is_empty() {
            return format!("needs {} first", needs.join(" "));
        }
        match (target.applies.as_deref(), &target.conflicts[..]) {
            (Some("conflict"), [ConflictReport { line: Some(line), .. }]) if is_one_file => {
                format!("conflict in line {line}")
            }
            (Some("conflict"), [only]) => {
                let name = only.path.bytes.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
                let line = only.line.map(|line| format!(":{line}")).unwrap_or_default();
                format!("conflict {}{line}", escape::name(name))
            }
            (Some("conflict"), all) => format!("conflict in {} places", all.len()),
            (Some("offset"), _) => format!("offset {}", target.offset.unwrap_or(0)),
            (Some("not-tried"), _) => "not tried".to_owned(),
            (Some(word), _) => word.to_owned(),
            (None, _) => String::new(),
        }
    }

    fn table(&self, lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
        const HEAD: [&str; 6] = ["id", "what", "where", "verdict", "evidence", "applies"];
        if lines.is_empty() {
            return Ok(());
        }
        let mut widths: [usize; 6] = std::array::from_fn(|at| {
            lines.iter().map(|line| width(&line.cells[at])).chain([width(HEAD[at])]).max().unwrap_or(0)
        });
        for (at, narrowest) in NARROWER {
            let total: usize = widths.iter().sum::<usize>() + 2 * widths.len();
            let over = total.saturating_sub(self.columns);
            widths[at] = widths[at].saturating_sub(over).max(narrowest.min(widths[at]));
        }
        let row = |cells: [&str; 6]| {
            let cells: Vec<String> = (0..6).map(|at| pad(&fit_cell(cells[at], widths[at], at), widths[at])).collect();
            format!("  {}", cells.join("  ").trim_end())
        };
        writeln!(out, "{}", self.styles.paint(Look::Dim, row(HEAD)))?;
        for line in lines {
            let cells: [&str; 6] = std::array::from_fn(|at| line.cells[at].as_str());
            writeln!(out, "{}", self.styles.paint(line.look, row(cells)))?;
        }
        Ok(())
    }
}

/// The text of a column within so many columns. Where a file stands before numbers, the numbers stay whole.
fn fit_cell(text: &str, columns: usize, column: usize) -> Cow<'_, str> {
    let numbers = match column {
        2 => text.rfind(" +").map(|at| &text[at..]),
        5 => text.rfind(':').map(|at| &text[at..]),
        _ => None,
    };
    match numbers {
        Some(numbers) if width(text) > columns && width(numbers) + 6 < columns => {
            let name = &text[..text.len() - numbers.len()];
            Cow::Owned(format!("{}{numbers}", fit(name, columns - width(numbers))))
        }
        _ => fit(text, columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_whole_where_a_name_is_cut() {
        assert_eq!(fit_cell("HomeController.py +14 -1", 18, 2), "HomeContro… +14 -1");
        assert_eq!(fit_cell("conflict MemberController.py:122", 22, 5), "conflict MemberCo…:122");
        assert_eq!(fit_cell("conflict in 3 places", 14, 5), "conflict in 3…");
        assert_eq!(fit_cell("a.py +1 -1", 18, 2), "a.py +1 -1");
    }
}
