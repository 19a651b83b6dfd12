//! What judging a checkout asks of the files: their names as git blobs, and some of their contents.

use crate::snapshot::ReadFailure;

/// Names files as git names blobs, reading only what is not known from an earlier run.
pub(crate) trait BlobHasher: Sync {
    /// The names of a listed regular file; `entry` counts into the snapshot's entries.
    fn blob(&self, entry: usize) -> Result<BlobNames, ReadFailure>;

    /// Reads a whole regular file; one above `limit` bytes is a failure that says so, and is not read.
    fn read(&self, entry: usize, limit: u64) -> Result<Vec<u8>, ReadFailure>;
}

/// Names of one content under git's SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlobNames {
    /// Of the bytes as they are.
    pub(crate) raw: [u8; 20],
    /// Of the bytes with every CR LF as LF; `None` when there is no CR LF, or a zero byte among the first 8000 bytes.
    pub(crate) normalized: Option<[u8; 20]>,
}
