//! Puts snapshots side by side: one row per common path, one cell per environment.
//!
//! Pure. [`questions`] says which contents decide something; when they were answered, [`compare`] gives a [`Comparison`]. Then
//! [`classify`] sets differences aside that rarely mean anything ([`fold_candidates`] says what it needs to know), [`moves`] pairs
//! paths of equal content, [`artifacts`] finds what editing left behind, and [`maps`] proposes which folders are one under two names.

mod align;
pub mod artifacts;
mod attributes;
mod differences;
mod habits;
pub mod maps;
pub mod moves;
mod pattern;
mod quiet;
pub mod text;
mod unknown;
mod variants;

pub use differences::Differences;
pub use habits::Habits;
pub(crate) use habits::name as owner_name;
pub use pattern::Pattern;
pub use quiet::{classify, fold_candidates};

use std::collections::BTreeMap;

use align::{Aligned, NONE, Span, entry_of};
use attributes::AttributeComparer;
use rayon::prelude::*;
use unknown::{Asking, Unknown};

use crate::path::{EnvironmentName, TreePath, compare_bytes};
use crate::snapshot::{Content, Entry, EntryRef, IncidentId, Question, Snapshot};

/// How many environments are compared at most: a [`Pattern`] has a letter for so many variants.
pub const MAX_ENVIRONMENTS: usize = 52;

/// Stands where an incident would: two files have one size, and no digest of both under a common algorithm is known. It does not happen
/// when all [`questions`] were answered.
pub const NOT_COMPARED: IncidentId = IncidentId(u32::MAX);

/// Stands where an incident would: the path lies in a submodule, and this source (a git ref) does not hold the content of submodules.
pub const IN_SUBMODULE: IncidentId = IncidentId(u32::MAX - 1);

/// The state of a path in one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// There is nothing at this path.
    Absent,
    /// There is something, and it is equal in content to every cell of its row with the same number. Numbers count from 0 in the order of
    /// the environments. Folders are equal to each other; a submodule's place in a git tree is equal to
    /// a folder, and to another one at the same commit.
    Variant(u8),
    /// It is not known what is there (or, of a folder where submodules at several commits are elsewhere, which of them it is): an incident of that environment's snapshot, [`NOT_COMPARED`] or [`IN_SUBMODULE`].
    Unreadable(IncidentId),
}

/// All paths of all environments.
///
/// Rows are sorted by path and unique: every path of every snapshot is in exactly one row. A row takes 12 bytes for each environment and
/// 3 more; paths stay in the snapshots, which is why many functions here are handed the same snapshots again.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    environments: Vec<EnvironmentName>,
    habits: Vec<Habits>,
    /// `environments.len()` cells for each row.
    cells: Vec<Cell>,
    /// Parallel to `cells`: the entry in that environment's snapshot, [`NONE`] where it has none.
    entries: Vec<u32>,
    /// One for each row.
    differences: Vec<Differences>,
    /// Likewise: whether whatever is known to be there is a folder.
    folders: Vec<bool>,
}

/// One path over all environments.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its place among the rows, from 0.
    pub index: usize,
    /// One cell for each environment, in order.
    pub cells: &'a [Cell],
    entries: &'a [u32],
    /// In what the environments differ.
    pub differences: Differences,
    /// Whatever is known to be there is a folder (or a submodule). A folder here and a file there is no folder; nor is a submodule at
    /// several commits.
    pub is_folder: bool,
}

/// Says which files must be told apart: regular files of one size at one path, unless digests that are known decide already. Empty files
/// are equal without a question.
///
/// Questions come in path order. For each content that is known to be one, only one member is asked for.
///
/// # Cost
/// One pass over all entries, on the threads of the current rayon pool; memory for the questions only.
///
/// # Panics
/// Above [`MAX_ENVIRONMENTS`] snapshots.
pub fn questions(snapshots: &[Snapshot]) -> Vec<Question> {
    assert_fits(snapshots);
    let asked = |span: &Span| {
        let mut questions = Vec::new();
        let mut aligned = Aligned::new(snapshots, span);
        let mut contents = Vec::with_capacity(snapshots.len());
        while let Some((_, entries)) = aligned.next() {
            contents.clear();
            contents
                .extend(with_environment(entries).map(|(at, entry)| Some(&entry_of(snapshots, at, entry)?.content)));
            for members in variants::undecided(&contents) {
                let member = |environment: usize| EntryRef { environment, entry: entries[environment] as usize };
                questions.push(Question { members: members.into_iter().map(member).collect() });
            }
        }
        questions
    };
    align::spans(snapshots).par_iter().flat_map_iter(asked).collect()
}

