//! A commit of a repository as an environment, never checked out.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::Oid;
use rayon::prelude::*;

use super::fault::GitFault;
use super::files::{GitFiles, Here};
use super::history::GitHistory;
use super::index::FileMode;
use super::objects::{Objects, TreeItem, id_bytes};
use super::place::GitPlace;
use super::repo::Repo;
use super::revision;
use crate::collect::naming::{Naming, Place};
use crate::collect::walk::Walked;
use crate::collect::{CollectError, Filter, Listing, OpenError, OpenFile, Source, SourceReader, Stamp, Watch, settle};
use crate::config::{Environment, PathMap};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{
    Attributes, CommitId, CommitSummary, Content, Digests, Entry, File, GitState, Incident, IncidentId, IncidentKind,
    Knows, Names, Snapshot,
};

/// Reads the tree of a commit out of a repository's objects.
///
/// Contents are those of the objects, as they are: what a checkout would convert (line endings, filters, `export-subst`) is not
/// converted, so a working copy with other line endings differs by line endings, and a file under LFS is its pointer.
#[derive(Debug)]
pub struct GitReference {
    environment: EnvironmentName,
    repository: PathBuf,
    reference: String,
    map: PathMap,
    objects: Arc<Objects>,
    id: Oid,
    tree: Oid,
    commit: CommitSummary,
    place: GitPlace,
}

impl GitReference {
    /// Finds the commit.
    ///
    /// # Errors
    /// [`CollectError::Repository`] when there is no such repository, it cannot be read, or it has no such commit.
    pub fn open(environment: &Environment, repository: &Path, reference: &str) -> Result<Self, CollectError> {
        let repo = open_repository(repository)?;
        let missing = format!("cannot find `{reference}` in the repository `{}`", repository.display());
        let id = match revision::find(&repo, reference) {
            Ok(Some(id)) => id,
            Ok(None) => return Err(refuse(missing, &no_reference(&repo, reference))),
            Err(fault) => return Err(refuse(missing, &fault.to_string())),
        };
        let commit = repo.objects.commit(id).map_err(|fault| refuse(missing, &fault.to_string()))?;
        Ok(Self {
            environment: environment.name.clone(),
            repository: repository.to_owned(),
            reference: reference.to_owned(),
            map: environment.map.clone(),
            objects: Arc::new(repo.objects),
            id,
            tree: commit.tree,
            commit: commit.summary,
            place: repo.place,
        })
    }

    /// The commit that was named.
    pub fn commit(&self) -> &CommitSummary {
        &self.commit
    }

    /// The earlier versions of its files.
    pub(crate) fn history(&self) -> GitHistory {
        GitHistory::new(Arc::clone(&self.objects), (self.id, self.tree), None, self.map.clone(), None)
    }
}

/// Whether a repository can be read, whatever commits it has.
pub(crate) fn is_readable(repository: &Path) -> bool {
    open_repository(repository).is_ok()
}

fn open_repository(repository: &Path) -> Result<Repo, CollectError> {
    let act = || format!("cannot read the repository `{}`", repository.display());
    let files: Arc<dyn GitFiles> = Arc::new(Here);
    let place = match GitPlace::of_checkout(&files, repository) {
        Ok(Some(place)) => place,
        Ok(None) => GitPlace::of_bare(&files, repository).ok_or_else(|| refuse(act(), &no_repository(repository)))?,
        Err(fault) => return Err(refuse(act(), &fault.to_string())),
    };
    Repo::open(place).map_err(|fault| refuse(act(), &fault.to_string()))
}

fn refuse(act: String, words: &str) -> CollectError {
    CollectError::Repository { act, source: git2::Error::from_str(words) }
}

/// Something in the tree that is listed, before its size is known.
struct Found {
    path: TreePath,
    mode: FileMode,
    id: Oid,
    /// A folder that could not be read.
    fault: Option<GitFault>,
}

