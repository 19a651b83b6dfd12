//! Commits beyond those of others, what they changed, and the contents they name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::fault::GitFault;
use super::history::{GitHistory, Histories, SEARCHED};
use super::index::FileMode;
use super::objects::{Commit, Objects, TreeItem, id_bytes, oid};
use super::walk;
use crate::path::TreePath;
use crate::snapshot::{
    Beyond, Blob, BlobId, BlobKind, CommitId, CommitReader, CommitRecord, ReadFailure, Recent, TreeChange,
};

impl CommitReader for Histories {
    fn beyond(&self, environment: usize, others: &[usize]) -> Result<Beyond, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Beyond::default()) };
        let others: Vec<usize> = others.iter().copied().filter(|&other| other != environment).collect();
        let commits = commits_beyond(history, others.iter().filter_map(|&other| self.get(other)))
            .map_err(|fault| failure("the history", &fault))?;
        let all: Vec<usize> = [environment].into_iter().chain(others.iter().copied()).collect();
        let base = match self.ancestor(&all) {
            _ if others.is_empty() => None,
            Ok(None) => None,
            Ok(Some(id)) => Some(history.objects().commit(id).map_err(|fault| failure("the history", &fault))?.summary),
            Err(words) => return Err(ReadFailure(format!("cannot read the history: {words}"))),
        };
        Ok(Beyond { commits, base })
    }

    fn recent(&self, environment: usize) -> Result<Recent, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Recent::default()) };
        let mut commits = Vec::new();
        let mut is_capped = false;
        let walked = walk::newest_first(history.objects(), &[history.commit()], |id, commit| {
            let is_full = commits.len() == SEARCHED;
            is_capped |= is_full || history.objects().is_cut(id);
            if !is_full {
                commits.push(record(history.objects(), id, commit.clone()));
            }
            !is_full
        });
        walked.map_err(|fault| failure("the history", &fault))?;
        let is_named_alike = |other: &usize| self.get(*other).is_some_and(|other| other.names_as(history));
        let named_as = (0..environment).find(is_named_alike).unwrap_or(environment);
        Ok(Recent { commits, is_capped, named_as })
    }

    fn are_related(&self, one: usize, other: usize) -> Result<bool, ReadFailure> {
        let (Some(one), Some(other)) = (self.get(one), self.get(other)) else { return Ok(false) };
        let found =
            walk::meet((one.objects(), one.commit()), (other.objects(), other.commit()), super::history::COMPARED);
        let found = found.and_then(|found| if found { Ok(true) } else { uncut(&[one, other]).map(|()| false) });
        found.map_err(|fault| failure("the history", &fault))
    }

    fn blob_size(&self, environment: usize, id: &BlobId) -> Result<u64, ReadFailure> {
        let Some(history) = self.get(environment) else {
            return Err(ReadFailure("the environment has no repository".to_owned()));
        };
        history.objects().blob_size(oid(id)).map_err(|fault| failure("a content", &fault))
    }

    fn changes(
        &self,
        environment: usize,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<Vec<TreeChange>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Vec::new()) };
        let changes = || {
            let before = from.map(|commit| root(history, commit)).transpose()?.flatten();
            let mut changes = Changes { history, found: Vec::new() };
            changes.folders(before, root(history, to)?, None, 0)?;
            changes.found.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(changes.found)
        };
        changes().map_err(|fault: GitFault| failure("what a commit changed", &fault))
    }

    fn at(&self, environment: usize, commit: &CommitId, path: &TreePath) -> Result<Option<Blob>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(None) };
        let found = commit_oid(commit)
            .and_then(|id| history.objects().commit(id))
            .and_then(|commit| history.find(commit.tree, path));
        let item = found.map_err(|fault| failure(&format!("an earlier version of {path:?}"), &fault))?;
        Ok(item.as_ref().and_then(|(_, item)| blob(item)))
    }

    fn since(&self, environment: usize, commit: &CommitId) -> Result<Vec<CommitRecord>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Vec::new()) };
        commit_oid(commit)
            .and_then(|commit| records(history, &[commit]))
            .map_err(|fault| failure("the history", &fault))
    }

    fn blob(&self, environment: usize, _: &TreePath, blob: Blob, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        let Some(history) = self.get(environment) else {
            return Err(ReadFailure("the environment has no repository".to_owned()));
        };
        let id = oid(&blob.id);
        let read = || {
            let size = history.objects().blob_size(id)?;
            if size > limit { Ok(Err(size)) } else { history.objects().blob(id).map(Ok) }
        };
        match read() {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(size)) => Err(ReadFailure(format!("the content {id} has {size} bytes, more than {limit}"))),
            Err(fault) => Err(failure("a content", &fault)),
        }
    }

    fn message(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Vec::new()) };
        let message = commit_oid(commit).and_then(|id| history.objects().message(id));
        message.map_err(|fault| failure("the message of a commit", &fault))
    }

    fn record(&self, environment: usize, commit: &CommitId) -> Result<Option<CommitRecord>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(None) };
        let read = |id| Ok(record(history.objects(), id, history.objects().commit(id)?));
        commit_oid(commit).and_then(read).map(Some).map_err(|fault| failure("a commit", &fault))
    }

    fn author(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        let Some(history) = self.get(environment) else { return Ok(Vec::new()) };
        let author = commit_oid(commit).and_then(|id| history.objects().author(id));
        author.map_err(|fault| failure("the author of a commit", &fault))
    }

    fn staged(&self, environment: usize, path: &TreePath) -> Option<Blob> {
        self.get(environment)?.staged(path)
    }
}

