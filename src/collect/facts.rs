//! What was found out about contents, kept under their digests so that a later run need not read them again.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::collect::state;

const MAGIC: &[u8] = b"driftline facts 1\n";
const CHECKSUM: usize = 32;

/// Numbers, by what was asked about which contents. A fact about contents cannot become false; one that no run asks for
/// any more is dropped when the others are written.
#[derive(Debug, Default)]
pub(super) struct Facts {
    file: Option<PathBuf>,
    known: BTreeMap<[u8; 32], u32>,
    /// Asked for in this run.
    used: BTreeMap<[u8; 32], u32>,
}

impl Facts {
    /// Takes what an earlier run over the same places kept. A damaged file is as good as none: what it held is found out anew.
    pub(super) fn load(state: Option<&Path>, identities: &[Vec<u8>]) -> Self {
        let Some(state) = state else { return Self::default() };
        let mut name = blake3::Hasher::new();
        for identity in identities {
            name.update(&(identity.len() as u64).to_le_bytes()).update(identity);
        }
        let file = state.join("facts").join(format!("{}.facts", &name.finalize().to_hex()[..32]));
        let known = std::fs::read(&file).ok().and_then(|bytes| read(&bytes)).unwrap_or_default();
        Self { file: Some(file), known, used: BTreeMap::new() }
    }

    pub(super) fn recall(&mut self, key: [u8; 32]) -> Option<u32> {
        let fact = *self.known.get(&key)?;
        self.used.insert(key, fact);
        Some(fact)
    }

    pub(super) fn remember(&mut self, key: [u8; 32], fact: u32) {
        self.used.insert(key, fact);
    }

    /// Writes what this run used, if it is not what is stored.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.used != self.known) else { return Ok(()) };
        state::replace(file, |out| out.write_all(&written(&self.used)))
    }
}

fn written(facts: &BTreeMap<[u8; 32], u32>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for (key, fact) in facts {
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(&fact.to_le_bytes());
    }
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

fn read(bytes: &[u8]) -> Option<BTreeMap<[u8; 32], u32>> {
    let (body, checksum) = bytes.split_last_chunk::<CHECKSUM>()?;
    let records = body.strip_prefix(MAGIC)?;
    let (records, rest) = records.as_chunks::<36>();
    (rest.is_empty() && blake3::hash(body) == *checksum).then(|| {
        let record =
            |record: &[u8; 36]| Some((*record.first_chunk::<32>()?, u32::from_le_bytes(*record.last_chunk::<4>()?)));
        records.iter().filter_map(record).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_not() {
        let facts = BTreeMap::from([([1; 32], 7), ([2; 32], 0)]);
        let bytes = written(&facts);
        assert_eq!(read(&bytes), Some(facts));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(read(&damaged), None, "byte {at}");
            assert_eq!(read(&bytes[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn only_what_is_asked_for_stays() {
        let state = tempfile::tempdir().unwrap();
        let places = [b"prod".to_vec(), b"debug".to_vec()];
        let load = || Facts::load(Some(state.path()), &places);
        let mut facts = load();
        facts.remember([1; 32], 7);
        facts.remember([2; 32], 0);
        facts.save().unwrap();
        let mut facts = load();
        assert_eq!((facts.recall([1; 32]), facts.recall([3; 32])), (Some(7), None));
        facts.save().unwrap();
        let mut facts = load();
        assert_eq!((facts.recall([1; 32]), facts.recall([2; 32])), (Some(7), None));
    }
}
