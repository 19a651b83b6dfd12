//! Settles which of several paths with one content belong together.

use std::collections::BTreeMap;

use super::{Lonely, could_be_one};
use crate::compare::Comparison;
use crate::path::TreePath;
use crate::snapshot::Snapshot;

/// Above this, only equal file names are paired: every pair is looked at.
const MOST_OF_ONE_CONTENT: usize = 64;

/// Shorter contents are equal by chance too easily: they belong together only under equal file names.
const TELLING: u64 = 16;

/// Two paths that are one file.
#[derive(Debug, Clone)]
pub(super) struct Pair<'a> {
    pub(super) first: &'a TreePath,
    pub(super) second: &'a TreePath,
    /// Environments that have only the first path, bit by bit.
    pub(super) first_only: u64,
    pub(super) second_only: u64,
}

/// Pairs the paths of one content, the most alike first, each once.
pub(super) fn pair<'a>(
    class: &[Lonely],
    comparison: &Comparison,
    snapshots: &'a [Snapshot],
    found: &mut Vec<Pair<'a>>,
) {
    let path = |one: &Lonely| comparison.row(one.row).path(snapshots);
    if class.len() <= MOST_OF_ONE_CONTENT {
        let named: Vec<(&TreePath, Lonely)> = class.iter().map(|one| (path(one), *one)).collect();
        settle(&named, found);
        return;
    }
    let mut by_name: BTreeMap<&[u8], Vec<(&TreePath, Lonely)>> = BTreeMap::new();
    for one in class {
        by_name.entry(path(one).file_name()).or_default().push((path(one), *one));
    }
    for named in by_name.into_values().filter(|named| named.len() <= MOST_OF_ONE_CONTENT) {
        settle(&named, found);
    }
}

fn settle<'a>(class: &[(&'a TreePath, Lonely)], found: &mut Vec<Pair<'a>>) {
    let mut candidates: Vec<(Likeness, usize, usize)> = Vec::new();
    for (a, (path, one)) in class.iter().enumerate() {
        for (b, (other_path, other)) in class.iter().enumerate().skip(a + 1) {
            if could_be_one(one, other) && (one.file.size >= TELLING || path.file_name() == other_path.file_name()) {
                candidates.push((likeness(path, other_path), a, b));
            }
        }
    }
    candidates.sort_by(|(x, a, b), (y, c, d)| y.cmp(x).then((a, b).cmp(&(c, d))));
    let mut taken = vec![false; class.len()];
    for (_, a, b) in candidates {
        if taken[a] || taken[b] {
            continue;
        }
        taken[a] = true;
        taken[b] = true;
        let ((path, one), (other_path, other)) = (&class[a], &class[b]);
        found.push(oriented((path, one), (other_path, other)));
    }
}

/// The pair of two paths: first the one that the earliest environment has.
pub(super) fn oriented<'a>(
    (path, one): (&'a TreePath, &Lonely),
    (other_path, other): (&'a TreePath, &Lonely),
) -> Pair<'a> {
    let first_only = one.present & other.absent;
    let second_only = other.present & one.absent;
    if first_only.trailing_zeros() < second_only.trailing_zeros() {
        Pair { first: path, second: other_path, first_only, second_only }
    } else {
        Pair { first: other_path, second: path, first_only: second_only, second_only: first_only }
    }
}

/// How alike two paths are; more is more. Shared parts at the end, then shared bytes of the two file names, then shared parts at the start.
pub(super) type Likeness = (usize, usize, usize);

pub(super) fn likeness(a: &TreePath, b: &TreePath) -> Likeness {
    let leading = a.parts().zip(b.parts()).take_while(|(a, b)| a == b).count();
    (shared_tail(a, b), shared_bytes(a.file_name(), b.file_name()), leading)
}

/// How many parts at the end two paths share.
pub(super) fn shared_tail(a: &TreePath, b: &TreePath) -> usize {
    let (a, b) = (a.as_bytes().rsplit(|&b| b == b'/'), b.as_bytes().rsplit(|&b| b == b'/'));
    a.zip(b).take_while(|(a, b)| a == b).count()
}

/// How many bytes at the start and at the end two names share.
fn shared_bytes(a: &[u8], b: &[u8]) -> usize {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    start + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}
