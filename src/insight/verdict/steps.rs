//! What a target did since it parted from the source, step by step.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::moved::moved;
use super::places::Places;
use super::{Asked, Reading};
use crate::insight::units::{FileChange, Side, Unit, Version, file_changes};
use crate::path::TreePath;
use crate::snapshot::{Blob, ChangeKind, CommitId, CommitRecord, CommitSummary, GitState, ReadFailure, Stage};

/// One commit of the target, or what it has not committed.
#[derive(Debug)]
pub(super) struct Step {
    /// The commit; `None` for what is not committed, or in no repository.
    pub(super) summary: Option<CommitSummary>,
    /// What it changes, sorted by path.
    pub(super) changes: Vec<FileChange>,
}

impl Step {
    pub(super) fn commit(&self) -> Option<CommitId> {
        self.summary.as_ref().map(|summary| summary.id.clone())
    }
}

/// What a target did, and where it began.
#[derive(Debug)]
pub(super) struct Steps {
    /// Oldest first.
    pub(super) all: Vec<Step>,
    /// The commit that source and target have in common, or that the target's tree is nearest to, and in whose repository it is.
    pub(super) base: Option<(usize, CommitId)>,
}

/// Finds the steps. Where the target has no commit in common with the source, its commits above a root count. Notes under which other names the
/// target has files, as far as no commit tells.
pub(super) fn steps(asked: &Asked<'_>, places: &mut Places, reading: &Reading<'_>) -> Result<Steps, ReadFailure> {
    let target = asked.target;
    let beyond = reading.commits.beyond(target, &[asked.source])?;
    let is_related = beyond.base.is_some();
    let (records, base) = match (beyond.base, &asked.base) {
        (Some(base), _) => (beyond.commits, Some((target, base.id))),
        (None, Some((environment, commit))) if *environment == target => {
            (reading.commits.since(target, commit)?, Some((target, commit.clone())))
        }
        (None, base) => (beyond.commits, base.clone()),
    };
    // A root brings a whole tree in: that says nothing about any one change. Merges bring what is here already.
    let records: Vec<&CommitRecord> =
        records.iter().filter(|record| record.parents.len() == 1 && !record.is_cut).collect();
    let loaded: Result<Vec<Step>, ReadFailure> = records
        .par_iter()
        .map(|record| {
            let changes = reading.commits.changes(target, record.parents.first(), &record.summary.id)?;
            Ok(Step { summary: Some(record.summary.clone()), changes: file_changes(target, &changes) })
        })
        .collect();
    let mut all = loaded?;
    all.retain(|step| !step.changes.is_empty());
    if is_related {
        all.extend(uncommitted(target, places, reading)?);
    } else {
        all.extend(whole(asked, base.as_ref(), places, reading)?);
    }
    Ok(Steps { all, base })
}

/// All that the target's tree has over its base, as one step: of the files that units change. Without a base it has come out of nothing. Notes
/// which of them the target has under another name.
fn whole(
    asked: &Asked<'_>,
    base: Option<&(usize, CommitId)>,
    places: &mut Places,
    reading: &Reading<'_>,
) -> Result<Option<Step>, ReadFailure> {
    let mut changes = Vec::new();
    // What the target has under no name that is known, as the base has it, or, without a base, the unit that came first.
    let mut gone: Vec<Side> = Vec::new();
    for (path, before) in files(asked.units) {
        let at_base = match base {
            None => None,
            Some((environment, commit)) => reading.commits.at(*environment, commit, path)?.map(|blob| Side {
                path: path.clone(),
                kind: blob.kind,
                version: Version::Blob { environment: *environment, id: blob.id },
            }),
        };
        let is_there = |path: &TreePath| Side::present(reading.snapshots, asked.target, path).is_some();
        // What cannot be read did not go away.
        let Ok(after) = places.find_known(path, path, &is_there) else { continue };
        let after = after.and_then(|path| Side::present(reading.snapshots, asked.target, &path));
        match (at_base, after) {
            (Some(before), None) => gone.push(before),
            (None, None) => gone.extend(before.filter(|_| base.is_none()).cloned()),
            (before, after) => changes.push(FileChange { before, after }),
        }
    }
    if !gone.is_empty() {
        let taken: BTreeSet<TreePath> = changes.iter().map(|change| change.path().clone()).collect();
        for (old, after) in gone.iter().zip(moved(asked, base, &gone, &taken, reading)?) {
            let before = base.map(|_| old.clone());
            places.add_names(&old.path, after.iter().map(|side| &side.path));
            if before.is_some() || after.is_some() {
                changes.push(FileChange { before, after });
            }
        }
        changes.sort_by(|a, b| a.path().cmp(b.path()));
    }
    Ok((!changes.is_empty()).then_some(Step { summary: None, changes }))
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

/// What the files of a checkout have over its HEAD.
fn uncommitted(target: usize, places: &Places, reading: &Reading<'_>) -> Result<Option<Step>, ReadFailure> {
    let snapshot = &reading.snapshots[target];
    let GitState::Checkout(status) = &snapshot.git else { return Ok(None) };
    let Some(head) = &status.commit else { return Ok(None) };
    let mut paths: Vec<(&TreePath, &TreePath)> = status
        .changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Conflicted && change.stage != Stage::Untracked)
        .map(|change| (change.from.as_ref().unwrap_or(&change.path), &change.path))
        .chain(status.changes.iter().filter(|change| change.stage == Stage::Untracked).map(|it| (&it.path, &it.path)))
        .collect();
    paths.sort_by(|a, b| a.1.cmp(b.1));
    paths.dedup_by(|a, b| a.1 == b.1);
    let mut changes = Vec::new();
    for (from, path) in paths.into_iter().filter(|(_, path)| places.unknown_because(path).is_none()) {
        let blob = |blob: Blob| Side {
            path: from.clone(),
            kind: blob.kind,
            version: Version::Blob { environment: target, id: blob.id },
        };
        let before = reading.commits.at(target, &head.id, from)?.map(blob);
        let after = Side::present(reading.snapshots, target, path);
        if before.is_some() || after.is_some() {
            changes.push(FileChange { before, after });
        }
    }
    Ok((!changes.is_empty()).then_some(Step { summary: None, changes }))
}
