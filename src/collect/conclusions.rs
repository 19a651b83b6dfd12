//! What was concluded from all environments together, kept so that a run that would conclude the same need not read the files again.
//!
//! One file for the same places and topic, private and replaced at once. It holds the digest of all that the conclusion rests on, and the conclusion, and is
//! a shortcut and never the truth: another digest, another version, or a damaged byte, and it is as if there were none.

use std::path::{Path, PathBuf};

use crate::collect::collected::{Backing, Collected, lock, not_kept};
use crate::collect::{Stamp, cache, state};
use crate::snapshot::{CommitReader as _, Content, EntryRef, GitState, Snapshot, Timestamp};

const MAGIC: &[u8] = b"driftline conclusion 1\n";
const DIGEST: usize = 32;

/// Where conclusions over the same places are kept.
#[derive(Debug, Default)]
pub(super) struct Conclusions {
    /// Files of all topics, without their endings.
    place: Option<PathBuf>,
    /// What is kept is not asked for, only replaced.
    distrust: bool,
}

impl Conclusions {
    pub(super) fn new(state: Option<&Path>, identities: &[Vec<u8>], distrust: bool) -> Self {
        let mut name = blake3::Hasher::new();
        for identity in identities {
            add(&mut name, identity);
        }
        let name = &name.finalize().to_hex()[..32];
        Self { place: state.map(|state| state.join("conclusions").join(name)), distrust }
    }

    fn file(&self, topic: &str) -> Option<PathBuf> {
        Some(self.place.as_ref()?.with_extension(format!("{topic}.conclusion")))
    }
}

impl Collected<'_> {
    /// A digest of what a conclusion rests on, without reading a file: what the caller says about the question, the stamps of the `entries` that
    /// it is about and of all files with uncommitted changes, and what repositories say. `None` when nothing is kept, or when one of these
    /// files could change and leave no trace in that.
    pub fn basis(&self, question: &[u8; 32], entries: &[EntryRef]) -> Option<[u8; 32]> {
        let mut basis = blake3::Hasher::new();
        basis.update(question);
        for at in entries {
            self.add_entry(&mut basis, at.environment, at.entry)?;
        }
        for (environment, snapshot) in self.snapshots.iter().enumerate() {
            add(&mut basis, snapshot.environment.as_str().as_bytes());
            add(&mut basis, format!("{:?}", snapshot.git).as_bytes());
            for cut in self.histories.cuts(environment) {
                add(&mut basis, cut.as_bytes());
            }
            let GitState::Checkout(status) = &snapshot.git else { continue };
            for change in &status.changes {
                let staged = self.staged(environment, &change.path);
                basis.update(&[staged.map_or(u8::MAX, |blob| blob.kind as u8)]);
                basis.update(&staged.map_or([0; 20], |blob| blob.id));
                if let Some(entry) = snapshot.find(&change.path) {
                    self.add_entry(&mut basis, environment, entry)?;
                }
            }
        }
        Some(*basis.finalize().as_bytes())
    }

    fn add_entry(&self, basis: &mut blake3::Hasher, environment: usize, entry: usize) -> Option<()> {
        let snapshot: &Snapshot = &self.snapshots[environment];
        let backing: &Backing = &self.backings[environment];
        let known = &snapshot.entries[entry];
        basis.update(&(environment as u64).to_le_bytes()).update(&(entry as u64).to_le_bytes());
        basis.update(&known.attributes.mode.to_le_bytes());
        add_time(basis, known.attributes.modified);
        match (&known.content, backing.stamps[entry]) {
            (Content::File(_), Some(stamp)) => {
                if !cache::is_past(&stamp, self.began) {
                    return None;
                }
                add_stamp(basis, &stamp);
            }
            (Content::File(file), None) => {
                // A commit is named by what is in it, and is a part of the state of its repository.
                let is_named = matches!(snapshot.git, GitState::Commit { .. });
                let digests = [file.digests.blake3, file.digests.sha256, file.digests.keyed];
                let digest = digests.into_iter().flatten().next();
                if !is_named && digest.is_none() && file.digests.git_blob.is_none() {
                    return None;
                }
                basis.update(&file.size.to_le_bytes());
                if !is_named {
                    basis.update(&digest.unwrap_or_default()).update(&file.digests.git_blob.unwrap_or_default());
                }
            }
            (Content::Symlink { target }, _) => add(basis, target),
            (other, _) => add(basis, format!("{other:?}").as_bytes()),
        }
        Some(())
    }

    /// Whether there is a place to keep conclusions in.
    pub fn keeps_conclusions(&self) -> bool {
        self.conclusions.place.is_some()
    }

    /// What an earlier run concluded from the same.
    pub fn recall_conclusion(&self, topic: &str, basis: &[u8; 32]) -> Option<Vec<u8>> {
        let file = self.conclusions.file(topic).filter(|_| !self.conclusions.distrust)?;
        read(&std::fs::read(file).ok()?, basis)
    }

    /// What the last run concluded about the same environments, whatever has become of them since.
    pub fn last_conclusion(&self, topic: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.conclusions.file(topic)?).ok()?;
        whole(&bytes).map(|(_, conclusion)| conclusion.to_vec())
    }

    /// Keeps a conclusion for later runs. That it cannot be kept is said once, and changes no answer.
    pub fn keep_conclusion(&self, topic: &str, basis: &[u8; 32], conclusion: &[u8]) {
        let Some(file) = self.conclusions.file(topic) else { return };
        let kept = state::replace(&file, |out| out.write_all(&written(basis, conclusion)));
        if let Err(error) = kept {
            let note = not_kept(&self.state, &error);
            let mut notes = lock(&self.notes);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }

    /// Whether an environment is on another machine.
    pub fn is_elsewhere(&self, environment: usize) -> bool {
        self.is_far(environment)
    }
}

