//! What a target did since it parted from the source, step by step.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::places::Places;
use super::tree::{self, Tree};
use super::{Asked, Reading};
use crate::insight::units::{FileChange, Side, Version, file_changes};
use crate::path::TreePath;
use crate::snapshot::{Blob, ChangeKind, CommitId, CommitRecord, CommitSummary, GitState, ReadFailure, Stage};

/// One commit of the target, or what it has not committed.
#[derive(Debug)]
pub(super) struct Step {
    /// The commit; `None` for what is not committed, or in no repository.
    pub(super) summary: Option<CommitSummary>,
    /// It is all that a tree has over its base, and was not done at any one time.
    pub(super) is_tree: bool,
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
    /// Files of the base that the target does not have, and of which nothing tells that they went away there: it may never have had them.
    pub(super) untold: BTreeSet<TreePath>,
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
            Ok(Step { summary: Some(record.summary.clone()), is_tree: false, changes: file_changes(target, &changes) })
        })
        .collect();
    let mut all = loaded?;
    all.retain(|step| !step.changes.is_empty());
    if is_related {
        all.extend(uncommitted(target, places, reading)?);
        return Ok(Steps { all, base, untold: BTreeSet::new() });
    }
    let Tree { changes, untold } = tree::compare(asked, base.as_ref(), places, reading)?;
    all.extend((!changes.is_empty()).then_some(Step { summary: None, is_tree: true, changes }));
    Ok(Steps { all, base, untold })
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
    Ok((!changes.is_empty()).then_some(Step { summary: None, is_tree: false, changes }))
}
