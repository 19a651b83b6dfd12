//! What all units that are in no history need: contents, titles, names.

use super::groups::Piece;
use super::{FileChange, Side, Unit, UnitId, UnitKind, Version, Versions};
use crate::compare::Comparison;
use crate::insight::ArtifactEvidence;
use crate::insight::nearest::Lineage;
use crate::path::TreePath;
use crate::snapshot::{BlobKind, CommitId, CommitReader, CommitSummary, ContentReader, HistoryReader, Snapshot};
use crate::text::ends::{has_crlf, with_cr, without_cr};

/// Larger contents are a whole: they are not looked into to see what belongs together.
pub(super) const LOOKED_INTO: u64 = 1 << 20;

/// What units are found in.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// The same, side by side.
    pub comparison: &'a Comparison,
    /// What editing left behind, in all environments, by environment, then path.
    pub artifacts: &'a [ArtifactEvidence],
    /// The environment others are measured against.
    pub baseline: Option<usize>,
    /// Present files.
    pub contents: &'a dyn ContentReader,
    /// Commits and what they name.
    pub commits: &'a dyn CommitReader,
    /// Earlier versions of files.
    pub history: &'a dyn HistoryReader,
    /// Which commits are near to environments without a history in common with others.
    pub lineage: &'a Lineage,
    /// Whether a file holds secrets by its name: it becomes no unit.
    pub is_sensitive: &'a (dyn Fn(&TreePath) -> bool + Sync),
}

/// Units that were found, and what was not looked into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The units.
    pub units: Vec<Unit>,
    /// How many files were left out because they hold secrets.
    pub sensitive: usize,
    /// What could not be read, in words.
    pub failures: Vec<String>,
}

impl Found {
    /// Takes what else was found.
    pub fn add(&mut self, other: Self) {
        self.units.extend(other.units);
        self.sensitive += other.sensitive;
        self.failures.extend(other.failures);
    }
}

impl Sources<'_> {
    /// The commit that an environment is at.
    pub(super) fn commit(&self, environment: usize) -> Option<&CommitSummary> {
        self.snapshots[environment].git.commit()
    }

    /// The name of the commit that an environment is at.
    pub fn commit_id(&self, environment: usize) -> Option<&CommitId> {
        self.commit(environment).map(|commit| &commit.id)
    }

    /// The text of one side; `None` when it cannot be read, is larger than 1 MiB or no text.
    pub fn text(&self, side: &Side) -> Option<Vec<u8>> {
        if side.kind == BlobKind::Submodule {
            return None;
        }
        self.content(side).ok().flatten().filter(|content| !is_binary(content))
    }

    /// The present file of an environment, if it is a file or a link.
    pub fn present(&self, environment: usize, path: &TreePath) -> Option<Side> {
        Side::present(self.snapshots, environment, path)
    }

    /// When the present file was changed last.
    pub(super) fn modified(&self, environment: usize, path: &TreePath) -> Option<i64> {
        let snapshot = &self.snapshots[environment];
        let entry = &snapshot.entries[snapshot.find(path)?];
        snapshot.knows.times.then_some(entry.attributes.modified.seconds)
    }

    pub(super) fn is_artifact(&self, environment: usize, path: &TreePath) -> bool {
        let key = (environment, path);
        self.artifacts.binary_search_by(|it| (it.artifact.at.environment, &it.artifact.path).cmp(&key)).is_ok()
    }

    /// The content of one side; `None` when it is larger than [`LOOKED_INTO`].
    pub(super) fn content(&self, side: &Side) -> Result<Option<Vec<u8>>, String> {
        let Self { snapshots, contents, commits, .. } = *self;
        Versions { snapshots, contents, commits }.content(side, LOOKED_INTO).map_err(|failure| failure.to_string())
    }

    /// Looks into a change. Nothing when it changes nothing but the line ends of a whole text: that is the doing of a checkout or a copy.
    pub(super) fn piece(&self, mut change: FileChange, modified: Option<i64>) -> Result<Option<Piece>, String> {
        if [&change.before, &change.after].into_iter().flatten().any(|side| side.kind == BlobKind::Submodule) {
            return Ok(None);
        }
        let content = |side: &Option<Side>| side.as_ref().map_or(Ok(Some(Vec::new())), |side| self.content(side));
        let (before, after) = (content(&change.before)?, content(&change.after)?);
        let (Some(before), Some(mut after)) = (before, after) else {
            let (before, after, lines) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(Some(Piece { change, before, after, is_text: false, modified, lines }));
        };
        if let (Some(old), Some(new)) = (&change.before, &mut change.after) {
            if before != after && has_crlf(&before) != has_crlf(&after) {
                let converted = if has_crlf(&before) { with_cr(&after) } else { without_cr(&after) };
                if !is_binary(&after) {
                    new.version = Version::Held(converted.clone().into());
                    after = converted;
                }
            }
            if before == after {
                if old.kind == new.kind && old.path == new.path {
                    return Ok(None);
                }
                // Both sides are known to be one content, as those of a commit are by their names.
                new.version = old.version.clone();
            }
        }
        let is_text = !is_binary(&before) && !is_binary(&after);
        Ok(Some(Piece { change, before, after, is_text, modified, lines: Vec::new() }))
    }
}

