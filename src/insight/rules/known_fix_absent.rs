use super::{Rule, about};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::fixes::KnownFix;
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "known-fix-absent",
    severity: Severity::Warning,
    finds: "A fix of the configuration (`[[fix]]`) that an environment is expected to have, and lacks or has only in part. Where it cannot \
            be said, the answer is incomplete.",
    matters: "The fix was made and believed to be everywhere. A deploy from an old branch, a file that was restored, or one place that was \
              forgotten brings the mistake back without a word.",
    example: "`rate-limits` is partly in prod: src/routes/auth.py has no `@limiter.limit`.",
    wrong: "The same was done in other words: then the texts of `contains` and `lacks` are to be chosen anew. A text in a comment counts \
            as much as one in the code.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for known in inputs.fixes {
        let lacking = known.lacking();
        if !lacking.is_empty() {
            findings.push(lacked(known, lacking, inputs));
        }
        for environment in known.unproven() {
            // That an environment could not be read at all is said once.
            if inputs.snapshots[environment].unread_because().is_some() {
                continue;
            }
            let message = format!("whether it has the fix `{}` cannot be said", known.fix.id);
            let hint = Some(format!("driftline fixes {}", known.fix.id));
            let evidence = Evidence::Unread { kind: None, message, hint, paths: 0 };
            let matter = Matter::new(RULE.code).with("unproven").with(&known.fix.id);
            findings.push(about(&RULE, inputs.snapshots, environment, matter, evidence));
        }
    }
}

/// One finding for all environments that lack it. It is another matter when another one does, or has some of it.
fn lacked(known: &KnownFix, lacking: Vec<usize>, inputs: &Inputs<'_>) -> Finding {
    let mut places: Vec<(&str, &str)> = lacking
        .iter()
        .map(|&at| (inputs.snapshots[at].environment.as_str(), known.states[at].verdict.word()))
        .collect();
    places.sort_unstable();
    let matter = places
        .iter()
        .fold(Matter::new(RULE.code).with(&known.fix.id), |matter, (name, verdict)| matter.with(name).with(verdict));
    Finding {
        id: matter.id(),
        code: RULE.code,
        severity: RULE.severity,
        path: None,
        environments: lacking,
        evidence: Evidence::KnownFix(Box::new(known.clone())),
    }
}
