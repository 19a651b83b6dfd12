//! Earlier versions of files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use git2::Oid;

use super::ancestor;
use super::attributes::{Attributes, Conversion};
use super::commits::uncut;
use super::fault::GitFault;
use super::index::FileMode;
use super::objects::{Objects, TreeItem, id_bytes};
use super::walk;
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{Blob, CommitSummary, CommittedVersion, HistoryReader, ReadFailure};

/// So many commits are searched for versions of a file, and for the one that is nearest to a tree.
pub(super) const SEARCHED: usize = 10_000;
/// So many commits of each history are held side by side to find a common one.
pub(super) const COMPARED: usize = 200_000;

/// The history of one environment: of a checkout, or of a commit that is itself the environment. Threads may share it.
#[derive(Debug)]
pub(crate) struct GitHistory {
    objects: Arc<Objects>,
    commit: Oid,
    tree: Oid,
    prefix: Option<TreePath>,
    map: PathMap,
    /// Of a checkout, whose files may have other line endings than the blobs.
    attributes: Option<Attributes>,
    /// What the index has where there are uncommitted changes, by common path.
    staged: BTreeMap<TreePath, Blob>,
    /// Commits and their trees, newest first.
    recent: OnceLock<Result<Vec<(Oid, Oid)>, String>>,
}

/// The histories of all environments, by their number.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    of: Vec<Option<GitHistory>>,
    /// Common ancestors that were looked for.
    ancestors: Mutex<BTreeMap<Vec<usize>, Ancestor>>,
}

/// A commit, none, or why that cannot be said.
pub(super) type Ancestor = Result<Option<Oid>, String>;

impl GitHistory {
    pub(super) fn new(
        objects: Arc<Objects>,
        (commit, tree): (Oid, Oid),
        prefix: Option<TreePath>,
        map: PathMap,
        attributes: Option<Attributes>,
    ) -> Self {
        Self { objects, commit, tree, prefix, map, attributes, staged: BTreeMap::new(), recent: OnceLock::new() }
    }

    /// Takes what the index has where there are uncommitted changes.
    pub(super) fn with_staged(mut self, staged: BTreeMap<TreePath, Blob>) -> Self {
        self.staged = staged;
        self
    }

    pub(super) fn staged(&self, path: &TreePath) -> Option<Blob> {
        self.staged.get(path).copied()
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(super) fn commit(&self) -> Oid {
        self.commit
    }

    pub(super) fn prefix(&self) -> Option<&TreePath> {
        self.prefix.as_ref()
    }

    /// Whether both call the paths of commits by the same common names.
    pub(super) fn names_as(&self, other: &Self) -> bool {
        self.map == other.map && self.prefix == other.prefix
    }

    pub(super) fn map(&self) -> &PathMap {
        &self.map
    }

    /// The paths from the top of the repository that a common path may have below a tree, the likeliest first: that by the name it has here, and, in
    /// commits from before it got that name, that by the common one.
    fn paths(&self, common: &TreePath) -> impl Iterator<Item = Vec<u8>> {
        let here = self.map.to_here(common);
        let earlier = (here != *common && self.map.to_common(common) == *common).then(|| common.clone());
        [Some(here), earlier].into_iter().flatten().map(|path| match &self.prefix {
            None => path.as_bytes().to_vec(),
            Some(prefix) => [prefix.as_bytes(), path.as_bytes()].join(&b'/'),
        })
    }

    /// What is at a common path below a tree, and its path from the top of the repository.
    pub(super) fn find(&self, tree: Oid, common: &TreePath) -> Result<Option<(Vec<u8>, TreeItem)>, GitFault> {
        for path in self.paths(common) {
            if let Some(item) = self.objects.find(tree, &path)? {
                return Ok(Some((path, item)));
            }
        }
        Ok(None)
    }

    /// The file at a common path below a tree, as a checkout here would write it.
    fn file(&self, tree: Oid, common: &TreePath) -> Result<Option<Vec<u8>>, GitFault> {
        let is_file = |item: &TreeItem| matches!(item.mode, FileMode::File | FileMode::Executable);
        let Some((path, item)) = self.find(tree, common)?.filter(|(_, item)| is_file(item)) else { return Ok(None) };
        let blob = self.objects.blob(item.id)?;
        Ok(Some(match self.attributes.as_ref().map(|attributes| attributes.conversion(&path)) {
            Some(Conversion::LineEndings(endings)) => endings.check_out(blob),
            _ => blob,
        }))
    }

    fn recent(&self) -> Result<&[(Oid, Oid)], String> {
        let search = || {
            let mut found = Vec::new();
            walk::newest_first(&self.objects, &[self.commit], |id, commit| {
                found.push((id, commit.tree));
                found.len() < SEARCHED
            })
            .map_err(|fault| fault.to_string())?;
            Ok(found)
        };
        self.recent.get_or_init(search).as_deref().map_err(Clone::clone)
    }

    fn versions(&self, common: &TreePath) -> Result<Vec<CommittedVersion>, String> {
        let paths: Vec<Vec<u8>> = self.paths(common).collect();
        let mut searches: Vec<Search<'_>> = paths.iter().map(|path| Search::new(&self.objects, path)).collect();
        let mut seen = HashSet::new();
        let mut versions = Vec::new();
        for &(id, tree) in self.recent()? {
            let mut found = Ok(None);
            for search in &mut searches {
                found = search.below(tree, 0);
                if !matches!(found, Ok(None)) {
                    break;
                }
            }
            if let Some(blob) = found.map_err(|fault| fault.to_string())?
                && seen.insert(blob)
            {
                let commit = self.objects.commit(id).map_err(|fault| fault.to_string())?.summary;
                versions.push(CommittedVersion { commit, git_blob: id_bytes(blob) });
            }
        }
        Ok(versions)
    }
}

/// Looks for one path in many trees; equal subtrees are looked into once.
struct Search<'a> {
    objects: &'a Objects,
    parts: Vec<&'a [u8]>,
    known: HashMap<(usize, Oid), Option<Oid>>,
}

