//! Counts for the first screen.

use crate::compare::{Cell, Comparison, Differences, Row};
use crate::insight::Inputs;
use crate::snapshot::GitState;

/// Counts over all environments. Folders are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Paths.
    pub paths: usize,
    /// Of these, present everywhere with one content.
    pub in_sync: usize,
    /// Of these, differing in nothing but line endings and their like.
    pub quiet: usize,
    /// Of these, drift: presence, content, kind or link target.
    pub drift: usize,
    /// Of these, unknown in at least one environment; some of them are drift among the others.
    pub unreadable: usize,
}

/// Counts for one environment. Folders are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Drifting paths in which it is not with the largest group of environments that agree (having it alike, or lacking it). Where no group
    /// is the largest, everyone is counted; where it is unknown here, it is not.
    pub drift: usize,
    /// Drifting paths that it has and all others are known to lack.
    pub only_here: usize,
    /// Uncommitted changes; `None` when there is no checkout or it could not be judged.
    pub uncommitted: Option<usize>,
    /// Artifacts.
    pub artifacts: usize,
    /// Paths, folders included, of which it is not known what is there.
    pub unreadable: usize,
    /// Incidents that make the answer incomplete. There can be some without an unreadable path: nobody else has anything below a
    /// folder that could not be listed.
    pub incidents: usize,
}

/// Counts over all environments.
pub fn totals(comparison: &Comparison) -> Totals {
    let mut totals = Totals::default();
    for row in comparison.rows().filter(|row| !row.is_folder) {
        totals.paths += 1;
        totals.in_sync += usize::from(row.is_in_sync());
        totals.quiet += usize::from(row.differences.intersects(Differences::QUIET_CONTENT));
        totals.drift += usize::from(row.is_drift());
        totals.unreadable += usize::from(row.differences.contains(Differences::UNREADABLE));
    }
    totals
}

/// Counts for each environment, in order.
pub fn summaries(inputs: &Inputs<'_>) -> Vec<Summary> {
    let mut summaries = vec![Summary::default(); inputs.snapshots.len()];
    for row in inputs.comparison.rows() {
        for environment in row.environments_where(|cell| matches!(cell, Cell::Unreadable(_))) {
            summaries[environment].unreadable += 1;
        }
        if row.is_folder || !row.is_drift() {
            continue;
        }
        for environment in outsiders(&row) {
            summaries[environment].drift += 1;
        }
        let mut present = row.environments_where(Cell::is_present);
        if let (Some(only), None) = (present.next(), present.next()) {
            let others_lack = row.cells.iter().filter(|cell| **cell == Cell::Absent).count() + 1 == row.cells.len();
            summaries[only].only_here += usize::from(others_lack);
        }
    }
    for artifact in inputs.artifacts {
        summaries[artifact.artifact.at.environment].artifacts += 1;
    }
    for (summary, snapshot) in summaries.iter_mut().zip(inputs.snapshots) {
        if let GitState::Checkout(status) = &snapshot.git {
            summary.uncommitted = Some(status.changes.len());
        }
        summary.incidents = snapshot.incidents.iter().filter(|incident| incident.kind.is_incomplete()).count();
    }
    summaries
}

/// The environments that are not with the largest group; all that are known when there is none.
fn outsiders(row: &Row<'_>) -> Vec<usize> {
    let size = |cell: &Cell| row.cells.iter().filter(|other| *other == cell).count();
    let known = || row.cells.iter().filter(|cell| !matches!(cell, Cell::Unreadable(_)));
    let largest = known().map(size).max().unwrap_or(0);
    let mut leaders: Vec<&Cell> = known().filter(|cell| size(cell) == largest).collect();
    leaders.dedup();
    let leader = leaders.first().filter(|first| leaders.iter().all(|other| other == *first)).copied();
    row.environments_where(|cell| !matches!(cell, Cell::Unreadable(_)) && Some(&cell) != leader).collect()
}

#[cfg(test)]
mod tests;
