//! What a repository says about an environment.

use std::fmt;

use crate::path::TreePath;

/// What is known about version control of an environment. Never defaulted: what could not be found out is `Unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitState {
    /// There is no repository that tracks anything here.
    None,
    /// What was read is a copy without its repository, an archive or a snapshot: nothing can be said, and nothing was to be expected.
    NotKept,
    /// The environment is itself a commit of a repository.
    Commit {
        /// The name that was asked for.
        reference: String,
        /// The commit it named.
        commit: CommitSummary,
    },
    /// There is a repository, and it could not be judged.
    Unknown {
        /// Why, in words.
        reason: String,
    },
    /// A checkout.
    Checkout(Box<GitStatus>),
}

impl GitState {
    /// The commit that an environment is at, if it is at one.
    pub fn commit(&self) -> Option<&CommitSummary> {
        match self {
            Self::Commit { commit, .. } => Some(commit),
            Self::Checkout(status) => status.commit.as_ref(),
            Self::None | Self::NotKept | Self::Unknown { .. } => None,
        }
    }
}

/// The state of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitStatus {
    /// Where HEAD is.
    pub head: Head,
    /// The commit that HEAD names; `None` when it is unborn.
    pub commit: Option<CommitSummary>,
    /// What the branch follows, if it follows anything.
    pub upstream: Option<Upstream>,
    /// Commits reachable from HEAD or a local branch that no remote-tracking branch has, newest first; `None` when nothing can be said: the
    /// repository has no remote-tracking branches at all, or its history is cut off before they meet.
    pub unpushed: Option<Vec<CommitSummary>>,
    /// Uncommitted changes, sorted by path, then stage.
    pub changes: Vec<Change>,
    /// Tracked paths about which nothing can be said, sorted by path.
    pub not_judged: Vec<NotJudged>,
    /// Stashes, newest first.
    pub stashes: Vec<Stash>,
    /// An operation that was begun and not ended.
    pub operation: Option<Operation>,
    /// Other worktrees of the same repository, sorted by name.
    pub worktrees: Vec<Worktree>,
    /// Submodules, sorted by path.
    pub submodules: Vec<Submodule>,
    /// Folders inside the root that hold repositories of their own and are no submodules, sorted.
    pub nested: Vec<TreePath>,
    /// Where the root lies inside the repository, when it is not its top.
    pub prefix: Option<TreePath>,
}

/// Where HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// On a branch that has a commit.
    Branch(String),
    /// On a branch that has no commit yet.
    Unborn(String),
    /// On a commit directly.
    Detached,
}

/// The name of a commit, as many bytes as its algorithm has.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(pub Box<[u8]>);

impl fmt::Display for CommitId {
    /// All of it in hexadecimal; with a precision, so many digits (`{:.7}`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(usize::MAX).min(2 * self.0.len());
        self.0[..digits / 2].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if digits % 2 == 1 { write!(f, "{:x}", self.0[digits / 2] >> 4) } else { Ok(()) }
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A commit in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitSummary {
    /// Its name.
    pub id: CommitId,
    /// The first line of its message, lossily as text.
    pub subject: String,
    /// The author's name, lossily as text.
    pub author: String,
    /// When it was authored, in seconds since 1970 in UTC.
    pub authored: i64,
}

/// What a branch follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its short name, such as `origin/main`.
    pub name: String,
    /// How far HEAD is from it.
    pub distance: Distance,
}

/// How far two commits are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// So far.
    Known {
        /// Commits that only HEAD reaches.
        ahead: usize,
        /// Commits that only the other one reaches.
        behind: usize,
    },
    /// The other one is not there any more.
    Gone,
    /// History is cut off (a shallow clone, or `depth`) before both meet, so nobody can tell.
    Cut,
}

/// One uncommitted change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, common.
    pub path: TreePath,
    /// Where it was before, for a rename.
    pub from: Option<TreePath>,
    /// Between which two states.
    pub stage: Stage,
    /// What happened.
    pub kind: ChangeKind,
}

/// Between which two states a change lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Between HEAD and the index.
    Staged,
    /// Between the index and the files.
    Unstaged,
    /// Not in the index at all.
    Untracked,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content is another.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another path.
    Renamed,
    /// File, link or submodule became another of these.
    TypeChanged,
    /// Only its executable bit is another.
    ModeChanged,
    /// A merge left it in conflict.
    Conflicted,
}

/// A tracked path about which nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    /// The path, common.
    pub path: TreePath,
    /// Why.
    pub reason: String,
}

/// A stash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stash {
    /// Its commit.
    pub id: CommitId,
    /// Its message, lossily as text.
    pub message: String,
    /// When it was made, in seconds since 1970 in UTC.
    pub made: i64,
}

/// An operation that was begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `git merge`.
    Merge,
    /// `git rebase`, of any kind.
    Rebase,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
    /// `git am`.
    ApplyMailbox,
}

/// Another worktree of the same repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// Its name.
    pub name: String,
    /// Where it is, lossily as text.
    pub path: String,
    /// It is locked against pruning.
    pub locked: bool,
    /// Its folder is there.
    pub present: bool,
}

/// A submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its path, common.
    pub path: TreePath,
    /// The commit that the index records.
    pub recorded: CommitId,
    /// The commit that is checked out; `None` when it is not checked out or cannot be told.
    pub checked_out: Option<CommitId>,
}
