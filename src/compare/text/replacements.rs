//! Which stretches of lines of a text others replace in another.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use foldhash::fast::RandomState;
use similar::{Algorithm, DiffOp};

/// The stretches of old lines that new ones replace (one of them may be empty), in order; between them the lines are equal, and are some. Where
/// several places would do, they are as git and diff3 choose them.
pub fn changes<L: AsRef<[u8]>>(old: &[L], new: &[L]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut names = HashMap::new();
    let old = numbered(old.iter().map(AsRef::as_ref), &mut names);
    let new = numbered(new.iter().map(AsRef::as_ref), &mut names);
    replacements(&old, &new)
}

/// As [`changes`], of lines that stand for themselves. Which of several equal lines is new cannot be known, and placing a change elsewhere than
/// git and diff3 do would find other conflicts than they do.
///
/// # Cost
/// Each line is hashed once; then the lines that both have are paired in the fewest edits, or, where that may take more than
/// a hundred million steps, in few.
pub fn replacements<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let middles = Middles::between(old, new);
    slid(old, new, middles.gaps(middles.paired()), true)
}

/// As [`replacements`], in smaller pieces where a blank line, say, was kept within a change: where it is asked what of a change is there, one
/// piece may be and the other not.
pub fn small_replacements<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let middles = Middles::between(old, new);
    slid(old, new, middles.gaps(middles.paired()), false)
}

/// As [`small_replacements`], and not in the fewest edits: lines that each text has once are paired first, and then what lies between them. That
/// is as good where what changed is counted and nothing is merged, and takes about as long as reading for texts that have much in common.
pub fn quick_replacements<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let middles = Middles::between(old, new);
    slid(old, new, middles.gaps(middles.quickly_paired()), false)
}

/// Changes where git and diff3 place them. One that only brings lines, or only takes some, could as well stand a line further down or up where
/// the lines around it repeat. It becomes one with the change below that it meets on the way, or, if it `joins_above`, with the one above; where
/// it meets none, it slides down as far as it can.
fn slid<T: Eq>(
    old: &[T],
    new: &[T],
    gaps: Vec<(Range<usize>, Range<usize>)>,
    joins_above: bool,
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut above = gaps;
    let mut below: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    while let Some((mut from, mut to)) = above.pop() {
        while from.is_empty() || to.is_empty() {
            let (text, lines) = if to.is_empty() { (old, &from) } else { (new, &to) };
            let room = below.last().map_or(old.len(), |(next, _)| next.start) - from.end;
            let down = (0..room).take_while(|by| text[lines.start + by] == text[lines.end + by]).count();
            let room_above = above.last().filter(|_| joins_above).map(|(last, _)| from.start - last.end);
            let meets_above = |room: &usize| (1..=*room).all(|by| text[lines.start - by] == text[lines.end - by]);
            if down == room
                && let Some((next_from, next_to)) = below.pop()
            {
                (from, to) = (from.start + down..next_from.end, to.start + down..next_to.end);
            } else if let Some(up) = room_above.filter(meets_above)
                && let Some((last_from, last_to)) = above.pop()
            {
                (from, to) = (last_from.start..from.end - up, last_to.start..to.end - up);
            } else {
                (from, to) = (from.start + down..from.end + down, to.start + down..to.end + down);
                break;
            }
        }
        below.push((from, to));
    }
    below.reverse();
    below
}

/// Above so many steps, about half a second, no shortest list of edits is looked for.
const MOST_STEPS: usize = 100_000_000;
/// So often what lies between unique lines is looked at for lines that are unique there.
const DEEPEST: usize = 16;
/// So few steps are no reason to look for unique lines first.
const FEW_STEPS: usize = 4096;

/// What is left of two texts without what they have in common at both ends, and without lines that only one of them has: those are nobody's
/// pair, and without them there is little to search in most texts.
struct Middles {
    /// So many lines at the start are equal.
    start: usize,
    /// The length of each text without the lines at the end that are equal.
    ends: (usize, usize),
    old: Middle,
    new: Middle,
    /// How many different lines there are.
    different: usize,
}

/// What is left of one text.
struct Middle {
    /// Where each line is in the text.
    at: Vec<usize>,
    /// Equal numbers for equal lines of both texts.
    lines: Vec<u32>,
}

impl Middles {
    fn between<T: Eq + Hash>(old: &[T], new: &[T]) -> Self {
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) = (&old[start..], &new[start..]);
        let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let mut names: HashMap<&T, u32, RandomState> = HashMap::default();
        let in_old = numbered(old_rest[..old_rest.len() - end].iter(), &mut names);
        // Whatever only the new text has gets a number from here on.
        let different = names.len();
        let in_new = numbered(new_rest[..new_rest.len() - end].iter(), &mut names);
        let mut is_shared = vec![false; names.len()];
        for &line in &in_new {
            is_shared[line as usize] = true;
        }
        let middle = |lines: &[u32], is_kept: &dyn Fn(u32) -> bool| {
            let kept = || lines.iter().enumerate().filter(|(_, line)| is_kept(**line));
            Middle { at: kept().map(|(at, _)| start + at).collect(), lines: kept().map(|(_, line)| *line).collect() }
        };
        Self {
            start,
            ends: (old.len() - end, new.len() - end),
            old: middle(&in_old, &|line| is_shared[line as usize]),
            new: middle(&in_new, &|line| (line as usize) < different),
            different,
        }
    }

    /// What lies between lines that are paired, in order; pairs of lines that were left, ascending.
    fn gaps(&self, pairs: Vec<(usize, usize)>) -> Vec<(Range<usize>, Range<usize>)> {
        let pairs = pairs.into_iter().map(|(from, to)| (self.old.at[from], self.new.at[to]));
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

    /// Which lines are the same line.
    fn paired(&self) -> Vec<(usize, usize)> {
        let (old, new) = (&self.old.lines, &self.new.lines);
        let all = old.len() + new.len();
        // The shortest list of edits takes as many steps as there are lines for each edit. The quick search says how many edits suffice.
        // similar's own way to end early is not used: it may then pair hardly any of ten thousand lines.
        let is_long = |paired: usize| all.saturating_mul(all - 2 * paired) > MOST_STEPS;
        let spine = || Quick::new(self.different).spine(old, new).iter().map(|run| run.2).sum();
        if is_long(0) && is_long(spine()) {
            let quick = self.quickly_paired();
            if is_long(quick.len()) {
                return quick;
            }
        }
        similar_pairs(Algorithm::RawMyers, old, new).collect()
    }

    /// As [`Middles::paired`], and not as many as can be.
    fn quickly_paired(&self) -> Vec<(usize, usize)> {
        let mut quick = Quick::new(self.different);
        quick.pair((&self.old.lines, 0), (&self.new.lines, 0), DEEPEST);
        quick.pairs
    }
}

