//! Answers what comparing asks: which contents are equal.

use std::sync::PoisonError;

use rayon::prelude::*;

use crate::collect::Source;
use crate::collect::cache::{Extra, Learned};
use crate::collect::collected::{Backing, Collected, keyed, lock};
use crate::collect::digest::{Answer, Desk, Found, Task};
use crate::collect::errands::{Errand, Errands, Lost, to_read};
use crate::collect::far::Turns;
use crate::collect::fetch::joined;
use crate::collect::steady::{Reading, Trouble};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Content, Counters, Digests, EntryRef, Incident, Question, Snapshot};
use crate::text::Redactor;

/// A thread takes so many questions, or bytes, at a time: neighbours share folders.
pub(super) const BATCH_TASKS: usize = 64;
const BATCH_BYTES: u64 = 4 * 1024 * 1024;

/// So many questions are taken up before answers are noted down: what is under way takes more memory than what is known.
const WAVE: usize = 512 * BATCH_TASKS;

/// From this size on a file is work for all threads, when there are not enough such files for each thread to have its own.
const LARGE: u64 = 16 * 1024 * 1024;

impl Collected<'_> {
    /// Fills in the digests that the questions need, reading as few files as possible.
    ///
    /// Members of a question are read side by side. Afterwards any two members that could be read have a digest under one
    /// algorithm; a member that could not be read, or changed meanwhile, has become [`Content::Unreadable`] with an incident.
    pub fn answer(&mut self, questions: &[Question]) {
        let errands = self.errands(questions);
        self.announce(questions, &errands);
        let is_large = |question: &&Question| {
            question.members.first().and_then(|&at| self.file(at)).is_some_and(|(_, size, _)| size >= LARGE)
        };
        let (large, small): (Vec<&Question>, Vec<&Question>) = questions.iter().partition(is_large);
        let mut waves = small.chunks(WAVE);
        let first = waves.next().unwrap_or_default();
        // Who is far away is asked once about everything, and waited for beside the first wave.
        let this = &*self;
        let far: Vec<_> = errands.iter().collect();
        let turns = Turns::new(&far);
        let ask = |&(&environment, errands): &(&usize, &Vec<Errand>)| this.run_errands(environment, errands);
        let done = std::thread::scope(|scope| {
            let wait = || scope.spawn(|| turns.take().map(ask).collect::<Vec<_>>());
            let away: Vec<_> = (0..turns.threads()).map(|_| wait()).collect();
            let mut done = this.answer_wave(&large, first);
            done.extend(away.into_iter().flat_map(joined));
            done
        });
        let mut lost = Lost::new();
        self.note_all(&done, &mut lost);
        for wave in waves {
            let done = self.answer_wave(&[], wave);
            self.note_all(&done, &mut lost);
        }
        self.tell_lost(&lost);
    }

    /// Answers some questions at once, of which the large ones have large files, as far as their members are here.
    fn answer_wave(&self, large: &[&Question], small: &[&Question]) -> Vec<(Vec<Answer>, Counters)> {
        let tasks = |questions: &[&Question]| -> Vec<Task<'_>> {
            self.pool.install(|| questions.par_iter().filter_map(|question| self.task(question)).collect())
        };
        self.run(&tasks(large), &tasks(small))
    }

    /// Fills in the BLAKE3 digests of these files of one environment, except where they are known.
    ///
    /// An environment that is far away gives the digest that it can compute; one without contents none beyond those that it knows.
    pub fn digest(&mut self, environment: usize, entries: &[usize]) {
        if self.backings[environment].source.as_deref().is_some_and(|source| !source.has_contents()) {
            return;
        }
        if self.is_far(environment) {
            let alone = |&entry: &usize| Question { members: vec![EntryRef { environment, entry }] };
            return self.answer(&entries.iter().map(alone).collect::<Vec<_>>());
        }
        let mut lost = Lost::new();
        for wave in entries.chunks(WAVE) {
            let task = |&entry: &usize| {
                let at = EntryRef { environment, entry };
                let (path, size, known) = self.file(at)?;
                let algorithms = Algorithms { blake3: true, ..Algorithms::default() };
                known.blake3.is_none().then(|| Task { size, algorithms, members: vec![(at, path)] })
            };
            let (large, small): (Vec<Task<'_>>, Vec<Task<'_>>) =
                wave.iter().filter_map(task).partition(|task| task.size >= LARGE);
            for task in large.iter().chain(&small) {
                self.watch.expects(environment, 1, task.size);
            }
            let done = self.run(&large, &small);
            self.note_all(&done, &mut lost);
        }
    }

    fn run(&self, large: &[Task<'_>], small: &[Task<'_>]) -> Vec<(Vec<Answer>, Counters)> {
        self.prepare(large.iter().chain(small).flat_map(|task| task.members.iter().copied()));
        let sources: Vec<Option<&dyn Source>> = self.backings.iter().map(|backing| backing.source.as_deref()).collect();
        let wide = large.len() < self.pool.current_num_threads();
        let watch = self.watch;
        let work = |tasks: &[Task<'_>], wide: bool| {
            let mut desk = Desk::new(&sources, watch, wide);
            for task in tasks {
                desk.digest(task);
            }
            (desk.answers, desk.counters)
        };
        let batches: Vec<&[Task<'_>]> = batches(small);
        self.pool.install(|| {
            let large = large.par_chunks(1).map(|tasks| work(tasks, wide));
            let small = batches.par_iter().with_max_len(1).map(|tasks| work(tasks, false));
            large.chain(small).collect()
        })
    }

    fn note_all(&mut self, done: &[(Vec<Answer>, Counters)], lost: &mut Lost) {
        for (_, counters) in done {
            self.count(*counters);
        }
        let redactor = self.knows_keyed.then_some(&self.redactor);
        let (now, snapshots, backings) = (self.now, &mut self.snapshots, &mut self.backings);
        let noted: Vec<Lost> = self.pool.install(|| {
            let each = snapshots.par_iter_mut().zip(backings).enumerate().with_max_len(1);
            let note = |(environment, (snapshot, backing))| {
                let is_here = |&(&(at, _), _): &(&(usize, String), &_)| at == environment;
                let known = lost.iter().filter(is_here).map(|(key, count)| (key.clone(), *count)).collect();
                let mut notes = Notes { environment, snapshot, backing, now, redactor, lost: known };
                for (at, result) in done.iter().flat_map(|(answers, _)| answers) {
                    if at.environment == environment {
                        notes.note(at.entry, result);
                    }
                }
                notes.lost
            };
            each.map(note).collect()
        });
        lost.extend(noted.into_iter().flatten());
    }

    /// Tells sources which files are about to be read.
    pub(super) fn prepare<'p>(&'p self, files: impl Iterator<Item = (EntryRef, &'p TreePath)>) {
        let mut paths: Vec<Vec<&TreePath>> = vec![Vec::new(); self.backings.len()];
        for (at, path) in files {
            paths[at.environment].push(path);
        }
        for (backing, paths) in self.backings.iter().zip(paths) {
            if let (Some(source), false) = (&backing.source, paths.is_empty()) {
                source.prepare(&paths);
            }
        }
    }

    /// What must be read here to answer a question.
    fn task(&self, question: &Question) -> Option<Task<'_>> {
        let files = self.files(question);
        let (_, (_, size, _)) = *files.first()?;
        let chosen = self.choose(&files);
        let is_asked = |(at, (.., known)): &(EntryRef, (_, _, Digests))| {
            !chosen.without(Algorithms::known(known)).is_empty() && !self.is_far(at.environment)
        };
        let members: Vec<_> = files.into_iter().filter(is_asked).map(|(at, (path, ..))| (at, path)).collect();
        // Here the usual digest comes out of the same reading, and need not be asked for again by those who know no other.
        let blake3 = Algorithms { blake3: chosen.sha256, ..Algorithms::default() };
        (!members.is_empty()).then_some(Task { size, algorithms: to_read(chosen).with(blake3), members })
    }

    fn announce(&self, questions: &[Question], errands: &Errands) {
        if !self.watch.is_seen() {
            return;
        }
        let nothing = || vec![(0, 0); self.snapshots.len()];
        let expected: Vec<(u64, u64)> = self.pool.install(|| {
            let tasks = questions.par_iter().filter_map(|question| self.task(question));
            let added = |mut sum: Vec<(u64, u64)>, task: Task<'_>| {
                for (at, _) in &task.members {
                    sum[at.environment].0 += 1;
                    sum[at.environment].1 += task.size;
                }
                sum
            };
            let joined = |a: Vec<(u64, u64)>, b: Vec<(u64, u64)>| {
                a.into_iter()
                    .zip(b)
                    .map(|((files, bytes), (more, more_bytes))| (files + more, bytes + more_bytes))
                    .collect()
            };
            tasks.fold(nothing, added).reduce(nothing, joined)
        });
        for (environment, (files, bytes)) in expected.into_iter().enumerate().filter(|(_, (files, _))| *files > 0) {
            self.watch.expects(environment, files, bytes);
        }
        for (&environment, errands) in errands {
            let bytes = errands.iter().map(|errand| errand.size).sum();
            self.watch.expects(environment, errands.len() as u64, bytes);
        }
    }

    pub(super) fn learn<T>(&mut self, at: EntryRef, reading: &Reading<T>, digests: Digests, extra: Extra) {
        let learned = Learned { stamp: reading.stamp, began: reading.began, digests, extra, now: self.now };
        lock(&self.backings[at.environment].cache).learn(at.entry, &learned);
    }
}

