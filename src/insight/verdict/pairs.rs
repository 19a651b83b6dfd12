//! Which steps of the target are like a unit.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hasher};

use rayon::prelude::*;

use super::delta::{self, TextDelta, Trivial};
use super::index::{Bags, Overlap, Postings, Weights};
use super::load::{Body, Delta};
use super::steps::Step;
use crate::insight::units::{FileChange, Unit};

/// How far a step is the same change as a unit, in equally many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Same {
    /// It is another one.
    Not,
    /// But for white space and context.
    ButBlanks,
    /// But for its context: the very lines in files of the same names, and no other unit does the same.
    ButContext,
    /// With equal context.
    Patch,
}

/// A unit and a step of the target that is like it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) step: usize,
    /// Equal contents afterwards at equal paths.
    pub(super) same_files: bool,
    /// How far it is the same change.
    pub(super) same: Same,
    pub(super) lines: Overlap,
    pub(super) words: Overlap,
    /// The share of the unit's files that the step changes too, by their names without folders.
    pub(super) paths: f32,
}

impl Pair {
    fn score(&self) -> f32 {
        let (lines, words) = (self.lines.jaccard(), self.words.jaccard());
        f32::max(lines, f32::midpoint(lines, words)) + if self.same == Same::Patch { 1.0 } else { 0.0 }
    }

    /// The step brings the unit, as far as lines tell.
    fn brings(&self) -> bool {
        self.same == Same::Patch || self.lines.of_a() >= 0.6 || self.lines.jaccard() >= 0.5
    }
}

/// All pairs.
pub(super) struct Pairs<'a> {
    /// For each unit, ascending by step.
    pub(super) of: Vec<Vec<Pair>>,
    /// For each unit, which of its pairs is left for it when no step is given to two units, the likest first.
    pub(super) assigned: Vec<Option<usize>>,
    pub(super) units: Vec<Bags>,
    pub(super) steps: Vec<Bags>,
    pub(super) weights: Weights,
    postings: Postings,
    deltas: (&'a [Delta], &'a [Delta]),
    /// The step that was not done at any one time.
    tree: Option<usize>,
}

/// A later step takes back a change when it does this share of the opposite.
const TAKEN_BACK: f32 = 0.8;

/// It does hardly anything else when this share of both is in common.
const OPPOSITE: f32 = 0.6;

impl<'a> Pairs<'a> {
    pub(super) fn find(units: (&[Unit], &'a [Delta]), steps: (&[Step], &'a [Delta]), trivial: &Trivial) -> Self {
        let mut unit_bags: Vec<Bags> = units.1.par_iter().map(Bags::of).collect();
        let mut step_bags: Vec<Bags> = steps.1.par_iter().map(Bags::of).collect();
        let weights = Weights::new(unit_bags.iter().chain(&step_bags), trivial);
        unit_bags.par_iter_mut().chain(&mut step_bags).for_each(|bags| weights.weigh(bags));
        let postings = Postings::new(&step_bags);
        let blank = |text: &TextDelta| text.blank;
        let (patches, blanks) = (by_number(steps.1, delta::patch_number), by_number(steps.1, blank));
        let units_by_blanks = by_number(units.1, blank);
        let names: Vec<BTreeSet<&[u8]>> = steps.0.iter().map(|step| file_names(&step.changes, None)).collect();
        let of: Vec<Vec<Pair>> = (0..unit_bags.len())
            .into_par_iter()
            .map(|at| {
                let (unit, bags, delta) = (&units.0[at], &unit_bags[at], &units.1[at]);
                let same = of_number(delta, &patches, delta::patch_number);
                let same_blanks = of_number(delta, &blanks, blank);
                let is_only = of_number(delta, &units_by_blanks, blank).len() == 1;
                let mut near = postings.near(bags);
                near.extend(same.iter().chain(same_blanks));
                near.sort_unstable();
                near.dedup();
                let own = file_names(&unit.changes, Some(&delta.counts));
                let pair = |step: usize| {
                    let lines = bags.lines.overlap(&step_bags[step].lines);
                    let paths = own.intersection(&names[step]).count() as f32 / own.len().max(1) as f32;
                    let same = if same.contains(&step) {
                        Same::Patch
                    } else if !same_blanks.contains(&step) {
                        Same::Not
                    } else if is_only && lines.jaccard() > 0.999 && paths > 0.999 {
                        Same::ButContext
                    } else {
                        Same::ButBlanks
                    };
                    Pair {
                        step,
                        same_files: same == Same::Patch && same_files(unit, delta, &steps.0[step]),
                        same,
                        lines,
                        words: bags.words.overlap(&step_bags[step].words),
                        paths,
                    }
                };
                near.into_iter().map(pair).collect()
            })
            .collect();
        let assigned = assign(&of, step_bags.len());
        let tree = steps.0.iter().position(|step| step.is_tree);
        Self { tree, of, assigned, units: unit_bags, steps: step_bags, weights, postings, deltas: (units.1, steps.1) }
    }

