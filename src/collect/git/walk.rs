//! Walks through histories, newest commit first.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, HashSet};

use git2::Oid;

use super::fault::GitFault;
use super::objects::{Commit, Objects};

/// Visits the commits that `starts` reach, newest first by the time of committing, until `visit` says no more.
pub(super) fn newest_first(
    objects: &Objects,
    starts: &[Oid],
    mut visit: impl FnMut(Oid, &Commit) -> bool,
) -> Result<(), GitFault> {
    let mut walk = NewestFirst::from(objects, starts)?;
    while let Some((id, commit)) = walk.next()? {
        if !visit(id, &commit) {
            break;
        }
    }
    Ok(())
}

/// Whether two commits reach a common one, among the newest `limit` commits of each. Both histories are walked side by side, so that the answer
/// is known soon where there is one.
pub(super) fn meet(one: (&Objects, Oid), other: (&Objects, Oid), limit: usize) -> Result<bool, GitFault> {
    let mut walks = [NewestFirst::from(one.0, &[one.1])?, NewestFirst::from(other.0, &[other.1])?];
    loop {
        let turn = match (walks[0].newest()?, walks[1].newest()?) {
            (None, None) => return Ok(false),
            (one, other) => usize::from(other > one),
        };
        let Some((id, _)) = walks[turn].next()? else { return Ok(false) };
        if walks[1 - turn].seen.contains(&id) {
            return Ok(true);
        }
        if walks[turn].seen.len() > limit {
            return Ok(false);
        }
    }
}

/// A walk through the commits that some commits reach, newest first by the time of committing.
struct NewestFirst<'a> {
    objects: &'a Objects,
    /// Visited, or to be visited.
    seen: HashSet<Oid>,
    queue: BinaryHeap<Waiting>,
    /// Parents of the last commit; they are read when somebody goes on.
    parents: Vec<Oid>,
}

impl<'a> NewestFirst<'a> {
    fn from(objects: &'a Objects, starts: &[Oid]) -> Result<Self, GitFault> {
        let mut walk = Self { objects, seen: HashSet::new(), queue: BinaryHeap::new(), parents: starts.to_vec() };
        walk.queue_parents()?;
        Ok(walk)
    }

    fn queue_parents(&mut self) -> Result<(), GitFault> {
        for id in std::mem::take(&mut self.parents) {
            if self.seen.insert(id) {
                self.queue.push(Waiting::new(self.objects, id)?);
            }
        }
        Ok(())
    }

    /// When the next commit was committed; `None` at the end.
    fn newest(&mut self) -> Result<Option<i64>, GitFault> {
        self.queue_parents()?;
        Ok(self.queue.peek().map(|waiting| waiting.commit.committed))
    }

    fn next(&mut self) -> Result<Option<(Oid, Commit)>, GitFault> {
        self.queue_parents()?;
        let Some(Waiting { id, commit }) = self.queue.pop() else { return Ok(None) };
        self.parents.clone_from(&commit.parents);
        Ok(Some((id, commit)))
    }
}

/// The commits that `include` reach and `exclude` do not, newest first.
///
/// Like git, it stops when all commits still to be visited are excluded and older than what was found: where clocks ran far wrong it may
/// give too many.
pub(super) fn difference(objects: &Objects, include: &[Oid], exclude: &[Oid]) -> Result<Vec<Commit>, GitFault> {
    let mut excluded: HashMap<Oid, bool> = HashMap::new();
    let mut queue = BinaryHeap::new();
    // How many in the queue are not excluded; those that become so later are looked at again.
    for (ids, out) in [(exclude, true), (include, false)] {
        for &id in ids {
            if let Entry::Vacant(vacant) = excluded.entry(id) {
                vacant.insert(out);
                queue.push(Waiting::new(objects, id)?);
            }
        }
    }
    let mut wanted: usize = queue.iter().filter(|waiting| !excluded[&waiting.id]).count();
    let mut oldest = i64::MAX;
    let mut order = Vec::new();
    while let Some(Waiting { id, commit }) = queue.pop() {
        if wanted == 0 && commit.committed < oldest {
            break;
        }
        let out = excluded[&id];
        if !out {
            wanted -= 1;
            oldest = oldest.min(commit.committed);
        }
        for &parent in &commit.parents {
            match excluded.get(&parent) {
                None => {
                    excluded.insert(parent, out);
                    wanted += usize::from(!out);
                    queue.push(Waiting::new(objects, parent)?);
                }
                Some(false) if out => {
                    excluded.insert(parent, true);
                    if queue.iter().any(|waiting| waiting.id == parent) {
                        wanted -= 1;
                    } else {
                        // It was visited before it was known to be excluded, and so were its parents.
                        queue.push(Waiting::new(objects, parent)?);
                    }
                }
                Some(_) => {}
            }
        }
        order.push((id, commit));
    }
    Ok(order.into_iter().filter(|(id, _)| !excluded[id]).map(|(_, commit)| commit).collect())
}

/// Whether a difference is what it would be if all of history were there. `cuts` are those of what was excluded.
///
/// Where history is cut off, nobody knows what lies below: what was found may reach more, and what was excluded may reach some of what was
/// found. Only what leads to a cut, or is younger, is not below it.
///
/// # Cost
/// A walk for each commit that is not younger than all cuts.
pub(super) fn is_certain(objects: &Objects, found: &[Commit], cuts: &[(Oid, i64)]) -> Result<bool, GitFault> {
    for commit in found {
        let Ok(id) = Oid::from_bytes(&commit.summary.id.0) else { return Ok(false) };
        if objects.is_cut(id) {
            return Ok(false);
        }
        let mut open = cuts.iter().filter(|(_, committed)| commit.committed <= *committed).peekable();
        if open.peek().is_some() {
            let reached = ancestors(objects, id, usize::MAX)?;
            if !open.all(|(cut, _)| reached.contains(cut)) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The commits that some commits reach and whose parents were not fetched, and when they were committed.
pub(super) fn cuts(objects: &Objects, starts: &[Oid]) -> Result<Vec<(Oid, i64)>, GitFault> {
    let mut cuts = Vec::new();
    if objects.has_cuts() {
        newest_first(objects, starts, |id, commit| {
            cuts.extend(objects.is_cut(id).then_some((id, commit.committed)));
            true
        })?;
    }
    Ok(cuts)
}

/// The commits that `start` reaches, at most `limit` of them, newest ones kept.
pub(super) fn ancestors(objects: &Objects, start: Oid, limit: usize) -> Result<HashSet<Oid>, GitFault> {
    let mut found = HashSet::new();
    newest_first(objects, &[start], |id, _| {
        found.insert(id);
        found.len() < limit
    })?;
    Ok(found)
}

/// A commit in a queue.
pub(super) struct Waiting {
    pub(super) id: Oid,
    pub(super) commit: Commit,
}

impl Waiting {
    fn new(objects: &Objects, id: Oid) -> Result<Self, GitFault> {
        Ok(Self { id, commit: objects.commit(id)? })
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.commit.committed.cmp(&other.commit.committed).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Waiting {}
