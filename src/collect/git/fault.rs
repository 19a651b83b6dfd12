//! Why a repository could not be judged.

use std::io;
use std::path::PathBuf;

use git2::Oid;

use super::index::IndexError;
use crate::collect::walk::in_words;

/// Something in a repository could not be read or is not understood; its words are the reason that is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitFault {
    /// The system refused.
    #[error("cannot read `{}`: {}", path.display(), in_words(source))]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is of no use as it is.
    #[error("`{}` {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, after its name.
        problem: &'static str,
    },
    /// An object is missing or damaged.
    #[error("cannot read the object {id} of the repository: {}", source.message())]
    Object {
        /// Its name.
        id: Oid,
        /// Why.
        source: git2::Error,
    },
    /// An object is not what its place demands.
    #[error("the object {id} of the repository is not a well-formed {kind}")]
    Malformed {
        /// Its name.
        id: Oid,
        /// What it should be.
        kind: &'static str,
    },
    /// The index is damaged or of a kind that is not understood.
    #[error("the index of the repository cannot be used: {0}")]
    Index(#[from] IndexError),
    /// The repository is of a kind that is not understood.
    #[error("{0}")]
    Unsupported(String),
    /// What was asked for lies below where history ends here, or may lie there.
    #[error("the history is cut off (by `depth`, or in a shallow clone) before that could be told")]
    Cut,
}
