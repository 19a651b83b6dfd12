//! Walks all snapshots in step.

use std::cmp::Ordering;

use crate::path::TreePath;
use crate::snapshot::{Entry, Snapshot};

/// Stands for "no entry" where entries are kept by number.
pub(super) const NONE: u32 = u32::MAX;

/// Gives every path of all snapshots once, in order, with its entry in each.
///
/// One pass over sorted entries; each path costs one comparison per snapshot.
pub(super) struct Aligned<'a> {
    snapshots: &'a [Snapshot],
    heads: Vec<usize>,
    entries: Vec<u32>,
}

impl<'a> Aligned<'a> {
    pub(super) fn new(snapshots: &'a [Snapshot]) -> Self {
        Self { snapshots, heads: vec![0; snapshots.len()], entries: vec![NONE; snapshots.len()] }
    }

    /// The next path, and for each snapshot the number of its entry there or [`NONE`].
    pub(super) fn next(&mut self) -> Option<(&'a TreePath, &[u32])> {
        self.entries.fill(NONE);
        let mut least: Option<&'a TreePath> = None;
        for (environment, snapshot) in self.snapshots.iter().enumerate() {
            let Some(entry) = snapshot.entries.get(self.heads[environment]) else { continue };
            let order = least.map_or(Ordering::Less, |path| entry.path.cmp(path));
            if order == Ordering::Less {
                least = Some(&entry.path);
                self.entries[..environment].fill(NONE);
            }
            if order != Ordering::Greater {
                self.entries[environment] = self.heads[environment] as u32;
            }
        }
        for (head, entry) in self.heads.iter_mut().zip(&self.entries) {
            *head += usize::from(*entry != NONE);
        }
        least.map(|path| (path, &*self.entries))
    }
}

/// The entry of one cell, if it has one.
pub(super) fn entry_of(snapshots: &[Snapshot], environment: usize, entry: u32) -> Option<&Entry> {
    if entry == NONE { None } else { snapshots[environment].entries.get(entry as usize) }
}
