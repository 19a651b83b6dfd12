//! Finds pairs of folders that may be one under two names, by the names of the files in them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use crate::compare::variants::environments;
use crate::compare::{Cell, Comparison, Differences};
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// So many pairs are looked into, those with the most files at the same places first.
const MOST: usize = 32;

/// A file at a place that more folders than this have says nothing about which of them belong together.
const MOST_WITH_ONE_NAME: usize = 16;

/// How far below the outermost folder that others lack its counterpart is looked for.
const DEEPEST: usize = 2;

/// A folder that some environments have, and others are known to lack with everything of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) path: TreePath,
    /// Bit by environment.
    pub(super) present: u64,
    pub(super) absent: u64,
}

impl Folder {
    /// One of them is the other, or inside it.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.path.is_within(&other.path) || other.path.is_within(&self.path)
    }

    /// Whether there are environments that have only this one, and others that have only the other one.
    fn complements(&self, other: &Self) -> bool {
        self.present & other.absent != 0 && self.absent & other.present != 0
    }
}

/// Two folders that may be one under two names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub(super) one: Folder,
    pub(super) other: Folder,
}

/// Pairs of folders of which at least half of the smaller one's files have a file at the same place in the other, at least two; those with the
/// most such files first, then by path. No content is looked at.
///
/// # Cost
/// One pass over all rows, and one over those below folders that some environments have and others lack; the latter times three at
/// most.
pub fn candidates(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Candidate> {
    let folders = lonely(comparison, snapshots);
    // What is at which place below which folder; sorted, so that folders with a file at one place are neighbours.
    let mut places: Vec<(u64, u32)> = Vec::new();
    let mut sizes = vec![0_usize; folders.len()];
    for (number, folder) in folders.iter().enumerate() {
        let Some(snapshot) = environments(folder.present).next().map(|at| &snapshots[at]) else { continue };
        let Some(at) = snapshot.find(&folder.path) else { continue };
        for entry in &snapshot.entries[below(snapshot, at)] {
            if let (Content::File(_), Some(rest)) = (&entry.content, entry.path.strip(&folder.path)) {
                let mut hasher = DefaultHasher::new();
                rest.hash(&mut hasher);
                places.push((hasher.finish(), number as u32));
                sizes[number] += 1;
            }
        }
    }
    places.sort_unstable();
    let mut shared: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for place in places.chunk_by(|a, b| a.0 == b.0).filter(|place| place.len() <= MOST_WITH_ONE_NAME) {
        for (at, &(_, a)) in place.iter().enumerate() {
            for &(_, b) in &place[at + 1..] {
                let (one, other) = (&folders[a as usize], &folders[b as usize]);
                if one.complements(other) && !one.overlaps(other) {
                    *shared.entry((a, b)).or_default() += 1;
                }
            }
        }
    }
    let smaller = |(a, b): (u32, u32)| sizes[a as usize].min(sizes[b as usize]);
    shared.retain(|&pair, count| *count >= super::LEAST_SAME && *count * 2 >= smaller(pair));
    let mut pairs: Vec<((u32, u32), usize)> = shared.into_iter().collect();
    // Folders come in path order, so an outer one is before those in it.
    pairs.sort_by_key(|&(pair, count)| (std::cmp::Reverse(count), pair));
    pairs.truncate(MOST);
    let folder = |number: u32| folders[number as usize].clone();
    pairs.into_iter().map(|((a, b), _)| Candidate { one: folder(a), other: folder(b) }).collect()
}

/// Folders that some environments have and others lack, in path order; only those that another one complements.
fn lonely(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Folder> {
    let mut folders: Vec<Folder> = Vec::new();
    // Those that the present path is in, outermost first.
    let mut above: Vec<TreePath> = Vec::new();
    for row in comparison.rows().filter(|row| row.differences.contains(Differences::PRESENCE)) {
        let is_folder = |at: &usize| matches!(row.content(snapshots, *at), Some(Content::Directory));
        let present = (0..snapshots.len()).filter(is_folder).fold(0_u64, |set, at| set | 1 << at);
        let absent = row.environments_where(|cell| cell == Cell::Absent).fold(0_u64, |set, at| set | 1 << at);
        if present == 0 || absent == 0 {
            continue;
        }
        let path = row.path(snapshots);
        while above.last().is_some_and(|folder| !path.is_within(folder)) {
            above.pop();
        }
        if above.len() <= DEEPEST {
            folders.push(Folder { path: path.clone(), present, absent });
        }
        above.push(path.clone());
    }
    let sets: BTreeSet<(u64, u64)> = folders.iter().map(|folder| (folder.present, folder.absent)).collect();
    folders.retain(|folder| {
        sets.iter().any(|&(present, absent)| folder.present & absent != 0 && folder.absent & present != 0)
    });
    folders
}

/// The entries below the folder at an entry, which directly follow it.
pub(super) fn below(snapshot: &Snapshot, folder: usize) -> Range<usize> {
    let path = &snapshot.entries[folder].path;
    let rest = &snapshot.entries[folder + 1..];
    folder + 1..folder + 1 + rest.partition_point(|entry| entry.path.is_within(path))
}
