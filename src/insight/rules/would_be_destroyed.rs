use super::Rule;
use crate::insight::candidates::{BriefKind, BriefUnit, Standing};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "would-be-destroyed",
    severity: Severity::Warning,
    finds: "A change that one environment alone has of those that could be read, where it runs in production (`role = \"production\"`, or the baseline) or is in no history, in files \
            that another environment has without it: copying those over takes it away.",
    matters: "A hotfix typed on a server is gone with the next deploy, and the fault that it mended is back. Nobody is warned by the deploy itself.",
    example: "prod alone has \"change mailer.py\" (+12 -2); a deploy of staging or debug destroys it.",
    wrong: "The change was meant for that server alone and the deploy leaves its files out, or it is done elsewhere in other words. When there is too much \
            to look at for a first screen, nothing is found here, and the status says so.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for unit in &inputs.candidates.units {
        let is_production = inputs.wishes.production.get(unit.from).copied().unwrap_or(false);
        let is_alone = unit.targets.iter().all(|target| target.standing == Standing::Absent);
        let by: Vec<usize> =
            unit.targets.iter().filter(|target| target.is_destroyed).map(|target| target.environment).collect();
        if (is_production || unit.kind == BriefKind::Tree) && is_alone && !by.is_empty() {
            findings.push(finding(unit, by, inputs));
        }
    }
}

/// It is another matter when another environment would do it.
fn finding(unit: &BriefUnit, by: Vec<usize>, inputs: &Inputs<'_>) -> Finding {
    let name = |at: usize| inputs.snapshots[at].environment.as_str();
    let mut names: Vec<&str> = by.iter().map(|&at| name(at)).collect();
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
        evidence: Evidence::Destroyed { unit: Box::new(unit.clone()), by },
    }
}
