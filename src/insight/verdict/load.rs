//! Reads what units change, as numbers.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::Reading;
use super::delta::{self, TextDelta, Trivial};
use super::index::{comes, goes};
use super::lines::{self, DigestSet, Line};
use super::places::Places;
use super::steps::Step;
use super::touched::Touched;
use crate::insight::units::{FileChange, Side, Unit, Version, Versions, installed, is_bookkeeping};
use crate::snapshot::{BlobKind, ReadFailure};

/// A content above so many bytes is compared as a whole, by its digest, and not by its lines; it is not tried either.
pub(super) const LARGEST: u64 = 16 << 20;
/// So is a content of more lines: what they take grows with their number, however short they are.
const MOST_OF_A_TEXT: usize = 500_000;
/// A change of more lines than this is a whole that is brought in (somebody else's code, generated data), not a fix: it is compared as one.
const MOST_LINES: usize = 50_000;

/// Of so many units the files are read one after the other. Not of all: what was imported as a stream is in packs whose contents are
/// differences to the one that came before, whichever file that was, until somebody packs it anew.
const TOGETHER: usize = 1024;

/// What a unit does, as numbers.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// Parallel to the changes.
    pub(super) files: Vec<Body>,
    /// Which of them are evidence: not the bookkeeping beside other changes.
    pub(super) counts: Vec<bool>,
    /// Which of them only follow from others: they are not looked at before these are.
    follows: Vec<bool>,
    /// Those that were not read at first, once they are asked for; parallel to the files.
    late: OnceLock<Vec<Option<Body>>>,
}

/// What happens to a file.
#[derive(Debug)]
pub(super) enum Body {
    /// It was not read, since only one side changes the file.
    Unread,
    /// Its lines change.
    Text(TextDelta),
    /// Its content changes, and it is no text, or too much. The number stands for the path and both contents, where these have names.
    Opaque(Option<u64>),
    /// Only its name or its kind changes.
    Same,
    /// It cannot be said, in words.
    Unreadable(String),
}

impl Body {
    pub(super) fn text(&self) -> Option<&TextDelta> {
        match self {
            Self::Text(delta) => Some(delta),
            _ => None,
        }
    }
}

impl Delta {
    pub(super) fn texts(&self) -> impl Iterator<Item = &TextDelta> {
        self.files.iter().zip(&self.counts).filter(|(_, counts)| **counts).filter_map(|(body, _)| body.text())
    }

    /// What happens to the files that are evidence, each with its change: of one that was not read at first, as well.
    pub(super) fn read_through<'a>(
        &'a self,
        changes: &'a [FileChange],
        reading: &Reading<'_>,
    ) -> impl Iterator<Item = (&'a FileChange, &'a Body)> + Clone {
        let read = |(at, change)| {
            let is_late = self.counts[at] && matches!(self.files[at], Body::Unread);
            is_late.then(|| body(change, reading, &mut Vec::new()))
        };
        let late = self.late.get_or_init(|| changes.iter().enumerate().map(read).collect());
        let bodies = self.files.iter().zip(late).map(|(body, late)| late.as_ref().unwrap_or(body));
        changes.iter().zip(bodies).zip(&self.counts).filter(|(_, counts)| **counts).map(|(read, _)| read)
    }

    /// All lines that come or go, as things.
    pub(super) fn things(&self) -> impl Iterator<Item = u64> {
        self.lines().map(|(_, thing)| thing)
    }

    /// All lines that come or go, each with what stands for its coming or going.
    fn lines(&self) -> impl Iterator<Item = (Line, u64)> {
        self.texts().flat_map(|text| &text.hunks).flat_map(|hunk| {
            let gone = hunk.removed().iter().map(|&line| (line, goes(line)));
            gone.chain(hunk.added().iter().map(|&line| (line, comes(line))))
        })
    }

    /// The share of its lines that are among these; those that say little do not count where there are others.
    fn trace(&self, among: &DigestSet, trivial: &Trivial) -> f32 {
        let (mut has, mut all, mut little) = (0, 0, false);
        for (line, thing) in self.lines() {
            let is_among = among.contains(&thing);
            if trivial.has(line) {
                little |= is_among;
            } else {
                all += 1;
                has += usize::from(is_among);
            }
        }
        if all > 0 { has as f32 / all as f32 } else { f32::from(u8::from(little)) }
    }
}

