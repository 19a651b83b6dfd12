//! Proposes maps: folders that hold mostly the same content under different names.
//!
//! Nothing is applied here. A proposal has its evidence, and a person decides. [`candidates()`] goes by names; when [`questions`] were answered
//! and [`fold_candidates`] folded, [`propose`] counts what is equal.

mod candidates;

use std::collections::BTreeSet;

use candidates::Folder;
pub use candidates::{Candidate, candidates};

use crate::compare::quiet;
use crate::compare::variants::environments;
use crate::path::TreePath;
use crate::snapshot::{Content, EntryRef, File, GitState, Question, Snapshot, TextFolds, TextQuestion};

/// Fewer files that are not empty and the same at the same places are no evidence.
const LEAST_SAME: usize = 2;

/// A folder of one environment that looks like a folder with another name elsewhere.
///
/// Files are those below the folder, however deep; "at the same place" means under the same path from the folder on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProposal {
    /// The environment that could get the map.
    pub environment: usize,
    /// What the folder is called there (in its common names, if it has a map for something else).
    pub here: TreePath,
    /// What it is called in `others`: the common name. The environment has nothing under this name.
    pub common: TreePath,
    /// The environments that use the common name, in order; none of them has anything under the other one. The first was compared.
    pub others: Vec<usize>,
    /// Files at the same place with the same bytes, empty ones included.
    pub equal: usize,
    /// Files at the same place that differ only in line endings or a byte-order mark.
    pub quiet: usize,
    /// Files at the same place with other content, by their paths from the folder on, sorted.
    pub unequal: Vec<TreePath>,
    /// Files that only the environment has at their place.
    pub only_here: usize,
    /// Files that only the first of `others` has at their place.
    pub only_there: usize,
}

impl MapProposal {
    /// How many files there could be equal at most: those of the smaller folder.
    pub fn files(&self) -> usize {
        self.equal + self.quiet + self.unequal.len() + self.only_here.min(self.only_there)
    }
}

/// Says which files must be told apart before [`propose`] can count them, in the order of the candidates, then by path. What known digests
/// decide is not asked.
pub fn questions(candidates: &[Candidate], snapshots: &[Snapshot]) -> Vec<Question> {
    let mut questions = Vec::new();
    for (ours, theirs) in counterparts(candidates, snapshots) {
        if let (Some(a), Some(b)) = (file(snapshots, ours), file(snapshots, theirs))
            && same(a, b).is_none()
        {
            questions.push(Question { members: vec![ours, theirs] });
        }
    }
    questions
}

/// Says which texts must be folded before [`propose`] can tell quiet differences from real ones, after [`questions`] were answered.
pub fn fold_candidates(candidates: &[Candidate], snapshots: &[Snapshot]) -> Vec<TextQuestion> {
    let mut wanted = BTreeSet::new();
    for (ours, theirs) in counterparts(candidates, snapshots) {
        if let (Some(a), Some(b)) = (file(snapshots, ours), file(snapshots, theirs))
            && same(a, b) == Some(false)
            && quiet::sizes_may_be_quiet([a.size, b.size])
        {
            wanted.insert((ours, theirs));
        }
    }
    wanted.into_iter().map(|(ours, theirs)| TextQuestion { members: vec![ours, theirs] }).collect()
}

/// Proposes maps: for an environment that has nothing under the name that others use for a folder, its own folder that holds mostly the
/// same files, when the others have nothing under that one's name.
///
/// Most files of the smaller folder are the same at the same places, quiet differences aside, and at least two that are not empty. Of
/// several names for one folder the common one is that of most environments, then of one that has a repository, then of the first.
/// Each folder is in one proposal of an environment, folders inside it in none. Sorted by environment, then common name.
///
/// [`questions`] should have been answered: what is not known to be equal does not count as equal. `folds` may be empty; then quiet
/// differences count as others.
pub fn propose(candidates: &[Candidate], snapshots: &[Snapshot], folds: &TextFolds) -> Vec<MapProposal> {
    let mut classes: Vec<Vec<Folder>> = Vec::new();
    for Candidate { one, other } in candidates {
        let sides = [one, other];
        let known = sides.map(|side| classes.iter().position(|class| class.contains(side)));
        let overlaps = |side: &Folder| classes.iter().flatten().any(|taken| taken != side && taken.overlaps(side));
        if sides.into_iter().any(overlaps) || known.iter().all(Option::is_some) {
            continue;
        }
        let [(a, b), ..] = pairs_of_environments(one, other)[..] else { continue };
        if !compare(snapshots, (a, &one.path), (b, &other.path), folds).is_alike() {
            continue;
        }
        match known {
            [Some(class), None] => join(&mut classes[class], other.clone()),
            [None, Some(class)] => join(&mut classes[class], one.clone()),
            _ => classes.push(vec![one.clone(), other.clone()]),
        }
    }
    let mut proposals: Vec<MapProposal> = classes.iter().flat_map(|class| of_class(class, snapshots, folds)).collect();
    proposals.sort_by(|a, b| (a.environment, &a.common).cmp(&(b.environment, &b.common)));
    proposals
}

/// Takes one more name of a folder in, unless an environment would then have the folder twice.
fn join(class: &mut Vec<Folder>, folder: Folder) {
    if class.iter().all(|known| known.present & folder.present == 0) {
        class.push(folder);
    }
}

