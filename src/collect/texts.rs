//! What is left of texts that differ when they are folded.
//!
//! A text far away is not fetched for this if its own machine can say enough: what folding leaves of it, or that there is nothing to fold
//! away. Two texts of which folding leaves every byte differ as much folded as before.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::collect::answer::BATCH_TASKS;
use crate::collect::cache::{Extra, Folded};
use crate::collect::collected::{Collected, lock};
use crate::collect::far::{Each, Far, FarFile, FarFold};
use crate::collect::steady::{Reading, Trouble};
use crate::collect::{SourceReader, fold};
use crate::snapshot::{Counters, Digests, EntryRef, TextFold, TextFolds, TextQuestion};

/// What came of folding one file.
type Folding = Result<Reading<Folded>, Trouble>;

type Folds = BTreeMap<EntryRef, Folded>;

impl Collected<'_> {
    /// Folds the texts among these files as far as the questions are open without it; each is read at most once, all at once on all threads.
    ///
    /// Costs two round trips for each environment that is far away, whatever is asked: one for what its own machine says of the texts,
    /// and one for the contents of those of which that is not enough.
    pub fn fold(&mut self, questions: &[TextQuestion]) -> TextFolds {
        let mut folds = self.known_folds(questions);
        let here: Vec<(EntryRef, u64)> = open(questions, &folds, |at| !self.is_far(at.environment) && self.is_text(at))
            .into_iter()
            .filter_map(|at| Some((at, self.file(at)?.1)))
            .collect();
        let read = self.read_folds(&here);
        self.keep_folds(read, &mut folds);
        let told = self.told_folds(&self.to_ask(questions, &folds));
        self.keep_folds(told, &mut folds);
        let wanted: Vec<EntryRef> = open(questions, &folds, |at| self.is_away(at)).into_iter().collect();
        let mut fetched: Vec<(EntryRef, Folding)> = Vec::new();
        self.fetch(&wanted, &mut |at, reading| {
            let Reading { value, stamp, began } = reading;
            fetched.push((at, Ok(Reading { value: fold::fold(value), stamp: *stamp, began: *began })));
        });
        self.keep_folds(fetched, &mut folds);
        folds.into_iter().filter_map(|(at, fold)| Some((at, fold.text()?))).collect()
    }

    fn is_away(&self, at: EntryRef) -> bool {
        self.is_far(at.environment) && self.is_text(at)
    }

    /// Of which texts those far away are asked to say something.
    fn to_ask(&self, questions: &[TextQuestion], folds: &Folds) -> Vec<EntryRef> {
        // Whoever says of a text alone that there may be something to fold away has said nothing.
        let (alone, compared): (Vec<&TextQuestion>, Vec<&TextQuestion>) =
            questions.iter().partition(|question| question.members.len() == 1);
        let folds_all = |at: EntryRef| self.far(at.environment).is_some_and(Far::folds_all);
        let mut asked = open(compared, folds, |at| self.is_away(at));
        asked.extend(open(alone, folds, |at| self.is_away(at) && folds_all(at)));
        asked.into_iter().filter(|at| !folds.contains_key(at)).collect()
    }

    /// What is known of the files without asking anybody.
    fn known_folds(&self, questions: &[TextQuestion]) -> Folds {
        let wanted: BTreeSet<EntryRef> =
            questions.iter().flat_map(|question| question.members.iter().copied()).collect();
        let known = |at: EntryRef| {
            let (path, size, _) = self.file(at)?;
            let backing = &self.backings[at.environment];
            if size == 0 {
                return Some(fold::fold(b""));
            }
            let cached = lock(&backing.cache).extra(at.entry).fold;
            let stored = || Some(Folded::Text(backing.source.as_ref()?.known_fold(path)?));
            let held = || Some(fold::fold(lock(&backing.held).content(at.entry)?));
            cached.filter(|fold| *fold != Folded::Whole).or_else(stored).or_else(held).or(cached)
        };
        wanted.into_iter().filter_map(|at| Some((at, known(at)?))).collect()
    }

    /// Whether it may be a text of which more is to be known: sensitive ones stay where they are.
    fn is_text(&self, at: EntryRef) -> bool {
        self.file(at).is_some_and(|(path, size, _)| {
            size <= fold::LIMIT && !(self.is_far(at.environment) && self.redactor.is_sensitive(path))
        })
    }

    fn read_folds(&self, files: &[(EntryRef, u64)]) -> Vec<(EntryRef, Folding)> {
        for &(at, size) in files {
            self.watch.expects(at.environment, 1, size);
        }
        self.prepare(files.iter().filter_map(|&(at, _)| Some((at, self.file(at)?.0))));
        let read: Vec<Vec<(EntryRef, Folding)>> =
            self.pool.install(|| files.par_chunks(BATCH_TASKS).map(|files| self.fold_neighbours(files)).collect());
        read.into_iter().flatten().collect()
    }

    /// What those far away say of their texts.
    fn told_folds(&self, files: &[EntryRef]) -> Vec<(EntryRef, Folding)> {
        let mut told = Vec::new();
        let ask = |far: &dyn Far, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, FarFold>| {
            far.folds(files, counters, each);
        };
        self.ask_far(files, &ask, &mut |at, result| {
            let Ok(Reading { value, stamp, began }) = result else { return };
            let value = match value {
                FarFold::Binary => Folded::Binary,
                FarFold::Text(fold) => Folded::Text(fold),
                FarFold::Whole => Folded::Whole,
                FarFold::Foldable => return,
            };
            if stamp == self.backings[at.environment].stamps[at.entry] {
                told.push((at, Ok(Reading { value, stamp, began })));
            }
        });
        told
    }

    /// Takes down what was found out, for this run and the next.
    fn keep_folds(&mut self, found: Vec<(EntryRef, Folding)>, folds: &mut Folds) {
        for (at, reading) in found {
            let Ok(reading) = reading else { continue };
            folds.insert(at, reading.value);
            let extra = Extra { fold: Some(reading.value), ..Extra::default() };
            self.learn(at, &reading, Digests::default(), extra);
        }
    }

    /// Reads files one after the other, keeping folders open between them.
    fn fold_neighbours(&self, files: &[(EntryRef, u64)]) -> Vec<(EntryRef, Folding)> {
        let mut counters = Counters::default();
        let mut readers: BTreeMap<usize, Box<dyn SourceReader + '_>> = BTreeMap::new();
        let mut buffer = Vec::new();
        let mut folded = Vec::with_capacity(files.len());
        for &(at, size) in files {
            let Some(source) = &self.backings[at.environment].source else { continue };
            let reader = readers.entry(at.environment).or_insert_with(|| source.reader());
            let reading = self.read_listed_by(&mut **reader, at, &mut counters, |open, counters| {
                buffer.resize(buffer.len().max(size as usize), 0);
                let content = &mut buffer[..size as usize];
                open.read_exact(content)?;
                counters.bytes_read += size;
                Ok(fold::fold(content))
            });
            self.watch.read(at.environment, 1, size);
            folded.push((at, reading));
        }
        self.count(counters);
        folded
    }
}

