use super::{Rule, at, with_groups};
use crate::compare::{Cell, Differences};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "line-endings",
    severity: Severity::Info,
    finds: "A text that differs only by line endings (CR LF or LF), a byte-order mark, or blanks at line ends.",
    matters: "It is noise that hides real drift, and it is not counted as drift. It tells of an editor or a transfer that converts texts.",
    example: "80 files of `oncallsreact/` end their lines with CR LF on debug and with LF elsewhere.",
    wrong: "Where a program minds: a shell script with CR LF does not start. Trailing space is never set aside in Python, YAML, \
            Makefiles, Markdown, patches, property files and tables.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    let quiet = |row: &crate::compare::Row<'_>| row.differences.intersects(Differences::QUIET_CONTENT);
    for row in inputs.comparison.rows().filter(quiet) {
        let classes = row.differences.without(row.differences.without(Differences::QUIET_CONTENT));
        let mut matter = with_groups(Matter::new(RULE.code), inputs.snapshots, row.cells);
        for class in classes.names() {
            matter = matter.with(class);
        }
        let environments = row.environments_where(Cell::is_present).collect();
        let evidence = Evidence::Quiet { pattern: row.pattern(), classes };
        findings.push(at(&RULE, row.path(inputs.snapshots), environments, matter, evidence));
    }
}
