//! Finds what editing by hand leaves behind: `X.orig`, `X.backup`, `X~` and their like.

use crate::path::TreePath;
use crate::snapshot::EntryRef;

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
    /// What a patch or merge left: `X.rej`.
    Rejected,
}