impl<'a> Search<'a> {
    fn new(objects: &'a Objects, path: &'a [u8]) -> Self {
        Self { objects, parts: path.split(|&byte| byte == b'/').collect(), known: HashMap::new() }
    }

    fn below(&mut self, tree: Oid, depth: usize) -> Result<Option<Oid>, GitFault> {
        if let Some(known) = self.known.get(&(depth, tree)) {
            return Ok(*known);
        }
        let is_last = depth + 1 == self.parts.len();
        let item = self.objects.find(tree, self.parts[depth])?;
        let found = match item.map(|item| (item.mode, item.id)) {
            Some((FileMode::File | FileMode::Executable, id)) if is_last => Some(id),
            Some((FileMode::Folder, id)) if !is_last => self.below(id, depth + 1)?,
            _ => None,
        };
        self.known.insert((depth, tree), found);
        Ok(found)
    }
}

impl Histories {
    /// Takes the history of the next environment, if it has one.
    pub(crate) fn push(&mut self, history: Option<GitHistory>) {
        self.of.push(history);
    }

    /// Where the history of an environment ends because no more was fetched, sorted; changes what can be said though no commit is new.
    pub(crate) fn cuts(&self, environment: usize) -> Vec<Oid> {
        self.get(environment).map(|history| history.objects().cuts()).unwrap_or_default()
    }

    pub(super) fn get(&self, environment: usize) -> Option<&GitHistory> {
        self.of.get(environment)?.as_ref()
    }

    /// The best common ancestor of several commits, which may lie in different clones: a commit's name is the same in each.
    ///
    /// The newest commit that all reach and no other such commit does. Nothing is merged or fetched, only names are compared; of longer
    /// histories the newest 200,000 commits count.
    pub(super) fn ancestor(&self, environments: &[usize]) -> Ancestor {
        let mut ancestors = self.ancestors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ancestors.get(environments) {
            return known.clone();
        }
        let histories: Option<Vec<&GitHistory>> = environments.iter().map(|&at| self.get(at)).collect();
        let found =
            histories.map_or(Ok(None), |histories| best_ancestor(&histories)).map_err(|fault| fault.to_string());
        ancestors.insert(environments.to_vec(), found.clone());
        found
    }
}

fn best_ancestor(histories: &[&GitHistory]) -> Result<Option<Oid>, GitFault> {
    let mut starts: Vec<&GitHistory> = Vec::new();
    for history in histories {
        let is_same = |it: &&GitHistory| it.commit == history.commit && it.objects.folder() == history.objects.folder();
        if !starts.iter().any(is_same) {
            starts.push(history);
        }
    }
    let starts: Vec<(&Objects, Oid)> = starts.into_iter().map(|history| (history.objects(), history.commit)).collect();
    if starts.is_empty() {
        return Ok(None);
    }
    let (found, _) = ancestor::best(&starts, COMPARED * starts.len())?;
    if found.is_none() {
        uncut(histories)?;
    }
    Ok(found)
}

impl HistoryReader for Histories {
    fn committed(&self, environment: usize, path: &TreePath) -> Result<Option<Vec<u8>>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(None) };
        history.file(history.tree, path).map_err(|fault| failure(path, &fault.to_string()))
    }

    fn common_ancestor(
        &self,
        environments: &[usize],
        path: &TreePath,
    ) -> Result<Option<(CommitSummary, Vec<u8>)>, ReadFailure> {
        let Some(id) = self.ancestor(environments).map_err(|words| failure(path, &words))? else { return Ok(None) };
        // Every one of them has the commit; maps and prefixes differ, so each is asked under its own name.
        for history in environments.iter().filter_map(|&at| self.get(at)) {
            let found = history
                .objects
                .commit(id)
                .and_then(|commit| Ok(history.file(commit.tree, path)?.map(|bytes| (commit.summary, bytes))));
            if let Some(found) = found.map_err(|fault| failure(path, &fault.to_string()))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn versions(&self, environment: usize, path: &TreePath) -> Result<Vec<CommittedVersion>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Vec::new()) };
        history.versions(path).map_err(|words| failure(path, &words))
    }
}

fn failure(path: &TreePath, words: &str) -> ReadFailure {
    ReadFailure(format!("cannot read earlier versions of {path:?}: {words}"))
}
