//! Environments whose files are far away: what is asked of them is asked in batches.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::collect::steady::{Reading, Trouble};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Counters, Digests};

/// A file of an environment that is far away.
#[derive(Debug, Clone, Copy)]
pub struct FarFile<'a> {
    /// Its common path.
    pub path: &'a TreePath,
    /// Its size when it was listed.
    pub size: u64,
}

/// What a far side is read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// What the machine calls itself; foreign.
    pub host: String,
    /// By what it lists, in words; `None` when there is nothing to list with.
    pub lists: Option<&'static str>,
    /// By what digests are computed there.
    pub digests: Algorithms,
}

/// Is handed what came of a file, by its place among those that were asked about; once for each of them, in any order.
pub(super) type Each<'a, T> = &'a mut dyn FnMut(usize, Result<Reading<T>, Trouble>);

/// A source whose every answer costs a round trip, whatever it holds.
///
/// How many round trips a call costs does not depend on the number of files. A file that changes while it is read is asked about once more, and
/// has then [`Trouble::Changed`]. Files that are left when the connection fails have [`Trouble::Lost`], with one text for all.
pub trait Far: Send + Sync {
    /// Digests under which algorithms are computed there; known once it was listed.
    fn computes(&self) -> Algorithms;

    /// What it is read with; known once it was listed.
    fn tools(&self) -> Option<Tools>;

    /// Digests of files under one algorithm that is computed there.
    fn digests(&self, files: &[FarFile<'_>], wanted: Algorithms, counters: &mut Counters, each: Each<'_, Digests>);

    /// Contents of files. Whether a content may travel is decided by who asks: sensitive ones go from here into their seal at once.
    fn contents(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, Vec<u8>>);
}

/// So many other machines are asked at a time.
const FAN_OUT: usize = 8;

/// Hands environments out to a few threads, which wait for other machines and do no work of the pool.
#[derive(Debug)]
pub(super) struct Turns<'a, T> {
    all: &'a [T],
    next: AtomicUsize,
}

impl<'a, T> Turns<'a, T> {
    pub(super) fn new(all: &'a [T]) -> Self {
        Self { all, next: AtomicUsize::new(0) }
    }

    /// How many threads there should be.
    pub(super) fn threads(&self) -> usize {
        self.all.len().min(FAN_OUT)
    }

    /// What is left for one of them.
    pub(super) fn take(&self) -> impl Iterator<Item = &'a T> {
        std::iter::from_fn(|| self.all.get(self.next.fetch_add(1, Ordering::Relaxed)))
    }
}