fn failure(what: &str, fault: &GitFault) -> ReadFailure {
    ReadFailure(format!("cannot read {what}: {fault}"))
}

fn commit_oid(commit: &CommitId) -> Result<Oid, GitFault> {
    let unsupported = || GitFault::Unsupported(format!("{commit} is not the SHA-1 name of a commit"));
    if commit.0.len() == 20 { Oid::from_bytes(&commit.0).map_err(|_| unsupported()) } else { Err(unsupported()) }
}

/// Parents before their children.
fn commits_beyond<'a>(
    history: &GitHistory,
    others: impl Iterator<Item = &'a GitHistory>,
) -> Result<Vec<CommitRecord>, GitFault> {
    let mut exclude = Vec::new();
    let mut cuts = Vec::new();
    for other in others {
        known_commits(history.objects(), other, &mut exclude)?;
        cuts.extend(walk::cuts(other.objects(), &[other.commit()])?);
    }
    let found = walk::difference(history.objects(), &[history.commit()], &exclude)?;
    if !walk::is_certain(history.objects(), &found, &cuts)? {
        return Err(GitFault::Cut);
    }
    Ok(in_order(history, found))
}

/// Fails where history is cut off, for whoever found nothing in it.
pub(super) fn uncut(histories: &[&GitHistory]) -> Result<(), GitFault> {
    for history in histories {
        if !walk::cuts(history.objects(), &[history.commit()])?.is_empty() {
            return Err(GitFault::Cut);
        }
    }
    Ok(())
}

/// The commits that the environment's commit reaches and the excluded ones do not, parents first.
fn records(history: &GitHistory, exclude: &[Oid]) -> Result<Vec<CommitRecord>, GitFault> {
    Ok(in_order(history, walk::difference(history.objects(), &[history.commit()], exclude)?))
}

fn in_order(history: &GitHistory, newest_first: Vec<Commit>) -> Vec<CommitRecord> {
    let records = newest_first.into_iter().rev().filter_map(|commit| {
        let id = oid_of(&commit.summary.id)?;
        Some(record(history.objects(), id, commit))
    });
    parents_first(records.collect())
}

fn record(objects: &Objects, id: Oid, commit: Commit) -> CommitRecord {
    CommitRecord {
        is_cut: objects.is_cut(id),
        parents: commit.parents.iter().map(|&parent| super::objects::commit_id(parent)).collect(),
        committed: commit.committed,
        summary: commit.summary,
    }
}

fn oid_of(commit: &CommitId) -> Option<Oid> {
    Oid::from_bytes(&commit.0).ok()
}

/// The newest commits of another history that this repository has too: below them nothing is beyond.
fn known_commits(objects: &Objects, other: &GitHistory, into: &mut Vec<Oid>) -> Result<(), GitFault> {
    let mut seen = HashSet::from([other.commit()]);
    let mut waiting = vec![other.commit()];
    while let Some(id) = waiting.pop() {
        if objects.has(id) {
            into.push(id);
        } else {
            waiting.extend(other.objects().commit(id)?.parents.into_iter().filter(|&parent| seen.insert(parent)));
        }
    }
    Ok(())
}

