//! Finds out what an artifact is: what it equals, or between which two states it lies.

use std::borrow::Cow;

use crate::compare::artifacts::{self, Artifact};
use crate::insight::{ArtifactEvidence, Between, Older};
use crate::path::TreePath;
use crate::snapshot::{
    Algorithms, CommittedVersion, Content, ContentReader, EntryRef, File, GitState, HistoryReader, Snapshot,
};

/// Larger files are not looked into.
const SIZE_LIMIT: u64 = 1 << 20;

/// Longer files are not looked into: line differences cost lines times changes.
const LINE_LIMIT: usize = 20_000;

/// Finds out what each artifact is, after [`artifacts::questions`] were answered. Evidence comes in the order of the artifacts.
///
/// Histories are asked only about artifacts that equal no file, and contents are read only where no history has them either.
pub fn examine(
    artifacts: &[Artifact],
    snapshots: &[Snapshot],
    contents: &dyn ContentReader,
    history: &dyn HistoryReader,
) -> Vec<ArtifactEvidence> {
    let examiner = Examiner { artifacts, snapshots, contents, history };
    artifacts.iter().map(|artifact| examiner.examine(artifact)).collect()
}

/// The files whose contents [`examine()`] may have to read, because no digest and nothing that is remembered spares it; so that they can be
/// fetched at once where each costs a round trip. In the order of the artifacts; some may be named twice.
pub fn wanted(artifacts: &[Artifact], snapshots: &[Snapshot], contents: &dyn ContentReader) -> Vec<EntryRef> {
    let has_history = |snapshot: &Snapshot| matches!(snapshot.git, GitState::Checkout(_) | GitState::Commit { .. });
    let has_history = snapshots.iter().any(has_history);
    let mut wanted = Vec::new();
    for artifact in artifacts {
        let file = |at: EntryRef| match snapshots[at.environment].entries[at.entry].content {
            Content::File(file) if file.size <= SIZE_LIMIT => Some(file),
            _ => None,
        };
        let Some(own) = file(artifact.at) else { continue };
        let original = |environment: usize| -> Option<EntryRef> {
            let entry = snapshots[environment].find(artifact.original.as_ref()?)?;
            Some(EntryRef { environment, entry }).filter(|at| file(*at).is_some())
        };
        let originals: Vec<EntryRef> = (0..snapshots.len()).filter_map(original).collect();
        let equals = |at: &EntryRef| file(*at).is_some_and(|other| own.digests.same(&other.digests) == Some(true));
        if originals.iter().any(equals) {
            continue;
        }
        let siblings = artifacts.iter().filter(|other| {
            other.at.environment == artifact.at.environment
                && other.original == artifact.original
                && other.at != artifact.at
        });
        let here = originals.iter().find(|at| at.environment == artifact.at.environment);
        let digest = |at: EntryRef| file(at)?.digests.blake3;
        let is_remembered = |older: EntryRef| {
            let key = || Some(way_key(&digest(older)?, &own.digests.blake3?, &digest(*here?)?));
            key().is_some_and(|key| contents.recall(key).is_some())
        };
        let mut older = originals.iter().filter(|at| Some(*at) != here).copied().chain(siblings.map(|other| other.at));
        let lies_between = artifact.has_original_here && !older.all(is_remembered);
        if lies_between || (has_history && own.digests.git_blob.is_none()) {
            wanted.push(artifact.at);
        }
        if lies_between {
            wanted.extend(originals);
        }
    }
    wanted
}

struct Examiner<'a> {
    artifacts: &'a [Artifact],
    snapshots: &'a [Snapshot],
    contents: &'a dyn ContentReader,
    history: &'a dyn HistoryReader,
}

