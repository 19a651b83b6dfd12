//! Which stretches of lines differ from a base, and who has which.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::ops::Range;

use foldhash::fast::RandomState;
use similar::{Algorithm, DiffOp};

/// A stretch of lines over the base and all inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Who has what in it.
    pub class: RegionClass,
    /// Its lines in the base.
    pub base: Range<usize>,
    /// Its lines in each input, in the order of the inputs.
    pub sides: Vec<Range<usize>>,
}

/// Who has what in a region. Numbers are those of the inputs, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionClass {
    /// All inputs equal the base.
    Unchanged,
    /// One input differs from the base; all others equal it.
    Only(usize),
    /// Several inputs made the same change; all others equal the base.
    Shared(Vec<usize>),
    /// At least two different changes: groups of inputs with equal text, ordered by their first members. Inputs in no group equal the
    /// base.
    Conflict(Vec<Vec<usize>>),
}

impl RegionClass {
    /// Whether at least one input differs from the base.
    pub fn is_changed(&self) -> bool {
        !matches!(self, Self::Unchanged)
    }

    /// The inputs that differ from the base, in groups of equal text.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        match self {
            Self::Unchanged => Vec::new(),
            Self::Only(input) => vec![vec![*input]],
            Self::Shared(inputs) => vec![inputs.clone()],
            Self::Conflict(groups) => groups.clone(),
        }
    }
}

/// Finds where inputs differ from a base, line by line.
///
/// Regions come in base order and cover the base and every input without gaps; no two unchanged ones follow each other. Lines count from
/// 0 and are equal when their bytes are. Changes of different inputs that overlap or touch (no unchanged base line between them)
/// become one region, as in `git merge-file` and `diff3`.
///
/// # Cost
/// Each line is hashed once; then one diff for each input, and a sweep over all changes: with C changes in N inputs it takes
/// O(C log C + regions x N). There is no deadline, so that the same input always gives the same regions; size is to be limited before
/// ([`super::Limits`]). Source of the method: Khanna, Kunal, Pierce, "A Formal Investigation of Diff3" (2007), with touching changes united.
pub fn regions<L: AsRef<[u8]>>(base: &[L], inputs: &[&[L]]) -> Vec<Region> {
    let mut names = HashMap::new();
    let base = numbered(base, &mut names);
    let inputs: Vec<Vec<u32>> = inputs.iter().map(|input| numbered(input, &mut names)).collect();
    let inputs: Vec<&[u32]> = inputs.iter().map(|input| &input[..]).collect();
    regions_of(&base, &inputs)
}

/// The stretches of old lines that new ones replace (one of them may be empty), in order; between them the lines are equal. Where several
/// places would do, the last is taken.
pub fn changes<L: AsRef<[u8]>>(old: &[L], new: &[L]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut names = HashMap::new();
    let old = numbered(old, &mut names);
    let new = numbered(new, &mut names);
    replacements(&old, &new)
}

/// As [`changes`], of lines that stand for themselves. Insertions and deletions among equal lines slide down as far as they can, as git and diff3
/// place them: which of several equal lines is new cannot be known, and placing it elsewhere would find other conflicts than they do.
///
/// # Cost
/// Each line is hashed twice; then the lines that both have are paired in the fewest edits, or, where that may take more than
/// a hundred million steps, in few.
pub fn replacements<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let (old_lines, new_lines, trimmed) = Trimmed::between(old, new);
    let pairs = paired(&old_lines, &new_lines);
    slid(old, new, trimmed.gaps(pairs))
}

/// As [`replacements`], and not in the fewest edits: lines that each text has once are paired first, and then what lies between them. That is
/// as good where what changed is counted and nothing is merged, and takes about as long as reading for texts that have much in common.
pub fn quick_replacements<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let (old_lines, new_lines, trimmed) = Trimmed::between(old, new);
    let mut pairs = Vec::new();
    quickly_paired((&old_lines, 0), (&new_lines, 0), DEEPEST, &mut pairs);
    slid(old, new, trimmed.gaps(pairs))
}

/// Changes that slid down as far as they can; those that then touch are one.
fn slid<T: Eq>(old: &[T], new: &[T], gaps: Vec<(Range<usize>, Range<usize>)>) -> Vec<(Range<usize>, Range<usize>)> {
    let mut changes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut below = (old.len(), new.len());
    for (mut from, mut to) in gaps.into_iter().rev() {
        let slides = |from: &Range<usize>, to: &Range<usize>| {
            from.end < below.0
                && to.end < below.1
                && (to.is_empty() && old[from.start] == old[from.end]
                    || from.is_empty() && new[to.start] == new[to.end])
        };
        while slides(&from, &to) {
            from = from.start + 1..from.end + 1;
            to = to.start + 1..to.end + 1;
        }
        below = (from.start, to.start);
        match changes.last_mut() {
            Some((next_from, next_to)) if next_from.start == from.end && next_to.start == to.end => {
                (next_from.start, next_to.start) = (from.start, to.start);
            }
            _ => changes.push((from, to)),
        }
    }
    changes.reverse();
    changes
}

