//! Pairs files that moved and were edited, by the likeness of their lines.

use std::collections::{BTreeMap, BTreeSet};

use super::pairs::{Likeness, Paths, likeness, oriented};
use super::{Lonely, Move, set};
use crate::compare::variants::environments;
use crate::compare::{Cell, Comparison, Row};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Content, ContentReader, ReadFailure, Snapshot};

/// Texts of other sizes are not looked at: the smaller ones are alike by chance, the larger ones cost too much.
const SIZES: std::ops::RangeInclusive<u64> = 64..=256 * 1024;

/// A file name, or a kind of file in one folder, that more of these files share says nothing about a move.
const MOST_OF_A_KIND: usize = 16;

/// How many pairs are looked at.
const MOST_PAIRS: usize = 200;

/// So much of the larger text must be in the smaller one, in thousandths.
const ALIKE: u32 = 600;

/// Fewer lines are shared by chance.
const FEWEST_LINES: usize = 3;

/// Finds single files that are at another path with other content, among those that no move in `known` explains; sorted as by
/// [`super::find`].
///
/// Looked at are texts of 64 bytes to 256 KiB with one content, which some environments lack, in pairs that have one file name or are in
/// one folder with one extension, where no environment has both, and the larger is at most twice the smaller. Six tenths of the larger
/// text, counted by lines without blanks at their ends, must be in the other. Of several candidates the likest belong together, each once.
/// A file that cannot be read belongs to none.
///
/// # Cost
/// Reads the files of at most 200 pairs; a later run that recalls what was found reads nothing.
pub fn find_edited(
    comparison: &Comparison,
    snapshots: &[Snapshot],
    known: &[Move],
    contents: &dyn ContentReader,
) -> Vec<Move> {
    let lonely = lonely(comparison, snapshots, &explained(comparison, snapshots, known));
    let path = |one: &Lonely| comparison.row(one.row).path(snapshots);
    let mut texts = Texts { snapshots, contents, lines: BTreeMap::new() };
    let mut found: Vec<(u32, Likeness, usize, usize)> = Vec::new();
    let candidates = candidates(&lonely, path);
    let is_remembered = |a: usize, b: usize| {
        let (Some(a), Some(b)) = (lonely[a].file.digests.blake3, lonely[b].file.digests.blake3) else { return false };
        contents.recall(alike_key(&[a.min(b), a.max(b)])).is_some()
    };
    let unknown = candidates.iter().filter(|(a, b)| !is_remembered(*a, *b));
    contents.prefetch(&unknown.flat_map(|&(a, b)| [lonely[a].at, lonely[b].at]).collect::<Vec<_>>());
    for (a, b) in candidates {
        if let Ok(Some(alike)) = texts.alike(&lonely[a], &lonely[b])
            && alike >= ALIKE
        {
            found.push((alike, likeness(path(&lonely[a]), path(&lonely[b])), a, b));
        }
    }
    found.sort_by(|(x, near, a, b), (y, far, c, d)| (y, far).cmp(&(x, near)).then((a, b).cmp(&(c, d))));
    let mut taken = BTreeSet::new();
    let mut moves = Vec::new();
    for (_, _, a, b) in found {
        if !taken.contains(&a) && !taken.contains(&b) {
            taken.extend([a, b]);
            moves.push(edited(&oriented(&[(path(&lonely[a]), &lonely[a]), (path(&lonely[b]), &lonely[b])])));
        }
    }
    super::sort(&mut moves);
    moves
}

fn edited(paths: &Paths<'_>) -> Move {
    Move { files: 0, edited: 1, ..super::folders::file(paths) }
}

/// The rows that moves are about.
fn explained(comparison: &Comparison, snapshots: &[Snapshot], known: &[Move]) -> BTreeSet<usize> {
    let places = known.iter().flat_map(|found| &found.places);
    places.flat_map(|place| comparison.within(snapshots, &place.path)).collect()
}

/// Files with one content that some environments lack and all others have, in path order.
fn lonely(comparison: &Comparison, snapshots: &[Snapshot], explained: &BTreeSet<usize>) -> Vec<Lonely> {
    let one = |row: Row<'_>| {
        let absent = set(row.environments_where(|cell| cell == Cell::Absent));
        let present = set(row.environments_where(|cell| cell == Cell::Variant(0)));
        let is_whole = (absent | present).count_ones() as usize == row.cells.len();
        if absent == 0 || !is_whole || explained.contains(&row.index) {
            return None;
        }
        let at = row.entry_ref(environments(present).next()?)?;
        let Content::File(file) = snapshots[at.environment].entries[at.entry].content else { return None };
        SIZES.contains(&file.size).then_some(Lonely { row: row.index, at, file, present, absent })
    };
    comparison.rows().filter_map(one).collect()
}

