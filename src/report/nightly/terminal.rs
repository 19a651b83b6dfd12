//! The report for a person at a terminal: what is new first, then what is gone, then what could not be read; what stays is counted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::history::sparkline;
use super::{NightFinding, NightlyReport, Screen};
use crate::report::escape;
use crate::report::layout::{count, counted, fit, fit_path, pad, width, wrap};
use crate::report::style::Look;
use crate::report::wording::join;

/// More findings of one kind are counted by their rules.
const LISTED: usize = 20;
/// Beyond this the end of a line is too far from its beginning.
const WIDEST_LINE: usize = 130;
/// So many nights make a trend.
const NIGHTS: usize = 30;

/// Writes the report; a few lines when nothing changed.
pub(super) fn write(report: &NightlyReport, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let sheet = Sheet { report, screen };
    let mut lines = sheet.headline();
    for (status, heading) in [("new", "New"), ("reopened", "Reopened"), ("resolved", "Resolved")] {
        // What cannot be read has lines of its own; that it can be read again is good news like others.
        let is_here =
            |finding: &&NightFinding| finding.status == status && (!finding.incomplete || status == "resolved");
        let findings = report.findings.iter().filter(is_here);
        lines.extend(sheet.section(heading, &findings.collect::<Vec<_>>()));
    }
    lines.extend(sheet.unread());
    lines.extend(sheet.still());
    lines.extend(sheet.acceptances());
    lines.extend(sheet.foot());
    lines.iter().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

struct Sheet<'a> {
    report: &'a NightlyReport,
    screen: Screen,
}

