//! Collects all environments in parallel: lists, takes what earlier runs know, judges checkouts.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::collect::blob::FileHasher;
use crate::collect::blob_far::FarHasher;
use crate::collect::cache::{Cache, Extra, Files, Learned};
use crate::collect::collected::{Backing, Collected, not_kept};
use crate::collect::conclusions::Conclusions;
use crate::collect::facts::Facts;
use crate::collect::far::{Far, FarFile, Turns};
use crate::collect::fetch::joined;
use crate::collect::git::{self, FarCheckout, GitHistory};
use crate::collect::remote::{self, RemoteFolder};
use crate::collect::steady::{Reading, Trouble};
use crate::collect::walk::in_words;
use crate::collect::{
    Archive, CollectError, CollectPlan, Filter, GitReference, Listing, LocalFolder, Source, StoredSnapshot, Watch,
    digest, state, steady,
};
use crate::config::{Environment, SourceSpec};
use crate::snapshot::{Algorithms, Content, Counters, Digests, Entry, File, Incident, IncidentKind, Snapshot};

/// Lists all environments of the plan, in parallel, on a pool of its own.
///
/// An environment that cannot be read becomes a snapshot that says so ([`Snapshot::unread`]), and the others go on. Files are not
/// opened here, but for a sample of old records of the hash cache and for what judging a checkout needs. Must not be called from
/// inside another rayon pool.
///
/// # Errors
/// [`CollectError::MapCollision`] and [`CollectError::Threads`]: the plan itself is at fault.
pub fn collect<'w>(plan: &CollectPlan<'_>, watch: &'w dyn Watch) -> Result<Collected<'w>, CollectError> {
    let pool = pool(plan)?;
    let filter = Filter::new(plan.ignore);
    let mut notes = Vec::new();
    let usable = plan.state_dir.filter(|folder| match state::prepare(folder) {
        Ok(()) => true,
        Err(error) => {
            notes.push(not_kept(folder, &error));
            false
        }
    });
    let plan = &CollectPlan { state_dir: usable, ..*plan };
    let began = steady::clock();
    let looking = Looking { plan, filter: &filter, pool: &pool, watch };
    let gathered = everywhere(plan, &pool, &|number, environment| looking.gather(number, environment));
    let mut collected = Collected::new(pool, filter, watch, plan);
    collected.notes = Mutex::new(notes);
    collected.state = plan.state_dir.map(Path::to_owned).unwrap_or_default();
    collected.began = began;
    for gathered in gathered {
        let Gathered { snapshot, backing, history, counters } = gathered?;
        collected.add(snapshot, backing, history, counters);
    }
    let identities: Vec<Vec<u8>> = collected.sources().map(Source::identity).collect();
    collected.know_keyed();
    collected.facts = Mutex::new(Facts::load(plan.state_dir, &identities));
    collected.conclusions = Conclusions::new(plan.state_dir, &identities, plan.rehash);
    Ok(collected)
}

/// The threads that list and hash.
pub(super) fn pool(plan: &CollectPlan<'_>) -> Result<rayon::ThreadPool, CollectError> {
    let threads = plan.threads.map_or(0, std::num::NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("collect-{number}"))
        .build()
        .map_err(|source| CollectError::Threads { threads, source })
}

/// Does something with each environment of the plan, and gives what came of it in their order. Those of this machine are worked on in the
/// pool; those far away are waited for, which is no work for it.
pub(super) fn everywhere<T: Send>(
    plan: &CollectPlan<'_>,
    pool: &rayon::ThreadPool,
    each: &(dyn Fn(usize, &Environment) -> T + Sync),
) -> Vec<T> {
    let all = plan.environments.iter().enumerate();
    let (far, near): (Vec<_>, Vec<_>) = all.partition(|(_, environment)| is_far(environment));
    let one = |&(number, environment): &(usize, &Environment)| (number, each(number, environment));
    let turns = Turns::new(&far);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let wait = || scope.spawn(|| turns.take().map(one).collect::<Vec<_>>());
        let waiting: Vec<_> = (0..turns.threads()).map(|_| wait()).collect();
        let mut done: Vec<_> = pool.install(|| near.par_iter().with_max_len(1).map(one).collect());
        done.extend(waiting.into_iter().flat_map(|waiting| joined(waiting)));
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, done)| done).collect()
}

/// What is known of an environment that could be read, be it in part.
pub(super) struct Gathered {
    pub(super) snapshot: Snapshot,
    pub(super) backing: Backing,
    history: Option<GitHistory>,
    counters: Counters,
}

