use super::{Rule, at, with_each};
use crate::compare::{Cell, Differences};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::Content;

pub(super) const RULE: Rule = Rule {
    code: "link-differs",
    severity: Severity::Warning,
    finds: "A symbolic link that points elsewhere in some environments, or a submodule that git trees name at other commits.",
    matters: "Everything that is reached through it is something else there: another release, other settings, another log.",
    example: "`config` points to `config.prod` on prod and to `config.old` on staging.",
    wrong: "Links that name the environment on purpose, and absolute links below roots with other names.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for row in inputs.comparison.rows().filter(|row| row.differences.contains(Differences::TARGET)) {
        let target = |environment| match row.content(inputs.snapshots, environment) {
            Some(Content::Symlink { target }) => Some(target.clone()),
            Some(Content::Submodule { commit }) => Some(commit.to_string().into_bytes().into()),
            _ => None,
        };
        let targets: Vec<Option<Box<[u8]>>> = (0..row.cells.len()).map(target).collect();
        let matter = with_each(Matter::new(RULE.code), inputs.snapshots, &targets, |target| target.to_vec());
        let environments = row.environments_where(Cell::is_present).collect();
        findings.push(at(&RULE, row.path(inputs.snapshots), environments, matter, Evidence::Targets { targets }));
    }
}
