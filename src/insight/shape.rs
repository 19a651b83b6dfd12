//! The shape of trees: what all of them have at the top.

use std::collections::BTreeSet;

use crate::compare::maps::MapProposal;
use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// The only thing at the top of a tree, when that is a folder.
pub fn single_folder(snapshot: &Snapshot) -> Option<&TreePath> {
    let first = snapshot.entries.first().filter(|entry| entry.content == Content::Directory)?;
    snapshot.entries.iter().all(|entry| entry.path.is_within(&first.path)).then_some(&first.path)
}

/// Folders at the top that all trees have, once the names in `maps` are made common, in path order; trees in which nothing could be read do
/// not count.
pub fn shared_folders(snapshots: &[Snapshot], maps: &[MapProposal]) -> Vec<TreePath> {
    let mut shared: Option<BTreeSet<TreePath>> = None;
    for (environment, snapshot) in snapshots.iter().enumerate().filter(|(_, snapshot)| !snapshot.entries.is_empty()) {
        let top = snapshot.entries.iter().filter(|entry| entry.path.parent().is_none());
        let folders = top.filter(|entry| entry.content == Content::Directory).map(|entry| {
            let map = maps.iter().find(|map| map.environment == environment && map.here == entry.path);
            map.map_or_else(|| entry.path.clone(), |map| map.common.clone())
        });
        let folders: BTreeSet<TreePath> = folders.collect();
        shared = Some(match shared {
            None => folders,
            Some(shared) => &shared & &folders,
        });
    }
    shared.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::testing::{Tree, path};

    #[test]
    fn a_single_folder_holds_everything() {
        let tree = |files: &[&str]| files.iter().fold(Tree::new("a"), |tree, file| tree.file(file, "")).done();
        assert_eq!(single_folder(&tree(&["app/a", "app/b/c"])), Some(&path("app")));
        assert_eq!(single_folder(&tree(&["app/a", "b"])), None);
        assert_eq!(single_folder(&tree(&["a"])), None);
        assert_eq!(single_folder(&tree(&[])), None);
    }

    #[test]
    fn shared_folders_are_in_all_trees_that_were_read() {
        let a = Tree::new("a").file("app/a", "").file("old/a", "").file("web", "").done();
        let b = Tree::new("b").file("app/b", "").file("web/b", "").done();
        let unread = Tree::new("c").done();
        let trees = [a, b, unread];
        assert_eq!(shared_folders(&trees, &[]), [path("app")]);
        let map = MapProposal {
            environment: 0,
            here: path("old"),
            common: path("web"),
            others: vec![1],
            equal: 1,
            quiet: 0,
            unequal: Vec::new(),
            only_here: 0,
            only_there: 0,
        };
        assert_eq!(shared_folders(&trees, &[map]), [path("app"), path("web")]);
        assert_eq!(shared_folders(&[], &[]), []);
    }
}
