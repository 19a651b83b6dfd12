//! Reads the small files of a repository: regular ones only, never blocking, without moving access times where that is allowed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::fault::GitFault;
use crate::snapshot::Timestamp;

/// More than any hand-written file of a repository needs, and little enough to hold.
pub(super) const SMALL: u64 = 8 << 20;

/// Reads a whole file; `None` when it is not there.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, GitFault> {
    Ok(read_with_time(path, limit)?.map(|(bytes, _)| bytes))
}

/// Reads a whole file and tells when it was last changed; `None` when it is not there.
pub(super) fn read_with_time(path: &Path, limit: u64) -> Result<Option<(Vec<u8>, Timestamp)>, GitFault> {
    let fault = |source: std::io::Error| GitFault::File { path: path.to_owned(), source };
    let content = |problem| GitFault::Content { path: path.to_owned(), problem };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let opened = match rustix::fs::openat(CWD, path, flags | OFlags::NOATIME, Mode::empty()) {
        // Only the owner may ask for access times to be left alone.
        Err(Errno::PERM) => rustix::fs::openat(CWD, path, flags, Mode::empty()),
        other => other,
    };
    let descriptor = match opened {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        other => other.map_err(|errno| fault(errno.into()))?,
    };
    let stat = rustix::fs::fstat(&descriptor).map_err(|errno| fault(errno.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(content("is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::from(descriptor).take(limit + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > limit {
        return Err(content("is too large to be what its name says"));
    }
    let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    Ok(Some((bytes, Timestamp { seconds: stat.st_mtime, nanos })))
}
