//! What is read out of records.

use crate::snapshot::Timestamp;

/// What kind of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collect::remote) enum Kind {
    File,
    Directory,
    Symlink,
    Fifo,
    Socket,
    BlockDevice,
    CharacterDevice,
    Other,
}

/// By what a file is recognised as unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::collect::remote) struct Look {
    pub(in crate::collect::remote) device: u64,
    pub(in crate::collect::remote) inode: u64,
    pub(in crate::collect::remote) size: u64,
    pub(in crate::collect::remote) modified: Timestamp,
    pub(in crate::collect::remote) changed: Timestamp,
}

/// One entry, as the far side saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect::remote) struct Record {
    /// `.`, or `./` and the path below the root.
    pub(in crate::collect::remote) path: Vec<u8>,
    pub(in crate::collect::remote) kind: Kind,
    pub(in crate::collect::remote) mode: u32,
    pub(in crate::collect::remote) uid: u32,
    pub(in crate::collect::remote) gid: u32,
    pub(in crate::collect::remote) user: Vec<u8>,
    pub(in crate::collect::remote) group: Vec<u8>,
    pub(in crate::collect::remote) look: Look,
    /// Of a link; `None` where it comes later.
    pub(in crate::collect::remote) target: Option<Vec<u8>>,
    /// Whether it may be read (for a folder: listed and entered).
    pub(in crate::collect::remote) readable: bool,
    /// Why it could not be read, where more is known than that it may not.
    pub(in crate::collect::remote) trouble: Option<Failing>,
}

/// What failed there, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect::remote) struct Failing {
    /// It is in motion rather than closed.
    pub(in crate::collect::remote) unstable: bool,
    pub(in crate::collect::remote) act: String,
    pub(in crate::collect::remote) why: String,
}

/// What a listing is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect::remote) enum Item {
    Entry(Box<Record>),
    /// The `.git` of a repository inside the root.
    Repository(Vec<u8>),
    /// Where a link points to that came before; `None` when it could not be read.
    Target {
        path: Vec<u8>,
        target: Option<Vec<u8>>,
    },
}

/// What was said of one file of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect::remote) struct Told<T> {
    pub(in crate::collect::remote) before: Before,
    /// After it was read; `None` when it was not there.
    pub(in crate::collect::remote) after: Option<Look>,
    pub(in crate::collect::remote) value: Result<T, Refusal>,
}

/// What was seen of a file before it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collect::remote) enum Before {
    /// Nobody looked.
    NotLooked,
    /// It was not there.
    Gone,
    Seen(Look),
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collect::remote) enum Refusal {
    Gone,
    Denied,
    Failed,
}
