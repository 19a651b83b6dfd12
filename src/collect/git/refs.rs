//! HEAD, branches, tags: loose files and packed ones.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use git2::Oid;

use super::fault::GitFault;
use super::files::{FileKind, GitFiles, PACKED, SMALL};
use super::objects::parse_id;
use super::place::GitPlace;
use crate::path::TreePath;

/// The references of one repository.
#[derive(Debug)]
pub(crate) struct Refs {
    place: GitPlace,
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
/// Records of a reference are no longer.
const LOG: u64 = 1 << 28;

impl Refs {
    pub(super) fn open(place: &GitPlace) -> Result<Self, GitFault> {
        let bytes = place.files.read(&place.common_dir.join("packed-refs"), PACKED)?.unwrap_or_default();
        let mut packed = BTreeMap::new();
        for line in bytes.split(|&byte| byte == b'\n') {
            if let Some((id, name)) = line.split_at_checked(40)
                && let (Some(id), Some(name)) = (parse_id(id), name.strip_prefix(b" "))
            {
                packed.insert(name.to_vec(), id);
            }
        }
        Ok(Self { place: place.clone(), packed })
    }

    /// What HEAD holds.
    pub(crate) fn head(&self) -> Result<Target, GitFault> {
        let path = self.place.git_dir.join("HEAD");
        // The oldest form of a symbolic reference is a link; it may point to a branch that has no commit yet.
        if let Some(link) = self.place.files.link(&path)
            && link.starts_with(b"refs/")
        {
            return Ok(Target::Symbolic(link));
        }
        self.read(b"HEAD")?.ok_or(GitFault::Content { path, problem: "is not there" })
    }

    /// The object that HEAD stands for in the end; `None` when it is unborn.
    pub(crate) fn head_id(&self) -> Result<Option<Oid>, GitFault> {
        match self.head()? {
            Target::Direct(id) => Ok(Some(id)),
            Target::Symbolic(name) => self.resolve(&name),
        }
    }

    /// What a reference holds under its full name; `None` when there is none.
    pub(crate) fn read(&self, name: &[u8]) -> Result<Option<Target>, GitFault> {
        let Some(path) = self.path(name) else { return Ok(None) };
        // A folder under this name holds longer names.
        let files = &self.place.files;
        let loose = match files.kind(&path)? {
            None | Some(FileKind::Folder) => None,
            Some(_) => files.read(&path, SMALL)?,
        };
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
        list_files(&*self.place.files, &self.place.common_dir.join(prefix), prefix.as_bytes(), &mut names, 0)?;
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
        let bytes = self.place.files.read(&self.place.common_dir.join("logs").join(name), LOG)?.unwrap_or_default();
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
            .then(|| if shared { &self.place.common_dir } else { &self.place.git_dir }.join(OsStr::from_bytes(name)))
    }
}

fn list_files(
    files: &dyn GitFiles,
    folder: &Path,
    prefix: &[u8],
    names: &mut Vec<Vec<u8>>,
    depth: usize,
) -> Result<(), GitFault> {
    if depth > 100 {
        return Err(GitFault::Content { path: folder.to_owned(), problem: "nests too deeply" });
    }
    for (name, is_folder) in files.list(folder)? {
        let full = [prefix, name.as_bytes()].concat();
        if is_folder {
            list_files(files, &folder.join(&name), &[&full[..], b"/"].concat(), names, depth + 1)?;
        } else if !full.ends_with(b".lock") {
            names.push(full);
        }
    }
    Ok(())
}
