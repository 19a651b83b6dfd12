//! What a checkout has and no commit holds.

use super::found::{Found, Sources, unit};
use super::groups::{Piece, group};
use super::{FileChange, Side, UnitKind, Version};
use crate::path::TreePath;
use crate::snapshot::{Blob, Change, ChangeKind, GitState, Stage};

/// The uncommitted changes of a checkout: what is staged first, then what is not, with files that git does not know. Changes that belong together
/// are one unit; leftovers of editing and files that hold secrets are none.
///
/// # Cost
/// Reads both sides of every changed file up to 1 MiB.
pub fn uncommitted(environment: usize, sources: &Sources<'_>) -> Found {
    let mut found = Found::default();
    let GitState::Checkout(status) = &sources.snapshots[environment].git else { return found };
    for (kind, is_staged) in [(UnitKind::Staged, true), (UnitKind::Unstaged, false)] {
        let changes = status.changes.iter().filter(|change| {
            (change.stage == Stage::Staged) == is_staged
                && change.kind != ChangeKind::Conflicted
                && !(change.stage == Stage::Untracked && sources.is_artifact(environment, &change.path))
        });
        let mut pieces: Vec<Piece> = Vec::new();
        for change in changes {
            let from = change.from.as_ref().unwrap_or(&change.path);
            if (sources.is_sensitive)(&change.path) || (sources.is_sensitive)(from) {
                found.sensitive += 1;
                continue;
            }
            match piece(environment, change, sources) {
                Ok(piece) => pieces.extend(piece),
                Err(words) => found.failures.push(words),
            }
        }
        let folder = |piece: &Piece| piece.change.path().parent().map_or_else(Vec::new, |it| it.as_bytes().to_vec());
        found.units.extend(group(pieces, folder).into_iter().map(|group| unit(group, kind.clone(), environment, None)));
    }
    found
}

fn piece(environment: usize, change: &Change, sources: &Sources<'_>) -> Result<Option<Piece>, String> {
    let blob = |path: &TreePath, blob: Blob| Side {
        path: path.clone(),
        kind: blob.kind,
        version: Version::Blob { environment, id: blob.id },
    };
    let index = || sources.commits.staged(environment, &change.path).map(|it| blob(&change.path, it));
    let is_gone = change.kind == ChangeKind::Deleted;
    let (before, after) = match change.stage {
        Stage::Staged => {
            let from = change.from.as_ref().unwrap_or(&change.path);
            let head = match sources.commit(environment) {
                Some(head) => sources.commits.at(environment, &head.id, from).map_err(|it| it.to_string())?,
                None => None,
            };
            (head.map(|it| blob(from, it)), if is_gone { None } else { index() })
        }
        Stage::Unstaged | Stage::Untracked => {
            (index(), if is_gone { None } else { sources.present(environment, &change.path) })
        }
    };
    if before.is_none() && after.is_none() || before == after {
        return Ok(None);
    }
    sources.piece(FileChange { before, after }, sources.modified(environment, &change.path))
}
