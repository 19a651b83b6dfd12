//! What earlier runs read, kept so that unchanged files are not read again.
//!
//! One file per source. A record vouches for a file while path, device, inode, size and both times of change are the same; it is
//! made only when both times were safely past when reading began, since a change within the clock's grain would leave no trace in
//! them. The file is read in step with a listing, written whole, and replaced at once: of several runs the last one wins. A file that
//! is damaged, or comes from another version, is left aside.

mod stored;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::collect::steady::Reading;
use crate::collect::{Stamp, state};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{Content, Digests, Entry, File, TextFold, Timestamp};

/// Records are looked at again when they are older than this.
const SURE_FOR: i64 = 24 * 60 * 60;

/// How many old records a run checks, and up to which file size.
const SAMPLE: usize = 32;
const SAMPLE_SIZE: u64 = 16 * 1024 * 1024;

/// Stands where a time would: it was read so soon after a change that another one would leave no trace.
const DOUBTFUL: i64 = -1;

/// Longer rules are read in each run.
const LONGEST_RULES: usize = 256 * 1024;

/// What is known of the files of one environment.
#[derive(Debug, Default)]
pub(super) struct Cache {
    store: Option<Store>,
    /// When each file was last read, in seconds since 1970, parallel to the entries; 0 for those that were not read, or [`DOUBTFUL`]. Empty
    /// when nothing can be kept. Shared with whoever writes it down.
    verified: Arc<Vec<i64>>,
    /// What earlier runs knew, parallel to the entries; empty when that is nothing, or has been handed over.
    loaded: Vec<Digests>,
    /// Digests that the entries do not have, by entry.
    fresh: Arc<BTreeMap<usize, Digests>>,
    /// What is known of few files only, by entry; also when nothing can be kept.
    extras: Arc<BTreeMap<usize, Extra>>,
    /// The content of files with a repository's rules that are not in the repository, by entry.
    rules: Arc<BTreeMap<usize, Vec<u8>>>,
    /// The stored form is not what is known now.
    changed: bool,
}

/// Where a cache is kept.
#[derive(Debug, Clone)]
struct Store {
    file: PathBuf,
    identity: Vec<u8>,
}

/// What else is known of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// Its git blob name with every CR LF as LF.
    pub(super) normalized: Option<Normalized>,
    /// Its text, folded.
    pub(super) fold: Option<Folded>,
}

/// A git blob name with every CR LF as LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Normalized {
    /// There is no CR LF, or the content is binary.
    Same,
    /// The name.
    Other([u8; 20]),
}

impl Normalized {
    /// The name, where it is another one than that of the bytes themselves.
    pub(super) fn other(self) -> Option<[u8; 20]> {
        match self {
            Self::Same => None,
            Self::Other(name) => Some(name),
        }
    }
}

/// What folding a file gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    Binary,
    Text(TextFold),
    /// Every byte; whether it is a text is not known.
    Whole,
}

impl Folded {
    pub(super) fn text(self) -> Option<TextFold> {
        match self {
            Self::Binary | Self::Whole => None,
            Self::Text(fold) => Some(fold),
        }
    }
}

/// The entries of an environment under the names that they have there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) stamps: &'a [Option<Stamp>],
    pub(super) map: &'a PathMap,
}

impl Cache {
    /// Takes what is stored and still true. What cannot be used is said in words; the cache is then empty, and works.
    pub(super) fn load(
        state: Option<&Path>,
        identity: Vec<u8>,
        files: Files<'_>,
        distrust: bool,
    ) -> (Self, Option<String>) {
        let Some(state) = state else { return (Self::default(), None) };
        let name = format!("{}.hashes", &blake3::hash(&identity).to_hex()[..32]);
        let mut cache = Self {
            store: Some(Store { file: state.join("hashes").join(name), identity }),
            verified: Arc::new(vec![0; files.entries.len()]),
            loaded: Vec::new(),
            fresh: Arc::default(),
            extras: Arc::default(),
            rules: Arc::default(),
            changed: distrust,
        };
        if distrust {
            return (cache, None);
        }
        let note = cache.read(files).err();
        if note.is_some() {
            cache.forget();
        }
        (cache, note)
    }

