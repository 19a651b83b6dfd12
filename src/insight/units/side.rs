//! The sides of a change, and how their contents are come by.

use std::ops::Range;
use std::sync::Arc;

use crate::path::TreePath;
use crate::snapshot::{Blob, BlobId, BlobKind, CommitReader, Content, ContentReader, GitState, ReadFailure, Snapshot};

/// One side of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its path, common.
    pub path: TreePath,
    /// File, executable file, link or submodule.
    pub kind: BlobKind,
    /// Its content.
    pub version: Version,
}

/// Where a content is found when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// In the repository of an environment, without any conversion of a checkout.
    Blob {
        /// Whose repository.
        environment: usize,
        /// Its name there.
        id: BlobId,
    },
    /// The present file of an environment, at this common path.
    File {
        /// Whose file.
        environment: usize,
        /// Where.
        path: TreePath,
    },
    /// Here, because it is nowhere else.
    Held(Arc<[u8]>),
    /// A file with only some of the hunks that it has.
    Part {
        /// Its content with these and no others.
        content: Arc<[u8]>,
        /// Where they are in the file with all of them, by line; empty where lines only go.
        lines: Arc<[Range<usize>]>,
    },
}

/// Where the versions are that sides name.
#[derive(Clone, Copy)]
pub struct Versions<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// Present files.
    pub contents: &'a dyn ContentReader,
    /// Commits and what they name.
    pub commits: &'a dyn CommitReader,
}

impl Side {
    /// The present file of an environment, if it is a file or a link.
    pub fn present(snapshots: &[Snapshot], environment: usize, path: &TreePath) -> Option<Self> {
        let snapshot = &snapshots[environment];
        let entry = &snapshot.entries[snapshot.find(path)?];
        let kind = match &entry.content {
            Content::File(_) if entry.attributes.mode & 0o100 != 0 => BlobKind::Executable,
            Content::File(_) => BlobKind::File,
            Content::Symlink { .. } => BlobKind::Link,
            _ => return None,
        };
        Some(Self { path: path.clone(), kind, version: Version::File { environment, path: path.clone() } })
    }

    /// The place of another repository at which an environment is, with the commit that its tree or its index names there.
    pub fn submodule(snapshots: &[Snapshot], environment: usize, path: &TreePath) -> Option<Self> {
        let snapshot = &snapshots[environment];
        let commit = match (snapshot.find(path).map(|entry| &snapshot.entries[entry].content), &snapshot.git) {
            (Some(Content::Submodule { commit }), _) => commit,
            (_, GitState::Checkout(status)) => {
                let at = status.submodules.binary_search_by(|submodule| submodule.path.cmp(path)).ok()?;
                &status.submodules[at].recorded
            }
            _ => return None,
        };
        let id = <BlobId>::try_from(&commit.0[..]).ok()?;
        Some(Self { path: path.clone(), kind: BlobKind::Submodule, version: Version::Blob { environment, id } })
    }
}

impl Versions<'_> {
    /// The content of a side; `None` when it has more than `limit` bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn content(&self, side: &Side, limit: u64) -> Result<Option<Vec<u8>>, ReadFailure> {
        match &side.version {
            Version::Held(content) | Version::Part { content, .. } => {
                Ok((content.len() as u64 <= limit).then(|| content.to_vec()))
            }
            Version::Blob { environment, id } => {
                let blob = Blob { id: *id, kind: side.kind };
                match self.commits.blob(*environment, &side.path, blob, limit) {
                    Ok(content) => Ok(Some(content)),
                    // The size is asked for only when it may be the reason.
                    Err(failure) if self.commits.blob_size(*environment, id)? <= limit => Err(failure),
                    Err(_) => Ok(None),
                }
            }
            Version::File { environment, path } => {
                let snapshot = &self.snapshots[*environment];
                match snapshot.find(path).map(|entry| &snapshot.entries[entry].content) {
                    Some(Content::Symlink { target }) => Ok(Some(target.to_vec())),
                    Some(Content::File(file)) if file.size > limit => Ok(None),
                    _ => self.contents.read(*environment, path, limit).map(Some),
                }
            }
        }
    }
}
