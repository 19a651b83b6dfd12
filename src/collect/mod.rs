//! Reads environments: the only room that touches them.
//!
//! Takes a [`CollectPlan`], gives [`Collected`]: one [`Snapshot`] per environment, and the means to ask for digests and contents
//! later, when comparing knows which ones decide something. Listing comes first and for all environments; a file is opened only
//! where its content is the question.
//!
//! Nothing here changes an environment or runs what one configures. What cannot be read becomes an incident in its snapshot, and
//! the entry (or everything below a folder, or the whole environment) is unknown, never absent.

mod access;
mod answer;
mod archive;
mod blob;
mod blob_far;
mod blob_names;
mod cache;
mod collected;
mod conclusions;
mod digest;
mod doctor;
mod errands;
mod facts;
mod far;
mod fetch;
mod filter;
mod fold;
mod gather;
mod git;
mod key;
mod local;
mod naming;
mod places;
mod remote;
mod settle;
mod state;
mod steady;
mod stored;
mod sys;
mod texts;
mod walk;

pub use archive::Archive;
pub(crate) use blob::{BlobHasher, Wanted};
pub use collected::Collected;
pub use doctor::{check_state, check_up};
pub use filter::Filter;
pub use fold::text_fold;
pub use gather::collect;
pub use git::GitReference;
pub use key::installation_key;
pub use local::LocalFolder;
pub use remote::{Asked, Connections, PROTOCOL, serve};
pub use stored::StoredSnapshot;

use std::io;
use std::path::PathBuf;

use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{Counters, Snapshot, TextFold, Timestamp};
use crate::text::{Redactor, secrets::Sealed};

/// Why nothing at all can be said about an environment, or nothing can be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The root is not there, is not a folder, or cannot be opened.
    #[error("cannot read the folder `{}`", path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An entry and a mapped entry claim one common path.
    #[error("in {environment}, `{common}` is both a path and what `{here}` is mapped to")]
    MapCollision {
        /// Where.
        environment: EnvironmentName,
        /// The common path, escaped.
        common: String,
        /// The mapped path, escaped.
        here: String,
    },
    /// The repository cannot be opened or lacks what was asked for.
    #[error("{act}")]
    Repository {
        /// What failed, in words, with its objects.
        act: String,
        /// Why.
        source: git2::Error,
    },
    /// A file that holds an environment (an archive, a snapshot) cannot be used.
    #[error("{message}")]
    Stored {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in words, with its name.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Another machine could not be reached, or could not answer.
    #[error("{message}")]
    Remote {
        /// What failed and why.
        message: String,
        /// What to do about it.
        hint: Option<String>,
        /// How far it came.
        stage: Stage,
    },
    /// The pool of threads could not be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}

/// At what the way to another machine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The program that leads there could not be started, or refused by itself.
    Program,
    /// No connection came about, or it did not last.
    Connection,
    /// The key of the host is not known here.
    HostKey,
    /// The key of the host is another than the one that is known here.
    ChangedHostKey,
    /// The host, or `sudo`, let nobody in.
    Login,
    /// There is no shell, or it does not do what it is told.
    Shell,
    /// The shell has not the tools to list or to read with.
    Tools,
    /// The folder is not there.
    NoFolder,
    /// The folder may not be read.
    ClosedFolder,
    /// The answer is not what was asked for, or is not complete.
    Answer,
}

/// Why a file could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is something else than a regular file.
    #[error("it is not a regular file any more")]
    NotAFile,
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The repository refused.
    #[error(transparent)]
    Repository(#[from] git2::Error),
}

/// A way to read an environment.
///
/// A source lists, and opens what it listed. It knows nothing of digests, caches or other environments. All paths that go in or
/// come out are common paths: the source translates by its map.
pub trait Source: Send + Sync {
    /// Which environment it reads.
    fn environment(&self) -> &EnvironmentName;

    /// Where it reads, as a person would type it.
    fn origin(&self) -> String;

    /// Names the place apart from what the user calls it (kind and canonical location); the hash cache is kept under it.
    fn identity(&self) -> Vec<u8>;

    /// Lists all entries that `filter` does not leave out; what cannot be listed becomes an incident and the listing goes on.
    ///
    /// Called inside the pool of the plan, once. To `watch` it is environment number 0. [`Snapshot::git`] is filled in only by a source that is a commit; a checkout is judged afterwards.
    ///
    /// # Errors
    /// When nothing at all can be said about the environment (no such folder, not a folder, no such commit).
    fn list(&self, filter: &Filter, watch: &dyn Watch) -> Result<Listing, CollectError>;

