//! Files that the index does not know, and repositories inside the folder.

use rayon::prelude::*;

use super::checkout::Checkout;
use super::exclude::Excludes;
use super::files::{FileKind, GitFiles};
use super::index::FileMode;
use crate::path::TreePath;
use crate::snapshot::{Change, ChangeKind, Content, Stage};

/// The folders (common paths, sorted) that hold repositories of their own, are no submodules and have no tracked file. Only the
/// outermost of several within each other are given.
pub(super) fn nested(checkout: &Checkout<'_>) -> Vec<TreePath> {
    let entries = &checkout.around.listing.snapshot.entries;
    let mut tracked: Vec<&TreePath> = checkout.tracked.iter().map(|path| &path.common).collect();
    tracked.sort_unstable();
    let holds_tracked = |folder: &TreePath| {
        let next = tracked.partition_point(|path| *path < folder);
        tracked.get(next).is_some_and(|path| path.is_within(folder))
    };
    let search = || {
        entries
            .par_iter()
            .enumerate()
            .with_min_len(64)
            .filter(|(_, entry)| matches!(entry.content, Content::Directory))
            .filter(|&(at, _)| {
                let folder = checkout.around.root.join(super::patterns::as_path(checkout.here(at).as_bytes()));
                is_repository(&**checkout.around.files, &folder.join(".git"))
            })
            .map(|(_, entry)| &entry.path)
            .collect()
    };
    let found: Vec<&TreePath> = checkout.around.compute(search);
    let mut outermost: Vec<TreePath> = Vec::new();
    for folder in found {
        let inside = outermost.last().is_some_and(|outer| folder.is_within(outer));
        if !inside && !holds_tracked(folder) {
            outermost.push(folder.clone());
        }
    }
    outermost
}

/// Whether `.git` is a repository or names one. An empty folder under this name is none, as git has it.
fn is_repository(files: &dyn GitFiles, dot: &std::path::Path) -> bool {
    if files.link(dot).is_none() && matches!(files.kind(dot), Ok(Some(FileKind::Folder))) {
        files.exists(&dot.join("HEAD")).unwrap_or(false)
    } else {
        files.exists(dot).unwrap_or(false)
    }
}

/// Every file and link that is neither tracked nor ignored nor part of another repository.
pub(super) fn changes(checkout: &Checkout<'_>, excludes: &Excludes, nested: &[TreePath]) -> Vec<Change> {
    let entries = &checkout.around.listing.snapshot.entries;
    let mut is_tracked = vec![false; entries.len()];
    let mut is_foreign = vec![false; entries.len()];
    for path in &checkout.tracked {
        if let Some(at) = path.listed {
            is_tracked[at] = true;
            is_foreign[at] = path.entry.mode == FileMode::Gitlink;
        }
    }
    for folder in nested {
        if let Some(at) = checkout.around.listing.snapshot.find(folder) {
            is_foreign[at] = true;
        }
    }
    // The repository's rules are about the names here, so folders must come before their content under these names.
    let mut order: Vec<_> = (0..entries.len()).map(|at| (checkout.here(at), at)).collect();
    order.sort_unstable();
    let mut skipped: Option<TreePath> = None;
    let mut found = Vec::new();
    for (here, at) in order {
        if skipped.as_ref().is_some_and(|folder| here.is_within(folder)) {
            // A tracked file in an ignored folder is tracked all the same.
            continue;
        }
        let is_folder = match entries[at].content {
            Content::Directory | Content::Unreadable { folder: true, .. } => true,
            Content::File(_) | Content::Symlink { .. } | Content::Unreadable { folder: false, .. } => false,
            // git takes no notice of pipes and devices; what a tree holds is never listed in a checkout.
            Content::Special(_) | Content::Submodule { .. } => continue,
        };
        if is_foreign[at] || (!is_tracked[at] && excludes.ignores(&checkout.repository_path(&here), is_folder)) {
            if is_folder {
                skipped = Some(here.into_owned());
            }
        } else if !is_folder && !is_tracked[at] {
            let path = entries[at].path.clone();
            found.push(Change { path, from: None, stage: Stage::Untracked, kind: ChangeKind::Added });
        }
    }
    found
}
