//! Counts, commit by commit, how much of it is in an environment.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use super::walk::{Event, NOTHING, Step, Walk};
use super::{Likeness, Nearest, Search, compare_shares};
use crate::path::TreePath;
use crate::snapshot::{BlobId, BlobNames, Content, EntryRef, File, Snapshot};

/// What an environment has at a path that some commit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    /// No regular file.
    Absent,
    /// It is not known what, so the path does not count.
    Unknown,
    /// A file, and which of the contents in the history it agrees with: as it is, and with other line endings. [`NOTHING`] stands for none.
    File([u32; 2]),
}

/// What an environment has, by the numbers of one walk.
struct Tree<'a> {
    walk: &'a Walk,
    here: Vec<Here>,
}

/// How a commit stands to an environment.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    agree: i64,
    /// Paths that only the commit has.
    only_there: i64,
}

/// The nearest commit of an environment along some histories, if there is one that is near.
pub(super) fn nearest(search: &Search<'_>, environment: usize, walks: &[&Walk]) -> Option<Nearest> {
    let trees: Vec<Tree<'_>> = walks.iter().map(|walk| Tree::of(search, environment, walk)).collect();
    let snapshot = &search.snapshots[environment];
    let mut shared: BTreeSet<&TreePath> = BTreeSet::new();
    let mut unknown: BTreeSet<&TreePath> = BTreeSet::new();
    for tree in &trees {
        for (path, number) in tree.walk.paths() {
            match tree.here[number as usize] {
                Here::File(_) => drop(shared.insert(path)),
                Here::Unknown => drop(unknown.insert(path)),
                Here::Absent => {}
            }
        }
    }
    let is_file = |path: &&&TreePath| {
        snapshot.find(path).is_some_and(|at| matches!(snapshot.entries[at].content, Content::File(_)))
    };
    let unknown = unknown.difference(&shared).filter(is_file).count();
    let all = snapshot.entries.iter().filter(|entry| matches!(entry.content, Content::File(_))).count();
    let mut best: [Option<Ranked<'_>>; 2] = [None, None];
    for tree in &trees {
        for (step, count) in tree.walk.steps.iter().zip(tree.counts()) {
            let agree = usize::try_from(count.agree).unwrap_or(0);
            let paths = shared.len() + usize::try_from(count.only_there).unwrap_or(0);
            insert(&mut best, Ranked { step, agree, paths });
        }
    }
    let [first, second] = best;
    let first = first?;
    let likeness = first.likeness();
    likeness.is_near().then(|| Nearest {
        environment,
        history: first.step.environment,
        likeness,
        runner_up: second.map(|second| second.likeness()),
        elsewhere: all - shared.len() - unknown,
        unknown,
        searched: walks.iter().map(|walk| walk.commits()).sum(),
        is_capped: walks.iter().any(|walk| walk.is_capped),
    })
}

#[derive(Clone, Copy)]
struct Ranked<'a> {
    step: &'a Step,
    agree: usize,
    paths: usize,
}

impl Ranked<'_> {
    /// A larger share is more; of equal ones the newer commit is, then the one whose name comes first.
    fn compare(&self, other: &Self) -> Ordering {
        compare_shares((self.agree, self.paths), (other.agree, other.paths))
            .then_with(|| self.step.committed.cmp(&other.step.committed))
            .then_with(|| Reverse(&self.step.commit.id).cmp(&Reverse(&other.step.commit.id)))
    }

    fn likeness(&self) -> Likeness {
        Likeness { commit: self.step.commit.clone(), agree: self.agree, paths: self.paths }
    }
}

/// Keeps the two best; a commit that is read under two ways of naming counts once, as the better.
fn insert<'a>(best: &mut [Option<Ranked<'a>>; 2], new: Ranked<'a>) {
    let better = |known: &Option<Ranked<'_>>| known.as_ref().is_none_or(|known| new.compare(known).is_gt());
    let is_first =
        |known: &Option<Ranked<'_>>| known.as_ref().is_some_and(|known| known.step.commit.id == new.step.commit.id);
    if better(&best[0]) {
        if !is_first(&best[0]) {
            best[1] = best[0];
        }
        best[0] = Some(new);
    } else if !is_first(&best[0]) && better(&best[1]) {
        best[1] = Some(new);
    }
}

impl<'a> Tree<'a> {
    fn of(search: &Search<'_>, environment: usize, walk: &'a Walk) -> Self {
        let snapshot = &search.snapshots[environment];
        let mut tree = Self { walk, here: vec![Here::Absent; walk.path_count()] };
        let mut files: Vec<(u32, EntryRef, File)> = Vec::new();
        for (path, number) in walk.paths() {
            match snapshot.find(path).map(|entry| (entry, &snapshot.entries[entry].content)) {
                Some((entry, Content::File(file))) => files.push((number, EntryRef { environment, entry }, *file)),
                Some((_, Content::Unreadable { .. })) => tree.here[number as usize] = Here::Unknown,
                None if is_unknown(snapshot, path) => tree.here[number as usize] = Here::Unknown,
                Some(_) | None => {}
            }
        }
        tree.name(search, files);
        tree
    }