/// Takes down what came of one environment's files.
struct Notes<'a> {
    environment: usize,
    snapshot: &'a mut Snapshot,
    backing: &'a mut Backing,
    now: i64,
    /// Makes the keyed digests that somebody needs.
    redactor: Option<&'a Redactor>,
    lost: Lost,
}

impl Notes<'_> {
    /// Files that were lost together have one incident; how many they are is kept in `lost`.
    fn note(&mut self, at: usize, result: &Result<Reading<Found>, Trouble>) {
        let Self { environment, snapshot, backing, now, redactor, lost } = self;
        match result {
            Err(trouble) => {
                let incident = match trouble {
                    Trouble::Lost(why) => {
                        let key = (*environment, why.clone());
                        let known = lost.get(&key).map(|(incident, _)| *incident);
                        let incident = known.unwrap_or_else(|| {
                            let incident = trouble.incident(&snapshot.entries[at].path);
                            snapshot.add_incident(Incident { path: None, ..incident })
                        });
                        lost.entry(key).or_insert((incident, 0)).1 += 1;
                        incident
                    }
                    _ => snapshot.add_incident(trouble.incident(&snapshot.entries[at].path)),
                };
                snapshot.entries[at].content = Content::Unreadable { incident, folder: false };
            }
            Ok(reading) => {
                let entry = &mut snapshot.entries[at];
                let Content::File(file) = &mut entry.content else { return };
                let cache = backing.cache.get_mut().unwrap_or_else(PoisonError::into_inner);
                if let Some(stamp) = reading.stamp
                    && backing.stamps[at] != Some(stamp)
                {
                    // It was written anew since it was listed, to the same size: what was read is a state as good as the listed one.
                    backing.stamps[at] = Some(stamp);
                    entry.attributes.modified = stamp.modified;
                    file.digests = Digests::default();
                    cache.drop_entry(at);
                }
                let Found { digests, ref text } = reading.value;
                file.digests.merge(digests);
                if let Some(redactor) = redactor {
                    keyed(redactor, &mut file.digests);
                }
                let extra = Extra { fold: text.as_deref().copied(), ..Extra::default() };
                // The entry has the digests.
                let digests = Digests::default();
                cache.learn(at, &Learned { stamp: reading.stamp, began: reading.began, digests, extra, now: *now });
            }
        }
    }
}

/// Cuts tasks into runs of neighbours.
fn batches<'t, 'a>(tasks: &'t [Task<'a>]) -> Vec<&'t [Task<'a>]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, task) in tasks.iter().enumerate() {
        bytes += task.size * task.members.len() as u64;
        if bytes >= BATCH_BYTES || at + 1 - start >= BATCH_TASKS || at + 1 == tasks.len() {
            batches.push(&tasks[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    batches
}
