//! Files of a repository that came from another machine. They are held in memory under the names that they have there, so whatever these names
//! are, none of them leads anywhere here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};

use super::fault::GitFault;
use super::files::{FileKind, GitFiles, NOT_REGULAR, TOO_LARGE, file_fault};
use crate::collect::far::{GitFile, GitItem};
use crate::snapshot::Timestamp;

/// The files of one environment's repositories.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    items: BTreeMap<PathBuf, GitItem>,
    links: BTreeMap<PathBuf, Vec<u8>>,
}

impl Fetched {
    pub(super) fn new(files: impl IntoIterator<Item = GitFile>) -> Self {
        let mut fetched = Self::default();
        for GitFile { path, item } in files {
            match item {
                GitItem::Link(target) => drop(fetched.links.insert(path, target)),
                // That something is there says less than what else is told of it.
                GitItem::Other => drop(fetched.items.entry(path).or_insert(GitItem::Other)),
                item => drop(fetched.items.insert(path, item)),
            }
        }
        fetched
    }

    /// Fails where a folder on the way could not be looked into.
    fn check(&self, folders: &mut dyn Iterator<Item = &Path>) -> Result<(), GitFault> {
        for folder in folders {
            if let Some(&GitItem::Closed(kind)) = self.items.get(folder) {
                let source = match kind {
                    io::ErrorKind::Other => io::Error::other("it could not be read there"),
                    kind => kind.into(),
                };
                return Err(file_fault(folder, source));
            }
        }
        Ok(())
    }

    fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = (&'a Path, &'a GitItem)> {
        let range = self.items.range::<Path, _>((Bound::Excluded(folder), Bound::Unbounded));
        range.take_while(move |(path, _)| path.starts_with(folder)).map(|(path, item)| (path.as_path(), item))
    }
}

impl GitFiles for Fetched {
    fn read_with_time(&self, path: &Path, limit: u64) -> Result<Option<(Vec<u8>, Timestamp)>, GitFault> {
        self.check(&mut path.ancestors())?;
        let content = |problem| GitFault::Content { path: path.to_owned(), problem };
        match self.items.get(path) {
            None if self.below(path).next().is_none() => Ok(None),
            Some(GitItem::TooLarge) => Err(content(TOO_LARGE)),
            Some(GitItem::File { bytes, .. }) if bytes.len() as u64 > limit => Err(content(TOO_LARGE)),
            // A time that is not known is older than any file, which vouches for none.
            Some(GitItem::File { bytes, modified }) => Ok(Some((bytes.clone(), modified.unwrap_or_default()))),
            _ => Err(content(NOT_REGULAR)),
        }
    }

    fn kind(&self, path: &Path) -> Result<Option<FileKind>, GitFault> {
        self.check(&mut path.ancestors())?;
        Ok(match self.items.get(path) {
            Some(GitItem::File { .. } | GitItem::TooLarge) => Some(FileKind::File),
            Some(GitItem::Folder) => Some(FileKind::Folder),
            Some(_) => Some(FileKind::Other),
            None => self.below(path).next().map(|_| FileKind::Folder),
        })
    }

    fn exists(&self, path: &Path) -> Result<bool, GitFault> {
        self.check(&mut path.ancestors().skip(1))?;
        Ok(self.items.contains_key(path) || self.links.contains_key(path) || self.below(path).next().is_some())
    }

    fn link(&self, path: &Path) -> Option<Vec<u8>> {
        self.links.get(path).cloned()
    }

    fn list(&self, folder: &Path) -> Result<Vec<(OsString, bool)>, GitFault> {
        self.check(&mut folder.ancestors())?;
        let mut found: BTreeMap<OsString, bool> = BTreeMap::new();
        for (path, item) in self.below(folder) {
            let mut parts = path.strip_prefix(folder).into_iter().flat_map(Path::components);
            if let Some(Component::Normal(name)) = parts.next() {
                let is_folder = parts.next().is_some() || *item == GitItem::Folder;
                *found.entry(name.to_owned()).or_default() |= is_folder;
            }
        }
        Ok(found.into_iter().collect())
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, GitFault> {
        let mut whole = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(whole.pop()),
                Component::CurDir => {}
                part => whole.push(part),
            }
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(items: &[(&str, GitItem)]) -> Fetched {
        Fetched::new(items.iter().map(|(path, item)| GitFile { path: path.into(), item: item.clone() }))
    }

    #[test]
    fn names_lead_nowhere_but_to_what_came() {
        let file = |text: &str| GitItem::File { bytes: text.into(), modified: None };
        let fetched = fetched(&[
            ("/r/.git/HEAD", file("ref: x")),
            ("/r/.git/./refs/heads/main", file("1")),
            ("/r/.git/refs/heads/../../../etc/passwd", file("2")),
            ("/r/.git/closed", GitItem::Closed(io::ErrorKind::PermissionDenied)),
            ("/r/.git/rebase-merge", GitItem::Folder),
        ]);
        let path = |path: &str| PathBuf::from(path);
        assert_eq!(fetched.read(&path("/r/.git/refs/heads/main"), 10).unwrap().unwrap(), b"1");
        assert_eq!(fetched.read(&path("/etc/passwd"), 1000).unwrap(), None, "nothing of this machine is read");
        assert_eq!(fetched.list(&path("/r/.git/refs/heads")).unwrap(), [("main".into(), false)]);
        assert_eq!(fetched.kind(&path("/r/.git/refs")).unwrap(), Some(FileKind::Folder));
        assert_eq!(fetched.kind(&path("/r/.git/rebase-merge")).unwrap(), Some(FileKind::Folder));
        assert!(fetched.read(&path("/r/.git/HEAD"), 3).is_err(), "it is larger than that");
        assert!(fetched.read(&path("/r/.git/closed/below"), 3).is_err());
        assert!(fetched.exists(&path("/r/.git/closed")).unwrap() && fetched.exists(&path("/r/.git/closed/x")).is_err());
        assert_eq!(fetched.canonical(&path("/r/lib/../.git/./modules")).unwrap(), path("/r/.git/modules"));
    }
}
