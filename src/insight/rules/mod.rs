//! The rules: one file and one lasting code each.

mod absent_in;
mod backup_artifact;
mod content_differs;
mod grouped;
mod known_fix_absent;
mod line_endings;
mod link_differs;
mod mode_differs;
mod moved;
mod not_versioned;
mod only_in;
mod owner_differs;
mod presence;
mod private_key_in_tree;
mod secret_readable;
mod stashed;
mod type_differs;
mod uncommitted;
mod unexpected_branch;
mod unexpected_owner;
mod unfinished_operation;
mod unpushed;
mod unreadable;
mod unrelated_history;
mod unshared_fix;
mod unstable;
mod would_be_destroyed;

use crate::compare::{Differences, Row};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::path::TreePath;
use crate::snapshot::{GitState, GitStatus, Snapshot};

/// What judges, and its documentation.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its lasting name: small letters and hyphens.
    pub code: &'static str,
    /// The severity that its findings usually have; the documentation says when it is another.
    pub severity: Severity,
    /// What it finds.
    pub finds: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// An example.
    pub example: &'static str,
    /// When it is wrong.
    pub wrong: &'static str,
    apply: fn(&Inputs<'_>, &mut Vec<Finding>),
}

/// All rules, in the order in which their findings are shown among equally severe ones.
pub static RULES: &[Rule] = &[
    unreadable::RULE,
    unstable::RULE,
    private_key_in_tree::RULE,
    secret_readable::RULE,
    known_fix_absent::RULE,
    would_be_destroyed::RULE,
    content_differs::RULE,
    type_differs::RULE,
    link_differs::RULE,
    moved::RULE,
    only_in::RULE,
    absent_in::RULE,
    uncommitted::RULE,
    unfinished_operation::RULE,
    unexpected_branch::RULE,
    unexpected_owner::RULE,
    backup_artifact::RULE,
    unpushed::RULE,
    stashed::RULE,
    unshared_fix::RULE,
    mode_differs::RULE,
    owner_differs::RULE,
    not_versioned::RULE,
    unrelated_history::RULE,
    line_endings::RULE,
];

/// Finds a rule by its code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// Applies all rules. Findings come most severe first; among these, those within a focus path; then in the order of the rules, by path,
/// environments and id.
pub fn judge(inputs: &Inputs<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        let before = findings.len();
        (rule.apply)(inputs, &mut findings);
        if let Some(severity) = inputs.wishes.severity(rule.code) {
            findings[before..].iter_mut().for_each(|finding| finding.severity = severity);
        }
    }
    let in_focus = |finding: &Finding| {
        finding.path.as_ref().is_some_and(|path| inputs.focus.iter().any(|focus| path.is_within(focus)))
    };
    let order = |finding: &Finding| RULES.iter().position(|rule| rule.code == finding.code);
    findings.sort_by_cached_key(|finding| {
        (
            std::cmp::Reverse(finding.severity),
            !in_focus(finding),
            order(finding),
            finding.path.clone(),
            finding.environments.clone(),
            finding.id,
        )
    });
    findings
}

/// How severe it is what a row by itself shows, as its findings would be: content, kind, presence, modes and owners.
pub fn severity(row: &Row<'_>) -> Option<Severity> {
    let modes_and_owners = Differences::MODE | Differences::OWNER | Differences::GROUP;
    if row.is_drift() || row.differences.contains(Differences::EXECUTABLE) {
        return Some(content_differs::RULE.severity);
    }
    let is_quiet = || row.differences.intersects(Differences::QUIET_CONTENT).then_some(line_endings::RULE.severity);
    let notable = row.differences.intersects(modes_and_owners).then_some(mode_differs::RULE.severity);
    notable.or_else(is_quiet)
}

/// A finding about a path.
fn at(rule: &Rule, path: &TreePath, environments: Vec<usize>, matter: Matter, evidence: Evidence) -> Finding {
    Finding {
        id: matter.with(path.as_bytes()).id(),
        code: rule.code,
        severity: rule.severity,
        path: Some(path.clone()),
        environments,
        evidence,
    }
}

/// A finding about one environment as a whole.
fn about(rule: &Rule, snapshots: &[Snapshot], environment: usize, matter: Matter, evidence: Evidence) -> Finding {
    Finding {
        id: matter.with(snapshots[environment].environment.as_str()).id(),
        code: rule.code,
        severity: rule.severity,
        path: None,
        environments: vec![environment],
        evidence,
    }
}

/// Adds what each environment has to a matter, so that the order of environments does not count.
fn with_each<T>(
    mut matter: Matter,
    snapshots: &[Snapshot],
    what: &[Option<T>],
    bytes: impl Fn(&T) -> Vec<u8>,
) -> Matter {
    let mut order: Vec<usize> = (0..snapshots.len()).collect();
    order.sort_by_key(|&environment| &snapshots[environment].environment);
    for environment in order {
        let Some(Some(what)) = what.get(environment) else { continue };
        matter = matter.with(snapshots[environment].environment.as_str()).with(bytes(what));
    }
    matter
}

/// Adds who agrees with whom, whatever the order of environments.
fn with_groups(matter: Matter, snapshots: &[Snapshot], cells: &[crate::compare::Cell]) -> Matter {
    use crate::compare::Cell;
    let groups: Vec<Option<Vec<u8>>> = cells
        .iter()
        .map(|cell| match cell {
            Cell::Absent => Some(b"-".to_vec()),
            Cell::Unreadable(_) => Some(b"!".to_vec()),
            Cell::Variant(_) => {
                // A variant is named by the first of its environments by name.
                let members = cells.iter().zip(snapshots).filter(|(other, _)| *other == cell);
                members.map(|(_, snapshot)| snapshot.environment.as_str().as_bytes().to_vec()).min()
            }
        })
        .collect();
    with_each(matter, snapshots, &groups, Clone::clone)
}

/// Each checkout with the number of its environment.
fn checkouts<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = (usize, &'a GitStatus)> {
    inputs.snapshots.iter().enumerate().filter_map(|(environment, snapshot)| match &snapshot.git {
        GitState::Checkout(status) => Some((environment, &**status)),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
