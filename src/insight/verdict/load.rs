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

/// Of so many units the files are read one after the other. Not of all: what was imported as a stream is in packs whose contents are
/// differences to the one that came before, whichever file that was, until somebody packs it anew.
const TOGETHER: usize = 256;

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
///
/// # Cost
/// Of some hundred commits at a time, each version of a file is read about once: file by file, where one change begins with what the one before
/// made. Packs keep the versions of a file as differences to each other, so that the next one is near at hand there, too.
pub(super) fn deltas(changes: &[&[FileChange]], reading: &Reading<'_>) -> (Vec<Delta>, Trivial) {
    let mut deltas: Vec<Delta> = changes.par_iter().map(|changes| Delta::unread(changes)).collect();
    let tasks = by_file(changes, &deltas);
    let read = |&(change, at, file): &(&FileChange, usize, usize)| {
        let mut trivial = Vec::new();
        let body = body(change, reading, &mut trivial);
        trivial.sort_unstable();
        trivial.dedup();
        (at, file, body, trivial)
    };
    let loaded: Vec<(usize, usize, Body, Vec<Line>)> = tasks.par_iter().map(read).collect();
    let mut trivial = Trivial::default();
    for (at, file, body, lines) in loaded {
        deltas[at].files[file] = body;
        trivial.extend(lines);
    }
    (deltas, trivial)
}

/// The changes that are evidence, each with its unit and its number there: of [`TOGETHER`] units those of one file together, oldest first.
fn by_file<'a>(changes: &[&'a [FileChange]], deltas: &[Delta]) -> Vec<(&'a FileChange, usize, usize)> {
    let mut tasks = Vec::new();
    for (at, (&changes, delta)) in changes.iter().zip(deltas).enumerate() {
        let counting = changes.iter().enumerate().filter(|(file, _)| delta.counts[*file]);
        tasks.extend(counting.map(|(file, change)| (change, at, file)));
    }
    tasks.par_sort_unstable_by(|a: &(&FileChange, usize, usize), b| {
        let together = (a.1 / TOGETHER).cmp(&(b.1 / TOGETHER));
        together.then_with(|| a.0.path().cmp(b.0.path())).then((a.1, a.2).cmp(&(b.1, b.2)))
    });
    tasks
}

/// Reads what one unit changes.
pub(super) fn delta(changes: &[FileChange], reading: &Reading<'_>) -> Delta {
    deltas(&[changes], reading).0.pop().unwrap_or_default()
}

impl Delta {
    /// What is known before anything was read: nothing of the files, and which of them are evidence.
    fn unread(changes: &[FileChange]) -> Self {
        let is_other: Vec<bool> = changes.iter().map(|change| !is_bookkeeping(change.path())).collect();
        let is_all_bookkeeping = !is_other.contains(&true);
        let counts = is_other.into_iter().map(|is_other| is_other || is_all_bookkeeping).collect();
        Self { files: changes.iter().map(|_| Body::Opaque).collect(), counts }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::units::Version;
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
        let tasks = by_file(&changes, &deltas);
        assert_eq!(tasks.len(), 40, "bookkeeping is not read");
        // Each version that a file begins with is the one that was made last: 21 contents of each file instead of 40.
        let begun = tasks.windows(2).filter(|pair| pair[0].0.after == pair[1].0.before).count();
        assert_eq!(begun, 38);
        let many: Vec<&[FileChange]> = changes.iter().copied().cycle().take(2 * TOGETHER).collect();
        let deltas: Vec<Delta> = many.iter().map(|changes| Delta::unread(changes)).collect();
        let tasks = by_file(&many, &deltas);
        assert!(tasks[..tasks.len() / 2].iter().all(|&(_, at, _)| at < TOGETHER), "older commits come first");
    }
}
