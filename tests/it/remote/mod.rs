//! Environments on other machines: real `sshd` on the loopback interface, and command prefixes.

mod canary;
mod crowd;
mod cut;
mod depth;
mod ends;
mod faults;
mod git;
mod git_hostile;
mod installed;
mod load;
mod oncalls;
mod places;
mod reading;
mod secrets;
mod staying;
mod texts;

use std::path::Path;

use driftline::config::SourceSpec;

use crate::support::collecting::Plan;

/// A command prefix; what is asked of it is added as further words.
fn exec(command: &[&str], path: &Path) -> SourceSpec {
    let command = command.iter().map(|&word| word.to_owned()).collect();
    SourceSpec::Exec { command, path: path.to_owned(), rate: None, depth: None }
}

/// The first environment is where the plan says; the others are these.
fn plan(first: &Path, others: Vec<SourceSpec>) -> Plan {
    let folders: Vec<&Path> = std::iter::repeat_n(first, others.len() + 1).collect();
    let mut plan = Plan::of(&folders);
    for (environment, source) in plan.environments[1..].iter_mut().zip(others) {
        environment.source = source;
    }
    plan
}