/// How every environment of a plan is looked at.
#[derive(Clone, Copy)]
pub(super) struct Looking<'a> {
    pub(super) plan: &'a CollectPlan<'a>,
    pub(super) filter: &'a Filter,
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) watch: &'a dyn Watch,
}

impl Looking<'_> {
    /// An environment that cannot be read becomes a snapshot that says so.
    fn gather(&self, number: usize, environment: &Environment) -> Result<Gathered, CollectError> {
        match self.look(number, environment) {
            Err(error @ (CollectError::MapCollision { .. } | CollectError::Threads { .. })) => Err(error),
            Err(error) => Ok(unread(environment, &error)),
            gathered => gathered,
        }
    }

    /// Lists an environment, takes what earlier runs know, judges a checkout. To be called in the pool.
    ///
    /// # Errors
    /// Why nothing can be said about it.
    pub(super) fn look(&self, number: usize, environment: &Environment) -> Result<Gathered, CollectError> {
        let Self { plan, filter, pool, watch } = *self;
        let watch = Numbered { watch, environment: number };
        let listed = open(environment, plan).and_then(|(source, history)| {
            let listing = source.list(filter, &watch)?;
            Ok((source, history, listing))
        });
        watch.listing_ended(0);
        let (source, mut history, mut listing) = listed?;
        let nothing = digest::of_nothing();
        for entry in &mut listing.snapshot.entries {
            if let Content::File(File { size: 0, digests }) = &mut entry.content {
                *digests = nothing;
            }
        }
        let files = Files { entries: &listing.snapshot.entries, stamps: &listing.stamps, map: &environment.map };
        let (mut cache, note) = Cache::load(plan.state_dir, source.identity(), files, plan.rehash);
        let mut notes: Vec<Incident> =
            note.map(|why| left_aside(&format!("the hash cache {why}"))).into_iter().collect();
        if listing.snapshot.entries.is_empty() && listing.snapshot.incidents.is_empty() {
            notes.push(empty());
        }
        let mut counters = listing.counters;
        notes.extend(check(&mut cache, &*source, &listing, plan, &mut counters));
        for (at, entry) in listing.snapshot.entries.iter_mut().enumerate() {
            let known = cache.digests(at);
            if let Content::File(file) = &mut entry.content
                && known != Digests::default()
            {
                file.digests.merge(known);
                counters.digests_reused += 1;
            }
        }
        listing.snapshot.incidents.extend(notes);
        let work = Mutex::new(counters);
        let mut cache = Mutex::new(cache);
        let judgement = match &environment.source {
            SourceSpec::Folder { path } => {
                let hasher = FileHasher {
                    source: &*source,
                    listing: &listing,
                    cache: &cache,
                    work: &work,
                    now: plan.now.seconds,
                };
                Some(git::judge(path, &environment.map, filter, &listing, &hasher))
            }
            SourceSpec::Ssh { depth, .. } | SourceSpec::Exec { depth, .. } => source.far().map(|far| {
                let hasher = FarHasher::new(far, &listing, &cache, &work, plan);
                git::judge_far(&FarCheckout {
                    git: far.git(),
                    map: &environment.map,
                    filter,
                    listing: &listing,
                    hasher: &hasher,
                    pool,
                    state: plan.state_dir,
                    identity: &source.identity(),
                    depth: *depth,
                    redactor: plan.redactor,
                    work: &work,
                })
            }),
            SourceSpec::Git { .. } | SourceSpec::Archive { .. } | SourceSpec::Snapshot { .. } => None,
        };
        let mut counters = work.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Listing { mut snapshot, stamps, .. } = listing;
        let known = cache.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(judgement) = judgement {
            counters.digests_reused += vouch(&mut snapshot, &judgement.known);
            snapshot.git = judgement.state;
            snapshot.incidents.extend(judgement.incidents);
            history = judgement.history;
            // Files that had to be read to be judged are known from then on.
            for (at, entry) in snapshot.entries.iter_mut().enumerate() {
                if let Content::File(file) = &mut entry.content {
                    file.digests.merge(known.digests(at));
                }
            }
        }
        known.hand_over();
        let map = environment.map.clone();
        let backing = Backing { source: Some(source), stamps, cache, map, ..Backing::default() };
        Ok(Gathered { snapshot, backing, history, counters })
    }
}

