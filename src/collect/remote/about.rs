//! What is asked about many files at once.

use std::time::Duration;

use super::listing;
use super::records::{Before, Capabilities, Records, Refusal, Stop, Told, digest, fold};
use super::runner::Running;
use super::script::Mode;
use super::source::{Answer, RemoteFolder};
use crate::collect::far::{Each, Far, FarFile, FarFold, FarGit, Tools};
use crate::collect::steady::{Reading, Trouble};
use crate::snapshot::{Algorithms, Counters, Digests};

/// A far side that reads more slowly than this, in bytes per second, is taken for one that hangs.
const SLOWEST: u64 = 4 << 20;

/// Reads what is told of these files.
pub(super) type Read<'a, T> =
    &'a dyn Fn(&mut Records<Running>, &[FarFile<'_>], &mut dyn FnMut(Told<T>)) -> Result<i32, Stop>;

impl RemoteFolder {
    /// Asks about files in one round trip, and in a second one about those that are not as they were listed any more.
    pub(super) fn about<T>(
        &self,
        mode: Mode<'_>,
        files: &[FarFile<'_>],
        counters: &mut Counters,
        read: Read<'_, T>,
        each: Each<'_, T>,
    ) {
        let mut left: Vec<usize> = (0..files.len()).collect();
        for is_last in [false, true] {
            if left.is_empty() {
                return;
            }
            let asked: Vec<FarFile<'_>> = left.iter().map(|&at| files[at]).collect();
            let mut told = 0;
            let mut changed = Vec::new();
            let mut held = Vec::new();
            let mut far_files_read = 0;
            let looks_twice = is_last || asked.iter().any(|file| file.listed.is_none());
            let fault = self
                .ask_in_turn(mode, &asked, looks_twice, self.patience() + time_for(&asked, mode.batch()), counters)
                .and_then(|Answer { mut records, capabilities, .. }| {
                    let outcome = records.ready().and_then(|()| {
                        records.input().go();
                        read(&mut records, &asked, &mut |one| {
                            let Some(file) = asked.get(told) else { return };
                            far_files_read += u64::from(one.value.is_ok());
                            match judge(one, file, looks_twice, &capabilities) {
                                Err(Trouble::Changed) if !is_last => changed.push(left[told]),
                                // Contents are handed on at once: all of them would take too much room.
                                result if matches!(mode, Mode::Contents) => each(left[told], result),
                                result => held.push((left[told], result)),
                            }
                            told += 1;
                        })
                    });
                    let ended = self.leave(records, outcome.is_ok(), counters);
                    // Something is missing, and nobody knows before which answer.
                    if matches!(outcome, Err(Stop::Miscounted { .. })) && !matches!(mode, Mode::Contents) {
                        (told, held) = (0, Vec::new());
                        changed.clear();
                    }
                    outcome.map(drop).map_err(|stop| self.fault(&stop, &ended, None))
                })
                .err();
            for (at, result) in held {
                each(at, result);
            }
            counters.far_files_read += far_files_read;
            let why = fault.map_or_else(|| "nothing was said about it".to_owned(), |fault| fault.message);
            for &at in left.iter().skip(told) {
                each(at, Err(Trouble::Lost(why.clone())));
            }
            left = changed;
        }
    }

    fn digests_by<const N: usize>(
        &self,
        algorithm: &'static str,
        files: &[FarFile<'_>],
        counters: &mut Counters,
        digests: &dyn Fn([u8; N]) -> Digests,
        each: Each<'_, Digests>,
    ) {
        let read = |records: &mut Records<Running>, _: &[FarFile<'_>], each: &mut dyn FnMut(Told<[u8; N]>)| {
            records.lines(b"D", digest, each)
        };
        self.about(Mode::Digest { algorithm }, files, counters, &read, &mut |at, result| {
            let result = result.map(|Reading { value, stamp, began }| Reading { value: digests(value), stamp, began });
            each(at, result);
        });
    }
}

impl Far for RemoteFolder {
    fn computes(&self) -> Algorithms {
        let usable = self.met().filter(|met| met.batches);
        usable.map(|met| met.tools().digests).unwrap_or_default()
    }

    fn tools(&self) -> Option<Tools> {
        self.met().map(Capabilities::tools)
    }

    fn digests(&self, files: &[FarFile<'_>], wanted: Algorithms, counters: &mut Counters, each: Each<'_, Digests>) {
        let none = Digests::default();
        match wanted {
            Algorithms { blake3: true, .. } if self.computes().blake3 => {
                self.digests_by("blake3", files, counters, &|digest| Digests { blake3: Some(digest), ..none }, each);
            }
            Algorithms { git_blob: true, .. } if self.computes().git_blob => {
                self.digests_by("git", files, counters, &|digest| Digests { git_blob: Some(digest), ..none }, each);
            }
            _ => self.digests_by("sha256", files, counters, &|digest| Digests { sha256: Some(digest), ..none }, each),
        }
    }

    fn folds_all(&self) -> bool {
        self.met().is_some_and(Capabilities::is_driftline)
    }

    fn folds(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, FarFold>) {
        let read = |records: &mut Records<Running>, _: &[FarFile<'_>], each: &mut dyn FnMut(Told<FarFold>)| {
            records.lines(b"F", fold, each)
        };
        self.about(Mode::Fold, files, counters, &read, each);
    }

    fn contents(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, Vec<u8>>) {
        let read = |records: &mut Records<Running>, asked: &[FarFile<'_>], each: &mut dyn FnMut(Told<Vec<u8>>)| {
            records.contents(|number| asked.get(number).map_or(0, |file| file.size), each)
        };
        self.about(Mode::Contents, files, counters, &read, &mut |at, result| {
            let result = match result {
                Ok(reading) if reading.value.len() as u64 != files[at].size => Err(Trouble::Changed),
                other => other,
            };
            each(at, result);
        });
    }

    fn git(&self) -> &dyn FarGit {
        self
    }
}

/// How long the far side may be silent because it reads: nothing comes from a batch before all of it was read.
fn time_for(files: &[FarFile<'_>], batch: usize) -> Duration {
    let mut sizes: Vec<u64> = files.iter().map(|file| file.size).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    Duration::from_secs(sizes.iter().take(batch).sum::<u64>() / SLOWEST)
}

/// Whether what was told is one state of the file, of the size in which it was listed. Where nobody looked before it was read, the listing
/// did, even earlier.
fn judge<T>(told: Told<T>, file: &FarFile<'_>, looks_twice: bool, met: &Capabilities) -> Result<Reading<T>, Trouble> {
    let after = told.after.as_ref().map(listing::stamp);
    let before = match told.before {
        Before::Seen(look) => Some(listing::stamp(&look)),
        Before::Gone => None,
        Before::NotLooked => file.listed.filter(|_| !looks_twice),
    };
    match (before.zip(after), told.value) {
        (_, Err(Refusal::Denied)) => Err(Trouble::Refused("permission denied".to_owned(), true)),
        (_, Err(Refusal::Gone)) | (None, Ok(_)) => Err(Trouble::Gone),
        (Some((before, after)), _) if before != after || after.size != file.size => Err(Trouble::Changed),
        (_, Err(Refusal::Failed)) => Err(Trouble::Refused("it could not be read there".to_owned(), false)),
        (Some((_, after)), Ok(value)) => Ok(Reading { value, stamp: Some(after), began: met.now }),
    }
}
