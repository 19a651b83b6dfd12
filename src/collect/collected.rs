//! What was collected, and the way back to the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::collect::cache::{Cache, Extra, Files, Learned};
use crate::collect::conclusions::Conclusions;
use crate::collect::facts::Facts;
use crate::collect::far::FarFile;
use crate::collect::fetch::{Held, stays};
use crate::collect::git::{self, GitHistory, Histories};
use crate::collect::steady::{self, Reading, Trouble};
use crate::collect::walk::in_words;
use crate::collect::{CollectPlan, Filter, OpenFile, Source, SourceReader, Stamp, Watch, digest};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{
    Algorithms, Beyond, Blob, BlobId, BlobKind, BlobNames, CommitId, CommitReader, CommitRecord, CommitSummary,
    CommittedVersion, Content, ContentReader, Counters, Digests, EntryRef, HistoryReader, Incident, IncidentKind,
    MergedText, ReadFailure, Recent, Snapshot, TextMerger, Timestamp, TreeChange,
};
use crate::text::{Redactor, secrets::Sealed};

/// All environments, listed; their files can still be asked about.
pub struct Collected<'w> {
    /// One for each environment of the plan, in its order.
    pub snapshots: Vec<Snapshot>,
    /// Parallel to `snapshots`.
    pub(super) backings: Vec<Backing>,
    pub(super) histories: Histories,
    /// What the plan leaves out.
    filter: Filter,
    pub(super) facts: Mutex<Facts>,
    pub(super) conclusions: Conclusions,
    /// When collecting began, by the system's clock.
    pub(super) began: Timestamp,
    /// Worth saying about what is kept; changes no answer.
    pub(super) notes: Mutex<Vec<Incident>>,
    /// Where state is kept; empty when it is kept nowhere.
    pub(super) state: PathBuf,
    pub(super) pool: rayon::ThreadPool,
    pub(super) watch: &'w dyn Watch,
    /// The time by the wall clock of the plan, in seconds.
    pub(super) now: i64,
    pub(super) redactor: Redactor,
    /// Of some sensitive file nothing but a keyed digest is known, so all others need theirs.
    pub(super) knows_keyed: bool,
    work: Mutex<Counters>,
}

/// What stands behind a snapshot; empty when the environment could not be read.
#[derive(Default)]
pub(super) struct Backing {
    pub(super) source: Option<Box<dyn Source>>,
    /// Parallel to the entries.
    pub(super) stamps: Vec<Option<Stamp>>,
    pub(super) cache: Mutex<Cache>,
    pub(super) map: PathMap,
    /// Contents that came from far away, by entry, so that no file is fetched twice.
    pub(super) held: Mutex<Held>,
    /// What is left of sensitive contents that came from far away for their keys, or why there is nothing.
    pub(super) sealed: Mutex<BTreeMap<usize, Result<Sealed, Trouble>>>,
}

impl<'w> Collected<'w> {
    pub(super) fn new(pool: rayon::ThreadPool, filter: Filter, watch: &'w dyn Watch, plan: &CollectPlan<'_>) -> Self {
        Self {
            snapshots: Vec::new(),
            backings: Vec::new(),
            histories: Histories::default(),
            filter,
            facts: Mutex::default(),
            conclusions: Conclusions::default(),
            began: steady::clock(),
            notes: Mutex::default(),
            state: PathBuf::new(),
            pool,
            watch,
            now: plan.now.seconds,
            redactor: plan.redactor.clone(),
            knows_keyed: false,
            work: Mutex::new(Counters::default()),
        }
    }

    pub(super) fn add(
        &mut self,
        snapshot: Snapshot,
        backing: Backing,
        history: Option<GitHistory>,
        counters: Counters,
    ) {
        self.snapshots.push(snapshot);
        self.backings.push(backing);
        self.histories.push(history);
        self.count(counters);
    }

    /// The sources of the environments that could be read.
    pub(super) fn sources(&self) -> impl Iterator<Item = &dyn Source> {
        self.backings.iter().filter_map(|backing| backing.source.as_deref())
    }

    /// Whether a common path is left out by the rules under which was collected, by itself or with a folder above it.
    pub fn leaves_out(&self, path: &TreePath) -> bool {
        self.filter.leaves_out_with_folders(path)
    }

