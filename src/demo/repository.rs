//! Repositories of fixed identity and time, made without a git program and without anybody's configuration.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{Buf, Index, IndexEntry, IndexTime, Oid, Repository, RepositoryInitOptions, Signature};

use super::DemoError;
use super::tree::{Leaf, Tree};

const BRANCH: &str = "main";

/// A repository that is being made.
pub(super) struct Builder {
    root: PathBuf,
    repository: Repository,
    blobs: HashMap<Arc<[u8]>, Oid>,
}

/// Somebody who makes commits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
}

/// Who made a commit, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct By {
    person: Person,
    /// Seconds since 1970 in UTC.
    at: u64,
}

impl Person {
    pub(super) fn at(self, seconds: u64) -> By {
        By { person: self, at: seconds }
    }
}

/// What a checkout follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remote {
    pub(super) url: &'static str,
    pub(super) head: Oid,
}

impl Builder {
    /// Makes an empty repository in a folder.
    pub(super) fn new(root: &Path) -> Result<Self, DemoError> {
        let mut options = RepositoryInitOptions::new();
        options.external_template(false).initial_head(BRANCH).no_reinit(true);
        let repository = Repository::init_opts(root, &options).map_err(refused(root))?;
        Ok(Self { root: root.to_owned(), repository, blobs: HashMap::new() })
    }

    /// Makes a repository that has what another one has packed.
    pub(super) fn with_packs(&self, root: &Path) -> Result<Self, DemoError> {
        let new = Self::new(root)?;
        let packs = |root: &Path| root.join(".git/objects/pack");
        fs::create_dir_all(packs(root)).map_err(unwritten(root))?;
        for entry in fs::read_dir(packs(&self.root)).map_err(unwritten(&self.root))? {
            let entry = entry.map_err(unwritten(&self.root))?;
            fs::copy(entry.path(), packs(root).join(entry.file_name())).map_err(unwritten(root))?;
        }
        Self { blobs: self.blobs.clone(), ..new }.reopened()
    }

    /// Makes commits, one upon the other, as one pack; gives the last of them.
    pub(super) fn pack(mut self, history: &[(By, &str, &Tree)]) -> Result<(Self, Oid), DemoError> {
        let mut made: Vec<Oid> = Vec::new();
        let mut pack = Buf::new();
        {
            // In memory first: one file on the disk is much cheaper than one for each object.
            let repository = Repository::open(&self.root).map_err(refused(&self.root))?;
            let objects = repository.odb().map_err(refused(&self.root))?;
            let memory = objects.add_new_mempack_backend(1_000).map_err(refused(&self.root))?;
            for (by, message, tree) in history {
                let commit = commit(&repository, &mut self.blobs, *by, message, tree, made.last().copied());
                made.push(commit.map_err(refused(&self.root))?);
            }
            write_pack(&repository, &made, &mut pack).map_err(refused(&self.root))?;
            memory.reset().map_err(refused(&self.root))?;
        }
        let objects = self.repository.odb().map_err(refused(&self.root))?;
        let mut writer = objects.packwriter().map_err(refused(&self.root))?;
        writer.write_all(&pack).map_err(unwritten(&self.root))?;
        writer.commit().map_err(refused(&self.root))?;
        drop(writer);
        drop(objects);
        let last =
            made.last().copied().ok_or_else(|| git2::Error::from_str("no commits")).map_err(refused(&self.root))?;
        Ok((self.reopened()?, last))
    }

    /// Makes one commit.
    pub(super) fn commit(&mut self, by: By, message: &str, tree: &Tree, parent: Oid) -> Result<Oid, DemoError> {
        commit(&self.repository, &mut self.blobs, by, message, tree, Some(parent)).map_err(refused(&self.root))
    }

