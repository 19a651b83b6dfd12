//! The status for a person at a terminal: the answer first, then what to look at, then where, and the next command last.

pub(in crate::report) mod table;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::candidates::first;
use crate::report::escape;
use crate::report::layout::{count, counted, fit, fit_path, pad, pad_start, width};
use crate::report::maps;
use crate::report::model::{FindingReport, FolderReport, StatusReport};
use crate::report::style::{Look, Styles};

/// No status is longer than a screen.
const LINES: usize = 40;
/// More findings of one rule are not a first look.
const FINDINGS_OF_A_RULE: usize = 3;
/// Environments for which maps are proposed on the first screen.
const MAPS: usize = 2;
/// Beyond this the end of a line is too far from its beginning.
const WIDEST_LINE: usize = 130;
/// Writes the status, within a screen of 40 lines.
pub fn status(report: &StatusReport, columns: usize, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let sheet = Sheet { report, columns, styles };
    let mut lines = sheet.headline();
    lines.push(String::new());
    let foot = sheet.foot();
    lines.extend(sheet.environments(LINES / 2 - foot.len()));
    let left = |lines: &Vec<String>| LINES.saturating_sub(lines.len() + foot.len() + 2);
    // Half of what is left stays for what is looked at first and where the drift is.
    let fixes = first::lines(report, columns, styles, left(&lines) / 2);
    lines.extend(fixes);
    let findings = sheet.findings(left(&lines) / 2);
    lines.extend(findings);
    let folders = sheet.folders(left(&lines));
    lines.extend(folders);
    lines.push(String::new());
    lines.extend(foot);
    lines.iter().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

struct Sheet<'a> {
    report: &'a StatusReport,
    columns: usize,
    styles: Styles,
}

