//! What a file has over a copy of it that was put aside.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, Sources, unit};
use super::groups::group;
use super::{FileChange, Unit, UnitKind};
use crate::compare::artifacts::{Artifact, ArtifactKind};
use crate::path::TreePath;
use crate::snapshot::Algorithms;

/// What files have over copies beside them (`X.original`, `X.backup`), where no other unit of the environment tells what was done to the file. Of
/// several copies the oldest counts, the first by name among those without a time.
pub fn copies(environment: usize, known: &[Unit], sources: &Sources<'_>) -> Found {
    let mut found = Found::default();
    let told: BTreeSet<&TreePath> = known.iter().flat_map(|unit| &unit.changes).map(FileChange::path).collect();
    let mut oldest = oldest(environment, sources);
    oldest.retain(|original, _| !told.contains(original));
    for (original, artifact) in oldest {
        if (sources.is_sensitive)(original) || (sources.is_sensitive)(&artifact.path) {
            found.sensitive += 1;
            continue;
        }
        let is_clean = sources.commits.staged(environment, original).is_none();
        if sources.commit(environment).is_some() && is_clean {
            match is_in_commits(environment, original, artifact, sources) {
                Ok(false) => {}
                Ok(true) => continue,
                Err(words) => {
                    found.failures.push(words);
                    continue;
                }
            }
        }
        let before = sources.present(environment, &artifact.path).map(|mut side| {
            side.path.clone_from(original);
            side
        });
        let after = sources.present(environment, original);
        let (Some(before), Some(after)) = (before, after) else { continue };
        // The modes of copies say nothing.
        let before = super::Side { kind: after.kind, ..before };
        let change = FileChange { before: Some(before), after: Some(after) };
        match sources.piece(change, sources.modified(environment, original)) {
            Ok(Some(piece)) => {
                let kind = UnitKind::Artifact { copy: artifact.path.clone() };
                let groups = group(vec![piece], |_| Vec::new());
                found.units.extend(groups.into_iter().map(|group| unit(group, kind.clone(), environment, None)));
            }
            Ok(None) => {}
            Err(words) => found.failures.push(words),
        }
    }
    found
}

/// The oldest copy of each file that has one beside it, by the file's path.
pub(super) fn oldest<'a>(environment: usize, sources: &Sources<'a>) -> BTreeMap<&'a TreePath, &'a Artifact> {
    let mut oldest: BTreeMap<&TreePath, &Artifact> = BTreeMap::new();
    let here = |artifact: &&Artifact| {
        let is_copy = matches!(artifact.kind, ArtifactKind::Backup | ArtifactKind::Numbered);
        artifact.at.environment == environment && artifact.has_original_here && is_copy
    };
    for artifact in sources.artifacts.iter().map(|it| &it.artifact).filter(here) {
        let Some(original) = &artifact.original else { continue };
        let time = |artifact: &Artifact| sources.modified(environment, &artifact.path);
        let best = oldest.entry(original).or_insert(artifact);
        if time(artifact) < time(best) {
            *best = artifact;
        }
    }
    oldest
}

/// Whether commits tell what was done to a file that has no uncommitted change: it came in more than one step, or the copy is what they have. A tree
/// that was committed as a whole tells nothing.
fn is_in_commits(
    environment: usize,
    original: &TreePath,
    copy: &Artifact,
    sources: &Sources<'_>,
) -> Result<bool, String> {
    let versions = sources.history.versions(environment, original).map_err(|failure| failure.to_string())?;
    let [only] = &versions[..] else { return Ok(!versions.is_empty()) };
    let wanted = Algorithms { git_blob: true, ..Algorithms::default() };
    let digests = sources.contents.digests(copy.at, wanted).map_err(|failure| failure.to_string())?;
    Ok(digests.git_blob == Some(only.git_blob))
}