    /// Sets the branch to a commit and, with a remote, what it follows.
    pub(super) fn point(&self, head: Oid, remote: Option<Remote>) -> Result<(), DemoError> {
        let git = self.root.join(".git");
        let mut config =
            "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
                .to_owned();
        let mut files = vec![(format!("refs/heads/{BRANCH}"), format!("{head}\n"))];
        if let Some(remote) = remote {
            let _ = write!(
                config,
                "[remote \"origin\"]\n\turl = {}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\
                 [branch \"{BRANCH}\"]\n\tremote = origin\n\tmerge = refs/heads/{BRANCH}\n",
                remote.url
            );
            files.push((format!("refs/remotes/origin/{BRANCH}"), format!("{}\n", remote.head)));
            files.push(("refs/remotes/origin/HEAD".to_owned(), format!("ref: refs/remotes/origin/{BRANCH}\n")));
        }
        files.push(("config".to_owned(), config));
        for (name, text) in files {
            let path = git.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(unwritten(folder))?;
            }
            fs::write(&path, text).map_err(unwritten(&path))?;
        }
        Ok(())
    }

    /// Writes the index of `staged` as it is when all of it was checked out and some files were changed afterwards: entries carry what the
    /// disk says of a file, except where `on_disk` has another content.
    pub(super) fn stage(&mut self, staged: &Tree, on_disk: &Tree) -> Result<(), DemoError> {
        let mut index = self.repository.index().map_err(refused(&self.root))?;
        for (path, leaf) in staged.iter() {
            let id = blob(&self.repository, &mut self.blobs, leaf).map_err(refused(&self.root))?;
            let mut entry = entry(path, leaf, id);
            if on_disk.get(path).is_some_and(|found| found.bytes == leaf.bytes) {
                let full = self.root.join(path);
                let metadata = fs::symlink_metadata(&full).map_err(unwritten(&full))?;
                entry.ctime = index_time(metadata.ctime(), metadata.ctime_nsec());
                entry.mtime = index_time(metadata.mtime(), metadata.mtime_nsec());
                entry.dev = metadata.dev() as u32;
                entry.ino = metadata.ino() as u32;
                entry.uid = metadata.uid();
                entry.gid = metadata.gid();
            }
            index.add(&entry).map_err(refused(&self.root))?;
        }
        index.write().map_err(refused(&self.root))
    }

    /// Forgets what libgit2 remembers of packs.
    fn reopened(self) -> Result<Self, DemoError> {
        let repository = Repository::open(&self.root).map_err(refused(&self.root))?;
        Ok(Self { repository, ..self })
    }
}

fn commit(
    repository: &Repository,
    blobs: &mut HashMap<Arc<[u8]>, Oid>,
    by: By,
    message: &str,
    tree: &Tree,
    parent: Option<Oid>,
) -> Result<Oid, git2::Error> {
    let mut index = Index::new()?;
    for (path, leaf) in tree.iter() {
        let id = blob(repository, blobs, leaf)?;
        index.add(&entry(path, leaf, id))?;
    }
    let tree = repository.find_tree(index.write_tree_to(repository)?)?;
    let signature = Signature::new(by.person.name, by.person.email, &git2::Time::new(by.at.cast_signed(), 0))?;
    let parent = parent.map(|parent| repository.find_commit(parent)).transpose()?;
    // References are written by hand: libgit2 would log them under the present time.
    repository.commit(None, &signature, &signature, message, &tree, &parent.iter().collect::<Vec<_>>())
}

/// One thread: which object becomes the base of which must not depend on chance.
fn write_pack(repository: &Repository, commits: &[Oid], pack: &mut Buf) -> Result<(), git2::Error> {
    let mut builder = repository.packbuilder()?;
    builder.set_threads(1);
    for commit in commits {
        builder.insert_commit(*commit)?;
    }
    builder.write_buf(pack)
}

fn blob(repository: &Repository, blobs: &mut HashMap<Arc<[u8]>, Oid>, leaf: &Leaf) -> Result<Oid, git2::Error> {
    if let Some(&known) = blobs.get(&leaf.bytes) {
        return Ok(known);
    }
    let id = repository.blob(&leaf.bytes)?;
    blobs.insert(leaf.bytes.clone(), id);
    Ok(id)
}

fn entry(path: &str, leaf: &Leaf, id: Oid) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: index_time(leaf.modified.cast_signed(), 0),
        dev: 0,
        ino: 0,
        mode: if leaf.is_executable() { 0o100_755 } else { 0o100_644 },
        uid: 0,
        gid: 0,
        file_size: leaf.bytes.len() as u32,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

/// An index keeps the lower 32 bits of each.
fn index_time(seconds: i64, nanos: i64) -> IndexTime {
    IndexTime::new(seconds as i32, nanos.cast_unsigned() as u32)
}

fn refused(root: &Path) -> impl Fn(git2::Error) -> DemoError + use<> {
    let root = root.to_owned();
    move |source| DemoError::Repository { path: root.clone(), source }
}

fn unwritten(path: &Path) -> impl Fn(std::io::Error) -> DemoError + use<> {
    let path = path.to_owned();
    move |source| DemoError::Write { path: path.clone(), source }
}