/// Where a line is, and how often, in each of two texts.
#[derive(Clone, Default)]
struct Seen {
    old: (u32, u32),
    new: (u32, u32),
}

/// The search for pairs that takes no long time.
struct Quick {
    /// Of each line; nothing but while it is asked for.
    seen: Vec<Seen>,
    /// What was found, ascending.
    pairs: Vec<(usize, usize)>,
}

impl Quick {
    /// For texts of so many different lines, whose numbers are lower than that.
    fn new(different: usize) -> Self {
        Self { seen: vec![Seen::default(); different], pairs: Vec::new() }
    }

    /// Pairs the lines that each side has once, as many as are in one order, with their neighbours, and then what lies between these alike.
    /// The numbers are those of the first lines.
    ///
    /// Source of the method: Bram Cohen's patience diff.
    fn pair(&mut self, (old, from): (&[u32], usize), (new, to): (&[u32], usize), depth: usize) {
        if old.is_empty() || new.is_empty() {
            return;
        }
        let runs = if old.len() * new.len() > FEW_STEPS && depth > 0 { self.spine(old, new) } else { Vec::new() };
        if runs.is_empty() {
            self.pairs.extend(similar_pairs(Algorithm::Myers, old, new).map(|(a, b)| (from + a, to + b)));
            return;
        }
        let mut done = (0, 0);
        for (a, b, length) in runs.into_iter().chain([(old.len(), new.len(), 0)]) {
            self.pair((&old[done.0..a], from + done.0), (&new[done.1..b], to + done.1), depth - 1);
            self.pairs.extend((0..length).map(|line| (from + a + line, to + b + line)));
            done = (a + length, b + length);
        }
    }

    /// Lines that can be paired in order: those that each side has once, as many as are in one order, and their equal neighbours. Gives runs
    /// of pairs, ascending: where each begins, and how many lines it has.
    fn spine(&mut self, old: &[u32], new: &[u32]) -> Vec<(usize, usize, usize)> {
        for (at, &line) in old.iter().enumerate() {
            let seen = &mut self.seen[line as usize].old;
            *seen = (at as u32, seen.1 + 1);
        }
        for (at, &line) in new.iter().enumerate() {
            let seen = &mut self.seen[line as usize].new;
            *seen = (at as u32, seen.1 + 1);
        }
        let once = |&line: &u32| Some(&self.seen[line as usize]).filter(|seen| (seen.old.1, seen.new.1) == (1, 1));
        let pairs = old.iter().filter_map(once).map(|seen| (seen.old.0 as usize, seen.new.0 as usize));
        let pairs: Vec<(usize, usize)> = pairs.collect();
        for &line in old.iter().chain(new) {
            self.seen[line as usize] = Seen::default();
        }
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
}

fn similar_pairs(algorithm: Algorithm, old: &[u32], new: &[u32]) -> impl Iterator<Item = (usize, usize)> {
    let runs = similar::capture_diff_slices(algorithm, old, new).into_iter();
    runs.filter(|op| matches!(op, DiffOp::Equal { .. })).flat_map(|op| op.old_range().zip(op.new_range()))
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

/// Equal numbers for equal lines: the lowest that no other line has.
pub(super) fn numbered<L: Eq + Hash, S: BuildHasher>(
    lines: impl Iterator<Item = L>,
    names: &mut HashMap<L, u32, S>,
) -> Vec<u32> {
    let mut number = |line: L| {
        let next = names.len() as u32;
        *names.entry(line).or_insert(next)
    };
    lines.map(&mut number).collect()
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
        let count: usize = Quick::new(90_003).spine(&old, &new).iter().map(|run| run.2).sum();
        assert!((8990..=8997).contains(&count), "{count}");
    }

    proptest! {
        #[test]
        fn quickly_paired_lines_are_equal_in_order_and_no_more_than_can_be(
            old in prop::collection::vec(0..99_u32, 0..150),
            new in prop::collection::vec(0..99_u32, 0..150),
        ) {
            let most = similar_pairs(Algorithm::RawMyers, &old, &new).count();
            let mut quick = Quick::new(99);
            prop_assert!(quick.spine(&old, &new).iter().map(|run| run.2).sum::<usize>() <= most);
            for depth in [0, 1, DEEPEST] {
                quick.pair((&old, 0), (&new, 0), depth);
                let pairs = std::mem::take(&mut quick.pairs);
                prop_assert!(pairs.len() <= most);
                prop_assert!(pairs.iter().all(|&(a, b)| old[a] == new[b]));
                prop_assert!(pairs.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
            }
        }
    }
}
