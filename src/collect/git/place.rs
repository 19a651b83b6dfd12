//! Where a repository is, and whether it is of a kind that is understood.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::fault::GitFault;
use super::files;

/// The folders of a repository; both are one, except in a linked worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitPlace {
    /// HEAD, index and unfinished operations are here.
    pub(crate) git_dir: PathBuf,
    /// Objects, branches and config are here.
    pub(crate) common_dir: PathBuf,
}

impl GitPlace {
    /// The repository whose checkout `folder` is the top of: a `.git` folder, or a file that says where it is.
    pub(crate) fn of_checkout(folder: &Path) -> Result<Option<Self>, GitFault> {
        let dot = folder.join(".git");
        let fault = |source| GitFault::File { path: dot.clone(), source };
        let kind = match std::fs::metadata(&dot) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            other => other.map_err(fault)?.file_type(),
        };
        if kind.is_dir() {
            // An empty folder under this name is no repository for git either.
            if std::fs::read_dir(&dot).map_err(fault)?.next().is_none() {
                return Ok(None);
            }
            return Self::at(&dot).map(Some);
        }
        let damaged = |problem| GitFault::Content { path: dot.clone(), problem };
        let text = files::read(&dot, files::SMALL)?.unwrap_or_default();
        let target = text.strip_prefix(b"gitdir: ").ok_or(damaged("does not say where the repository is"))?;
        let target = folder.join(OsStr::from_bytes(target.trim_ascii_end()));
        match std::fs::metadata(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(damaged("names a repository that is not there"))
            }
            _ => Self::at(&target).map(Some),
        }
    }

    /// The repository that `folder` itself is, when it looks like one: a bare one, or the inside of `.git`.
    pub(crate) fn of_bare(folder: &Path) -> Option<Self> {
        Self::at(folder).ok()
    }

    fn at(git_dir: &Path) -> Result<Self, GitFault> {
        let content = |problem| GitFault::Content { path: git_dir.to_owned(), problem };
        let common_dir = match files::read(&git_dir.join("commondir"), files::SMALL)? {
            Some(text) => git_dir.join(OsStr::from_bytes(text.trim_ascii_end())),
            None => git_dir.to_owned(),
        };
        let there = |path: PathBuf| match std::fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(GitFault::File { path, source }),
        };
        if !there(git_dir.join("HEAD"))? {
            return Err(content("is a damaged repository: it has no HEAD"));
        }
        if !there(common_dir.join("objects"))? || !there(common_dir.join("refs"))? {
            return Err(content("is a damaged repository: it has no `objects` or no `refs`"));
        }
        Ok(Self { git_dir: git_dir.to_owned(), common_dir })
    }
}
