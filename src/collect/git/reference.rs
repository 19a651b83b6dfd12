//! A commit of a repository as an environment, never checked out.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::Oid;
use rayon::prelude::*;

use super::fault::GitFault;
use super::history::GitHistory;
use super::index::FileMode;
use super::objects::{Objects, TreeItem, id_bytes};
use super::place::{GitPlace, Repo};
use super::revision;
use crate::collect::{CollectError, Filter, Listing, OpenError, OpenFile, Source, SourceReader, Stamp, Watch};
use crate::config::PathMap;
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{
    Attributes, CommitSummary, Content, Counters, Digests, Entry, File, GitState, Incident, IncidentKind, Knows, Names,
    Snapshot, Special,
};

/// Reads the tree of a commit out of a repository's objects.
///
/// Contents are those of the objects, as they are: what a checkout would convert (line endings, filters, `export-subst`) is not
/// converted, so a working copy with other line endings differs by line endings, and a file under LFS is its pointer.
#[derive(Debug)]
pub struct GitReference {
    environment: EnvironmentName,
    number: usize,
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
    /// Finds the commit; `number` is what a [`Watch`] is told of the environment.
    ///
    /// # Errors
    /// [`CollectError::Repository`] when there is no such repository, it cannot be read, or it has no such commit.
    pub fn open(
        environment: EnvironmentName,
        number: usize,
        repository: &Path,
        reference: &str,
        map: PathMap,
    ) -> Result<Self, CollectError> {
        let refuse =
            |act: String, words: String| CollectError::Repository { act, source: git2::Error::from_str(&words) };
        let act = format!("cannot read the repository `{}`", repository.display());
        let place = match GitPlace::of_checkout(repository) {
            Ok(Some(place)) => place,
            Ok(None) => GitPlace::of_bare(repository).ok_or_else(|| refuse(act.clone(), no_repository(repository)))?,
            Err(fault) => return Err(refuse(act, fault.to_string())),
        };
        let repo = Repo::open(place).map_err(|fault| refuse(act.clone(), fault.to_string()))?;
        let missing = format!("cannot find `{reference}` in the repository `{}`", repository.display());
        let id = match revision::find(&repo, reference) {
            Ok(Some(id)) => id,
            Ok(None) => return Err(refuse(missing, no_reference(&repo, reference))),
            Err(fault) => return Err(refuse(missing, fault.to_string())),
        };
        let commit = repo.objects.commit(id).map_err(|fault| refuse(missing, fault.to_string()))?;
        Ok(Self {
            environment,
            number,
            repository: repository.to_owned(),
            reference: reference.to_owned(),
            map,
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
        GitHistory::new(
            Arc::clone(&self.objects),
            self.place.clone(),
            (self.id, self.tree),
            None,
            self.map.clone(),
            None,
        )
    }
}

/// Something in the tree that is listed, before its size is known.
struct Found {
    path: TreePath,
    mode: FileMode,
    id: Oid,
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
        let mut snapshot = Snapshot {
            environment: self.environment.clone(),
            origin: self.origin(),
            entries: Vec::new(),
            incidents: Vec::new(),
            knows: Knows::default(),
            names: Names::default(),
            git: GitState::Commit { reference: self.reference.clone(), commit: self.commit.clone() },
        };
        let mut walk = Walk { source: self, filter, found: Vec::new(), unreadable: Vec::new(), folders: 0 };
        let top = self.objects.tree(self.tree).map_err(|fault| CollectError::Repository {
            act: format!("cannot read the commit {:.7} of `{}`", self.commit.id, self.repository.display()),
            source: git2::Error::from_str(&fault.to_string()),
        })?;
        walk.items(None, top, 0);
        let Walk { mut found, unreadable, folders, .. } = walk;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some(pair) = found.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(CollectError::MapCollision {
                common: pair[0].path.as_bytes().escape_ascii().to_string(),
                here: self.map.to_here(&pair[0].path).as_bytes().escape_ascii().to_string(),
            });
        }
        // Sizes are in the headers of objects, which is a look into a pack for each.
        let contents: Vec<Result<Content, GitFault>> = found
            .par_chunks(256)
            .flat_map_iter(|chunk| {
                watch.listed(self.number, chunk.len() as u64);
                chunk.iter().map(|found| self.content(found))
            })
            .collect();
        let mut counters = Counters { folders_listed: folders, ..Counters::default() };
        for (found, content) in found.into_iter().zip(contents) {
            let folder = found.mode == FileMode::Folder;
            let failed = match content {
                Ok(content) if folder => unreadable
                    .iter()
                    .find(|(path, _)| *path == found.path)
                    .map_or(Ok(content), |(_, why)| Err(why.clone())),
                other => other.map_err(|fault| fault.to_string()),
            };
            let content = failed.unwrap_or_else(|message| {
                let kind = if folder { IncidentKind::Folder } else { IncidentKind::File };
                let hint = Some("the repository lacks an object: look with `git fsck`, or fetch it again".to_owned());
                let incident = Incident { path: Some(found.path.clone()), kind, message, hint };
                Content::Unreadable { incident: snapshot.add_incident(incident), folder }
            });
            counters.digests_reused += u64::from(matches!(content, Content::File(_)));
            let mode = if found.mode == FileMode::Executable { 0o755 } else { 0o644 };
            let attributes = Attributes { mode, ..Attributes::default() };
            snapshot.entries.push(Entry { path: found.path, content, attributes });
        }
        counters.entries_listed = snapshot.entries.len() as u64;
        watch.listing_ended(self.number);
        let stamps = vec![None; snapshot.entries.len()];
        Ok(Listing { snapshot, stamps, counters })
    }