/// Which of them could be one file: those of one name first, each pair once.
fn candidates<'a>(lonely: &[Lonely], path: impl Fn(&Lonely) -> &'a TreePath) -> Vec<(usize, usize)> {
    let mut by_name: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    let mut by_folder: BTreeMap<(&[u8], &[u8]), Vec<usize>> = BTreeMap::new();
    for (at, one) in lonely.iter().enumerate() {
        let path = path(one);
        by_name.entry(path.file_name()).or_default().push(at);
        if let Some(extension) = extension(path) {
            by_folder.entry((path.ancestors().next().unwrap_or_default(), extension)).or_default().push(at);
        }
    }
    let mut pairs = Vec::new();
    for group in by_name.into_values().chain(by_folder.into_values()) {
        if group.len() > MOST_OF_A_KIND {
            continue;
        }
        for (at, &a) in group.iter().enumerate() {
            pairs.extend(group[at + 1..].iter().map(|&b| (a, b)).filter(|&(a, b)| could_be(&lonely[a], &lonely[b])));
        }
    }
    pairs.truncate(MOST_PAIRS);
    pairs
}

fn could_be(a: &Lonely, b: &Lonely) -> bool {
    let (least, most) = (a.file.size.min(b.file.size), a.file.size.max(b.file.size));
    a.present & b.present == 0 && most <= 2 * least
}

/// What follows the last dot of a file name that does not begin with it.
fn extension(path: &TreePath) -> Option<&[u8]> {
    let name = path.file_name();
    let dot = name.iter().rposition(|&b| b == b'.').filter(|&dot| dot > 0)?;
    Some(&name[dot + 1..])
}

/// Hashes of the lines of a text with their lengths, sorted; lines without anything to read are left out.
type Lines = Vec<([u8; 8], u64)>;

struct Texts<'a> {
    snapshots: &'a [Snapshot],
    contents: &'a dyn ContentReader,
    /// By row; `None` for what is no text.
    lines: BTreeMap<usize, Option<Lines>>,
}

impl Texts<'_> {
    /// How much of the larger is in the other, in thousandths; `None` when one of them is no text.
    fn alike(&mut self, a: &Lonely, b: &Lonely) -> Result<Option<u32>, ReadFailure> {
        let mut digests = [self.digest(a)?, self.digest(b)?];
        digests.sort_unstable();
        let key = alike_key(&digests);
        if let Some(known) = self.contents.recall(key) {
            return Ok(known.checked_sub(1));
        }
        self.split(a)?;
        self.split(b)?;
        let alike = match (&self.lines[&a.row], &self.lines[&b.row]) {
            (Some(a), Some(b)) => Some(share(a, b)),
            _ => None,
        };
        self.contents.remember(key, alike.map_or(0, |alike| alike + 1));
        Ok(alike)
    }

    fn digest(&self, one: &Lonely) -> Result<[u8; 32], ReadFailure> {
        let digests = self.contents.digests(one.at, Algorithms { blake3: true, ..Algorithms::default() })?;
        digests.blake3.ok_or_else(|| ReadFailure("its digest is not known".to_owned()))
    }

    fn split(&mut self, one: &Lonely) -> Result<(), ReadFailure> {
        if !self.lines.contains_key(&one.row) {
            let path = &self.snapshots[one.at.environment].entries[one.at.entry].path;
            let bytes = self.contents.read(one.at.environment, path, *SIZES.end())?;
            self.lines.insert(one.row, lines(&bytes));
        }
        Ok(())
    }
}

/// Under what the likeness of two contents is remembered; their digests are sorted.
fn alike_key(digests: &[[u8; 32]; 2]) -> [u8; 32] {
    let mut key = blake3::Hasher::new();
    key.update(b"moved and edited 1").update(&digests[0]).update(&digests[1]);
    *key.finalize().as_bytes()
}

fn lines(bytes: &[u8]) -> Option<Lines> {
    if bytes.contains(&0) {
        return None;
    }
    let trimmed = bytes.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
    let mut lines: Lines = trimmed
        .map(|line| {
            let mut short = [0; 8];
            short.copy_from_slice(&blake3::hash(line).as_bytes()[..8]);
            (short, line.len() as u64)
        })
        .collect();
    lines.sort_unstable();
    Some(lines)
}

/// The shared part of two sorted lists of lines, in thousandths of the larger text.
fn share(a: &Lines, b: &Lines) -> u32 {
    let total = |lines: &Lines| lines.iter().map(|(_, length)| length).sum::<u64>();
    let (mut at, mut other, mut count, mut shared) = (0, 0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(at), b.get(other)) {
        let order = x.cmp(y);
        at += usize::from(order.is_le());
        other += usize::from(order.is_ge());
        if order.is_eq() {
            count += 1;
            shared += x.1;
        }
    }
    if count < FEWEST_LINES { 0 } else { (shared * 1000 / total(a).max(total(b)).max(1)) as u32 }
}
