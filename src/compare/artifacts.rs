//! Finds what editing by hand leaves behind: `X.orig`, `X.backup`, `X~` and their like.

mod names;

pub use names::{Named, name};

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::compare::{Comparison, Row};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Content, EntryRef, Question, Snapshot};

/// So many names at least are work for one thread.
const ROWS_AT_A_TIME: usize = 2048;

/// A file that is called like a copy of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Which file.
    pub at: EntryRef,
    /// Its path.
    pub path: TreePath,
    /// What its name says that it is.
    pub kind: ArtifactKind,
    /// What it seems to be a copy of, when such a path exists in its environment or in another one.
    pub original: Option<TreePath>,
    /// That path is a file in the same environment.
    pub has_original_here: bool,
}

/// What the name of an artifact says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactKind {
    /// A copy that somebody made: `X.bak`, `X.backup`, `X.old`, `X.orig`, `X (copy)`, `X_old.py`, `X.save`.
    Backup,
    /// A copy with a date or number: `X.20251219`, `X.1`.
    Numbered,
    /// What an editor or its crash left: `X~`, `.X.swp`, `#X#`, `.#X`.
    Editor,
    /// What a patch or merge could not apply: `X.rej`.
    Rejected,
}

impl ArtifactKind {
    /// Its lasting name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Numbered => "numbered",
            Self::Editor => "editor",
            Self::Rejected => "rejected",
        }
    }
}

/// Finds all artifacts of all environments, by environment, then path.
///
/// A name alone is enough where it says so ([`Named::alone`]); otherwise there must be a file of the original's name in the same folder,
/// here or in another environment: `man.1` is a manual page, and `app.log.1` is one where `app.log` is. Links count as files: `.#X` is
/// one when Emacs makes it.
///
/// # Cost
/// Looks at the name of every row, on the threads of the current rayon pool; a binary search for each that looks like an artifact.
pub fn find(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Artifact> {
    let rows = (0..comparison.len()).into_par_iter().with_min_len(ROWS_AT_A_TIME).map(|row| comparison.row(row));
    let mut found: Vec<Artifact> = rows.flat_map_iter(|row| of_row(&row, comparison, snapshots)).collect();
    found.sort_by_key(|artifact| artifact.at);
    found
}

/// What a path is an artifact of, in each environment that has it.
fn of_row(row: &Row<'_>, comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<Artifact> {
    let path = row.path(snapshots);
    let Some(named) = name(path.file_name()) else { return Vec::new() };
    let candidates: Vec<(TreePath, usize)> = named
        .originals
        .iter()
        .filter_map(|original| beside(path, original))
        .filter_map(|original| comparison.find(snapshots, &original).map(|row| (original, row)))
        .collect();
    let is_file_in = |row: usize, environment: usize| {
        let content = comparison.row(row).content(snapshots, environment);
        matches!(content, Some(Content::File(_) | Content::Unreadable { folder: false, .. }))
    };
    let mut found = Vec::new();
    for environment in 0..snapshots.len() {
        let Some(at) = row.entry_ref(environment) else { continue };
        let is_one = matches!(
            snapshots[environment].entries[at.entry].content,
            Content::File(_) | Content::Symlink { .. } | Content::Unreadable { folder: false, .. }
        );
        let mut originals = candidates.iter().filter(|(_, row)| (0..snapshots.len()).any(|it| is_file_in(*row, it)));
        let original = originals.next();
        if !is_one || (original.is_none() && !named.alone) {
            continue;
        }
        found.push(Artifact {
            at,
            path: path.clone(),
            kind: named.kind,
            has_original_here: original.is_some_and(|(_, row)| is_file_in(*row, environment)),
            original: original.map(|(path, _)| path.clone()),
        });
    }
    found
}

/// Says which files must be told apart to know what each artifact equals: the artifact and its original in every environment where that has
/// the same size, unless known digests decide. Empty files need no question. In order of original and size.
pub fn questions(artifacts: &[Artifact], snapshots: &[Snapshot]) -> Vec<Question> {
    let mut groups: BTreeMap<(&TreePath, u64), Vec<EntryRef>> = BTreeMap::new();
    for artifact in artifacts {
        let Some(original) = &artifact.original else { continue };
        let Some(size) = size(snapshots, artifact.at).filter(|size| *size > 0) else { continue };
        let members = groups.entry((original, size)).or_default();
        members.push(artifact.at);
        for (environment, snapshot) in snapshots.iter().enumerate() {
            let there = snapshot.find(original).map(|entry| EntryRef { environment, entry });
            members.extend(there.filter(|at| self::size(snapshots, *at) == Some(size)));
        }
    }
    let mut questions = Vec::new();
    for mut members in groups.into_values() {
        members.sort_unstable();
        members.dedup();
        if members.len() > 1 && !is_decided(&members, snapshots) {
            questions.push(Question { members });
        }
    }
    questions
}

/// Whether any two of these files have a digest under a common algorithm.
fn is_decided(members: &[EntryRef], snapshots: &[Snapshot]) -> bool {
    let known = members.iter().filter_map(|at| match &snapshots[at.environment].entries[at.entry].content {
        Content::File(file) => Some(Algorithms::known(&file.digests)),
        _ => None,
    });
    known.reduce(Algorithms::shared).is_none_or(|shared| !shared.is_empty())
}

fn size(snapshots: &[Snapshot], at: EntryRef) -> Option<u64> {
    match &snapshots[at.environment].entries[at.entry].content {
        Content::File(file) => Some(file.size),
        _ => None,
    }
}

/// The path of another name in the same folder.
pub(crate) fn beside(path: &TreePath, name: &[u8]) -> Option<TreePath> {
    match path.parent() {
        Some(folder) => folder.join(name).ok(),
        None => TreePath::new(name).ok(),
    }
}

#[cfg(test)]
mod tests;
