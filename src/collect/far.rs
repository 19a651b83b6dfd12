//! Environments whose files are far away: what is asked of them is asked in batches.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::collect::Stamp;
use crate::collect::steady::{Reading, Trouble};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Counters, Digests, TextFold, Timestamp};

/// A file of an environment that is far away.
#[derive(Debug, Clone, Copy)]
pub struct FarFile<'a> {
    /// Its common path.
    pub path: &'a TreePath,
    /// Its size when it was listed.
    pub size: u64,
    /// The state in which it was listed, where that is known.
    pub listed: Option<Stamp>,
}

/// What a far side is read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// What the machine calls itself; foreign.
    pub host: String,
    /// By what it lists, in words; `None` when there is nothing to list with.
    pub lists: Option<&'static str>,
    /// By what digests are computed there.
    pub digests: Algorithms,
}

/// What is said of a text where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarFold {
    /// It is none.
    Binary,
    /// What folding leaves.
    Text(TextFold),
    /// Whatever it is, folding leaves every byte of it.
    Whole,
    /// Folding may leave less of it.
    Foldable,
}

/// Is handed what came of a file, by its place among those that were asked about; once for each of them, in any order.
pub(super) type Each<'a, T> = &'a mut dyn FnMut(usize, Result<Reading<T>, Trouble>);

/// A source whose every answer costs a round trip, whatever it holds.
///
/// How many round trips a call costs does not depend on the number of files. A file that changes while it is read is asked about once more, and
/// has then [`Trouble::Changed`]. Files that are left when the connection fails have [`Trouble::Lost`], with one text for all.
pub trait Far: Send + Sync {
    /// Digests under which algorithms are computed there; known once it was listed.
    fn computes(&self) -> Algorithms;

    /// What it is read with; known once it was listed.
    fn tools(&self) -> Option<Tools>;

    /// Digests of files under one algorithm that is computed there.
    fn digests(&self, files: &[FarFile<'_>], wanted: Algorithms, counters: &mut Counters, each: Each<'_, Digests>);

    /// Whether [`Far::folds`] says of every file what it is; otherwise only whether there is something to fold away.
    fn folds_all(&self) -> bool;

    /// What folding leaves of texts.
    fn folds(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, FarFold>);

    /// Contents of files. Whether a content may travel is decided by who asks: sensitive ones go from here into their seal at once.
    fn contents(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, Vec<u8>>);

    /// The way to its repository.
    fn git(&self) -> &dyn FarGit;
}

/// A file of a repository that is far away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitFile {
    /// Where it is there, from the root of the file system; steps up are not resolved.
    pub path: PathBuf,
    /// What it is.
    pub item: GitItem,
}

/// What is at a path of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitItem {
    /// A regular file, or a link to one.
    File {
        /// What is in it.
        bytes: Vec<u8>,
        /// When it was last changed, where that was asked and could be told.
        modified: Option<Timestamp>,
    },
    /// A link, with what it holds; it may be told of as a file too.
    Link(Vec<u8>),
    /// A folder.
    Folder,
    /// Something that is no regular file, or of which no more is to be known than that it is there.
    Other,
    /// A file that is larger than it may be.
    TooLarge,
    /// A file or folder that could not be read.
    Closed(io::ErrorKind),
}

/// The files of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitFiles {
    /// The folder that is compared, from the root of the file system there.
    pub root: PathBuf,
    /// There is a git program.
    pub has_git: bool,
    /// The files.
    pub files: Vec<GitFile>,
}

/// Which objects of a repository are wanted.
#[derive(Debug, Clone, Copy)]
pub struct PackRequest<'a> {
    /// The top of the checkout.
    pub top: &'a Path,
    /// HEAD and index are here.
    pub git_dir: &'a Path,
    /// Branches and objects are here.
    pub common_dir: &'a Path,
    /// What is to be said to `git-upload-pack`.
    pub words: &'a [u8],
    /// No pack has more bytes.
    pub limit: u64,
}

/// Why there is no pack.
#[derive(Debug)]
pub enum PackFault {
    /// The far side said why.
    Refused(String),
    /// It has more bytes than it may have.
    TooLarge(u64),
    /// What came cannot be used, in words.
    Unusable(String),
    /// The way to it failed, in words.
    Lost(String),
}

/// The repository of a folder that is far away: its files as bytes, its objects as git hands them out. Each call is one round trip.
pub trait FarGit: Send + Sync {
    /// The first `.git` in the folder that is compared or above it; known once it was listed.
    fn dot(&self) -> Option<PathBuf>;

    /// Folders (as they are called there) below the one that is compared that have a `.git` of their own; known once it was listed.
    fn nested(&self) -> &[TreePath];

    /// The files of the repository at [`FarGit::dot`], and of each at [`FarGit::nested`] what says which commit is checked out.
    ///
    /// # Errors
    /// In words, when not all of it came.
    fn files(&self, counters: &mut Counters) -> Result<GitFiles, String>;

    /// Hands the bytes of a pack to `sink`, and gives the names of commits whose parents are not to come, as they are written.
    fn pack(
        &self,
        request: PackRequest<'_>,
        counters: &mut Counters,
        sink: &mut dyn io::Write,
    ) -> Result<Vec<Vec<u8>>, PackFault>;

    /// The names of the files below `objects` in a folder of a repository, and their lengths.
    ///
    /// # Errors
    /// In words, when not all of it came.
    fn objects(&self, common_dir: &Path, counters: &mut Counters) -> Result<Vec<(String, u64)>, String>;

    /// Contents of files of a repository by their paths and lengths, in this order; one that is longer is not read.
    ///
    /// # Errors
    /// In words, when one of them could not be read.
    fn raw(
        &self,
        files: &[(PathBuf, u64)],
        counters: &mut Counters,
        each: &mut dyn FnMut(usize, Vec<u8>),
    ) -> Result<(), String>;

    /// The names of files as git names blobs, computed where they are.
    fn blob_names(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, [u8; 20]>);
}

/// So many other machines are asked at a time.
const FAN_OUT: usize = 8;

/// Hands environments out to a few threads, which wait for other machines and do no work of the pool.
#[derive(Debug)]
pub(super) struct Turns<'a, T> {
    all: &'a [T],
    next: AtomicUsize,
}

impl<'a, T> Turns<'a, T> {
    pub(super) fn new(all: &'a [T]) -> Self {
        Self { all, next: AtomicUsize::new(0) }
    }

    /// How many threads there should be.
    pub(super) fn threads(&self) -> usize {
        self.all.len().min(FAN_OUT)
    }

    /// What is left for one of them.
    pub(super) fn take(&self) -> impl Iterator<Item = &'a T> {
        std::iter::from_fn(|| self.all.get(self.next.fetch_add(1, Ordering::Relaxed)))
    }
}
