//! The commit that is nearest to a tree which has no history in common with others.
//!
//! Pure. [`lineage`] says whose histories are related, and for each environment that is without one, or alone with its own, which commit of
//! the others' histories agrees with most of its files.

mod score;
mod walk;

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::path::TreePath;
use crate::snapshot::{CommitId, CommitReader, CommitSummary, ContentReader, GitState, Snapshot};

/// What is searched.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// Names files as git does.
    pub contents: &'a dyn ContentReader,
    /// Reads histories.
    pub commits: &'a dyn CommitReader,
    /// Whether a common path is left out by `ignore`: it counts in no commit either.
    pub leaves_out: &'a dyn Fn(&TreePath) -> bool,
}

/// Whose histories are related, and which commits are near.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    /// Environments whose history has no commit in common with the largest group of related histories; by environment.
    pub unrelated: Vec<Unrelated>,
    /// The nearest commit of each environment that has none, or is in `unrelated`, and for which one is near enough; by environment.
    pub nearest: Vec<Nearest>,
    /// What could not be searched, in words.
    pub notes: Vec<String>,
}

impl Lineage {
    /// The commit nearest to an environment, and the first environment in whose history it is.
    pub fn commit_near(&self, environment: usize) -> Option<(usize, CommitId)> {
        let near = self.nearest.iter().find(|nearest| nearest.environment == environment)?;
        Some((near.history, near.likeness.commit.id.clone()))
    }
}

/// An environment whose history has nothing in common with that of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrelated {
    /// Which.
    pub environment: usize,
    /// How many commits its history has, as far as it was looked at.
    pub commits: usize,
    /// The environments with which it has none in common, though they have commits; in order.
    pub others: Vec<usize>,
}

/// The commit that agrees with most files of an environment.
///
/// Only regular files count, and none that `ignore` leaves out. A file agrees when the commit has it at the same common path with the same
/// bytes, or the environment has CR LF where the commit has LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Which environment.
    pub environment: usize,
    /// The first environment in whose history the commit is.
    pub history: usize,
    /// The commit.
    pub likeness: Likeness,
    /// The one that comes next; `None` when there is no other.
    pub runner_up: Option<Likeness>,
    /// Files of the environment at paths that no commit has: they are not counted.
    pub elsewhere: usize,
    /// Files of the environment whose content could not be compared: they are not counted either.
    pub unknown: usize,
    /// How many commits were looked at.
    pub searched: usize,
    /// Older commits were not looked at.
    pub is_capped: bool,
}

/// How much of a commit is in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// The commit.
    pub commit: CommitSummary,
    /// Paths at which both have the same content.
    pub agree: usize,
    /// Paths that at least one of them has.
    pub paths: usize,
}

impl Likeness {
    /// Orders by the share of paths that agree.
    pub fn compare(&self, other: &Self) -> Ordering {
        compare_shares((self.agree, self.paths), (other.agree, other.paths))
    }

    /// How many of ten thousand paths agree, rounded down, so that all of them is what it says.
    pub fn share(&self) -> u64 {
        (self.agree as u64 * 10_000).checked_div(self.paths as u64).unwrap_or(0)
    }

    /// Whether it is more than a third: below that nothing is called near.
    fn is_near(&self) -> bool {
        self.agree * 3 > self.paths
    }
}

