use super::{Rule, about};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::GitState;

pub(super) const RULE: Rule = Rule {
    code: "not-versioned",
    severity: Severity::Info,
    finds: "An environment whose files are in no repository.",
    matters: "Nobody can tell from it what was changed there, when and by whom; only a comparison with others can.",
    example: "prod is a plain folder that files were copied to for years.",
    wrong: "Where deploys copy files on purpose, this is how it should be.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, snapshot) in inputs.snapshots.iter().enumerate() {
        if snapshot.git == GitState::None && snapshot.unread_because().is_none() {
            let matter = Matter::new(RULE.code);
            findings.push(about(&RULE, inputs.snapshots, environment, matter, Evidence::NotVersioned));
        }
    }
}