fn is_far(environment: &Environment) -> bool {
    matches!(environment.source, SourceSpec::Ssh { .. } | SourceSpec::Exec { .. })
}

fn open(
    environment: &Environment,
    plan: &CollectPlan<'_>,
) -> Result<(Box<dyn Source>, Option<GitHistory>), CollectError> {
    match &environment.source {
        SourceSpec::Folder { path } => Ok((Box::new(LocalFolder::open(environment, path)?), None)),
        SourceSpec::Git { repository, reference } => {
            let source = GitReference::open(environment, repository, reference)?;
            let history = source.history();
            Ok((Box::new(source), Some(history)))
        }
        SourceSpec::Archive { path, strip } => {
            let source = Archive::open(environment.name.clone(), path, *strip, environment.map.clone())?;
            let source = source.remembered(plan.state_dir, plan.rehash, plan.redactor);
            Ok((Box::new(source), None))
        }
        SourceSpec::Snapshot { path } => {
            let source = StoredSnapshot::open(environment.name.clone(), path, environment.map.clone(), plan.redactor)?;
            Ok((Box::new(source), None))
        }
        SourceSpec::Ssh { .. } | SourceSpec::Exec { .. } => Ok((Box::new(RemoteFolder::new(environment, plan)?), None)),
    }
}

/// Takes the blob names that an index vouches for; gives how many were not known.
fn vouch(snapshot: &mut Snapshot, known: &[(usize, [u8; 20])]) -> u64 {
    let mut new = 0;
    for &(at, id) in known {
        if let Content::File(file) = &mut snapshot.entries[at].content
            && file.digests.git_blob.replace(id).is_none()
        {
            new += 1;
        }
    }
    new
}

/// Reads some files again that the cache has known for long. One that is not what the cache says condemns the whole cache.
fn check(
    cache: &mut Cache,
    source: &dyn Source,
    listing: &Listing,
    plan: &CollectPlan<'_>,
    counters: &mut Counters,
) -> Option<Incident> {
    if source.is_one_file() {
        return None;
    }
    let entries = &listing.snapshot.entries;
    let sample = cache.sample(plan.now.seconds, entries);
    let readings = match source.far() {
        Some(far) => sample_far(far, &sample, cache, listing, counters),
        None => sample_near(source, &sample, cache, entries, counters),
    };
    for (at, reading) in readings {
        let path = &entries[at].path;
        let known = cache.digests(at);
        counters.cache_checked += 1;
        // What changes just now, or cannot be read, says nothing about the cache.
        let Ok(reading) = reading else { continue };
        if reading.stamp != listing.stamps[at] {
            continue;
        }
        if reading.value.same(&known) == Some(false) {
            cache.forget();
            let name = String::from_utf8_lossy(path.as_bytes());
            return Some(left_aside(&format!(
                "the hash cache is wrong about `{name}`, though its times are unchanged,"
            )));
        }
        cache.learn(
            at,
            &Learned {
                stamp: reading.stamp,
                began: reading.began,
                digests: reading.value,
                extra: Extra::default(),
                now: plan.now.seconds,
            },
        );
    }
    None
}

/// A folder into which nothing was mounted or deployed looks like this, and everything is absent in it.
fn empty() -> Incident {
    Incident {
        path: None,
        kind: IncidentKind::Note,
        message: "there is nothing in it that is not ignored".to_owned(),
        hint: Some("check that the right folder is named, and that it is mounted".to_owned()),
    }
}

type Sampled = Vec<(usize, Result<Reading<Digests>, Trouble>)>;

fn sample_near(
    source: &dyn Source,
    sample: &[usize],
    cache: &Cache,
    entries: &[Entry],
    counters: &mut Counters,
) -> Sampled {
    let mut reader = source.reader();
    let mut buffer = vec![0; 128 * 1024];
    let mut read = |at: usize| {
        let (Content::File(file), path) = (&entries[at].content, &entries[at].path) else { return None };
        let wanted = Algorithms::known(&cache.digests(at));
        let reading = steady::steadily(&mut *reader, path, file.size, counters, |open, counters| {
            digest::digest_one(open, file.size, wanted, &mut buffer, counters)
        });
        Some((at, reading))
    };
    sample.iter().filter_map(|&at| read(at)).collect()
}

