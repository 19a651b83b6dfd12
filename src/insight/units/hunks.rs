//! Which hunks of one file belong together.
//!
//! Somebody may have made two fixes in one file, one here and one far below; or one that takes several places. What can be seen in the text
//! decides: hunks that are near to each other are one edit; so are those of which one defines a name that the other uses and that the file
//! had not before (or has no more), those that do the same to their lines, and those between which a line moved. What is left may stand alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::sets::Sets;
use super::words::{named, words};
use crate::compare::text::replacements::changes;

/// Hunks with no more lines between them are one edit.
const NEAR: usize = 10;
/// What is changed in more places is one edit, and not looked into.
const MOST_PLACES: usize = 64;
/// What would come apart into more edits is the reworking of a file, and one.
const MOST_PARTS: usize = 8;

/// Old lines, and the new ones that replace them, by their numbers.
pub(super) type Hunk = (Range<usize>, Range<usize>);

/// Lines or words that come, and those that go, sorted.
pub(super) type Difference<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);

/// A text before and afterwards, line by line.
pub(super) struct Edit<'a> {
    pub(super) old: Vec<&'a [u8]>,
    pub(super) new: Vec<&'a [u8]>,
    pub(super) hunks: Vec<Hunk>,
}

impl<'a> Edit<'a> {
    pub(super) fn new(before: &'a [u8], after: &'a [u8]) -> Self {
        let lines = |text: &'a [u8]| text.split_inclusive(|&byte| byte == b'\n').collect::<Vec<_>>();
        let (old, new) = (lines(before), lines(after));
        let hunks = changes(&old, &new);
        Self { old, new, hunks }
    }

    /// The numbers of hunks that belong together; each is in one of these.
    ///
    /// # Cost
    /// Grows with the words of both texts, and only where hunks are far from each other.
    pub(super) fn parts(&self) -> Vec<Vec<usize>> {
        let number = self.hunks.len();
        let mut sets = Sets::new(number);
        for at in 1..number {
            if self.hunks[at].0.start - self.hunks[at - 1].0.end <= NEAR {
                sets.unite(at - 1, at);
            }
        }
        let gone: usize = self.hunks.iter().map(|(old, _)| old.len()).sum();
        let places = sets.count();
        let is_whole = gone * 2 > self.old.len() || places > MOST_PLACES;
        if places > 1 && !is_whole {
            self.join_wordless(&mut sets);
            self.join_alike(&mut sets);
            self.join_moved(&mut sets);
            self.join_named(&mut sets);
        }
        let all = || if number == 0 { Vec::new() } else { vec![(0..number).collect()] };
        if is_whole || sets.count() > MOST_PARTS { all() } else { sets.groups() }
    }

    /// The old text with some of the hunks, whose numbers ascend.
    pub(super) fn with(&self, chosen: &[usize]) -> Vec<u8> {
        let mut text = Vec::new();
        let mut done = 0;
        for (old, new) in chosen.iter().map(|&at| &self.hunks[at]) {
            text.extend(self.old[done..old.start].concat());
            text.extend(self.new[new.clone()].concat());
            done = old.end;
        }
        text.extend(self.old[done..].concat());
        text
    }

