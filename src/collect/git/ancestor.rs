//! The best common ancestor of commits that may lie in different clones.

use std::collections::{BinaryHeap, HashMap};

use git2::Oid;

use super::fault::GitFault;
use super::objects::{Commit, Objects};
use super::walk::{self, Waiting};

/// What is known of a commit.
#[derive(Debug, Default)]
struct Seen {
    /// Which of the starts reach it, a bit for each.
    by: u64,
    /// Another common commit reaches it.
    is_below: bool,
    is_waiting: bool,
}

/// The newest commit that all `starts` reach and no other such commit reaches, and how many commits were visited; it is looked for among
/// `limit` of them. There are 64 starts at most.
///
/// # Cost
/// Reads what lies above the common ancestors and little more. Where several are best, as after merges in both directions, what they
/// reach is read besides.
pub(super) fn best(starts: &[(&Objects, Oid)], limit: usize) -> Result<(Option<Oid>, usize), GitFault> {
    let all: u64 = (0..starts.len()).map(|at| 1 << at).sum();
    let mut walk = Walk { starts, seen: HashMap::new(), queue: BinaryHeap::new(), open: 0 };
    for (at, (_, start)) in starts.iter().enumerate() {
        walk.reach(*start, 1 << at, false)?;
    }
    let mut common = Vec::new();
    let mut visited = 0;
    while walk.open > 0 && visited < limit {
        let Some((waiting, by, is_below)) = walk.next() else { break };
        visited += 1;
        let is_common = by == all;
        if is_common && !is_below {
            common.push((waiting.commit.committed, waiting.id));
        }
        // Read when it was reached first, maybe by a history that is cut off there.
        let is_last = waiting.commit.parents.is_empty();
        let commit = if is_last { walk.commit(waiting.id, by)? } else { waiting.commit };
        walk.go_on(&commit, waiting.id, by, is_below || is_common)?;
    }
    common.retain(|(_, id)| !walk.seen[id].is_below);
    common.sort_unstable();
    common.dedup();
    if common.len() > 1 {
        // Where clocks ran wrong, one of them may reach another by a way that was not walked to its end.
        let mut parents = Vec::new();
        for &(_, id) in &common {
            parents.extend(walk.commit(id, all)?.parents);
        }
        walk::newest_first(starts[0].0, &parents, |id, _| {
            common.retain(|(_, best)| *best != id);
            visited += 1;
            common.len() > 1 && visited < limit
        })?;
    }
    Ok((common.last().map(|(_, id)| *id), visited))
}

/// A walk from several starts at once, newest first.
struct Walk<'a> {
    starts: &'a [(&'a Objects, Oid)],
    seen: HashMap<Oid, Seen>,
    queue: BinaryHeap<Waiting>,
    /// How many are waiting that no common commit reaches.
    open: usize,
}