/// In one round trip, under the algorithm that most of the sample is known under there.
fn sample_far(far: &dyn Far, sample: &[usize], cache: &Cache, listing: &Listing, counters: &mut Counters) -> Sampled {
    let by = |wanted: Algorithms| -> Vec<usize> {
        let is_known = |at: &&usize| wanted.without(Algorithms::known(&cache.digests(**at))).is_empty();
        sample.iter().filter(is_known).copied().collect()
    };
    let computes = far.computes();
    let blake3 = Algorithms { blake3: computes.blake3, ..Algorithms::default() };
    let sha256 = Algorithms { sha256: computes.sha256, ..Algorithms::default() };
    let git_blob = Algorithms { git_blob: computes.git_blob, ..Algorithms::default() };
    let algorithms = [blake3, sha256, git_blob].into_iter().filter(|algorithm| !algorithm.is_empty());
    let Some((wanted, chosen)) = algorithms.map(|wanted| (wanted, by(wanted))).max_by_key(|(_, chosen)| chosen.len())
    else {
        return Vec::new();
    };
    let file = |&at: &usize| {
        let entry = &listing.snapshot.entries[at];
        let size = if let Content::File(file) = entry.content { file.size } else { 0 };
        FarFile { path: &entry.path, size, listed: listing.stamps[at] }
    };
    let files: Vec<FarFile<'_>> = chosen.iter().map(file).collect();
    let mut sampled = Vec::new();
    if !files.is_empty() {
        far.digests(&files, wanted, counters, &mut |place, reading| sampled.push((chosen[place], reading)));
        sampled.sort_by_key(|(at, _)| *at);
    }
    sampled
}

fn left_aside(what: &str) -> Incident {
    Incident {
        path: None,
        kind: IncidentKind::Note,
        message: format!("{what} and was left aside; files are read again"),
        hint: None,
    }
}

fn unread(environment: &Environment, error: &CollectError) -> Gathered {
    let (origin, message, hint) = error_in_words(environment, error);
    Gathered {
        snapshot: Snapshot::unread(environment.name.clone(), origin, message, hint),
        backing: Backing::default(),
        history: None,
        counters: Counters::default(),
    }
}

/// Where it was tried, what failed and why, and what to do about it.
pub(super) fn error_in_words(environment: &Environment, error: &CollectError) -> (String, String, Option<String>) {
    match (&environment.source, error) {
        (_, CollectError::Root { path, source }) => {
            let origin = path.to_string_lossy().into_owned();
            let (message, hint) = root_in_words(path, &origin, source);
            (origin, message, hint.map(str::to_owned))
        }
        (SourceSpec::Git { repository, reference }, CollectError::Repository { act, source }) => {
            (format!("git:{}@{reference}", repository.to_string_lossy()), format!("{act}: {}", source.message()), None)
        }
        (_, CollectError::Stored { path, message, hint }) => {
            (path.to_string_lossy().into_owned(), message.clone(), hint.clone())
        }
        (spec, CollectError::Remote { message, hint, .. }) => (remote::origin(spec), message.clone(), hint.clone()),
        (_, error) => (String::new(), error.to_string(), None),
    }
}

fn root_in_words(path: &Path, name: &str, error: &io::Error) -> (String, Option<&'static str>) {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let is_link = path.symlink_metadata().is_ok();
            let what = if is_link { "is a link to something that is not there" } else { "is not there" };
            (format!("`{name}` {what}"), Some("correct the path"))
        }
        io::ErrorKind::NotADirectory if path.metadata().is_ok_and(|there| there.is_file()) => {
            (format!("`{name}` is a file, not a folder"), Some("name the folder to compare"))
        }
        io::ErrorKind::NotADirectory => (format!("`{name}` is not a folder"), Some("name the folder to compare")),
        io::ErrorKind::PermissionDenied => {
            (format!("cannot read `{name}`: permission denied"), Some("run as a user who may read it"))
        }
        _ => (format!("cannot read `{name}`: {}", in_words(error)), None),
    }
}

/// Sources count their own environment as number 0.
struct Numbered<'w> {
    watch: &'w dyn Watch,
    environment: usize,
}

impl Watch for Numbered<'_> {
    fn listed(&self, _: usize, entries: u64) {
        self.watch.listed(self.environment, entries);
    }
    fn listing_ended(&self, _: usize) {
        self.watch.listing_ended(self.environment);
    }
    fn expects(&self, _: usize, files: u64, bytes: u64) {
        self.watch.expects(self.environment, files, bytes);
    }
    fn read(&self, _: usize, files: u64, bytes: u64) {
        self.watch.read(self.environment, files, bytes);
    }
    fn is_seen(&self) -> bool {
        self.watch.is_seen()
    }
}
