//! Under which path a target has the file of a unit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::insight::units::FileChange;
use crate::path::TreePath;

/// A name is searched for over no more steps than this.
const FURTHEST: usize = 8;

/// Under which paths files were and are.
#[derive(Debug, Default)]
pub struct Places {
    /// Each name with those it was renamed from or to, anywhere.
    other: BTreeMap<TreePath, BTreeSet<TreePath>>,
    /// The target's paths by their last part.
    by_name: BTreeMap<Box<[u8]>, BTreeSet<TreePath>>,
}

impl Places {
    /// Takes what was renamed, in the source or in the target.
    pub(super) fn add_renames<'a>(&mut self, changes: impl Iterator<Item = &'a FileChange>) {
        for change in changes {
            if let Some(from) = change.renamed_from() {
                let to = change.path();
                self.other.entry(from.clone()).or_default().insert(to.clone());
                self.other.entry(to.clone()).or_default().insert(from.clone());
            }
        }
    }

    /// Takes the paths that the target has.
    pub(super) fn add_present<'a>(&mut self, paths: impl Iterator<Item = &'a TreePath>) {
        for path in paths {
            self.by_name.entry(path.file_name().into()).or_default().insert(path.clone());
        }
    }

    /// The nearest name that is there for a file that a unit calls `path`, and `before` it: one of these, one that it was renamed from
    /// or to, or the only path with the same last part in a folder of the same name.
    pub(super) fn find(
        &self,
        path: &TreePath,
        before: &TreePath,
        is_there: &dyn Fn(&TreePath) -> bool,
    ) -> Option<TreePath> {
        for path in [path, before] {
            if is_there(path) {
                return Some(path.clone());
            }
        }
        let mut seen = BTreeSet::from([path]);
        let mut waiting = VecDeque::from([(path, 0)]);
        while let Some((name, steps)) = waiting.pop_front() {
            for other in self.other.get(name).into_iter().flatten() {
                if seen.insert(other) {
                    if is_there(other) {
                        return Some(other.clone());
                    }
                    if steps < FURTHEST {
                        waiting.push_back((other, steps + 1));
                    }
                }
            }
        }
        let alike = self.by_name.get(path.file_name())?;
        let is_alike = |other: &&TreePath| (shared_folders(other, path) > 0 || alike.len() == 1) && is_there(other);
        let mut alike = alike.iter().filter(is_alike);
        match (alike.next(), alike.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }
}

/// How many of the folders that two paths are in have the same names, counted from the file upwards.
fn shared_folders(a: &TreePath, b: &TreePath) -> usize {
    let folders = |path: &TreePath| {
        let mut parts: Vec<Vec<u8>> = path.parts().map(<[u8]>::to_vec).collect();
        parts.pop();
        parts.reverse();
        parts
    };
    folders(a).iter().zip(&folders(b)).take_while(|(a, b)| a == b).count()
}