/// Lines that a text has.
type Lines<'a, T> = HashSet<&'a T, RandomState>;

/// Above so many steps, about half a second, no shortest list of edits is looked for.
const MOST_STEPS: usize = 100_000_000;

/// What is left of two texts without what they have in common at both ends, and without lines that only one of them has: those are nobody's
/// pair, and without them there is little to search in most texts.
struct Trimmed {
    /// So many lines at the start are equal.
    start: usize,
    /// The length of each text without the lines at the end that are equal.
    ends: (usize, usize),
    /// Where each line that is left is in its text.
    kept: (Vec<usize>, Vec<usize>),
}

impl Trimmed {
    fn between<'a, T: Eq + Hash>(old: &'a [T], new: &'a [T]) -> (Vec<&'a T>, Vec<&'a T>, Self) {
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) = (&old[start..], &new[start..]);
        let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let (old_middle, new_middle) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
        let (in_old, in_new): (Lines<'_, T>, Lines<'_, T>) = (old_middle.iter().collect(), new_middle.iter().collect());
        let kept = |middle: &[T], other: &Lines<'_, T>| -> Vec<usize> {
            (0..middle.len()).filter(|&at| other.contains(&middle[at])).map(|at| start + at).collect()
        };
        let kept = (kept(old_middle, &in_new), kept(new_middle, &in_old));
        let lines = |text: &'a [T], kept: &[usize]| kept.iter().map(|&at| &text[at]).collect();
        let ends = (old.len() - end, new.len() - end);
        (lines(old, &kept.0), lines(new, &kept.1), Self { start, ends, kept })
    }

    /// What lies between lines that are paired, in order; pairs of lines that were left, ascending.
    fn gaps(&self, pairs: Vec<(usize, usize)>) -> Vec<(Range<usize>, Range<usize>)> {
        let pairs = pairs.into_iter().map(|(from, to)| (self.kept.0[from], self.kept.1[to]));
        let mut gaps = Vec::new();
        let mut done = (self.start, self.start);
        for (from, to) in pairs.chain([self.ends]) {
            if done != (from, to) {
                gaps.push((done.0..from, done.1..to));
            }
            done = (from + 1, to + 1);
        }
        gaps
    }
}

/// Which lines are the same line.
fn paired<T: Eq + Hash>(old: &[&T], new: &[&T]) -> Vec<(usize, usize)> {
    let all = old.len() + new.len();
    // The shortest list of edits takes as many steps as there are lines for each edit. The quick search says how many edits suffice.
    // similar's own way to end early is not used: it may then pair hardly any of ten thousand lines.
    let is_long = |paired: usize| all.saturating_mul(all - 2 * paired) > MOST_STEPS;
    if is_long(0) && is_long(spine(old, new).iter().map(|run| run.2).sum()) {
        let mut quick = Vec::new();
        quickly_paired((old, 0), (new, 0), DEEPEST, &mut quick);
        if is_long(quick.len()) {
            return quick;
        }
    }
    similar_pairs(Algorithm::RawMyers, old, new).collect()
}

/// So often what lies between unique lines is looked at for lines that are unique there.
const DEEPEST: usize = 16;
/// So few steps are no reason to look for unique lines first.
const FEW_STEPS: usize = 4096;

/// Pairs the lines that each side has once, as many as are in one order, with their neighbours, and then what lies between these alike. The
/// numbers are those of the first lines.
///
/// Source of the method: Bram Cohen's patience diff.
fn quickly_paired<T: Eq + Hash>(
    (old, from): (&[&T], usize),
    (new, to): (&[&T], usize),
    depth: usize,
    into: &mut Vec<(usize, usize)>,
) {
    if old.is_empty() || new.is_empty() {
        return;
    }
    let runs = if old.len() * new.len() > FEW_STEPS && depth > 0 { spine(old, new) } else { Vec::new() };
    if runs.is_empty() {
        into.extend(similar_pairs(Algorithm::Myers, old, new).map(|(a, b)| (from + a, to + b)));
        return;
    }
    let mut done = (0, 0);
    for (a, b, length) in runs.into_iter().chain([(old.len(), new.len(), 0)]) {
        quickly_paired((&old[done.0..a], from + done.0), (&new[done.1..b], to + done.1), depth - 1, into);
        into.extend((0..length).map(|line| (from + a + line, to + b + line)));
        done = (a + length, b + length);
    }
}

