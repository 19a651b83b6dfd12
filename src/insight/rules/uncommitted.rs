use super::{Rule, about, checkouts};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::Stage;

pub(super) const RULE: Rule = Rule {
    code: "uncommitted",
    severity: Severity::Warning,
    finds: "Changes in a checkout that are in no commit: staged, unstaged and untracked. One finding for each environment.",
    matters: "They exist in this place only. The next deploy, reset or disk failure loses them, and nobody else can see them.",
    example: "debug has 53 uncommitted changes, among them a fix in `MemberService.py`.",
    wrong: "Files that are made at run time: have git ignore them there.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, status) in checkouts(inputs).filter(|(_, status)| !status.changes.is_empty()) {
        let count = |stage| status.changes.iter().filter(|change| change.stage == stage).count();
        let matter = status.changes.iter().fold(Matter::new(RULE.code), |matter, change| {
            matter.with(change.path.as_bytes()).with(format!("{:?} {:?}", change.stage, change.kind))
        });
        let evidence = Evidence::Uncommitted {
            changes: status.changes.clone(),
            staged: count(Stage::Staged),
            unstaged: count(Stage::Unstaged),
            untracked: count(Stage::Untracked),
        };
        findings.push(about(&RULE, inputs.snapshots, environment, matter, evidence));
    }
}
