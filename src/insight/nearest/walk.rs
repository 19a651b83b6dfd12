//! Goes along related histories, from each commit to a neighbour: what it has otherwise is all that is asked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use super::{Numbers, Search, note};
use crate::path::TreePath;
use crate::snapshot::{Blob, BlobId, BlobKind, CommitId, CommitRecord, CommitSummary, TreeChange};

/// Stands for no content.
pub(super) const NOTHING: u32 = u32::MAX;

/// All commits of related histories.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Those whose histories these are.
    pub(super) environments: Vec<usize>,
    /// Every commit under each way of naming its paths; each after the one that it is measured from.
    pub(super) steps: Vec<Step>,
    events: Vec<Event>,
    paths: Numbers<TreePath>,
    blobs: Numbers<BlobId>,
    /// Older commits of one of the histories were not looked at.
    pub(super) is_capped: bool,
}

/// A commit.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) commit: CommitSummary,
    /// When it was committed.
    pub(super) committed: i64,
    /// The environment whose history it was read from.
    pub(super) environment: usize,
    /// The step that it is measured from; `None` for the empty tree.
    pub(super) from: Option<usize>,
    events: Range<usize>,
}

/// A regular file that is not the same in a step and in the one that it is measured from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    /// Number of the path.
    pub(super) path: u32,
    /// Number of the content, or [`NOTHING`].
    pub(super) before: u32,
    pub(super) after: u32,
}

impl Walk {
    pub(super) fn events(&self, step: &Step) -> &[Event] {
        &self.events[step.events.clone()]
    }

    /// How many commits there are, each counted once.
    pub(super) fn commits(&self) -> usize {
        let ids: BTreeSet<&CommitId> = self.steps.iter().map(|step| &step.commit.id).collect();
        ids.len()
    }

    /// Everything that differed somewhere.
    pub(super) fn all_events(&self) -> &[Event] {
        &self.events
    }

    /// Every path that is in some commit, with its number.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&TreePath, u32)> {
        self.paths.numbers.iter().map(|(path, &number)| (path, number))
    }

    pub(super) fn path_count(&self) -> usize {
        self.paths.numbers.len()
    }

    /// The number of a content, if some commit has it.
    pub(super) fn blob(&self, id: &BlobId) -> Option<u32> {
        self.blobs.numbers.get(id).copied()
    }

    /// All contents by number.
    pub(super) fn blob_ids(&self) -> Vec<BlobId> {
        let mut ids: Vec<(u32, BlobId)> = self.blobs.numbers.iter().map(|(id, &number)| (number, *id)).collect();
        ids.sort_unstable_by_key(|(number, _)| *number);
        ids.into_iter().map(|(_, id)| id).collect()
    }

    fn add(
        &mut self,
        search: &Search<'_>,
        environment: usize,
        record: CommitRecord,
        from: Option<usize>,
        changes: Vec<TreeChange>,
    ) {
        let start = self.events.len();
        for TreeChange { path, before, after } in changes {
            let (before, after) = (file(before), file(after));
            if before == after || (search.leaves_out)(&path) {
                continue;
            }
            let mut number = |blob: Option<BlobId>| blob.map_or(NOTHING, |id| self.blobs.number(id));
            let (before, after) = (number(before), number(after));
            self.events.push(Event { path: self.paths.number(path), before, after });
        }
        let events = start..self.events.len();
        self.steps.push(Step { commit: record.summary, committed: record.committed, environment, from, events });
    }
}

/// A regular file; modes, links and submodules are not looked at.
fn file(blob: Option<Blob>) -> Option<BlobId> {
    blob.filter(|blob| matches!(blob.kind, BlobKind::File | BlobKind::Executable)).map(|blob| blob.id)
}

/// Goes along the histories of environments that are related, with one comparison of two trees for each commit.
///
/// A commit is measured from a parent or child that was seen before it; only the first of all has no such neighbour and is measured from
/// nothing. Where environments call paths differently, the commits of each way of naming are gone along on their own.
pub(super) fn walk(search: &Search<'_>, group: &[usize], notes: &mut Vec<String>) -> Walk {
    let mut walk = Walk { environments: group.to_vec(), ..Walk::default() };
    let mut known: BTreeMap<(usize, CommitId), usize> = BTreeMap::new();
    for &environment in group {
        let recent = match search.commits.recent(environment) {
            Ok(recent) => recent,
            Err(failure) => {
                note(notes, failure.0);
                continue;
            }
        };
        walk.is_capped |= recent.is_capped;
        let naming = recent.named_as;
        let mut new: Vec<Option<CommitRecord>> = recent.commits.into_iter().map(Some).collect();
        for record in &mut new {
            record.take_if(|record| known.contains_key(&(naming, record.summary.id.clone())));
        }
        let neighbours = neighbours(&new);
        // First those that have a known neighbour, so that at most one is measured from nothing.
        let mut waiting: VecDeque<(usize, Option<usize>)> = VecDeque::new();
        for (at, record) in new.iter().enumerate() {
            let mut parents = record.iter().flat_map(|record| &record.parents);
            let parent = parents.find_map(|parent| known.get(&(naming, parent.clone())).copied());
            waiting.extend(parent.map(|parent| (at, Some(parent))));
        }
        waiting.extend((0..new.len()).map(|at| (at, None)));
        while let Some((at, from)) = waiting.pop_front() {
            let Some(record) = new[at].take() else { continue };
            let before = from.map(|step| &walk.steps[step].commit.id);
            match search.commits.changes(environment, before, &record.summary.id) {
                Ok(changes) => {
                    let step = walk.steps.len();
                    known.insert((naming, record.summary.id.clone()), step);
                    walk.add(search, environment, record, from, changes);
                    for &next in neighbours[at].iter().rev() {
                        waiting.push_front((next, Some(step)));
                    }
                }
                Err(failure) => note(notes, failure.0),
            }
        }
    }
    walk
}

/// For each commit its parents and then its children among the others.
fn neighbours(commits: &[Option<CommitRecord>]) -> Vec<Vec<usize>> {
    let present = || commits.iter().enumerate().filter_map(|(at, record)| Some((at, record.as_ref()?)));
    let number: BTreeMap<&CommitId, usize> = present().map(|(at, record)| (&record.summary.id, at)).collect();
    let mut neighbours = vec![Vec::new(); commits.len()];
    for (at, record) in present() {
        neighbours[at].extend(record.parents.iter().filter_map(|parent| number.get(parent).copied()));
    }
    for (at, record) in present() {
        for parent in record.parents.iter().filter_map(|parent| number.get(parent)) {
            neighbours[*parent].push(at);
        }
    }
    neighbours
}
