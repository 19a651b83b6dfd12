//! Which changes of files that are in no history belong together.
//!
//! Hunks of a file that have nothing to do with each other are apart ([`super::hunks`]). Beyond that, two rules, both of which can be seen in
//! the texts: changes whose added lines share a name that no file had before were made together; and those that do just the same to their
//! files were. All else stands alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use super::hunks::{Difference, Edit};
use super::sets::Sets;
use super::words::names;
use super::{FileChange, Version};

/// A name that more files share than this says nothing about any two.
const MOST: usize = 12;
/// Where more files are edited, it is another version of the tree rather than fixes typed in: no file is divided.
const MOST_DIVIDED: usize = 200;

/// A change of one file, or a part of it, looked into.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) change: FileChange,
    /// Empty when it is not looked into.
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    pub(super) is_text: bool,
    /// When the file was changed last.
    pub(super) modified: Option<i64>,
    /// Of a part, where it is in the file with all that was changed, by line.
    pub(super) lines: Vec<Range<usize>>,
}

impl Piece {
    fn is_new(&self) -> bool {
        self.change.before.is_none()
    }

    /// Whether it does nothing but change lines of a text.
    fn is_edit(&self) -> bool {
        let FileChange { before: Some(before), after: Some(after) } = &self.change else { return false };
        self.is_text && before.kind == after.kind && before.path == after.path
    }

    fn edit(&self) -> Edit<'_> {
        if self.is_text { Edit::new(&self.before, &self.after) } else { Edit::new(b"", b"") }
    }

    /// Only some of the hunks.
    fn part(&self, edit: &Edit<'_>, hunks: &[usize]) -> Self {
        let after = edit.with(hunks);
        let lines: Vec<Range<usize>> = hunks.iter().map(|&hunk| edit.hunks[hunk].1.clone()).collect();
        let mut change = self.change.clone();
        if let Some(side) = &mut change.after {
            side.version = Version::Part { content: after.clone().into(), lines: lines.clone().into() };
        }
        Self { change, before: self.before.clone(), after, is_text: true, modified: self.modified, lines }
    }

    /// Tells what is done to the content: of an edit the lines that go and come, whatever else the file has.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let mut add = |lines: &[&[u8]]| {
            let length: usize = lines.iter().map(|line| line.len()).sum();
            hasher.update(&(length as u64).to_le_bytes());
            for line in lines {
                hasher.update(line);
            }
        };
        if self.is_edit() {
            let edit = Edit::new(&self.before, &self.after);
            for (old, new) in &edit.hunks {
                add(&edit.old[old.clone()]);
                add(&edit.new[new.clone()]);
            }
        } else {
            add(&[&self.before]);
            add(&[&self.after]);
        }
        hasher.finalize().into()
    }
}

/// A change, or the hunks of it that belong together.
struct Part {
    piece: usize,
    hunks: Vec<usize>,
}

/// A change as it goes into a unit.
enum Slot {
    /// With all its hunks: its number.
    Whole(usize),
    Part(Box<Piece>),
}

/// Puts together what belongs together, and takes files apart whose hunks do not. New files that share no name with an edit are put together by
/// `place`.
pub(super) fn group(pieces: Vec<Piece>, place: impl Fn(&Piece) -> Vec<u8>) -> Vec<Vec<Piece>> {
    let slots = slots(&pieces, place);
    let mut pieces: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    let mut piece = |slot| match slot {
        Slot::Whole(at) => pieces[at].take(),
        Slot::Part(piece) => Some(*piece),
    };
    slots.into_iter().map(|group| group.into_iter().filter_map(&mut piece).collect()).collect()
}

fn slots(pieces: &[Piece], place: impl Fn(&Piece) -> Vec<u8>) -> Vec<Vec<Slot>> {
    let edits: Vec<Edit<'_>> = pieces.iter().map(Piece::edit).collect();
    let is_divided = pieces.iter().filter(|piece| piece.is_edit()).count() <= MOST_DIVIDED;
    let mut parts: Vec<Part> = Vec::new();
    for (piece, edit) in edits.iter().enumerate() {
        let whole = || vec![(0..edit.hunks.len()).collect()];
        let found = if is_divided && pieces[piece].is_edit() { edit.parts() } else { whole() };
        let found = if found.is_empty() { whole() } else { found };
        parts.extend(found.into_iter().map(|hunks| Part { piece, hunks }));
    }
    let mut groups = Vec::new();
    for group in together(pieces, &edits, &parts, place) {
        let mut of_piece: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for part in group.into_iter().map(|at| &parts[at]) {
            of_piece.entry(part.piece).or_default().extend(&part.hunks);
        }
        let slot = |(piece, mut hunks): (usize, Vec<usize>)| {
            hunks.sort_unstable();
            let is_whole = hunks.len() == edits[piece].hunks.len();
            if is_whole { Slot::Whole(piece) } else { Slot::Part(Box::new(pieces[piece].part(&edits[piece], &hunks))) }
        };
        groups.push(of_piece.into_iter().map(slot).collect());
    }
    groups
}

/// The numbers of parts that belong together.
fn together(
    pieces: &[Piece],
    edits: &[Edit<'_>],
    parts: &[Part],
    place: impl Fn(&Piece) -> Vec<u8>,
) -> Vec<Vec<usize>> {
    let mut sets = Sets::new(parts.len());
    let mut known: HashSet<&[u8]> = HashSet::new();
    for piece in pieces.iter().filter(|piece| piece.is_text) {
        known.extend(names(&piece.before));
    }
    let mut by_name: BTreeMap<&[u8], BTreeSet<usize>> = BTreeMap::new();
    let mut by_edit: BTreeMap<Difference<'_>, usize> = BTreeMap::new();
    let mut edited: HashSet<&[u8]> = HashSet::new();
    for (at, part) in parts.iter().enumerate() {
        let piece = &pieces[part.piece];
        let (added, removed) = edits[part.piece].lines_of(&part.hunks);
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
    for (_, holders) in by_name.iter().filter(|(name, _)| edited.contains(*name)) {
        let files: BTreeSet<usize> = holders.iter().map(|&at| parts[at].piece).collect();
        let Some(&first) = holders.first().filter(|_| files.len() <= MOST) else { continue };
        for &other in holders.iter().skip(1) {
            sets.unite(first, other);
            (joined[parts[first].piece], joined[parts[other].piece]) = (true, true);
        }
    }
    let mut by_place: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        let piece = &pieces[part.piece];
        if piece.is_new() && !joined[part.piece] {
            let first = *by_place.entry(place(piece)).or_insert(at);
            sets.unite(first, at);
        }
    }
    sets.groups()
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
            lines: Vec::new(),
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
