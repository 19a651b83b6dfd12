//! What a tree has of its own that shares no history with any other environment.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::oldest;
use super::found::{Found, Sources, is_binary, unit};
use super::groups::{Piece, group};
use super::{FileChange, Side, UnitKind, Version};
use crate::compare::artifacts::{Artifact, ArtifactKind};
use crate::compare::text::replacements::changes;
use crate::compare::{Cell, Row};
use crate::insight::ArtifactEvidence;
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Blob, BlobId, BlobKind, CommitId, EntryRef};
use crate::text::ends::without_cr;

/// So many earlier versions of a file are held against it.
const VERSIONS: usize = 32;

/// What an environment has of its own, when its files are in no history that another environment shares. A file that any known history has had
/// is nothing of its own; another one is held against the committed version that is nearest to it (the fewest changed lines, the newest of
/// several, and before that the one of the commit that the whole tree is nearest to). Where no history has the file, the baseline's version is
/// what it is held against, else the one that most others have. Where as many have the one as the other, and neither was put aside beside the
/// other, nothing says which is newer, and the unit says so.
/// A copy that was put aside beside the file goes before any of these when it is nearer: what another environment did since is not undone then.
///
/// That a file is missing is no unit: nothing says that anybody removed it.
///
/// # Cost
/// Reads every file that is not in sync, up to 1 MiB, and up to 32 earlier versions of each.
pub fn trees(environment: usize, sources: &Sources<'_>) -> Found {
    let mut found = Found::default();
    let root = match sources.commit(environment) {
        None => None,
        Some(_) => match unrelated_root(environment, sources) {
            Ok(Some(root)) => Some(root),
            Ok(None) => return found,
            Err(words) => {
                found.failures.push(format!("{}: {words}", sources.snapshots[environment].environment));
                return found;
            }
        },
    };
    let copies = oldest(environment, sources);
    let mut own = Own { environment, sources, root, copies, two_way: BTreeSet::new(), found: Found::default() };
    let mut pieces = Vec::new();
    for row in sources.comparison.rows().filter(|row| row.is_drift() && !row.is_folder) {
        match own.piece(&row) {
            Ok(piece) => pieces.extend(piece),
            Err(words) => own.found.failures.push(words),
        }
    }
    let groups = group(pieces, |piece| own.place(piece.change.path()));
    let unit = |group: Vec<Piece>| {
        let two_way = group.iter().any(|piece| own.two_way.contains(piece.change.path()));
        unit(group, UnitKind::Tree { two_way }, environment, None)
    };
    own.found.units = groups.into_iter().map(unit).collect();
    own.found
}

/// The root of a history that no other environment shares.
fn unrelated_root(environment: usize, sources: &Sources<'_>) -> Result<Option<CommitId>, String> {
    let others = (0..sources.snapshots.len()).filter(|&other| other != environment && sources.commit(other).is_some());
    let mut root = None;
    for other in others {
        let beyond = sources.commits.beyond(environment, &[other]).map_err(|failure| failure.to_string())?;
        if beyond.base.is_some() {
            return Ok(None);
        }
        root = beyond.commits.into_iter().find(|it| it.parents.is_empty() && !it.is_cut).map(|it| it.summary.id);
    }
    Ok(root)
}

struct Own<'a> {
    environment: usize,
    sources: &'a Sources<'a>,
    /// The commit whose files count, where there is a history.
    root: Option<CommitId>,
    /// Copies of files, by the files' paths.
    copies: BTreeMap<&'a TreePath, &'a Artifact>,
    /// Files that are held against what another environment has now, where as many have the one as the other.
    two_way: BTreeSet<TreePath>,
    found: Found,
}

