//! Stashes as units.

use super::found::Found;
use super::{Unit, UnitId, UnitKind, file_changes};
use crate::snapshot::{CommitId, CommitReader, GitState, ReadFailure, Snapshot, Stash, TreeChange};

/// The stashes of a checkout, oldest first: what each has over the commit it was made on, with the files that git did not know.
pub fn stashes(environment: usize, snapshots: &[Snapshot], commits: &dyn CommitReader) -> Found {
    let mut found = Found::default();
    let GitState::Checkout(status) = &snapshots[environment].git else { return found };
    for stash in status.stashes.iter().rev() {
        match unit(environment, stash, commits) {
            Ok(unit) => found.units.extend(unit),
            Err(failure) => found.failures.push(failure.to_string()),
        }
    }
    found
}

/// The name of a stash as a unit.
pub fn stash_id(commit: &CommitId) -> UnitId {
    UnitId::new([&b"stash"[..], &commit.0])
}

fn unit(environment: usize, stash: &Stash, commits: &dyn CommitReader) -> Result<Option<Unit>, ReadFailure> {
    let Some(record) = commits.record(environment, &stash.id)? else { return Ok(None) };
    let Some(base) = record.parents.first() else { return Ok(None) };
    let mut changes = commits.changes(environment, Some(base), &stash.id)?;
    if let Some(unknown) = record.parents.get(2) {
        let known = changes.len();
        for come in commits.changes(environment, None, unknown)? {
            match changes[..known].binary_search_by(|change| change.path.cmp(&come.path)) {
                Ok(at) => changes[at].after = come.after,
                // It may be there all the same, in a file that git was told to forget.
                Err(_) => changes.push(TreeChange { before: commits.at(environment, base, &come.path)?, ..come }),
            }
        }
        changes.retain(|change| change.before != change.after);
    }
    let changes = file_changes(environment, &changes);
    Ok((!changes.is_empty()).then(|| Unit {
        id: stash_id(&stash.id),
        kind: UnitKind::Stash { commit: stash.id.clone() },
        from: environment,
        title: stash.message.clone(),
        author: record.summary.author,
        authored: Some(stash.made),
        changes,
    }))
}