impl Sheet<'_> {
    fn headline(&self) -> Vec<String> {
        let NightlyReport { run, counts, .. } = self.report;
        let project = self.report.project.as_deref().unwrap_or("driftline");
        let name = fit(&escape::name(project.as_bytes()), 24).into_owned();
        let number = run.number.map(|number| format!("   report {}", count(number))).unwrap_or_default();
        let mut lines = vec![format!("{}{number}   {}", self.screen.styles.paint(Look::Heading, name), run.date)];
        let oldest = self.still_open().map(|finding| finding.age_days).max();
        let oldest = oldest.map(|days| format!(" (oldest {})", counted(days, "day", "days"))).unwrap_or_default();
        let mut parts = vec![format!("{} new", count(counts.new))];
        for (number, word) in [(counts.reopened, "reopened"), (counts.resolved, "resolved")] {
            if number > 0 || word == "resolved" {
                parts.push(format!("{} {word}", count(number)));
            }
        }
        parts.push(format!("{} still{oldest}", count(counts.still)));
        if counts.accepted > 0 {
            parts.push(format!("{} accepted", count(counts.accepted)));
        }
        lines.push(parts.join(", "));
        if run.first {
            lines.push("the first report: all of it is new, because nothing was looked at before".to_owned());
        }
        lines
    }

    fn still_open(&self) -> impl Iterator<Item = &NightFinding> {
        self.report.findings.iter().filter(|finding| finding.status == "still")
    }

    fn section(&self, heading: &str, findings: &[&NightFinding]) -> Vec<String> {
        if findings.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), self.heading(&format!("{heading}  {}", count(findings.len() as u64)))];
        lines.extend(findings.iter().take(LISTED).map(|finding| self.finding(finding)));
        lines.extend(self.rest(findings.get(LISTED..).unwrap_or_default()));
        lines
    }

    fn heading(&self, text: &str) -> String {
        self.screen.styles.paint(Look::Heading, text).to_string()
    }

    /// `and 12 only-in, 3 moved`.
    fn rest(&self, findings: &[&NightFinding]) -> Option<String> {
        let words = by_rule(findings.iter().copied())?;
        let line = format!("  and {words}");
        Some(self.screen.styles.paint(Look::Dim, fit(&line, self.columns())).to_string())
    }

    fn columns(&self) -> usize {
        self.screen.columns.min(WIDEST_LINE)
    }

    fn finding(&self, finding: &NightFinding) -> String {
        let (mark, look) = match finding.severity {
            _ if finding.status == "resolved" => ("- ", Look::Good),
            "critical" => ("!!", Look::Alarm),
            "warning" => ("! ", Look::Warning),
            _ => ("- ", Look::Dim),
        };
        let tail = format!("{}  {}", escape::name(finding.code.as_bytes()), escape::name(finding.id.as_bytes()));
        let room = self.columns().saturating_sub(2 + 2 + 1 + 2 + tail.len());
        let words = escape::text(finding.message.as_bytes());
        let words = match finding.reopened {
            Some("acceptance-expired") => format!("no longer accepted, the day has passed: {words}"),
            Some("matter-changed") => format!("no longer accepted, something else is there: {words}"),
            Some("acceptance-removed") => format!("no longer accepted: {words}"),
            _ => words.into_owned(),
        };
        let subject = escape::text(finding.subject.as_bytes());
        let last = subject.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let minimum = (width(last) + 3).min(room * 3 / 5);
        let subject = fit_path(&subject, room.saturating_sub(width(&words) + 2).max(minimum));
        let text = pad(&fit(&format!("{subject}  {words}"), room), room);
        let styles = self.screen.styles;
        format!("  {} {text}  {}", styles.paint(look, mark), styles.paint(Look::Dim, tail))
    }

    /// Who could not be read, why, since when, and what is said of them all the same.
    fn unread(&self) -> Vec<String> {
        let unread = self.report.environments.iter().filter(|environment| environment.read.state != "all");
        let mut lines = Vec::new();
        for environment in unread {
            let name = &environment.environment.name;
            let read = &environment.read;
            let how = if read.state == "failed" { "could not be read" } else { "was read in part" };
            let last = match read.age_days {
                None => "no report has read all of it yet".to_owned(),
                Some(0) => "all of it was read last today".to_owned(),
                Some(days) => format!("all of it was read last {} ago", counted(days, "day", "days")),
            };
            let mark = self.screen.styles.paint(Look::Alarm, "!!");
            let reason = read.reasons.first().map(|reason| format!(": {}", escape::text(reason.as_bytes())));
            let words = format!("{name} {how}{}", reason.unwrap_or_default());
            let wrapped = wrap(&words, self.columns().saturating_sub(5));
            lines.extend(wrapped.into_iter().enumerate().map(|(at, line)| match at {
                0 => format!("  {mark} {line}"),
                _ => format!("     {line}"),
            }));
            let of_it =
                |finding: &&NightFinding| finding.stale.as_ref().is_some_and(|stale| stale.unread.contains(name));
            let stale = self.report.findings.iter().chain(&self.report.accepted).filter(of_it).count() as u64;
            let kept = match stale {
                0 => String::new(),
                stale => format!("; {} from then", counted(stale, "finding stands", "findings stand")),
            };
            lines.push(format!("     {last}{kept}"));
        }
        if !lines.is_empty() {
            lines.splice(0..0, [String::new(), self.heading("Not read")]);
        }
        lines
    }

    fn still(&self) -> Vec<String> {
        let Some(words) = by_rule(self.still_open()) else { return Vec::new() };
        let mut lines = vec![String::new()];
        let wrapped = wrap(&words, self.columns().saturating_sub(9));
        lines.extend(wrapped.into_iter().enumerate().map(|(at, line)| match at {
            0 => format!("{}    {line}", self.heading("Still")),
            _ => format!("         {line}"),
        }));
        lines
    }

    fn acceptances(&self) -> Vec<String> {
        if self.report.acceptances.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), self.heading("Accepted, and not any more")];
        for acceptance in &self.report.acceptances {
            let words = format!("{}  {}", acceptance.id, escape::text(acceptance.message.as_bytes()));
            lines.push(format!("  {}", fit(&words, self.columns().saturating_sub(2))));
        }
        lines
    }

    fn foot(&self) -> Vec<String> {
        let NightlyReport { trend, exit, run, notes, next, candidates, .. } = self.report;
        let mut lines = vec![String::new()];
        let nights = &trend[trend.len().saturating_sub(NIGHTS)..];
        if nights.len() > 1 {
            let open = |at: usize| {
                let open = nights[at].open;
                open.critical + open.warning + open.notice + open.info
            };
            let values: Vec<u64> = (0..nights.len()).map(open).collect();
            let (first, last) = (values[0], values[values.len() - 1]);
            lines.push(format!(
                "{}    {}  {} to {} open findings in {}",
                self.heading("Trend"),
                sparkline(&values),
                count(first),
                count(last),
                counted(nights.len() as u64, "report", "reports")
            ));
        }
        if let Some((candidates, too_much)) = candidates.as_ref().and_then(|it| Some((it, it.too_much()?))) {
            let next = candidates.next.iter().map(|command| format!(": {}", escape::text(command.as_bytes())));
            lines.push(format!("Fixes in one place only: {too_much}{}", next.collect::<String>()));
        }
        for note in notes {
            lines.push(format!("note: {}", escape::text(note.as_bytes())));
        }
        if let Some(because) = &run.because {
            let what = match run.history {
                "read-only" => "this report is not in the history",
                _ => "the history could not be read, so all findings are called new",
            };
            lines.push(format!("{what}: {}", escape::text(because.as_bytes())));
        }
        let failing = counted(exit.failing, "finding", "findings");
        lines.push(match exit.status {
            0 => format!("exit status 0: no finding at or above {}", exit.fail_on),
            1 => format!("exit status 1: {failing} at or above {}", exit.fail_on),
            _ => format!("exit status {}: the answer is incomplete", exit.status),
        });
        for (at, command) in next.iter().enumerate() {
            let lead = if at == 0 { "next: " } else { "      " };
            lines.push(format!("{lead}{}", self.screen.styles.paint(Look::Command, command)));
        }
        lines
    }
}

/// `30 content-differs, 5 uncommitted`; most frequent first. `None` for nothing.
fn by_rule<'f>(findings: impl Iterator<Item = &'f NightFinding>) -> Option<String> {
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings {
        *rules.entry(&finding.code).or_default() += 1;
    }
    let mut rules: Vec<(&str, u64)> = rules.into_iter().collect();
    rules.sort_by_key(|&(code, number)| (std::cmp::Reverse(number), code));
    let words: Vec<String> =
        rules.iter().map(|(code, number)| format!("{} {}", count(*number), escape::name(code.as_bytes()))).collect();
    (!words.is_empty()).then(|| join(&words.iter().map(String::as_str).collect::<Vec<_>>()))
}
