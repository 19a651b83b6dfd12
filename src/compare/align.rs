//! Walks all snapshots in step.

use std::cmp::Ordering;

use crate::path::TreePath;
use crate::snapshot::{Entry, Snapshot};

/// Stands for "no entry" where entries are kept by number.
pub(super) const NONE: u32 = u32::MAX;

/// How many entries of the longest snapshot make a span; few in tests, so that these have many spans.
const SPAN: usize = if cfg!(test) { 3 } else { 8192 };

/// The entries of all snapshots whose paths lie between two bounds. Spans can be gone over at the same time.
pub(super) struct Span {
    starts: Vec<usize>,
    ends: Vec<usize>,
}

/// Cuts all snapshots at the same paths, in order.
pub(super) fn spans(snapshots: &[Snapshot]) -> Vec<Span> {
    let Some(longest) = snapshots.iter().max_by_key(|snapshot| snapshot.entries.len()) else { return Vec::new() };
    let cuts = longest.entries.iter().skip(SPAN).step_by(SPAN).map(|entry| &entry.path);
    let mut spans = Vec::new();
    let mut starts = vec![0; snapshots.len()];
    for cut in cuts.map(Some).chain([None]) {
        let end = |snapshot: &Snapshot| match cut {
            Some(path) => snapshot.entries.partition_point(|entry| entry.path < *path),
            None => snapshot.entries.len(),
        };
        let ends: Vec<usize> = snapshots.iter().map(end).collect();
        spans.push(Span { starts: std::mem::replace(&mut starts, ends.clone()), ends });
    }
    spans
}

/// Gives every path of a span once, in order, with its entry in each snapshot.
///
/// One pass over sorted entries; each path costs one comparison per snapshot.
pub(super) struct Aligned<'a> {
    snapshots: &'a [Snapshot],
    heads: Vec<usize>,
    ends: &'a [usize],
    entries: Vec<u32>,
}

impl<'a> Aligned<'a> {
    pub(super) fn new(snapshots: &'a [Snapshot], span: &'a Span) -> Self {
        Self { snapshots, heads: span.starts.clone(), ends: &span.ends, entries: vec![NONE; snapshots.len()] }
    }

    /// The next path, and for each snapshot the number of its entry there or [`NONE`].
    pub(super) fn next(&mut self) -> Option<(&'a TreePath, &[u32])> {
        self.entries.fill(NONE);
        let mut least: Option<&'a TreePath> = None;
        for (environment, snapshot) in self.snapshots.iter().enumerate() {
            let entries = &snapshot.entries[..self.ends[environment]];
            let Some(entry) = entries.get(self.heads[environment]) else { continue };
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
