//! Files that are under another name than they were: what went and what came, paired by content.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;
use super::lines::{self, DigestSet};
use crate::compare::artifacts;
use crate::insight::units::{Side, Version};
use crate::path::TreePath;
use crate::snapshot::{BlobId, Content, EntryRef};

/// A file of fewer telling lines is not said to have been moved and edited.
const LEAST: usize = 4;
/// So many tenths of the lines of each must be in the other.
const ALIKE: usize = 6;
/// So many files are held against each other.
const MOST_PAIRS: usize = 10_000;
/// A larger file is known under another name only as it was.
const LARGEST: u64 = 256 << 10;
/// So many files on each side are read.
const MOST_READ: usize = 200;

/// Pairs files that came with files that went, by their telling lines, each with one other at most, the likest first: six
/// tenths of the lines of each are in the other.
pub(super) fn likest(come: &[(usize, DigestSet)], gone: &[(usize, DigestSet)]) -> Vec<(usize, usize)> {
    if come.len() * gone.len() > MOST_PAIRS {
        return Vec::new();
    }
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (new, added) in come.iter().filter(|(_, lines)| lines.len() >= LEAST) {
        for (old, removed) in gone.iter().filter(|(_, lines)| lines.len() >= LEAST) {
            let shared = added.iter().filter(|line| removed.contains(*line)).count();
            if 10 * shared >= ALIKE * added.len().max(removed.len()) {
                pairs.push((shared, *new, *old));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    once(pairs.into_iter().map(|(_, new, old)| (new, old)))
}

/// Those pairs of which neither side was in an earlier one.
fn once(pairs: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let (mut new, mut old) = (BTreeSet::new(), BTreeSet::new());
    pairs.filter(|(a, b)| !new.contains(a) && !old.contains(b) && new.insert(*a) && old.insert(*b)).collect()
}

/// Finds files that the target has under another name, among those that it has under none that is known: `gone`. `may_have_come` says of which paths
/// the file may be. Gives, in the order of `gone`, what the target has for each.
///
/// A file that came has the very content, as the only one, or has six tenths of the lines of one that went, and of its own from there; its name has the
/// same ending, and is not that of a copy put aside.
///
/// # Cost
/// Reads up to 200 files of at most 256 KiB on each side, those of the target with the same file name before others.
pub(super) fn moved(
    target: usize,
    gone: &[Side],
    may_have_come: &dyn Fn(&TreePath) -> bool,
    reading: &Reading<'_>,
) -> Vec<Option<Side>> {
    let endings: BTreeSet<&[u8]> = gone.iter().map(|side| ending(&side.path)).collect();
    let entries = reading.snapshots[target].entries.iter().enumerate();
    let has_come = |path: &TreePath| {
        endings.contains(ending(path)) && may_have_come(path) && artifacts::name(path.file_name()).is_none()
    };
    let come = entries.filter(|(_, entry)| matches!(entry.content, Content::File(_)) && has_come(&entry.path));
    let come: Vec<EntryRef> = come.map(|(entry, _)| EntryRef { environment: target, entry }).collect();
    let mut found: Vec<Option<EntryRef>> = vec![None; gone.len()];
    for (new, old) in same(&come, gone, reading) {
        found[old] = Some(come[new]);
    }
    let (new, old) = open(&come, gone, &found, reading);
    let read = |sides: Vec<(usize, Side)>| -> Vec<(usize, DigestSet)> {
        sides.into_iter().filter_map(|(at, side)| Some((at, telling(&side, reading)?))).collect()
    };
    for (new, old) in likest(&read(new), &read(old)) {
        found[old] = Some(come[new]);
    }
    let side = |at: EntryRef| Side::present(reading.snapshots, at.environment, path(at, reading));
    found.into_iter().map(|at| side(at?)).collect()
}

fn path<'a>(at: EntryRef, reading: &Reading<'a>) -> &'a TreePath {
    &reading.snapshots[at.environment].entries[at.entry].path
}

/// The files of one content that no other file among these has.
fn same(come: &[EntryRef], gone: &[Side], reading: &Reading<'_>) -> Vec<(usize, usize)> {
    let mut of: BTreeMap<BlobId, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (new, names) in reading.contents.blob_names(come).into_iter().enumerate() {
        if let Some(names) = names {
            of.entry(names.normalized.unwrap_or(names.raw)).or_default().0.push(new);
        }
    }
    for (old, side) in gone.iter().enumerate() {
        if let Version::Blob { id, .. } = side.version {
            of.entry(id).or_default().1.push(old);
        }
    }
    let only = |(new, old): &(Vec<usize>, Vec<usize>)| Some((*new.first()?, *old.first()?));
    of.values().filter(|(new, old)| new.len() == 1 && old.len() == 1).filter_map(only).collect()
}

type Numbered = Vec<(usize, Side)>;

/// The files that were not found yet; those of the target that are small enough to be read.
fn open(come: &[EntryRef], gone: &[Side], found: &[Option<EntryRef>], reading: &Reading<'_>) -> (Numbered, Numbered) {
    let taken: BTreeSet<EntryRef> = found.iter().flatten().copied().collect();
    let old = gone.iter().enumerate().filter(|(at, _)| found[*at].is_none()).take(MOST_READ);
    let old: Numbered = old.map(|(at, side)| (at, side.clone())).collect();
    let names: BTreeSet<&[u8]> = old.iter().map(|(_, side)| side.path.file_name()).collect();
    let endings: BTreeSet<&[u8]> = old.iter().map(|(_, side)| ending(&side.path)).collect();
    let bytes = |at: EntryRef| match &reading.snapshots[at.environment].entries[at.entry].content {
        Content::File(file) => file.size,
        _ => 0,
    };
    let is_open = |&at: &usize| {
        !taken.contains(&come[at]) && bytes(come[at]) <= LARGEST && endings.contains(ending(path(come[at], reading)))
    };
    let mut new: Vec<usize> = (0..come.len()).filter(is_open).collect();
    new.sort_by_key(|&at| !names.contains(path(come[at], reading).file_name()));
    new.truncate(MOST_READ);
    reading.contents.prefetch(&new.iter().map(|&at| come[at]).collect::<Vec<_>>());
    let side = |at: usize| Side::present(reading.snapshots, come[at].environment, path(come[at], reading));
    (new.into_iter().filter_map(|at| Some((at, side(at)?))).collect(), old)
}

/// What follows the last dot of a file name; all of it where there is none.
pub(super) fn ending(path: &TreePath) -> &[u8] {
    path.file_name().rsplit(|&byte| byte == b'.').next().unwrap_or_default()
}

/// The lines of a text that say something; `None` for what is no text or cannot be read: it is found under no other name then.
fn telling(side: &Side, reading: &Reading<'_>) -> Option<DigestSet> {
    let content = reading.side(side, LARGEST).ok()??;
    let is_telling = |line: &&[u8]| !lines::is_trivial(line);
    (!lines::is_binary(&content)).then(|| lines::split(&content).filter(is_telling).map(lines::number).collect())
}
