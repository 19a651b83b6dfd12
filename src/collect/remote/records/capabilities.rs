//! What the far side can do, as its script finds out first of all.

use crate::collect::far::Tools;
use crate::snapshot::{Algorithms, Timestamp};

/// By which tools the far side lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collect::remote) enum Tier {
    /// GNU find.
    Gnu,
    /// `find`, and `stat -c` as in busybox.
    Stat,
    /// `find`, and `stat -f` as on BSD and macOS.
    Bsd,
    /// By none.
    None,
}

/// What the far side can do.
#[expect(clippy::struct_excessive_bools, reason = "each is a field of its own in the record")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect::remote) struct Capabilities {
    pub(in crate::collect::remote) tier: Tier,
    /// It has `b3sum`.
    pub(in crate::collect::remote) blake3: bool,
    /// It has a tool for SHA-256.
    pub(in crate::collect::remote) sha256: bool,
    /// Its `xargs` takes paths with zero bytes between them.
    pub(in crate::collect::remote) batches: bool,
    /// It waits for more when it has answered.
    pub(in crate::collect::remote) stays: bool,
    /// Its clock, when it began.
    pub(in crate::collect::remote) now: Timestamp,
    /// What it calls itself.
    pub(in crate::collect::remote) host: Vec<u8>,
    /// The first `.git` in the root or above it.
    pub(in crate::collect::remote) git: Option<Vec<u8>>,
    pub(in crate::collect::remote) driftline: Driftline,
}

/// Whether driftline is installed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect::remote) enum Driftline {
    No,
    /// It speaks these records.
    Yes,
    /// One that calls itself so does not.
    Other(Vec<u8>),
}

impl Capabilities {
    /// In which form it lists: driftline itself as GNU find would.
    pub(in crate::collect::remote) fn form(&self) -> Tier {
        if self.is_driftline() { Tier::Gnu } else { self.tier }
    }

    /// Whether driftline itself answers.
    pub(in crate::collect::remote) fn is_driftline(&self) -> bool {
        self.driftline == Driftline::Yes
    }

    /// What listing and reading there are done with.
    pub(in crate::collect::remote) fn tools(&self) -> Tools {
        if self.is_driftline() {
            let digests = Algorithms { blake3: true, sha256: true, git_blob: true, keyed: false };
            let host = String::from_utf8_lossy(&self.host).into_owned();
            return Tools { host, lists: Some("driftline itself"), digests };
        }
        let lists = match self.tier {
            Tier::Gnu => Some("GNU find"),
            Tier::Stat => Some("find and stat, as in BusyBox"),
            Tier::Bsd => Some("find and stat, as on BSD"),
            Tier::None => None,
        };
        let digests = if self.batches {
            Algorithms { blake3: self.blake3, sha256: self.sha256, ..Algorithms::default() }
        } else {
            Algorithms::default()
        };
        Tools { host: String::from_utf8_lossy(&self.host).into_owned(), lists, digests }
    }
}
