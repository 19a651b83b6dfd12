//! The status for a person at a terminal: the answer first, then what to look at, then where, and the next command last.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::escape;
use crate::report::layout::{count, counted, fit, fit_path, pad, pad_start, width};
use crate::report::maps;
use crate::report::model::{EnvironmentReport, FindingReport, FolderReport, GitReport, StatusReport};
use crate::report::style::{Look, Styles};
use crate::report::wording::percent;

/// No status is longer than a screen.
const LINES: usize = 40;
/// More findings of one rule are not a first look.
const FINDINGS_OF_A_RULE: usize = 3;
/// Environments for which maps are proposed on the first screen.
const MAPS: usize = 2;
/// Beyond this the end of a line is too far from its beginning.
const WIDEST_LINE: usize = 130;
/// The widest that a column of foreign text becomes.
const WIDEST: usize = 34;

/// Writes the status, within a screen of 40 lines.
pub fn status(report: &StatusReport, columns: usize, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let sheet = Sheet { report, columns, styles };
    let mut lines = sheet.headline();
    lines.push(String::new());
    let foot = sheet.foot();
    lines.extend(sheet.environments(LINES / 2 - foot.len()));
    let left = |lines: &Vec<String>| LINES.saturating_sub(lines.len() + foot.len() + 2);
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

    /// A line for each environment below a head; when there are more than `most`, the ones that drift most.
    fn environments(&self, most: usize) -> Vec<String> {
        let all = &self.report.environments;
        let mut shown: Vec<&EnvironmentReport> = all.iter().collect();
        if all.len() > most {
            shown.sort_by_key(|environment| std::cmp::Reverse((!environment.complete, environment.drift)));
            shown.truncate(most.saturating_sub(1));
        }
        let rows =
            |git: usize| -> Vec<Vec<String>> { shown.iter().map(|environment| cells(environment, git)).collect() };
        let columns = self.table(&rows(WIDEST));
        let git = columns.iter().find(|column| column.cell == GIT).map_or(0, |column| column.width);
        let rows = rows(git);
        let line = |cell: &dyn Fn(usize, &Column) -> String| -> String {
            columns.iter().map(|column| column.fit(&cell(column.cell, column))).collect::<String>()
        };
        let head = line(&|_, column| column.head.to_owned());
        let mut lines = vec![self.styles.paint(Look::Dim, head.trim_end()).to_string()];
        for (environment, row) in shown.iter().zip(&rows) {
            lines.push(columns.iter().map(|column| self.cell(environment, column, &row[column.cell])).collect());
        }
        if shown.len() < all.len() {
            let more = format!("  and {} more; all of them: --format json", all.len() - shown.len());
            lines.push(self.styles.paint(Look::Dim, fit(&more, self.columns)).to_string());
        }
        lines
    }

    /// Which columns there is room for, and how wide they are: with short heads, and then without those that say least, when it is narrow.
    fn table(&self, rows: &[Vec<String>]) -> Vec<Column> {
        let needed = |cell: usize| rows.iter().map(|row| width(&row[cell])).max().unwrap_or(0);
        let room = |taken: usize| self.columns.saturating_sub(taken);
        let mut layout = Vec::new();
        for (is_short, left_out) in LAYOUTS {
            layout = HEADS
                .iter()
                .enumerate()
                .filter(|(cell, _)| !left_out.contains(cell))
                .map(|(cell, &(head, short, is_number))| {
                    let head = if *is_short { short } else { head };
                    Column { cell, head, is_number, gap: 2, width: needed(cell).max(width(head)) }
                })
                .collect();
            for column in &mut layout {
                match column.cell {
                    LABEL => column.width = needed(LABEL),
                    NAME => (column.gap, column.width) = (1, needed(NAME).min(WIDEST / 2).min(self.columns / 4)),
                    GIT => column.width = column.width.min(WIDEST),
                    DRIFT if !is_short => column.gap = 4,
                    _ => {}
                }
            }
            let taken: usize = layout.iter().map(|column| column.gap + column.width).sum();
            if let Some(git) = layout.iter_mut().find(|column| column.cell == GIT) {
                git.width = room(taken - git.width).min(git.width);
                if git.width >= NARROWEST_GIT.min(needed(GIT)) {
                    return layout;
                }
            } else if taken <= self.columns {
                return layout;
            }
        }
        layout
    }

    fn cell(&self, environment: &EnvironmentReport, column: &Column, text: &str) -> String {
        let cell = column.fit(text);
        match column.cell {
            LABEL => self.styles.paint(Look::Heading, cell).to_string(),
            READ if !environment.complete => {
                let (gap, words) = cell.split_at(column.gap);
                format!("{gap}{}", self.styles.paint(Look::Unreadable, words.trim_end()))
            }
            _ => cell,
        }
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

/// A column of the table of environments.
struct Column {
    /// Which of [`cells`].
    cell: usize,
    head: &'static str,
    is_number: bool,
    /// Blanks before it.
    gap: usize,
    width: usize,
}

impl Column {
    fn fit(&self, text: &str) -> String {
        let text = fit(text, self.width);
        let text = if self.is_number { pad_start(&text, self.width) } else { pad(&text, self.width) };
        format!("{}{text}", " ".repeat(self.gap))
    }
}

const LABEL: usize = 0;
const NAME: usize = 1;
const GIT: usize = 2;
const DRIFT: usize = 3;
const ONLY_HERE: usize = 4;
const ARTIFACTS: usize = 6;
const READ: usize = 7;

/// The heads of [`cells`], long and short, and which stand over numbers.
const HEADS: [(&str, &str, bool); 8] = [
    ("", "", false),
    ("", "", false),
    ("git", "git", false),
    ("drift", "drift", true),
    ("only here", "only", true),
    ("uncommitted", "unc.", true),
    ("artifacts", "art.", true),
    ("read", "read", false),
];

/// With short heads or not, and without which columns; the first that fits.
const LAYOUTS: &[(bool, &[usize])] =
    &[(false, &[]), (true, &[]), (true, &[GIT]), (true, &[GIT, ARTIFACTS]), (true, &[GIT, ARTIFACTS, ONLY_HERE])];

/// Less of it says nothing.
const NARROWEST_GIT: usize = 8;

/// What the table says of an environment, with so many columns for its repository.
fn cells(environment: &EnvironmentReport, git: usize) -> Vec<String> {
    vec![
        environment.label.clone(),
        environment.name.clone(),
        git_and_nearest(environment, git),
        count(environment.drift),
        count(environment.only_here),
        environment.uncommitted.map_or_else(|| "-".to_owned(), count),
        count(environment.artifacts),
        read_words(environment),
    ]
}

/// How much of an environment was read.
fn read_words(environment: &EnvironmentReport) -> String {
    match (environment.complete, environment.unreadable) {
        (true, _) => "all".to_owned(),
        (false, _) if environment.entries == 0 => "nothing".to_owned(),
        (false, 0) => "not all".to_owned(),
        (false, paths) => format!("all but {}", count(paths)),
    }
}

fn is_notable(finding: &FindingReport) -> bool {
    finding.severity != "info" && (finding.focus || !is_drift(finding))
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

/// The same, and which commit is near where that says more: `none, near fbc2da9 (97.6 %)`, or how near where there is little room.
fn git_and_nearest(environment: &EnvironmentReport, room: usize) -> String {
    let git = git_words(&environment.git);
    match &environment.nearest {
        None => git,
        Some(nearest) => {
            let likeness = &nearest.likeness;
            let share = percent(likeness.agree, likeness.paths);
            let all = format!("{git}, near {:.7} ({share})", likeness.commit.id);
            let short = format!("{git}, near {share}");
            [all, short].into_iter().find(|words| width(words) <= room).unwrap_or(git)
        }
    }
}

/// A repository in a few words: `main 4c1d2e9 = origin/main`.
pub(in crate::report) fn git_words(git: &GitReport) -> String {
    let words = match git {
        GitReport::None => "none".to_owned(),
        GitReport::NotKept => "not kept".to_owned(),
        GitReport::Unknown { .. } => "unknown".to_owned(),
        GitReport::Commit { reference, commit } => format!("{reference} {:.7}", commit.id),
        GitReport::Checkout(checkout) => {
            let branch = checkout.branch.as_deref().unwrap_or("detached");
            let mut words = match &checkout.commit {
                Some(commit) => format!("{branch} {:.7}", commit.id),
                None => format!("{branch}, no commit yet"),
            };
            if let Some(upstream) = &checkout.upstream {
                let remote = upstream.name.strip_suffix(&format!("/{branch}")).unwrap_or(&upstream.name);
                match (upstream.ahead, upstream.behind) {
                    (Some(0), Some(0)) => words.push_str(&format!(" = {remote}")),
                    (Some(ahead), Some(behind)) => {
                        words.push_str(&format!(" {remote}"));
                        for (sign, number) in [('+', ahead), ('-', behind)] {
                            if number > 0 {
                                words.push_str(&format!(" {sign}{number}"));
                            }
                        }
                    }
                    _ => words.push_str(&format!(" ({remote} is gone)")),
                }
            } else if let Some(unpushed) = checkout.unpushed.as_ref().filter(|unpushed| !unpushed.is_empty()) {
                words.push_str(&format!(" +{} unpushed", unpushed.len()));
            }
            if let Some(operation) = checkout.operation {
                words.push_str(&format!(", {operation} unfinished"));
            }
            words
        }
    };
    escape::name(words.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_read_in_full_in_part_or_not_at_all() {
        let words = |complete, entries, unreadable| {
            read_words(&EnvironmentReport {
                name: "prod".to_owned(),
                label: "P".to_owned(),
                origin: "/srv/prod".to_owned(),
                role: None,
                entries,
                drift: 0,
                only_here: 0,
                uncommitted: None,
                artifacts: 0,
                unreadable,
                complete,
                git: GitReport::None,
                nearest: None,
            })
        };
        assert_eq!(words(true, 0, 0), "all");
        assert_eq!(words(false, 0, 4), "nothing");
        // Paths that only other environments have are unknown below a folder that is one entry here.
        assert_eq!(words(false, 3, 5), "all but 5");
        assert_eq!(words(false, 3, 0), "not all");
    }
}
