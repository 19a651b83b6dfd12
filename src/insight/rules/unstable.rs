use super::{Rule, unreadable};
use crate::insight::Inputs;
use crate::insight::finding::{Finding, Severity};
use crate::snapshot::IncidentKind;

pub(super) const RULE: Rule = Rule {
    code: "unstable",
    severity: Severity::Warning,
    finds: "A file that changed each time it was read, or went away meanwhile.",
    matters: "What was read is no state that the file ever had, so it is neither equal nor different; the answer is incomplete.",
    example: "debug: `logs/app.log` grew while it was hashed.",
    wrong: "Logs and data files that are always written: leave them out with `ignore`.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    unreadable::report(&RULE, inputs, findings, |kind| kind == IncidentKind::Unstable);
}
