//! HEAD, branches, tags: loose files and packed ones.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use git2::Oid;

use super::fault::GitFault;
use super::files;
use super::objects::parse_id;
use super::place::GitPlace;
use crate::path::TreePath;

/// The references of one repository.
#[derive(Debug)]
pub(crate) struct Refs {
    git_dir: PathBuf,
    common_dir: PathBuf,
    packed: BTreeMap<Vec<u8>, Oid>,
}

/// What a reference holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The name of an object.
    Direct(Oid),
    /// The name of another reference.
    Symbolic(Vec<u8>),
}

/// Chains of references are no longer than this in git.
const LONGEST_CHAIN: usize = 5;

impl Refs {
    pub(super) fn open(place: &GitPlace) -> Result<Self, GitFault> {
        // Fetched mirrors hold a million references and more.
        let bytes = files::read(&place.common_dir.join("packed-refs"), 1 << 30)?.unwrap_or_default();
        let mut packed = BTreeMap::new();
        for line in bytes.split(|&byte| byte == b'\n') {
            if let Some((id, name)) = line.split_at_checked(40)
                && let (Some(id), Some(name)) = (parse_id(id), name.strip_prefix(b" "))
            {
                packed.insert(name.to_vec(), id);
            }
        }
        Ok(Self { git_dir: place.git_dir.clone(), common_dir: place.common_dir.clone(), packed })
    }

    /// What HEAD holds.
    pub(crate) fn head(&self) -> Result<Target, GitFault> {
        let path = self.git_dir.join("HEAD");
        // The oldest form of a symbolic reference is a link; it may point to a branch that has no commit yet.
        if let Ok(link) = std::fs::read_link(&path)
            && link.starts_with("refs")
        {
            return Ok(Target::Symbolic(link.into_os_string().into_vec()));
        }
        self.read(b"HEAD")?.ok_or(GitFault::Content { path, problem: "is not there" })
    }

    /// What a reference holds under its full name; `None` when there is none.
    pub(crate) fn read(&self, name: &[u8]) -> Result<Option<Target>, GitFault> {
        let Some(path) = self.path(name) else { return Ok(None) };
        // A folder under this name holds longer names.
        let loose = if path.is_dir() { None } else { files::read(&path, files::SMALL)? };
        let Some(text) = loose else { return Ok(self.packed.get(name).copied().map(Target::Direct)) };
        let damaged = GitFault::Content { path, problem: "does not name a commit" };
        match text.strip_prefix(b"ref:") {
            Some(target) => Ok(Some(Target::Symbolic(target.trim_ascii().to_vec()))),
            None => parse_id(text.get(..40).unwrap_or_default()).map(|id| Some(Target::Direct(id))).ok_or(damaged),
        }
    }

    /// The object that a full name stands for in the end; `None` when the name, or one that it leads to, is not there.
    pub(crate) fn resolve(&self, name: &[u8]) -> Result<Option<Oid>, GitFault> {
        let mut name = name.to_vec();
        for _ in 0..LONGEST_CHAIN {
            match self.read(&name)? {
                None => return Ok(None),
                Some(Target::Direct(id)) => return Ok(Some(id)),
                Some(Target::Symbolic(next)) => name = next,
            }
        }
        Ok(None)
    }

    /// All references below `prefix`, such as `refs/heads/`, with their objects. One that is damaged or leads nowhere is left out, as
    /// git leaves it out.
    pub(crate) fn below(&self, prefix: &str) -> Result<BTreeMap<Vec<u8>, Oid>, GitFault> {
        let mut names: Vec<Vec<u8>> =
            self.packed.keys().filter(|name| name.starts_with(prefix.as_bytes())).cloned().collect();
        list_files(&self.common_dir.join(prefix), prefix.as_bytes(), &mut names, 0)?;
        let mut found = BTreeMap::new();
        for name in names {
            if let Ok(Some(id)) = self.resolve(&name) {
                found.insert(name, id);
            }
        }
        Ok(found)
    }

    /// The records of what a reference held, oldest first; none when nothing was recorded.
    pub(crate) fn log(&self, name: &str) -> Result<Vec<Vec<u8>>, GitFault> {
        let bytes = files::read(&self.common_dir.join("logs").join(name), 1 << 28)?.unwrap_or_default();
        Ok(bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// Where a reference is kept as a file; `None` when the name is none.
    fn path(&self, name: &[u8]) -> Option<PathBuf> {
        TreePath::new(name).ok()?;
        let shared = name.starts_with(b"refs/")
            && ![&b"refs/bisect/"[..], b"refs/worktree/", b"refs/rewritten/"].iter().any(|own| name.starts_with(own));
        // Names outside `refs` are those of HEAD and its like; other files there are no references.
        let alike = name.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_');
        (name.starts_with(b"refs/") || alike)
            .then(|| if shared { &self.common_dir } else { &self.git_dir }.join(OsStr::from_bytes(name)))
    }
}

fn list_files(folder: &Path, prefix: &[u8], names: &mut Vec<Vec<u8>>, depth: usize) -> Result<(), GitFault> {
    let fault = |source| GitFault::File { path: folder.to_owned(), source };
    if depth > 100 {
        return Err(GitFault::Content { path: folder.to_owned(), problem: "nests too deeply" });
    }
    let entries = match std::fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        other => other.map_err(fault)?,
    };
    for entry in entries {
        let entry = entry.map_err(fault)?;
        let name = [prefix, entry.file_name().as_bytes()].concat();
        if entry.file_type().map_err(fault)?.is_dir() {
            list_files(&entry.path(), &[&name[..], b"/"].concat(), names, depth + 1)?;
        } else if !name.ends_with(b".lock") {
            names.push(name);
        }
    }
    Ok(())
}