impl Own<'_> {
    fn piece(&mut self, row: &Row<'_>) -> Result<Option<Piece>, String> {
        let sources = self.sources;
        let path = row.path(sources.snapshots);
        let cell = row.cells[self.environment];
        let others = || (0..row.cells.len()).filter(|&other| other != self.environment);
        if !matches!(cell, Cell::Variant(_)) || sources.is_artifact(self.environment, path) {
            return Ok(None);
        }
        let is_theirs = |other: usize| sources.commit(other).is_some() && row.cells[other] == cell;
        if self.root.is_none() && others().any(is_theirs) {
            return Ok(None);
        }
        let Some(after) = self.after(path)? else { return Ok(None) };
        if (sources.is_sensitive)(path) {
            self.found.sensitive += 1;
            return Ok(None);
        }
        let is_known = others().any(|other| sources.commit(other).is_some());
        let mut is_two_way = false;
        let before = match self.earlier(path, &after)? {
            Earlier::Same => return Ok(None),
            Earlier::Nearest(before) => Some(before),
            Earlier::None if is_known && others().all(|other| row.cells[other] == Cell::Absent) => None,
            Earlier::None => match self.elsewhere(row) {
                Elsewhere::Same => return Ok(None),
                Elsewhere::Other(other) => sources.present(other, path),
                Elsewhere::AsMany(other) => {
                    is_two_way = true;
                    sources.present(other, path)
                }
                Elsewhere::Absent => None,
            },
        };
        let before = match before {
            Some(before) => {
                let copy = self.copy_if_nearer(path, &before, &after)?;
                if is_two_way && copy.is_none() {
                    self.two_way.insert(path.clone());
                }
                Some(copy.unwrap_or(before))
            }
            None => None,
        };
        // A copy without a repository may have lost its modes.
        let before = before.map(|before| Side { kind: after.kind, ..before });
        sources.piece(FileChange { before, after: Some(after) }, sources.modified(self.environment, path))
    }

    fn after(&self, path: &TreePath) -> Result<Option<Side>, String> {
        let Some(root) = &self.root else { return Ok(self.sources.present(self.environment, path)) };
        let blob = self.sources.commits.at(self.environment, root, path).map_err(|failure| failure.to_string())?;
        Ok(blob.filter(|blob| blob.kind != BlobKind::Submodule).map(|blob| Side {
            path: path.clone(),
            kind: blob.kind,
            version: Version::Blob { environment: self.environment, id: blob.id },
        }))
    }

    /// The committed version of any other environment that is nearest.
    fn earlier(&self, path: &TreePath, after: &Side) -> Result<Earlier, String> {
        let sources = self.sources;
        let mut versions: Vec<(usize, BlobId)> = Vec::new();
        // The version of the commit that the whole tree is nearest to goes before others that are as near.
        if let Some((history, commit)) = sources.lineage.commit_near(self.environment) {
            let blob = sources.commits.at(history, &commit, path).map_err(|failure| failure.to_string())?;
            let is_file = |blob: &Blob| matches!(blob.kind, BlobKind::File | BlobKind::Executable);
            versions.extend(blob.filter(is_file).map(|blob| (history, blob.id)));
        }
        for other in (0..sources.snapshots.len()).filter(|&other| other != self.environment) {
            let known = sources.history.versions(other, path).map_err(|failure| failure.to_string())?;
            for version in known {
                if !versions.iter().any(|(_, id)| *id == version.git_blob) {
                    versions.push((other, version.git_blob));
                }
            }
        }
        if versions.is_empty() {
            return Ok(Earlier::None);
        }
        let own = self.name(after)?;
        if versions.iter().any(|(_, id)| own == Some(*id)) {
            return Ok(Earlier::Same);
        }
        let new = self.lines(after)?;
        let mut best: Option<(usize, Side)> = None;
        for &(environment, id) in versions.iter().take(VERSIONS) {
            let version = Version::Blob { environment, id };
            let side = Side { path: path.clone(), kind: after.kind, version };
            let far = match (&new, self.lines(&side)?) {
                (Some(new), Some(old)) => far(&old, new),
                _ => usize::MAX,
            };
            if far == 0 {
                return Ok(Earlier::Same);
            }
            if best.as_ref().is_none_or(|(least, _)| far < *least) {
                best = Some((far, side));
            }
        }
        Ok(best.map_or(Earlier::None, |(_, side)| Earlier::Nearest(side)))
    }

    /// The copy of a file that was put aside, if fewer lines were changed since than `before` is away.
    fn copy_if_nearer(&self, path: &TreePath, before: &Side, after: &Side) -> Result<Option<Side>, String> {
        let Some(copy) = self.copies.get(path).filter(|copy| !(self.sources.is_sensitive)(&copy.path)) else {
            return Ok(None);
        };
        let Some(copy) = self.sources.present(self.environment, &copy.path) else { return Ok(None) };
        let [Some(old), Some(other), Some(new)] = [self.lines(&copy)?, self.lines(before)?, self.lines(after)?] else {
            return Ok(None);
        };
        let lines = far(&old, &new);
        let is_nearer = lines > 0 && lines < far(&other, &new);
        Ok(is_nearer.then(|| Side { path: path.clone(), ..copy }))
    }

    /// The lines of a text, without the CR at their ends; `None` when it is none.
    fn lines(&self, side: &Side) -> Result<Option<Vec<Vec<u8>>>, String> {
        let text = self.sources.content(side)?.map(|text| without_cr(&text)).filter(|text| !is_binary(text));
        let lines = |text: Vec<u8>| text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        Ok(text.map(lines))
    }

    fn name(&self, side: &Side) -> Result<Option<BlobId>, String> {
        match &side.version {
            Version::Blob { id, .. } => Ok(Some(*id)),
            Version::Held(_) | Version::Part { .. } => Ok(None),
            Version::File { environment, path } => {
                let Some(entry) = self.sources.snapshots[*environment].find(path) else { return Ok(None) };
                if side.kind == BlobKind::Link {
                    return Ok(None);
                }
                let wanted = Algorithms { git_blob: true, ..Algorithms::default() };
                let at = EntryRef { environment: *environment, entry };
                let digests = self.sources.contents.digests(at, wanted).map_err(|failure| failure.to_string())?;
                Ok(digests.git_blob)
            }
        }
    }

    /// What other environments have at a path that is in no history.
    fn elsewhere(&self, row: &Row<'_>) -> Elsewhere {
        let cell = row.cells[self.environment];
        let meaning = |other: usize| match row.cells[other] {
            Cell::Absent => Elsewhere::Absent,
            _ => Elsewhere::Other(other),
        };
        match self.sources.baseline {
            Some(baseline) if baseline == self.environment => return Elsewhere::Same,
            Some(baseline) if row.cells[baseline] == cell => return Elsewhere::Same,
            Some(baseline) if !matches!(row.cells[baseline], Cell::Unreadable(_)) => return meaning(baseline),
            _ => {}
        }
        let mut counts: BTreeMap<Option<u8>, (usize, usize)> = BTreeMap::new();
        for (at, other) in row.cells.iter().enumerate() {
            let number = match other {
                Cell::Absent => None,
                Cell::Variant(number) => Some(*number),
                Cell::Unreadable(_) => continue,
            };
            counts.entry(number).or_insert((0, at)).0 += 1;
        }
        let own = match cell {
            Cell::Variant(number) => counts.remove(&Some(number)).map_or(0, |(count, _)| count),
            _ => 0,
        };
        match counts.into_values().max_by_key(|&(count, at)| (count, std::cmp::Reverse(at))) {
            Some((count, at)) if count > own => meaning(at),
            Some((count, at)) if count == own => match meaning(at) {
                Elsewhere::Other(other) if self.has_put_aside(self.environment, other, row) => Elsewhere::Other(other),
                Elsewhere::Other(other) if self.has_put_aside(other, self.environment, row) => Elsewhere::Same,
                Elsewhere::Other(other) => Elsewhere::AsMany(other),
                other => other,
            },
            _ => Elsewhere::Same,
        }
    }

    /// Whether an environment put aside what another one has: then its own is newer.
    fn has_put_aside(&self, environment: usize, other: usize, row: &Row<'_>) -> bool {
        let path = row.path(self.sources.snapshots);
        self.sources.artifacts.iter().any(|ArtifactEvidence { artifact, equals, .. }| {
            artifact.at.environment == environment
                && artifact.original.as_ref() == Some(path)
                && matches!(artifact.kind, ArtifactKind::Backup | ArtifactKind::Numbered)
                && equals.contains(&other)
        })
    }

    /// Where a new file belongs: the outermost folder that nobody else has, else its own.
    fn place(&self, path: &TreePath) -> Vec<u8> {
        let sources = self.sources;
        let is_own = |folder: &&[u8]| {
            let Ok(folder) = TreePath::new(*folder) else { return false };
            let others = (0..sources.snapshots.len()).filter(|&other| other != self.environment);
            others.into_iter().all(|other| sources.snapshots[other].find(&folder).is_none())
        };
        let outermost = path.ancestors().take_while(is_own).last();
        let own = || path.ancestors().next();
        outermost.or_else(own).unwrap_or_default().to_vec()
    }
}

/// In how many lines two texts differ.
fn far(old: &[Vec<u8>], new: &[Vec<u8>]) -> usize {
    changes(old, new).iter().map(|(old, new)| old.len() + new.len()).sum()
}

/// What histories have of a file.
enum Earlier {
    /// The very content.
    Same,
    /// Another one; this is the nearest.
    Nearest(Side),
    /// Nothing.
    None,
}

/// What others have of a file.
enum Elsewhere {
    /// The same, or nothing to hold it against.
    Same,
    /// Another one has another version.
    Other(usize),
    /// The same, and as many have the one as the other.
    AsMany(usize),
    /// They have none.
    Absent,
}