    /// By which rule of `ignore` a path is left out, and which path the rule is about: it, or the outermost folder above it that is left
    /// out. The rule is `None` for what belongs to a repository itself.
    pub fn left_out_by(&self, path: &TreePath) -> Option<(Option<String>, TreePath)> {
        let mut all: Vec<TreePath> = std::iter::successors(Some(path.clone()), TreePath::parent).collect();
        all.reverse();
        all.into_iter().find_map(|at| {
            if at.file_name() == b".git" {
                return Some((None, at));
            }
            let rule = self.filter.rule(&at, &at != path)?.to_owned();
            Some((Some(rule), at))
        })
    }

    /// Gives every file whose BLAKE3 is known a keyed digest too, if some file has no other.
    pub(super) fn know_keyed(&mut self) {
        let files = |snapshots: &mut Vec<Snapshot>, each: &mut dyn FnMut(&mut Digests)| {
            for entry in snapshots.iter_mut().flat_map(|snapshot| &mut snapshot.entries) {
                if let Content::File(file) = &mut entry.content {
                    each(&mut file.digests);
                }
            }
        };
        files(&mut self.snapshots, &mut |digests| self.knows_keyed |= digests.keyed.is_some());
        if self.knows_keyed {
            files(&mut self.snapshots, &mut |digests| keyed(&self.redactor, digests));
        }
    }

    /// The work done so far.
    pub fn counters(&self) -> Counters {
        let passes: u64 = self.sources().map(Source::passes).sum();
        let mut work = *lock(&self.work);
        work.archive_passes += passes;
        work
    }

    /// Keeps what was read for the next run. What cannot be kept is said once for each reason, as notes; it changes no answer.
    pub fn save(&self) -> Vec<Incident> {
        self.save_digests();
        let facts = lock(&self.facts).save();
        let mut notes = std::mem::take(&mut *lock(&self.notes));
        notes.extend(facts.err().map(|error| not_kept(&self.state, &error)));
        notes.dedup();
        notes
    }

