use super::Rule;
use super::presence;
use crate::insight::Inputs;
use crate::insight::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "absent-in",
    severity: Severity::Warning,
    finds: "A path that one environment lacks and all others have; or that less than half of them lack. A folder with everything below it that \
            is missing in the same places is one finding.",
    matters: "What the others run or read is not there: an incomplete deploy, a deleted file, a module that another one requires.",
    example: "`frontend/` is on staging and debug and not on prod.",
    wrong: "Parts that are not deployed everywhere on purpose. What could not be read is never called absent.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    presence::report(&RULE, inputs, findings, |present, absent| present > absent);
}