impl Sheet<'_> {
    /// The sums, in as many lines as they need.
    fn headline(&self) -> Vec<String> {
        let report = self.report;
        let project = report.project.as_deref().unwrap_or("driftline");
        let mut parts = vec![
            counted(report.environments.len() as u64, "environment", "environments"),
            counted(report.paths, "path", "paths"),
            format!("{} in sync", count(report.in_sync)),
        ];
        if report.quiet > 0 {
            parts.push(format!("{} quiet", count(report.quiet)));
        }
        let name = fit(&escape::name(project.as_bytes()), 24).into_owned();
        let mut lines = vec![self.styles.paint(Look::Heading, &name).to_string()];
        let mut used = width(&name);
        for part in parts {
            if used + 3 + width(&part) > self.columns {
                lines.push(String::new());
                used = 0;
            }
            used += 3 + width(&part);
            lines.last_mut().expect("there is a first line").push_str(&format!("   {part}"));
        }
        lines
    }

    /// What needs a person, at most so many lines with the heading; of no rule more than a few. Drift of contents is shown below as
    /// folders, so only that of paths in focus is repeated here.
    fn findings(&self, most: usize) -> Vec<String> {
        let notable = self.report.findings.iter().filter(|finding| is_notable(finding));
        let (drifting, mut all): (Vec<&FindingReport>, Vec<_>) = notable.partition(|finding| is_drift(finding));
        all.sort_by_key(|finding| rank(finding.severity));
        // Where folders have two names, everything in them seems to differ: that explains the rest.
        let mut shown = self.maps();
        let mut focus = self.focus(&drifting);
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        let mut left: BTreeMap<&str, u64> = BTreeMap::new();
        for finding in &all {
            if rank(finding.severity) > rank("warning") {
                shown.extend(focus.take());
            }
            let of_rule = taken.entry(finding.code).or_default();
            if *of_rule < FINDINGS_OF_A_RULE && shown.len() + 5 < most {
                *of_rule += 1;
                shown.push(self.finding(finding));
            } else {
                *left.entry(finding.code).or_default() += 1;
            }
        }
        shown.extend(focus);
        if shown.is_empty() {
            return shown;
        }
        let mut lines = vec![String::new(), self.styles.paint(Look::Heading, "Look at first").to_string()];
        lines.extend(shown);
        if !left.is_empty() {
            let more: Vec<String> = left.iter().map(|(code, more)| format!("{} {code}", count(*more))).collect();
            let words = format!("  and {}", more.join(", "));
            lines.push(self.styles.paint(Look::Dim, fit(&words, self.columns)).to_string());
        }
        lines
    }

    fn finding(&self, finding: &FindingReport) -> String {
        self.line(finding.severity, &finding.subject, &finding.message, finding.code)
    }

    /// Focus files that drift, in one line however many there are.
    fn focus(&self, drifting: &[&FindingReport]) -> Option<String> {
        let [first, _, ..] = drifting else { return drifting.first().map(|one| self.finding(one)) };
        let name = |finding: &&&FindingReport| {
            let path = finding.subject.trim_end_matches('/');
            path.rsplit('/').next().unwrap_or(path).to_owned()
        };
        let names: Vec<String> = drifting.iter().map(|finding| name(&finding)).collect();
        let subject = format!("{} paths in focus differ", drifting.len());
        Some(self.line(first.severity, &subject, &names.join(" "), "focus"))
    }

    /// Folders that look like one under two names, in one line for each environment.
    fn maps(&self) -> Vec<String> {
        let proposals = &self.report.map_proposals;
        let mut lines = Vec::new();
        for of_one in proposals.chunk_by(|a, b| a.environment == b.environment).take(MAPS) {
            let Some(largest) = of_one.iter().max_by_key(|proposal| (proposal.equal + proposal.quiet, proposal.files))
            else {
                continue;
            };
            let (subject, words) = maps::words(largest);
            let more =
                if of_one.len() > 1 { format!("; {} more", count(of_one.len() as u64 - 1)) } else { String::new() };
            lines.push(self.line("notice", &subject, &format!("{words}{more}"), "map proposal"));
        }
        lines
    }

    /// One line: how bad it is, what it is about, what there is to say, and the rule that says it.
    fn line(&self, severity: &str, subject: &str, words: &str, code: &str) -> String {
        let (mark, look) = match severity {
            "critical" => ("!!", Look::Alarm),
            "warning" => ("! ", Look::Warning),
            _ => ("- ", Look::Dim),
        };
        let room = self.columns.min(WIDEST_LINE).saturating_sub(2 + 2 + 1 + 2 + code.len());
        let words = escape::text(words.as_bytes());
        let subject = escape::text(subject.as_bytes());
        let last = subject.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let minimum = (width(last) + 3).min(room * 3 / 5);
        let for_subject = room.saturating_sub(width(&words) + 2).max(minimum);
        let subject = fit_path(&subject, for_subject);
        let text = format!("{subject}  {words}");
        let code = self.styles.paint(Look::Dim, code);
        format!("  {} {}  {code}", self.styles.paint(look, mark), pad(&fit(&text, room), room))
    }

    /// Where the drift is, at most so many lines with the heading.
    fn folders(&self, most: usize) -> Vec<String> {
        let all = &self.report.drift;
        if all.is_empty() || most < 4 {
            return Vec::new();
        }
        let shown = &all[..all.len().min(most - 3)];
        let mut above: Vec<&[u8]> = Vec::new();
        let names: Vec<String> = shown.iter().map(|folder| indented(folder, &mut above)).collect();
        let room = self.columns.saturating_sub(self.letters_width() + 16).clamp(18, 48);
        let name = names.iter().map(|name| width(name)).max().unwrap_or(0).clamp(18, room);
        let labels = self.report.environments.iter().map(|environment| environment.label.as_str());
        let cell = self.cell_width();
        let head: String = match cell {
            0 => String::new(),
            1 => "environments in order".to_owned(),
            _ => labels.map(|label| pad(label, cell)).collect(),
        };
        let heading = self.styles.paint(Look::Heading, pad("Where the drift is", name));
        let mut lines = vec![String::new(), format!("{heading}  {head}")];
        let digits = shown.iter().map(|folder| count(folder.paths).len()).max().unwrap_or(1);
        for (folder, indented) in shown.iter().zip(&names) {
            let shown = folder.pattern.chars().take(if cell == 0 { 0 } else { usize::MAX });
            let letters: String = shown.map(|letter| self.letter(letter, cell)).collect();
            let used = name + 2 + self.letters_width();
            let about = fit(&about(folder, digits), self.columns.saturating_sub(used + 2)).into_owned();
            lines.push(format!("{}  {letters}  {about}", pad(&fit_path(indented, name), name)));
        }
        if shown.len() < all.len() {
            let more = format!("  and {} more folders; all of them: --format json", all.len() - shown.len());
            lines.push(self.styles.paint(Look::Dim, fit(&more, self.columns)).to_string());
        }
        lines
    }

    /// How wide the letter of an environment is with what sets it apart: below its label; else 1, without labels; else 0, when
    /// there are so many that nothing else could be read.
    fn cell_width(&self) -> usize {
        let environments = &self.report.environments;
        let labelled = environments.iter().map(|environment| width(&environment.label)).max().unwrap_or(1) + 1;
        let half = self.columns / 2;
        [labelled, 1].into_iter().find(|cell| cell * environments.len() <= half.max(20)).unwrap_or(0)
    }

    fn letters_width(&self) -> usize {
        self.cell_width() * self.report.environments.len()
    }

    fn letter(&self, letter: char, cell: usize) -> String {
        let (shown, look) = match letter {
            '-' => ('.', Look::Absent),
            '!' => ('!', Look::Unreadable),
            'A'..='Z' => (letter, Look::Variant(letter as u8 - b'A')),
            _ => (letter, Look::Variant(letter as u8 - b'a' + 26)),
        };
        format!("{}{}", self.styles.paint(look, shown), " ".repeat(cell - 1))
    }

    /// What could not be read, what is worth saying about the reading, and what to type next.
    fn foot(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for environment in self.report.environments.iter().filter(|environment| !environment.complete) {
            let of_it = |incident: &&_| is_gap(incident, &environment.name);
            let gaps: Vec<_> = self.report.incidents.iter().filter(of_it).collect();
            let Some(first) = gaps.first() else { continue };
            let why = escape::text(first.message.as_bytes()).into_owned();
            let head = if first.path.is_some() { "not read in full" } else { "not read" };
            let more = if gaps.len() > 1 { format!(", and {} more", gaps.len() - 1) } else { String::new() };
            let words = format!("{head}: {}: {why}{more}", environment.name);
            lines.push(self.styles.paint(Look::Unreadable, fit(&words, self.columns)).to_string());
            if lines.len() == 4 {
                break;
            }
        }
        if !lines.is_empty() {
            let words = "nothing that could not be read is called missing or different";
            lines.push(self.styles.paint(Look::Dim, fit(words, self.columns)).to_string());
        }
        let notes = self.report.incidents.iter().filter(|incident| incident.kind == "note");
        let notes = notes.map(|note| format!("{}: {}", note.environment, note.message));
        for note in notes.chain(self.report.notes.iter().cloned()).take(3) {
            let words = format!("note: {}", escape::text(note.as_bytes()));
            lines.push(self.styles.paint(Look::Dim, fit(&words, self.columns)).to_string());
        }
        for (at, command) in self.report.next.iter().take(2).enumerate() {
            let head = if at == 0 { "next:" } else { "     " };
            lines.push(format!("{head} {}", self.styles.paint(Look::Command, command)));
        }
        lines
    }
}

