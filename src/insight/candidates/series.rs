//! Units that a target lacks, one after the other, as they would change its files.

use std::collections::{BTreeMap, BTreeSet};

use super::obstacles::replay;
use super::undone::is_idle;
use super::{Candidate, Candidates, Question};
use crate::insight::verdict::{Applies, Asked, Conflict, Held, NotTried, Reading, ReplayedFile, Verdict};
use crate::path::TreePath;
use crate::snapshot::{
    Algorithms, Attributes, BlobKind, Content, ContentReader, Digests, Entry, EntryRef, File, ReadFailure, Snapshot,
};

/// Units in the order in which they can be applied, and those that cannot.
#[derive(Debug, Default)]
pub struct Series {
    /// What is applied: each step to the files as the steps before it leave them.
    pub steps: Vec<Step>,
    /// What is not, in the order of the listing.
    pub left_out: Vec<LeftOut>,
}

/// A unit, and what becomes of the target's files.
#[derive(Debug)]
pub struct Step {
    /// Which of [`Candidates::units`].
    pub candidate: usize,
    /// The files that it changes; paths are common.
    pub files: Vec<ReplayedFile>,
}

/// A unit that is not applied.
#[derive(Debug)]
pub struct LeftOut {
    /// Which of [`Candidates::units`].
    pub candidate: usize,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why a unit is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyLeftOut {
    /// Some of it is there.
    Partly,
    /// It cannot be said whether it is there.
    Unproven,
    /// It is in conflict with the target.
    Conflict(Vec<Conflict>),
    /// It was taken back where it is, or takes back what is not there.
    TakenBack,
    /// A step before it does the same.
    Done,
    /// A file could not be read, in words.
    Unreadable(String),
}

/// Applies the units that are absent in memory, one after the other in the order in which they were made. Bookkeeping that nothing else needs is
/// passed over, and so are the candidates of these numbers.
///
/// # Cost
/// A replay for each unit that the target lacks, and a copy of the target's list of files.
pub fn series(
    question: &Question<'_>,
    candidates: &Candidates,
    (from, to): (usize, usize),
    without: &BTreeSet<usize>,
) -> Series {
    let mut series = Series::default();
    let number: BTreeMap<_, usize> = candidates
        .units
        .iter()
        .enumerate()
        .filter(|(_, it)| it.unit.from == from)
        .map(|(at, it)| (it.unit.id, at))
        .collect();
    let wanted = (0..candidates.units.len())
        .filter(|at| !without.contains(at) && candidates.units[*at].unit.from == from)
        .filter(|&at| !candidates.units[at].is_bookkeeping && is_absent(&candidates.units[at], to));
    let needed = candidates.with_needs(wanted, to);
    let mut snapshots = question.reading.snapshots.to_vec();
    let mut changed = Changed { inner: question.reading.contents, target: to, files: BTreeMap::new() };
    for trial in candidates.trials.iter().filter(|trial| (trial.from, trial.to) == (from, to)) {
        for at in trial.units.iter().filter_map(|id| number.get(id).copied()).filter(|at| !without.contains(at)) {
            let candidate = &candidates.units[at];
            let is_passed_over = candidate.is_bookkeeping && !needed.contains(&at);
            let Some(target) = candidate.target(to).filter(|_| !is_passed_over) else { continue };
            let why = match target.judgement.verdict {
                Verdict::Present => continue,
                Verdict::Partly { .. } => Some(WhyLeftOut::Partly),
                Verdict::Unproven { .. } => Some(WhyLeftOut::Unproven),
                Verdict::Absent if is_idle(target) => Some(WhyLeftOut::TakenBack),
                Verdict::Absent => None,
            };
            if let Some(why) = why {
                series.left_out.push(LeftOut { candidate: at, why });
                continue;
            }
            let unit = std::slice::from_ref(&candidate.unit);
            let asked = Asked { units: unit, source: from, target: to, base: None, is_in_nearest: false };
            let reading = Reading { snapshots: &snapshots, contents: &changed, ..question.reading };
            let replayed = replay(&candidate.unit, &asked, &trial.places, &reading);
            let why = match replayed.applies {
                Applies::Conflict { conflicts } => Some(WhyLeftOut::Conflict(conflicts)),
                Applies::NotTried { because: NotTried::Unreadable(words) } => Some(WhyLeftOut::Unreadable(words)),
                Applies::NotTried { because: NotTried::Present } => Some(WhyLeftOut::Done),
                Applies::Clean | Applies::Offset { .. } if replayed.files.is_empty() => Some(WhyLeftOut::Done),
                Applies::Clean | Applies::Offset { .. } => None,
            };
            if let Some(why) = why {
                series.left_out.push(LeftOut { candidate: at, why });
                continue;
            }
            for file in &replayed.files {
                changed.take(file, &mut snapshots[to]);
            }
            series.steps.push(Step { candidate: at, files: replayed.files });
        }
    }
    series.left_out.sort_by_key(|left_out| left_out.candidate);
    series
}

fn is_absent(candidate: &Candidate, to: usize) -> bool {
    candidate.target(to).is_some_and(|target| target.judgement.verdict == Verdict::Absent)
}

/// Contents, some of them as steps leave them.
struct Changed<'a> {
    inner: &'a (dyn ContentReader + Sync),
    target: usize,
    files: BTreeMap<TreePath, Vec<u8>>,
}

impl Changed<'_> {
    fn take(&mut self, file: &ReplayedFile, snapshot: &mut Snapshot) {
        if let Some(before) = &file.before {
            self.files.remove(&before.path);
            if let Some(at) = snapshot.find(&before.path) {
                snapshot.entries.remove(at);
            }
        }
        let Some(after) = &file.after else { return };
        let entry = entry(after);
        match snapshot.entries.binary_search_by(|entry| entry.path.cmp(&after.path)) {
            Ok(at) => snapshot.entries[at] = entry,
            Err(at) => snapshot.entries.insert(at, entry),
        }
        self.files.insert(after.path.clone(), after.content.clone());
    }
}

fn entry(held: &Held) -> Entry {
    let content = match held.kind {
        BlobKind::Link => Content::Symlink { target: held.content.clone().into() },
        _ => Content::File(File { size: held.content.len() as u64, digests: Digests::default() }),
    };
    let mode = if held.kind == BlobKind::Executable { 0o755 } else { 0o644 };
    let attributes = Attributes { mode, ..Attributes::default() };
    Entry { path: held.path.clone(), content, attributes }
}

impl ContentReader for Changed<'_> {
    fn read(&self, environment: usize, path: &TreePath, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        match self.files.get(path).filter(|_| environment == self.target) {
            Some(content) if content.len() as u64 > limit => {
                Err(ReadFailure(format!("{path:?} has more than {limit} bytes")))
            }
            Some(content) => Ok(content.clone()),
            None => self.inner.read(environment, path, limit),
        }
    }

    fn digests(&self, at: EntryRef, wanted: Algorithms) -> Result<Digests, ReadFailure> {
        self.inner.digests(at, wanted)
    }
}
