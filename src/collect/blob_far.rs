//! What judging a checkout asks of files that are far away: asked ahead, all at once, and only what is not known from an earlier run.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use crate::collect::blob::{BlobHasher, Wanted, names_of};
use crate::collect::cache::{Cache, Extra, Learned, Normalized};
use crate::collect::collected::lock;
use crate::collect::far::{Far, FarFile};
use crate::collect::fetch::stays;
use crate::collect::steady::{Reading, Trouble};
use crate::collect::{CollectPlan, Listing};
use crate::snapshot::{Algorithms, BlobNames, Content, Counters, Digests, ReadFailure};
use crate::text::Redactor;

/// Longer texts are not fetched to be judged.
const LONGEST: u64 = 64 << 20;

/// Names the files of one environment that is far away, while it is being collected.
pub(super) struct FarHasher<'a> {
    far: &'a dyn Far,
    listing: &'a Listing,
    cache: &'a Mutex<Cache>,
    work: &'a Mutex<Counters>,
    redactor: &'a Redactor,
    /// The time by the wall clock of the plan, in seconds.
    now: i64,
    names: Answers<[u8; 20]>,
    sha256: Answers<[u8; 32]>,
    contents: Answers<Vec<u8>>,
}

/// What came of each file that was asked about.
type Answers<T> = Mutex<BTreeMap<usize, Result<T, ReadFailure>>>;

impl<'a> FarHasher<'a> {
    pub(super) fn new(
        far: &'a dyn Far,
        listing: &'a Listing,
        cache: &'a Mutex<Cache>,
        work: &'a Mutex<Counters>,
        plan: &CollectPlan<'a>,
    ) -> Self {
        let (names, sha256, contents) = (Answers::default(), Answers::default(), Answers::default());
        let (redactor, now) = (plan.redactor, plan.now.seconds);
        Self { far, listing, cache, work, redactor, now, names, sha256, contents }
    }