fn similar_pairs<T: Eq + Hash>(algorithm: Algorithm, old: &[&T], new: &[&T]) -> impl Iterator<Item = (usize, usize)> {
    let runs = similar::capture_diff_slices(algorithm, old, new).into_iter();
    runs.filter(|op| matches!(op, DiffOp::Equal { .. })).flat_map(|op| op.old_range().zip(op.new_range()))
}

/// Lines that can be paired in order, which takes no long search to find: those that each side has once, as many as are in one order, and
/// their equal neighbours. Gives runs of pairs, ascending: where each begins, and how many lines it has.
fn spine<T: Eq + Hash>(old: &[&T], new: &[&T]) -> Vec<(usize, usize, usize)> {
    /// Where a line is, and how often, in each.
    #[derive(Default)]
    struct Seen {
        old: (usize, usize),
        new: (usize, usize),
    }
    let mut seen: HashMap<&T, Seen, RandomState> = HashMap::default();
    for (at, &line) in old.iter().enumerate() {
        let seen = seen.entry(line).or_default();
        seen.old = (at, seen.old.1 + 1);
    }
    for (at, &line) in new.iter().enumerate() {
        let seen = seen.entry(line).or_default();
        seen.new = (at, seen.new.1 + 1);
    }
    let once = |line: &&T| Some(&seen[*line]).filter(|seen| seen.old.1 == 1 && seen.new.1 == 1);
    let pairs: Vec<(usize, usize)> = old.iter().filter_map(once).map(|seen| (seen.old.0, seen.new.0)).collect();
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    let mut push = |from: usize, to: usize, length: usize| match runs.last_mut() {
        _ if length == 0 => {}
        Some((a, b, all)) if *a + *all == from && *b + *all == to => *all += length,
        _ => runs.push((from, to, length)),
    };
    let mut done = (0, 0);
    for (from, to) in ascending(&pairs).into_iter().chain([(old.len(), new.len())]) {
        let (gone, come) = (&old[done.0..from], &new[done.1..to]);
        let below = gone.iter().zip(come).take_while(|(a, b)| a == b).count();
        let rest = gone[below..].iter().rev().zip(come[below..].iter().rev());
        let above = rest.take_while(|(a, b)| a == b).count();
        push(done.0, done.1, below);
        push(from - above, to - above, above + usize::from(from < old.len()));
        done = (old.len().min(from + 1), new.len().min(to + 1));
    }
    runs
}

/// Of pairs that ascend by the first number, as many as can be that ascend by the second one, too.
fn ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, which pair ends the sequence of this length that ends lowest; and for each pair, which comes before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < pair.1);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut found: Vec<(usize, usize)> =
        std::iter::successors(ends.last().copied(), |&at| before[at]).map(|at| pairs[at]).collect();
    found.reverse();
    found
}

/// Equal numbers for equal lines.
fn numbered<'a, L: AsRef<[u8]>>(lines: &'a [L], names: &mut HashMap<&'a [u8], u32>) -> Vec<u32> {
    lines
        .iter()
        .map(|line| {
            let next = names.len() as u32;
            *names.entry(line.as_ref()).or_insert(next)
        })
        .collect()
}

/// One change of one input.
struct Edit {
    base: Range<usize>,
    input: usize,
    /// By how many lines the input grows.
    growth: isize,
}

/// As [`regions`], of lines that stand for themselves.
pub fn regions_of<T: Eq + Hash>(base: &[T], inputs: &[&[T]]) -> Vec<Region> {
    let mut found: Vec<Vec<(Range<usize>, Range<usize>)>> = Vec::with_capacity(inputs.len());
    for (number, input) in inputs.iter().enumerate() {
        let same = inputs[..number].iter().position(|other| other == input);
        found.push(same.map_or_else(|| replacements(base, input), |same| found[same].clone()));
    }
    regions_by(base, inputs, &found)
}

