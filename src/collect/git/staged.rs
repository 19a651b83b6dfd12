//! Staged changes: the tree of HEAD against the index.

use std::cmp::Ordering;
use std::collections::HashMap;

use git2::Oid;

use super::checkout::{Checkout, Tracked};
use super::fault::GitFault;
use super::index::FileMode;
use super::objects::{Leaf, Objects, id_bytes};
use crate::path::TreePath;
use crate::snapshot::{Change, ChangeKind, Stage};

/// More pairs of a removed and an added file are not compared by content; git's own limit is of this kind.
const MOST_PAIRS: usize = 10_000;
/// Larger files are recognised as renamed only when they are equal.
const LARGEST: u64 = 1 << 20;

/// Finds all staged changes below the root. Renames are pairs of a removed and an added file that are equal, or of which at least half
/// of the larger one is in both, best pairs first (as git counts it: by lines, and pieces of long lines).
pub(super) fn changes(checkout: &Checkout<'_>, head: Option<Oid>) -> Result<Vec<Change>, GitFault> {
    let objects = &checkout.repo.objects;
    let mut committed = Vec::new();
    let tree = match (head, &checkout.prefix) {
        (Some(tree), Some(prefix)) => {
            objects.find(tree, prefix.as_bytes())?.filter(|item| item.mode == FileMode::Folder).map(|item| item.id)
        }
        (head, _) => head,
    };
    if let Some(tree) = tree {
        objects.leaves(tree, None, &mut committed)?;
    }
    let mut found = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let mut left = committed.iter().peekable();
    let mut right = checkout.tracked.iter().filter(|path| !path.entry.intent_to_add).peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(leaf), Some(path)) => leaf.path.as_bytes().cmp(path.here.as_bytes()),
        };
        let leaf = if order.is_le() { left.next() } else { None };
        let Some(path) = (if order.is_ge() { right.next() } else { None }) else {
            removed.extend(leaf);
            continue;
        };
        if path.entry.stage != 0 {
            // Three versions at most stand for one conflict.
            while right.next_if(|next| next.here == path.here).is_some() {}
            found.push((&path.here, None, Stage::Unstaged, ChangeKind::Conflicted));
            continue;
        }
        let Some(leaf) = leaf else {
            added.push(path);
            continue;
        };
        let kind = if !leaf.mode.is_like(path.entry.mode) {
            ChangeKind::TypeChanged
        } else if id_bytes(leaf.id) != path.entry.id {
            ChangeKind::Modified
        } else if leaf.mode != path.entry.mode {
            ChangeKind::ModeChanged
        } else {
            continue;
        };
        found.push((&path.here, None, Stage::Staged, kind));
    }
    for (leaf, path) in pairs(objects, &removed, &added) {
        found.push((&path.here, Some(&leaf.path), Stage::Staged, ChangeKind::Renamed));
        removed.retain(|other| other.path != leaf.path);
        added.retain(|other| other.here != path.here);
    }
    found.extend(removed.iter().map(|leaf| (&leaf.path, None, Stage::Staged, ChangeKind::Deleted)));
    found.extend(added.iter().map(|path| (&path.here, None, Stage::Staged, ChangeKind::Added)));
    let map = checkout.around.map;
    let common = |(path, from, stage, kind): (&TreePath, Option<&TreePath>, Stage, ChangeKind)| Change {
        path: map.to_common(path),
        from: from.map(|from| map.to_common(from)),
        stage,
        kind,
    };
    let changes = found.into_iter().map(common);
    Ok(changes.filter(|change| !checkout.is_left_out(&change.path)).collect())
}

fn pairs<'a>(objects: &Objects, removed: &[&'a Leaf], added: &[&'a Tracked]) -> Vec<(&'a Leaf, &'a Tracked)> {
    let is_file = |mode: FileMode| matches!(mode, FileMode::File | FileMode::Executable);
    let mut removed: Vec<&Leaf> = removed.iter().copied().filter(|leaf| is_file(leaf.mode)).collect();
    let mut added: Vec<&Tracked> = added.iter().copied().filter(|path| is_file(path.entry.mode)).collect();
    let mut found = Vec::new();
    let mut equal: HashMap<[u8; 20], Vec<&Leaf>> = HashMap::new();
    for leaf in &removed {
        equal.entry(id_bytes(leaf.id)).or_default().push(leaf);
    }
    added.retain(|path| {
        let Some(leaves) = equal.get_mut(&path.entry.id).filter(|leaves| !leaves.is_empty()) else { return true };
        // Of several equal ones, one with the same name.
        let at = leaves.iter().position(|leaf| leaf.path.file_name() == path.here.file_name()).unwrap_or(0);
        found.push((leaves.remove(at), *path));
        false
    });
    removed.retain(|leaf| !found.iter().any(|(other, _)| other.path == leaf.path));
    if removed.len().saturating_mul(added.len()) > MOST_PAIRS {
        return found;
    }
    let read = |id: Oid| match objects.blob_size(id) {
        Ok(1..=LARGEST) => objects.blob(id).ok(),
        _ => None,
    };
    let old: Vec<Option<Vec<u8>>> = removed.iter().map(|leaf| read(leaf.id)).collect();
    let new: Vec<Option<Vec<u8>>> = added.iter().map(|path| read(super::objects::oid(&path.entry.id))).collect();
    let mut scores = Vec::new();
    for (i, old) in old.iter().enumerate() {
        for (j, new) in new.iter().enumerate() {
            if let (Some(old), Some(new)) = (old, new) {
                let score = likeness(old, new);
                if score >= 50 {
                    let same_name = removed[i].path.file_name() == added[j].here.file_name();
                    scores.push((std::cmp::Reverse((score, same_name)), i, j));
                }
            }
        }
    }
    scores.sort_unstable();
    let (mut old_used, mut new_used) = (vec![false; removed.len()], vec![false; added.len()]);
    for (_, i, j) in scores {
        if !old_used[i] && !new_used[j] {
            (old_used[i], new_used[j]) = (true, true);
            found.push((removed[i], added[j]));
        }
    }
    found
}

/// How much of the larger content is in both, in percent.
fn likeness(a: &[u8], b: &[u8]) -> usize {
    let larger = a.len().max(b.len());
    // Nothing in common can make up for the difference in length.
    if a.len().min(b.len()) * 100 < larger * 50 {
        return 0;
    }
    let mut pieces: HashMap<&[u8], usize> = HashMap::new();
    for piece in pieces_of(a) {
        *pieces.entry(piece).or_default() += 1;
    }
    let mut shared = 0;
    for piece in pieces_of(b) {
        if let Some(count) = pieces.get_mut(piece).filter(|count| **count > 0) {
            *count -= 1;
            shared += piece.len();
        }
    }
    shared * 100 / larger
}

fn pieces_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').flat_map(|line| line.chunks(64))
}
