use super::{Rule, about, checkouts};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "stashed",
    severity: Severity::Notice,
    finds: "Stashes in a checkout.",
    matters: "A stash is work that somebody put aside on this server, in no branch and on no other machine.",
    example: "staging has a stash `WIP on main: retry the mail gateway`, made 90 days ago.",
    wrong: "The same work may have been committed since.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, status) in checkouts(inputs).filter(|(_, status)| !status.stashes.is_empty()) {
        let matter = status.stashes.iter().fold(Matter::new(RULE.code), |matter, stash| matter.with(&stash.id.0));
        let evidence = Evidence::Stashed { stashes: status.stashes.clone() };
        findings.push(about(&RULE, inputs.snapshots, environment, matter, evidence));
    }
}