/// As [`regions_of`], where it is known which stretches of the base each input replaces, in order.
pub fn regions_by<T: Eq>(base: &[T], inputs: &[&[T]], replaced: &[Vec<(Range<usize>, Range<usize>)>]) -> Vec<Region> {
    let mut edits = Vec::new();
    for (number, replaced) in replaced.iter().enumerate() {
        edits.extend(replaced.iter().map(|(old, new)| {
            let growth = new.len().cast_signed() - old.len().cast_signed();
            Edit { base: old.clone(), input: number, growth }
        }));
    }
    edits.sort_by_key(|edit| (edit.base.start, edit.base.end, edit.input));

    let mut sweep = Sweep { base, inputs, shifts: vec![0; inputs.len()], done: 0, regions: Vec::new() };
    let mut edits = edits.into_iter().peekable();
    while let Some(first) = edits.next() {
        sweep.push(first.base.start, &[]);
        let mut end = first.base.end;
        let mut growths = vec![(first.input, first.growth)];
        while let Some(edit) = edits.next_if(|edit| edit.base.start <= end) {
            end = end.max(edit.base.end);
            growths.push((edit.input, edit.growth));
        }
        sweep.push(end, &growths);
    }
    sweep.push(base.len(), &[]);
    sweep.regions
}

/// Walks from the top to the bottom of the base and of all inputs.
struct Sweep<'a, T> {
    base: &'a [T],
    inputs: &'a [&'a [T]],
    /// How far each input is ahead of the base.
    shifts: Vec<isize>,
    /// The base up to this line is covered.
    done: usize,
    regions: Vec<Region>,
}

impl<T: Eq> Sweep<'_, T> {
    /// Covers the base up to `end`, where inputs have grown by `growths`.
    fn push(&mut self, end: usize, growths: &[(usize, isize)]) {
        if self.done == end && growths.is_empty() {
            return;
        }
        let base = self.done..end;
        let starts: Vec<usize> = self.shifts.iter().map(|&shift| at(base.start, shift)).collect();
        for &(input, growth) in growths {
            self.shifts[input] += growth;
        }
        let sides: Vec<Range<usize>> =
            starts.iter().zip(&self.shifts).map(|(&start, &shift)| start..at(end, shift)).collect();
        self.done = end;
        let class = if growths.is_empty() { RegionClass::Unchanged } else { self.classify(&base, &sides) };
        match self.regions.last_mut() {
            Some(last) if !class.is_changed() && !last.class.is_changed() => {
                last.base.end = base.end;
                for (whole, part) in last.sides.iter_mut().zip(sides) {
                    whole.end = part.end;
                }
            }
            _ => self.regions.push(Region { class, base, sides }),
        }
    }

    fn classify(&self, base: &Range<usize>, sides: &[Range<usize>]) -> RegionClass {
        let base = &self.base[base.clone()];
        let text = |input: usize| &self.inputs[input][sides[input].clone()];
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for input in (0..sides.len()).filter(|&input| text(input) != base) {
            match groups.iter_mut().find(|group| text(group[0]) == text(input)) {
                Some(group) => group.push(input),
                None => groups.push(vec![input]),
            }
        }
        match groups.len() {
            0 => RegionClass::Unchanged,
            1 => match groups.swap_remove(0) {
                group if group.len() == 1 => RegionClass::Only(group[0]),
                group => RegionClass::Shared(group),
            },
            _ => RegionClass::Conflict(groups),
        }
    }
}

fn at(base: usize, shift: isize) -> usize {
    base.checked_add_signed(shift).expect("an input cannot have fewer lines than none")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_edits_of_a_long_text_are_seen_at_once() {
        // Every third line is everywhere.
        let old: Vec<u32> = (0..9000).map(|at| if at % 3 == 0 { 0 } else { at }).collect();
        let mut new = old.clone();
        new.splice(10..12, [90_001, 0, 90_002]);
        new.splice(5000..5000, [0, 0]);
        new.remove(8000);
        let (old, new): (Vec<&u32>, Vec<&u32>) = (old.iter().collect(), new.iter().collect());
        let count: usize = spine(&old, &new).iter().map(|run| run.2).sum();
        assert!((8990..=8997).contains(&count), "{count}");
    }

    proptest! {
        #[test]
        fn quickly_paired_lines_are_equal_in_order_and_no_more_than_can_be(
            old in prop::collection::vec(0..99_u32, 0..150),
            new in prop::collection::vec(0..99_u32, 0..150),
        ) {
            let (old, new): (Vec<&u32>, Vec<&u32>) = (old.iter().collect(), new.iter().collect());
            let most = paired(&old, &new).len();
            prop_assert!(spine(&old, &new).iter().map(|run| run.2).sum::<usize>() <= most);
            for depth in [0, 1, DEEPEST] {
                let mut pairs = Vec::new();
                quickly_paired((&old, 0), (&new, 0), depth, &mut pairs);
                prop_assert!(pairs.len() <= most);
                prop_assert!(pairs.iter().all(|&(a, b)| old[a] == new[b]));
                prop_assert!(pairs.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
            }
        }
    }
}
