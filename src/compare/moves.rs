//! Pairs paths that hold the same content in different environments.
//!
//! [`find`] goes by equal content; a file that was edited as well is counted where the folder around it moved. [`find_edited`] looks for
//! the others, and needs to read them.

mod edited;
mod folders;
mod pairs;

pub use edited::find_edited;

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::variants::environments;
use crate::compare::{Cell, Comparison};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Content, Digests, EntryRef, File, Question, Snapshot};

/// A size that more paths than this have says nothing about a move, and asking for all of them would be reading in vain.
const MOST_OF_ONE_SIZE: usize = 1000;

/// A file or folder that is at one path in some environments and at another path in others.
///
/// No direction is claimed: which path is the old one is not known from two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What moved.
    pub kind: MoveKind,
    /// Where it is, at least two places; first the one that the earliest of all these environments has.
    pub places: Vec<Place>,
    /// Files that have equal content at all places under the same name below them, empty ones included; for a file 1, or 0 when
    /// it was edited.
    pub files: usize,
    /// For a folder: files that are at all places under the same name with other content; for a file 1 when it was edited.
    pub edited: usize,
    /// For a folder: files of the first place that are not at all others.
    pub left: usize,
}

/// What moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveKind {
    /// One file.
    File,
    /// A folder: two of its files at least, and two thirds of them, of which a quarter may have been edited.
    Folder,
}

/// One of the paths of a [`Move`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The common path.
    pub path: TreePath,
    /// The environments that have this path and lack the others, in order; at least one.
    pub environments: Vec<usize>,
}

/// A content at a path that some environments lack.
#[derive(Debug, Clone, Copy)]
struct Lonely {
    row: usize,
    /// The first environment that has it.
    at: EntryRef,
    file: File,
    /// Bit by environment.
    present: u64,
    absent: u64,
}

/// Says which files must be told apart to find moves: files that some environments lack and that have the size of another one which is
/// lacking the other way round, unless known digests decide. Empty files never moved; of sizes that more than 1,000 paths share, nothing is asked.
///
/// Questions come in order of size, their members in path order.
///
/// # Cost
/// Near-linear in the number of rows.
pub fn questions(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Question> {
    let mut questions = Vec::new();
    for group in by_size(comparison, snapshots).into_values() {
        let known = group.iter().map(|lonely| Algorithms::known(&lonely.file.digests));
        if known.reduce(Algorithms::shared).is_some_and(|shared| !shared.is_empty()) {
            continue;
        }
        questions.push(Question { members: group.iter().map(|lonely| lonely.at).collect() });
    }
    questions
}

/// Finds moves, after [`questions`] were answered; sorted by their first path, then the second.
///
/// When several paths hold the same content, those of the likest names belong together, each path once. Contents that more than 64 paths
/// share, and those below 16 bytes, belong together under equal file names only. A folder that moved with most of its files is one move; its files are not listed again.
///
/// # Cost
/// Near-linear in the number of rows, times the depth of paths.
pub fn find(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Move> {
    let mut found = Vec::new();
    for group in by_size(comparison, snapshots).into_values() {
        for class in classes(&group) {
            pairs::pair(&class, comparison, snapshots, &mut found);
        }
    }
    let mut moves = folders::gather(found, comparison, snapshots);
    sort(&mut moves);
    moves
}

/// Puts moves in their order: by their first path, then the others.
pub fn sort(moves: &mut [Move]) {
    moves.sort_by(|a, b| a.places.cmp(&b.places));
}

/// Files that some environments lack, by size, in path order; only sizes under which two of them can be one file at two paths.
fn by_size(comparison: &Comparison, snapshots: &[Snapshot]) -> BTreeMap<u64, Vec<Lonely>> {
    let mut groups: BTreeMap<u64, Vec<Lonely>> = BTreeMap::new();
    for row in comparison.rows() {
        let absent = set(row.environments_where(|cell| cell == Cell::Absent));
        if absent == 0 {
            continue;
        }
        for number in 0..row.variants() {
            let present = set(row.environments_where(|cell| cell == Cell::Variant(number as u8)));
            let Some(at) = environments(present).next().and_then(|environment| row.entry_ref(environment)) else {
                continue;
            };
            let Content::File(mut file) = snapshots[at.environment].entries[at.entry].content else { continue };
            for environment in environments(present) {
                if let Some(Content::File(other)) = row.content(snapshots, environment) {
                    file.digests.merge(other.digests);
                }
            }
            if file.size > 0 {
                groups.entry(file.size).or_default().push(Lonely { row: row.index, at, file, present, absent });
            }
        }
    }
    groups.retain(|_, group| {
        // What no other path of this size complements cannot have moved.
        let sets: BTreeSet<(u64, u64)> = group.iter().map(|one| (one.present, one.absent)).collect();
        group
            .retain(|one| sets.iter().any(|&(present, absent)| one.present & absent != 0 && one.absent & present != 0));
        group.len() <= MOST_OF_ONE_SIZE && group.len() > 1
    });
    groups
}

/// Whether some environment has one path and lacks the other, and another environment the other way round. Never true within one row.
fn could_be_one(a: &Lonely, b: &Lonely) -> bool {
    a.present & b.absent != 0 && a.absent & b.present != 0
}

/// Groups of equal content, in the order of their first member. What has no digest is in none.
fn classes(group: &[Lonely]) -> Vec<Vec<Lonely>> {
    // Files that know digests under different algorithms meet where a third one knows both.
    let mut classes: Vec<Vec<Lonely>> = Vec::new();
    let mut class_of: BTreeMap<(u8, Vec<u8>), usize> = BTreeMap::new();
    for one in group {
        let Digests { blake3, git_blob, sha256, keyed } = one.file.digests;
        let keys = [
            blake3.map(|digest| (0, digest.to_vec())),
            git_blob.map(|digest| (1, digest.to_vec())),
            sha256.map(|digest| (2, digest.to_vec())),
            keyed.map(|digest| (3, digest.to_vec())),
        ];
        let keys: Vec<(u8, Vec<u8>)> = keys.into_iter().flatten().collect();
        let mut known: Vec<usize> = keys.iter().filter_map(|key| class_of.get(key).copied()).collect();
        known.sort_unstable();
        known.dedup();
        let Some(&class) = known.first() else {
            if !keys.is_empty() {
                class_of.extend(keys.into_iter().map(|key| (key, classes.len())));
                classes.push(vec![*one]);
            }
            continue;
        };
        for joined in &known[1..] {
            let members = std::mem::take(&mut classes[*joined]);
            classes[class].extend(members);
            class_of.values_mut().filter(|other| *other == joined).for_each(|other| *other = class);
        }
        classes[class].push(*one);
        class_of.extend(keys.into_iter().map(|key| (key, class)));
    }
    classes.retain(|class| class.len() > 1);
    for class in &mut classes {
        class.sort_by_key(|one| one.row);
    }
    classes.sort_by_key(|class| class[0].row);
    classes
}

fn set(environments: impl Iterator<Item = usize>) -> u64 {
    environments.fold(0, |set, environment| set | 1 << environment)
}

#[cfg(test)]
mod tests;
