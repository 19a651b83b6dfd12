//! Puts snapshots side by side: one row per common path, one cell per environment.
//!
//! Pure. [`questions`] says which contents decide something; when they were answered, [`compare`] gives a [`Comparison`]. Moves
//! ([`moves`]), proposals of pairs ([`artifacts`]) and texts ([`text`]) are asked for on top of it.

use crate::path::EnvironmentName;
use crate::snapshot::IncidentId;

/// The state of a path in one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// There is nothing at this path.
    Absent,
    /// There is something, and it is equal in content to every cell of its row with the same number. Numbers count from 0 in the order of
    /// the environments.
    Variant(u8),
    /// It is not known what is there.
    Unreadable(IncidentId),
}

/// All paths of all environments.
///
/// Rows are sorted by path and unique: every path of every snapshot is in exactly one row.
#[derive(Debug, Clone)]
pub struct Comparison {
    environments: Vec<EnvironmentName>,
    /// `environments.len()` cells for each row.
    cells: Vec<Cell>,
    /// Parallel to `cells`: the entry in that environment's snapshot, `u32::MAX` where it has none.
    entries: Vec<u32>,
    /// One for each row.
    differences: Vec<Differences>,
}

/// In what the environments of a row differ: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Differences(u16);