impl Source for GitReference {
    fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    fn origin(&self) -> String {
        format!("git:{}@{}", self.repository.display(), self.reference)
    }

    fn identity(&self) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt;
        let folder = std::fs::canonicalize(&self.place.common_dir).unwrap_or_else(|_| self.place.common_dir.clone());
        [b"git", folder.as_os_str().as_bytes(), self.reference.as_bytes()].join(&0)
    }

    fn list(&self, filter: &Filter, watch: &dyn Watch) -> Result<Listing, CollectError> {
        let top = self.objects.tree(self.tree).map_err(|fault| CollectError::Repository {
            act: format!("cannot read the commit {:.7} of `{}`", self.commit.id, self.repository.display()),
            source: git2::Error::from_str(&fault.to_string()),
        })?;
        let mut walk =
            Walk { objects: &self.objects, naming: Naming::new(&self.map), filter, found: Vec::new(), folders: 0 };
        walk.items(&Place::root(), &top, 0);
        let Walk { mut found, folders, .. } = walk;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        // Sizes are in the headers of objects, which is a look into a pack for each.
        let contents: Vec<Result<Content, GitFault>> = found
            .par_chunks_mut(256)
            .flat_map_iter(|chunk| {
                watch.listed(0, chunk.len() as u64);
                chunk.iter_mut().map(|found| self.content(found))
            })
            .collect();
        let mut walked = Walked::default();
        walked.counters.folders_listed = folders;
        for (found, content) in found.into_iter().zip(contents) {
            let folder = found.mode == FileMode::Folder;
            let content = content.unwrap_or_else(|fault| {
                walked.incidents.push(Incident {
                    path: Some(found.path.clone()),
                    kind: if folder { IncidentKind::Folder } else { IncidentKind::File },
                    message: fault.to_string(),
                    hint: Some("look at the repository with `git fsck`, and fetch what it lacks".to_owned()),
                });
                Content::Unreadable { incident: IncidentId((walked.incidents.len() - 1) as u32), folder }
            });
            walked.counters.digests_reused += u64::from(matches!(content, Content::File(_)));
            let mode = if found.mode == FileMode::Executable { 0o755 } else { 0o644 };
            let attributes = Attributes { mode, ..Attributes::default() };
            walked.entries.push(Entry { path: found.path, content, attributes });
        }
        walked.stamps = vec![None; walked.entries.len()];
        walked.counters.entries_listed = walked.entries.len() as u64;
        if !self.map.is_empty() {
            settle::settle(&mut walked, &self.map, filter, &self.environment)?;
        }
        let Walked { entries, stamps, incidents, counters, .. } = walked;
        let snapshot = Snapshot {
            environment: self.environment.clone(),
            origin: self.origin(),
            entries,
            incidents,
            knows: Knows::default(),
            names: Names::default(),
            git: GitState::Commit { reference: self.reference.clone(), commit: self.commit.clone() },
        };
        Ok(Listing { snapshot, stamps, counters })
    }

    fn reader(&self) -> Box<dyn SourceReader + '_> {
        Box::new(Reader { source: self, folder: None })
    }
}

impl GitReference {
    fn content(&self, found: &mut Found) -> Result<Content, GitFault> {
        if let Some(fault) = found.fault.take() {
            return Err(fault);
        }
        Ok(match found.mode {
            FileMode::Folder => Content::Directory,
            FileMode::Gitlink => Content::Submodule { commit: CommitId(id_bytes(found.id).into()) },
            FileMode::Link => Content::Symlink { target: self.objects.blob(found.id)?.into() },
            FileMode::File | FileMode::Executable => Content::File(File {
                size: self.objects.blob_size(found.id)?,
                digests: Digests { git_blob: Some(id_bytes(found.id)), ..Digests::default() },
            }),
        })
    }
}

struct Walk<'a> {
    objects: &'a Objects,
    naming: Naming<'a>,
    filter: &'a Filter,
    found: Vec<Found>,
    folders: u64,
}

