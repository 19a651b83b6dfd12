//! Where a repository is, and whether it looks like one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fault::GitFault;
use super::files::{FileKind, GitFiles, SMALL};

/// The folders of a repository; both are one, except in a linked worktree.
#[derive(Debug, Clone)]
pub(crate) struct GitPlace {
    /// Who reads them.
    pub(crate) files: Arc<dyn GitFiles>,
    /// HEAD, index and unfinished operations are here.
    pub(crate) git_dir: PathBuf,
    /// Objects, branches and config are here.
    pub(crate) common_dir: PathBuf,
}

impl GitPlace {
    /// The repository whose checkout `folder` is the top of: a `.git` folder, or a file that says where it is.
    pub(crate) fn of_checkout(files: &Arc<dyn GitFiles>, folder: &Path) -> Result<Option<Self>, GitFault> {
        let dot = folder.join(".git");
        match files.kind(&dot)? {
            None => return Ok(None),
            // An empty folder under this name is no repository for git either.
            Some(FileKind::Folder) if files.list(&dot)?.is_empty() => return Ok(None),
            Some(FileKind::Folder) => return Self::at(files, &dot).map(Some),
            Some(FileKind::File | FileKind::Other) => {}
        }
        let damaged = |problem| GitFault::Content { path: dot.clone(), problem };
        let text = files.read(&dot, SMALL)?.unwrap_or_default();
        let target = text.strip_prefix(b"gitdir: ").ok_or(damaged("does not say where the repository is"))?;
        let target = folder.join(OsStr::from_bytes(target.trim_ascii_end()));
        match files.kind(&target) {
            Ok(None) => Err(damaged("names a repository that is not there")),
            _ => Self::at(files, &target).map(Some),
        }
    }

    /// The repository that `folder` itself is, when it looks like one: a bare one, or the inside of `.git`.
    pub(crate) fn of_bare(files: &Arc<dyn GitFiles>, folder: &Path) -> Option<Self> {
        Self::at(files, folder).ok()
    }

    fn at(files: &Arc<dyn GitFiles>, git_dir: &Path) -> Result<Self, GitFault> {
        let content = |problem| GitFault::Content { path: git_dir.to_owned(), problem };
        let common_dir = match files.read(&git_dir.join("commondir"), SMALL)? {
            Some(text) => git_dir.join(OsStr::from_bytes(text.trim_ascii_end())),
            None => git_dir.to_owned(),
        };
        if !files.exists(&git_dir.join("HEAD"))? {
            return Err(content("is a damaged repository: it has no HEAD"));
        }
        if !files.exists(&common_dir.join("objects"))? || !files.exists(&common_dir.join("refs"))? {
            return Err(content("is a damaged repository: it has no `objects` or no `refs`"));
        }
        Ok(Self { files: Arc::clone(files), git_dir: git_dir.to_owned(), common_dir })
    }
}
