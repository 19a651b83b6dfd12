//! The facts behind a finding.

use crate::compare::artifacts::Artifact;
use crate::compare::moves::Move;
use crate::compare::{Differences, Pattern};
use crate::insight::candidates::BriefUnit;
use crate::insight::fixes::KnownFix;
use crate::path::TreePath;
use crate::snapshot::{Change, CommitSummary, IncidentKind, NotJudged, Operation, Special, Stash};

/// The facts behind a finding, by what was found.
///
/// A list "by environment" has one place for each environment of the run, in order, and `None` where the environment has nothing there or
/// its source does not know.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// Files with other bytes (`content-differs`).
    Content {
        /// Who agrees with whom.
        pattern: Pattern,
        /// Sizes in bytes, by environment.
        sizes: Vec<Option<u64>>,
    },
    /// Texts that differ in nothing that usually matters (`line-endings`).
    Quiet {
        /// Who agrees with whom.
        pattern: Pattern,
        /// Which of the quiet classes.
        classes: Differences,
    },
    /// A path that some environments have and others lack (`only-in`, `absent-in`).
    Presence {
        /// Who has it. For a folder: of all that is below it.
        pattern: Pattern,
        /// It is a folder with everything below it.
        folder: bool,
        /// How many files, links and other leaves it stands for; 1 for one of these, 0 for an empty folder.
        paths: usize,
        /// The environments that lack it, in order.
        absent: Vec<usize>,
    },
    /// The same content under another path (`moved`).
    Moved(Move),
    /// A file here is a link or a folder there (`type-differs`).
    Kinds {
        /// What is there, by environment.
        kinds: Vec<Option<Kind>>,
    },
    /// Links that point elsewhere (`link-differs`).
    Targets {
        /// Where they point, as bytes, by environment.
        targets: Vec<Option<Box<[u8]>>>,
    },
    /// Permission bits (`mode-differs`).
    Modes {
        /// Permission bits, by environment. A source that knows only about executing gives nothing but `0o100` or 0.
        modes: Vec<Option<u32>>,
        /// Who may execute the file is a part of it.
        executable: bool,
        /// The paths that differ in just this way, sorted; the finding's path is the folder that holds all of them, or the only path.
        paths: Vec<TreePath>,
    },
    /// Owners or groups of paths (`owner-differs`).
    Owners {
        /// Who owns it, by environment.
        owners: Vec<Option<Owner>>,
        /// As in [`Evidence::Modes`].
        paths: Vec<TreePath>,
    },
    /// The usual owners of whole environments (`owner-differs`).
    UsualOwners {
        /// Who owns most of it, by environment.
        usual: Vec<Option<Usual>>,
    },
    /// There is no repository (`not-versioned`).
    NotVersioned,
    /// A history that has nothing in common with that of others (`unrelated-history`).
    UnrelatedHistory {
        /// How many commits it has, as far as it was looked at.
        commits: usize,
        /// The environments with which it has none in common.
        others: Vec<usize>,
    },
    /// Uncommitted changes (`uncommitted`).
    Uncommitted {
        /// All of them, sorted by path, then stage.
        changes: Vec<Change>,
        /// Changes between HEAD and index.
        staged: usize,
        /// Changes between index and files.
        unstaged: usize,
        /// Paths that are not in the index.
        untracked: usize,
    },
    /// Commits that no remote-tracking branch has (`unpushed`).
    Unpushed {
        /// Newest first.
        commits: Vec<CommitSummary>,
    },
    /// Stashes (`stashed`).
    Stashed {
        /// Newest first.
        stashes: Vec<Stash>,
    },
    /// A merge or its like that was not ended (`unfinished-operation`).
    UnfinishedOperation {
        /// Which.
        operation: Operation,
    },
    /// A fix that is not where it is expected (`known-fix-absent`).
    KnownFix(Box<KnownFix>),
    /// A checkout that is not on the branch that it should be on (`unexpected-branch`).
    Branch {
        /// The branch that it should be on.
        expected: String,
        /// The branch that it is on; `None` for none.
        found: Option<String>,
    },
    /// Paths that do not belong to whom they should (`unexpected-owner`).
    Foreign {
        /// Whom they should belong to; a part that is empty was not asked about.
        expected: Owner,
        /// Whom they belong to.
        found: Owner,
        /// As in [`Evidence::Modes`].
        paths: Vec<TreePath>,
    },
    /// A file with secrets that every user may read or write (`secret-readable`).
    Readable {
        /// Its permission bits where that is so, by environment.
        modes: Vec<Option<u32>>,
    },
    /// A file that is called like a private key (`private-key-in-tree`).
    PrivateKey,
    /// A change that others lack (`unshared-fix`).
    Unshared(Box<BriefUnit>),
    /// A change that a deploy takes away (`would-be-destroyed`).
    Destroyed {
        /// The change.
        unit: Box<BriefUnit>,
        /// The environments whose files would take it away; at least one.
        by: Vec<usize>,
    },
    /// A file that is called like a copy of another one (`backup-artifact`).
    Artifact(Box<ArtifactEvidence>),
    /// Something is unknown (`unreadable`, `unstable`). The answer is incomplete.
    Unread {
        /// What kind of thing could not be read; `None` when it is no incident of reading: files that were not compared.
        kind: Option<IncidentKind>,
        /// What failed and why, in words, with foreign names in it.
        message: String,
        /// What to do about it.
        hint: Option<String>,
        /// How many paths of the comparison are unknown in this environment because of it.
        paths: usize,
    },
    /// The repository could not be judged (`unreadable`). Files were compared all the same.
    GitUnknown {
        /// Why, in words.
        reason: String,
    },
    /// Tracked paths of which it is not known whether they were changed (`unreadable`). They were compared all the same.
    NotJudged {
        /// Sorted by path.
        paths: Vec<NotJudged>,
    },
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A folder.
    Directory,
    /// The place of another repository.
    Submodule,
    /// Something else.
    Special(Special),
}

/// Who owns a path: names, or numbers where there is no name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The user.
    pub user: String,
    /// The group.
    pub group: String,
}

/// Who owns at least two thirds of an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usual {
    /// The user, if one does.
    pub user: Option<String>,
    /// The group, if one does.
    pub group: Option<String>,
}

/// What is known of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactEvidence {
    /// The artifact.
    pub artifact: Artifact,
    /// It equals what it is a copy of, in the same environment.
    pub equals_current: bool,
    /// The other environments in which the original has this content, in order.
    pub equals: Vec<usize>,
    /// The newest commit in which the original has this content, and the environment whose history that is.
    pub committed: Option<(usize, CommitSummary)>,
    /// It is a state on the way from an older version to the current one. Only looked for when it equals nothing.
    pub between: Option<Between>,
    /// Why some of this could not be found out, in words.
    pub unknown: Option<String>,
}

impl ArtifactEvidence {
    /// Whether nothing that is known has its content, and everything was looked at: it may be the only copy of somebody's work.
    pub fn is_unique(&self) -> bool {
        !self.equals_current
            && self.equals.is_empty()
            && self.committed.is_none()
            && self.between.as_ref().is_none_or(|between| between.own_lines > 0)
            && self.unknown.is_none()
    }
}

/// A middle state: at least one of its changes against the older version is in the current one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Between {
    /// From where it is on the way.
    pub older: Older,
    /// How many lines its other changes have that neither end has at that place.
    pub own_lines: usize,
}

/// The older end of a middle state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Older {
    /// Another artifact of the same original, in the same environment.
    Artifact(TreePath),
    /// The original in another environment.
    Environment(usize),
    /// The original as it was committed.
    Commit(usize, CommitSummary),
}
