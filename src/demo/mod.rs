//! Lays out a situation to try driftline on: `oncalls`, three servers of one application that drifted apart.
//!
//! Besides [`crate::collect`] the one place that knows repositories, and the one place that writes: into a folder of its own making,
//! never into an environment. What is laid out is the same on every run, whatever the umask, the user's git configuration or the
//! clock say: contents, names, modes, times of files, commits. (The index of a checkout also holds inode numbers and the times at which the
//! system saw a file change; these nobody can choose.)

mod files;
mod filler;
mod oncalls;
mod repository;
mod tree;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::FILE_NAME;

/// Why the situation could not be laid out.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder exists and has something in it.
    #[error("`{}` is not empty; name a folder that is new or empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// What was being written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A repository could not be made.
    #[error("cannot make the repository `{}`", path.display())]
    Repository {
        /// Where.
        path: PathBuf,
        /// Why.
        source: git2::Error,
    },
}

/// At which moment the situation is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// prod has no repository; debug has 53 uncommitted changes.
    #[default]
    Before,
    /// All of prod is one root commit without history in common with anyone; debug's work is one commit of 211 files.
    After,
}

/// What was laid out, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The configuration that describes it.
    pub config: PathBuf,
    /// The roots of the environments by name, in the order of the configuration.
    pub environments: Vec<(&'static str, PathBuf)>,
}

/// Lays the situation out in `folder`, which is new or empty: one folder for each environment, and a `driftline.toml` beside them.
///
/// # Errors
/// [`DemoError::NotEmpty`] before anything is written; otherwise the first thing that could not be written. What was written by
/// then stays.
///
/// # Cost
/// Some 14,000 small files, written on the current rayon pool.
pub fn lay_out(folder: &Path, variant: Variant) -> Result<Layout, DemoError> {
    let failed = |source| DemoError::Write { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    if fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(DemoError::NotEmpty { path: folder.to_owned() });
    }
    let environments = oncalls::write(folder, variant)?;
    let config = folder.join(FILE_NAME);
    oncalls::write_config(&config)?;
    Ok(Layout { config, environments })
}
