//! What is compared: environments, where they are, what their folders are called, what is left out.
//!
//! Takes the text of `driftline.toml` or `NAME=SOURCE` arguments and gives a [`Config`] in which every name exists and every
//! rule parses, or all [`Problem`]s at once. Only [`find`] and [`load`] touch the file system.

use std::path::PathBuf;

use crate::path::{EnvironmentName, TreePath};

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// At least one, in the order of the file or of the arguments; names are unique.
    pub environments: Vec<Environment>,
    /// The environment against which others are measured, if one was chosen.
    pub baseline: Option<EnvironmentName>,
    /// Paths of special interest: files, or folders with everything below them. Common paths.
    pub focus: Vec<TreePath>,
    /// gitignore rules on common paths, in order.
    pub ignore: Vec<String>,
    /// The file it came from; `None` for arguments alone.
    pub file: Option<PathBuf>,
}

/// A named place that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// What it is for, in the user's words, such as `production`.
    pub role: Option<String>,
    /// Where it is.
    pub source: SourceSpec,
    /// What its folders are called elsewhere.
    pub map: PathMap,
}

/// The way to read an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A folder of this machine.
    Folder {
        /// Where; relative paths in a file are relative to that file's folder.
        path: PathBuf,
    },
    /// A repository of this machine, read at a commit, never checked out.
    Git {
        /// A checkout or a bare repository.
        repository: PathBuf,
        /// Anything that names a commit, such as `origin/main`.
        reference: String,
    },
}

/// Translates between the names in one environment and the common ones. Pairs do not overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathMap {
    pairs: Vec<MapPair>,
}

/// One folder or file that is called differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapPair {
    /// The common path.
    pub common: TreePath,
    /// The path in this environment.
    pub here: TreePath,
}
