//! Which files both sides change.
//!
//! What one side does to a file that the other never touched cannot be there: nothing of it is read. In most histories that is more than
//! half of all that changed.

use std::collections::HashSet;

use super::moved::ending;
use super::places::Places;
use crate::insight::units::FileChange;
use crate::path::TreePath;

/// The files that one side changes, by every name that they have or had.
#[derive(Debug, Default)]
pub(super) struct Touched<'a> {
    paths: HashSet<&'a TreePath>,
    /// The last two parts of each: a folder may lie elsewhere on the other side and not be known as moved.
    tails: HashSet<&'a [u8]>,
}

impl<'a> Touched<'a> {
    pub(super) fn new(changes: impl Iterator<Item = &'a FileChange>, places: &'a Places) -> Self {
        let mut touched = Self::default();
        for side in changes.flat_map(|change| [&change.before, &change.after]).flatten() {
            if touched.paths.insert(&side.path) {
                touched.tails.insert(tail(&side.path));
                for name in places.names(&side.path) {
                    touched.paths.insert(name);
                    touched.tails.insert(tail(name));
                }
            }
        }
        touched
    }

    /// Whether it has the file of a change, or one that the file was a part of.
    pub(super) fn has(&self, change: &FileChange, places: &Places) -> bool {
        [&change.before, &change.after].into_iter().flatten().any(|side| {
            let path = &side.path;
            self.has_path(path) || places.wholes(path).any(|whole| self.has_path(whole))
        })
    }

    /// Whether it has any file of those that a change as a whole may have made this new one of: one of its kind.
    pub(super) fn may_have_whole(&self, added: &FileChange, all: &[FileChange], places: &Places) -> bool {
        let is_whole = |other: &FileChange| {
            other.before.is_some() && ending(other.path()) == ending(added.path()) && self.has(other, places)
        };
        added.before.is_none() && all.iter().any(is_whole)
    }

    fn has_path(&self, path: &TreePath) -> bool {
        self.paths.contains(path) || self.tails.contains(tail(path))
    }
}

fn tail(path: &TreePath) -> &[u8] {
    let bytes = path.as_bytes();
    let mut slashes = bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    slashes.nth(1).map_or(bytes, |at| &bytes[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::units::{Side, Version};
    use crate::snapshot::BlobKind;

    fn change(before: Option<&str>, after: Option<&str>) -> FileChange {
        let side = |path: &str| Side {
            path: TreePath::new(path.as_bytes()).unwrap(),
            kind: BlobKind::File,
            version: Version::Blob { environment: 0, id: [0; 20] },
        };
        FileChange { before: before.map(side), after: after.map(side) }
    }

    #[test]
    fn a_file_is_one_under_all_its_names() {
        let edit = |path| change(Some(path), Some(path));
        let mut places = Places::default();
        places.add_renames([change(Some("old.py"), Some("new.py"))].iter());
        let steps = [edit("old.py"), edit("backend/app/mail.py"), edit("__init__.py")];
        let touched = Touched::new(steps.iter(), &places);
        let has = |path| touched.has(&edit(path), &places);
        assert!(has("old.py") && has("new.py"), "renamed");
        assert!(has("oncall_backend/app/mail.py") && has("app/mail.py"), "the folder above has another name");
        assert!(!has("lib/mail.py") && !has("tools/__init__.py"), "only the last part is alike");
        assert!(touched.has(&change(Some("elsewhere.py"), Some("old.py")), &places));
        let all = [edit("old.py"), change(None, Some("part.py")), change(None, Some("part.js"))];
        assert!(touched.may_have_whole(&all[1], &all, &places));
        assert!(!touched.may_have_whole(&all[2], &all, &places), "a script is no part of a module");
    }
}
