//! Gathers files that moved together into folders that moved.

use std::collections::BTreeMap;

use super::pairs::{Pair, shared_tail};
use super::{Move, MoveKind, Place};
use crate::compare::variants::environments;
use crate::compare::{Cell, Comparison, Row};
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// Two folders, and the environments that have only the one or only the other of the files that pair up.
type Key = (TreePath, TreePath, u64, u64);

/// Turns pairs of files into moves: of a folder where most of its files moved with it, of a file otherwise.
///
/// A pair first speaks for the topmost folders whose names differ (`a/b/x` and `c/b/x` for `a` and `c`). Where too little of these moved,
/// its voice goes one level down on both sides.
pub(super) fn gather(pairs: Vec<Pair<'_>>, comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut open: Vec<(usize, Pair<'_>)> = Vec::new();
    for pair in pairs {
        // Each side keeps at least one part: an environment's root is no folder that could have moved.
        let depth = pair.first.parts().count().min(pair.second.parts().count());
        let tail = shared_tail(pair.first, pair.second).min(depth - 1);
        open.push((tail, pair));
    }
    while !open.is_empty() {
        let mut voices: BTreeMap<Key, Vec<(usize, Pair<'_>)>> = BTreeMap::new();
        for (tail, pair) in std::mem::take(&mut open) {
            if tail == 0 {
                moves.push(file(&pair));
                continue;
            }
            let key = (above(pair.first, tail), above(pair.second, tail), pair.first_only, pair.second_only);
            voices.entry(key).or_default().push((tail, pair));
        }
        for (key, voices) in voices {
            match folder(&key, voices.len(), comparison, snapshots) {
                Some(folder) => moves.push(folder),
                None => open.extend(voices.into_iter().map(|(tail, pair)| (tail - 1, pair))),
            }
        }
    }
    moves
}

pub(super) fn file(pair: &Pair<'_>) -> Move {
    Move {
        kind: MoveKind::File,
        first: place(pair.first.clone(), pair.first_only),
        second: place(pair.second.clone(), pair.second_only),
        files: 1,
        edited: 0,
        left: 0,
    }
}

fn folder(key: &Key, paired: usize, comparison: &Comparison, snapshots: &[Snapshot]) -> Option<Move> {
    let (first, second, first_only, second_only) = key;
    if paired < 2 {
        return None;
    }
    let environment = environments(*first_only).next()?;
    let (mut total, mut empty, mut same_name) = (0, 0, 0);
    for index in comparison.within(snapshots, first) {
        let row = comparison.row(index);
        let Some(Content::File(here)) = row.content(snapshots, environment) else { continue };
        total += 1;
        let there = row.path(snapshots).rebase(first, second).and_then(|path| comparison.find(snapshots, &path));
        let Some(there) = there.map(|there| comparison.row(there)) else { continue };
        if have_one_each(&row, &there, *first_only, *second_only) {
            let nothing_there = environments(*second_only).all(|environment| {
                matches!(there.content(snapshots, environment), Some(Content::File(file)) if file.size == 0)
            });
            *(if here.size == 0 && nothing_there { &mut empty } else { &mut same_name }) += 1;
        }
    }
    // Equal contents were paired before, so what agrees by name alone was edited.
    let files = paired + empty;
    let edited = same_name - paired.min(same_name);
    let moved = files + edited;
    (moved * 3 >= total * 2 && edited * 3 <= files).then(|| Move {
        kind: MoveKind::Folder,
        first: place(first.clone(), *first_only),
        second: place(second.clone(), *second_only),
        files,
        edited,
        left: total - moved.min(total),
    })
}

/// Whether the environments of each side have that side's path and lack the other one.
fn have_one_each(here: &Row<'_>, there: &Row<'_>, first_only: u64, second_only: u64) -> bool {
    let only = |set: u64, has: &Row<'_>, lacks: &Row<'_>| {
        environments(set)
            .all(|environment| has.cells[environment].is_present() && lacks.cells[environment] == Cell::Absent)
    };
    only(first_only, here, there) && only(second_only, there, here)
}

/// The folder `parts` above a path.
fn above(path: &TreePath, parts: usize) -> TreePath {
    let mut path = path.clone();
    for _ in 0..parts {
        let Some(parent) = path.parent() else { break };
        path = parent;
    }
    path
}

fn place(path: TreePath, set: u64) -> Place {
    Place { path, environments: environments(set).collect() }
}