impl Examiner<'_> {
    fn examine(&self, artifact: &Artifact) -> ArtifactEvidence {
        let mut evidence = ArtifactEvidence {
            artifact: artifact.clone(),
            equals_current: false,
            equals: Vec::new(),
            committed: None,
            between: None,
            unknown: None,
        };
        let file = match &self.entry(artifact.at).content {
            Content::File(file) => *file,
            Content::Symlink { .. } => return unknown(evidence, "it is a link and holds nothing itself"),
            _ => return unknown(evidence, "it cannot be read"),
        };
        let here = artifact.at.environment;
        if let Some(original) = &artifact.original {
            for environment in 0..self.snapshots.len() {
                match self.equals(file, environment, original) {
                    Some(true) if environment == here => evidence.equals_current = true,
                    Some(true) => evidence.equals.push(environment),
                    Some(false) => {}
                    None => {
                        let name = &self.snapshots[environment].environment;
                        evidence.unknown = Some(format!("what `{name}` has could not be compared with it"));
                    }
                }
            }
        }
        if evidence.equals_current || !evidence.equals.is_empty() {
            evidence.unknown = None;
            return evidence;
        }
        match self.committed(artifact) {
            Ok(Some(committed)) => {
                evidence.committed = Some(committed);
                evidence.unknown = None;
                return evidence;
            }
            Ok(None) => {}
            Err(reason) => evidence.unknown = Some(reason),
        }
        if let Some(original) = artifact.original.as_ref().filter(|_| artifact.has_original_here) {
            match self.between(artifact, original) {
                Ok(between) => evidence.between = between,
                Err(reason) => evidence.unknown = Some(reason),
            }
        }
        evidence
    }

    /// Whether `file` equals what an environment has at a path; `None` when it cannot be told.
    fn equals(&self, file: File, environment: usize, path: &TreePath) -> Option<bool> {
        match &self.entry_at(environment, path) {
            Some(Content::File(other)) if other.size != file.size => Some(false),
            Some(Content::File(_)) if file.size == 0 => Some(true),
            Some(Content::File(other)) => file.digests.same(&other.digests),
            Some(Content::Unreadable { .. }) => None,
            _ => Some(false),
        }
    }

    /// The newest commit in which the original had this content; the artifact's own history comes first.
    fn committed(&self, artifact: &Artifact) -> Result<Option<(usize, crate::snapshot::CommitSummary)>, String> {
        let original = artifact.original.clone().or_else(|| {
            let named = artifacts::name(artifact.path.file_name())?;
            artifacts::beside(&artifact.path, named.originals.first()?)
        });
        let Some(original) = original else { return Ok(None) };
        let here = artifact.at.environment;
        let mut blob = None;
        for environment in std::iter::once(here).chain((0..self.snapshots.len()).filter(|other| *other != here)) {
            if !matches!(self.snapshots[environment].git, GitState::Checkout(_) | GitState::Commit { .. }) {
                continue;
            }
            let versions = self.history.versions(environment, &original).map_err(|failure| failure.0)?;
            if versions.is_empty() {
                continue;
            }
            if blob.is_none() {
                let wanted = Algorithms { git_blob: true, ..Algorithms::default() };
                blob = self.contents.digests(artifact.at, wanted).map_err(|failure| failure.0)?.git_blob;
            }
            let found = versions.into_iter().find(|version: &CommittedVersion| Some(version.git_blob) == blob);
            if let Some(version) = found {
                return Ok(Some((environment, version.commit)));
            }
        }
        Ok(None)
    }

    /// The first older version from which the artifact is on the way to the current file; one that leaves it nothing of its own comes first.
    fn between(&self, artifact: &Artifact, original: &TreePath) -> Result<Option<Between>, String> {
        let here = artifact.at.environment;
        let Some(current) = self.version(here, original)? else { return Ok(None) };
        let Some(middle) = self.version(here, &artifact.path)? else { return Ok(None) };
        let mut best: Option<Between> = None;
        let mut try_out = |older: Version<'_>, called: Older| -> Result<(), String> {
            let own = self.own_lines(&older, &middle, &current)?;
            if let Some(own) = own.filter(|own| best.as_ref().is_none_or(|best| *own < best.own_lines)) {
                best = Some(Between { older: called, own_lines: own });
            }
            Ok(())
        };
        for other in self.artifacts {
            let is_sibling = other.at.environment == here && other.original.as_ref() == Some(original);
            if is_sibling
                && other.at != artifact.at
                && let Some(older) = self.version(here, &other.path)?
            {
                try_out(older, Older::Artifact(other.path.clone()))?;
            }
        }
        for environment in (0..self.snapshots.len()).filter(|other| *other != here) {
            if let Some(older) = self.version(environment, original)? {
                try_out(older, Older::Environment(environment))?;
            }
        }
        let commit = match &self.snapshots[here].git {
            GitState::Checkout(status) => status.commit.as_ref(),
            GitState::Commit { commit, .. } => Some(commit),
            _ => None,
        };
        if let Some(commit) = commit {
            let committed = self.history.committed(here, original).map_err(|failure| failure.0)?;
            if let Some(bytes) = committed.filter(|bytes| bytes.len() as u64 <= SIZE_LIMIT) {
                let older = Version { digest: *blake3::hash(&bytes).as_bytes(), place: Place::Bytes(bytes) };
                try_out(older, Older::Commit(here, commit.clone()))?;
            }
        }
        Ok(best)
    }

    /// [`on_the_way`], found out once and remembered: a later run reads none of the three.
    fn own_lines(
        &self,
        older: &Version<'_>,
        middle: &Version<'_>,
        newer: &Version<'_>,
    ) -> Result<Option<usize>, String> {
        let key = way_key(&older.digest, &middle.digest, &newer.digest);
        if let Some(known) = self.contents.recall(key) {
            return Ok((known as usize).checked_sub(1));
        }
        let texts = [self.bytes(older)?, self.bytes(middle)?, self.bytes(newer)?];
        let are_texts = texts.iter().all(|text| is_small_text(text));
        let own = if are_texts { on_the_way(&texts[0], &texts[1], &texts[2]) } else { None };
        self.contents.remember(key, own.map_or(0, |own| own as u32 + 1));
        Ok(own)
    }

    /// What an environment has at a path; `None` when it is no file, or too large.
    fn version<'p>(&self, environment: usize, path: &'p TreePath) -> Result<Option<Version<'p>>, String> {
        let snapshot = &self.snapshots[environment];
        let Some(entry) = snapshot.find(path) else { return Ok(None) };
        match snapshot.entries[entry].content {
            Content::File(file) if file.size <= SIZE_LIMIT => {}
            _ => return Ok(None),
        }
        let wanted = Algorithms { blake3: true, ..Algorithms::default() };
        let known = self.contents.digests(EntryRef { environment, entry }, wanted).map_err(|failure| failure.0)?;
        Ok(known.blake3.map(|digest| Version { digest, place: Place::Path(environment, path) }))
    }

    fn bytes<'v>(&self, version: &'v Version<'_>) -> Result<Cow<'v, [u8]>, String> {
        match &version.place {
            Place::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Place::Path(environment, path) => {
                let read = self.contents.read(*environment, path, SIZE_LIMIT);
                read.map(Cow::Owned).map_err(|failure| failure.0)
            }
        }
    }

    fn entry(&self, at: EntryRef) -> &crate::snapshot::Entry {
        &self.snapshots[at.environment].entries[at.entry]
    }

    fn entry_at(&self, environment: usize, path: &TreePath) -> Option<&Content> {
        let snapshot = &self.snapshots[environment];
        Some(&snapshot.entries[snapshot.find(path)?].content)
    }
}

