//! Files under the names that git would have for them, for whoever looks for them in a history.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::collect::blob::{Survey, name_normalized, name_raw};
use crate::collect::cache::{Extra, Learned, Normalized};
use crate::collect::collected::{Collected, lock};
use crate::collect::steady::Trouble;
use crate::collect::{Source, SourceReader};
use crate::snapshot::{BlobNames, ContentReader as _, Counters, Digests, EntryRef};

/// A thread takes so many files at a time: neighbours share folders.
const BATCH: usize = 64;

impl Collected<'_> {
    /// Names of files, in the order of `entries`; what is not known is read, on all threads, and kept for the next run.
    pub(super) fn names_of(&self, entries: &[EntryRef]) -> Vec<Option<BlobNames>> {
        let known: Vec<Option<BlobNames>> = entries.iter().map(|&at| self.known_names(at)).collect();
        let can_be_read = |at: EntryRef| {
            self.backings[at.environment].source.as_deref().is_some_and(Source::has_contents) && self.file(at).is_some()
        };
        let mut open: Vec<EntryRef> = entries
            .iter()
            .zip(&known)
            .filter(|(at, known)| known.is_none() && can_be_read(**at))
            .map(|(at, _)| *at)
            .collect();
        open.sort_unstable();
        open.dedup();
        self.prefetch(&open);
        self.prepare(open.iter().filter_map(|&at| Some((at, self.file(at)?.0))));
        for &at in &open {
            self.watch.expects(at.environment, 1, self.file(at).map_or(0, |(_, size, _)| size));
        }
        let named: BTreeMap<EntryRef, BlobNames> =
            self.pool.install(|| open.par_chunks(BATCH).flat_map_iter(|files| self.name_neighbours(files)).collect());
        entries.iter().zip(known).map(|(at, known)| known.or_else(|| named.get(at).copied())).collect()
    }

    fn known_names(&self, at: EntryRef) -> Option<BlobNames> {
        let (_, size, digests) = self.file(at)?;
        let raw = digests.git_blob?;
        let normalized = lock(&self.backings[at.environment].cache).extra(at.entry).normalized;
        match normalized {
            Some(normalized) => Some(BlobNames { raw, normalized: normalized.other() }),
            None => (size == 0).then_some(BlobNames { raw, normalized: None }),
        }
    }

    /// Reads files one after the other, keeping folders open between them.
    fn name_neighbours(&self, files: &[EntryRef]) -> Vec<(EntryRef, BlobNames)> {
        let mut counters = Counters::default();
        let mut readers: BTreeMap<usize, Box<dyn SourceReader + '_>> = BTreeMap::new();
        let mut named = Vec::with_capacity(files.len());
        for &at in files {
            let Some(source) = &self.backings[at.environment].source else { continue };
            let reader = readers.entry(at.environment).or_insert_with(|| source.reader());
            named.extend(self.name(&mut **reader, at, &mut counters).ok().map(|names| (at, names)));
            self.watch.read(at.environment, 1, self.file(at).map_or(0, |(_, size, _)| size));
        }
        self.count(counters);
        named
    }

    fn name(&self, reader: &mut dyn SourceReader, at: EntryRef, counters: &mut Counters) -> Result<BlobNames, Trouble> {
        let (_, size, _) = self.file(at).ok_or(Trouble::Gone)?;
        let reading = self.read_listed_by(reader, at, counters, |file, counters| name_raw(file, size, counters))?;
        let Survey { raw, pairs, is_binary } = reading.value;
        let normalized = if pairs == 0 || is_binary {
            Normalized::Same
        } else {
            let again = self.read_listed_by(reader, at, counters, |file, counters| {
                name_normalized(file, size, size - pairs, counters)
            })?;
            Normalized::Other(again.value)
        };
        let learned = Learned {
            stamp: reading.stamp,
            began: reading.began,
            digests: Digests { git_blob: Some(raw), ..Digests::default() },
            extra: Extra { normalized: Some(normalized), fold: None },
            now: self.now,
        };
        lock(&self.backings[at.environment].cache).learn(at.entry, &learned);
        Ok(BlobNames { raw, normalized: normalized.other() })
    }
}