impl Walk<'_> {
    fn items(&mut self, folder: &Place, items: &[TreeItem], depth: usize) {
        self.folders += 1;
        for item in items {
            // git refuses to make such names; a tree that was made by hand may have them.
            if item.name.eq_ignore_ascii_case(b".git") {
                continue;
            }
            let is_folder = item.mode == FileMode::Folder;
            let Some(place) = self.naming.child(folder, &item.name, is_folder, self.filter) else { continue };
            let mut fault = None;
            if is_folder {
                match self.objects.subtree(item.id, depth) {
                    Ok(items) => self.items(&place, &items, depth + 1),
                    Err(failed) => fault = Some(failed),
                }
            }
            if let (false, Some(path)) = (place.is_passage(), place.common()) {
                self.found.push(Found { path: path.clone(), mode: item.mode, id: item.id, fault });
            }
        }
    }
}

struct Reader<'a> {
    source: &'a GitReference,
    /// The folder that was looked into last, as files are asked for in order.
    folder: Option<(Option<TreePath>, Arc<[TreeItem]>)>,
}

impl SourceReader for Reader<'_> {
    fn open<'a>(&'a mut self, path: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError> {
        let failed = |fault: GitFault| match fault {
            GitFault::Object { source, .. } => OpenError::Repository(source),
            other => OpenError::Repository(git2::Error::from_str(&other.to_string())),
        };
        let here = self.source.map.to_here(path);
        let parent = here.parent();
        if self.folder.as_ref().is_none_or(|(folder, _)| *folder != parent) {
            let objects = &self.source.objects;
            let tree = match &parent {
                None => Some(self.source.tree),
                Some(folder) => objects
                    .find(self.source.tree, folder.as_bytes())
                    .map_err(failed)?
                    .filter(|item| item.mode == FileMode::Folder)
                    .map(|item| item.id),
            };
            let tree = tree.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            self.folder = Some((parent, objects.tree(tree).map_err(failed)?));
        }
        let items = self.folder.as_ref().map(|(_, items)| &items[..]).unwrap_or_default();
        let item = items.iter().find(|item| item.name == here.file_name());
        let item = item.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        if !matches!(item.mode, FileMode::File | FileMode::Executable) {
            return Err(OpenError::NotAFile);
        }
        let data = self.source.objects.blob(item.id).map_err(failed)?;
        Ok(Box::new(OpenBlob { data: io::Cursor::new(data) }))
    }
}

/// A blob. Packs are not made for reading in pieces, so all of it is in memory.
struct OpenBlob {
    data: io::Cursor<Vec<u8>>,
}

impl Read for OpenBlob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.data.read(buffer)
    }
}

impl OpenFile for OpenBlob {
    fn stamp(&self) -> Option<Stamp> {
        None
    }

    fn size(&self) -> u64 {
        self.data.get_ref().len() as u64
    }

    fn is_unchanged(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}

fn no_repository(path: &Path) -> String {
    if std::fs::symlink_metadata(path).is_err() {
        return "there is no such folder".to_owned();
    }
    let files: Arc<dyn GitFiles> = Arc::new(Here);
    let above = path.ancestors().skip(1).find(|folder| matches!(GitPlace::of_checkout(&files, folder), Ok(Some(_))));
    match above {
        Some(top) => format!("it is no repository, and lies inside the repository `{}`", top.display()),
        None => "it is neither a checkout nor a bare repository".to_owned(),
    }
}

fn no_reference(repo: &Repo, reference: &str) -> String {
    if reference.contains("@{") || reference.starts_with(':') {
        return "only branches, tags, commits and steps back from them (`~2`, `^`) are understood".to_owned();
    }
    match revision::near(repo, reference).as_slice() {
        [] => "it has no branches and no tags".to_owned(),
        names => format!("it has `{}`", names.join("`, `")),
    }
}
