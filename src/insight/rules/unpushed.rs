use super::{Rule, about, checkouts};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "unpushed",
    severity: Severity::Notice,
    finds: "Commits of a checkout that none of its remote-tracking branches has.",
    matters: "They exist on this server only, and are lost with it.",
    example: "debug committed its work in one commit and never pushed it.",
    wrong: "The commits may be on the remote by now: remote-tracking branches are as old as the last fetch. Without any \
            remote-tracking branch nothing is said.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, status) in checkouts(inputs) {
        let Some(unpushed) = status.unpushed.as_ref().filter(|unpushed| !unpushed.is_empty()) else { continue };
        let matter = unpushed.iter().fold(Matter::new(RULE.code), |matter, commit| matter.with(&commit.id.0));
        let evidence = Evidence::Unpushed { commits: unpushed.clone() };
        findings.push(about(&RULE, inputs.snapshots, environment, matter, evidence));
    }
}
