//! What reports say about repositories.

use serde::Serialize;

use super::PathReport;

/// What a repository says.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum GitReport {
    /// No repository tracks anything here.
    None,
    /// What was read is a copy without its repository: an archive, or a snapshot.
    NotKept,
    /// The environment is a commit of a repository.
    Commit {
        /// The name that was asked for.
        reference: String,
        /// The commit it named.
        commit: CommitReport,
    },
    /// There is a repository, and it could not be judged.
    Unknown {
        /// Why.
        reason: String,
    },
    /// A checkout.
    Checkout(Box<CheckoutReport>),
}

/// The state of a checkout.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckoutReport {
    /// The branch; null when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD; null when the branch has none yet.
    pub commit: Option<CommitReport>,
    /// Where the environment lies inside the repository; null at its top.
    pub prefix: Option<String>,
    /// What the branch follows.
    pub upstream: Option<UpstreamReport>,
    /// Commits that no remote-tracking branch has, newest first; null when there is none to compare with.
    pub unpushed: Option<Vec<CommitReport>>,
    /// Uncommitted: between HEAD and the index, sorted by path.
    pub staged: Vec<ChangeReport>,
    /// Uncommitted: between the index and the files, sorted by path.
    pub unstaged: Vec<ChangeReport>,
    /// Uncommitted: in no index, sorted by path.
    pub untracked: Vec<ChangeReport>,
    /// Tracked paths about which nothing can be said.
    pub not_judged: Vec<NotJudgedReport>,
    /// Stashes, newest first.
    pub stashes: Vec<StashReport>,
    /// `merge`, `rebase`, `cherry-pick`, `revert`, `bisect` or `am`, when one was begun and not ended.
    pub operation: Option<&'static str>,
    /// Other worktrees of the repository.
    pub worktrees: Vec<WorktreeReport>,
    /// Submodules.
    pub submodules: Vec<SubmoduleReport>,
    /// Folders with a repository of their own that are no submodules.
    pub nested: Vec<String>,
}

/// A commit.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CommitReport {
    /// Its full name.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// The author's name.
    pub author: String,
    /// When it was authored: seconds since 1970 in UTC.
    pub authored: i64,
}

/// What a branch follows.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UpstreamReport {
    /// Its short name.
    pub name: String,
    /// Commits here that it lacks; null when it is gone, or history is cut off before both meet.
    pub ahead: Option<usize>,
    /// Commits there that are lacking here; null likewise.
    pub behind: Option<usize>,
    /// It is not there any more.
    pub is_gone: bool,
}

/// An uncommitted change.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangeReport {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// Where it was before, for a rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// `added`, `modified`, `deleted`, `renamed`, `type-changed`, `mode-changed` or `conflicted`.
    pub kind: &'static str,
}

/// A tracked path about which nothing can be said.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotJudgedReport {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// Why.
    pub reason: String,
}

/// A stash.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StashReport {
    /// Its commit.
    pub id: String,
    /// Its message.
    pub message: String,
    /// When it was made: seconds since 1970 in UTC.
    pub made: i64,
}

/// Another worktree.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorktreeReport {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// It is locked against pruning.
    pub locked: bool,
    /// Its folder is there.
    pub present: bool,
}

/// A submodule.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SubmoduleReport {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// The commit that the index records.
    pub recorded: String,
    /// The commit that is checked out; null when there is none or it cannot be told.
    pub checked_out: Option<String>,
}