    fn read(&mut self, files: Files<'_>) -> Result<(), String> {
        let Some(store) = &self.store else { return Ok(()) };
        // None yet, or none that may be seen: writing will say why.
        let Ok(file) = std::fs::File::open(&store.file) else { return Ok(()) };
        let mut records = stored::Records::open(io::BufReader::with_capacity(64 * 1024, file), &store.identity)?;
        let mut order = files.order().peekable();
        self.loaded = vec![Digests::default(); files.entries.len()];
        let (verified, extras) = (Arc::make_mut(&mut self.verified), Arc::make_mut(&mut self.extras));
        let rules = Arc::make_mut(&mut self.rules);
        while let Some(record) = records.next()? {
            while order.next_if(|(path, _)| crate::path::compare_bytes(path, record.path).is_lt()).is_some() {}
            let found = order.next_if(|(path, _)| **path == *record.path).map(|(_, entry)| entry);
            let Some(entry) = found.filter(|&entry| files.is_file_with(entry, &record.stamp)) else {
                self.changed = true;
                continue;
            };
            (self.loaded[entry], verified[entry]) = (record.digests, record.verified);
            if record.extra != Extra::default() {
                extras.insert(entry, record.extra);
            }
            if let Some(content) = record.rules {
                rules.insert(entry, content.to_vec());
            }
        }
        Ok(())
    }

    /// What is known, to be written down while more is learned; `None` when it is what is stored.
    pub(super) fn unsaved(&mut self) -> Option<Unsaved> {
        let store = self.store.clone().filter(|_| self.changed)?;
        self.changed = false;
        Some(Unsaved {
            store,
            verified: Arc::clone(&self.verified),
            fresh: Arc::clone(&self.fresh),
            extras: Arc::clone(&self.extras),
            rules: Arc::clone(&self.rules),
        })
    }

    /// The digests that are known of an entry, apart from those that it has itself.
    pub(super) fn digests(&self, entry: usize) -> Digests {
        let mut digests = self.loaded.get(entry).copied().unwrap_or_default();
        if let Some(fresh) = self.fresh.get(&entry) {
            digests.merge(*fresh);
        }
        digests
    }

    /// From here on the entries have the digests that are known so far.
    pub(super) fn hand_over(&mut self) {
        self.loaded = Vec::new();
        self.fresh = Arc::default();
    }

    /// What else is known of an entry.
    pub(super) fn extra(&self, entry: usize) -> Extra {
        self.extras.get(&entry).copied().unwrap_or_default()
    }

    /// Keeps what was read of an entry in the state `stamp`, when reading began late enough after the last change.
    pub(super) fn learn(&mut self, entry: usize, reading: &Learned) {
        let Some(stamp) = reading.stamp else { return };
        let verified = if self.store.is_some() { Arc::make_mut(&mut self.verified).get_mut(entry) } else { None };
        if let Some(verified) = verified {
            self.changed = true;
            // Whatever is read of it later: the entry has a digest that may be of a state before.
            *verified = if is_past(&stamp, reading.began) && *verified != DOUBTFUL { reading.now } else { DOUBTFUL };
        }
        if !is_past(&stamp, reading.began) {
            return;
        }
        if reading.extra != Extra::default() {
            let extra = Arc::make_mut(&mut self.extras).entry(entry).or_default();
            extra.normalized = extra.normalized.or(reading.extra.normalized);
            extra.fold = extra.fold.filter(|fold| *fold != Folded::Whole).or(reading.extra.fold).or(extra.fold);
        }
        if reading.digests != Digests::default() {
            Arc::make_mut(&mut self.fresh).entry(entry).or_default().merge(reading.digests);
        }
    }

    /// The rules in a file, as an earlier run read them.
    pub(super) fn rules(&self, entry: usize) -> Option<Vec<u8>> {
        self.rules.get(&entry).cloned()
    }

    /// Keeps the rules that were read from a file, under the condition of [`Cache::learn`].
    pub(super) fn learn_rules(&mut self, entry: usize, reading: &Reading<Vec<u8>>) {
        let is_kept = reading.stamp.is_some_and(|stamp| is_past(&stamp, reading.began));
        if is_kept && self.store.is_some() && reading.value.len() <= LONGEST_RULES {
            Arc::make_mut(&mut self.rules).insert(entry, reading.value.clone());
            self.changed = true;
        }
    }

    /// Drops what is known of an entry, which is not in that state any more.
    pub(super) fn drop_entry(&mut self, entry: usize) {
        Arc::make_mut(&mut self.extras).remove(&entry);
        Arc::make_mut(&mut self.rules).remove(&entry);
        Arc::make_mut(&mut self.fresh).remove(&entry);
        if let Some(loaded) = self.loaded.get_mut(entry) {
            *loaded = Digests::default();
        }
        if self.store.is_some() {
            Arc::make_mut(&mut self.verified)[entry] = 0;
            self.changed = true;
        }
    }

    /// Drops everything.
    pub(super) fn forget(&mut self) {
        self.hand_over();
        Arc::make_mut(&mut self.verified).fill(0);
        self.extras = Arc::default();
        self.rules = Arc::default();
        self.changed = self.store.is_some();
    }