fn add(basis: &mut blake3::Hasher, bytes: &[u8]) {
    basis.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}

fn add_time(basis: &mut blake3::Hasher, time: Timestamp) {
    basis.update(&time.seconds.to_le_bytes()).update(&time.nanos.to_le_bytes());
}

fn add_stamp(basis: &mut blake3::Hasher, stamp: &Stamp) {
    for number in [stamp.device, stamp.inode, stamp.size] {
        basis.update(&number.to_le_bytes());
    }
    add_time(basis, stamp.modified);
    add_time(basis, stamp.changed);
}

fn written(basis: &[u8; 32], conclusion: &[u8]) -> Vec<u8> {
    let mut bytes = [MAGIC, basis, conclusion].concat();
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

fn read(bytes: &[u8], basis: &[u8; 32]) -> Option<Vec<u8>> {
    whole(bytes).filter(|(of, _)| *of == basis).map(|(_, conclusion)| conclusion.to_vec())
}

/// What a file holds when no byte of it is damaged: the digest of what the conclusion rests on, and the conclusion.
fn whole(bytes: &[u8]) -> Option<(&[u8; DIGEST], &[u8])> {
    let (body, checksum) = bytes.split_last_chunk::<DIGEST>()?;
    let (of, conclusion) = body.strip_prefix(MAGIC)?.split_first_chunk::<DIGEST>()?;
    (blake3::hash(body) == *checksum).then_some((of, conclusion))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_basis_and_whole_bytes_are_believed() {
        let bytes = written(&[1; 32], b"so it is");
        assert_eq!(read(&bytes, &[1; 32]).as_deref(), Some(&b"so it is"[..]));
        assert_eq!(read(&bytes, &[2; 32]), None);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(read(&damaged, &[1; 32]), None, "byte {at}");
            assert_eq!(read(&bytes[..at], &[1; 32]), None, "cut at {at}");
        }
    }
}