    /// The long part of [`Collected::save`]. May run beside further reading: what is learned meanwhile is kept when either is called again.
    pub(crate) fn save_digests(&self) {
        let errors: Vec<std::io::Error> = self.pool.install(|| {
            let both = self.backings.par_iter().zip(&self.snapshots).with_max_len(1);
            let save = |(backing, snapshot): (&Backing, &Snapshot)| {
                let files = Files { entries: &snapshot.entries, stamps: &backing.stamps, map: &backing.map };
                let unsaved = lock(&backing.cache).unsaved()?;
                unsaved.save(files).err()
            };
            both.filter_map(save).collect()
        });
        let mut notes = lock(&self.notes);
        for error in errors {
            let note = not_kept(&self.state, &error);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }

    /// Whether a file is sensitive: of its content there is only what sealing leaves.
    pub fn is_sensitive(&self, path: &TreePath) -> bool {
        self.redactor.is_sensitive(path)
    }

    /// Says what is sensitive, and what may be shown.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Computes on the pool of this run, which has as many threads as were asked for.
    pub(crate) fn compute<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    pub(super) fn count(&self, counters: Counters) {
        *lock(&self.work) += counters;
    }

    /// The size and what is known of a regular file.
    pub(super) fn file(&self, at: EntryRef) -> Option<(&TreePath, u64, Digests)> {
        let entry = self.snapshots.get(at.environment)?.entries.get(at.entry)?;
        let Content::File(file) = entry.content else { return None };
        let mut digests = file.digests;
        digests.merge(lock(&self.backings[at.environment].cache).digests(at.entry));
        if self.knows_keyed {
            keyed(&self.redactor, &mut digests);
        }
        Some((&entry.path, file.size, digests))
    }

    /// The state in which an entry was listed, where it is known.
    pub(super) fn stamp(&self, at: EntryRef) -> Option<Stamp> {
        self.backings[at.environment].stamps.get(at.entry).copied().flatten()
    }

    /// Reads a file in the state in which it was listed.
    pub(super) fn read_listed<T>(
        &self,
        at: EntryRef,
        read: impl FnMut(&mut dyn OpenFile, &mut Counters) -> std::io::Result<T>,
    ) -> Result<Reading<T>, Trouble> {
        let source = self.backings.get(at.environment).and_then(|backing| backing.source.as_ref());
        let Some(source) = source else { return Err(Trouble::Gone) };
        let mut counters = Counters::default();
        let reading = self.read_listed_by(&mut *source.reader(), at, &mut counters, read);
        self.count(counters);
        reading
    }

    /// The same by a reader of the environment, which others may have used before.
    pub(super) fn read_listed_by<T>(
        &self,
        reader: &mut dyn SourceReader,
        at: EntryRef,
        counters: &mut Counters,
        read: impl FnMut(&mut dyn OpenFile, &mut Counters) -> std::io::Result<T>,
    ) -> Result<Reading<T>, Trouble> {
        let Some((path, size, _)) = self.file(at) else { return Err(Trouble::Gone) };
        let far = self.backings[at.environment].source.as_deref().and_then(Source::far);
        if let Some(far) = far {
            return self.read_held(at, far, FarFile { path, size, listed: self.stamp(at) }, counters, read);
        }
        match steady::steadily(reader, path, size, counters, read) {
            Ok(reading) if reading.stamp != self.backings[at.environment].stamps[at.entry] => Err(Trouble::Changed),
            other => other,
        }
    }

    /// Reads a sensitive file, and seals it. One that is far away is not fetched for this: see [`Collected::fetch_sealed`].
    fn read_sealed(&self, at: EntryRef, path: &TreePath, size: u64) -> Result<Sealed, Trouble> {
        let backing = &self.backings[at.environment];
        if self.is_far(at.environment) {
            return lock(&backing.sealed).get(&at.entry).cloned().unwrap_or_else(|| Err(stays()));
        }
        if let Some(known) = backing.source.as_ref().and_then(|source| source.known_seal(path)) {
            return Ok(known);
        }
        let reading = self.read_listed(at, |open, counters| whole(open, size, counters))?;
        Ok(self.redactor.seal(path, reading.value))
    }

    fn sealed_version(&self, path: &TreePath, version: Vec<u8>) -> Vec<u8> {
        if self.redactor.is_sensitive(path) { self.redactor.seal(path, version).bytes().to_vec() } else { version }
    }

    fn failure(&self, environment: usize, path: &TreePath, trouble: &Trouble) -> ReadFailure {
        ReadFailure(format!("`{}`: {}", self.snapshots[environment].environment, trouble.message(path)))
    }
}

/// Says that nothing is kept, and why.
pub(super) fn not_kept(state: &Path, error: &std::io::Error) -> Incident {
    Incident {
        path: None,
        kind: IncidentKind::Note,
        message: format!(
            "the state folder `{}` cannot be written to, so the next run reads everything again: {}",
            state.display(),
            in_words(error)
        ),
        hint: Some(
            "choose a folder that you may write to with --state-dir, or keep nothing with --no-state".to_owned(),
        ),
    }
}

impl ContentReader for Collected<'_> {
    fn read(&self, environment: usize, path: &TreePath, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        let snapshot = &self.snapshots[environment];
        let name = String::from_utf8_lossy(path.as_bytes());
        let entry = snapshot.find(path);
        let Some((at, Content::File(file))) = entry.map(|at| (at, &snapshot.entries[at].content)) else {
            return Err(ReadFailure(format!("`{}`: `{name}` is no readable file", snapshot.environment)));
        };
        if file.size > limit {
            return Err(ReadFailure(format!(
                "`{}`: `{name}` has {} bytes, and {limit} is the limit",
                snapshot.environment, file.size
            )));
        }
        let at = EntryRef { environment, entry: at };
        if !self.redactor.is_sensitive(path) {
            let reading = self.read_listed(at, |open, counters| whole(open, file.size, counters));
            return reading.map(|reading| reading.value).map_err(|trouble| self.failure(environment, path, &trouble));
        }
        let sealed = self.read_sealed(at, path, file.size);
        sealed.map(|sealed| sealed.bytes().to_vec()).map_err(|trouble| self.failure(environment, path, &trouble))
    }

    fn digests(&self, at: EntryRef, wanted: Algorithms) -> Result<Digests, ReadFailure> {
        let Some((path, size, mut known)) = self.file(at) else {
            let environment = self.snapshots.get(at.environment).map_or("?", |it| it.environment.as_str());
            return Err(ReadFailure(format!("`{environment}`: there is no readable file at this entry")));
        };
        let lacking = wanted.without(Algorithms::known(&known));
        if lacking.is_empty() {
            return Ok(known);
        }
        let mut buffer = vec![0; 128 * 1024];
        let far = self.backings[at.environment].source.as_deref().and_then(Source::far);
        let reading = match far.filter(|far| lacking.without(far.computes()).is_empty()) {
            Some(far) => self.digest_far(far, FarFile { path, size, listed: self.stamp(at) }, lacking),
            None => {
                self.read_listed(at, |open, counters| digest::digest_one(open, size, lacking, &mut buffer, counters))
            }
        };
        let reading = reading.map_err(|trouble| self.failure(at.environment, path, &trouble))?;
        let learned = Learned {
            stamp: reading.stamp,
            began: reading.began,
            digests: reading.value,
            extra: Extra::default(),
            now: self.now,
        };
        lock(&self.backings[at.environment].cache).learn(at.entry, &learned);
        known.merge(reading.value);
        Ok(known)
    }

