use super::{Rule, at, with_each};
use crate::compare::{Cell, Differences};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs, Kind};
use crate::snapshot::Content;

pub(super) const RULE: Rule = Rule {
    code: "type-differs",
    severity: Severity::Warning,
    finds: "A path that is a file in one environment and a folder, a link or something else in another.",
    matters: "A deploy that copies over it fails, or writes through a link into a place that nobody meant.",
    example: "`current` is a link to a release on prod and a folder on debug.",
    wrong: "A submodule of a git tree and the folder it is checked out to are not told apart, since neither is wrong.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for row in inputs.comparison.rows().filter(|row| row.differences.contains(Differences::KIND)) {
        let kinds: Vec<Option<Kind>> =
            (0..row.cells.len()).map(|environment| kind(row.content(inputs.snapshots, environment)?)).collect();
        let matter =
            with_each(Matter::new(RULE.code), inputs.snapshots, &kinds, |kind| format!("{kind:?}").into_bytes());
        let environments = row.environments_where(Cell::is_present).collect();
        findings.push(at(&RULE, row.path(inputs.snapshots), environments, matter, Evidence::Kinds { kinds }));
    }
}

fn kind(content: &Content) -> Option<Kind> {
    match content {
        Content::File(_) => Some(Kind::File),
        Content::Symlink { .. } => Some(Kind::Symlink),
        Content::Directory => Some(Kind::Directory),
        Content::Submodule { .. } => Some(Kind::Submodule),
        Content::Special(special) => Some(Kind::Special(*special)),
        Content::Unreadable { .. } => None,
    }
}