/// What units and the steps of a target do, as far as it was read.
pub(super) struct Changes {
    /// Parallel to the units.
    pub(super) units: Vec<Delta>,
    /// Parallel to the steps.
    pub(super) steps: Vec<Delta>,
    /// Which of the lines that were read say little.
    pub(super) trivial: Trivial,
    /// All lines that steps bring or take, as things.
    pub(super) union: DigestSet,
}

/// What changes no more files than this is read whatever it changes: code may have moved from one file to another.
const FEW_FILES: usize = 3;
/// Of a unit that has this share of its lines among all that the target did, all is read. A line counts here however common it is, so it is
/// a part of [`decide::TRACE`](super::decide::TRACE).
const TRACE: f32 = super::decide::TRACE / 3.0;
/// What a package manager put down is read where so much is there of what it follows from: a version that is asked for is one of two lines.
const FOLLOWED: f32 = 0.4;

/// Reads what units and steps do to files that both change, and all of what a unit does that the target has a trace of; notes which files were
/// parts of others.
pub(super) fn shared(units: &[Unit], steps: &[Step], places: &mut Places, reading: &Reading<'_>) -> Changes {
    let of_both = units.iter().map(|unit| &unit.changes[..]).chain(steps.iter().map(|step| &step.changes[..]));
    let changes: Vec<&[FileChange]> = of_both.collect();
    let (of_units, of_steps) = changes.split_at(units.len());
    let mut deltas = Deltas::new(changes.clone());
    deltas.read_shared((of_units, of_steps), places, reading);
    let is_telling = |line| !deltas.trivial.has(line);
    for (changes, delta) in of_units.iter().zip(&deltas.of) {
        places.add_parts(changes, delta, &is_telling);
    }
    for (changes, delta) in of_steps.iter().zip(&deltas.of[units.len()..]) {
        places.add_moves(changes, delta, &is_telling);
    }
    // More is known to be the same file now.
    deltas.read_shared((of_units, of_steps), places, reading);
    let things = |deltas: &[Delta]| -> DigestSet { deltas.iter().flat_map(Delta::things).collect() };
    let (by_units, by_steps) = deltas.of.split_at(units.len());
    let (by_units, by_steps) = (things(by_units), things(by_steps));
    let trace = |at: usize| {
        let other = if at < units.len() { &by_steps } else { &by_units };
        deltas.of[at].trace(other, &deltas.trivial)
    };
    let traces: Vec<f32> = (0..changes.len()).into_par_iter().map(trace).collect();
    let least = |at: usize, file: usize| if deltas.of[at].follows[file] { FOLLOWED } else { TRACE };
    let by_units = Touched::new(of_units.iter().copied().flatten(), places);
    let is_of_unit = |at: usize, file: usize| at < units.len() || by_units.has(&changes[at][file], places);
    let wanted = deltas.wanted(&|at, file| traces[at] >= least(at, file) && is_of_unit(at, file));
    deltas.read(reading, wanted);
    let union = things(&deltas.of[units.len()..]);
    let Deltas { mut of, trivial, .. } = deltas;
    let steps = of.split_off(units.len());
    Changes { units: of, steps, trivial, union }
}

/// What many units do, as far as it was read.
pub(super) struct Deltas<'a> {
    changes: Vec<&'a [FileChange]>,
    /// Parallel to the units.
    pub(super) of: Vec<Delta>,
    /// Which of the lines that were read say little.
    pub(super) trivial: Trivial,
}

impl<'a> Deltas<'a> {
    /// Nothing is read yet.
    pub(super) fn new(changes: Vec<&'a [FileChange]>) -> Self {
        let of = changes.par_iter().map(|changes| Delta::unread(changes)).collect();
        Self { changes, of, trivial: Trivial::default() }
    }

    /// Whether a unit changes few files.
    fn is_small(&self, at: usize) -> bool {
        self.of[at].counts.iter().filter(|counts| **counts).count() <= FEW_FILES
    }