    fn blob_names(&self, entries: &[EntryRef]) -> Vec<Option<BlobNames>> {
        self.names_of(entries)
    }

    fn prefetch(&self, entries: &[EntryRef]) {
        self.fetch_ahead(entries);
    }

    fn recall(&self, key: [u8; 32]) -> Option<u32> {
        lock(&self.facts).recall(key)
    }

    fn remember(&self, key: [u8; 32], fact: u32) {
        lock(&self.facts).remember(key, fact);
    }
}

impl HistoryReader for Collected<'_> {
    fn committed(&self, environment: usize, path: &TreePath) -> Result<Option<Vec<u8>>, ReadFailure> {
        let version = self.histories.committed(environment, path)?;
        Ok(version.map(|version| self.sealed_version(path, version)))
    }

    fn common_ancestor(
        &self,
        environments: &[usize],
        path: &TreePath,
    ) -> Result<Option<(CommitSummary, Vec<u8>)>, ReadFailure> {
        let found = self.histories.common_ancestor(environments, path)?;
        Ok(found.map(|(commit, version)| (commit, self.sealed_version(path, version))))
    }

    fn versions(&self, environment: usize, path: &TreePath) -> Result<Vec<CommittedVersion>, ReadFailure> {
        self.histories.versions(environment, path)
    }
}

impl CommitReader for Collected<'_> {
    fn beyond(&self, environment: usize, others: &[usize]) -> Result<Beyond, ReadFailure> {
        self.histories.beyond(environment, others)
    }

    fn changes(
        &self,
        environment: usize,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<Vec<TreeChange>, ReadFailure> {
        self.count(Counters { trees_compared: 1, ..Counters::default() });
        self.histories.changes(environment, from, to)
    }

    fn recent(&self, environment: usize) -> Result<Recent, ReadFailure> {
        self.histories.recent(environment)
    }

    fn are_related(&self, one: usize, other: usize) -> Result<bool, ReadFailure> {
        self.histories.are_related(one, other)
    }

    fn blob_size(&self, environment: usize, id: &BlobId) -> Result<u64, ReadFailure> {
        self.histories.blob_size(environment, id)
    }

    fn since(&self, environment: usize, commit: &CommitId) -> Result<Vec<CommitRecord>, ReadFailure> {
        self.histories.since(environment, commit)
    }

    fn at(&self, environment: usize, commit: &CommitId, path: &TreePath) -> Result<Option<Blob>, ReadFailure> {
        self.histories.at(environment, commit, path)
    }

    fn blob(&self, environment: usize, path: &TreePath, blob: Blob, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        let content = self.histories.blob(environment, path, blob, limit)?;
        // The target of a link is no secret, and the listing has it in clear.
        Ok(if blob.kind == BlobKind::Link { content } else { self.sealed_version(path, content) })
    }

    fn message(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        self.histories.message(environment, commit)
    }

    fn record(&self, environment: usize, commit: &CommitId) -> Result<Option<CommitRecord>, ReadFailure> {
        self.histories.record(environment, commit)
    }

    fn author(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        self.histories.author(environment, commit)
    }

    fn staged(&self, environment: usize, path: &TreePath) -> Option<Blob> {
        self.histories.staged(environment, path)
    }
}

impl TextMerger for Collected<'_> {
    fn merge(&self, base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<MergedText, ReadFailure> {
        git::merge_text(base, ours, theirs)
    }
}

/// Adds the keyed digest to one that it is made of.
pub(super) fn keyed(redactor: &Redactor, digests: &mut Digests) {
    digests.keyed = digests.keyed.or_else(|| Some(redactor.fingerprint(&digests.blake3?)));
}

/// Reads all of an open file of a known size.
pub(super) fn whole(file: &mut dyn OpenFile, size: u64, counters: &mut Counters) -> std::io::Result<Vec<u8>> {
    let mut content = vec![0; usize::try_from(size).map_err(|_| std::io::ErrorKind::OutOfMemory)?];
    file.read_exact(&mut content)?;
    counters.bytes_read += size;
    Ok(content)
}

/// Data stays whole when a thread fails while it holds it: all changes here are single steps.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
