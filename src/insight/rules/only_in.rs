use super::Rule;
use super::presence;
use crate::insight::Inputs;
use crate::insight::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "only-in",
    severity: Severity::Warning,
    finds: "A path that one environment has and all others lack; or that at most half of them have. A folder with everything below it that is \
            missing in the same places is one finding. An empty folder is for the record only: git cannot keep one.",
    matters: "It may be a fix or a script that exists nowhere else, or something left behind. Copying another environment over this one may \
              destroy it.",
    example: "`scripts/hotfix.py` is on prod only.",
    wrong: "Files that are made at run time: leave them out with `ignore`. With two environments every path that one lacks is reported here.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    presence::report(&RULE, inputs, findings, |present, absent| present <= absent);
}
