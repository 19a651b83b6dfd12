//! Reads what units change, as numbers.

use rayon::prelude::*;

use super::Reading;
use super::delta::{self, TextDelta, Trivial};
use super::lines::{self, Line};
use crate::insight::units::{FileChange, Side, Versions, is_bookkeeping};
use crate::snapshot::{BlobKind, ReadFailure};

/// A content above so many bytes is compared as a whole, by its digest, and not by its lines; it is not tried either.
pub(super) const LARGEST: u64 = 16 << 20;
/// A change of more lines than this is a whole that is brought in (somebody else's code, generated data), not a fix: it is compared as one.
const MOST_LINES: usize = 50_000;

/// What a unit does, as numbers.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// Parallel to the changes.
    pub(super) files: Vec<Body>,
    /// Which of them are evidence: not the bookkeeping beside other changes.
    pub(super) counts: Vec<bool>,
}

/// What happens to a file.
#[derive(Debug)]
pub(super) enum Body {
    /// Its lines change.
    Text(TextDelta),
    /// Its content changes, and it is no text, or too much.
    Opaque,
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
}

/// Reads the changes of many, in parallel; notes which lines say little.
pub(super) fn deltas<'a>(
    changes: impl IndexedParallelIterator<Item = &'a [FileChange]>,
    reading: &Reading<'_>,
) -> (Vec<Delta>, Trivial) {
    let loaded: Vec<(Delta, Vec<Line>)> = changes.map(|changes| delta_of(changes, reading)).collect();
    let mut trivial = Trivial::default();
    let deltas = loaded.into_iter().map(|(delta, lines)| {
        trivial.extend(lines);
        delta
    });
    (deltas.collect(), trivial)
}

/// Reads what one unit changes.
pub(super) fn delta(changes: &[FileChange], reading: &Reading<'_>) -> Delta {
    delta_of(changes, reading).0
}

fn delta_of(changes: &[FileChange], reading: &Reading<'_>) -> (Delta, Vec<Line>) {
    let mut trivial = Vec::new();
    let is_other: Vec<bool> = changes.iter().map(|change| !is_bookkeeping(change.path())).collect();
    let is_all_bookkeeping = !is_other.contains(&true);
    let counts: Vec<bool> = is_other.into_iter().map(|is_other| is_other || is_all_bookkeeping).collect();
    let load = |(change, &counts)| if counts { body(change, reading, &mut trivial) } else { Body::Opaque };
    let files = changes.iter().zip(&counts).map(load).collect();
    trivial.sort_unstable();
    trivial.dedup();
    (Delta { files, counts }, trivial)
}

fn body(change: &FileChange, reading: &Reading<'_>, trivial: &mut Vec<Line>) -> Body {
    if same_version(change) {
        return Body::Same;
    }
    let sides = [&change.before, &change.after];
    if sides.into_iter().flatten().any(|side| matches!(side.kind, BlobKind::Submodule)) {
        return Body::Opaque;
    }
    let content = |side: &Option<Side>| side.as_ref().map_or(Ok(Some(Vec::new())), |side| reading.side(side, LARGEST));
    let [before, after] = sides.map(content);
    match (before, after) {
        (Ok(Some(before)), Ok(Some(after))) => {
            if lines::is_binary(&before) || lines::is_binary(&after) {
                return Body::Opaque;
            }
            let mut little = Vec::new();
            let delta = delta::text_delta(&before, &after, &mut little);
            let count: usize = delta.hunks.iter().map(|hunk| hunk.removed().len() + hunk.added().len()).sum();
            if count > MOST_LINES {
                return Body::Opaque;
            }
            trivial.extend(little);
            Body::Text(delta)
        }
        (Err(failure), _) | (_, Err(failure)) => Body::Unreadable(failure.0),
        (Ok(None), _) | (_, Ok(None)) => Body::Opaque,
    }
}

/// Whether both sides have one content by name.
fn same_version(change: &FileChange) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return false };
    before.version == after.version
}

impl Reading<'_> {
    /// The content of one side of a change; `None` when it has more than `limit` bytes.
    pub(super) fn side(&self, side: &Side, limit: u64) -> Result<Option<Vec<u8>>, ReadFailure> {
        let Self { snapshots, contents, commits, .. } = *self;
        Versions { snapshots, contents, commits }.content(side, limit)
    }
}
