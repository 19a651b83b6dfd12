//! A folder of this machine as a source.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::collect::naming::Naming;
use crate::collect::walk::{Walked, walk};
use crate::collect::{
    CollectError, Filter, Listing, OpenError, OpenFile, Source, SourceReader, Stamp, Watch, settle, sys,
};
use crate::config::{Environment, PathMap};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{GitState, Knows, Names, Snapshot};

/// A folder of this machine.
///
/// Its root may be reached through links, since the user named it; below it nothing is followed. Mount points below it belong
/// to it.
#[derive(Debug)]
pub struct LocalFolder {
    environment: EnvironmentName,
    path: PathBuf,
    canonical: PathBuf,
    root: OwnedFd,
    map: PathMap,
}

impl LocalFolder {
    /// Takes hold of the root, so that renames of folders above it do not matter any more.
    ///
    /// # Errors
    /// [`CollectError::Root`] when it is not there, is not a folder, or may not be entered.
    pub fn open(environment: &Environment, path: &Path) -> Result<Self, CollectError> {
        let failed = |source| CollectError::Root { path: path.to_owned(), source };
        let root = sys::open_root(path).map_err(failed)?;
        let canonical = path.canonicalize().or_else(|_| std::path::absolute(path)).map_err(failed)?;
        Ok(Self {
            environment: environment.name.clone(),
            path: path.to_owned(),
            canonical,
            root,
            map: environment.map.clone(),
        })
    }

    /// Lists it inside the current pool; not yet in order where names are mapped.
    pub(super) fn walked(&self, filter: &Filter, listed: &(dyn Fn(u64) + Sync)) -> io::Result<Walked> {
        walk(self.root.as_fd(), Naming::new(&self.map), filter, listed)
    }
}

impl Source for LocalFolder {
    fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    fn origin(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    fn identity(&self) -> Vec<u8> {
        [b"folder\0", self.canonical.as_os_str().as_bytes()].concat()
    }

    fn list(&self, filter: &Filter, watch: &dyn Watch) -> Result<Listing, CollectError> {
        let mut walked = self
            .walked(filter, &|entries| watch.listed(0, entries))
            .map_err(|source| CollectError::Root { path: self.path.clone(), source })?;
        if !self.map.is_empty() {
            settle::settle(&mut walked, &self.map, filter, &self.environment)?;
        }
        let Walked { entries, stamps, incidents, counters, .. } = walked;
        let snapshot = Snapshot {
            environment: self.environment.clone(),
            origin: self.origin(),
            names: names(&entries),
            entries,
            incidents,
            knows: Knows { permissions: true, owners: true, times: true, executable_unknown: false },
            git: GitState::None,
        };
        Ok(Listing { snapshot, stamps, counters })
    }

    fn reader(&self) -> Box<dyn SourceReader + '_> {
        Box::new(FolderReader { source: self, folder: None })
    }
}

/// Asks the system's database once for each number.
pub(super) fn names(entries: &[crate::snapshot::Entry]) -> Names {
    let mut names = Names::default();
    let mut users = std::collections::BTreeSet::new();
    let mut groups = std::collections::BTreeSet::new();
    for entry in entries {
        users.insert(entry.attributes.uid);
        groups.insert(entry.attributes.gid);
    }
    for uid in users {
        if let Some(user) = uzers::get_user_by_uid(uid) {
            names.users.insert(uid, user.name().to_string_lossy().into_owned());
        }
    }
    for gid in groups {
        if let Some(group) = uzers::get_group_by_gid(gid) {
            names.groups.insert(gid, group.name().to_string_lossy().into_owned());
        }
    }
    names
}

/// Keeps the folder of the last file open: files are asked for in path order.
struct FolderReader<'a> {
    source: &'a LocalFolder,
    folder: Option<(Box<[u8]>, OwnedFd)>,
}

impl SourceReader for FolderReader<'_> {
    fn open<'a>(&'a mut self, path: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError> {
        let mapped;
        let here = if self.source.map.is_empty() {
            path
        } else {
            mapped = self.source.map.to_here(path);
            &mapped
        };
        let name = here.file_name();
        let parent = here.as_bytes()[..here.as_bytes().len() - name.len()].strip_suffix(b"/").unwrap_or_default();
        let folder = match self.folder.take() {
            Some(folder) if *folder.0 == *parent => self.folder.insert(folder),
            _ => self.folder.insert((parent.into(), sys::open_to_enter(self.source.root.as_fd(), parent)?)),
        };
        let file = match sys::open_file(folder.1.as_fd(), name) {
            Ok(file) => file,
            Err(error) => {
                // A folder that was renamed meanwhile must not be asked again.
                self.folder = None;
                // A link, or a socket.
                let other = matches!(Errno::from_io_error(&error), Some(Errno::LOOP | Errno::NXIO));
                return Err(if other { OpenError::NotAFile } else { error.into() });
            }
        };
        let stamp = sys::stamp_of_file(file.as_fd())?.ok_or(OpenError::NotAFile)?;
        Ok(Box::new(LocalFile { file: file.into(), stamp }))
    }
}

struct LocalFile {
    file: std::fs::File,
    stamp: Stamp,
}

impl io::Read for LocalFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl OpenFile for LocalFile {
    fn stamp(&self) -> Option<Stamp> {
        Some(self.stamp)
    }

    fn size(&self) -> u64 {
        self.stamp.size
    }

    fn is_unchanged(&mut self) -> io::Result<bool> {
        Ok(sys::stamp_of_file(self.file.as_fd())? == Some(self.stamp))
    }
}
