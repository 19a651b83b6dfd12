//! How pure code asks for contents.

use crate::path::TreePath;
use crate::snapshot::{CommitSummary, Digests};

/// One entry: which snapshot, and which of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryRef {
    /// Index of the environment.
    pub environment: usize,
    /// Index into its [`crate::snapshot::Snapshot::entries`].
    pub entry: usize,
}

/// Which digests are asked for.
#[expect(clippy::struct_excessive_bools, reason = "one for each algorithm")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Algorithms {
    /// [`Digests::blake3`].
    pub blake3: bool,
    /// [`Digests::git_blob`].
    pub git_blob: bool,
    /// [`Digests::sha256`].
    pub sha256: bool,
    /// [`Digests::keyed`].
    pub keyed: bool,
}

impl Algorithms {
    /// Those under which a digest is known.
    pub fn known(digests: &Digests) -> Self {
        Self {
            blake3: digests.blake3.is_some(),
            git_blob: digests.git_blob.is_some(),
            sha256: digests.sha256.is_some(),
            keyed: digests.keyed.is_some(),
        }
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        self.combined(other, |mine, others| mine && !others)
    }

    /// Those that are in either.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        self.combined(other, |mine, others| mine || others)
    }

    /// Those that are in both.
    #[must_use]
    pub fn shared(self, other: Self) -> Self {
        self.combined(other, |mine, others| mine && others)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// How many there are.
    pub fn count(self) -> usize {
        [self.blake3, self.git_blob, self.sha256, self.keyed].into_iter().filter(|is_in| *is_in).count()
    }

    fn combined(self, other: Self, how: fn(bool, bool) -> bool) -> Self {
        Self {
            blake3: how(self.blake3, other.blake3),
            git_blob: how(self.git_blob, other.git_blob),
            sha256: how(self.sha256, other.sha256),
            keyed: how(self.keyed, other.keyed),
        }
    }
}

/// Why a content could not be had, in words: which environment, which path, what failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadFailure(pub String);

/// Names of one content under git's SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobNames {
    /// Of the bytes as they are.
    pub raw: [u8; 20],
    /// Of the bytes with every CR LF as LF; `None` when there is no CR LF, or a zero byte among the first 8000 bytes.
    pub normalized: Option<[u8; 20]>,
}

/// Gives contents of files by environment and common path.
///
/// Of a sensitive file it gives what sealing leaves ([`crate::text::Redactor::seal`]): keyed fingerprints in the place of all values.
pub trait ContentReader {
    /// Reads a whole regular file. A file above `limit` bytes is a failure that says so, and is not read.
    fn read(&self, environment: usize, path: &TreePath, limit: u64) -> Result<Vec<u8>, ReadFailure>;

    /// Gives a digest of a file under at least the algorithms that are set in `wanted`, reading only what is not known.
    fn digests(&self, at: EntryRef, wanted: Algorithms) -> Result<Digests, ReadFailure>;

    /// Gives the names that git would have for files, in the order of `entries`; reads only what is not known, many at once. What cannot be
    /// had is `None`.
    fn blob_names(&self, entries: &[EntryRef]) -> Vec<Option<BlobNames>> {
        let wanted = Algorithms { git_blob: true, ..Algorithms::default() };
        let name = |at: &EntryRef| Some(BlobNames { raw: self.digests(*at, wanted).ok()?.git_blob?, normalized: None });
        entries.iter().map(name).collect()
    }

    /// Says which files will be read, so that those are fetched at once that cost a round trip each. What cannot be fetched is no failure
    /// before it is read.
    fn prefetch(&self, _entries: &[EntryRef]) {}

    /// A fact about contents that an earlier run found out; `key` is a digest of the question and of the contents it is about.
    fn recall(&self, _key: [u8; 32]) -> Option<u32> {
        None
    }

    /// Keeps a fact about contents for later runs.
    fn remember(&self, _key: [u8; 32], _fact: u32) {}
}

/// Gives earlier versions of files, for environments that have a repository. No answer is an empty one: having no history is no failure.
/// Versions of sensitive files come sealed, as from [`ContentReader`].
pub trait HistoryReader {
    /// The version of `path` in the commit that HEAD (or the environment itself) names, as it would be checked out by that
    /// environment (line endings converted as its attributes say).
    fn committed(&self, environment: usize, path: &TreePath) -> Result<Option<Vec<u8>>, ReadFailure>;

    /// The version of `path` in the best common ancestor of all these environments' commits; `None` when they do not all have
    /// a commit, share no history, or the ancestor has no such file.
    fn common_ancestor(
        &self,
        environments: &[usize],
        path: &TreePath,
    ) -> Result<Option<(CommitSummary, Vec<u8>)>, ReadFailure>;

    /// The distinct versions that `path` had along the first 10,000 commits reachable from the environment's commit, newest first.
    fn versions(&self, environment: usize, path: &TreePath) -> Result<Vec<CommittedVersion>, ReadFailure>;
}

/// A version of a file in a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedVersion {
    /// The newest commit that has it.
    pub commit: CommitSummary,
    /// Its name in the repository.
    pub git_blob: [u8; 20],
}

/// What is left of a text when differences that rarely mean anything are folded away; decides the quiet classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextFold {
    /// It begins with a byte-order mark.
    pub has_bom: bool,
    /// At least one line ends with CR LF.
    pub has_crlf: bool,
    /// BLAKE3 of the bytes without byte-order mark and with every CR LF as LF.
    pub plain: [u8; 32],
    /// As `plain`, with blanks and tabs at line ends removed.
    pub trimmed: [u8; 32],
}

/// Files whose contents must be told apart: after it was answered, any two members that were readable have a digest under a common
/// algorithm, or different sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// At least two regular files of one size, in order.
    pub members: Vec<EntryRef>,
}

/// Texts of which it is asked whether they are equal when they are folded, which differ as they are; or one alone, of which it is asked what
/// folding leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextQuestion {
    /// Regular files.
    pub members: Vec<EntryRef>,
}

/// Folds of texts that were asked for. A file that is not in it is binary, too large, or could not be read; or it is known without its fold
/// that what it was asked with is not equal.
pub type TextFolds = std::collections::BTreeMap<EntryRef, TextFold>;
