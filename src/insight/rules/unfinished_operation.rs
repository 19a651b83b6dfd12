use super::{Rule, about, checkouts};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "unfinished-operation",
    severity: Severity::Warning,
    finds: "A merge, rebase, cherry-pick, revert, bisect or `git am` that was begun in a checkout and not ended.",
    matters: "Files may hold conflict markers or a state between two versions, and the next git command there may go wrong.",
    example: "staging is in the middle of a merge since last week.",
    wrong: "Somebody is just working there.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, status) in checkouts(inputs) {
        let Some(operation) = status.operation else { continue };
        let matter = Matter::new(RULE.code).with(format!("{operation:?}"));
        findings.push(about(&RULE, inputs.snapshots, environment, matter, Evidence::UnfinishedOperation { operation }));
    }
}
