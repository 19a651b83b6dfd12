//! Under which path a target has the file of a unit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::delta::{Hunk, TextDelta};
use super::lines::{DigestMap, DigestSet, Line};
use super::load::Delta;
use super::moved;
use crate::insight::units::FileChange;
use crate::path::TreePath;
use crate::snapshot::Snapshot;

/// A name is searched for over no more steps than this.
const FURTHEST: usize = 8;
/// A file of fewer telling lines is not said to have been a part of another.
const LEAST_OF_A_PART: usize = 10;

/// Under which paths files were and are.
#[derive(Debug, Default)]
pub struct Places {
    /// Each name with those it was renamed from or to, anywhere.
    other: BTreeMap<TreePath, BTreeSet<TreePath>>,
    /// Each file that was made out of a part of others, with those.
    parts_of: BTreeMap<TreePath, BTreeSet<TreePath>>,
    /// The target's paths by their last part.
    by_name: BTreeMap<Box<[u8]>, BTreeSet<TreePath>>,
    /// Places of the target of which it is not known what is there, with why.
    unknown: BTreeMap<TreePath, Unknown>,
}

#[derive(Debug)]
struct Unknown {
    why: String,
    /// The place itself is unknown.
    itself: bool,
    /// What is below it is unknown.
    content: bool,
}

impl Places {
    /// Takes what was renamed, in the source or in the target.
    pub(super) fn add_renames<'a>(&mut self, changes: impl Iterator<Item = &'a FileChange>) {
        for change in changes {
            self.add_names(change.path(), change.renamed_from().into_iter());
        }
    }

    /// Takes other names of a file.
    pub(super) fn add_names<'a>(&mut self, path: &TreePath, others: impl Iterator<Item = &'a TreePath>) {
        for other in others {
            self.other.entry(path.clone()).or_default().insert(other.clone());
            self.other.entry(other.clone()).or_default().insert(path.clone());
        }
    }

    /// Takes files that went away while another came that is alike: they were moved and edited in one step.
    pub(super) fn add_moves(&mut self, changes: &[FileChange], delta: &Delta, is_telling: &dyn Fn(Line) -> bool) {
        let lines = |at: usize| -> DigestSet {
            let hunks = || delta.files[at].text().into_iter().flat_map(|text| &text.hunks);
            let all = hunks().flat_map(|hunk| hunk.added().iter().chain(hunk.removed())).copied();
            all.filter(|&line| is_telling(line)).collect()
        };
        let is_one_sided = |at: &usize| delta.counts[*at] && delta.files[*at].text().is_some();
        let of = |is: &dyn Fn(&FileChange) -> bool| -> Vec<(usize, DigestSet)> {
            (0..changes.len()).filter(|at| is(&changes[*at])).filter(is_one_sided).map(|at| (at, lines(at))).collect()
        };
        let come = of(&|change| change.before.is_none());
        let gone = if come.is_empty() { Vec::new() } else { of(&|change| change.after.is_none()) };
        for (new, old) in moved::likest(&come, &gone) {
            self.add_names(changes[old].path(), [changes[new].path()].into_iter());
        }
    }

    /// Takes the files that a change made out of a part of others: that half or more of its telling lines went away in one of them, in the
    /// same change, is what is asked.
    pub(super) fn add_parts(&mut self, changes: &[FileChange], delta: &Delta, is_telling: &dyn Fn(Line) -> bool) {
        let text = |at: usize| delta.files[at].text();
        let added = (0..changes.len()).filter(|&at| changes[at].before.is_none() && delta.counts[at]);
        let come = |new: &TextDelta| -> DigestSet {
            new.hunks.iter().flat_map(Hunk::added).copied().filter(|&line| is_telling(line)).collect()
        };
        let mut added: Vec<(usize, DigestSet)> = added.filter_map(|at| Some((at, come(text(at)?)))).collect();
        added.retain(|(_, come)| come.len() >= LEAST_OF_A_PART);
        if added.is_empty() {
            return;
        }
        // Each line with the files that it goes away in: what brings a library up to date adds and takes thousands of files.
        let mut gone: DigestMap<Vec<usize>> = DigestMap::default();
        for old in (0..changes.len()).filter(|&old| changes[old].before.is_some()) {
            for &line in text(old).iter().flat_map(|text| &text.hunks).flat_map(Hunk::removed) {
                let of = gone.entry(line).or_default();
                if of.last() != Some(&old) {
                    of.push(old);
                }
            }
        }
        for (at, come) in added {
            let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
            for &old in come.iter().filter_map(|line| gone.get(line)).flatten() {
                *shared.entry(old).or_default() += 1;
            }
            for (old, _) in shared.into_iter().filter(|(_, count)| 2 * count >= come.len()) {
                let before = changes[old].before.as_ref().map_or(changes[old].path(), |side| &side.path);
                self.parts_of.entry(changes[at].path().clone()).or_default().insert(before.clone());
            }
        }
    }

    /// Takes what the target has, and of what it is not known whether it has it.
    pub(super) fn add_present(&mut self, target: &Snapshot) {
        for path in target.entries.iter().map(|entry| &entry.path) {
            self.by_name.entry(path.file_name().into()).or_default().insert(path.clone());
        }
        for place in target.unknown_places() {
            let incident = place.incident.map(|id| &target.incidents[id.0 as usize]);
            let why = incident.map_or_else(
                || format!("{:?} is the place of another repository", place.path),
                |incident| incident.message.clone(),
            );
            let known = self.unknown.entry(place.path.clone());
            let known = known.or_insert_with(|| Unknown { why, itself: false, content: false });
            known.itself |= incident.is_some();
            known.content |= place.with_content;
        }
    }

    /// Whether it is known everywhere what the target has.
    pub(super) fn are_known(&self) -> bool {
        self.unknown.is_empty()
    }

    /// Why it is not known whether the target has something at a path, in words.
    pub(super) fn unknown_because(&self, path: &TreePath) -> Option<&str> {
        if self.unknown.is_empty() {
            return None;
        }
        let itself = || self.unknown.get(path).filter(|it| it.itself);
        let mut folders = std::iter::successors(path.parent(), TreePath::parent);
        let within = || folders.find_map(|folder| self.unknown.get(&folder).filter(|it| it.content));
        itself().or_else(within).map(|it| &*it.why)
    }

    /// Whether a file has or had another name anywhere.
    pub(super) fn has_names(&self, path: &TreePath) -> bool {
        self.other.contains_key(path)
    }

    /// The other names that a file has or had anywhere.
    pub(super) fn names<'a>(&'a self, path: &'a TreePath) -> Names<'a> {
        Names {
            places: self,
            seen: BTreeSet::from([path]),
            waiting: VecDeque::from([(path, 0)]),
            others: None,
            steps: 0,
        }
    }

    /// The files that a file was made out of a part of.
    pub(super) fn wholes(&self, path: &TreePath) -> impl Iterator<Item = &TreePath> {
        self.parts_of.get(path).into_iter().flatten()
    }

    /// As [`Places::find`], in the target.
    ///
    /// # Errors
    /// When it is not known whether the target has the file, in words: under the unit's own names, or under any other where it has it under none.
    pub(super) fn find_known(
        &self,
        path: &TreePath,
        before: &TreePath,
        is_there: &dyn Fn(&TreePath) -> bool,
    ) -> Result<Option<TreePath>, String> {
        let unknown = |path| self.unknown_because(path).map_or(Ok(()), |why| Err(why.to_owned()));
        unknown(path)?;
        unknown(before)?;
        let found = self.find(path, before, is_there);
        if found.is_none() && !self.unknown.is_empty() {
            self.names(path).try_for_each(unknown)?;
        }
        Ok(found)
    }

    /// The nearest name that is there for a file that a unit calls `path`, and `before` it: one of these, one that it was renamed from
    /// or to, the file it was a part of, or the only path with the same last part in a folder of the same name.
    pub(super) fn find(
        &self,
        path: &TreePath,
        before: &TreePath,
        is_there: &dyn Fn(&TreePath) -> bool,
    ) -> Option<TreePath> {
        for path in [path, before] {
            if is_there(path) {
                return Some(path.clone());
            }
        }
        let mut names = self.names(path);
        if let Some(other) = names.find(|name| is_there(name)) {
            return Some(other.clone());
        }
        let seen = names.seen;
        if let Some(whole) =
            seen.iter().filter_map(|name| self.parts_of.get(*name)).flatten().find(|path| is_there(path))
        {
            return Some(whole.clone());
        }
        let alike = self.by_name.get(path.file_name())?;
        let is_alike = |other: &&TreePath| (shared_folders(other, path) > 0 || alike.len() == 1) && is_there(other);
        let mut alike = alike.iter().filter(is_alike);
        match (alike.next(), alike.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }
}

