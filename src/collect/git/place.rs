//! Where a repository is, and whether it is of a kind that is understood.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::config::GitConfig;
use super::fault::GitFault;
use super::files;
use super::objects::Objects;
use super::refs::Refs;

/// The folders of a repository; both are one, except in a linked worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitPlace {
    /// HEAD, index and unfinished operations are here.
    pub(crate) git_dir: PathBuf,
    /// Objects, branches and config are here.
    pub(crate) common_dir: PathBuf,
}

/// An opened repository.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) place: GitPlace,
    pub(crate) config: GitConfig,
    pub(crate) refs: Refs,
    pub(crate) objects: Objects,
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

impl Repo {
    /// Opens a repository of a kind that is understood; nothing is read of it but config, packed refs and the list of its packs.
    pub(crate) fn open(place: GitPlace) -> Result<Self, GitFault> {
        let mut config = GitConfig::default();
        config.add_file(&place.common_dir.join("config"))?;
        check_extensions(&config)?;
        if config.get_bool("extensions.worktreeconfig") == Some(true) {
            config.add_file(&place.git_dir.join("config.worktree"))?;
        }
        let refs = Refs::open(&place)?;
        let objects = Objects::open(&place)?;
        Ok(Self { place, config, refs, objects })
    }

    /// Whether this is a further worktree beside the one that the repository was made with.
    pub(crate) fn is_linked_worktree(&self) -> bool {
        self.place.git_dir != self.place.common_dir
    }
}

/// Refuses what git's format says must be refused when it is not understood, and what is understood and not supported.
fn check_extensions(config: &GitConfig) -> Result<(), GitFault> {
    let refuse = |words: String| Err(GitFault::Unsupported(words));
    match config.get("core.repositoryformatversion") {
        None | Some(b"0" | b"1" | b"") => {}
        Some(other) => {
            return refuse(format!("the repository has the format version {}, which is not known", text(other)));
        }
    }
    for (name, value) in config.section("extensions") {
        match name {
            b"noop"
            | b"noop-v1"
            | b"preciousobjects"
            | b"partialclone"
            | b"worktreeconfig"
            | b"relativeworktrees"
            | b"compatobjectformat" => {}
            b"objectformat" if value.eq_ignore_ascii_case(b"sha1") => {}
            b"objectformat" if value.eq_ignore_ascii_case(b"sha256") => {
                return refuse("the repository names its objects by SHA-256, which is not supported".to_owned());
            }
            b"refstorage" if value.eq_ignore_ascii_case(b"files") => {}
            b"refstorage" if value.eq_ignore_ascii_case(b"reftable") => {
                return refuse("the repository keeps its branches as reftable, which is not supported".to_owned());
            }
            _ => {
                return refuse(format!(
                    "the repository has the extension `{}` = `{}`, which is not known",
                    text(name),
                    text(value)
                ));
            }
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