    /// Finds out which of the contents in the history files agree with, asking only for names of those that may agree with one.
    fn name(&mut self, search: &Search<'_>, files: Vec<(u32, EntryRef, File)>) {
        let mut versions: BTreeMap<u32, BTreeSet<u32>> =
            files.iter().map(|&(number, ..)| (number, BTreeSet::new())).collect();
        for Event { path, before, after } in self.walk.all_events() {
            if let Some(versions) = versions.get_mut(path) {
                versions.extend([before, after].into_iter().filter(|blob| **blob != NOTHING));
            }
        }
        let ids = self.walk.blob_ids();
        let mut sizes = Sizes { search, walk: self.walk, ids: &ids, known: BTreeMap::new() };
        let mut open = Vec::new();
        for (number, at, file) in files {
            let raw = known_name(search.snapshots, at, file);
            let versions = &versions[&number];
            let found = raw.and_then(|raw| self.walk.blob(&raw)).filter(|blob| versions.contains(blob));
            self.here[number as usize] = Here::File([found.unwrap_or(NOTHING), NOTHING]);
            if found.is_none() && versions.iter().any(|&blob| sizes.may_be(blob, file.size, raw.is_some())) {
                open.push((number, at));
            }
        }
        let asked: Vec<EntryRef> = open.iter().map(|(_, at)| *at).collect();
        for ((number, _), names) in open.into_iter().zip(search.contents.blob_names(&asked)) {
            let blob = |name: BlobId| self.walk.blob(&name).unwrap_or(NOTHING);
            self.here[number as usize] = match names {
                Some(BlobNames { raw, normalized }) => Here::File([blob(raw), normalized.map_or(NOTHING, blob)]),
                None => Here::Unknown,
            };
        }
    }

    /// How each step stands to the environment: as the one that it is measured from, but for what differs.
    fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<Count> = Vec::with_capacity(self.walk.steps.len());
        for step in &self.walk.steps {
            let mut count = step.from.map_or_else(Count::default, |from| counts[from]);
            for event in self.walk.events(step) {
                self.change(&mut count, event.path, event.before, -1);
                self.change(&mut count, event.path, event.after, 1);
            }
            counts.push(count);
        }
        counts
    }

    fn change(&self, count: &mut Count, path: u32, blob: u32, by: i64) {
        if blob == NOTHING {
            return;
        }
        match self.here[path as usize] {
            Here::Absent => count.only_there += by,
            Here::File(blobs) if blobs.contains(&blob) => count.agree += by,
            Here::File(_) | Here::Unknown => {}
        }
    }
}

/// Sizes of contents in a history, each asked for once.
struct Sizes<'a> {
    search: &'a Search<'a>,
    walk: &'a Walk,
    ids: &'a [BlobId],
    known: BTreeMap<u32, Option<u64>>,
}

impl Sizes<'_> {
    /// Whether a file of a size may have this content; `is_other` when it is known not to, but for line endings.
    fn may_be(&mut self, blob: u32, size: u64, is_other: bool) -> bool {
        let (search, walk, ids) = (self.search, self.walk, self.ids);
        let known = self.known.entry(blob).or_insert_with(|| {
            let id = ids.get(blob as usize)?;
            // Related histories may be kept in repositories that lack each other's newest contents.
            walk.environments.iter().find_map(|&environment| search.commits.blob_size(environment, id).ok())
        });
        match *known {
            // Each LF has one CR more at most.
            Some(known) => (known == size && !is_other) || (known < size && size <= 2 * known),
            None => true,
        }
    }
}

/// The name of a file as far as its snapshot knows it, or another environment's file at its path that equals it.
fn known_name(snapshots: &[Snapshot], at: EntryRef, file: File) -> Option<BlobId> {
    file.digests.git_blob.or_else(|| {
        let path = &snapshots[at.environment].entries[at.entry].path;
        snapshots.iter().enumerate().filter(|(other, _)| *other != at.environment).find_map(|(_, other)| {
            match other.entries[other.find(path)?].content {
                Content::File(equal) if equal.size == file.size && equal.digests.same(&file.digests) == Some(true) => {
                    equal.digests.git_blob
                }
                _ => None,
            }
        })
    })
}

/// Whether a path without an entry lies below a folder that could not be listed.
fn is_unknown(snapshot: &Snapshot, path: &TreePath) -> bool {
    std::iter::successors(path.parent(), TreePath::parent).filter_map(|folder| snapshot.find(&folder)).any(|at| {
        matches!(snapshot.entries[at].content, Content::Unreadable { folder: true, .. } | Content::Submodule { .. })
    })
}
