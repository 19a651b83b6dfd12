//! Units of change: what one environment has over something else, in pieces that can be carried over one by one.
//!
//! A [`Unit`] names the contents it is about and does not hold them ([`Version`]), so that tens of thousands of commits fit into memory.
//! Whether a target has it is the matter of [`super::verdict`].

mod bookkeeping;
mod commits;
mod copies;
mod found;
mod groups;
mod hunks;
mod sets;
mod side;
mod stashes;
mod trees;
mod uncommitted;
mod words;

pub use bookkeeping::{installed, is_bookkeeping, is_supporting};
pub use commits::{commit_id, commits, file_changes};
pub use copies::copies;
pub use found::{Found, Sources};
pub use side::{Side, Version, Versions};
pub use stashes::{stash_id, stashes};
pub use trees::trees;
pub use uncommitted::uncommitted;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::path::TreePath;
use crate::snapshot::CommitId;

/// Something that one environment has and that could be carried over to another as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Lasts as long as the unit is the same: a further run names it alike.
    pub id: UnitId,
    /// What it is.
    pub kind: UnitKind,
    /// The environment it was found in.
    pub from: usize,
    /// One line that says what it is: the subject of a commit, the message of a stash, else the names of the files.
    pub title: String,
    /// Who made it; empty when nothing says so.
    pub author: String,
    /// When it was made, in seconds since 1970 in UTC; for what is not committed the newest change of its files, if known.
    pub authored: Option<i64>,
    /// What it changes, sorted by [`FileChange::path`]; never empty.
    pub changes: Vec<FileChange>,
}

/// What a unit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitKind {
    /// A commit, against its first parent.
    Commit {
        /// Its name, in full.
        commit: CommitId,
    },
    /// What the index has over HEAD.
    Staged,
    /// What the files have over the index, untracked ones among them.
    Unstaged,
    /// A stash, against the commit it was made on.
    Stash {
        /// Its commit.
        commit: CommitId,
    },
    /// What a tree without git has over its base.
    Tree {
        /// The base is what another environment has now, and nothing says which of the two is newer.
        two_way: bool,
    },
    /// What a file has over a copy beside it that was put aside before.
    Artifact {
        /// The copy.
        copy: TreePath,
    },
}

/// A name that lasts: made of what the unit is, not of when or in which order it was found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnitId([u8; 16]);

/// What happens to one file. At least one side is something, and the two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// What was there; `None` when the file is new.
    pub before: Option<Side>,
    /// What is there afterwards; `None` when it goes away. Another path than before: it is renamed.
    pub after: Option<Side>,
}

impl UnitId {
    /// A name made of parts; equal parts in equal order give equal names.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(id)
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Unit {
    /// The commit it is, in full, where it is one.
    pub fn commit(&self) -> Option<&CommitId> {
        match &self.kind {
            UnitKind::Commit { commit } => Some(commit),
            _ => None,
        }
    }
}

impl FileChange {
    /// The path that it is known by: the one afterwards, or before when the file goes away.
    ///
    /// # Panics
    /// When it has no side at all, which no change has.
    pub fn path(&self) -> &TreePath {
        let side = self.after.as_ref().or(self.before.as_ref());
        &side.expect("a change has at least one side").path
    }

    /// Where the file was before, when that is elsewhere.
    pub fn renamed_from(&self) -> Option<&TreePath> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        (before.path != after.path).then_some(&before.path)
    }
}
