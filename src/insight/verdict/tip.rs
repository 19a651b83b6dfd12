//! Whether the present files of a target are as a unit would have them.

use std::ops::Range;

use super::delta::TextDelta;
use super::lines::{DigestMap, Line};
use super::others::Others;
use crate::compare::text::regions::{Region, RegionClass, regions_by};
use crate::compare::text::replacements::quick_replacements;

/// What of one file's change is in a text, by weight; a line that is everywhere weighs little.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Standing {
    /// In places where the text has the very change.
    pub(super) replayed: f32,
    /// Elsewhere, where the text's lines around it are others, but what comes is there and what goes is gone.
    pub(super) contained: f32,
    /// Not there.
    pub(super) missing: f32,
    /// Of what is missing, what should be in places that are as they were before.
    pub(super) left: f32,
    /// Of what should come, what is there, and all of it.
    pub(super) came: (f32, f32),
    /// Lines that should have come, and lines that should have gone.
    pub(super) lacks: (usize, usize),
    /// Changed lines that are as they should be, and all of them.
    pub(super) lines: (usize, usize),
}

/// What a content that is no text, a name or a kind weighs, compared with a line that is nowhere else.
pub(super) const WHOLE: f32 = 2.0;
/// What half a line weighs that is nowhere else.
const LINE: f32 = 0.5;
/// A smaller share than this is there by chance.
const HARDLY: f32 = 0.15;

impl Standing {
    pub(super) fn add(&mut self, other: Self) {
        self.replayed += other.replayed;
        self.contained += other.contained;
        self.missing += other.missing;
        self.left += other.left;
        self.came = (self.came.0 + other.came.0, self.came.1 + other.came.1);
        self.lacks = (self.lacks.0 + other.lacks.0, self.lacks.1 + other.lacks.1);
        self.lines = (self.lines.0 + other.lines.0, self.lines.1 + other.lines.1);
    }

    /// Adds a place that has the very change; a line that goes and was left out before was not there to go.
    fn replay(&mut self, changed: &Changed, weight: &dyn Fn(Line) -> f32, others: &Others<'_>) {
        let comes: f32 = changed.comes.iter().map(|&line| weight(line)).sum();
        self.came = (self.came.0 + comes, self.came.1 + comes);
        self.replayed += comes;
        self.lines.0 += changed.count();
        self.lines.1 += changed.count();
        for &line in &changed.goes {
            if (others.left_out)(line) {
                self.missing += weight(line);
                self.lines.0 -= 1;
            } else {
                self.replayed += weight(line);
            }
        }
    }

    /// The share of what should come that is there; everything when nothing should.
    pub(super) fn came(&self) -> f32 {
        if self.came.1 > 0.0 { self.came.0 / self.came.1 } else { 1.0 }
    }

    /// Whether nothing of a text's change is there that is a sign of it: nothing of what should come, or hardly anything.
    pub(super) fn is_bare(&self) -> bool {
        let has_come = self.came.0 > 0.0 || self.lacks.0 == 0;
        self.missing >= LINE && (!has_come || self.share().is_some_and(|share| share < HARDLY))
    }

