use super::{Rule, at, with_each, with_groups};
use crate::compare::Differences;
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::Content;

pub(super) const RULE: Rule = Rule {
    code: "content-differs",
    severity: Severity::Warning,
    finds: "A file that has other bytes in some environments than in others, beyond line endings, byte-order mark and trailing space.",
    matters: "The environments do not run the same code or configuration. The lonely version is often the one that holds the fix.",
    example: "`MemberService.py` is A on prod and staging and B on debug: debug has an edit that was never shipped.",
    wrong: "Files that are meant to differ, such as local configuration or generated output: leave them out with `ignore`.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for row in inputs.comparison.rows().filter(|row| row.differences.contains(Differences::CONTENT)) {
        let size = |environment| match row.content(inputs.snapshots, environment) {
            Some(Content::File(file)) => Some(file.size),
            _ => None,
        };
        let sizes: Vec<Option<u64>> = (0..row.cells.len()).map(size).collect();
        let matter = with_groups(Matter::new(RULE.code), inputs.snapshots, row.cells);
        let matter = with_each(matter, inputs.snapshots, &sizes, |size| size.to_le_bytes().to_vec());
        let environments = row.environments_where(crate::compare::Cell::is_present).collect();
        let evidence = Evidence::Content { pattern: row.pattern(), sizes };
        findings.push(at(&RULE, row.path(inputs.snapshots), environments, matter, evidence));
    }
}
