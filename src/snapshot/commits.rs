//! How pure code asks for commits, what they changed, and the contents they name.

use crate::path::TreePath;
use crate::snapshot::{CommitId, CommitSummary, ReadFailure};

/// git's SHA-1 name of a content.
pub type BlobId = [u8; 20];

/// A commit among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRecord {
    /// The commit in one line.
    pub summary: CommitSummary,
    /// Its parents, first one first; none for a root and for a commit whose parents were never fetched.
    pub parents: Vec<CommitId>,
    /// When it was committed, in seconds since 1970 in UTC.
    pub committed: i64,
    /// Its parents were never fetched (a shallow clone), so what it changed cannot be told.
    pub is_cut: bool,
}

/// The commits that one environment's commit reaches and those of others do not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beyond {
    /// Parents before their children.
    pub commits: Vec<CommitRecord>,
    /// The best common ancestor with the others; `None` when they share no history (or one of them has none).
    pub base: Option<CommitSummary>,
}

/// The newest commits of a history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recent {
    /// Newest first by the time of committing; a child comes before the parent through which it was found.
    pub commits: Vec<CommitRecord>,
    /// There are older ones.
    pub is_capped: bool,
    /// The first environment that calls the paths of commits as this one does (the same map, and the same folder of the repository).
    pub named_as: usize,
}

/// What a path that is no folder holds in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blob {
    /// Its content; for a submodule, the commit it is at.
    pub id: BlobId,
    /// What it is.
    pub kind: BlobKind,
}

/// What a path that is no folder is in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlobKind {
    /// A regular file.
    File,
    /// A regular file that its owner may execute.
    Executable,
    /// A symbolic link; its content is the target.
    Link,
    /// The place of another repository.
    Submodule,
}

/// A path that two commits have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// The path, common.
    pub path: TreePath,
    /// What the first one has; `None` when there is nothing.
    pub before: Option<Blob>,
    /// What the second one has; at least one of the two is something.
    pub after: Option<Blob>,
}

/// Gives commits and what they changed, for environments that have a repository. Paths are common ones; what lies outside of the
/// environment's root is left out. Contents are as the repository has them, without any conversion of a checkout. Grafts and
/// replacements are not followed: a history is what its commits say, but for where a shallow one was cut. Threads may share it.
pub trait CommitReader: Sync {
    /// The commits that the environment's commit reaches and those of `others` do not. Nothing for an environment without a commit;
    /// all of its history when none of the others has a commit.
    fn beyond(&self, environment: usize, others: &[usize]) -> Result<Beyond, ReadFailure>;

    /// The newest 10,000 commits that the environment's commit reaches; nothing for one without a commit.
    fn recent(&self, _environment: usize) -> Result<Recent, ReadFailure> {
        Ok(Recent::default())
    }

    /// Whether the commits of two environments reach a common one, among the newest 200,000 of each.
    fn are_related(&self, _one: usize, _other: usize) -> Result<bool, ReadFailure> {
        Ok(false)
    }

    /// The commits of the environment's own repository that its commit reaches and `commit` does not, parents before their children.
    fn since(&self, environment: usize, commit: &CommitId) -> Result<Vec<CommitRecord>, ReadFailure>;

    /// Paths that differ between two commits of the environment's repository, sorted; `None` for the first is the empty tree.
    /// Subtrees with one name are not looked into.
    fn changes(
        &self,
        environment: usize,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<Vec<TreeChange>, ReadFailure>;

    /// What a commit of the environment's repository has at a path.
    fn at(&self, environment: usize, commit: &CommitId, path: &TreePath) -> Result<Option<Blob>, ReadFailure>;

    /// How many bytes a content of the environment's repository has.
    fn blob_size(&self, environment: usize, id: &BlobId) -> Result<u64, ReadFailure>;

    /// What a commit of the environment's repository has at a path, sealed like [`ContentReader::read`](super::ContentReader::read) where
    /// the path is that of a file with secrets. One above `limit` bytes is a failure that says so, and is not read.
    fn blob(&self, environment: usize, path: &TreePath, blob: Blob, limit: u64) -> Result<Vec<u8>, ReadFailure>;

    /// The whole message of a commit of the environment's repository.
    fn message(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure>;

    /// Any commit of the environment's repository; `None` when the environment has no repository.
    fn record(&self, environment: usize, commit: &CommitId) -> Result<Option<CommitRecord>, ReadFailure>;

    /// Who wrote a commit, and when, as the commit has it: `Name <mail> seconds zone`.
    fn author(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure>;

    /// What the index of a checkout has at a path with uncommitted changes; `None` when it has nothing there.
    fn staged(&self, environment: usize, path: &TreePath) -> Option<Blob>;
}

/// Merges texts the way git would, in memory: only this may say that something applies.
pub trait TextMerger: Sync {
    /// Merges what `ours` and `theirs` made of `base`, line by line. Changes that overlap or touch are a conflict.
    fn merge(&self, base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<MergedText, ReadFailure>;
}

/// What a merge gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedText {
    /// The text; with marks of conflict when it is not clean.
    pub bytes: Vec<u8>,
    /// Nothing was in conflict.
    pub is_clean: bool,
}
