//! Whether what a target has leaves room for the files that a unit brings.

use std::collections::BTreeSet;

use crate::insight::units::Unit;
use crate::insight::verdict::{self, Applies, Asked, Conflict, ConflictKind, Places, Reading, Replay, ReplayedFile};
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// As [`verdict::replay`]; a file that would have to lie in what is no folder, a link above all, or in the place of a folder or of what is neither
/// file nor link, is in conflict.
pub(super) fn replay(unit: &Unit, asked: &Asked<'_>, places: &Places, reading: &Reading<'_>) -> Replay {
    let Replay { applies, files } = verdict::replay(unit, asked, places, reading);
    let snapshot = &reading.snapshots[asked.target];
    let gone: BTreeSet<&TreePath> = files.iter().filter_map(moved_away).collect();
    let obstacles: Vec<Option<TreePath>> = files.iter().map(|file| obstacle(file, snapshot, &gone)).collect();
    if obstacles.iter().all(Option::is_none) {
        return Replay { applies, files };
    }
    let mut conflicts = match applies {
        Applies::Conflict { conflicts } => conflicts,
        _ => Vec::new(),
    };
    let mut free = Vec::new();
    for (file, obstacle) in files.into_iter().zip(obstacles) {
        match obstacle {
            None => free.push(file),
            Some(path) => conflicts.push(Conflict { path, kind: ConflictKind::Kind }),
        }
    }
    conflicts.dedup();
    Replay { applies: Applies::Conflict { conflicts }, files: free }
}

/// The path that a file leaves.
fn moved_away(file: &ReplayedFile) -> Option<&TreePath> {
    let before = &file.before.as_ref()?.path;
    file.after.as_ref().is_none_or(|after| after.path != *before).then_some(before)
}

/// What stands where a file comes to be, or where one of its folders would have to be.
fn obstacle(file: &ReplayedFile, snapshot: &Snapshot, gone: &BTreeSet<&TreePath>) -> Option<TreePath> {
    let path = &file.after.as_ref()?.path;
    if file.before.as_ref().is_some_and(|before| before.path == *path) {
        return None;
    }
    let content = |path: &TreePath| snapshot.find(path).map(|at| &snapshot.entries[at].content);
    let is_no_folder = |path: &TreePath| {
        !gone.contains(path) && content(path).is_some_and(|content| !matches!(content, Content::Directory))
    };
    let mut above = path.ancestors().filter_map(|folder| TreePath::new(folder).ok());
    if let Some(above) = above.find(is_no_folder) {
        return Some(above);
    }
    let stands = match content(path) {
        Some(Content::File(_) | Content::Symlink { .. }) => false,
        // Not every source lists folders.
        Some(Content::Directory) | None => {
            let first = snapshot.entries.partition_point(|entry| entry.path < *path);
            let mut below = snapshot.entries[first..].iter().take_while(|entry| entry.path.is_within(path));
            below.any(|entry| !matches!(entry.content, Content::Directory) && !gone.contains(&entry.path))
        }
        Some(_) => true,
    };
    stands.then(|| path.clone())
}