    fn reader(&self) -> Box<dyn SourceReader + '_> {
        Box::new(Reader { source: self, folder: None })
    }
}

impl GitReference {
    fn content(&self, found: &Found) -> Result<Content, GitFault> {
        Ok(match found.mode {
            FileMode::Folder => Content::Directory,
            FileMode::Gitlink => Content::Special(Special::Gitlink),
            FileMode::Link => Content::Symlink { target: self.objects.blob(found.id)?.into() },
            FileMode::File | FileMode::Executable => Content::File(File {
                size: self.objects.blob_size(found.id)?,
                digests: Digests { git_blob: Some(id_bytes(found.id)), blake3: None },
            }),
        })
    }
}

struct Walk<'a> {
    source: &'a GitReference,
    filter: &'a Filter,
    found: Vec<Found>,
    unreadable: Vec<(TreePath, String)>,
    folders: u64,
}

impl Walk<'_> {
    fn items(&mut self, folder: Option<&TreePath>, items: Vec<TreeItem>, depth: usize) {
        self.folders += 1;
        for item in items {
            // git refuses to make such names; a tree that was made by hand may have them.
            if item.name.eq_ignore_ascii_case(b".git") {
                continue;
            }
            let here = folder.map_or_else(|| TreePath::new(&item.name[..]), |folder| folder.join(&item.name));
            let Ok(here) = here else { continue };
            let common = self.source.map.to_common(&here);
            let is_folder = item.mode == FileMode::Folder;
            if self.filter.leaves_out(&common, is_folder) {
                continue;
            }
            if is_folder {
                match self.source.objects.tree(item.id) {
                    Ok(items) if depth < 1000 => self.items(Some(&here), items, depth + 1),
                    Ok(_) => self.unreadable.push((common.clone(), "the folder nests too deeply".to_owned())),
                    Err(fault) => self.unreadable.push((common.clone(), fault.to_string())),
                }
            }
            self.found.push(Found { path: common, mode: item.mode, id: item.id });
        }
    }
}

struct Reader<'a> {
    source: &'a GitReference,
    /// The folder that was looked into last, as files are asked for in order.
    folder: Option<(Option<TreePath>, Vec<TreeItem>)>,
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
        let items = self.folder.as_ref().map(|(_, items)| items.as_slice()).unwrap_or_default();
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
    let above = path.ancestors().skip(1).find(|folder| matches!(GitPlace::of_checkout(folder), Ok(Some(_))));
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
