//! What trying to read everything found: as plain data, and for a person at a terminal.
//!
//! The documentation of these types is the specification of `driftline doctor --format json`. Fields are added without notice; a field
//! that changes its meaning or goes away raises [`VERSION`].

use std::io::{self, Write};

use serde::Serialize;

use crate::compare::text::Redactor;
use crate::report::escape;
use crate::report::layout::{count, pad, wrap};
use crate::report::style::{Look, Styles};
use crate::report::wording::join;
use crate::snapshot::{Checkup, Command, Step, StepKind, StepOutcome};

/// The version of the format, in [`DoctorReport::version`].
pub const VERSION: u32 = 1;

/// What works and what does not.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    /// `driftline-doctor`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// Whether all environments can be read in full, and whoever is told about reports can be.
    pub well: bool,
    /// What has to do with no single environment: `configuration`, `state`, and `notify` for each who is told about reports.
    pub own: Vec<StepReport>,
    /// The environments in order.
    pub environments: Vec<CheckupReport>,
    /// What to type next.
    pub next: Option<String>,
}

/// One environment.
#[derive(Debug, Clone, Serialize)]
pub struct CheckupReport {
    /// Its name.
    pub name: String,
    /// Where it is, as a person would type it.
    pub origin: String,
    /// Whether it can be read in full: no step failed.
    pub well: bool,
    /// What was tried, in order; `reading` may be there several times.
    pub steps: Vec<StepReport>,
}

/// One thing that has to work.
#[derive(Debug, Clone, Serialize)]
pub struct StepReport {
    /// `configuration`, `state`, `notify`; `ssh config`, `connection`, `login`, `command`, `shell`, `tools`, `archive`, `snapshot`, `repository`,
    /// `ref`, `folder`, `git`, `reading`.
    pub step: &'static str,
    /// `fine`, `note` (it works, and something is worth saying), `failed` (something is unknown because of it), `not-tried` (it needs one that
    /// failed).
    pub outcome: &'static str,
    /// What was found, or what failed and why; empty for `not-tried`.
    pub detail: String,
    /// What to do, in words; null when nothing is to be done, or nothing is known to help.
    pub fix: Option<String>,
    /// What to type, as a shell takes it; null when there is nothing, or a word in it cannot be typed in plain characters.
    pub command: Option<String>,
    /// Whether that is to be typed on the other machine.
    pub there: bool,
}

/// Puts the report together. What looks like a secret in it is masked.
pub fn doctor_report(own: &[Step], checkups: &[Checkup], next: Option<String>, redactor: &Redactor) -> DoctorReport {
    let steps = |steps: &[Step]| steps.iter().map(|step| step_report(step, redactor)).collect();
    let environments: Vec<CheckupReport> = checkups
        .iter()
        .map(|checkup| CheckupReport {
            name: checkup.environment.to_string(),
            origin: redactor.words(&checkup.origin).into_owned(),
            well: checkup.is_well(),
            steps: steps(&checkup.steps),
        })
        .collect();
    let is_fine = own.iter().all(|step| step.outcome != StepOutcome::Failed);
    let well = is_fine && environments.iter().all(|environment| environment.well);
    DoctorReport {
        format: "driftline-doctor",
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION"),
        well,
        own: steps(own),
        environments,
        next: next.filter(|_| well),
    }
}

fn step_report(step: &Step, redactor: &Redactor) -> StepReport {
    let fix = step.fix.as_ref();
    let command = fix.and_then(|fix| fix.command.as_ref());
    StepReport {
        step: name(step.kind),
        outcome: match step.outcome {
            StepOutcome::Fine => "fine",
            StepOutcome::Note => "note",
            StepOutcome::Failed => "failed",
            StepOutcome::NotTried => "not-tried",
        },
        detail: redactor.words(&step.detail).into_owned(),
        fix: fix.map(|fix| redactor.words(&fix.words).into_owned()),
        command: command.and_then(typed).map(|command| redactor.words(&command).into_owned()),
        there: command.is_some_and(|command| command.there),
    }
}

fn typed(command: &Command) -> Option<String> {
    let words = command.words.iter().map(|word| escape::shell_word(word));
    Some(words.collect::<Option<Vec<String>>>()?.join(" "))
}

fn name(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Configuration => "configuration",
        StepKind::State => "state",
        StepKind::Notify => "notify",
        StepKind::SshConfig => "ssh config",
        StepKind::Connection => "connection",
        StepKind::Login => "login",
        StepKind::Command => "command",
        StepKind::Shell => "shell",
        StepKind::Tools => "tools",
        StepKind::Archive => "archive",
        StepKind::Snapshot => "snapshot",
        StepKind::Repository => "repository",
        StepKind::Reference => "ref",
        StepKind::Folder => "folder",
        StepKind::Git => "git",
        StepKind::Reading => "reading",
    }
}

