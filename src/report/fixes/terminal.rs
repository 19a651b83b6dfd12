//! The matrix of known fixes, and their evidence, for a person at a terminal.

use std::io::{self, Write};

use super::{FileReport, FixReport, FixesReport, StateReport};
use crate::report::escape;
use crate::report::layout::{counted, fit, pad, width, wrap};
use crate::report::style::{Look, Styles};

/// How wide the screen is, and how it is coloured.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns.
    pub columns: usize,
    /// Looks.
    pub styles: Styles,
}

/// A column of the matrix holds the longest verdict and the mark of what is expected.
const CELL: usize = 12;
/// The ids have so many columns at most.
const ID: usize = 32;

/// A line for each fix, a column for each environment; below it what is missing where a fix is expected.
pub fn matrix(report: &FixesReport, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let styles = screen.styles;
    if report.fixes.is_empty() {
        return writeln!(out, "the configuration names no fixes; add one with `[[fix]]`");
    }
    let id = report.fixes.iter().map(|fix| width(&fix.id)).max().unwrap_or(0).min(ID);
    let cell = report.environments.iter().map(|name| width(name) + 2).max().unwrap_or(0).clamp(CELL, ID);
    // Environments that do not fit beside each other come in further tables.
    let beside = (screen.columns.saturating_sub(id + 2) / cell).max(1);
    for first in (0..report.environments.len()).step_by(beside) {
        let shown = first..(first + beside).min(report.environments.len());
        let names: String =
            report.environments[shown.clone()].iter().map(|name| pad(&fit(name, cell - 2), cell)).collect();
        let heading = format!("{}  {names}", pad("fix", id));
        writeln!(out, "{}", styles.paint(Look::Heading, heading.trim_end()))?;
        for fix in &report.fixes {
            let mut line = format!("{}  ", pad(&fit(&fix.id, id), id));
            for state in &fix.states[shown.clone()] {
                line.push_str(&painted(state, cell, styles));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
    }
    for fix in &report.fixes {
        for state in fix.states.iter().filter(|state| state.expected && state.verdict != "present") {
            let what = format!("{} is {} in {}", fix.id, verb(state.verdict), state.environment);
            writeln!(out, "{}", styles.paint(look(state), what))?;
            for line in lacks(state) {
                write_wrapped(&line, "  ", screen, out)?;
            }
        }
    }
    let expected = || report.fixes.iter().flat_map(|fix| &fix.states).filter(|state| state.expected);
    let present = expected().filter(|state| state.verdict == "present").count();
    let all = counted(expected().count() as u64, "place where a fix is expected", "places where a fix is expected");
    writeln!(out, "{}", styles.paint(Look::Dim, format!("present in {present} of {all} (marked with *)")))?;
    next(report, styles, out)
}

/// All that is known about each fix, environment by environment.
pub fn evidence(report: &FixesReport, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let styles = screen.styles;
    for fix in &report.fixes {
        writeln!(out, "{}", styles.paint(Look::Heading, heading(fix)))?;
        for state in &fix.states {
            let expected = if state.expected { ", where it is expected" } else { "" };
            let verdict = styles.paint(look(state), state.verdict);
            writeln!(out, "  {}  {verdict}{expected}", state.environment)?;
            if let Some(because) = &state.because {
                write_wrapped(because, "    ", screen, out)?;
            }
            for file in &state.files {
                write_file(file, screen, out)?;
            }
            for proof in &state.history {
                let commit = proof.commit.as_ref().map(|commit| format!(" ({commit:.7})")).unwrap_or_default();
                write_wrapped(&format!("tier {}: {}{commit}", proof.tier, proof.says), "    ", screen, out)?;
            }
        }
        writeln!(out)?;
    }
    next(report, styles, out)
}

fn next(report: &FixesReport, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    match &report.next {
        Some(next) => writeln!(out, "Next: {}", styles.paint(Look::Command, next)),
        None => Ok(()),
    }
}

fn heading(fix: &FixReport) -> String {
    let by = match (&fix.commit, fix.known_by) {
        (Some(commit), _) => format!("known by commit {commit:.12}"),
        (None, by) => format!("known by {}", if by == "patch" { "a patch" } else { "what files contain" }),
    };
    match &fix.title {
        Some(title) => format!("{}: {} ({by})", fix.id, escape::text(title.as_bytes())),
        None => format!("{} ({by})", fix.id),
    }
}

fn write_file(file: &FileReport, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let path = escape::name(&file.path.bytes);
    let at = match &file.found_at {
        Some(at) => format!("{path} (here {})", escape::name(&at.bytes)),
        None => path.into_owned(),
    };
    write_wrapped(&format!("{at} {}", file.shows.join(", ")), "    ", screen, out)
}

fn write_wrapped(text: &str, indent: &str, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let lines = wrap(text, screen.columns.saturating_sub(indent.len() + 2).max(20));
    for (at, line) in lines.iter().enumerate() {
        writeln!(out, "{indent}{}{line}", if at == 0 { "" } else { "  " })?;
    }
    Ok(())
}

fn painted(state: &StateReport, columns: usize, styles: Styles) -> String {
    let mark = if state.expected { " *" } else { "" };
    let word = format!("{}{mark}", state.verdict);
    let blanks = " ".repeat(columns.saturating_sub(width(&word)));
    format!("{}{blanks}", styles.paint(look(state), word))
}

fn look(state: &StateReport) -> Look {
    match (state.verdict, state.expected) {
        ("present", _) => Look::Good,
        ("unproven", true) => Look::Unreadable,
        (_, true) => Look::Warning,
        (_, false) => Look::Dim,
    }
}

fn verb(verdict: &str) -> &str {
    if verdict == "partly" { "only partly" } else { verdict }
}

fn lacks(state: &StateReport) -> Vec<String> {
    match &state.because {
        Some(because) => vec![because.clone()],
        None => state.missing.clone(),
    }
}