/// Compares all environments.
///
/// # Cost
/// One pass over all entries to learn what is usual in each environment and one to compare, both on the threads of the current rayon
/// pool; memory as [`Comparison`] says, twice for a moment.
///
/// # Panics
/// Above [`MAX_ENVIRONMENTS`] snapshots.
pub fn compare(snapshots: &[Snapshot]) -> Comparison {
    assert_fits(snapshots);
    let mut comparison = Comparison {
        environments: snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect(),
        habits: snapshots.par_iter().map(Habits::of).collect(),
        ..Comparison::default()
    };
    let unknown: Vec<Unknown<'_>> = snapshots.par_iter().map(Unknown::new).collect();
    let spans = align::spans(snapshots);
    let parts: Vec<Comparison> =
        spans.par_iter().map(|span| compare_span(snapshots, span, &comparison.habits, &unknown)).collect();
    for part in parts {
        comparison.cells.extend(part.cells);
        comparison.entries.extend(part.entries);
        comparison.differences.extend(part.differences);
        comparison.folders.extend(part.folders);
    }
    comparison
}

/// The rows of a span.
fn compare_span(snapshots: &[Snapshot], span: &Span, habits: &[Habits], unknown: &[Unknown<'_>]) -> Comparison {
    let mut comparison = Comparison::default();
    let mut attributes = AttributeComparer::new(snapshots, habits);
    let mut asking: Vec<Asking<'_>> = Vec::with_capacity(snapshots.len());
    let mut aligned = Aligned::new(snapshots, span);
    let mut found: Vec<Option<&Entry>> = Vec::with_capacity(snapshots.len());
    let mut contents: Vec<Option<&Content>> = Vec::with_capacity(snapshots.len());
    while let Some((path, entries)) = aligned.next() {
        if asking.is_empty() {
            asking.extend(unknown.iter().map(|unknown| unknown.from(path)));
        }
        found.clear();
        found.extend(with_environment(entries).map(|(at, entry)| entry_of(snapshots, at, entry)));
        contents.clear();
        contents.extend(found.iter().map(|entry| Some(&(*entry)?.content)));
        let start = comparison.cells.len();
        comparison.cells.extend(contents.iter().zip(&mut asking).map(|(content, asking)| match content {
            None => asking.cell(path),
            Some(Content::Unreadable { incident, .. }) => Cell::Unreadable(*incident),
            // Every readable content gets its variant below.
            Some(_) => Cell::Absent,
        }));
        let cells = &mut comparison.cells[start..];
        variants::assign(&contents, cells);
        let differences = content_differences(&contents, cells) | attributes.compare(&found);
        comparison.entries.extend_from_slice(entries);
        comparison.differences.push(differences);
        // A submodule that is named at several commits is a matter of its own, as a link is.
        let is_folder = !differences.contains(Differences::TARGET);
        comparison.folders.push(is_folder && contents.iter().flatten().all(|content| may_be_folder(content)));
    }
    comparison
}

impl Comparison {
    /// The environments, in the order of the cells.
    pub fn environments(&self) -> &[EnvironmentName] {
        &self.environments
    }

    /// What is usual in each environment, in the same order.
    pub fn habits(&self) -> &[Habits] {
        &self.habits
    }

    /// How many rows there are, folders included.
    pub fn len(&self) -> usize {
        self.differences.len()
    }

    /// Whether there is no path at all.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// A row by its place.
    ///
    /// # Panics
    /// When there are not so many rows.
    pub fn row(&self, index: usize) -> Row<'_> {
        let width = self.environments.len();
        let cells = index * width..(index + 1) * width;
        Row {
            index,
            cells: &self.cells[cells.clone()],
            entries: &self.entries[cells],
            differences: self.differences[index],
            is_folder: self.folders[index],
        }
    }

    /// All rows, in path order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| self.row(index))
    }

    /// Finds a row by its path. Binary search.
    pub fn find(&self, snapshots: &[Snapshot], path: &TreePath) -> Option<usize> {
        let (at, exact) = self.search(snapshots, path);
        exact.then_some(at)
    }

    /// The rows of a folder and of everything below it, which follow one another. Binary search.
    pub fn within(&self, snapshots: &[Snapshot], folder: &TreePath) -> std::ops::Range<usize> {
        let (start, _) = self.search(snapshots, folder);
        // No path has a zero byte, and only what is below the folder sorts before this.
        let end = [folder.as_bytes(), b"\0"].concat();
        start..self.search_bytes(snapshots, &end).0.max(start)
    }

    /// How often each pattern occurs among the paths that are not folders.
    pub fn patterns(&self) -> BTreeMap<Pattern, usize> {
        let mut counts = BTreeMap::new();
        for row in self.rows().filter(|row| !row.is_folder) {
            *counts.entry(row.pattern()).or_insert(0) += 1;
        }
        counts
    }

    fn set_differences(&mut self, row: usize, differences: Differences) {
        self.differences[row] = differences;
    }

    fn search(&self, snapshots: &[Snapshot], path: &TreePath) -> (usize, bool) {
        self.search_bytes(snapshots, path.as_bytes())
    }

    /// The first row whose path is not before `path`, and whether it has that path.
    fn search_bytes(&self, snapshots: &[Snapshot], path: &[u8]) -> (usize, bool) {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match compare_bytes(self.row(middle).path(snapshots).as_bytes(), path) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return (middle, true),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        (low, false)
    }
}

