//! Which uncommitted changes of files belong together.
//!
//! Two rules, both of which can be seen in the texts: files whose added lines share a name that no file had before were edited together; and
//! files to which just the same was done were. A file is never divided. All else stands alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::FileChange;

/// A name that more files share than this says nothing about any two.
const MOST: usize = 12;

/// A change of one file, looked into.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) change: FileChange,
    /// Empty when it is not looked into.
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    pub(super) is_text: bool,
    /// When the file was changed last.
    pub(super) modified: Option<i64>,
}

impl Piece {
    fn is_new(&self) -> bool {
        self.change.before.is_none()
    }
}

/// Puts together what belongs together. New files that share no name with an edit are put together by `place`.
pub(super) fn group(pieces: Vec<Piece>, place: impl Fn(&Piece) -> Vec<u8>) -> Vec<Vec<Piece>> {
    let mut sets = Sets((0..pieces.len()).collect());
    let mut known: HashSet<&[u8]> = HashSet::new();
    for piece in pieces.iter().filter(|piece| piece.is_text) {
        known.extend(names(&piece.before));
    }
    let mut by_name: BTreeMap<&[u8], BTreeSet<usize>> = BTreeMap::new();
    let mut by_edit: BTreeMap<Edit<'_>, usize> = BTreeMap::new();
    let mut edited: HashSet<&[u8]> = HashSet::new();
    for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.is_text) {
        let (added, removed) = edit(piece);
        for line in &added {
            for name in names(line).filter(|name| !known.contains(name)) {
                by_name.entry(name).or_default().insert(at);
                if !piece.is_new() {
                    edited.insert(name);
                }
            }
        }
        if !piece.is_new() && (!added.is_empty() || !removed.is_empty()) {
            let first = *by_edit.entry((added, removed)).or_insert(at);
            sets.unite(first, at);
        }
    }
    let mut joined = vec![false; pieces.len()];
    for (_, holders) in by_name.iter().filter(|(name, holders)| edited.contains(*name) && holders.len() <= MOST) {
        let Some(&first) = holders.first() else { continue };
        for &other in holders.iter().skip(1) {
            sets.unite(first, other);
            (joined[first], joined[other]) = (true, true);
        }
    }
    let mut by_place: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate().filter(|(at, piece)| piece.is_new() && !joined[*at]) {
        let first = *by_place.entry(place(piece)).or_insert(at);
        sets.unite(first, at);
    }
    let roots: Vec<usize> = (0..pieces.len()).map(|at| sets.root(at)).collect();
    let mut groups: BTreeMap<usize, Vec<Piece>> = BTreeMap::new();
    for (root, piece) in roots.into_iter().zip(pieces) {
        groups.entry(root).or_default().push(piece);
    }
    groups.into_values().collect()
}

/// Lines that come and lines that go, sorted.
type Edit<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);

/// What is done to a file, whatever the order of its lines.
fn edit(piece: &Piece) -> Edit<'_> {
    let lines = |text| <[u8]>::split_inclusive(text, |&byte| byte == b'\n');
    let mut left: BTreeMap<&[u8], usize> = BTreeMap::new();
    for line in lines(&piece.before) {
        *left.entry(line).or_default() += 1;
    }
    let mut added = Vec::new();
    for line in lines(&piece.after) {
        match left.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => added.push(line),
        }
    }
    added.sort_unstable();
    let removed = left.into_iter().flat_map(|(line, count)| std::iter::repeat_n(line, count)).collect();
    (added, removed)
}

/// Words that are names in programs and no words of a language: `DuplicateMember`, `find_all`.
fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    words.filter(|word| {
        let inner = word.len() >= 5 && !word[0].is_ascii_digit();
        let is_camel = || word.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        inner && (is_camel() || word[1..word.len() - 1].contains(&b'_'))
    })
}

/// Disjoint sets of numbers; the smallest of a set stands for it.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Side, Version};
    use super::*;
    use crate::path::TreePath;
    use crate::snapshot::BlobKind;

    fn piece(name: &str, before: Option<&str>, after: &str) -> Piece {
        let side = |text: &str| Side {
            path: TreePath::new(name.as_bytes()).unwrap(),
            kind: BlobKind::File,
            version: Version::Held(text.as_bytes().into()),
        };
        Piece {
            change: FileChange { before: before.map(side), after: Some(side(after)) },
            before: before.unwrap_or_default().into(),
            after: after.into(),
            is_text: true,
            modified: None,
        }
    }

    fn grouped(pieces: Vec<Piece>) -> Vec<Vec<String>> {
        let place = |piece: &Piece| piece.change.path().parent().map_or_else(Vec::new, |it| it.as_bytes().to_vec());
        let name = |piece: &Piece| String::from_utf8_lossy(piece.change.path().as_bytes()).into_owned();
        group(pieces, place).iter().map(|group| group.iter().map(name).collect()).collect()
    }

    #[test]
    fn a_new_name_connects_and_an_old_one_does_not() {
        let groups = grouped(vec![
            piece("a.py", Some("old_name\n"), "old_name\nclass NewError\n"),
            piece("b.py", Some("x\n"), "x\nraise NewError\n"),
            piece("c.py", Some("y\n"), "y\nold_name\n"),
            piece("d.py", Some("z\n"), "z\nold_name()\n"),
            piece("new/e.py", None, "except NewError\n"),
        ]);
        assert_eq!(groups, [vec!["a.py", "b.py", "new/e.py"], vec!["c.py"], vec!["d.py"]]);
    }

    #[test]
    fn the_same_edit_connects_and_new_files_lie_by_their_folder() {
        let groups = grouped(vec![
            piece("a", Some("1\n"), "1\nDEBUG\n"),
            piece("b", Some("2\n"), "2\nDEBUG\n"),
            piece("c", Some("3\n"), "3\nOTHER\n"),
            piece("d/x", None, "some_thing\n"),
            piece("d/y", None, "some_thing\n"),
            piece("e/x", None, "some_thing\n"),
        ]);
        assert_eq!(groups, [vec!["a", "b"], vec!["c"], vec!["d/x", "d/y"], vec!["e/x"]]);
    }
}
