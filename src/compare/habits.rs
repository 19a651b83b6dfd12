//! What is usual in an environment, so that a difference of habits is one fact and not one for every path.

use std::collections::BTreeMap;

use crate::snapshot::{Attributes, Content, Snapshot};

/// What is usual in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Habits {
    /// The umask that explains the modes of most files and folders.
    ///
    /// `None` when modes are not known, or no umask explains more than half of them. Then every mode is taken as meant.
    pub umask: Option<u32>,
    /// The owner of at least two thirds of the entries, by name, or by number where there is no name.
    pub owner: Option<String>,
    /// The group of at least two thirds of the entries, likewise.
    pub group: Option<String>,
}

impl Habits {
    /// Looks at all entries once.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut umasks = BTreeMap::new();
        let mut owners = BTreeMap::new();
        let mut groups = BTreeMap::new();
        let (mut moded, mut owned) = (0, 0);
        for entry in &snapshot.entries {
            if snapshot.knows.permissions
                && let Some(umask) = implied_umask(&entry.content, entry.attributes.mode)
            {
                *umasks.entry(umask).or_insert(0usize) += 1;
                moded += 1;
            }
            if snapshot.knows.owners && !matches!(entry.content, Content::Unreadable { .. }) {
                *owners.entry(entry.attributes.uid).or_insert(0usize) += 1;
                *groups.entry(entry.attributes.gid).or_insert(0usize) += 1;
                owned += 1;
            }
        }
        Self {
            umask: most(&umasks).filter(|(_, count)| count * 2 > moded).map(|(umask, _)| umask),
            owner: most(&owners)
                .filter(|(_, count)| count * 3 >= owned * 2)
                .map(|(uid, _)| name(&snapshot.names.users, uid)),
            group: most(&groups)
                .filter(|(_, count)| count * 3 >= owned * 2)
                .map(|(gid, _)| name(&snapshot.names.groups, gid)),
        }
    }

    /// Whether a mode is what the umask makes of a new file or folder. Set-user-id, set-group-id, sticky and world-writable never are.
    pub(super) fn explains(&self, content: &Content, attributes: Attributes) -> bool {
        let mode = attributes.mode & 0o7777;
        let Some(umask) = self.umask else { return false };
        let full = if matches!(content, Content::Directory) || mode & 0o100 != 0 { 0o777 } else { 0o666 };
        mode & 0o7002 == 0 && mode == full & !umask
    }
}

/// The name behind a number, or the number where the environment has no name for it.
pub(crate) fn name(names: &BTreeMap<u32, String>, number: u32) -> String {
    names.get(&number).cloned().unwrap_or_else(|| number.to_string())
}

/// The umask under which a file or folder would get this mode; `None` when none would.
fn implied_umask(content: &Content, mode: u32) -> Option<u32> {
    let mode = mode & 0o7777;
    if mode & 0o7000 != 0 {
        return None;
    }
    match content {
        Content::Directory => Some(0o777 & !mode),
        Content::File(_) if mode & 0o100 != 0 => Some(0o777 & !mode),
        // A plain file does not show whether executing was masked; whoever masks reading masks it too.
        Content::File(_) if mode & 0o111 == 0 => {
            let masked = 0o666 & !mode;
            Some(masked | (masked & 0o444) >> 2)
        }
        _ => None,
    }
}

/// The key with the highest count, the lowest key among equals.
fn most(counts: &BTreeMap<u32, usize>) -> Option<(u32, usize)> {
    counts.iter().map(|(key, count)| (*key, *count)).rev().max_by_key(|(_, count)| *count)
}