/// Puts parents before their children and keeps the order otherwise.
fn parents_first(records: Vec<CommitRecord>) -> Vec<CommitRecord> {
    let at: HashMap<&CommitId, usize> =
        records.iter().enumerate().map(|(at, record)| (&record.summary.id, at)).collect();
    let mut order = Vec::with_capacity(records.len());
    let mut seen = vec![false; records.len()];
    for start in 0..records.len() {
        let mut path = vec![(start, 0)];
        while let Some((record, next)) = path.pop() {
            if next == 0 && std::mem::replace(&mut seen[record], true) {
                continue;
            }
            match records[record].parents.get(next) {
                None => order.push(record),
                Some(parent) => {
                    path.push((record, next + 1));
                    if let Some(&parent) = at.get(parent).filter(|&&parent| !seen[parent]) {
                        path.push((parent, 0));
                    }
                }
            }
        }
    }
    drop(at);
    let mut records: Vec<Option<CommitRecord>> = records.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| records[at].take()).collect()
}

/// The tree of the environment's root in a commit.
fn root(history: &GitHistory, commit: &CommitId) -> Result<Option<Oid>, GitFault> {
    let tree = history.objects().commit(commit_oid(commit)?)?.tree;
    match history.prefix() {
        None => Ok(Some(tree)),
        Some(prefix) => {
            let item = history.objects().find(tree, prefix.as_bytes())?;
            Ok(item.filter(|item| item.mode == FileMode::Folder).map(|item| item.id))
        }
    }
}

fn blob(item: &TreeItem) -> Option<Blob> {
    let kind = match item.mode {
        FileMode::File => BlobKind::File,
        FileMode::Executable => BlobKind::Executable,
        FileMode::Link => BlobKind::Link,
        FileMode::Gitlink => BlobKind::Submodule,
        FileMode::Folder => return None,
    };
    Some(Blob { id: id_bytes(item.id), kind })
}

/// Walks two trees in step.
struct Changes<'a> {
    history: &'a GitHistory,
    found: Vec<TreeChange>,
}

impl Changes<'_> {
    fn folders(
        &mut self,
        before: Option<Oid>,
        after: Option<Oid>,
        below: Option<&TreePath>,
        depth: usize,
    ) -> Result<(), GitFault> {
        if before == after {
            return Ok(());
        }
        let (before, after) = (self.items(before, depth)?, self.items(after, depth)?);
        let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => a.name.cmp(&b.name),
            };
            let a = if order.is_le() { before.next() } else { None };
            let b = if order.is_ge() { after.next() } else { None };
            self.items_differ(a, b, below, depth)?;
        }
    }

    /// Sorted by name alone: git's own order puts a folder elsewhere than a file of the same name.
    fn items(&self, tree: Option<Oid>, depth: usize) -> Result<Arc<[TreeItem]>, GitFault> {
        let Some(tree) = tree else { return Ok(Arc::default()) };
        let items = self.history.objects().subtree(tree, depth)?;
        if items.is_sorted_by(|a, b| a.name < b.name) {
            return Ok(items);
        }
        let mut sorted = items.to_vec();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(sorted.into())
    }

    fn items_differ(
        &mut self,
        before: Option<&TreeItem>,
        after: Option<&TreeItem>,
        below: Option<&TreePath>,
        depth: usize,
    ) -> Result<(), GitFault> {
        if let (Some(a), Some(b)) = (before, after)
            && a.id == b.id
            && a.mode == b.mode
        {
            return Ok(());
        }
        let Some(either) = before.or(after) else { return Ok(()) };
        let path = match below {
            None => TreePath::new(either.name.clone()),
            Some(folder) => folder.join(&either.name),
        };
        let path = path.map_err(|_| GitFault::Malformed { id: either.id, kind: "name in a tree" })?;
        let folder = |item: Option<&TreeItem>| item.filter(|item| item.mode == FileMode::Folder).map(|item| item.id);
        let (before_folder, after_folder) = (folder(before), folder(after));
        let (before, after) = (before.and_then(blob), after.and_then(blob));
        if before.is_some() || after.is_some() {
            self.found.push(TreeChange { path: self.history.map().to_common(&path), before, after });
        }
        self.folders(before_folder, after_folder, Some(&path), depth + 1)
    }
}

impl Objects {
    /// Whether there is such an object.
    fn has(&self, id: Oid) -> bool {
        self.kind(id).is_ok_and(|kind| kind == ObjectType::Commit)
    }
}