    /// Lines that come with some of the hunks, and lines that go, sorted; one that does both does neither.
    pub(super) fn lines_of(&self, chosen: &[usize]) -> Difference<'a> {
        let lines = |come: bool| {
            let range = move |&at: &usize| {
                let (old, new) = &self.hunks[at];
                if come { &self.new[new.clone()] } else { &self.old[old.clone()] }
            };
            chosen.iter().flat_map(range).copied()
        };
        difference(lines(true), lines(false))
    }

    fn removed(&self, hunk: usize) -> &[&'a [u8]] {
        &self.old[self.hunks[hunk].0.clone()]
    }

    fn added(&self, hunk: usize) -> &[&'a [u8]] {
        &self.new[self.hunks[hunk].1.clone()]
    }

    /// Blank lines and brackets by themselves go with the next hunk that says something, above or below.
    fn join_wordless(&self, sets: &mut Sets) {
        let has_words =
            |hunk: usize| self.removed(hunk).iter().chain(self.added(hunk)).any(|line| words(line).next().is_some());
        let number = self.hunks.len();
        let worded: BTreeSet<usize> = (0..number).filter(|&at| has_words(at)).map(|at| sets.root(at)).collect();
        let distance = |a: usize, b: usize| {
            let (low, high) = (a.min(b), a.max(b));
            self.hunks[high].0.start - self.hunks[low].0.end
        };
        let is_worded: Vec<bool> = (0..number).map(|at| worded.contains(&sets.root(at))).collect();
        for at in (0..number).filter(|&at| !is_worded[at]) {
            let above = (0..at).rev().find(|&other| is_worded[other]);
            let below = (at + 1..number).find(|&other| is_worded[other]);
            let nearest = above.into_iter().chain(below).min_by_key(|&other| distance(at, other));
            // Where no hunk says anything, they are one.
            sets.unite(at, nearest.unwrap_or(0));
        }
    }

    /// Hunks that put the same words in the place of the same words: one name for another, the same line in several places, blanks alone.
    fn join_alike(&self, sets: &mut Sets) {
        let mut first: HashMap<Difference<'a>, usize> = HashMap::new();
        for at in 0..self.hunks.len() {
            let of = |lines: &[&'a [u8]]| lines.iter().flat_map(|line| words(line)).collect::<Vec<_>>();
            let (come, gone) = difference(of(self.added(at)).into_iter(), of(self.removed(at)).into_iter());
            let is_wordless = come.is_empty() && gone.is_empty() && of(self.added(at)).is_empty();
            if !is_wordless {
                let first = *first.entry((come, gone)).or_insert(at);
                sets.unite(first, at);
            }
        }
    }

    /// A line that is there once before and once afterwards, and goes with one hunk and comes with another, moved.
    fn join_moved(&self, sets: &mut Sets) {
        let says = |line: &[u8]| words(line).any(|word| word.len() >= 3);
        let mut from: HashMap<&[u8], (usize, usize)> = HashMap::new();
        let mut to = from.clone();
        for at in 0..self.hunks.len() {
            for (lines, known) in [(self.removed(at), &mut from), (self.added(at), &mut to)] {
                for line in lines.iter().map(|line| line.trim_ascii()).filter(|line| says(line)) {
                    let entry = known.entry(line).or_insert((at, 0));
                    entry.1 += 1;
                }
            }
        }
        for (line, (hunk, times)) in from {
            if let (1, Some(&(other, 1))) = (times, to.get(line)) {
                sets.unite(hunk, other);
            }
        }
    }

    /// Hunks that share a name that came with them, or went with them, and that one of them defines.
    fn join_named(&self, sets: &mut Sets) {
        let of = |lines: &[&'a [u8]]| lines.iter().flat_map(|line| words(line)).collect::<HashSet<_>>();
        let (before, after) = (of(&self.old), of(&self.new));
        let mut holders: BTreeMap<(&[u8], bool), Holders> = BTreeMap::new();
        for at in 0..self.hunks.len() {
            for (lines, others, come) in [(self.added(at), &before, true), (self.removed(at), &after, false)] {
                for (name, defines) in lines.iter().flat_map(|line| named(line)) {
                    if !others.contains(name) {
                        let holders = holders.entry((name, come)).or_default();
                        holders.hunks.push(at);
                        holders.is_defined |= defines;
                    }
                }
            }
        }
        for holders in holders.into_values().filter(|holders| holders.is_defined) {
            for pair in holders.hunks.windows(2) {
                sets.unite(pair[0], pair[1]);
            }
        }
    }
}

/// The hunks that have a name, ascending, and whether one of them defines it.
#[derive(Default)]
struct Holders {
    hunks: Vec<usize>,
    is_defined: bool,
}

/// What is in one and not, or not as often, in the other; both sorted.
fn difference<T: Ord + Copy>(a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) -> (Vec<T>, Vec<T>) {
    let mut counts: BTreeMap<T, isize> = BTreeMap::new();
    a.for_each(|it| *counts.entry(it).or_default() += 1);
    b.for_each(|it| *counts.entry(it).or_default() -= 1);
    let of = |sign: isize| {
        let more = |(&it, &count): (&T, &isize)| std::iter::repeat_n(it, (count * sign).max(0).unsigned_abs());
        counts.iter().flat_map(more).collect()
    };
    (of(1), of(-1))
}

#[cfg(test)]
mod tests;
