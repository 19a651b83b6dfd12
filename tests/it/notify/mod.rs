//! Whoever the configuration names is told of what changed, once, and of nothing else; run as a user runs it, with servers that write down
//! what they get.

mod mail;
mod nights;
mod secrets;
mod servers;
mod webhook;

use crate::report::Project;
use crate::support::run::Run;

const CHAT: &str = "[notify.chat]\nurl_env = \"HOOK\"\n";

/// Two environments that differ in one file.
fn two(config: &str) -> Project {
    Project::new(
        config,
        &[
            ("prod", "app.py", "a\n"),
            ("staging", "app.py", "bb\n"),
            ("prod", "lib.py", "l\n"),
            ("staging", "lib.py", "l\n"),
        ],
    )
}

/// A report of a night, with these variables set.
#[track_caller]
fn report(project: &Project, night: i64, variables: &[(&str, &str)], status: i32) -> Run {
    let mut command = project.command(night, &["report", "--out", "out"]);
    command.envs(variables.iter().copied());
    project.env.run(&mut command).expect(status)
}

/// `code subject` of each finding in a list of a message.
fn named(findings: &serde_json::Value) -> Vec<String> {
    let findings = findings.as_array().unwrap().iter();
    let line = |it: &serde_json::Value| format!("{} {}", it["code"].as_str().unwrap(), it["subject"].as_str().unwrap());
    findings.filter(|it| it["code"] != "not-versioned").map(line).collect()
}
