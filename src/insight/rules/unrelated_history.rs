use super::{Rule, about};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "unrelated-history",
    severity: Severity::Notice,
    finds: "An environment whose history has no commit in common with that of others.",
    matters: "git cannot say what was changed there since when, nor merge it with the others; only contents can be compared.",
    example: "On prod everything that lay there was committed at once, years after it was deployed.",
    wrong: "Where environments hold different projects on purpose. A history that was fetched in part may hide what they have in \
            common.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for unrelated in &inputs.lineage.unrelated {
        let mut others: Vec<&str> =
            unrelated.others.iter().map(|&at| inputs.snapshots[at].environment.as_str()).collect();
        others.sort_unstable();
        let matter = others.iter().fold(Matter::new(RULE.code), Matter::with);
        let evidence = Evidence::UnrelatedHistory { commits: unrelated.commits, others: unrelated.others.clone() };
        findings.push(about(&RULE, inputs.snapshots, unrelated.environment, matter, evidence));
    }
}
