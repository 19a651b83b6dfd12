//! Commits as units.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{FileChange, Side, Unit, UnitId, UnitKind, Version};
use crate::snapshot::{Beyond, Blob, BlobId, CommitId, CommitReader, CommitRecord, ReadFailure, TreeChange};

/// The commits of `from` that at least one of `others` does not reach, parents before their children.
///
/// Commits that change nothing inside the environment, those whose parents were never fetched, and merges are left out: what a merge brings
/// together are the commits that it merges, and these are here.
///
/// # Cost
/// Two trees are walked in step for each commit, on the threads of the current pool; no content is read.
pub fn commits(beyond: &Beyond, from: usize, reader: &dyn CommitReader) -> Result<Vec<Unit>, ReadFailure> {
    let unit = |record: &CommitRecord| {
        let changes = reader.changes(from, record.parents.first(), &record.summary.id)?;
        Ok((!changes.is_empty()).then(|| unit(record, from, &changes)))
    };
    let is_one = |record: &&CommitRecord| !record.is_cut && record.parents.len() <= 1;
    let units: Result<Vec<Option<Unit>>, ReadFailure> = beyond.commits.par_iter().filter(is_one).map(unit).collect();
    Ok(units?.into_iter().flatten().collect())
}

/// A commit as a unit, whatever it is against.
fn unit(record: &CommitRecord, from: usize, changes: &[TreeChange]) -> Unit {
    let summary = &record.summary;
    Unit {
        id: commit_id(&summary.id),
        kind: UnitKind::Commit { commit: summary.id.clone() },
        from,
        title: summary.subject.clone(),
        author: summary.author.clone(),
        authored: Some(summary.authored),
        changes: file_changes(from, changes),
    }
}

/// The name of a commit as a unit: the same wherever it is found.
pub fn commit_id(commit: &CommitId) -> UnitId {
    UnitId::new([&b"commit"[..], &commit.0])
}

/// The name of an empty content.
const EMPTY: BlobId = [
    0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2, 0xe4, 0x8c, 0x53,
    0x91,
];

/// Changes of a tree as changes of files: a content that went away and came up under one other path was renamed, unless there is nothing in it.
/// Sorted by path.
pub fn file_changes(environment: usize, changes: &[TreeChange]) -> Vec<FileChange> {
    let mut gone: BTreeMap<BlobId, Vec<usize>> = BTreeMap::new();
    let mut come: BTreeMap<BlobId, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        match (&change.before, &change.after) {
            (Some(before), None) => gone.entry(before.id).or_default().push(at),
            (None, Some(after)) => come.entry(after.id).or_default().push(at),
            _ => {}
        }
    }
    let mut from_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (id, gone) in gone.iter().filter(|(id, _)| **id != EMPTY) {
        if let ([from], Some([to])) = (&gone[..], come.get(id).map(|come| &come[..])) {
            from_of.insert(*to, *from);
        }
    }
    let moved_away: BTreeSet<usize> = from_of.values().copied().collect();
    let side = |change: &TreeChange, blob: Option<Blob>| {
        blob.map(|blob| Side {
            path: change.path.clone(),
            kind: blob.kind,
            version: Version::Blob { environment, id: blob.id },
        })
    };
    let mut found: Vec<FileChange> = changes
        .iter()
        .enumerate()
        .filter(|(at, _)| !moved_away.contains(at))
        .map(|(at, change)| {
            let origin = from_of.get(&at).map_or(change, |&from| &changes[from]);
            FileChange { before: side(origin, origin.before), after: side(change, change.after) }
        })
        .collect();
    found.sort_by(|a, b| a.path().cmp(b.path()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::TreePath;
    use crate::snapshot::BlobKind;

    fn change(path: &str, before: Option<u8>, after: Option<u8>) -> TreeChange {
        let blob = |byte: u8| Blob { id: [byte; 20], kind: BlobKind::File };
        TreeChange { path: TreePath::new(path.as_bytes()).unwrap(), before: before.map(blob), after: after.map(blob) }
    }

    #[test]
    fn only_an_unambiguous_content_was_renamed() {
        let changes = file_changes(
            0,
            &[
                change("a", Some(1), None),
                change("b", None, Some(1)),
                change("c", Some(2), None),
                change("d", None, Some(2)),
                change("e", None, Some(2)),
                change("f", Some(3), Some(4)),
            ],
        );
        let seen: Vec<(String, Option<String>)> = changes
            .iter()
            .map(|change| (format!("{:?}", change.path()), change.renamed_from().map(|path| format!("{path:?}"))))
            .collect();
        let blob = Some(Blob { id: EMPTY, kind: BlobKind::File });
        let of =
            |path: &str, before, after| TreeChange { path: TreePath::new(path.as_bytes()).unwrap(), before, after };
        let empty = file_changes(0, &[of("old/__init__.py", blob, None), of("new/__init__.py", None, blob)]);
        assert!(empty.len() == 2 && empty.iter().all(|change| change.renamed_from().is_none()), "{empty:?}");
        let plain = |path: &str| (format!("`{path}`"), None);
        assert_eq!(seen, [("`b`".to_owned(), Some("`a`".to_owned())), plain("c"), plain("d"), plain("e"), plain("f")]);
    }
}