/// Columns of an outcome, and of the name of a step, with the blanks behind them.
const OUTCOME: usize = 6;
const NAME: usize = 15;

/// Writes it for a terminal, within `columns` but for what is to be typed, which stays in one line.
pub fn text(report: &DoctorReport, columns: usize, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", styles.paint(Look::Heading, format!("driftline {}", report.driftline)))?;
    steps(&report.own, columns, styles, out)?;
    for environment in &report.environments {
        let origin = escape::text(environment.origin.as_bytes());
        writeln!(out, "\n{}  {origin}", styles.paint(Look::Heading, &environment.name))?;
        steps(&environment.steps, columns, styles, out)?;
    }
    writeln!(out)?;
    for line in wrap(&verdict(report), columns) {
        writeln!(out, "{line}")?;
    }
    match &report.next {
        Some(next) => writeln!(out, "next: {}", styles.paint(Look::Command, next)),
        None => Ok(()),
    }
}

fn steps(steps: &[StepReport], columns: usize, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let indent = 2 + OUTCOME + NAME;
    for step in steps {
        let (mark, look) = match step.outcome {
            "fine" => ("ok", Look::Good),
            "note" => ("note", Look::Warning),
            "failed" => ("FAIL", Look::Alarm),
            _ => ("-", Look::Dim),
        };
        let detail = if step.outcome == "not-tried" { "not tried" } else { &step.detail };
        let mut head = format!("  {}{}", styles.paint(look, pad(mark, OUTCOME)), pad(step.step, NAME));
        for line in wrap(&escape::text(detail.as_bytes()), columns.saturating_sub(indent)) {
            writeln!(out, "{head}{line}")?;
            head = " ".repeat(indent);
        }
        let Some(fix) = &step.fix else { continue };
        let mut words = escape::text(fix.as_bytes()).into_owned();
        if step.command.is_some() {
            words.push_str(if step.there { "; type there:" } else { ":" });
        }
        let mut head = format!("{}{}", " ".repeat(2 + OUTCOME), pad("what to do", NAME));
        for line in wrap(&words, columns.saturating_sub(indent)) {
            writeln!(out, "{head}{line}")?;
            head = " ".repeat(indent);
        }
        if let Some(command) = &step.command {
            writeln!(out, "{}{}", " ".repeat(indent), styles.paint(Look::Command, command))?;
        }
    }
    Ok(())
}

fn verdict(report: &DoctorReport) -> String {
    let all = report.environments.len();
    let ill: Vec<&str> =
        report.environments.iter().filter(|environment| !environment.well).map(|it| it.name.as_str()).collect();
    let verdict = match (all, ill.len()) {
        (1, 0) => format!("{} can be read", report.environments[0].name),
        (_, 0) => format!("all {} environments can be read", count(all as u64)),
        (all, number) if all == number => format!("{} cannot be read in full", join(&ill)),
        (_, _) => format!("{} cannot be read in full, the rest can", join(&ill)),
    };
    let untold = report.own.iter().any(|step| step.step == name(StepKind::Notify) && step.outcome == "failed");
    if untold { format!("{verdict}; not everybody can be told about reports") } else { verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::EnvironmentName;
    use crate::snapshot::Fix;

    #[test]
    fn lines_stay_within_the_width_and_names_cannot_drive_the_terminal() {
        let checkup = Checkup {
            environment: EnvironmentName::new("prod").unwrap(),
            origin: "web-1:/srv/\x1b[31mapp".to_owned(),
            steps: vec![
                Step::fine(StepKind::Shell, "answers as web\x1b]0;-1"),
                Step::failed(
                    StepKind::Folder,
                    "cannot read `/srv/app`: permission denied, and some more words so that a line is full",
                    Some(Fix::there("let deploy read it, as its owner or as root", &["setfacl", "-R", "/srv/my app"])),
                ),
                Step::failed(StepKind::Git, "odd", Some(Fix::here("cannot be typed", &[&b"cat"[..], b"\xff"]))),
                Step::not_tried(StepKind::Reading),
            ],
        };
        let redactor = Redactor::new([0; 32], &[]);
        let report = doctor_report(&[], &[checkup], Some("driftline".to_owned()), &redactor);
        let mut out = Vec::new();
        text(&report, 60, Styles::new(false), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap().replace(env!("CARGO_PKG_VERSION"), "0.0.0");
        insta::assert_snapshot!(out, @r#"
        driftline 0.0.0

        prod  web-1:/srv/\x1b[31mapp
          ok    shell          answers as web\x1b]0;-1
          FAIL  folder         cannot read `/srv/app`: permission
                               denied, and some more words so that a
                               line is full
                what to do     let deploy read it, as its owner or
                               as root; type there:
                               setfacl -R '/srv/my app'
          FAIL  git            odd
                what to do     cannot be typed
          -     reading        not tried

        prod cannot be read in full
        "#);
    }
}