/// Whose histories are related, and which commits are near.
///
/// Nothing is read when there is at most one group of related histories and every environment is in it. Otherwise the newest 10,000 commits of each
/// history are looked at, with one comparison of two trees for each commit, however many histories have it. Only files at paths that
/// some commit has, whose size fits one of their versions and whose name is not known by what equals them, are asked for it.
///
/// # Cost
/// Linear in the commits and in what they changed, for each environment that is searched for; memory likewise.
pub fn lineage(search: &Search<'_>) -> Lineage {
    let mut lineage = Lineage::default();
    let groups = groups(search, &mut lineage.notes);
    let with_commit = |at: usize| groups.iter().position(|group| group.contains(&at));
    let is_bare = |at: usize| {
        let snapshot = &search.snapshots[at];
        with_commit(at).is_none() && snapshot.unread_because().is_none() && !snapshot.entries.is_empty()
    };
    let bare: Vec<usize> = (0..search.snapshots.len()).filter(|&at| is_bare(at)).collect();
    if groups.is_empty() || (groups.len() == 1 && bare.is_empty()) {
        return lineage;
    }
    let walks: Vec<walk::Walk> = groups.iter().map(|group| walk::walk(search, group, &mut lineage.notes)).collect();
    let size = |group: usize| (walks[group].commits(), groups[group].len(), std::cmp::Reverse(group));
    let main = (0..groups.len()).max_by_key(|&group| size(group));
    for (number, group) in groups.iter().enumerate().filter(|(number, _)| Some(*number) != main) {
        let others: Vec<usize> =
            (0..search.snapshots.len()).filter(|&at| with_commit(at).is_some_and(|of| of != number)).collect();
        let commits = walks[number].commits();
        let unrelated = |&environment: &usize| Unrelated { environment, commits, others: others.clone() };
        lineage.unrelated.extend(group.iter().map(unrelated));
    }
    lineage.unrelated.sort_by_key(|unrelated| unrelated.environment);
    let mut targets: Vec<(usize, Vec<&walk::Walk>)> = Vec::new();
    targets.extend(bare.iter().map(|&at| (at, walks.iter().collect())));
    for unrelated in &lineage.unrelated {
        let own = with_commit(unrelated.environment);
        let others = walks.iter().enumerate().filter(|(number, _)| Some(*number) != own);
        targets.push((unrelated.environment, others.map(|(_, walk)| walk).collect()));
    }
    targets.sort_by_key(|(environment, _)| *environment);
    lineage.nearest =
        targets.into_iter().filter_map(|(environment, walks)| score::nearest(search, environment, &walks)).collect();
    lineage
}

/// Environments with commits, in groups of related histories; both in order.
fn groups(search: &Search<'_>, notes: &mut Vec<String>) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (environment, snapshot) in search.snapshots.iter().enumerate() {
        let Some(commit) = commit(&snapshot.git) else { continue };
        let mut related = Vec::new();
        for (number, group) in groups.iter().enumerate() {
            let is_related = group.iter().any(|&other| {
                if self::commit(&search.snapshots[other].git).is_some_and(|one| one.id == commit.id) {
                    return true;
                }
                search.commits.are_related(other, environment).unwrap_or_else(|failure| {
                    note(notes, failure.0);
                    // What cannot be told apart is not called unrelated.
                    true
                })
            });
            related.extend(is_related.then_some(number));
        }
        let mut joined = vec![environment];
        for number in related.into_iter().rev() {
            joined.splice(0..0, groups.remove(number));
        }
        joined.sort_unstable();
        groups.push(joined);
        groups.sort();
    }
    groups
}

fn commit(git: &GitState) -> Option<&CommitSummary> {
    match git {
        GitState::Commit { commit, .. } => Some(commit),
        GitState::Checkout(status) => status.commit.as_ref(),
        GitState::None | GitState::NotKept | GitState::Unknown { .. } => None,
    }
}

/// Orders parts of wholes.
fn compare_shares(one: (usize, usize), other: (usize, usize)) -> Ordering {
    let product = |part: usize, whole: usize| part as u128 * whole as u128;
    product(one.0, other.1).cmp(&product(other.0, one.1))
}

fn note(notes: &mut Vec<String>, words: String) {
    if !notes.contains(&words) {
        notes.push(words);
    }
}

/// Numbers things in the order in which they come.
#[derive(Debug)]
struct Numbers<T> {
    numbers: BTreeMap<T, u32>,
}

impl<T: Ord> Numbers<T> {
    fn number(&mut self, thing: T) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(thing).or_insert(next)
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new() }
    }
}

/// A lineage that is found out when somebody asks for it, or never.
pub struct OnDemand<'a> {
    search: Option<Search<'a>>,
    found: OnceCell<Lineage>,
}

impl<'a> OnDemand<'a> {
    /// Searches when it is asked.
    pub fn new(search: Search<'a>) -> Self {
        Self { search: Some(search), found: OnceCell::new() }
    }

    /// Has been found out, or is not to be.
    pub fn known(lineage: Lineage) -> Self {
        Self { search: None, found: OnceCell::from(lineage) }
    }

    /// The lineage.
    pub fn get(&self) -> &Lineage {
        self.found.get_or_init(|| self.search.as_ref().map(lineage).unwrap_or_default())
    }
}

impl fmt::Debug for OnDemand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemand").field("found", &self.found).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
