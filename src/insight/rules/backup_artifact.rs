use super::{Rule, at};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs, Older};

pub(super) const RULE: Rule = Rule {
    code: "backup-artifact",
    severity: Severity::Notice,
    finds: "A file that is called like a copy of another one (`X.bak`, `X.orig`, `X~`, `X_old.py`), and what it equals: the current file, \
            another environment's version, a committed version, or a state between two of these. A warning when nothing that is known has \
            its content.",
    matters: "It tells what was edited by hand and from which version; a deploy may ship it; and a unique one may be the only copy of \
              somebody's work.",
    example: "`MemberService.py.original` equals prod's `MemberService.py`; `MemberService.py.backup` is a middle state.",
    wrong: "Files that are just called so, such as sample data for a backup tool. A middle state is judged by lines: the same lines \
            added at the same places.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for evidence in inputs.artifacts {
        let name = |environment: usize| inputs.snapshots[environment].environment.as_str();
        let artifact = &evidence.artifact;
        let mut matter = Matter::new(RULE.code).with(name(artifact.at.environment)).with(if evidence.equals_current {
            "current"
        } else {
            ""
        });
        let mut equals: Vec<&str> = evidence.equals.iter().map(|environment| name(*environment)).collect();
        equals.sort_unstable();
        for other in equals {
            matter = matter.with(other);
        }
        if let Some((_, commit)) = &evidence.committed {
            matter = matter.with(&commit.id.0);
        }
        matter = match evidence.between.as_ref().map(|between| &between.older) {
            Some(Older::Artifact(path)) => matter.with("after artifact").with(path.as_bytes()),
            Some(Older::Environment(environment)) => matter.with("after environment").with(name(*environment)),
            Some(Older::Commit(_, commit)) => matter.with("after commit").with(&commit.id.0),
            None => matter,
        };
        let evidence = Evidence::Artifact(Box::new(evidence.clone()));
        let mut finding = at(&RULE, &artifact.path, vec![artifact.at.environment], matter, evidence);
        if matches!(&finding.evidence, Evidence::Artifact(evidence) if evidence.is_unique()) {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
}
