//! Tells contents apart by reading files side by side.
//!
//! The files of one question are read in step, chunk by chunk. They begin as one class; where their bytes differ the class splits. A
//! class has one hasher, so files that are equal go through the digest once, and those that differ share it up to the first
//! difference.

use sha1::Digest as _;

use crate::collect::cache::Folded;
use crate::collect::fold;
use crate::collect::steady::{self, Reading, Trouble};
use crate::collect::{OpenFile, Source, SourceReader, Stamp, Watch};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Counters, Digests, EntryRef, Timestamp};

/// How much is read of a file at a time: it stays in the processor's cache until it is compared and hashed.
const CHUNK: usize = 64 * 1024;

/// How much is read at a time when all threads hash one file.
const WIDE_CHUNK: usize = 4 * 1024 * 1024;

/// How many files are open side by side on one thread.
const SIDE_BY_SIDE: usize = 16;

/// Files of one size whose digest is wanted.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) size: u64,
    pub(super) algorithms: Algorithms,
    pub(super) members: Vec<(EntryRef, &'a TreePath)>,
}

/// What came of one file.
pub(super) type Answer = (EntryRef, Result<Reading<Found>, Trouble>);

/// What is found out about a content in one reading.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) digests: Digests,
    /// The text, folded, where that will be asked for next.
    pub(super) text: Option<Box<Folded>>,
}

impl From<Digests> for Found {
    fn from(digests: Digests) -> Self {
        Self { digests, text: None }
    }
}

/// Digests files on one thread, keeping folders open between tasks.
pub(super) struct Desk<'a> {
    sources: &'a [Option<&'a dyn Source>],
    watch: &'a dyn Watch,
    /// All threads help with each chunk; for few large files.
    wide: bool,
    /// Readers by environment; several for one environment when a task has several files of it.
    readers: Vec<(usize, Box<dyn SourceReader + 'a>)>,
    buffers: Vec<Vec<u8>>,
    pub(super) answers: Vec<Answer>,
    pub(super) counters: Counters,
}

impl<'a> Desk<'a> {
    /// `sources` by environment.
    pub(super) fn new(sources: &'a [Option<&'a dyn Source>], watch: &'a dyn Watch, wide: bool) -> Self {
        Self {
            sources,
            watch,
            wide,
            readers: Vec::new(),
            buffers: Vec::new(),
            answers: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// Answers for each member, in order.
    pub(super) fn digest(&mut self, task: &Task<'_>) {
        for members in task.members.chunks(SIDE_BY_SIDE) {
            let first = self.side_by_side(task, members);
            for (&(at, path), result) in members.iter().zip(first) {
                let result = match result {
                    Err(Trouble::Changed) => self.again(task, at, path),
                    other => other,
                };
                self.answers.push((at, result));
            }
        }
    }

    fn side_by_side(
        &mut self,
        task: &Task<'_>,
        members: &[(EntryRef, &TreePath)],
    ) -> Vec<Result<Reading<Found>, Trouble>> {
        let slots = self.slots(members);
        let chunk = if self.wide { WIDE_CHUNK } else { CHUNK };
        let room = usize::try_from(task.size).unwrap_or(chunk).min(chunk);
        self.buffers.resize_with(self.buffers.len().max(members.len()), Vec::new);
        for buffer in &mut self.buffers[..members.len()] {
            if buffer.len() < chunk {
                buffer.resize(chunk, 0);
            }
        }
        let began = steady::clock();
        let mut files: Vec<Result<Open<'_>, Trouble>> = members.iter().map(|_| Err(Trouble::Gone)).collect();
        for (slot, (_, reader)) in self.readers.iter_mut().enumerate() {
            if let Some(member) = slots.iter().position(|&used| used == slot) {
                files[member] = Open::new(&mut **reader, members[member].1, task.size, began, &mut self.counters);
            }
        }
        let mut refining = Refining {
            members,
            files,
            buffers: &mut self.buffers,
            counters: &mut self.counters,
            watch: self.watch,
            wide: self.wide,
        };
        refining.run(task, room)
    }

    /// Which reader each member gets; no reader has two files open.
    fn slots(&mut self, members: &[(EntryRef, &TreePath)]) -> [usize; SIDE_BY_SIDE] {
        let mut slots = [usize::MAX; SIDE_BY_SIDE];
        for (member, (at, _)) in members.iter().enumerate() {
            let free =
                (0..self.readers.len()).find(|slot| self.readers[*slot].0 == at.environment && !slots.contains(slot));
            let slot = free.unwrap_or_else(|| {
                let source = self.sources[at.environment].expect("only environments with a source have files");
                self.readers.push((at.environment, source.reader()));
                self.readers.len() - 1
            });
            slots[member] = slot;
        }
        slots
    }

    /// The second and last try, for a file that changed while it was read.
    fn again(&mut self, task: &Task<'_>, at: EntryRef, path: &TreePath) -> Result<Reading<Found>, Trouble> {
        let slot = self.slots(&[(at, path)])[0];
        let buffer = &mut self.buffers[0];
        steady::once(&mut *self.readers[slot].1, path, task.size, &mut self.counters, &mut |file, counters| {
            digest_one(file, task.size, task.algorithms, buffer, counters).map(Found::from)
        })
    }
}

/// Digests one open file of a known size, through a buffer that is not empty unless the file is.
pub(super) fn digest_one(
    file: &mut dyn OpenFile,
    size: u64,
    algorithms: Algorithms,
    buffer: &mut [u8],
    counters: &mut Counters,
) -> std::io::Result<Digests> {
    let mut hasher = Hasher::new(algorithms, size);
    let mut left = size;
    while left > 0 {
        let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut buffer[..length])?;
        counters.bytes_read += length as u64;
        counters.bytes_hashed += length as u64;
        hasher.update(&buffer[..length], false);
        left -= length as u64;
    }
    Ok(hasher.finish())
}