/// Members of questions that are open, of which more can be known.
fn open<'q>(
    questions: impl IntoIterator<Item = &'q TextQuestion>,
    folds: &Folds,
    can_be_known: impl Fn(EntryRef) -> bool,
) -> BTreeSet<EntryRef> {
    let is_missing = |at: EntryRef| !matches!(folds.get(&at), Some(Folded::Binary | Folded::Text(_)));
    let questions = questions.into_iter().filter(|question| is_open(question, folds));
    let members = questions.flat_map(|question| question.members.iter().copied());
    members.filter(|&at| is_missing(at) && can_be_known(at)).collect()
}

/// Whether its texts may still turn out to be equal when they are folded.
fn is_open(question: &TextQuestion, folds: &Folds) -> bool {
    let mut whole = 0;
    let mut trimmed = None;
    for member in &question.members {
        match folds.get(member) {
            None => {}
            Some(Folded::Binary) => return false,
            Some(Folded::Whole) => whole += 1,
            Some(Folded::Text(fold)) => {
                whole += usize::from(is_whole(fold));
                // What differs without blanks differs with them.
                if *trimmed.get_or_insert(fold.trimmed) != fold.trimmed {
                    return false;
                }
            }
        }
    }
    whole < 2
}

/// Whether folding left every byte.
fn is_whole(fold: &TextFold) -> bool {
    !fold.has_bom && !fold.has_crlf && fold.plain == fold.trimmed
}
