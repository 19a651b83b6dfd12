use super::Rule;
use crate::insight::candidates::BriefUnit;
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "unshared-fix",
    severity: Severity::Notice,
    finds: "A change that one environment has and another lacks, in whole or in part: a commit, an uncommitted edit, a stash, what a tree \
            without git has of its own. One finding for each, as `driftline candidates` lists them; changes of nothing but changelogs and lock \
            files are none.",
    matters: "A fix that is in one place only is not in force in the others, and may be lost where it is: nobody carries over what nobody \
              knows about. That files differ is a warning of its own; this says which change it is.",
    example: "debug has 8a21f0c \"last day of the month\", which prod lacks and to which it applies.",
    wrong: "It is no fix but work that is not to be shared yet, or the others do the same in other words, which cannot be proven. When there is too \
            much to look at for a first screen, nothing is found here, and the status says so.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for unit in &inputs.candidates.units {
        let lacking = unit.lacking();
        if !lacking.is_empty() {
            findings.push(finding(unit, &lacking, inputs));
        }
    }
}

/// It is another matter when another environment lacks it.
fn finding(unit: &BriefUnit, lacking: &[usize], inputs: &Inputs<'_>) -> Finding {
    let name = |at: usize| inputs.snapshots[at].environment.as_str();
    let mut names: Vec<&str> = lacking.iter().map(|&at| name(at)).collect();
    names.sort_unstable();
    let path = unit.path();
    let matter = Matter::new(RULE.code).with(path.as_ref().map_or(&b""[..], |path| path.as_bytes()));
    let matter = matter.with(unit.id.to_string()).with(name(unit.from));
    let matter = names.into_iter().fold(matter, Matter::with);
    Finding {
        id: matter.id(),
        code: RULE.code,
        severity: RULE.severity,
        path,
        environments: vec![unit.from],
        evidence: Evidence::Unshared(Box::new(unit.clone())),
    }
}