/// The names that a file was renamed from or to, the nearest first, over [`FURTHEST`] steps.
pub(super) struct Names<'a> {
    places: &'a Places,
    /// These and the name they began with.
    seen: BTreeSet<&'a TreePath>,
    waiting: VecDeque<(&'a TreePath, usize)>,
    /// Others of the name that was looked at last.
    others: Option<std::collections::btree_set::Iter<'a, TreePath>>,
    /// How many steps away these are.
    steps: usize,
}

impl<'a> Iterator for Names<'a> {
    type Item = &'a TreePath;

    fn next(&mut self) -> Option<&'a TreePath> {
        loop {
            for other in self.others.iter_mut().flatten() {
                if self.seen.insert(other) {
                    if self.steps < FURTHEST {
                        self.waiting.push_back((other, self.steps + 1));
                    }
                    return Some(other);
                }
            }
            let (name, steps) = self.waiting.pop_front()?;
            self.others = self.places.other.get(name).map(BTreeSet::iter);
            self.steps = steps;
        }
    }
}

/// How many of the folders that two paths are in have the same names, counted from the file upwards.
fn shared_folders(a: &TreePath, b: &TreePath) -> usize {
    let folders = |path: &TreePath| {
        let mut parts: Vec<Vec<u8>> = path.parts().map(<[u8]>::to_vec).collect();
        parts.pop();
        parts.reverse();
        parts
    };
    folders(a).iter().zip(&folders(b)).take_while(|(a, b)| a == b).count()
}
