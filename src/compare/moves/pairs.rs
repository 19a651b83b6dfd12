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

/// Paths that are one file, at least two: each with the environments that have only it, bit by bit. First the one that the earliest of these
/// environments has.
pub(super) type Paths<'a> = Vec<(&'a TreePath, u64)>;

/// Puts the paths of one content together, the most alike first, each once.
pub(super) fn pair<'a>(
    class: &[Lonely],
    comparison: &Comparison,
    snapshots: &'a [Snapshot],
    found: &mut Vec<Paths<'a>>,
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

fn settle<'a>(class: &[(&'a TreePath, Lonely)], found: &mut Vec<Paths<'a>>) {
    let mut candidates: Vec<(Likeness, usize, usize)> = Vec::new();
    for (a, (path, one)) in class.iter().enumerate() {
        for (b, (other_path, other)) in class.iter().enumerate().skip(a + 1) {
            if could_be_one(one, other) && (one.file.size >= TELLING || path.file_name() == other_path.file_name()) {
                candidates.push((likeness(path, other_path), a, b));
            }
        }
    }
    candidates.sort_by(|(x, a, b), (y, c, d)| y.cmp(x).then((a, b).cmp(&(c, d))));
    // Which group each is in; a third path joins two when it can be one with either.
    let mut group_of: Vec<Option<usize>> = vec![None; class.len()];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (_, a, b) in candidates {
        let (group, new) = match (group_of[a], group_of[b]) {
            (None, None) => {
                groups.push(vec![a]);
                group_of[a] = Some(groups.len() - 1);
                (groups.len() - 1, b)
            }
            (Some(group), None) => (group, b),
            (None, Some(group)) => (group, a),
            (Some(_), Some(_)) => continue,
        };
        if groups[group].iter().all(|&member| could_be_one(&class[member].1, &class[new].1)) {
            groups[group].push(new);
            group_of[new] = Some(group);
        }
    }
    found.extend(
        groups.iter().map(|group| oriented(&group.iter().map(|&at| (class[at].0, &class[at].1)).collect::<Vec<_>>())),
    );
}

/// The paths of one file, those of earlier environments first.
pub(super) fn oriented<'a>(paths: &[(&'a TreePath, &Lonely)]) -> Paths<'a> {
    let only = |at: usize| {
        let others = paths.iter().enumerate().filter(|(other, _)| *other != at);
        others.fold(paths[at].1.present, |only, (_, (_, other))| only & other.absent)
    };
    let mut found: Paths<'_> = paths.iter().enumerate().map(|(at, (path, _))| (*path, only(at))).collect();
    found.sort_by_key(|(path, only)| (only.trailing_zeros(), *path));
    found
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