/// Under what the answer of [`on_the_way`] about three contents is remembered.
fn way_key(older: &[u8; 32], middle: &[u8; 32], newer: &[u8; 32]) -> [u8; 32] {
    let mut key = blake3::Hasher::new();
    key.update(b"on the way 1").update(older).update(middle).update(newer);
    *key.finalize().as_bytes()
}

/// A content that is read only if it must be.
struct Version<'p> {
    digest: [u8; 32],
    place: Place<'p>,
}

enum Place<'p> {
    Path(usize, &'p TreePath),
    Bytes(Vec<u8>),
}

fn unknown(mut evidence: ArtifactEvidence, why: &str) -> ArtifactEvidence {
    evidence.unknown = Some(why.to_owned());
    evidence
}

/// As git decides it: no zero byte among the first 8,000.
fn is_small_text(bytes: &[u8]) -> bool {
    !bytes[..bytes.len().min(8000)].contains(&0) && lines(bytes).len() <= LINE_LIMIT
}

/// Whether `middle` is a state on the way from `older` to `newer`: at least one of its changes lies inside a change of `newer`. Such a change
/// takes away nothing that `newer` keeps, and adds, at the same place, only lines that `newer` adds in the same order. Gives how many
/// lines its other changes add: what it has of its own.
pub(super) fn on_the_way(older: &[u8], middle: &[u8], newer: &[u8]) -> Option<usize> {
    if middle == older || middle == newer {
        return None;
    }
    let (older, middle, newer) = (lines(older), lines(middle), lines(newer));
    let changes = |to: &[&[u8]]| {
        let all = similar::capture_diff_slices(similar::Algorithm::Myers, &older, to);
        let changed = all.into_iter().filter(|op| op.tag() != similar::DiffTag::Equal);
        changed.map(|op| (op.old_range(), op.new_range())).collect::<Vec<_>>()
    };
    let in_newer = changes(&newer);
    let (shared, own): (Vec<_>, Vec<_>) = changes(&middle).into_iter().partition(|(old, new)| {
        in_newer.iter().any(|(newer_old, newer_new)| {
            newer_old.start <= old.start
                && old.end <= newer_old.end
                && is_subsequence(&middle[new.clone()], &newer[newer_new.clone()])
        })
    });
    (!shared.is_empty()).then(|| own.iter().map(|(old, new)| new.len().max(old.len())).sum())
}

fn is_subsequence(part: &[&[u8]], whole: &[&[u8]]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|line| whole.any(|other| other == line))
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&b| b == b'\n').collect()
}

#[cfg(test)]
mod tests;