    fn file(&self, entry: usize) -> Option<FarFile<'a>> {
        let listed = self.listing.stamps[entry];
        let entry = &self.listing.snapshot.entries[entry];
        match entry.content {
            Content::File(file) => Some(FarFile { path: &entry.path, size: file.size, listed }),
            _ => None,
        }
    }

    /// Asks about files of which nothing was heard yet.
    fn ask<T>(
        &self,
        answers: &Answers<T>,
        entries: &[usize],
        ask: impl FnOnce(&[FarFile<'_>], &mut Counters, &mut dyn FnMut(usize, Result<Reading<T>, Trouble>)),
        learn: impl Fn(&T) -> Option<(Digests, Extra)>,
    ) {
        let mut answers = lock(answers);
        let mut entries: Vec<usize> = entries.iter().copied().filter(|entry| !answers.contains_key(entry)).collect();
        entries.sort_unstable();
        entries.dedup();
        entries.retain(|&entry| self.file(entry).is_some());
        if entries.is_empty() {
            return;
        }
        let files: Vec<FarFile<'_>> = entries.iter().filter_map(|&entry| self.file(entry)).collect();
        let mut counters = Counters::default();
        ask(&files, &mut counters, &mut |at, result| {
            let (entry, path) = (entries[at], files[at].path);
            let answer = match result {
                Ok(reading) if reading.stamp == self.listing.stamps[entry] => {
                    if let Some((digests, extra)) = learn(&reading.value) {
                        let Reading { stamp, began, .. } = reading;
                        lock(self.cache).learn(entry, &Learned { stamp, began, digests, extra, now: self.now });
                    }
                    Ok(reading.value)
                }
                Ok(_) => Err(ReadFailure(Trouble::Changed.message(path))),
                Err(trouble) => Err(ReadFailure(trouble.message(path))),
            };
            answers.insert(entry, answer);
        });
        *lock(self.work) += counters;
    }

    fn ask_names(&self, entries: &[usize]) {
        let unknown: Vec<usize> = entries.iter().copied().filter(|&entry| self.known_name(entry).is_none()).collect();
        self.ask(
            &self.names,
            &unknown,
            |files, counters, each| self.far.git().blob_names(files, counters, each),
            |&name| Some((Digests { git_blob: Some(name), ..Digests::default() }, Extra::default())),
        );
    }

    fn ask_sha256(&self, entries: &[usize]) {
        let unknown: Vec<usize> = entries.iter().copied().filter(|&entry| self.known_sha256(entry).is_none()).collect();
        let wanted = Algorithms { sha256: true, ..Algorithms::default() };
        self.ask(
            &self.sha256,
            &unknown,
            |files, counters, each| {
                if !self.far.computes().sha256 {
                    return;
                }
                self.far.digests(files, wanted, counters, &mut |at, result| {
                    let digest = result.map(|Reading { value, stamp, began }| {
                        let value = value.sha256.unwrap_or_default();
                        Reading { value, stamp, began }
                    });
                    each(at, digest);
                });
            },
            |&digest| Some((Digests { sha256: Some(digest), ..Digests::default() }, Extra::default())),
        );
    }

    fn ask_contents(&self, entries: &[usize]) {
        let may_travel = |entry: &usize| {
            self.file(*entry).is_some_and(|file| file.size <= LONGEST && !self.redactor.is_sensitive(file.path))
        };
        let entries: Vec<usize> = entries.iter().copied().filter(may_travel).collect();
        self.ask(
            &self.contents,
            &entries,
            |files, counters, each| self.far.contents(files, counters, each),
            |content| names_of(content).ok().map(|names| learned(&names)),
        );
    }

    fn known_name(&self, entry: usize) -> Option<[u8; 20]> {
        lock(self.cache).digests(entry).git_blob
    }

    fn known_sha256(&self, entry: usize) -> Option<[u8; 32]> {
        lock(self.cache).digests(entry).sha256
    }

    fn heard<T: Clone>(&self, answers: &Answers<T>, entry: usize) -> Result<T, ReadFailure> {
        lock(answers).get(&entry).cloned().unwrap_or_else(|| {
            let path = &self.listing.snapshot.entries[entry].path;
            let why = if self.redactor.is_sensitive(path) {
                stays()
            } else {
                Trouble::Lost("it is not read from there to be judged".to_owned())
            };
            Err(ReadFailure(why.message(path)))
        })
    }
}

fn learned(names: &BlobNames) -> (Digests, Extra) {
    let normalized = names.normalized.map_or(Normalized::Same, Normalized::Other);
    (Digests { git_blob: Some(names.raw), ..Digests::default() }, Extra { normalized: Some(normalized), fold: None })
}

impl BlobHasher for FarHasher<'_> {
    fn blob(&self, entry: usize) -> Result<BlobNames, ReadFailure> {
        let (digests, extra) = {
            let cache = lock(self.cache);
            (cache.digests(entry), cache.extra(entry))
        };
        if let (Some(raw), Some(normalized)) = (digests.git_blob, extra.normalized) {
            return Ok(BlobNames { raw, normalized: normalized.other() });
        }
        self.ask_contents(&[entry]);
        let content = self.heard(&self.contents, entry)?;
        names_of(&content).map_err(|error: io::Error| ReadFailure(error.to_string()))
    }

    fn read(&self, entry: usize, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        if let Some(file) = self.file(entry).filter(|file| file.size > limit) {
            let name = String::from_utf8_lossy(file.path.as_bytes());
            return Err(ReadFailure(format!("`{name}` has {} bytes, and {limit} is the limit", file.size)));
        }
        self.ask_contents(&[entry]);
        self.heard(&self.contents, entry)
    }

    fn raw(&self, entry: usize) -> Result<[u8; 20], ReadFailure> {
        if let Some(known) = self.known_name(entry) {
            return Ok(known);
        }
        if let Some(Ok(content)) = lock(&self.contents).get(&entry)
            && let Ok(names) = names_of(content)
        {
            return Ok(names.raw);
        }
        self.ask_names(&[entry]);
        self.heard(&self.names, entry)
    }

    fn sha256(&self, entry: usize, _: u64) -> Result<[u8; 32], ReadFailure> {
        if let Some(known) = self.known_sha256(entry) {
            return Ok(known);
        }
        self.ask_sha256(&[entry]);
        self.heard(&self.sha256, entry)
    }

    fn known(&self, entry: usize) -> Option<[u8; 20]> {
        self.known_name(entry)
    }

    fn is_far(&self) -> bool {
        true
    }

    fn expect(&self, wanted: &Wanted) {
        self.ask_names(&wanted.names);
        self.ask_sha256(&wanted.sha256);
        // Texts that were looked at before are known by both of their names.
        let open =
            |entry: &usize| lock(self.cache).extra(*entry).normalized.is_none() || self.known_name(*entry).is_none();
        let texts = wanted.texts.iter().copied().filter(open);
        self.ask_contents(&wanted.contents.iter().copied().chain(texts).collect::<Vec<_>>());
    }
}