    /// Whether it could be there in another indentation: some of it is not there, and some is, or `is_alike`: something does the
    /// same but for white space.
    pub(super) fn may_be_reindented(&self, is_alike: bool) -> bool {
        let is_begun = || self.came.0 > 0.0 && self.share().is_some_and(|share| share >= HARDLY);
        self.missing >= LINE && (is_alike || is_begun())
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

/// What is known about the lines of two texts.
pub(super) struct Known<'a> {
    /// How much a line says.
    pub(super) weight: &'a dyn Fn(Line) -> f32,
    /// What else the text has of the same.
    pub(super) others: &'a Others<'a>,
    /// To which line a line of `theirs` belongs, and one of `ours`, by their places.
    pub(super) enclosing: (Enclosing<'a>, Enclosing<'a>),
}

/// The line that the one at a place belongs to.
type Enclosing<'a> = &'a dyn Fn(usize) -> Option<Line>;
/// Stretches of lines, and what replaces them.
type Replaced = Vec<(Range<usize>, Range<usize>)>;

/// Holds what `theirs` made of `base` against a text that came about in another way, `ours`. `replaced` says which lines of the base `theirs`
/// has others for. Lines that should have come, are not there and were not taken away again are put into `lacked`.
///
/// # Cost
/// One diff.
pub(super) fn standing(
    base: &[Line],
    (theirs, replaced): (&[Line], Replaced),
    ours: &[Line],
    known: &Known<'_>,
    lacked: &mut Vec<Line>,
) -> Standing {
    let Known { weight, others, .. } = *known;
    let regions = regions_by(base, &[ours, theirs], &[quick_replacements(base, ours), replaced]);
    let mut anywhere = come_anywhere(base, ours, &regions);
    let mut found = Standing::default();
    for region in &regions {
        let old = &base[region.base.clone()];
        let (here, new) = (&ours[region.sides[0].clone()], &theirs[region.sides[1].clone()]);
        match &region.class {
            RegionClass::Unchanged | RegionClass::Only(0) => {}
            RegionClass::Shared(_) => {
                found.replay(&Changed::between(old, new), weight, others);
            }
            RegionClass::Only(_) | RegionClass::Conflict(_) => {
                let changed = Changed::between(old, new);
                let missing = found.missing;
                found.lines.1 += changed.count();
                let is_untouched = matches!(region.class, RegionClass::Only(_));
                let mut in_place = counted(here);
                let mut is_there: Vec<bool> = changed
                    .comes
                    .iter()
                    .map(|&line| !is_untouched && take(&mut in_place, line) || take(&mut anywhere, line))
                    .collect();
                // Where the text was left as it was, the change went elsewhere as a whole or not at all: some lines of it are found anywhere.
                // Nor did it go anywhere while what should have gone still stands, and what belongs to another line is another change.
                let is_lacked =
                    |(line, is_there): (&Line, &bool)| !is_there && !(others.take)(*line) && weight(*line) >= LINE;
                let still: f32 = changed.goes.iter().map(|&line| weight(line)).sum();
                let is_not_there = || still >= LINE || changed.comes.iter().zip(&is_there).any(is_lacked);
                let belongs = || belongs(&changed, region, (theirs, ours), &regions, known);
                if is_untouched && (is_not_there() || !belongs()) {
                    for (&line, is_there) in changed.comes.iter().zip(&mut is_there) {
                        if std::mem::take(is_there) {
                            *anywhere.entry(line).or_default() += 1;
                        }
                    }
                }
                for (&line, is_there) in changed.comes.iter().zip(is_there) {
                    let worth = weight(line);
                    found.came.1 += worth;
                    if is_there {
                        found.contained += worth;
                        found.came.0 += worth;
                        found.lines.0 += 1;
                    } else if (others.take)(line) {
                        found.lines.1 -= 1;
                    } else {
                        found.missing += worth;
                        found.lacks.0 += 1;
                        lacked.push(line);
                    }
                }
                for &line in &changed.goes {
                    if take(&mut in_place, line) || (others.left_out)(line) {
                        found.missing += weight(line);
                        found.lacks.1 += 1;
                    } else {
                        found.contained += weight(line);
                        found.lines.0 += 1;
                    }
                }
                found.left += if is_untouched { found.missing - missing } else { 0.0 };
            }
        }
    }
    found
}

/// As [`standing()`], of a text that is known to have all of a change or nothing of it.
pub(super) fn standing_whole(
    delta: &TextDelta,
    is_there: bool,
    weight: &dyn Fn(Line) -> f32,
    others: &Others<'_>,
    lacked: &mut Vec<Line>,
) -> Standing {
    let mut found = Standing::default();
    for hunk in &delta.hunks {
        let mut changed = Changed::between(hunk.removed(), hunk.added());
        if is_there {
            found.replay(&changed, weight, others);
        } else {
            found.came.1 += changed.comes.iter().map(|&line| weight(line)).sum::<f32>();
            changed.comes.retain(|&line| !(others.take)(line));
            found.lines.1 += changed.count();
            found.missing += changed.weight(weight);
            found.lacks = (found.lacks.0 + changed.comes.len(), found.lacks.1 + changed.goes.len());
            lacked.extend(&changed.comes);
        }
    }
    found
}

/// Whether what comes in a region of `theirs` is found in `ours` below the line that it belongs to, by the line that says most.
fn belongs(
    changed: &Changed,
    region: &Region,
    (theirs, ours): (&[Line], &[Line]),
    regions: &[Region],
    known: &Known<'_>,
) -> bool {
    let weigh = |line: &&Line| (known.weight)(**line);
    let most = changed.comes.iter().max_by(|a, b| weigh(a).total_cmp(&weigh(b)));
    let Some(&line) = most else { return true };
    let Some(at) = region.sides[1].clone().find(|&at| theirs[at] == line) else { return true };
    let own = (known.enclosing.0)(at);
    let places = regions.iter().filter(|region| is_ours(region)).flat_map(|region| region.sides[0].clone());
    let mut found = places.filter(|&at| ours[at] == line).peekable();
    found.peek().is_none() || found.any(|at| (known.enclosing.1)(at) == own)
}

/// Whether only our text has something in a region, or something else; what both have alike in one place is no sign of it in another.
fn is_ours(region: &Region) -> bool {
    matches!(region.class, RegionClass::Only(0) | RegionClass::Conflict(_))
}

/// The lines of a text that its base has not as often; what the base had is no sign of a change.
fn come_anywhere(base: &[Line], ours: &[Line], regions: &[Region]) -> DigestMap<usize> {
    let mut come = DigestMap::default();
    for region in regions.iter().filter(|region| is_ours(region)) {
        for &line in &ours[region.sides[0].clone()] {
            *come.entry(line).or_default() += 1;
        }
    }
    for region in regions.iter().filter(|region| is_ours(region)) {
        for &line in &base[region.base.clone()] {
            take(&mut come, line);
        }
    }
    come
}

/// The lines that come and go in a place; one that only moved inside of it does neither.
struct Changed {
    comes: Vec<u64>,
    goes: Vec<u64>,
}

impl Changed {
    fn between(old: &[Line], new: &[Line]) -> Self {
        let (mut of_old, mut of_new) = (counted(old), counted(new));
        Self {
            comes: new.iter().copied().filter(|&line| !take(&mut of_old, line)).collect(),
            goes: old.iter().copied().filter(|&line| !take(&mut of_new, line)).collect(),
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
    use proptest::prelude::*;

    use super::super::delta::text_delta;
    use super::super::lines;
    use super::*;

    fn stands(before: &str, after: &str, text: &str) -> Standing {
        weighed(before, after, text, &|_| 1.0)
    }

    fn weighed(before: &str, after: &str, text: &str, weight: &dyn Fn(Line) -> f32) -> Standing {
        let replaced = text_delta(before.as_bytes(), after.as_bytes(), &mut Vec::new()).replaced();
        let bytes = [before, after, text].map(str::as_bytes);
        let [before, after, text] = bytes.map(lines::numbers);
        let enclosing = (|at| lines::enclosing(bytes[1], at), |at| lines::enclosing(bytes[2], at));
        let known = Known { weight, others: &Others::none(), enclosing: (&enclosing.0, &enclosing.1) };
        standing(&before, (&after, replaced), &text, &known, &mut Vec::new())
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
        // It came into another function, and the one it was made in is as it was.
        let before = "def one():\n    go()\n\n\ndef two():\n    stay()\n";
        let after = before.replace("    go", "    check()\n    go");
        let other = before.replace("    stay", "    check()\n    stay");
        assert_eq!(stands(before, &after, &other).share(), Some(0.0));
        let lower = "def one():\n    go()\n    check()\n\n\ndef two():\n    stay()\n";
        assert_eq!(stands(before, &after, lower).share(), Some(1.0));
    }

    #[test]
    fn a_line_that_is_everywhere_keeps_nothing_from_being_elsewhere() {
        let before = "start\n  a\n  b\n  c\n";
        let after = before.replace("  a\n", "  a\n  large\n  end\n");
        let ours = before.replace("  c\n", "  c\n  large\n");
        let weight = |line: Line| if line == lines::number(b"  end") { 0.1 } else { 1.0 };
        let found = weighed(before, &after, &ours, &weight);
        assert!(found.share().is_some_and(|share| share > 0.9), "{found:?}");
        assert_eq!(stands(before, &after, &ours).share(), Some(0.0), "a line that says as much has to be there");
    }

    proptest! {
        #[test]
        fn a_text_that_has_all_or_nothing_needs_no_search(
            before in prop::collection::vec(0..30_u8, 0..60),
            cuts in prop::collection::vec((0..60_usize, 0..3_usize, prop::collection::vec(30..60_u8, 0..3)), 1..4),
        ) {
            let mut after = before.clone();
            for (at, gone, come) in cuts {
                let at = at.min(after.len());
                let end = (at + gone).min(after.len());
                after.splice(at..end, come);
            }
            let text = |lines: &[u8]| lines.iter().map(|line| format!("l{line}\n")).collect::<String>();
            let (before, after) = (text(&before), text(&after));
            let delta = text_delta(before.as_bytes(), after.as_bytes(), &mut Vec::new());
            for (is_there, present) in [(true, &after), (false, &before)] {
                let found = standing_whole(&delta, is_there, &|_| 1.0, &Others::none(), &mut Vec::new());
                let held = stands(&before, &after, present);
                prop_assert_eq!(found, Standing { left: 0.0, ..held });
            }
        }
    }
}
