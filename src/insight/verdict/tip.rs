//! Whether the present files of a target are as a unit would have them.

use super::lines::{self, DigestMap};
use crate::compare::text::regions::{RegionClass, regions};

/// What of one file's change is in a text, by weight; a line that is everywhere weighs little.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Standing {
    /// In places where the text has the very change.
    pub(super) replayed: f32,
    /// Elsewhere, where the text's lines around it are others, but what comes is there and what goes is gone.
    pub(super) contained: f32,
    /// Not there.
    pub(super) missing: f32,
    /// Of what should come, what is there, and all of it.
    pub(super) came: (f32, f32),
    /// Lines that should have come, and lines that should have gone.
    pub(super) lacks: (usize, usize),
    /// Changed lines that are as they should be, and all of them.
    pub(super) lines: (usize, usize),
}

impl Standing {
    pub(super) fn add(&mut self, other: Self) {
        self.replayed += other.replayed;
        self.contained += other.contained;
        self.missing += other.missing;
        self.came = (self.came.0 + other.came.0, self.came.1 + other.came.1);
        self.lacks = (self.lacks.0 + other.lacks.0, self.lacks.1 + other.lacks.1);
        self.lines = (self.lines.0 + other.lines.0, self.lines.1 + other.lines.1);
    }

    /// The share of what should come that is there; everything when nothing should.
    pub(super) fn came(&self) -> f32 {
        if self.came.1 > 0.0 { self.came.0 / self.came.1 } else { 1.0 }
    }

    /// All of it.
    pub(super) fn weight(&self) -> f32 {
        self.replayed + self.contained + self.missing
    }

    /// The share that is there; `None` when the change weighs nothing.
    pub(super) fn share(&self) -> Option<f32> {
        let all = self.weight();
        (all > 0.0).then(|| (self.replayed + self.contained) / all)
    }
}

/// Holds what was made of `before` against a text that came about in another way.
///
/// `weight` says how much a line says; `excused` whether a line that comes was taken away again by something else that the text has: that
/// it is not there says nothing.
///
/// # Cost
/// Two diffs.
pub(super) fn standing(
    before: &[u8],
    after: &[u8],
    text: &[u8],
    weight: &dyn Fn(u64) -> f32,
    excused: &dyn Fn(u64) -> bool,
) -> Standing {
    let [base, theirs, ours] = [before, after, text].map(|text| lines::split(text).collect::<Vec<_>>());
    let mut anywhere: Option<DigestMap<usize>> = None;
    let mut found = Standing::default();
    for region in regions(&base, &[&ours, &theirs]) {
        let old = &base[region.base.clone()];
        let (here, new) = (&ours[region.sides[0].clone()], &theirs[region.sides[1].clone()]);
        match region.class {
            RegionClass::Unchanged | RegionClass::Only(0) => {}
            RegionClass::Shared(_) => {
                let changed = Changed::between(old, new);
                found.replayed += changed.weight(weight);
                let comes: f32 = changed.comes.iter().map(|&line| weight(line)).sum();
                found.came = (found.came.0 + comes, found.came.1 + comes);
                found.lines.0 += changed.count();
                found.lines.1 += changed.count();
            }
            RegionClass::Only(_) | RegionClass::Conflict(_) => {
                let changed = Changed::between(old, new);
                found.lines.1 += changed.count();
                let is_conflict = matches!(region.class, RegionClass::Conflict(_));
                let place: Vec<u64> = here.iter().map(|line| lines::number(line)).collect();
                let mut in_place = counted(&place);
                for &line in &changed.comes {
                    let (worth, is_there) = (weight(line), is_conflict && take(&mut in_place, line));
                    let mut is_moved = || {
                        let anywhere = anywhere.get_or_insert_with(|| {
                            let own = |text: &[&[u8]]| {
                                counted(&text.iter().map(|line| lines::number(line)).collect::<Vec<_>>())
                            };
                            let (mut ours, base) = (own(&ours), own(&base));
                            // What the base had is no sign of the change.
                            for (line, count) in base {
                                ours.entry(line).and_modify(|ours| *ours = ours.saturating_sub(count));
                            }
                            ours
                        });
                        take(anywhere, line)
                    };
                    found.came.1 += worth;
                    if is_there || is_moved() {
                        found.contained += worth;
                        found.came.0 += worth;
                        found.lines.0 += 1;
                    } else if excused(line) {
                        found.lines.1 -= 1;
                    } else {
                        found.missing += worth;
                        found.lacks.0 += 1;
                    }
                }
                for &line in &changed.goes {
                    if take(&mut in_place, line) {
                        found.missing += weight(line);
                        found.lacks.1 += 1;
                    } else {
                        found.contained += weight(line);
                        found.lines.0 += 1;
                    }
                }
            }
        }
    }
    found
}

/// The lines that come and go in a place; one that only moved inside of it does neither.
struct Changed {
    comes: Vec<u64>,
    goes: Vec<u64>,
}

impl Changed {
    fn between(old: &[&[u8]], new: &[&[u8]]) -> Self {
        let [old, new] = [old, new].map(|text| text.iter().map(|line| lines::number(line)).collect::<Vec<_>>());
        let (mut of_old, mut of_new) = (counted(&old), counted(&new));
        Self {
            comes: new.into_iter().filter(|&line| !take(&mut of_old, line)).collect(),
            goes: old.into_iter().filter(|&line| !take(&mut of_new, line)).collect(),
        }
    }

    fn weight(&self, weight: &dyn Fn(u64) -> f32) -> f32 {
        self.comes.iter().chain(&self.goes).map(|&line| weight(line)).sum()
    }

    fn count(&self) -> usize {
        self.comes.len() + self.goes.len()
    }
}

fn counted(lines: &[u64]) -> DigestMap<usize> {
    let mut counts = DigestMap::default();
    for &line in lines {
        *counts.entry(line).or_default() += 1;
    }
    counts
}

/// Takes one of these lines away, if there is one.
fn take(counts: &mut DigestMap<usize>, line: u64) -> bool {
    match counts.get_mut(&line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(before: &str, after: &str, text: &str) -> Standing {
        standing(before.as_bytes(), after.as_bytes(), text.as_bytes(), &|_| 1.0, &|_| false)
    }

    #[test]
    fn a_change_is_replayed_contained_or_missing() {
        let (before, after) = ("a\nb\nc\nd\n", "a\nB\nc\nd\n");
        let same = stands(before, after, after);
        assert!(same.replayed > 1.9 && same.contained <= 0.0 && same.missing <= 0.0, "{same:?}");
        assert_eq!(stands(before, after, "x\na\nB\nc\nd\n").share(), Some(1.0));
        let absent = stands(before, after, before);
        assert_eq!((absent.share(), absent.lacks), (Some(0.0), (1, 1)));
        // The lines around are others.
        let adapted = stands(before, after, "A\nB\nC\nd\n");
        assert_eq!((adapted.contained, adapted.missing), (2.0, 0.0));
        // Somebody else changed the same line.
        let other = stands(before, after, "a\nb2\nc\nd\n");
        assert_eq!((other.contained, other.missing, other.came()), (1.0, 1.0, 0.0));
        // It came to another place, as it does when a function moved.
        assert_eq!(stands(before, after, "a\nc\nd\nB\n").share(), Some(1.0));
    }
}