fn is_notable(finding: &FindingReport) -> bool {
    // Fixes in one place only have a table of their own, which says what would destroy them.
    let is_fix = matches!(finding.code, "unshared-fix" | "would-be-destroyed");
    finding.severity != "info" && !is_fix && (finding.focus || !is_drift(finding))
}

/// Whether a finding only says what the folders show as well.
fn is_drift(finding: &FindingReport) -> bool {
    matches!(finding.code, "content-differs" | "only-in" | "absent-in")
}

fn rank(severity: &str) -> usize {
    ["critical", "warning", "notice", "info"].iter().position(|known| *known == severity).unwrap_or(0)
}

fn is_gap(incident: &crate::report::model::IncidentReport, environment: &str) -> bool {
    incident.kind != "note" && incident.environment == environment
}

/// The folder below the one it is shown in; `above` are the folders of the lines before it, outermost first.
fn indented<'a>(folder: &'a FolderReport, above: &mut Vec<&'a [u8]>) -> String {
    above.truncate(folder.depth);
    let path = &folder.path.bytes[..];
    let parent = above.last().and_then(|parent| path.strip_prefix(*parent)?.strip_prefix(b"/"));
    above.push(path);
    let indent = "  ".repeat(folder.depth + 1);
    if path.is_empty() {
        return format!("{indent}(top)");
    }
    format!("{indent}{}/", escape::name(parent.unwrap_or(path)))
}

fn about(folder: &FolderReport, digits: usize) -> String {
    let noun = if folder.paths == 1 { "path " } else { "paths" };
    let mut words = format!("{} {noun}", pad_start(&count(folder.paths), digits));
    if folder.quiet == folder.paths {
        words.push_str(", all quiet");
    } else if folder.quiet > 0 {
        words.push_str(&format!(", {} quiet", count(folder.quiet)));
    }
    if !folder.names.is_empty() {
        let names: Vec<_> = folder.names.iter().map(|name| escape::name(&name.bytes)).collect();
        words.push_str(&format!("   {}", names.join(" ")));
    }
    words
}