    /// Reads what both sides change, as far as it is known to be the same file, and what was made of it.
    fn read_shared(
        &mut self,
        (units, steps): (&[&[FileChange]], &[&[FileChange]]),
        places: &Places,
        reading: &Reading<'_>,
    ) {
        let by_units = Touched::new(units.iter().copied().flatten(), places);
        let by_steps = Touched::new(steps.iter().copied().flatten(), places);
        let wanted = self.wanted(&|at, file| {
            let other = if at < units.len() { &by_steps } else { &by_units };
            let all = self.changes[at];
            let is_shared = || other.has(&all[file], places) || other.may_have_whole(&all[file], all, places);
            self.is_small(at) || !self.of[at].follows[file] && is_shared()
        });
        self.read(reading, wanted);
    }

    /// The changes that are evidence, are not read yet, and are wanted, by their unit and their number there: in the order to read them in.
    fn wanted(&self, is_wanted: &(dyn Fn(usize, usize) -> bool + Sync)) -> Vec<Task<'a>> {
        by_file(&self.changes, &self.of, is_wanted)
    }

    /// Reads changes, in parallel.
    ///
    /// # Cost
    /// Of some hundred commits at a time, each version of a file is read about once: file by file, where one change begins with what the one
    /// before made. Packs keep the versions of a file as differences to each other, so that the next one is near at hand there, too.
    fn read(&mut self, reading: &Reading<'_>, tasks: Vec<Task<'_>>) {
        let read = |(change, at, file): Task<'_>| {
            let mut trivial = Vec::new();
            let body = body(change, reading, &mut trivial);
            trivial.sort_unstable();
            trivial.dedup();
            (at, file, body, trivial)
        };
        let loaded: Vec<(usize, usize, Body, Vec<Line>)> = tasks.into_par_iter().map(read).collect();
        for (at, file, body, lines) in loaded {
            self.of[at].files[file] = body;
            self.trivial.extend(lines);
        }
    }
}

/// A change, its unit, and its number there.
type Task<'a> = (&'a FileChange, usize, usize);

/// The changes that are evidence, each with its unit and its number there: of [`TOGETHER`] units those of one file together, oldest first.
fn by_file<'a>(
    changes: &[&'a [FileChange]],
    deltas: &[Delta],
    is_wanted: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Vec<Task<'a>> {
    let of_unit = |at: usize| {
        let (changes, delta): (&'a [FileChange], &Delta) = (changes[at], &deltas[at]);
        let is_open = move |file: &usize| delta.counts[*file] && matches!(delta.files[*file], Body::Unread);
        let files = (0..changes.len()).filter(is_open).filter(move |&file| is_wanted(at, file));
        files.map(move |file| (&changes[file], at, file))
    };
    let mut tasks: Vec<Task<'a>> = (0..changes.len()).into_par_iter().flat_map_iter(of_unit).collect();
    tasks.par_sort_unstable_by(|a: &Task<'_>, b| {
        let together = (a.1 / TOGETHER).cmp(&(b.1 / TOGETHER));
        together.then_with(|| a.0.path().cmp(b.0.path())).then((a.1, a.2).cmp(&(b.1, b.2)))
    });
    tasks
}

/// Reads what one unit changes.
pub(super) fn delta(changes: &[FileChange], reading: &Reading<'_>) -> Delta {
    let mut deltas = Deltas::new(vec![changes]);
    let wanted = deltas.wanted(&|_, _| true);
    deltas.read(reading, wanted);
    deltas.of.pop().unwrap_or_default()
}

impl Delta {
    /// What is known before anything was read: nothing of the files, and which of them are evidence.
    fn unread(changes: &[FileChange]) -> Self {
        let is_other: Vec<bool> = changes.iter().map(|change| !is_bookkeeping(change.path())).collect();
        let is_all_bookkeeping = !is_other.contains(&true);
        let counts = is_other.into_iter().map(|is_other| is_other || is_all_bookkeeping).collect();
        Self {
            files: changes.iter().map(|_| Body::Unread).collect(),
            counts,
            follows: installed(changes),
            late: OnceLock::new(),
        }
    }
}

