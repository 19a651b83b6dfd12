//! Contents from far away: fetched in batches, and kept for those who ask one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{self, SyncSender};
use std::thread::ScopedJoinHandle;

use crate::collect::collected::{Backing, Collected, lock};
use crate::collect::far::{Each, Far, FarFile, Turns};
use crate::collect::steady::{Reading, Trouble};
use crate::collect::{OpenFile, Source, Stamp};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Content, Counters, Digests, EntryRef};
use crate::text::secrets::Treatment;

/// So many bytes of an environment's contents are kept; what is beyond that is fetched again when it is asked for.
const KEPT: u64 = 64 << 20;

/// Larger files are not fetched before somebody asks for them.
const LIMIT: u64 = 8 << 20;

/// What is asked of one environment about its files.
type Ask<'a, T> = &'a (dyn Fn(&dyn Far, &[FarFile<'_>], &mut Counters, Each<'_, T>) + Sync);

/// Is handed what came of a file.
type Arrive<'a, T> = &'a mut dyn FnMut(EntryRef, Result<Reading<T>, Trouble>);

/// Contents that were fetched.
#[derive(Debug, Default)]
pub(super) struct Held {
    contents: BTreeMap<usize, Reading<Vec<u8>>>,
    bytes: u64,
}

impl Collected<'_> {
    /// Fetches contents that will be asked for, in one round trip for each environment that is far away; costs nothing for the others.
    /// Sensitive files are left out.
    ///
    /// What cannot be fetched is no failure yet: it is one when it is asked for.
    pub(super) fn fetch_ahead(&self, entries: &[EntryRef]) {
        let rest = self.lacking(entries, |backing, entry| lock(&backing.held).contents.contains_key(&entry));
        self.fetch(&rest, &mut |_, _| {});
    }

    /// Fetches sensitive files that are made of keys and values, so that they can be compared by their keys; in one round trip for each
    /// environment that is far away. They are sealed as they arrive, and this is the only way on which such contents travel.
    pub fn fetch_sealed(&self, entries: &[EntryRef]) {
        let mut rest = self.lacking(entries, |backing, entry| lock(&backing.sealed).contains_key(&entry));
        rest.retain(|&at| self.redactor.treatment(self.path(at)) == Treatment::Values);
        self.arrivals(&rest, &mut |at, result| {
            let backing = &self.backings[at.environment];
            let sealed = match result {
                Ok(reading) if reading.stamp != backing.stamps[at.entry] => Err(Trouble::Changed),
                Ok(reading) => Ok(self.redactor.seal(self.path(at), reading.value)),
                Err(trouble) => Err(trouble),
            };
            lock(&backing.sealed).insert(at.entry, sealed);
        });
    }

    /// Those of the entries that are far away, small enough, and not there already; in order.
    fn lacking(&self, entries: &[EntryRef], is_there: impl Fn(&Backing, usize) -> bool) -> Vec<EntryRef> {
        let is_wanted = |at: &&EntryRef| {
            self.is_far(at.environment)
                && self.size(**at).is_some_and(|size| size <= LIMIT)
                && !is_there(&self.backings[at.environment], at.entry)
        };
        let wanted: BTreeSet<EntryRef> = entries.iter().filter(is_wanted).copied().collect();
        wanted.into_iter().collect()
    }

    /// Hands over contents of files far away, in any order, from all environments at once. Those that could not be had are left out, and
    /// so are sensitive ones.
    pub(super) fn fetch(&self, entries: &[EntryRef], each: &mut dyn FnMut(EntryRef, &Reading<&[u8]>)) {
        let open: Vec<EntryRef> =
            entries.iter().copied().filter(|&at| !self.redactor.is_sensitive(self.path(at))).collect();
        self.arrivals(&open, &mut |at, result| {
            let Ok(reading) = result else { return };
            let backing = &self.backings[at.environment];
            if reading.stamp != backing.stamps[at.entry] {
                return;
            }
            let Reading { value, stamp, began } = &reading;
            each(at, &Reading { value, stamp: *stamp, began: *began });
            lock(&backing.held).keep(at.entry, reading);
        });
    }

    /// Asks for contents, and hands over each result when it is there.
    fn arrivals(&self, entries: &[EntryRef], each: &mut dyn FnMut(EntryRef, Result<Reading<Vec<u8>>, Trouble>)) {
        self.ask_far(entries, &|far, files, counters, each| far.contents(files, counters, each), each);
    }

    /// Asks about files far away, in any order and all environments at once, and hands over each result when it is there.
    pub(super) fn ask_far<T: Send>(&self, entries: &[EntryRef], ask: Ask<'_, T>, each: Arrive<'_, T>) {
        let mut by_environment: BTreeMap<usize, Vec<EntryRef>> = BTreeMap::new();
        for &at in entries {
            by_environment.entry(at.environment).or_default().push(at);
        }
        let by_environment: Vec<(usize, Vec<EntryRef>)> = by_environment.into_iter().collect();
        let (sender, arrived) = mpsc::sync_channel(4);
        let ask = |(environment, wanted): &(usize, Vec<EntryRef>), sender: &SyncSender<_>| {
            let environment = *environment;
            let Some(far) = self.far(environment) else { return };
            let mut counters = Counters::default();
            let known: Vec<(EntryRef, FarFile<'_>)> = wanted
                .iter()
                .filter_map(|&at| {
                    self.file(at).map(|(path, size, _)| (at, FarFile { path, size, listed: self.stamp(at) }))
                })
                .collect();
            let files: Vec<FarFile<'_>> = known.iter().map(|(_, file)| *file).collect();
            self.watch.expects(environment, files.len() as u64, files.iter().map(|file| file.size).sum());
            ask(far, &files, &mut counters, &mut |place, result| {
                self.watch.read(environment, 1, files[place].size);
                // Whoever asked waits for all of them.
                let _ = sender.send((known[place].0, result));
            });
            self.count(counters);
        };
        let turns = Turns::new(&by_environment);
        std::thread::scope(|scope| {
            for sender in std::iter::repeat_n(&sender, turns.threads()) {
                let (sender, turns, ask) = (sender.clone(), &turns, &ask);
                scope.spawn(move || turns.take().for_each(|wanted| ask(wanted, &sender)));
            }
            drop(sender);
            for (at, result) in arrived {
                each(at, result);
            }
        });
    }

    /// Reads a file far away: what was fetched before, or now and alone.
    pub(super) fn read_held<T>(
        &self,
        at: EntryRef,
        far: &dyn Far,
        file: FarFile<'_>,
        counters: &mut Counters,
        mut read: impl FnMut(&mut dyn OpenFile, &mut Counters) -> io::Result<T>,
    ) -> Result<Reading<T>, Trouble> {
        if self.redactor.is_sensitive(file.path) {
            return Err(stays());
        }
        let backing = &self.backings[at.environment];
        let mut use_it = |reading: &Reading<Vec<u8>>, counters: &mut Counters| {
            let mut open = Open { data: io::Cursor::new(&reading.value), stamp: reading.stamp };
            let value = read(&mut open, counters)?;
            Ok(Reading { value, stamp: reading.stamp, began: reading.began })
        };
        if let Some(reading) = lock(&backing.held).contents.get(&at.entry) {
            return use_it(reading, counters);
        }
        let mut fetched = Err(Trouble::Gone);
        far.contents(&[file], counters, &mut |_, result| fetched = result);
        let reading = fetched?;
        if reading.stamp != backing.stamps[at.entry] {
            return Err(Trouble::Changed);
        }
        let used = use_it(&reading, counters);
        lock(&backing.held).keep(at.entry, reading);
        used
    }

    /// A digest of one file that is computed where it is.
    pub(super) fn digest_far(
        &self,
        far: &dyn Far,
        file: FarFile<'_>,
        lacking: Algorithms,
    ) -> Result<Reading<Digests>, Trouble> {
        let mut counters = Counters::default();
        let mut merged: Option<Reading<Digests>> = None;
        let blake3 = Algorithms { blake3: lacking.blake3, ..Algorithms::default() };
        let sha256 = Algorithms { sha256: lacking.sha256, ..Algorithms::default() };
        let git_blob = Algorithms { git_blob: lacking.git_blob, ..Algorithms::default() };
        let mut outcome = Ok(());
        for wanted in [blake3, sha256, git_blob].into_iter().filter(|wanted| !wanted.is_empty()) {
            far.digests(&[file], wanted, &mut counters, &mut |_, result| match (result, &mut merged) {
                (Ok(reading), Some(merged)) => merged.value.merge(reading.value),
                (Ok(reading), None) => merged = Some(reading),
                (Err(trouble), _) => outcome = Err(trouble),
            });
        }
        self.count(counters);
        outcome.and_then(|()| merged.ok_or(Trouble::Gone))
    }

    /// Ends the connections to other machines; what is far away cannot be read any more. Dropping does the same.
    pub fn hang_up(&mut self) {
        for backing in &mut self.backings {
            if backing.source.as_deref().is_some_and(|source| source.far().is_some()) {
                backing.source = None;
            }
        }
    }

    pub(super) fn is_far(&self, environment: usize) -> bool {
        self.far(environment).is_some()
    }

    pub(super) fn far(&self, environment: usize) -> Option<&dyn Far> {
        self.backings[environment].source.as_deref().and_then(Source::far)
    }

    fn path(&self, at: EntryRef) -> &TreePath {
        &self.snapshots[at.environment].entries[at.entry].path
    }

    fn size(&self, at: EntryRef) -> Option<u64> {
        match self.snapshots[at.environment].entries[at.entry].content {
            Content::File(file) => Some(file.size),
            _ => None,
        }
    }
}

/// Why a sensitive file far away is not read.
pub(super) fn stays() -> Trouble {
    let why = "its name, or the configuration, says that it holds secrets, which stay where they are";
    Trouble::Refused(why.to_owned(), false)
}

/// What a thread of a scope gave; its panic goes on here.
pub(super) fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Held {
    /// A content, if it was fetched.
    pub(super) fn content(&self, entry: usize) -> Option<&[u8]> {
        self.contents.get(&entry).map(|reading| &*reading.value)
    }

    fn keep(&mut self, entry: usize, reading: Reading<Vec<u8>>) {
        let length = reading.value.len() as u64;
        if self.bytes + length <= KEPT {
            self.bytes += length;
            self.contents.insert(entry, reading);
        }
    }
}

/// A content that is here already.
struct Open<'a> {
    data: io::Cursor<&'a Vec<u8>>,
    stamp: Option<Stamp>,
}

impl io::Read for Open<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.data.read(buffer)
    }
}

impl OpenFile for Open<'_> {
    fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    fn size(&self) -> u64 {
        self.data.get_ref().len() as u64
    }

    fn is_unchanged(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}