/// Proposals for all environments that do not use the common name.
fn of_class(class: &[Folder], snapshots: &[Snapshot], folds: &TextFolds) -> Vec<MapProposal> {
    let is_versioned = |folder: &Folder| {
        environments(folder.present)
            .any(|at| matches!(snapshots[at].git, GitState::Checkout(_) | GitState::Commit { .. }))
    };
    let rank = |folder: &&Folder| {
        (folder.present.count_ones(), is_versioned(folder), std::cmp::Reverse(folder.present.trailing_zeros()))
    };
    let Some(common) = class.iter().max_by_key(rank) else { return Vec::new() };
    let mut proposals = Vec::new();
    for folder in class.iter().filter(|folder| *folder != common) {
        let others: Vec<usize> = environments(common.present & folder.absent).collect();
        let Some(&against) = others.first() else { continue };
        for environment in environments(folder.present & common.absent) {
            let likeness = compare(snapshots, (environment, &folder.path), (against, &common.path), folds);
            if likeness.is_alike() {
                proposals.push(MapProposal {
                    environment,
                    here: folder.path.clone(),
                    common: common.path.clone(),
                    others: others.clone(),
                    equal: likeness.equal,
                    quiet: likeness.quiet,
                    unequal: likeness.unequal,
                    only_here: likeness.only_here,
                    only_there: likeness.only_there,
                });
            }
        }
    }
    proposals
}

/// How alike two folders are.
#[derive(Debug, Default)]
struct Likeness {
    equal: usize,
    quiet: usize,
    unequal: Vec<TreePath>,
    only_here: usize,
    only_there: usize,
    /// Files that are equal, quiet differences aside, and not empty.
    telling: usize,
}

impl Likeness {
    fn is_alike(&self) -> bool {
        let smaller = self.equal + self.quiet + self.unequal.len() + self.only_here.min(self.only_there);
        self.telling >= LEAST_SAME && (self.equal + self.quiet) * 2 > smaller
    }
}

type At<'a> = (usize, &'a TreePath);

fn compare(snapshots: &[Snapshot], here: At<'_>, there: At<'_>, folds: &TextFolds) -> Likeness {
    let mut found = Likeness::default();
    in_step(snapshots, here, there, |rest, ours, theirs| match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let (Some(a), Some(b)) = (file(snapshots, ours), file(snapshots, theirs)) else { return };
            let folded = || Some(folds.get(&ours)?.plain == folds.get(&theirs)?.plain);
            if same(a, b) == Some(true) {
                found.equal += 1;
            } else if folded() == Some(true) {
                found.quiet += 1;
            } else {
                found.unequal.extend(TreePath::new(rest));
                return;
            }
            found.telling += usize::from(a.size > 0);
        }
        (Some(_), None) => found.only_here += 1,
        (None, _) => found.only_there += 1,
    });
    found
}

/// Files at the same place in two folders that may be one, by all candidates.
fn counterparts(candidates: &[Candidate], snapshots: &[Snapshot]) -> Vec<(EntryRef, EntryRef)> {
    let mut found = Vec::new();
    for Candidate { one, other } in candidates {
        for (a, b) in pairs_of_environments(one, other) {
            in_step(snapshots, (a, &one.path), (b, &other.path), |_, ours, theirs| found.extend(ours.zip(theirs)));
        }
    }
    found
}

/// Each environment of one side with the first of the other side, first those that are compared to judge the names as such.
fn pairs_of_environments(one: &Folder, other: &Folder) -> Vec<(usize, usize)> {
    let mine: Vec<usize> = environments(one.present & other.absent).collect();
    let theirs: Vec<usize> = environments(other.present & one.absent).collect();
    let (Some(&first), Some(&second)) = (mine.first(), theirs.first()) else { return Vec::new() };
    let mut pairs = vec![(first, second)];
    pairs.extend(mine[1..].iter().map(|&at| (at, second)));
    pairs.extend(theirs[1..].iter().map(|&at| (first, at)));
    pairs
}

/// Walks the regular files of two folders in step, by their paths from the folder on.
fn in_step(
    snapshots: &[Snapshot],
    here: At<'_>,
    there: At<'_>,
    mut each: impl FnMut(&[u8], Option<EntryRef>, Option<EntryRef>),
) {
    let files = |(environment, folder): At<'_>| -> Vec<(Vec<u8>, EntryRef)> {
        let snapshot = &snapshots[environment];
        let below = snapshot.find(folder).map_or(0..0, |at| candidates::below(snapshot, at));
        let rest = |entry: usize| Some(snapshot.entries[entry].path.strip(folder)?.to_vec());
        let files = below.filter(|&entry| matches!(snapshot.entries[entry].content, Content::File(_)));
        files.filter_map(|entry| Some((rest(entry)?, EntryRef { environment, entry }))).collect()
    };
    let (mut ours, mut theirs) = (files(here).into_iter().peekable(), files(there).into_iter().peekable());
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => crate::path::compare_bytes(a, b),
        };
        let a = if order.is_le() { ours.next() } else { None };
        let b = if order.is_ge() { theirs.next() } else { None };
        let rest = a.as_ref().or(b.as_ref()).map(|(rest, _)| rest.as_slice()).unwrap_or_default();
        each(rest, a.as_ref().map(|(_, at)| *at), b.as_ref().map(|(_, at)| *at));
    }
}

fn file(snapshots: &[Snapshot], at: EntryRef) -> Option<File> {
    match snapshots[at.environment].entries[at.entry].content {
        Content::File(file) => Some(file),
        _ => None,
    }
}

/// Whether two files are equal; `None` when it cannot be told.
fn same(a: File, b: File) -> Option<bool> {
    if a.size == b.size && a.size > 0 { a.digests.same(&b.digests) } else { Some(a.size == b.size) }
}

#[cfg(test)]
mod tests;
