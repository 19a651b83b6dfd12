//! Disjoint sets of numbers.

use std::collections::BTreeMap;

/// Disjoint sets of numbers from 0; the smallest of a set stands for it.
pub(super) struct Sets(Vec<usize>);

impl Sets {
    /// Each number by itself.
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    pub(super) fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    pub(super) fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
    }

    /// The sets in the order of their smallest numbers, each ascending.
    pub(super) fn groups(mut self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.0.len() {
            groups.entry(self.root(at)).or_default().push(at);
        }
        groups.into_values().collect()
    }

    pub(super) fn count(&mut self) -> usize {
        (0..self.0.len()).filter(|&at| self.root(at) == at).count()
    }
}
