//! The files of a repository that are not objects: where they are read from, and how those of this machine are read.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::fault::GitFault;
use crate::snapshot::Timestamp;

/// More than any hand-written file of a repository needs, and little enough to hold.
pub(crate) const SMALL: u64 = 8 << 20;

/// A whole index: a million entries have about 100 MB.
pub(crate) const INDEX: u64 = 2 << 30;

/// All packed references: fetched mirrors hold a million of them and more.
pub(crate) const PACKED: u64 = 1 << 30;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Anything else.
    Other,
}

/// Gives the files of a repository by their paths where the repository is.
pub(crate) trait GitFiles: fmt::Debug + Send + Sync {
    /// Reads a whole regular file, a link's target too, and tells when it was last changed; `None` when it is not there. One above
    /// `limit` bytes is a fault.
    fn read_with_time(&self, path: &Path, limit: u64) -> Result<Option<(Vec<u8>, Timestamp)>, GitFault>;

    /// What is at a path, or where the link there leads to; `None` when there is nothing.
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, GitFault>;

    /// Whether there is anything at a path, be it a link to nothing.
    fn exists(&self, path: &Path) -> Result<bool, GitFault>;

    /// What the link at a path holds; `None` when there is no link.
    fn link(&self, path: &Path) -> Option<Vec<u8>>;

    /// The names in a folder, in no order, and which of them are folders; none when there is no such folder.
    fn list(&self, folder: &Path) -> Result<Vec<(OsString, bool)>, GitFault>;

    /// The path from the root of the file system, without steps up and, where that can be told, without links.
    fn canonical(&self, path: &Path) -> Result<PathBuf, GitFault>;

    /// Reads a whole regular file; `None` when it is not there.
    fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, GitFault> {
        Ok(self.read_with_time(path, limit)?.map(|(bytes, _)| bytes))
    }
}

/// The files of this machine: regular ones only, never blocking, without moving access times where that is allowed.
#[derive(Debug)]
pub(crate) struct Here;

impl GitFiles for Here {
    fn read_with_time(&self, path: &Path, limit: u64) -> Result<Option<(Vec<u8>, Timestamp)>, GitFault> {
        let fault = |source| file_fault(path, source);
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
            return Err(content(NOT_REGULAR));
        }
        let mut bytes = Vec::new();
        File::from(descriptor).take(limit + 1).read_to_end(&mut bytes).map_err(fault)?;
        if bytes.len() as u64 > limit {
            return Err(content(TOO_LARGE));
        }
        let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
        Ok(Some((bytes, Timestamp { seconds: stat.st_mtime, nanos })))
    }

    fn kind(&self, path: &Path) -> Result<Option<FileKind>, GitFault> {
        match std::fs::metadata(path) {
            Err(error) if is_missing(&error) => Ok(None),
            Err(source) => Err(file_fault(path, source)),
            Ok(metadata) if metadata.is_file() => Ok(Some(FileKind::File)),
            Ok(metadata) if metadata.is_dir() => Ok(Some(FileKind::Folder)),
            Ok(_) => Ok(Some(FileKind::Other)),
        }
    }

    fn exists(&self, path: &Path) -> Result<bool, GitFault> {
        match std::fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(source) => Err(file_fault(path, source)),
        }
    }

    fn link(&self, path: &Path) -> Option<Vec<u8>> {
        std::fs::read_link(path).ok().map(|target| target.into_os_string().into_vec())
    }

    fn list(&self, folder: &Path) -> Result<Vec<(OsString, bool)>, GitFault> {
        let fault = |source| file_fault(folder, source);
        let entries = match std::fs::read_dir(folder) {
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            other => other.map_err(fault)?,
        };
        let entry = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?.is_dir()))
        };
        entries.map(entry).collect::<io::Result<_>>().map_err(fault)
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, GitFault> {
        std::fs::canonicalize(path).map_err(|source| file_fault(path, source))
    }
}

pub(super) const NOT_REGULAR: &str = "is not a regular file";
pub(super) const TOO_LARGE: &str = "is too large to be what its name says";

pub(super) fn file_fault(path: &Path, source: io::Error) -> GitFault {
    GitFault::File { path: path.to_owned(), source }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
