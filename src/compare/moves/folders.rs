//! Gathers files that moved together into folders that moved.

use std::collections::BTreeMap;

use super::pairs::{Paths, shared_tail};
use super::{Move, MoveKind, Place};
use crate::compare::variants::environments;
use crate::compare::{Cell, Comparison, Row};
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// Folders, and for each the environments that have only it of the files that belong together.
type Key = Vec<(TreePath, u64)>;

/// Turns paths of one file into moves: of a folder where most of its files moved with it, of a file otherwise.
///
/// A file first speaks for the topmost folders whose names differ (`a/b/x` and `c/b/x` for `a` and `c`). Where too little of these moved,
/// its voice goes one level down on all sides.
pub(super) fn gather(files: Vec<Paths<'_>>, comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut open: Vec<(usize, Paths<'_>)> = Vec::new();
    for paths in files {
        // Each side keeps at least one part: an environment's root is no folder that could have moved.
        let depth = paths.iter().map(|(path, _)| path.parts().count()).min().unwrap_or(1);
        let shared = paths[1..].iter().map(|(path, _)| shared_tail(paths[0].0, path)).min().unwrap_or(0);
        open.push((shared.min(depth - 1), paths));
    }
    while !open.is_empty() {
        let mut voices: BTreeMap<Key, Vec<(usize, Paths<'_>)>> = BTreeMap::new();
        for (tail, paths) in std::mem::take(&mut open) {
            if tail == 0 {
                moves.push(file(&paths));
                continue;
            }
            let key = paths.iter().map(|(path, only)| (above(path, tail), *only)).collect();
            voices.entry(key).or_default().push((tail, paths));
        }
        for (key, voices) in voices {
            match folder(&key, voices.len(), comparison, snapshots) {
                Some(folder) => moves.push(folder),
                None => open.extend(voices.into_iter().map(|(tail, paths)| (tail - 1, paths))),
            }
        }
    }
    moves
}

pub(super) fn file(paths: &Paths<'_>) -> Move {
    let places = paths.iter().map(|(path, only)| place((*path).clone(), *only)).collect();
    Move { kind: MoveKind::File, places, files: 1, edited: 0, left: 0 }
}

fn folder(key: &Key, together: usize, comparison: &Comparison, snapshots: &[Snapshot]) -> Option<Move> {
    let ((first, first_only), others) = key.split_first()?;
    if together < 2 {
        return None;
    }
    let environment = environments(*first_only).next()?;
    let (mut total, mut empty, mut same_name) = (0, 0, 0);
    for index in comparison.within(snapshots, first) {
        let row = comparison.row(index);
        let Some(Content::File(here)) = row.content(snapshots, environment) else { continue };
        total += 1;
        let there = |(folder, only): &(TreePath, u64)| {
            let path = row.path(snapshots).rebase(first, folder)?;
            Some((comparison.row(comparison.find(snapshots, &path)?), *only))
        };
        let Some(elsewhere) = others.iter().map(there).collect::<Option<Vec<_>>>() else { continue };
        let rows: Vec<(Row<'_>, u64)> = std::iter::once((row, *first_only)).chain(elsewhere).collect();
        if have_one_each(&rows) {
            let is_empty = |(row, only): &(Row<'_>, u64)| {
                environments(*only).all(|environment| {
                    matches!(row.content(snapshots, environment), Some(Content::File(file)) if file.size == 0)
                })
            };
            *(if here.size == 0 && rows[1..].iter().all(is_empty) { &mut empty } else { &mut same_name }) += 1;
        }
    }
    // Equal contents were put together before, so what agrees by name alone was edited.
    let files = together + empty;
    let edited = same_name - together.min(same_name);
    let moved = files + edited;
    (moved * 3 >= total * 2 && edited * 3 <= files).then(|| Move {
        kind: MoveKind::Folder,
        places: key.iter().map(|(folder, only)| place(folder.clone(), *only)).collect(),
        files,
        edited,
        left: total - moved.min(total),
    })
}

/// Whether the environments of each side have that side's path and lack all others.
fn have_one_each(rows: &[(Row<'_>, u64)]) -> bool {
    rows.iter().enumerate().all(|(at, (has, only))| {
        let mut others = rows.iter().enumerate().filter(|(other, _)| *other != at);
        environments(*only).all(|environment| has.cells[environment].is_present())
            && others
                .all(|(_, (lacks, _))| environments(*only).all(|environment| lacks.cells[environment] == Cell::Absent))
    })
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