fn body(change: &FileChange, reading: &Reading<'_>, trivial: &mut Vec<Line>) -> Body {
    if same_version(change) {
        return Body::Same;
    }
    let sides = [&change.before, &change.after];
    if sides.into_iter().flatten().any(|side| matches!(side.kind, BlobKind::Submodule)) {
        return opaque(change);
    }
    let content = |side: &Option<Side>| side.as_ref().map_or(Ok(Some(Vec::new())), |side| reading.side(side, LARGEST));
    let [before, after] = sides.map(content);
    match (before, after) {
        (Ok(Some(before)), Ok(Some(after))) => {
            if lines::is_binary(&before) || lines::is_binary(&after) {
                return opaque(change);
            }
            let mut little = Vec::new();
            let delta = delta::text_delta(&before, &after, &mut little);
            let count: usize = delta.hunks.iter().map(|hunk| hunk.removed().len() + hunk.added().len()).sum();
            if count > MOST_LINES {
                return opaque(change);
            }
            trivial.extend(little);
            Body::Text(delta)
        }
        (Err(failure), _) | (_, Err(failure)) => Body::Unreadable(failure.0),
        (Ok(None), _) | (_, Ok(None)) => opaque(change),
    }
}

/// The same image may lie in many folders, so that the path belongs to the change.
fn opaque(change: &FileChange) -> Body {
    let mut names = change.path().as_bytes().to_vec();
    for side in [&change.before, &change.after] {
        match side.as_ref().map(|side| &side.version) {
            None => names.push(0),
            Some(Version::Blob { id, .. }) => names.extend([&[1][..], id].concat()),
            Some(_) => return Body::Opaque(None),
        }
    }
    Body::Opaque(Some(lines::number(&names)))
}

/// Whether both sides have one content by name.
fn same_version(change: &FileChange) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return false };
    before.version == after.version
}

impl Reading<'_> {
    /// The content of one side of a change; `None` when it has more than `limit` bytes, or more lines than are compared.
    pub(super) fn side(&self, side: &Side, limit: u64) -> Result<Option<Vec<u8>>, ReadFailure> {
        let Self { snapshots, contents, commits, .. } = *self;
        let content = Versions { snapshots, contents, commits }.content(side, limit)?;
        let is_held = |content: &Vec<u8>| lines::is_binary(content) || lines::most_lines(content) <= MOST_OF_A_TEXT;
        Ok(content.filter(is_held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::TreePath;

    #[test]
    fn a_file_is_read_through_before_the_next_one() {
        let side = |path: &str, id: u8| Side {
            path: TreePath::new(path.as_bytes()).unwrap(),
            kind: BlobKind::File,
            version: Version::Blob { environment: 0, id: [id; 20] },
        };
        let commits: Vec<Vec<FileChange>> = (0..20)
            .map(|id| {
                let change = |path| FileChange { before: Some(side(path, id)), after: Some(side(path, id + 1)) };
                vec![change("CHANGELOG.md"), change("a"), change("b/c")]
            })
            .collect();
        let changes: Vec<&[FileChange]> = commits.iter().map(Vec::as_slice).collect();
        let deltas: Vec<Delta> = changes.iter().map(|changes| Delta::unread(changes)).collect();
        let tasks = by_file(&changes, &deltas, &|_, _| true);
        assert_eq!(tasks.len(), 40, "bookkeeping is not read");
        // Each version that a file begins with is the one that was made last: 21 contents of each file instead of 40.
        let begun = tasks.windows(2).filter(|pair| pair[0].0.after == pair[1].0.before).count();
        assert_eq!(begun, 38);
        let many: Vec<&[FileChange]> = changes.iter().copied().cycle().take(2 * TOGETHER).collect();
        let deltas: Vec<Delta> = many.iter().map(|changes| Delta::unread(changes)).collect();
        let tasks = by_file(&many, &deltas, &|_, _| true);
        assert!(tasks[..tasks.len() / 2].iter().all(|&(_, at, _)| at < TOGETHER), "older commits come first");
    }
}
