//! Where the drift is: folders, rolled up to a few lines.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::compare::{Cell, Comparison, Differences, Pattern, Row};
use crate::path::TreePath;
use crate::snapshot::Snapshot;

/// So many names are given with a line at most.
const MOST_NAMES: usize = 4;

/// Where the drift is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriftMap {
    /// Folders in path order, each directly after the one it is in.
    pub lines: Vec<FolderLine>,
    /// Drifting or quiet paths that are below none of the lines.
    pub elsewhere: usize,
}

/// A folder with drift in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderLine {
    /// The folder; `None` for the paths that are directly in the root.
    pub path: Option<TreePath>,
    /// How many of the other lines it is in.
    pub depth: usize,
    /// The pattern of everything that differs below it, when that is one; otherwise that of the path that has most variants
    /// (a missing one counts as one), the most frequent among these.
    pub pattern: Pattern,
    /// Everything that differs below it has this pattern.
    pub is_uniform: bool,
    /// How many paths differ below it, quiet ones included; folders are not counted.
    pub paths: usize,
    /// Of these, differing in nothing but line endings and their like.
    pub quiet: usize,
    /// The first few paths that differ and are directly in it, in path order, drift before quiet ones.
    pub names: Vec<TreePath>,
}

#[derive(Default)]
struct Folder {
    paths: usize,
    quiet: usize,
    patterns: BTreeMap<Pattern, usize>,
    drifting: Vec<usize>,
    quiet_rows: Vec<usize>,
}

/// Sums up drifting and quiet paths in at most `limit` lines.
///
/// The outermost folders come first, those with most paths if there are too many. The lines that are left go, largest first, to
/// folders below a line that tell more than that line does: their paths do not all share one pattern there. A folder that holds nothing but another one is
/// left out in favour of that one.
///
/// # Cost
/// Near-linear in the number of paths that differ, times their depth.
pub fn where_the_drift_is(comparison: &Comparison, snapshots: &[Snapshot], limit: usize) -> DriftMap {
    let mut folders: BTreeMap<&[u8], Folder> = BTreeMap::new();
    let mut in_root = Folder::default();
    let mut total = 0;
    for row in comparison.rows().filter(|row| !row.is_folder) {
        let quiet = row.differences.intersects(Differences::QUIET_CONTENT) && !row.is_drift();
        if !quiet && !row.is_drift() {
            continue;
        }
        total += 1;
        let mut above = row.path(snapshots).ancestors();
        match above.next() {
            None => in_root.add(&row, quiet, true),
            Some(parent) => folders.entry(parent).or_default().add(&row, quiet, true),
        }
        for folder in above {
            folders.entry(folder).or_default().add(&row, quiet, false);
        }
    }
    let chosen = choose(&folders, in_root.paths > 0, limit);
    let mut lines = Vec::new();
    if chosen.root {
        lines.push(in_root.line(None, 0, comparison, snapshots));
    }
    let mut covered = if chosen.root { in_root.paths } else { 0 };
    for path in &chosen.folders {
        let Ok(shown) = TreePath::new(*path) else { continue };
        let depth =
            shown.ancestors().filter(|above| chosen.folders.binary_search_by(|one| order(one, above)).is_ok()).count();
        if depth == 0 {
            covered += folders[path].paths;
        }
        lines.push(folders[path].line(Some(shown), depth, comparison, snapshots));
    }
    DriftMap { lines, elsewhere: total - covered }
}

struct Chosen<'a> {
    root: bool,
    /// In path order.
    folders: Vec<&'a [u8]>,
}

fn choose<'a>(folders: &BTreeMap<&'a [u8], Folder>, root: bool, limit: usize) -> Chosen<'a> {
    let mut children: BTreeMap<&[u8], Vec<&'a [u8]>> = BTreeMap::new();
    for folder in folders.keys() {
        let parent = folder.iter().rposition(|&b| b == b'/').map_or(&b""[..], |at| &folder[..at]);
        children.entry(parent).or_default().push(folder);
    }
    let below = |folder: &[u8]| children.get(folder).map(Vec::as_slice).unwrap_or_default();
    // A folder that holds nothing but another one gives way to it.
    let innermost = |folder: &'a [u8]| {
        let mut folder = folder;
        while let [only] = below(folder) {
            if folders[only].paths != folders[folder].paths {
                break;
            }
            folder = *only;
        }
        folder
    };
    let root = root && limit > 0;
    let mut chosen: Vec<&'a [u8]> = Vec::new();
    let mut open: Vec<&'a [u8]> = below(b"").iter().map(|folder| innermost(folder)).collect();
    let mut outermost = open.len();
    while chosen.len() + usize::from(root) < limit && !open.is_empty() {
        // The outermost folders stand first in `open` and are all chosen before any other.
        let candidates = 0..if outermost > 0 { outermost } else { open.len() };
        let Some(next) = candidates.min_by_key(|&at| (Reverse(folders[open[at]].paths), open[at])) else { break };
        outermost = outermost.saturating_sub(1);
        let folder = open.remove(next);
        chosen.push(folder);
        if folders[folder].patterns.len() > 1 {
            open.extend(below(folder).iter().map(|folder| innermost(folder)));
        }
    }
    chosen.sort_by(|a, b| order(a, b));
    Chosen { root, folders: chosen }
}

fn order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    crate::path::compare_bytes(a, b)
}

impl Folder {
    fn add(&mut self, row: &Row<'_>, quiet: bool, directly: bool) {
        self.paths += 1;
        self.quiet += usize::from(quiet);
        *self.patterns.entry(row.pattern()).or_insert(0) += 1;
        if directly {
            let names = if quiet { &mut self.quiet_rows } else { &mut self.drifting };
            if names.len() < MOST_NAMES {
                names.push(row.index);
            }
        }
    }

    fn line(
        &self,
        path: Option<TreePath>,
        depth: usize,
        comparison: &Comparison,
        snapshots: &[Snapshot],
    ) -> FolderLine {
        let most_distinct =
            self.patterns.iter().max_by_key(|(pattern, count)| (variants(pattern), **count, Reverse(**pattern)));
        let names = self.drifting.iter().chain(&self.quiet_rows).take(MOST_NAMES);
        FolderLine {
            path,
            depth,
            pattern: most_distinct.map_or_else(|| Pattern::of(&[] as &[Cell]), |(pattern, _)| *pattern),
            is_uniform: self.patterns.len() == 1,
            paths: self.paths,
            quiet: self.quiet,
            names: names.map(|row| comparison.row(*row).path(snapshots).clone()).collect(),
        }
    }
}

/// How many states a pattern tells apart, unreadable left out.
fn variants(pattern: &Pattern) -> usize {
    let mut characters: Vec<u8> = pattern.as_str().bytes().filter(|b| *b != b'!').collect();
    characters.sort_unstable();
    characters.dedup();
    characters.len()
}

#[cfg(test)]
mod tests;
