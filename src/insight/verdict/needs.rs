//! Which units have to be applied before another can be.

use std::collections::{BTreeMap, BTreeSet};

use super::load::{self, Delta};
use super::places::Places;
use super::replay::{Overlay, replay_over};
use super::types::{Applies, ConflictKind, Judgement, Verdict};
use super::{Asked, Reading};
use crate::insight::units::Unit;
use crate::path::TreePath;

/// A unit is tried after no more others than this.
const LONGEST: usize = 24;

/// Finds the units that others need: for each unit of `wanted` that is in conflict with the target (as [`super::replay()`] tells), those that
/// brought lines or files it builds upon, that the target lacks, and after which it is in fewer conflicts. Only what it needs directly is
/// named, in the order of the units.
///
/// # Cost
/// Reads the changes of all units that share a file with a wanted one; then a replay for each unit on the way, some twice.
pub fn needs(
    wanted: &[usize],
    judgements: &[Judgement],
    asked: &Asked<'_>,
    places: &Places,
    reading: &Reading<'_>,
) -> BTreeMap<usize, Vec<usize>> {
    let mut search = Search { judgements, asked, places, reading, by_path: BTreeMap::new(), deltas: BTreeMap::new() };
    for (at, unit) in asked.units.iter().enumerate() {
        for path in paths(unit) {
            search.by_path.entry(path).or_default().push(at);
        }
    }
    let needs = wanted.iter().map(|&unit| (unit, search.of(unit)));
    needs.filter(|(_, needs)| !needs.is_empty()).collect()
}

fn paths(unit: &Unit) -> BTreeSet<&TreePath> {
    let sides = unit.changes.iter().flat_map(|change| [&change.before, &change.after]);
    sides.flatten().map(|side| &side.path).collect()
}

/// Which units changed a file, and what was read of them.
struct Search<'a> {
    judgements: &'a [Judgement],
    asked: &'a Asked<'a>,
    places: &'a Places,
    reading: &'a Reading<'a>,
    by_path: BTreeMap<&'a TreePath, Vec<usize>>,
    deltas: BTreeMap<usize, Delta>,
}

impl<'a> Search<'a> {
    fn of(&mut self, unit: usize) -> Vec<usize> {
        let alone = self.conflicts(&[unit]);
        if alone == 0 {
            return Vec::new();
        }
        let direct = self.providers(unit);
        if direct.is_empty() {
            return Vec::new();
        }
        let chain = self.chain(&direct, unit);
        let after = self.conflicts(&chain);
        if after >= alone {
            return Vec::new();
        }
        // Only those are needed without which it is worse.
        let mut needed = direct;
        for provider in needed.clone() {
            let others: Vec<usize> = needed.iter().copied().filter(|&other| other != provider).collect();
            let chain = self.chain(&others, unit);
            if self.conflicts(&chain) <= after {
                needed = others;
            }
        }
        needed
    }

    /// Lacking units before this one that brought what it builds upon, ascending.
    fn providers(&mut self, unit: usize) -> Vec<usize> {
        let units: &'a [Unit] = self.asked.units;
        let paths: Vec<&TreePath> = paths(&units[unit]).into_iter().collect();
        let earlier: BTreeSet<usize> =
            paths.iter().filter_map(|path| self.by_path.get(path)).flatten().copied().filter(|&at| at < unit).collect();
        let lacking = |at: &usize| matches!(self.judgements[*at].verdict, Verdict::Absent | Verdict::Partly { .. });
        let earlier: Vec<usize> = earlier.into_iter().filter(lacking).collect();
        let built_on: BTreeSet<u64> = {
            let hunks = self.delta(unit).texts().flat_map(|text| &text.hunks);
            hunks.flat_map(|hunk| [hunk.removed(), hunk.above(), hunk.below()]).flatten().copied().collect()
        };
        let mut found = Vec::new();
        for at in earlier {
            let makes_file = self.asked.units[at].changes.iter().any(|change| {
                let is_new = change.before.as_ref().is_none_or(|before| before.path != *change.path());
                is_new && paths.contains(&change.path())
            });
            let mut hunks = self.delta(at).texts().flat_map(|text| &text.hunks);
            if makes_file || hunks.any(|hunk| hunk.added().iter().any(|line| built_on.contains(line))) {
                found.push(at);
            }
        }
        found
    }

    /// These, what they need in turn, and the unit itself; ascending.
    fn chain(&mut self, direct: &[usize], unit: usize) -> Vec<usize> {
        let mut chain: BTreeSet<usize> = direct.iter().copied().collect();
        let mut waiting: Vec<usize> = direct.to_vec();
        while let Some(next) = waiting.pop() {
            if chain.len() >= LONGEST {
                break;
            }
            for provider in self.providers(next) {
                if chain.insert(provider) {
                    waiting.push(provider);
                }
            }
        }
        chain.insert(unit);
        chain.into_iter().collect()
    }

    /// In how many places the last of these is in conflict when all are applied in their order.
    fn conflicts(&self, chain: &[usize]) -> usize {
        let mut overlay = Overlay::new();
        let mut count = 0;
        for &unit in chain {
            let replay = replay_over(&self.asked.units[unit], self.asked.target, self.places, self.reading, &overlay);
            count = match replay.applies {
                Applies::Conflict { conflicts } => {
                    conflicts.iter().map(|conflict| if conflict.kind == ConflictKind::NoFile { 100 } else { 1 }).sum()
                }
                Applies::NotTried { .. } => usize::MAX,
                Applies::Clean | Applies::Offset { .. } => 0,
            };
            for file in replay.files {
                if let Some(before) = &file.before {
                    overlay.insert(before.path.clone(), None);
                }
                if let Some(after) = file.after {
                    overlay.insert(after.path.clone(), Some(after));
                }
            }
        }
        count
    }

    fn delta(&mut self, unit: usize) -> &Delta {
        let (asked, reading) = (self.asked, self.reading);
        self.deltas.entry(unit).or_insert_with(|| load::delta(&asked.units[unit].changes, reading))
    }
}
