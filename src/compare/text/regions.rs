//! Which stretches of lines differ from a base, and who has which.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use super::replacements::{numbered, replacements};

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
    let base = numbered(base.iter().map(AsRef::as_ref), &mut names);
    let inputs: Vec<Vec<u32>> =
        inputs.iter().map(|input| numbered(input.iter().map(AsRef::as_ref), &mut names)).collect();
    let inputs: Vec<&[u32]> = inputs.iter().map(|input| &input[..]).collect();
    regions_of(&base, &inputs)
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