struct Open<'f> {
    file: Box<dyn OpenFile + 'f>,
    stamp: Option<Stamp>,
    began: Timestamp,
}

impl<'f> Open<'f> {
    fn new(
        reader: &'f mut dyn SourceReader,
        path: &TreePath,
        size: u64,
        began: Timestamp,
        counters: &mut Counters,
    ) -> Result<Self, Trouble> {
        let file = reader.open(path)?;
        let stamp = file.stamp();
        counters.files_opened += u64::from(file.is_opened());
        if file.size() == size { Ok(Self { file, stamp, began }) } else { Err(Trouble::Changed) }
    }
}

/// Files that have been equal so far, by number: which one each file is in, and what was hashed of each.
struct Classes {
    of: [usize; SIDE_BY_SIDE],
    hashers: Vec<Hasher>,
}

struct Refining<'d, 'f> {
    members: &'d [(EntryRef, &'d TreePath)],
    files: Vec<Result<Open<'f>, Trouble>>,
    buffers: &'d mut [Vec<u8>],
    counters: &'d mut Counters,
    watch: &'d dyn Watch,
    wide: bool,
}

impl Refining<'_, '_> {
    fn run(&mut self, task: &Task<'_>, room: usize) -> Vec<Result<Reading<Found>, Trouble>> {
        let mut left = task.size;
        for member in (0..self.files.len()).filter(|&member| self.files[member].is_err()) {
            self.watch.read(self.members[member].0.environment, 1, task.size);
        }
        let first = Hasher::new(task.algorithms, task.size);
        let mut classes = Classes { of: [0; SIDE_BY_SIDE], hashers: vec![first] };
        while left > 0 {
            let length = room.min(usize::try_from(left).unwrap_or(room));
            for member in 0..self.files.len() {
                self.fill(member, length, left);
            }
            let firsts = self.split(&mut classes, length);
            for (hasher, first) in classes.hashers.iter_mut().zip(firsts) {
                if let Some(first) = first {
                    hasher.update(&self.buffers[first][..length], self.wide);
                    self.counters.bytes_hashed += length as u64;
                }
            }
            left -= length as u64;
        }
        // Of files that differ it is asked next whether the texts do; here they are at hand, if they came in one piece.
        let are_texts_wanted = classes.hashers.len() > 1 && (1..=room as u64).contains(&task.size);
        let found = |(number, hasher): (usize, Hasher)| {
            let digests = hasher.finish();
            let first =
                (0..self.files.len()).find(|&member| classes.of[member] == number && self.files[member].is_ok());
            let text = first.filter(|_| are_texts_wanted).map(|first| {
                let content = &self.buffers[first][..room];
                Box::new(fold::fold_known(content, digests.blake3))
            });
            Found { digests, text }
        };
        let found: Vec<Found> = classes.hashers.into_iter().enumerate().map(found).collect();
        self.files.drain(..).zip(classes.of).map(|(file, class)| close(file?, found[class].clone())).collect()
    }

