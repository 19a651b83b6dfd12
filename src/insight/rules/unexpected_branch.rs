use super::{Rule, about, checkouts};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::Head;

pub(super) const RULE: Rule = Rule {
    code: "unexpected-branch",
    severity: Severity::Warning,
    finds: "A checkout that is on another branch than the one its environment should have (`branch` in the configuration), or on none.",
    matters: "What runs is not what was reviewed and released, and the next deploy of the right branch takes it away.",
    example: "`[env.server]` says `branch = \"main\"`, and the server runs `audit-production-readiness`.",
    wrong: "Deploys that check out a commit or a tag have no branch: leave `branch` out there.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, status) in checkouts(inputs) {
        let Some(expected) = inputs.wishes.expect.get(environment).and_then(|expect| expect.branch.clone()) else {
            continue;
        };
        let found = match &status.head {
            Head::Branch(name) | Head::Unborn(name) => Some(name.clone()),
            Head::Detached => None,
        };
        if found.as_ref() != Some(&expected) {
            let matter = Matter::new(RULE.code).with(&expected).with(found.as_deref().unwrap_or("\0"));
            let evidence = Evidence::Branch { expected, found };
            findings.push(about(&RULE, inputs.snapshots, environment, matter, evidence));
        }
    }
}
