use super::{Rule, at, with_each};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

pub(super) const RULE: Rule = Rule {
    code: "secret-readable",
    severity: Severity::Warning,
    finds: "A file that holds secrets by its name (`.env`, `credentials.json`, or one that `sensitive` names) and that every user of the \
            machine may read or write. Keys are a matter of `private-key-in-tree` as well.",
    matters: "Whoever gets in as the least of users, by any other service, has the passwords too.",
    example: "`.env` on the server is 0644.",
    wrong: "Certificates, which are called like keys and are for everybody: write `sensitive = [\"!*.crt.pem\"]`. A machine on which nobody else \
            can get at the folder: what is above the environment is not looked at.",
    apply,
};

/// Everybody may read or write.
const BY_OTHERS: u32 = 0o006;

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    let Some(redactor) = inputs.wishes.redactor else { return };
    for row in inputs.comparison.rows().filter(|row| !row.is_folder) {
        let path = row.path(inputs.snapshots);
        let readable = |environment: usize| {
            let snapshot = &inputs.snapshots[environment];
            let entry = &snapshot.entries[row.entry(environment)?];
            let mode = entry.attributes.mode;
            let is_open = snapshot.knows.permissions && mode & BY_OTHERS != 0;
            (is_open && matches!(entry.content, Content::File(_)) && is_reachable(path, snapshot)).then_some(mode)
        };
        // Modes are a number each; what is sensitive takes looking at the name.
        let modes: Vec<Option<u32>> = (0..inputs.snapshots.len()).map(readable).collect();
        if modes.iter().all(Option::is_none) || !redactor.is_sensitive(path) {
            continue;
        }
        let environments = (0..modes.len()).filter(|&environment| modes[environment].is_some()).collect();
        let matter = with_each(Matter::new(RULE.code), inputs.snapshots, &modes, |mode| mode.to_le_bytes().to_vec());
        findings.push(at(&RULE, path, environments, matter, Evidence::Readable { modes }));
    }
}

/// Whether every user may go through all folders above, as far as the environment reaches.
fn is_reachable(path: &TreePath, snapshot: &Snapshot) -> bool {
    let mut folders = std::iter::successors(path.parent(), TreePath::parent);
    folders.all(|folder| snapshot.find(&folder).is_none_or(|at| snapshot.entries[at].attributes.mode & 0o001 != 0))
}