    /// A reader for one thread. It may hold descriptors of folders between calls, so files should be asked for in path order.
    fn reader(&self) -> Box<dyn SourceReader + '_>;

    /// Announces files that are about to be read, so that a source that can only be gone over from its beginning is gone over once.
    fn prepare(&self, _paths: &[&TreePath]) {}

    /// Whether contents can be read at all; otherwise a digest that is not known stays unknown.
    fn has_contents(&self) -> bool {
        true
    }

    /// Whether all of it is one file, so that its stamp says of everything in it that it is unchanged.
    fn is_one_file(&self) -> bool {
        false
    }

    /// How often it was gone over from its beginning, for a source that can only be read so.
    fn passes(&self) -> u64 {
        0
    }

    /// What is known of a text without reading it.
    fn known_fold(&self, _path: &TreePath) -> Option<TextFold> {
        None
    }

    /// What is kept of a sensitive file whose content is not.
    fn known_seal(&self, _path: &TreePath) -> Option<Sealed> {
        None
    }

    /// The way to ask it for many files at once, for a source whose every answer costs a round trip. It is asked for everything that way,
    /// and its reader opens nothing.
    fn far(&self) -> Option<&dyn far::Far> {
        None
    }
}

/// Opens files of one environment on one thread.
pub trait SourceReader {
    /// Opens the regular file at a common path. Anything else that is found there is an error, and is not opened.
    fn open<'a>(&'a mut self, path: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError>;
}

/// A file that is being read.
pub trait OpenFile: std::io::Read {
    /// Its identity and age when it was opened; `None` for contents that cannot change (blobs of a repository).
    fn stamp(&self) -> Option<Stamp>;

    /// Its size when it was opened.
    fn size(&self) -> u64;

    /// Whether a file of the environment had to be opened for it; what comes out of a repository or an archive is none.
    fn is_opened(&self) -> bool {
        self.stamp().is_some()
    }

    /// Looks again after the last byte was read: whether what was read is one state of the file.
    fn is_unchanged(&mut self) -> std::io::Result<bool>;
}

/// What a source listed.
#[derive(Debug)]
pub struct Listing {
    /// The entries and incidents.
    pub snapshot: Snapshot,
    /// Identity and age of each entry, parallel to [`Snapshot::entries`].
    pub stamps: Vec<Option<Stamp>>,
    /// The work done.
    pub counters: Counters,
}

/// By what a file is recognised as unchanged since it was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the content.
    pub modified: Timestamp,
    /// Last change of content or attributes; cannot be set by hand.
    pub changed: Timestamp,
}

/// What to collect, and how.
#[derive(Debug)]
pub struct CollectPlan<'a> {
    /// Which environments, in order.
    pub environments: &'a [crate::config::Environment],
    /// gitignore rules on common paths.
    pub ignore: &'a [String],
    /// Says which files are sensitive, and seals them.
    pub redactor: &'a Redactor,
    /// How many threads read and hash; all that the machine has when `None`.
    pub threads: Option<std::num::NonZeroUsize>,
    /// Where the hash cache is kept; `None` for no cache.
    pub state_dir: Option<&'a std::path::Path>,
    /// Reads again what the cache knows, and writes the cache anew.
    pub rehash: bool,
    /// How long another machine may say nothing before it is given up.
    pub patience: std::time::Duration,
    /// Where ways to other machines are put down, for whoever has to take them down.
    pub connections: &'a Connections,
    /// The time by the wall clock.
    pub now: Timestamp,
}

/// Is told how far collecting is, from many threads; must not block.
pub trait Watch: Sync {
    /// So many more entries of an environment were listed.
    fn listed(&self, environment: usize, entries: u64);
    /// An environment's listing has ended.
    fn listing_ended(&self, environment: usize);
    /// So many files and bytes of an environment will have to be read.
    fn expects(&self, environment: usize, files: u64, bytes: u64);
    /// So many more of them were read.
    fn read(&self, environment: usize, files: u64, bytes: u64);
    /// Whether anybody sees it; otherwise what lies ahead need not be counted.
    fn is_seen(&self) -> bool {
        true
    }
}

/// A watch that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn listed(&self, _: usize, _: u64) {}
    fn listing_ended(&self, _: usize) {}
    fn expects(&self, _: usize, _: u64, _: u64) {}
    fn read(&self, _: usize, _: u64, _: u64) {}
    fn is_seen(&self) -> bool {
        false
    }
}
