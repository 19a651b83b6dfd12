//! What a tree has over the commit that it is nearest to, where source and target share no history.

use std::collections::{BTreeMap, BTreeSet};

use super::moved::moved;
use super::places::Places;
use super::{Asked, Reading};
use crate::insight::units::{FileChange, Side, Unit, Version};
use crate::path::TreePath;
use crate::snapshot::{BlobKind, CommitId, ReadFailure};

/// What a tree tells.
pub(super) struct Tree {
    /// All that it has over its base, of the files that units change; sorted by path.
    pub(super) changes: Vec<FileChange>,
    /// Files of the base that it does not have, and of which nothing tells that they went away: it may never have had them.
    pub(super) untold: BTreeSet<TreePath>,
}

/// Files of the base by their paths. Without a base a tree has come out of nothing.
type Base = BTreeMap<TreePath, Side>;

/// So many other files tell whether a folder is there as a whole.
const LEAST_OF_OTHERS: usize = 4;
/// So many files somebody may have taken away by hand.
const A_FEW: usize = 2;

/// Compares the target's tree with its base, and notes which files it has under another name.
///
/// # Cost
/// Lists the base's tree.
pub(super) fn compare(
    asked: &Asked<'_>,
    base: Option<&(usize, CommitId)>,
    places: &mut Places,
    reading: &Reading<'_>,
) -> Result<Tree, ReadFailure> {
    let had = base.map(|base| list(base, reading)).transpose()?;
    let present = |path: &TreePath| Side::present(reading.snapshots, asked.target, path);
    let mut changes = Vec::new();
    // What the target has under no name that is known, as the base has it, or, without a base, the unit that came first.
    let mut gone: Vec<Side> = Vec::new();
    for (path, before) in files(asked.units) {
        // What cannot be read did not go away.
        let Ok(after) = places.find_known(path, path, &|path| present(path).is_some()) else { continue };
        let at_base = had.as_ref().and_then(|had| had.get(path)).cloned();
        match (at_base, after.and_then(|path| present(&path))) {
            (Some(before), None) => gone.push(before),
            (None, None) => gone.extend(before.filter(|_| base.is_none()).cloned()),
            (before, after) => changes.push(FileChange { before, after }),
        }
    }
    if !gone.is_empty() {
        let taken: BTreeSet<TreePath> = changes.iter().map(|change| change.path().clone()).collect();
        let is_own = |path: &TreePath| match &had {
            Some(had) => !had.contains_key(path),
            None => reading.snapshots[asked.source].find(path).is_none(),
        };
        let found = moved(asked.target, &gone, &|path| is_own(path) && !taken.contains(path), reading);
        for (old, after) in gone.iter().zip(found) {
            places.add_names(&old.path, after.iter().map(|side| &side.path));
            let before = base.map(|_| old.clone());
            if before.is_some() || after.is_some() {
                changes.push(FileChange { before, after });
            }
        }
    }
    let untold = had.map_or_else(BTreeSet::new, |had| untold(asked.units, &had, places, &present));
    changes.retain(|change| change.after.is_some() || !untold.contains(change.path()));
    changes.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(Tree { changes, untold })
}

/// Files that units take away, the base has and the tree does not have, and of which nothing tells that they went: in the same folder other
/// files are missing, too, more than two and a twentieth of them, that no unit took away. A release leaves out what only its makers need, and a
/// deployment what a server does not. Where a folder has hardly any other files, those of the one above count with them, and where all of
/// these are few, all files.
fn untold(
    units: &[Unit],
    had: &Base,
    places: &Places,
    present: &dyn Fn(&TreePath) -> Option<Side>,
) -> BTreeSet<TreePath> {
    let taken = units.iter().flat_map(|unit| &unit.changes).filter_map(|change| match &change.after {
        None => change.before.as_ref().map(|side| &side.path),
        Some(_) => change.renamed_from(),
    });
    let is_there = |path: &TreePath| present(path).is_some();
    let is_missing = |path: &TreePath| {
        places.unknown_because(path).is_none() && !is_there(path) && !places.names(path).any(is_there)
    };
    let taken: BTreeSet<&TreePath> = taken.filter(|path| had.contains_key(*path)).collect();
    let missing: Vec<&TreePath> = taken.iter().copied().filter(|path| is_missing(path)).collect();
    if missing.is_empty() {
        return BTreeSet::new();
    }
    // How many other files each folder has at the base, and how many of these the tree lacks.
    let mut others: BTreeMap<Option<TreePath>, (usize, usize)> = BTreeMap::new();
    for path in had.keys().filter(|path| !taken.contains(path)) {
        let (all, lacks) = others.entry(path.parent()).or_default();
        *all += 1;
        *lacks += usize::from(is_missing(path));
    }
    let is_untold = |path: &&TreePath| {
        let (mut all, mut lacks) = (0, 0);
        let folders = std::iter::successors(path.parent(), TreePath::parent).map(Some).chain([None]);
        for here in folders.filter_map(|folder| others.get(&folder)) {
            (all, lacks) = (all + here.0, lacks + here.1);
            if all >= LEAST_OF_OTHERS {
                break;
            }
        }
        if all < LEAST_OF_OTHERS {
            (all, lacks) = others.values().fold((0, 0), |sum, here| (sum.0 + here.0, sum.1 + here.1));
        }
        lacks > A_FEW && 20 * lacks >= all
    };
    missing.into_iter().filter(is_untold).cloned().collect()
}

fn list((environment, commit): &(usize, CommitId), reading: &Reading<'_>) -> Result<Base, ReadFailure> {
    let all = reading.commits.changes(*environment, None, commit)?;
    let files = all.into_iter().filter_map(|change| {
        let blob = change.after.filter(|blob| blob.kind != BlobKind::Submodule)?;
        let version = Version::Blob { environment: *environment, id: blob.id };
        Some((change.path.clone(), Side { path: change.path, kind: blob.kind, version }))
    });
    Ok(files.collect())
}

/// All files that units change, with what the first of them begins with, if there is one that does not bring the file.
fn files(units: &[Unit]) -> BTreeMap<&TreePath, Option<&Side>> {
    let mut files: BTreeMap<&TreePath, Option<&Side>> = BTreeMap::new();
    for change in units.iter().flat_map(|unit| &unit.changes) {
        for side in [&change.before, &change.after].into_iter().flatten() {
            files.entry(&side.path).or_insert(change.before.as_ref().filter(|before| before.path == side.path));
        }
    }
    files
}
