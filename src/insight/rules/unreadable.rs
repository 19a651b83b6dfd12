use std::collections::BTreeMap;

use super::{Rule, about, checkouts};
use crate::compare::{Cell, Comparison, IN_SUBMODULE, NOT_COMPARED};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::{GitState, IncidentId, IncidentKind};

pub(super) const RULE: Rule = Rule {
    code: "unreadable",
    severity: Severity::Warning,
    finds: "An environment, folder or file that could not be read, and how many paths are unknown because of it. A notice where files were \
            compared and only the repository, or a part of it, could not be judged.",
    matters: "The answer is incomplete. Nothing that could not be read is called missing, equal or different.",
    example: "debug: `private/` cannot be listed (permission denied); 12 paths that others have below it are unknown.",
    wrong: "The content of submodules is never in a git ref: leave the submodule out with `ignore` if that is known.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    report(&RULE, inputs, findings, |kind| kind != IncidentKind::Unstable);
    let unknown = unknown_paths(inputs.comparison);
    for (environment, snapshot) in inputs.snapshots.iter().enumerate() {
        for (reason, message) in [
            (NOT_COMPARED, "files have one size here and elsewhere and were not compared"),
            (IN_SUBMODULE, "paths lie in submodules, whose content this git ref does not hold"),
        ] {
            let Some(&paths) = unknown.get(&(environment, reason)) else { continue };
            let evidence = Evidence::Unread { kind: None, message: message.to_owned(), hint: None, paths };
            let matter = Matter::new(RULE.code).with(message).number(paths as u64);
            findings.push(about(&RULE, inputs.snapshots, environment, matter, evidence));
        }
        if let (GitState::Unknown { reason }, None) = (&snapshot.git, snapshot.unread_because()) {
            let evidence = Evidence::GitUnknown { reason: reason.clone() };
            let matter = Matter::new(RULE.code).with("repository").with(reason);
            let finding = about(&RULE, inputs.snapshots, environment, matter, evidence);
            findings.push(Finding { severity: Severity::Notice, ..finding });
        }
    }
    for (environment, status) in checkouts(inputs).filter(|(_, status)| !status.not_judged.is_empty()) {
        let matter = status.not_judged.iter().fold(Matter::new(RULE.code).with("not judged"), |matter, path| {
            matter.with(path.path.as_bytes()).with(&path.reason)
        });
        let evidence = Evidence::NotJudged { paths: status.not_judged.clone() };
        let finding = about(&RULE, inputs.snapshots, environment, matter, evidence);
        findings.push(Finding { severity: Severity::Notice, ..finding });
    }
}

/// One finding for each incident of a kind that makes the answer incomplete.
pub(super) fn report(rule: &Rule, inputs: &Inputs<'_>, findings: &mut Vec<Finding>, chosen: fn(IncidentKind) -> bool) {
    let unknown = unknown_paths(inputs.comparison);
    for (environment, snapshot) in inputs.snapshots.iter().enumerate() {
        for (number, incident) in snapshot.incidents.iter().enumerate() {
            if !incident.kind.is_incomplete() || !chosen(incident.kind) {
                continue;
            }
            let paths = unknown.get(&(environment, IncidentId(number as u32))).copied().unwrap_or(0);
            let evidence = Evidence::Unread {
                kind: Some(incident.kind),
                message: incident.message.clone(),
                hint: incident.hint.clone(),
                paths,
            };
            let place = incident.path.as_ref().map_or(&b""[..], |path| path.as_bytes());
            let matter = Matter::new(rule.code).with(place).with(&incident.message);
            let finding = about(rule, inputs.snapshots, environment, matter, evidence);
            findings.push(Finding { path: incident.path.clone(), ..finding });
        }
    }
}

/// How many paths are unknown, by environment and reason.
fn unknown_paths(comparison: &Comparison) -> BTreeMap<(usize, IncidentId), usize> {
    let mut counts = BTreeMap::new();
    for row in comparison.rows() {
        for (environment, cell) in row.cells.iter().enumerate() {
            if let Cell::Unreadable(incident) = cell {
                *counts.entry((environment, *incident)).or_insert(0) += 1;
            }
        }
    }
    counts
}
