//! A tree of files in memory, and on a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;

use super::DemoError;
use super::files::Written;

/// Files by path, `/` between parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    files: BTreeMap<String, Leaf>,
    /// What files that are added are stamped with.
    now: u64,
}

/// A file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) bytes: Arc<[u8]>,
    pub(super) mode: u32,
    /// Seconds since 1970 in UTC.
    pub(super) modified: u64,
}

impl Leaf {
    /// As git sees it.
    pub(super) fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }

    /// Writes the file, which does not exist yet.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(self.mode).open(path)?;
        file.write_all(&self.bytes)?;
        // The umask took bits away above.
        file.set_permissions(Permissions::from_mode(self.mode))?;
        file.set_modified(time(self.modified))
    }
}

impl Tree {
    /// Files that are added or changed from now on carry this time.
    pub(super) fn at(mut self, seconds: u64) -> Self {
        self.now = seconds;
        self
    }

    /// Adds a file or replaces its content; a replaced one keeps its mode.
    pub(super) fn add(&mut self, path: &str, text: impl AsRef<[u8]>) {
        let mode = self.files.get(path).map_or(0o644, |leaf| leaf.mode);
        let leaf = Leaf { bytes: text.as_ref().into(), mode, modified: self.now };
        self.files.insert(path.to_owned(), leaf);
    }

    pub(super) fn add_all(&mut self, written: &[Written]) {
        for (path, text) in written {
            self.add(path, text);
        }
    }

    /// Changes the content of a file, which must be there.
    pub(super) fn edit(&mut self, path: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) {
        if let Some(leaf) = self.files.get_mut(path) {
            leaf.bytes = change(&leaf.bytes).into();
            leaf.modified = self.now;
        }
    }

    /// Sets the mode of a file, which must be there; its time stays.
    pub(super) fn set_mode(&mut self, path: &str, mode: u32) {
        if let Some(leaf) = self.files.get_mut(path) {
            leaf.mode = mode;
        }
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// Gives all files the present time.
    pub(super) fn touch_all(&mut self) {
        for leaf in self.files.values_mut() {
            leaf.modified = self.now;
        }
    }

    /// The same files under another name of their outermost folder.
    pub(super) fn rename_folder(&mut self, from: &str, to: &str) {
        let files = std::mem::take(&mut self.files);
        self.files = files
            .into_iter()
            .map(|(path, leaf)| match path.strip_prefix(from).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => (format!("{to}/{rest}"), leaf),
                None => (path, leaf),
            })
            .collect();
    }

    /// Leaves out everything below a folder.
    pub(super) fn remove_folder(&mut self, folder: &str) {
        self.files.retain(|path, _| !path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
    }

    pub(super) fn get(&self, path: &str) -> Option<&Leaf> {
        self.files.get(path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Leaf)> {
        self.files.iter().map(|(path, leaf)| (path.as_str(), leaf))
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Writes all files below `root`, which does not exist yet. Folders get their times last, by [`settle`].
    pub(super) fn write(&self, root: &Path) -> Result<(), DemoError> {
        let mut folders = BTreeSet::from([root.to_owned()]);
        for path in self.files.keys() {
            let full = root.join(path);
            folders.extend(full.ancestors().skip(1).take_while(|folder| *folder != root).map(Path::to_owned));
        }
        for folder in &folders {
            fs::create_dir(folder).map_err(|source| DemoError::Write { path: folder.clone(), source })?;
        }
        self.files.par_iter().try_for_each(|(path, leaf)| {
            let path = root.join(path);
            leaf.write(&path).map_err(|source| DemoError::Write { path, source })
        })
    }
}

/// Gives all folders below and including `root` one mode and time, and everything below a `.git` the modes and times that a repository
/// made at that moment would have.
pub(super) fn settle(root: &Path, modified: u64) -> Result<(), DemoError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::Write { path, source }
    };
    let mut folders: Vec<(PathBuf, bool)> = vec![(root.to_owned(), false)];
    let mut at = 0;
    while at < folders.len() {
        let (folder, in_git) = folders[at].clone();
        at += 1;
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            let path = entry.path();
            if entry.file_type().map_err(failed(&path))?.is_dir() {
                folders.push((path, in_git || entry.file_name() == ".git"));
            } else if in_git {
                let is_object = path.ancestors().any(|above| above.ends_with(".git/objects"));
                settle_one(&path, if is_object { 0o444 } else { 0o644 }, modified).map_err(failed(&path))?;
            }
        }
    }
    // Innermost first: nothing is written into a folder any more when its time is set.
    for (folder, _) in folders.iter().rev() {
        settle_one(folder, 0o755, modified).map_err(failed(folder))?;
    }
    Ok(())
}

fn settle_one(path: &Path, mode: u32, modified: u64) -> io::Result<()> {
    let file = File::open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.set_modified(time(modified))
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
