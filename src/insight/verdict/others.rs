//! What other units that the target has tell of one: they took away again what it brought, or they came without what it takes away.

use super::delta::Hunk;
use super::index::{Weights, comes, goes};
use super::lines::{DigestMap, DigestSet, Line};
use super::load::Delta;

/// What is known of the lines of one unit before its files are looked at.
#[derive(Clone, Copy)]
pub(super) struct Others<'a> {
    /// Whether a later unit takes a line away that this one brings: that it is not there says nothing.
    pub(super) take: &'a dyn Fn(Line) -> bool,
    /// Whether an earlier unit brought a line that this one takes away, and came without it: that it is not there is this one's doing.
    pub(super) left_out: &'a dyn Fn(Line) -> bool,
    /// It is so with most of what this one does.
    pub(super) is_left_out: bool,
    /// A step of the target is the same but for white space.
    pub(super) is_same_but_blanks: bool,
}

impl Others<'static> {
    /// Nothing is known yet.
    pub(super) fn none() -> Self {
        Self { take: &|_| false, left_out: &|_| false, is_left_out: false, is_same_but_blanks: false }
    }
}

/// What the units that the target has do.
pub(super) struct There<'a> {
    /// Each line that one of them takes away, with the last that does.
    taken: DigestMap<usize>,
    /// Each line that one of them brings, with the first that does.
    brought: DigestMap<usize>,
    /// All that the target did, as things.
    union: &'a DigestSet,
}

impl<'a> There<'a> {
    /// `present` are the units that the target has, in their order.
    pub(super) fn new(present: impl Iterator<Item = usize>, units: &[Delta], union: &'a DigestSet) -> Self {
        let mut there = Self { taken: DigestMap::default(), brought: DigestMap::default(), union };
        for unit in present {
            for hunk in hunks(&units[unit]) {
                there.taken.extend(hunk.removed().iter().map(|&line| (line, unit)));
                for &line in hunk.added() {
                    there.brought.entry(line).or_insert(unit);
                }
            }
        }
        there
    }

    /// Whether a unit after this one takes the line away.
    pub(super) fn is_taken_after(&self, unit: usize, line: Line) -> bool {
        self.taken.get(&line).is_some_and(|&last| last > unit)
    }

    /// Whether a unit before this one brought the line, and the target never did.
    pub(super) fn is_left_out(&self, unit: usize, line: Line) -> bool {
        self.brought.get(&line).is_some_and(|&first| first < unit) && !self.union.contains(&comes(line))
    }

    /// Whether half of what a unit does or more is that it takes away such lines.
    pub(super) fn omits(&self, unit: usize, delta: &Delta, weights: &Weights) -> bool {
        let (mut left_out, mut all) = (0.0, 0.0);
        for hunk in hunks(delta) {
            for &line in hunk.removed() {
                let weight = weights.of(goes(line));
                all += weight;
                left_out += if self.is_left_out(unit, line) { weight } else { 0.0 };
            }
            all += hunk.added().iter().map(|&line| weights.of(comes(line))).sum::<f32>();
        }
        left_out > 0.0 && 2.0 * left_out >= all
    }
}

fn hunks(delta: &Delta) -> impl Iterator<Item = &Hunk> {
    delta.texts().flat_map(|text| &text.hunks)
}