impl Row<'_> {
    /// Its path.
    ///
    /// # Panics
    /// When these are not the snapshots that were compared.
    pub fn path<'s>(&self, snapshots: &'s [Snapshot]) -> &'s TreePath {
        let (_, entry) = self.first(snapshots).expect("a row has an entry in at least one of its snapshots");
        &entry.path
    }

    /// Its entry in an environment's snapshot, by number; `None` where there is none, for whatever reason.
    pub fn entry(&self, environment: usize) -> Option<usize> {
        Some(self.entries[environment] as usize).filter(|entry| *entry != NONE as usize)
    }

    /// The same with its environment.
    pub fn entry_ref(&self, environment: usize) -> Option<EntryRef> {
        Some(EntryRef { environment, entry: self.entry(environment)? })
    }

    /// What is there in an environment, as far as it has an entry.
    pub fn content<'s>(&self, snapshots: &'s [Snapshot], environment: usize) -> Option<&'s Content> {
        Some(&entry_of(snapshots, environment, self.entries[environment])?.content)
    }

    /// Itself at a glance.
    pub fn pattern(&self) -> Pattern {
        Pattern::of(self.cells)
    }

    /// How many variants there are.
    pub fn variants(&self) -> usize {
        let numbers = self.cells.iter().filter_map(|cell| match cell {
            Cell::Variant(number) => Some(usize::from(*number) + 1),
            _ => None,
        });
        numbers.max().unwrap_or(0)
    }

    /// Whether it is present everywhere with one content. Modes, owners and times do not count here; see [`Row::differences`].
    pub fn is_in_sync(&self) -> bool {
        self.cells.iter().all(|cell| *cell == Cell::Variant(0))
    }

    /// Whether it is in sync, and modes say the same too beyond what umasks explain.
    pub fn is_same(&self) -> bool {
        self.is_in_sync() && !self.differences.intersects(Differences::EXECUTABLE | Differences::MODE)
    }

    /// Whether something is known to be drift: presence, content beyond the quiet classes, kind or link target.
    pub fn is_drift(&self) -> bool {
        let drift = Differences::PRESENCE | Differences::CONTENT | Differences::KIND | Differences::TARGET;
        self.differences.intersects(drift)
    }

    /// The environments whose cell is like this.
    pub fn environments_where(&self, is: impl Fn(Cell) -> bool) -> impl Iterator<Item = usize> {
        self.cells.iter().enumerate().filter(move |(_, cell)| is(**cell)).map(|(environment, _)| environment)
    }

    fn first<'s>(&self, snapshots: &'s [Snapshot]) -> Option<(usize, &'s Entry)> {
        with_environment(self.entries).find_map(|(at, entry)| Some((at, entry_of(snapshots, at, entry)?)))
    }
}

fn with_environment(entries: &[u32]) -> impl Iterator<Item = (usize, u32)> {
    entries.iter().copied().enumerate()
}

fn assert_fits(snapshots: &[Snapshot]) {
    assert!(snapshots.len() <= MAX_ENVIRONMENTS, "at most {MAX_ENVIRONMENTS} environments are compared at once");
}

fn content_differences(contents: &[Option<&Content>], cells: &[Cell]) -> Differences {
    let mut found = Differences::NONE;
    if cells.contains(&Cell::Absent) && cells.iter().any(|cell| cell.is_present()) {
        found |= Differences::PRESENCE;
    }
    if cells.iter().any(|cell| matches!(cell, Cell::Unreadable(_))) {
        found |= Differences::UNREADABLE;
    }
    let mut first: [Option<Cell>; 4] = [None; 4];
    for (cell, content) in cells.iter().zip(contents) {
        let Some(content) = content.filter(|_| cell.is_present()) else { continue };
        let (kind, difference) = match content {
            Content::File(_) => (0, Differences::CONTENT),
            Content::Symlink { .. } => (1, Differences::TARGET),
            content if variants::is_folder(content) => (2, Differences::TARGET),
            _ => (3, Differences::KIND),
        };
        match first[kind] {
            Some(other) if other != *cell => found |= difference,
            Some(_) => {}
            None => first[kind] = Some(*cell),
        }
    }
    if first.iter().flatten().count() > 1 {
        found |= Differences::KIND;
    }
    found
}

fn may_be_folder(content: &Content) -> bool {
    variants::is_folder(content) || matches!(content, Content::Unreadable { folder: true, .. })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