    /// Reads the next bytes of a member into its buffer.
    fn fill(&mut self, member: usize, length: usize, left: u64) {
        let Ok(open) = &mut self.files[member] else { return };
        let environment = self.members[member].0.environment;
        match open.file.read_exact(&mut self.buffers[member][..length]) {
            Ok(()) => {
                self.counters.bytes_read += length as u64;
                self.watch.read(environment, u64::from(left == length as u64), length as u64);
            }
            Err(error) => {
                self.watch.read(environment, 1, left);
                self.files[member] = Err(error.into());
            }
        }
    }

    /// Parts members whose next bytes differ; each part goes on with what the hasher has seen so far. Gives a member of each class.
    fn split(&self, classes: &mut Classes, length: usize) -> [Option<usize>; SIDE_BY_SIDE] {
        let bytes = |member: usize| &self.buffers[member][..length];
        let mut firsts = [None; SIDE_BY_SIDE];
        let mut parted_from = [usize::MAX; SIDE_BY_SIDE];
        for member in (0..self.files.len()).filter(|&member| self.files[member].is_ok()) {
            let class = classes.of[member];
            let is_like = |number: usize| firsts[number].is_none_or(|first| bytes(first) == bytes(member));
            let mut parts = (0..classes.hashers.len()).filter(|&part| part == class || parted_from[part] == class);
            let part = parts.find(|&part| is_like(part)).unwrap_or_else(|| {
                classes.hashers.push(classes.hashers[class].clone());
                parted_from[classes.hashers.len() - 1] = class;
                classes.hashers.len() - 1
            });
            classes.of[member] = part;
            firsts[part].get_or_insert(member);
        }
        firsts
    }
}

fn close(mut open: Open<'_>, found: Found) -> Result<Reading<Found>, Trouble> {
    if open.file.is_unchanged()? {
        Ok(Reading { value: found, stamp: open.stamp, began: open.began })
    } else {
        Err(Trouble::Changed)
    }
}

/// The digests of one content while it is read.
#[derive(Clone)]
pub(super) struct Hasher {
    size: u64,
    blake3: Option<Blake3>,
    git: Option<sha1::Sha1>,
    sha256: Option<sha2::Sha256>,
}

/// Most contents come in one piece, and need no state.
#[derive(Clone)]
enum Blake3 {
    Nothing,
    Whole(blake3::Hash),
    Part(Box<blake3::Hasher>),
}

impl Hasher {
    pub(super) fn new(algorithms: Algorithms, size: u64) -> Self {
        Self {
            size,
            blake3: algorithms.blake3.then_some(Blake3::Nothing),
            git: algorithms.git_blob.then(|| sha1::Sha1::new_with_prefix(format!("blob {size}\0"))),
            sha256: algorithms.sha256.then(sha2::Sha256::new),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8], wide: bool) {
        if let Some(state) = &mut self.blake3 {
            if bytes.len() as u64 == self.size && !wide {
                *state = Blake3::Whole(blake3::hash(bytes));
            } else {
                state.update(bytes, wide);
            }
        }
        if let Some(hasher) = &mut self.git {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
    }

    pub(super) fn finish(self) -> Digests {
        Digests {
            blake3: self.blake3.map(|state| *state.finish().as_bytes()),
            git_blob: self.git.map(|hasher| hasher.finalize().into()),
            sha256: self.sha256.map(|hasher| hasher.finalize().into()),
            keyed: None,
        }
    }
}

impl Blake3 {
    fn update(&mut self, bytes: &[u8], wide: bool) {
        if !matches!(self, Self::Part(_)) {
            *self = Self::Part(Box::default());
        }
        let Self::Part(hasher) = self else { return };
        if wide {
            hasher.update_rayon(bytes);
        } else {
            hasher.update(bytes);
        }
    }

    fn finish(self) -> blake3::Hash {
        match self {
            Self::Nothing => blake3::hash(b""),
            Self::Whole(hash) => hash,
            Self::Part(hasher) => hasher.finalize(),
        }
    }
}

/// The digests of an empty file, which needs no reading.
pub(super) fn of_nothing() -> Digests {
    Hasher::new(Algorithms { blake3: true, git_blob: true, sha256: true, keyed: false }, 0).finish()
}
