//! The report for tickets and merge requests, in the Markdown that most of them read.
//!
//! Whatever an environment could have chosen stands in a code span unless it is plain words, so that it can be no markup, link, mention or
//! table. Lists are used where names stand, tables only for numbers and environments.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{NightFinding, NightlyReport, Screen};
use crate::report::candidates::{TargetReport, UnitReport};
use crate::report::escape;
use crate::report::layout::{count, counted};
use crate::report::maps;
use crate::report::model::PathReport;
use crate::report::wording::{date, join};

/// More findings of one kind are counted by their rules.
const LISTED: usize = 100;
/// More folders, candidates and notes than this are counted.
const OTHERS: usize = 50;

/// Writes the report, what is new first.
pub(super) fn write(report: &NightlyReport, _: Screen, out: &mut dyn Write) -> io::Result<()> {
    headline(report, out)?;
    environments(report, out)?;
    for (status, heading) in [("new", "New"), ("reopened", "Reopened"), ("resolved", "Resolved"), ("still", "Still")] {
        let findings: Vec<_> = report.findings.iter().filter(|finding| finding.status == status).collect();
        section(heading, &findings, out)?;
    }
    section("Accepted", &report.accepted.iter().collect::<Vec<_>>(), out)?;
    acceptances(report, out)?;
    folders(report, out)?;
    proposals(report, out)?;
    candidates(report, out)?;
    fixes(report, out)?;
    trend(report, out)?;
    foot(report, out)
}

fn headline(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    let NightlyReport { run, counts, tree, .. } = report;
    let project = words(report.project.as_deref().unwrap_or("driftline"));
    writeln!(out, "# {project} drift, {}\n", run.date)?;
    let oldest = report.findings.iter().filter(|finding| finding.status == "still");
    let oldest = oldest.map(|finding| finding.age_days).max();
    let oldest = oldest.map(|days| format!(" (oldest {})", counted(days, "day", "days"))).unwrap_or_default();
    let mut parts = vec![format!("**{} new**", count(counts.new))];
    if counts.reopened > 0 {
        parts.push(format!("**{} reopened**", count(counts.reopened)));
    }
    parts.push(format!("{} resolved", count(counts.resolved)));
    parts.push(format!("{} still{oldest}", count(counts.still)));
    if counts.accepted > 0 {
        parts.push(format!("{} accepted", count(counts.accepted)));
    }
    writeln!(out, "{}\n", parts.join(", "))?;
    let quiet = if tree.quiet > 0 { format!(", {} quiet", count(tree.quiet)) } else { String::new() };
    writeln!(out, "{}, {} in sync{quiet}.", counted(tree.paths, "path", "paths"), count(tree.in_sync))?;
    if run.first {
        writeln!(out, "\nThe first report: all of it is new, because nothing was looked at before.")?;
    }
    if let Some(because) = &run.because {
        writeln!(out, "\nHistory {}: {}", run.history, words(because))?;
    }
    Ok(())
}

fn environments(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n## Environments\n")?;
    writeln!(out, "| environment | drift | only here | uncommitted | leftovers | read |")?;
    writeln!(out, "|---|---:|---:|---:|---:|---|")?;
    for night in &report.environments {
        let environment = &night.environment;
        let uncommitted = environment.uncommitted.map_or_else(|| "-".to_owned(), count);
        let numbers = [environment.drift, environment.only_here].map(count).join(" | ");
        let leftovers = count(environment.artifacts);
        let state = night.read.state;
        writeln!(out, "| {} | {numbers} | {uncommitted} | {leftovers} | {state} |", environment.name)?;
    }
    writeln!(out)?;
    for night in &report.environments {
        writeln!(out, "- {}: {}", night.environment.name, words(&night.git_words))?;
        if night.read.state == "all" {
            continue;
        }
        let last = night.read.last_complete.map_or_else(
            || "no report has read all of it yet".to_owned(),
            |at| format!("all of it was read last at {}", date(at)),
        );
        writeln!(out, "- **{} was not read in full**; {last}", night.environment.name)?;
        for reason in night.read.reasons.iter().take(OTHERS) {
            writeln!(out, "  - {}", words(reason))?;
        }
    }
    Ok(())
}

fn section(heading: &str, findings: &[&NightFinding], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {heading} ({})\n", count(findings.len() as u64))?;
    for finding in findings.iter().take(LISTED) {
        self::finding(finding, out)?;
    }
    let mut left: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings.iter().skip(LISTED) {
        *left.entry(&finding.code).or_default() += 1;
    }
    if !left.is_empty() {
        let left: Vec<String> =
            left.iter().map(|(code, number)| format!("{} {}", count(*number), words(code))).collect();
        writeln!(out, "- and {}; all of them are in the JSON of this report", join(&left))?;
    }
    Ok(())
}

