use super::{Rule, grouped, with_each};
use crate::compare::{Cell, Differences};
use crate::insight::finding::{Finding, FindingId, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "mode-differs",
    severity: Severity::Notice,
    finds: "Permission bits that differ beyond what each environment's usual umask explains. Whether the owner may execute a file is \
            always compared, also with a git ref, and is a warning. Many paths that differ in the same way are one finding.",
    matters: "A script without its executable bit does not run; a file that others may read or write lays open what is in it.",
    example: "`scripts/db_backup.sh` is 0755 in the repository and 0644 on the server.",
    wrong: "Environments on file systems that keep no modes. Set-user-id, set-group-id and world-writable are never explained away by an umask.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    let differing = inputs.comparison.rows().filter_map(|row| {
        let executable = row.differences.contains(Differences::EXECUTABLE);
        if !executable && !row.differences.contains(Differences::MODE) {
            return None;
        }
        let mode = |environment: usize| {
            let snapshot = &inputs.snapshots[environment];
            let entry = row.entry(environment).filter(|_| row.cells[environment].is_present())?;
            if snapshot.knows.executable_unknown {
                return None;
            }
            let known = if snapshot.knows.permissions { 0o7777 } else { 0o100 };
            Some(snapshot.entries[entry].attributes.mode & known)
        };
        let modes: Vec<Option<u32>> = (0..row.cells.len()).map(mode).collect();
        let environments: Vec<usize> = row.environments_where(Cell::is_present).collect();
        Some(((executable, modes, environments), row.path(inputs.snapshots).clone()))
    });
    grouped::report(differing, findings, |(executable, modes, environments), paths| {
        let matter = with_each(Matter::new(RULE.code), inputs.snapshots, modes, |mode| mode.to_le_bytes().to_vec());
        let finding = Finding {
            id: FindingId::default(),
            code: RULE.code,
            severity: if *executable { Severity::Warning } else { RULE.severity },
            path: None,
            environments: environments.clone(),
            evidence: Evidence::Modes { modes: modes.clone(), executable: *executable, paths },
        };
        (finding, matter)
    });
}