    /// The step that takes a unit back after the last that brought it: it does the opposite and little else, or it does the opposite
    /// besides and little that should have come (the share `came`) is there.
    pub(super) fn taken_back(&self, unit: usize, came: f32) -> Option<usize> {
        let brought = self.of[unit].iter().filter(|pair| pair.brings() && Some(pair.step) != self.tree);
        let brought = brought.map(|pair| pair.step).max()?;
        let opposite = |delta: &Delta| {
            let mut undoing = Bags::undoing(delta);
            self.weights.weigh(&mut undoing);
            let near = self.postings.near(&undoing).into_iter();
            near.filter(|&step| step > brought)
                .filter(|&step| {
                    let overlap = undoing.lines.overlap(&self.steps[step].lines);
                    overlap.of_a() >= TAKEN_BACK && (overlap.jaccard() >= OPPOSITE || came < 0.5)
                })
                .max()
        };
        opposite(&self.deltas.0[unit]).max(opposite(&self.deltas.1[brought]))
    }
}

/// Gives each step to one unit at most, the likest pair first; of equal ones, the first unit.
fn assign(of: &[Vec<Pair>], steps: usize) -> Vec<Option<usize>> {
    let mut all: Vec<(f32, usize, usize)> = Vec::new();
    for (unit, pairs) in of.iter().enumerate() {
        all.extend(pairs.iter().enumerate().map(|(at, pair)| (pair.score(), unit, at)));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut assigned, mut taken) = (vec![None; of.len()], vec![false; steps]);
    for (_, unit, at) in all {
        let step = of[unit][at].step;
        if assigned[unit].is_none() && !taken[step] {
            assigned[unit] = Some(at);
            taken[step] = true;
        }
    }
    assigned
}

fn file_names<'a>(changes: &'a [FileChange], counts: Option<&[bool]>) -> BTreeSet<&'a [u8]> {
    let counts = |at: usize| counts.is_none_or(|counts| counts[at]);
    changes.iter().enumerate().filter(|(at, _)| counts(*at)).map(|(_, change)| change.path().file_name()).collect()
}

/// Whether a step leaves the very contents of a unit at the same paths.
fn same_files(unit: &Unit, delta: &Delta, step: &Step) -> bool {
    let mut counted = unit.changes.iter().zip(&delta.counts).filter(|(_, counts)| **counts);
    counted.all(|(change, _)| {
        let at = step.changes.binary_search_by(|other| other.path().cmp(change.path()));
        at.is_ok_and(|at| {
            use crate::insight::units::Version::Blob;
            match (&step.changes[at].after, &change.after) {
                (None, None) => true,
                (Some(a), Some(b)) => match (&a.version, &b.version) {
                    (Blob { id: a, .. }, Blob { id: b, .. }) => a == b,
                    _ => false,
                },
                _ => false,
            }
        })
    })
}

type ByNumber = HashMap<u64, Vec<usize>>;

fn by_number(deltas: &[Delta], number: impl Fn(&TextDelta) -> u64) -> ByNumber {
    let mut found = ByNumber::new();
    for (at, delta) in deltas.iter().enumerate() {
        if let Some(number) = whole_number(delta, &number) {
            found.entry(number).or_default().push(at);
        }
    }
    found
}

fn of_number<'a>(delta: &Delta, among: &'a ByNumber, number: impl Fn(&TextDelta) -> u64) -> &'a [usize] {
    whole_number(delta, &number).and_then(|number| among.get(&number)).map_or(&[], |found| &found[..])
}

/// Names all hunks of a unit, wherever they are; `None` when there are none that say anything, or not only texts.
fn whole_number(delta: &Delta, number: &impl Fn(&TextDelta) -> u64) -> Option<u64> {
    let mut files = Vec::new();
    for (body, _) in delta.files.iter().zip(&delta.counts).filter(|(_, counts)| **counts) {
        match body {
            Body::Text(text) if !text.hunks.is_empty() => files.push(Some(number(text)).filter(|&number| number != 0)?),
            Body::Text(_) | Body::Same => {}
            Body::Opaque(number) => files.push((*number)?),
            Body::Unread | Body::Unreadable(_) => return None,
        }
    }
    files.sort_unstable();
    let mut hasher = DefaultHasher::new();
    for &file in &files {
        hasher.write_u64(file);
    }
    (!files.is_empty()).then(|| hasher.finish())
}
