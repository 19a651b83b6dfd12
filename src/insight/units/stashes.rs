//! Stashes as units.

use super::found::Found;
use super::{FileChange, Unit, UnitId, UnitKind, file_changes};
use crate::snapshot::{CommitId, CommitReader, GitState, ReadFailure, Snapshot, Stash};

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
    let mut changes: Vec<FileChange> = file_changes(environment, &commits.changes(environment, Some(base), &stash.id)?);
    if let Some(unknown) = record.parents.get(2) {
        changes.extend(file_changes(environment, &commits.changes(environment, None, unknown)?));
        changes.sort_by(|a, b| a.path().cmp(b.path()));
    }
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