    /// Entries whose records should be checked in this run: some of those that were not read for the longest time.
    pub(super) fn sample(&self, now: i64, entries: &[Entry]) -> Vec<usize> {
        let is_due = |&at: &usize| {
            let small = matches!(entries[at].content, Content::File(file) if file.size <= SAMPLE_SIZE);
            let is_known = self.loaded.get(at).is_some_and(|digests| *digests != Digests::default());
            small && is_known && self.verified[at] < now.saturating_sub(SURE_FOR)
        };
        let mut due: Vec<usize> = (0..self.verified.len()).filter(is_due).collect();
        due.sort_by_key(|&at| (self.verified[at], at));
        due.truncate(SAMPLE);
        due.sort_unstable();
        due
    }
}

/// What was read of a file, and when.
#[derive(Debug)]
pub(super) struct Learned {
    pub(super) stamp: Option<Stamp>,
    pub(super) began: Timestamp,
    pub(super) digests: Digests,
    pub(super) extra: Extra,
    /// The time by the wall clock of the plan, in seconds.
    pub(super) now: i64,
}

/// What was known of one environment at one moment, and where it is kept.
#[derive(Debug)]
pub(super) struct Unsaved {
    store: Store,
    verified: Arc<Vec<i64>>,
    fresh: Arc<BTreeMap<usize, Digests>>,
    extras: Arc<BTreeMap<usize, Extra>>,
    rules: Arc<BTreeMap<usize, Vec<u8>>>,
}

impl Unsaved {
    /// Writes it.
    pub(super) fn save(&self, files: Files<'_>) -> io::Result<()> {
        let records = (0..files.entries.len()).filter(|&entry| self.record(files, b"", entry).is_some()).count();
        state::replace(&self.store.file, |out| {
            let mut writer = stored::Writer::new(out, &self.store.identity, records as u64)?;
            for (path, entry) in files.order() {
                if let Some(record) = self.record(files, &path, entry) {
                    writer.add(&record)?;
                }
            }
            writer.finish()
        })
    }

    /// What is known of an entry, if anything is.
    fn record<'r>(&'r self, files: Files<'_>, path: &'r [u8], entry: usize) -> Option<stored::Record<'r>> {
        let verified = Some(self.verified[entry]).filter(|verified| *verified != DOUBTFUL)?;
        let Content::File(File { mut digests, .. }) = files.entries[entry].content else { return None };
        if let Some(fresh) = self.fresh.get(&entry) {
            digests.merge(*fresh);
        }
        let extra = self.extras.get(&entry).copied().unwrap_or_default();
        let rules = self.rules.get(&entry).map(Vec::as_slice);
        let is_known = verified != 0 || extra != Extra::default() || rules.is_some();
        let stamp = files.stamps[entry].filter(|_| is_known)?;
        // What nobody read is known from elsewhere, which will tell again.
        let digests = if verified == 0 { Digests::default() } else { digests };
        Some(stored::Record { path, stamp, digests, extra, rules, verified })
    }
}

impl<'a> Files<'a> {
    /// All entries by the names that they have in the environment, in path order.
    fn order(self) -> Box<dyn Iterator<Item = (Cow<'a, [u8]>, usize)> + 'a> {
        let entries = self.entries.iter().enumerate();
        if self.map.is_empty() {
            return Box::new(entries.map(|(at, entry)| (entry.path.as_bytes().into(), at)));
        }
        let mut mapped: Vec<(TreePath, usize)> =
            entries.map(|(at, entry)| (self.map.to_here(&entry.path), at)).collect();
        mapped.sort();
        Box::new(mapped.into_iter().map(|(path, at)| (path.as_bytes().to_vec().into(), at)))
    }

    fn is_file_with(&self, entry: usize, stamp: &Stamp) -> bool {
        matches!(self.entries[entry].content, Content::File(_)) && self.stamps[entry].as_ref() == Some(stamp)
    }
}

/// Whether the last change was over, by more than the clock's grain, when reading began.
pub(super) fn is_past(stamp: &Stamp, began: Timestamp) -> bool {
    // File systems that keep whole seconds (or two) show it in a time that cannot be set by hand.
    let grain = if stamp.changed.nanos == 0 { 2_000_000_000 } else { 50_000_000 };
    let nanos = |time: Timestamp| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    nanos(stamp.modified.max(stamp.changed)) + grain < nanos(began)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_within_the_grain_of_the_clock_is_not_past() {
        let at = |seconds, nanos| Timestamp { seconds, nanos };
        let stamp = |modified, changed| Stamp { device: 0, inode: 0, size: 0, modified, changed };
        let fine = stamp(at(5, 0), at(100, 1));
        assert!(!is_past(&fine, at(100, 50_000_001)));
        assert!(is_past(&fine, at(100, 50_000_002)));
        let coarse = stamp(at(5, 0), at(100, 0));
        assert!(!is_past(&coarse, at(102, 0)));
        assert!(is_past(&coarse, at(102, 1)));
        let ahead = stamp(at(500, 7), at(100, 7));
        assert!(!is_past(&ahead, at(200, 0)));
    }
}
