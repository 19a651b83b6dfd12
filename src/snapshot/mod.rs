//! An environment at one moment: what [`crate::collect`] fills in and everything later reads.
//!
//! Pure data. A [`Snapshot`] knows common paths only: names that differ here and there (`map` in the configuration) were
//! translated while collecting, and ignored paths were left out. Contents are not in it; they are asked for through
//! [`ContentReader`], [`HistoryReader`] and [`CommitReader`], which collecting implements and tests imitate with text.

mod checkup;
mod commits;
mod counters;
pub mod format;
mod git;
mod reader;

pub use checkup::{Checkup, Command, Fix, Step, StepKind, StepOutcome};
pub use commits::{
    Beyond, Blob, BlobId, BlobKind, CommitReader, CommitRecord, MergedText, Recent, TextMerger, TreeChange,
};
pub use counters::Counters;
pub use git::{
    Change, ChangeKind, CommitId, CommitSummary, Distance, GitState, GitStatus, Head, NotJudged, Operation, Stage,
    Stash, Submodule, Upstream, Worktree,
};
pub use reader::{
    Algorithms, BlobNames, CommittedVersion, ContentReader, EntryRef, HistoryReader, Question, ReadFailure, TextFold,
    TextFolds, TextQuestion,
};

use std::collections::BTreeMap;

use crate::path::{EnvironmentName, TreePath};

/// An environment at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Which environment.
    pub environment: EnvironmentName,
    /// Where it was read, as a person would type it; for display only.
    pub origin: String,
    /// All entries but the root, sorted by path and unique.
    pub entries: Vec<Entry>,
    /// What could not be read, and what else is worth saying about the reading; entries refer to it by [`IncidentId`].
    pub incidents: Vec<Incident>,
    /// Which attributes this kind of source knows at all.
    pub knows: Knows,
    /// Names of owners and groups by number, as far as the environment has names for them.
    pub names: Names,
    /// What its repository says.
    pub git: GitState,
}

/// Which attributes a source knows. What it does not know is never compared.
#[expect(clippy::struct_excessive_bools, reason = "one for each attribute that may be unknown")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Knows {
    /// All permission bits; otherwise only whether the owner may execute (a git tree knows no more).
    pub permissions: bool,
    /// Owner and group.
    pub owners: bool,
    /// The time of the last change.
    pub times: bool,
    /// Not even whether the owner may execute a file (a zip made on Windows).
    pub executable_unknown: bool,
}

/// Names of owners and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Names of users by number.
    pub users: BTreeMap<u32, String>,
    /// Names of groups by number.
    pub groups: BTreeMap<u32, String>,
}

/// One path in an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its common path.
    pub path: TreePath,
    /// What is there.
    pub content: Content,
    /// Mode, owner and time, as far as [`Snapshot::knows`] says that they are known.
    pub attributes: Attributes,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A regular file.
    File(File),
    /// A symbolic link, never followed.
    Symlink {
        /// What it points to, as bytes.
        target: Box<[u8]>,
    },
    /// A folder. That its entries could not be listed is [`Content::Unreadable`] instead.
    Directory,
    /// The place of another repository at a commit: a submodule in a git tree, whose content the tree does not hold.
    Submodule {
        /// The commit that the tree names.
        commit: CommitId,
    },
    /// Neither file, link nor folder; never opened.
    Special(Special),
    /// There is something, and it could not be read: neither equal to anything nor absent.
    Unreadable {
        /// Why.
        incident: IncidentId,
        /// It is a folder: whatever is below it is unknown as well.
        folder: bool,
    },
}

/// A regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct File {
    /// Its length in bytes.
    pub size: u64,
    /// What is known of its content.
    pub digests: Digests,
}

/// Digests of one content, each under its own algorithm. Unlike algorithms are never compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digests {
    /// BLAKE3 of the bytes.
    pub blake3: Option<[u8; 32]>,
    /// git's SHA-1 name of the bytes as they are (of a blob without any conversion).
    pub git_blob: Option<[u8; 20]>,
    /// SHA-256 of the bytes, where an environment has no tool for BLAKE3.
    pub sha256: Option<[u8; 32]>,
    /// The fingerprint of `blake3` under the key of this installation, where it is all that a snapshot keeps of a sensitive file.
    pub keyed: Option<[u8; 32]>,
}

impl Digests {
    /// Whether the contents are equal; `None` when no algorithm is known on both sides.
    pub fn same(&self, other: &Self) -> Option<bool> {
        let both = |a: Option<[u8; 32]>, b: Option<[u8; 32]>| Some(a? == b?);
        both(self.blake3, other.blake3)
            .or_else(|| Some(self.git_blob? == other.git_blob?))
            .or_else(|| both(self.sha256, other.sha256))
            .or_else(|| both(self.keyed, other.keyed))
    }

