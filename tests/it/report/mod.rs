//! The nightly report, run as a user runs it.

mod accept;
mod faults;
mod nights;
mod rules;
mod schema;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::run::{Run, TestEnv};

/// Noon of 1 December 2026 in UTC.
pub(crate) const FIRST: i64 = 1_796_126_400;
pub(crate) const DAY: i64 = 86_400;

/// Three environments with a configuration, and nights at fixed times.
pub(crate) struct Project {
    pub(crate) env: TestEnv,
}

impl Project {
    /// `files` are environment, path and content; `config` comes before the environments.
    pub(crate) fn new(config: &str, files: &[(&str, &str, &str)]) -> Self {
        let env = TestEnv::new();
        let mut names: Vec<&str> = files.iter().map(|(environment, ..)| *environment).collect();
        names.sort_unstable();
        names.dedup();
        let tables = names.iter().map(|name| format!("\n[env.{name}]\npath = \"{name}\"\n"));
        env.write("driftline.toml", format!("{config}{}", tables.collect::<String>()));
        let project = Self { env };
        for (environment, path, content) in files {
            project.write(environment, path, content);
        }
        project
    }

    /// Takes files away from other users.
    fn private(self, files: &[&str]) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        for file in files {
            std::fs::set_permissions(self.env.path(file), std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        self
    }

    pub(crate) fn write(&self, environment: &str, path: &str, content: &str) {
        self.env.write(format!("{environment}/{path}"), content);
    }

    pub(crate) fn remove(&self, environment: &str, path: &str) {
        std::fs::remove_file(self.env.path(format!("{environment}/{path}"))).unwrap();
    }

    /// The binary with the clock at a night, from 1.
    pub(crate) fn command(&self, night: i64, words: &[&str]) -> Command {
        let mut command = self.env.command();
        command.env("DRIFTLINE_NOW", (FIRST + (night - 1) * DAY).to_string()).args(words);
        command
    }

    pub(crate) fn run(&self, night: i64, words: &[&str]) -> Run {
        self.env.run(&mut self.command(night, words))
    }

    /// The report of a night.
    pub(crate) fn report(&self, night: i64, words: &[&str], status: i32) -> Value {
        let words: Vec<&str> = ["report", "--format", "json"].into_iter().chain(words.iter().copied()).collect();
        let report = self.run(night, &words).expect(status).json();
        assert_eq!(report["exit"]["status"], status, "the report knows how the run ends");
        let allows = words.contains(&"--allow-incomplete");
        assert_eq!(exit_of(&report, allows), status, "it is what the printed findings amount to: {report:#}");
        report
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.env.path("driftline.toml")
    }

    /// All histories in the state folder.
    pub(crate) fn histories(&self) -> Vec<PathBuf> {
        files_in(&self.env.path("home/.local/state/driftline/history"))
    }
}

/// The status that the printed findings amount to, computed from what is printed and nothing else.
fn exit_of(report: &Value, allows_incomplete: bool) -> i32 {
    let asked = report["exit"]["fail_on"].as_str().unwrap();
    let (is_fresh_only, least) = asked.strip_prefix("new:").map_or((false, asked), |least| (true, least));
    let rank = |severity: &str| ["info", "notice", "warning", "critical"].iter().position(|it| *it == severity);
    let fails = |finding: &&Value| {
        let status = finding["status"].as_str().unwrap();
        let counts = if is_fresh_only { ["new", "reopened"].contains(&status) } else { status != "resolved" };
        // A gap makes the run incomplete instead.
        counts
            && finding["incomplete"] != true
            && rank(least).is_some_and(|least| rank(finding["severity"].as_str().unwrap()) >= Some(least))
    };
    let failing = report["findings"].as_array().unwrap().iter().filter(fails).count();
    assert_eq!(report["exit"]["failing"], failing);
    let is_incomplete = !report["exit"]["incomplete"].as_array().unwrap().is_empty() && !allows_incomplete;
    if is_incomplete { 3 } else { i32::from(failing > 0) }
}

pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// `status code path` of each finding but those that every plain folder has.
pub(crate) fn lines(findings: &Value) -> Vec<String> {
    let findings = findings.as_array().unwrap().iter();
    let line = |it: &Value| {
        let path = it["path"].as_str().map_or_else(|| it["environments"].to_string(), str::to_owned);
        format!("{} {} {path}", it["status"].as_str().unwrap(), it["code"].as_str().unwrap())
    };
    findings.filter(|it| it["code"] != "not-versioned").map(line).collect()
}

pub(crate) fn find<'r>(findings: &'r Value, code: &str, path: &str) -> &'r Value {
    let is_it = |it: &&Value| it["code"] == code && it["path"] == path;
    findings.as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("no {code} at {path} in {findings:#}"))
}
