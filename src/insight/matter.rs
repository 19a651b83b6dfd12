//! What exactly was found, by its content: by which an acceptance knows that something else is there now.
//!
//! A finding's id does not depend on contents of equal length, because not every run has to digest them; this does. It is found out for
//! what is accepted only, under BLAKE3 alone, and known from the hash cache after the first time.

use std::collections::BTreeSet;

use crate::compare::Comparison;
use crate::insight::{Evidence, Finding};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Content, ContentReader, EntryRef, Snapshot};
use crate::text::Redactor;

/// Folders with more in them are known by names, kinds and sizes of what is in them.
const MOST_DIGESTED: usize = 200;

/// What a matter is found out from.
#[derive(Clone, Copy)]
pub struct Matters<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// The same, compared.
    pub comparison: &'a Comparison,
    /// Digests of files.
    pub contents: &'a dyn ContentReader,
    /// What is sensitive, and the key of this installation.
    pub redactor: &'a Redactor,
}

impl Matters<'_> {
    /// Sixteen digits made of what each environment has at the paths of a finding: kinds, digests, targets of links. Digests of sensitive
    /// files go only into further digits, which are made under the key of this installation: what is written into a
    /// configuration must not give away a short secret. `None` when something of it cannot be read: unknown is not changed.
    ///
    /// Modes and owners are not part of it; where they are the matter, they are part of the id.
    pub fn of(&self, finding: &Finding) -> Option<String> {
        let rows = self.rows(finding);
        let mut plain = blake3::Hasher::new();
        let mut sealed = blake3::Hasher::new();
        let mut is_sealed = false;
        let is_digested = rows.len() <= MOST_DIGESTED;
        let mut order: Vec<usize> = (0..self.snapshots.len()).collect();
        order.sort_by_key(|&environment| &self.snapshots[environment].environment);
        for row in rows.into_iter().map(|row| self.comparison.row(row)) {
            let path = row.path(self.snapshots);
            put(&mut plain, path.as_bytes());
            for &environment in &order {
                let snapshot = &self.snapshots[environment];
                put(&mut plain, snapshot.environment.as_str().as_bytes());
                let Some(entry) = snapshot.find(path) else {
                    put(&mut plain, b"-");
                    continue;
                };
                match &snapshot.entries[entry].content {
                    Content::File(file) if is_digested => {
                        let wanted = Algorithms { blake3: true, ..Algorithms::default() };
                        let digests = self.contents.digests(EntryRef { environment, entry }, wanted).ok()?;
                        let digest = digests.blake3?;
                        if self.redactor.is_sensitive(path) {
                            is_sealed = true;
                            put(&mut plain, &file.size.to_le_bytes());
                            put(&mut sealed, &self.redactor.fingerprint(&digest));
                        } else {
                            put(&mut plain, &digest);
                        }
                    }
                    Content::File(file) => put(&mut plain, &file.size.to_le_bytes()),
                    Content::Symlink { target } => put(&mut plain, target),
                    Content::Submodule { commit } => put(&mut plain, &commit.0),
                    Content::Directory => put(&mut plain, b"/"),
                    Content::Special(kind) => put(&mut plain, format!("{kind:?}").as_bytes()),
                    Content::Unreadable { .. } => return None,
                }
            }
        }
        let digits = |hasher: &blake3::Hasher| hasher.finalize().to_hex()[..16].to_owned();
        Some(if is_sealed {
            format!("{}.{:.8}.{}", digits(&plain), self.redactor.key_id(), digits(&sealed))
        } else {
            digits(&plain)
        })
    }

    /// The rows that a finding is about, in order.
    fn rows(&self, finding: &Finding) -> BTreeSet<usize> {
        let find = |path: &TreePath| self.comparison.find(self.snapshots, path);
        match &finding.evidence {
            Evidence::Uncommitted { changes, .. } => changes.iter().filter_map(|change| find(&change.path)).collect(),
            Evidence::Moved(moved) => {
                moved.places.iter().flat_map(|place| self.comparison.within(self.snapshots, &place.path)).collect()
            }
            // Whose they are, and who may do what, is in the id.
            Evidence::Modes { .. } | Evidence::Owners { .. } | Evidence::Foreign { .. } | Evidence::Readable { .. } => {
                BTreeSet::new()
            }
            _ => finding.path.iter().flat_map(|path| self.comparison.within(self.snapshots, path)).collect(),
        }
    }
}

/// Whether a matter is still the one that was accepted. What was made under the key of another installation cannot be compared, and is
/// believed.
pub fn is_same_matter(accepted: &str, now: &str) -> bool {
    let parts = |matter: &str| -> Vec<String> { matter.split('.').map(str::to_owned).collect() };
    match (&parts(accepted)[..], &parts(now)[..]) {
        ([one], [other]) => one == other,
        ([one, key, sealed], [other, other_key, other_sealed]) => {
            one == other && (key != other_key || sealed == other_sealed)
        }
        _ => false,
    }
}

/// Adds a field. Its length goes in as well, so that fields do not run into each other.
fn put(hasher: &mut blake3::Hasher, field: &[u8]) {
    hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
}

#[cfg(test)]
mod tests {
    use super::is_same_matter;

    #[test]
    fn what_another_installation_sealed_is_believed() {
        assert!(is_same_matter("aa", "aa"));
        assert!(!is_same_matter("aa", "ab"));
        assert!(is_same_matter("aa.k1.11", "aa.k1.11"));
        assert!(!is_same_matter("aa.k1.11", "aa.k1.12"));
        assert!(is_same_matter("aa.k1.11", "aa.k2.12"));
        assert!(!is_same_matter("aa.k1.11", "ab.k2.12"));
        assert!(!is_same_matter("aa", "aa.k1.11"));
    }
}
