//! Pairs paths that hold the same content in different environments.

use crate::path::TreePath;

/// A file or folder that is at one path in some environments and at another path in others.
///
/// No direction is claimed: which path is the old one is not known from two snapshots. `first` is the place in the first environment
/// that has only one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What moved.
    pub kind: MoveKind,
    /// One place.
    pub first: Place,
    /// The other place.
    pub second: Place,
    /// Files that have equal content at both places under the same name below them; 1 for a file.
    pub files: usize,
    /// For a folder: files that are at both places under the same name with other content.
    pub edited: usize,
    /// For a folder: files of the first place that are not at the second one.
    pub left: usize,
}

/// What moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveKind {
    /// One file.
    File,
    /// A folder: at least two thirds of its files, and at least two.
    Folder,
}

/// One of the two paths of a [`Move`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The common path.
    pub path: TreePath,
    /// The environments that have this path and lack the other one, in order; at least one.
    pub environments: Vec<usize>,
}