fn finding(finding: &NightFinding, out: &mut dyn Write) -> io::Result<()> {
    let subject = span(&escape::text(finding.subject.as_bytes()));
    let mut tail = vec![words(&finding.code)];
    if finding.status != "new" {
        let age = counted(finding.age_days, "day", "days");
        let streak = match finding.streak {
            0 | 1 => String::new(),
            streak => format!(", {} in a row", counted(streak, "report", "reports")),
        };
        tail.push(format!("{age}{streak}"));
    }
    if let Some(stale) = &finding.stale {
        let age = counted(stale.age_days, "day", "days");
        tail.push(format!("seen last {age} ago, {} could not be read", join(&stale.unread)));
    }
    if let Some(accepted) = &finding.accepted {
        let until = accepted.until.as_deref().map(|until| format!(" until {}", words(until))).unwrap_or_default();
        tail.push(format!("accepted{until}: {}", words(&accepted.because)));
    }
    let id = span(&escape::text(finding.id.as_bytes()));
    let message = words(&finding.message);
    writeln!(out, "- **{}** {subject}: {message} ({}; {id})", finding.severity, tail.join("; "))
}

fn acceptances(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    if report.acceptances.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Acceptances that accept nothing any more\n")?;
    for acceptance in &report.acceptances {
        let id = span(&escape::text(acceptance.id.as_bytes()));
        writeln!(out, "- {id} {}: {} ({})", acceptance.state, words(&acceptance.message), words(&acceptance.because))?;
    }
    Ok(())
}

fn folders(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    let drift = &report.tree.drift;
    if drift.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = report.environments.iter().map(|night| night.environment.name.as_str()).collect();
    writeln!(out, "\n## Where the drift is\n\nLetters in the order {}; `-` absent, `!` unreadable.\n", join(&names))?;
    for folder in drift.iter().take(OTHERS) {
        let name =
            if folder.path.bytes.is_empty() { "(top)".to_owned() } else { span(&format!("{}/", name(&folder.path))) };
        let most = if folder.is_uniform { "" } else { " most" };
        let quiet = if folder.quiet > 0 { format!(", {} quiet", count(folder.quiet)) } else { String::new() };
        let indent = "  ".repeat(folder.depth.min(8));
        let paths = counted(folder.paths, "path", "paths");
        writeln!(out, "{indent}- {name} {}{most}, {paths}{quiet}", span(&folder.pattern))?;
    }
    more(drift.len(), out)
}

fn proposals(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    if report.map_proposals.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Proposed maps\n")?;
    for proposal in report.map_proposals.iter().take(OTHERS) {
        let (subject, about) = maps::words(proposal);
        let paste = proposal.paste.as_deref().map(|paste| format!(": {}", span(&escape::text(paste.as_bytes()))));
        writeln!(out, "- {} {}{}", span(&escape::text(subject.as_bytes())), words(&about), paste.unwrap_or_default())?;
    }
    more(report.map_proposals.len(), out)
}

fn candidates(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(candidates) = &report.candidates else { return Ok(()) };
    let is_open = |target: &&TargetReport| target.verdict != "present";
    let open: Vec<&UnitReport> = candidates
        .units
        .iter()
        .filter(|unit| !unit.bookkeeping && unit.targets.iter().any(|one| is_open(&one)))
        .collect();
    let too_much = candidates.too_much();
    if open.is_empty() && candidates.failures.is_empty() && too_much.is_none() {
        return Ok(());
    }
    writeln!(out, "\n## Fixes in one place only\n")?;
    if let Some(too_much) = too_much {
        let next = candidates.next.iter().map(|command| format!(": {}", span(&escape::text(command.as_bytes()))));
        writeln!(out, "{}{}", words(&too_much), next.collect::<String>())?;
    }
    for unit in open.iter().take(OTHERS) {
        let lines = unit.added.zip(unit.removed).map(|(added, removed)| format!(", +{added} -{removed}"));
        let files = match &unit.files[..] {
            [file] => span(&name(&file.path)),
            files => counted(files.len() as u64, "file", "files"),
        };
        writeln!(
            out,
            "- {} {} (in {}, {files}{})",
            unit.short,
            words(&unit.title),
            unit.from,
            lines.unwrap_or_default()
        )?;
        for target in unit.targets.iter().filter(is_open) {
            let applies = target.applies.as_ref().map(|applies| format!(", {applies}")).unwrap_or_default();
            writeln!(out, "  - {}: {}{applies}: {}", target.env, target.verdict, words(&target.summary))?;
        }
    }
    more(open.len(), out)?;
    candidates.failures.iter().take(OTHERS).try_for_each(|failure| writeln!(out, "- not judged: {}", words(failure)))
}