    /// Adds what `other` knows of the same content.
    pub fn merge(&mut self, other: Self) {
        self.blake3 = self.blake3.or(other.blake3);
        self.git_blob = self.git_blob.or(other.git_blob);
        self.sha256 = self.sha256.or(other.sha256);
        self.keyed = self.keyed.or(other.keyed);
    }
}

/// What is neither file, link nor folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Special {
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharacterDevice,
    /// Something this program has no word for.
    Other,
}

/// Mode, owner and time of an entry; meaningless where [`Knows`] says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes {
    /// Permission bits (`0o7777`).
    pub mode: u32,
    /// Number of the owner.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// Time of the last change of the content.
    pub modified: Timestamp,
}

/// A moment: seconds since 1970 in UTC, and nanoseconds after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds after `seconds`, below 10^9.
    pub nanos: u32,
}

/// Which of [`Snapshot::incidents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncidentId(pub u32);

/// Something that went wrong without ending the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Where; `None` for the whole environment.
    pub path: Option<TreePath>,
    /// What kind of thing.
    pub kind: IncidentKind,
    /// What failed and why, in words; it may hold foreign names and is escaped where it is shown.
    pub message: String,
    /// What to do about it, if anything is known to help.
    pub hint: Option<String>,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IncidentKind {
    /// The environment as a whole could not be read.
    Environment,
    /// A folder could not be listed.
    Folder,
    /// A file could not be read.
    File,
    /// A file changed each time it was read, or went away meanwhile.
    Unstable,
    /// Worth saying, and nothing is unknown because of it.
    Note,
}

impl IncidentKind {
    /// Whether the answer is incomplete because of it (exit status 3).
    pub fn is_incomplete(self) -> bool {
        !matches!(self, Self::Note)
    }
}

/// A place of which it is not known what is there.
#[derive(Debug, Clone, Copy)]
pub struct UnknownPlace<'a> {
    /// Where.
    pub path: &'a TreePath,
    /// Why; `None` for a submodule, of which the place itself is known.
    pub incident: Option<IncidentId>,
    /// Whatever is below it is unknown as well.
    pub with_content: bool,
}

impl Snapshot {
    /// A snapshot of an environment that could not be read at all: everything in it is unknown.
    pub fn unread(environment: EnvironmentName, origin: String, message: String, hint: Option<String>) -> Self {
        Self {
            environment,
            origin,
            entries: Vec::new(),
            incidents: vec![Incident { path: None, kind: IncidentKind::Environment, message, hint }],
            knows: Knows::default(),
            names: Names::default(),
            git: GitState::Unknown { reason: "the environment could not be read".to_owned() },
        }
    }

    /// The incident because of which the whole environment is unknown, if there is one.
    pub fn unread_because(&self) -> Option<IncidentId> {
        let at = self.incidents.iter().position(|incident| incident.kind == IncidentKind::Environment)?;
        Some(IncidentId(at as u32))
    }

    /// The places of which it is not known what is there, in no order: entries that could not be read, the places of submodules whose content the
    /// source does not hold, and what an incident stands for instead of an entry. An environment that was not read at all has none of these.
    pub fn unknown_places(&self) -> impl Iterator<Item = UnknownPlace<'_>> {
        let from_entries = self.entries.iter().filter_map(|entry| {
            let (incident, with_content) = match entry.content {
                Content::Unreadable { incident, folder } => (Some(incident), folder),
                Content::Submodule { .. } => (None, true),
                _ => return None,
            };
            Some(UnknownPlace { path: &entry.path, incident, with_content })
        });
        let from_incidents = self.incidents.iter().enumerate().filter_map(|(at, incident)| {
            let path = incident.path.as_ref().filter(|_| incident.kind.is_incomplete())?;
            let with_content = matches!(incident.kind, IncidentKind::Folder);
            Some(UnknownPlace { path, incident: Some(IncidentId(at as u32)), with_content })
        });
        from_entries.chain(from_incidents)
    }

    /// Finds an entry by its path. Binary search.
    pub fn find(&self, path: &TreePath) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok()
    }

    /// Whether there is a folder at a path, or anything within it.
    pub fn has_below(&self, path: &TreePath) -> bool {
        let at = self.entries.partition_point(|entry| entry.path < *path);
        let mut within = self.entries[at..].iter().take_while(|entry| entry.path.is_within(path));
        within.any(|entry| entry.path != *path || matches!(entry.content, Content::Directory))
    }

    /// Writes an incident down and gives its number.
    pub fn add_incident(&mut self, incident: Incident) -> IncidentId {
        self.incidents.push(incident);
        IncidentId((self.incidents.len() - 1) as u32)
    }
}