/// Makes a unit of pieces that belong together.
pub(super) fn unit(pieces: Vec<Piece>, kind: UnitKind, from: usize, title: Option<String>) -> Unit {
    let mut parts: Vec<Vec<u8>> = vec![name_of(&kind).to_vec()];
    let mut pieces = pieces;
    pieces.sort_by(|a, b| a.change.path().cmp(b.change.path()));
    for piece in &pieces {
        for side in [&piece.change.before, &piece.change.after] {
            parts.push(side.as_ref().map_or_else(Vec::new, |side| side.path.as_bytes().to_vec()));
            parts.push(side.as_ref().map_or_else(Vec::new, |side| vec![side.kind as u8]));
        }
        parts.push(piece.digest().to_vec());
    }
    let title = title.unwrap_or_else(|| title_of(&pieces, &kind));
    Unit {
        id: UnitId::new(parts.iter().map(Vec::as_slice)),
        kind,
        from,
        title,
        author: String::new(),
        authored: pieces.iter().filter_map(|piece| piece.modified).max(),
        changes: pieces.into_iter().map(|piece| piece.change).collect(),
    }
}

fn name_of(kind: &UnitKind) -> &'static [u8] {
    match kind {
        UnitKind::Commit { .. } => b"commit",
        UnitKind::Staged => b"staged",
        UnitKind::Unstaged => b"unstaged",
        UnitKind::Stash { .. } => b"stash",
        UnitKind::Tree { .. } => b"tree",
        UnitKind::Artifact { .. } => b"artifact",
    }
}

/// The names of the files, of many the folder that holds them all; of a part of one file, where it is.
fn title_of(pieces: &[Piece], kind: &UnitKind) -> String {
    let paths: Vec<&TreePath> = pieces.iter().map(|piece| piece.change.path()).collect();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let [Piece { change, is_text: true, before, after, .. }] = pieces
        && before == after
        && let FileChange { before: Some(before), after: Some(after) } = change
    {
        let name = text(after.path.file_name());
        match (before.kind, after.kind) {
            _ if before.path != after.path => {
                return format!("rename {} to {}", text(before.path.as_bytes()), text(after.path.as_bytes()));
            }
            (_, BlobKind::Executable) => return format!("make {name} executable"),
            (BlobKind::Executable, BlobKind::File) => return format!("make {name} not executable"),
            _ => {}
        }
    }
    let action = if pieces.iter().all(|piece| piece.change.before.is_none()) {
        "add"
    } else if pieces.iter().all(|piece| piece.change.after.is_none()) {
        "remove"
    } else if *kind == (UnitKind::Tree { two_way: true }) {
        "differs in"
    } else {
        "change"
    };
    if paths.len() > 3 {
        let parents: Vec<Vec<&[u8]>> = paths.iter().map(|path| path.parts().collect()).collect();
        let first = &parents[0][..parents[0].len() - 1];
        let shared = (0..=first.len())
            .rev()
            .find(|&depth| parents.iter().all(|parts| parts.len() > depth && parts[..depth] == first[..depth]))
            .unwrap_or(0);
        return match shared {
            0 => format!("{action} {} files", paths.len()),
            shared => format!("{action} {} files in {}/", paths.len(), text(&first[..shared].join(&b'/'))),
        };
    }
    let names: Vec<String> = paths.iter().map(|path| text(path.file_name())).collect();
    let lines = match pieces {
        [only] => places(only),
        _ => String::new(),
    };
    format!("{action} {}{lines}", names.join(", "))
}

/// ` at line 41` of a part of a file; nothing for a whole.
fn places(piece: &Piece) -> String {
    let lines: Vec<String> = piece.lines.iter().map(|lines| (lines.start + 1).to_string()).collect();
    match &lines[..] {
        [] => String::new(),
        [only] => format!(" at line {only}"),
        [first, second] => format!(" at lines {first} and {second}"),
        [first, second, ..] => format!(" at lines {first}, {second} ..."),
    }
}

pub(super) fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(8000)].contains(&0)
}