fn fixes(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(fixes) = &report.fixes else { return Ok(()) };
    writeln!(out, "\n## Known fixes\n")?;
    for fix in &fixes.fixes {
        let title = fix.title.as_deref().map(|title| format!(" {}", words(title))).unwrap_or_default();
        writeln!(out, "- {}{title}", span(&escape::text(fix.id.as_bytes())))?;
        for state in &fix.states {
            let expected = if state.expected && state.verdict != "present" { ", **expected**" } else { "" };
            let why = state.missing.first().or(state.because.as_ref());
            let why = why.map(|why| format!(": {}", words(why))).unwrap_or_default();
            writeln!(out, "  - {}: {}{expected}{why}", state.environment, state.verdict)?;
        }
    }
    Ok(())
}

fn trend(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    let nights = &report.trend[report.trend.len().saturating_sub(30)..];
    if nights.len() < 2 {
        return Ok(());
    }
    let open: Vec<u64> = nights
        .iter()
        .map(|night| night.open.critical + night.open.warning + night.open.notice + night.open.info)
        .collect();
    let (first, last) = (count(open[0]), count(open[open.len() - 1]));
    let reports = counted(open.len() as u64, "report", "reports");
    writeln!(out, "\n## Trend\n\n{} {first} to {last} open findings in {reports}", super::sparkline(&open))
}

fn foot(report: &NightlyReport, out: &mut dyn Write) -> io::Result<()> {
    let gaps = report.incidents.iter();
    if !report.incidents.is_empty() || !report.notes.is_empty() || !report.exit.incomplete.is_empty() {
        writeln!(out, "\n## About the reading\n")?;
    }
    for incident in gaps.take(OTHERS) {
        let path = incident.path.as_ref().map(|path| format!("{} ", span(&name(path)))).unwrap_or_default();
        let hint = incident.hint.as_deref().map(|hint| format!("; {}", words(hint))).unwrap_or_default();
        writeln!(out, "- {}: {path}{}{hint}", incident.environment, words(&incident.message))?;
    }
    more(report.incidents.len(), out)?;
    for note in report.notes.iter().chain(&report.exit.incomplete).take(OTHERS) {
        writeln!(out, "- {}", words(note))?;
    }
    if !report.next.is_empty() {
        let next: Vec<String> = report.next.iter().map(|command| span(&escape::text(command.as_bytes()))).collect();
        writeln!(out, "\nNext: {}", next.join(", "))?;
    }
    let failing = counted(report.exit.failing, "finding", "findings");
    let (status, fail_on) = (report.exit.status, words(&report.exit.fail_on));
    writeln!(out, "\ndriftline {}. Exit status {status}: {failing} at or above {fail_on}.", report.driftline)
}

fn more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    if all <= OTHERS {
        return Ok(());
    }
    writeln!(out, "- and {} more", count((all - OTHERS) as u64))
}

fn name(path: &PathReport) -> String {
    escape::name(&path.bytes).into_owned()
}

/// Foreign words: as they are when they can mean nothing in Markdown, else as code.
fn words(text: &str) -> String {
    let shown = escape::text(text.as_bytes());
    let is_plain = |c: char| c.is_alphanumeric() || " ,.;:()/'\"-+=%".contains(c);
    let is_link = shown.contains("://") || shown.contains("www.");
    let begins = shown.starts_with(|c: char| c.is_alphanumeric());
    if begins && !is_link && shown.chars().all(is_plain) { shown.into_owned() } else { span(&shown) }
}

/// A code span around text on one line, with a fence that the text does not have.
fn span(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let is_blank = text.chars().all(|c| c == ' ');
    // A blank on each side is taken away again by readers; without one a text in backticks would join the fence.
    let pad =
        !is_blank && (text.starts_with('`') || text.ends_with('`') || (text.starts_with(' ') && text.ends_with(' ')));
    match (text.is_empty(), pad) {
        (true, _) => "(empty)".to_owned(),
        (false, true) => format!("{fence} {text} {fence}"),
        (false, false) => format!("{fence}{text}{fence}"),
    }
}