impl Walk<'_> {
    /// Notes that a commit is reached. It is visited, and visited again, when that is news.
    fn reach(&mut self, id: Oid, by: u64, is_below: bool) -> Result<(), GitFault> {
        let seen = self.seen.entry(id).or_default();
        if seen.by | by == seen.by && seen.is_below >= is_below {
            return Ok(());
        }
        let was_open = seen.is_waiting && !seen.is_below;
        seen.by |= by;
        seen.is_below |= is_below;
        let is_open = !seen.is_below;
        if !std::mem::replace(&mut seen.is_waiting, true) {
            let commit = self.commit(id, by)?;
            self.queue.push(Waiting { id, commit });
        }
        self.open = self.open + usize::from(is_open) - usize::from(was_open);
        Ok(())
    }

    fn next(&mut self) -> Option<(Waiting, u64, bool)> {
        let waiting = self.queue.pop()?;
        let seen = self.seen.get_mut(&waiting.id)?;
        seen.is_waiting = false;
        self.open -= usize::from(!seen.is_below);
        Some((waiting, seen.by, seen.is_below))
    }

    /// Goes on to the parents of a commit, for each start as far as its history was fetched.
    fn go_on(&mut self, commit: &Commit, id: Oid, by: u64, is_below: bool) -> Result<(), GitFault> {
        let uncut = (0..self.starts.len()).filter(|&at| !self.starts[at].0.is_cut(id));
        let by = by & uncut.map(|at| 1 << at).sum::<u64>();
        if by != 0 {
            for &parent in &commit.parents {
                self.reach(parent, by, is_below)?;
            }
        }
        Ok(())
    }

    /// A commit, out of a clone by whose start it is reached and that has its parents, if there is one.
    fn commit(&self, id: Oid, by: u64) -> Result<Commit, GitFault> {
        let has = |at: &usize| by & 1 << at != 0;
        let mut reached = (0..self.starts.len()).filter(has);
        let first = reached.clone().next().unwrap_or(0);
        let at = reached.find(|&at| !self.starts[at].0.is_cut(id)).unwrap_or(first);
        self.starts[at].0.commit(id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A repository whose commits have these earlier ones as parents and these dates.
    fn history(commits: &[(Vec<usize>, i64)]) -> (tempfile::TempDir, Objects, Vec<Oid>) {
        let home = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(home.path()).unwrap();
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let mut made: Vec<Oid> = Vec::new();
        for (at, (parents, date)) in commits.iter().enumerate() {
            let who = git2::Signature::new("a", "a@b", &git2::Time::new(*date, 0)).unwrap();
            let parents: Vec<git2::Commit<'_>> =
                parents.iter().map(|&at| repository.find_commit(made[at]).unwrap()).collect();
            let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
            made.push(repository.commit(None, &who, &who, &at.to_string(), &tree, &parents).unwrap());
        }
        let objects = Objects::open_at(home.path().join("objects"), b"", None).unwrap();
        (home, objects, made)
    }

    #[test]
    fn what_lies_below_the_ancestor_is_not_walked() {
        // A thousand in a row, and two sides above the last.
        let mut commits: Vec<(Vec<usize>, i64)> =
            (0_usize..1000).zip(0..).map(|(at, time)| (at.checked_sub(1).into_iter().collect(), time)).collect();
        commits.extend([(vec![999], 2000), (vec![1000], 2001), (vec![999], 1500)]);
        let (_home, objects, ids) = history(&commits);
        let (found, visited) = best(&[(&objects, ids[1001]), (&objects, ids[1002])], usize::MAX).unwrap();
        assert_eq!(found, Some(ids[999]));
        assert!(visited <= 5, "{visited}");
        assert_eq!(best(&[(&objects, ids[7])], 10).unwrap().0, Some(ids[7]));
        assert_eq!(best(&[(&objects, ids[7]), (&objects, ids[500])], usize::MAX).unwrap().0, Some(ids[7]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_ancestor_is_common_and_no_common_one_is_above_it(
            shape in prop::collection::vec((prop::collection::vec(0..16_usize, 0..3), 0..20_i64), 1..16),
            starts in prop::collection::vec(0..16_usize, 1..4),
        ) {
            let commits: Vec<(Vec<usize>, i64)> = shape
                .into_iter()
                .enumerate()
                .map(|(at, (parents, date))| {
                    let mut parents: Vec<usize> = parents.into_iter().filter(|_| at > 0).map(|it| it % at).collect();
                    parents.sort_unstable();
                    parents.dedup();
                    (parents, date)
                })
                .collect();
            let (_home, objects, ids) = history(&commits);
            let starts: Vec<usize> = starts.into_iter().map(|at| at % ids.len()).collect();
            let reached = |from: usize| walk::ancestors(&objects, ids[from], usize::MAX).unwrap();
            let common = |at: &usize| starts.iter().all(|&start| reached(start).contains(&ids[*at]));
            let common: Vec<usize> = (0..ids.len()).filter(common).collect();
            let is_best = |at: &usize| common.iter().all(|other| other == at || !reached(*other).contains(&ids[*at]));
            let bests: Vec<usize> = common.iter().copied().filter(is_best).collect();
            let newest = bests.iter().map(|&at| (commits[at].1, ids[at])).max().map(|(_, id)| id);
            let of: Vec<(&Objects, Oid)> = starts.iter().map(|&at| (&objects, ids[at])).collect();
            prop_assert_eq!(best(&of, usize::MAX).unwrap().0, newest);
        }
    }
}
