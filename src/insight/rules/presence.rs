//! What some environments have and others lack, folder by folder.

use std::collections::BTreeSet;

use super::{Rule, at};
use crate::compare::moves::{Move, MoveKind, Place};
use crate::compare::{Cell, Comparison, Differences, Row};
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// A path, or a folder with everything below it that is absent in just the same environments.
pub(super) struct Presence {
    row: usize,
    folder: bool,
    /// Leaves: what is not a folder.
    paths: usize,
    /// Something below it is explained by a move.
    has_moved: bool,
}

/// A folder that the walk is in, and where it is absent.
struct Head<'a> {
    path: &'a TreePath,
    absent: BTreeSet<usize>,
    /// Its group; `None` where the folder is a file elsewhere, which says enough about what is below it.
    group: Option<usize>,
}

/// Reports the groups for which `chosen` holds, given how many environments have and how many lack them.
pub(super) fn report(
    rule: &Rule,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
    chosen: impl Fn(usize, usize) -> bool,
) {
    for group in groups(inputs) {
        let row = inputs.comparison.row(group.row);
        let present: Vec<usize> = row.environments_where(Cell::is_present).collect();
        let absent: Vec<usize> = row.environments_where(|cell| cell == Cell::Absent).collect();
        if !chosen(present.len(), absent.len()) {
            continue;
        }
        let names = |environments: &[usize]| {
            let mut names: Vec<&str> =
                environments.iter().map(|environment| inputs.snapshots[*environment].environment.as_str()).collect();
            names.sort_unstable();
            names.join(" ")
        };
        let matter = Matter::new(rule.code).with(names(&present)).with(names(&absent)).number(group.paths as u64);
        let environments = if present.len() <= absent.len() { present } else { absent.clone() };
        let evidence = Evidence::Presence { pattern: row.pattern(), folder: group.folder, paths: group.paths, absent };
        let mut finding = at(rule, row.path(inputs.snapshots), environments, matter, evidence);
        if group.paths == 0 {
            finding.severity = Severity::Info;
        }
        findings.push(finding);
    }
}

/// All groups, in path order, without what moves explain.
fn groups(inputs: &Inputs<'_>) -> Vec<Presence> {
    let Inputs { snapshots, comparison, moves, .. } = *inputs;
    let moved = explained(moves, comparison, snapshots);
    let mut groups: Vec<Presence> = Vec::new();
    let mut heads: Vec<Head<'_>> = Vec::new();
    for row in comparison.rows() {
        let path = row.path(snapshots);
        while heads.last().is_some_and(|head| !path.is_within(head.path)) {
            heads.pop();
        }
        if row.differences.contains(Differences::KIND) {
            heads.push(Head { path, absent: without_folder(&row, snapshots), group: None });
        }
        if !row.differences.contains(Differences::PRESENCE) {
            continue;
        }
        let absent: BTreeSet<usize> = row.environments_where(|cell| cell == Cell::Absent).collect();
        let above = heads.iter().rev().find(|head| head.path != path);
        let has_moved = moved.contains(&row.index);
        let leaf = !row.is_folder || is_submodule(&row, snapshots);
        match above.filter(|head| head.absent == absent) {
            Some(Head { group: Some(group), .. }) => {
                groups[*group].paths += usize::from(leaf && !has_moved);
                groups[*group].has_moved |= has_moved;
            }
            Some(_) => {}
            None if has_moved => {}
            None => {
                if row.is_folder {
                    heads.push(Head { path, absent, group: Some(groups.len()) });
                }
                groups.push(Presence { row: row.index, folder: row.is_folder, paths: usize::from(leaf), has_moved });
            }
        }
    }
    // A folder that is there only because other things moved into it is no matter of its own.
    groups.retain(|group| group.paths > 0 || !group.has_moved);
    groups
}

/// The environments in which nothing can be below this path.
fn without_folder(row: &Row<'_>, snapshots: &[Snapshot]) -> BTreeSet<usize> {
    let lacks = |environment: &usize| match row.cells[*environment] {
        Cell::Absent => true,
        Cell::Variant(_) => !matches!(row.content(snapshots, *environment), Some(Content::Directory)),
        Cell::Unreadable(_) => false,
    };
    (0..row.cells.len()).filter(lacks).collect()
}

fn is_submodule(row: &Row<'_>, snapshots: &[Snapshot]) -> bool {
    (0..row.cells.len())
        .any(|environment| matches!(row.content(snapshots, environment), Some(Content::Submodule { .. })))
}

/// Rows whose absences are all explained by a move: whoever lacks one path has another.
fn explained(moves: &[Move], comparison: &Comparison, snapshots: &[Snapshot]) -> BTreeSet<usize> {
    let mut rows = BTreeSet::new();
    for Move { kind, places, .. } in moves {
        let Some((first, others)) = places.split_first() else { continue };
        let here = match kind {
            MoveKind::Folder => comparison.within(snapshots, &first.path),
            MoveKind::File => comparison.find(snapshots, &first.path).map_or(0..0, |row| row..row + 1),
        };
        for row in here.map(|row| comparison.row(row)) {
            let there = |place: &Place| {
                let path = row.path(snapshots).rebase(&first.path, &place.path)?;
                Some(comparison.row(comparison.find(snapshots, &path)?))
            };
            let elsewhere = others.iter().filter_map(there);
            let all: Vec<Row<'_>> = std::iter::once(row).chain(elsewhere).collect();
            if all.len() > 1 && complement(&all) {
                rows.extend(all.iter().map(|row| row.index));
            }
        }
    }
    rows
}

fn complement(rows: &[Row<'_>]) -> bool {
    (0..rows[0].cells.len()).all(|environment| rows.iter().any(|row| row.cells[environment] != Cell::Absent))
}
