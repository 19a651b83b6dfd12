//! Where the objects of a repository come from.

use git2::Oid;

use super::config::GitConfig;
use super::fault::GitFault;
use super::objects::Objects;
use super::place::GitPlace;
use super::refs::Refs;
use super::repo::Repo;
use crate::path::TreePath;

/// Opens the objects of a repository.
pub(super) trait Store: Sync {
    /// Opens them when config and references are known.
    fn open(&self, place: &GitPlace, config: &GitConfig, refs: &Refs) -> Result<Stock, GitFault>;

    /// Sees to it that objects which the index names are there too, if they can be had; otherwise says why they could not be asked for. Paths are
    /// common ones.
    fn complete(&self, _: &Repo, _: &mut dyn Iterator<Item = (&TreePath, Oid)>) -> Result<(), String> {
        Ok(())
    }
}

/// Objects, as far as they are there.
pub(super) struct Stock {
    pub(super) objects: Objects,
    /// Why not all that is needed is there.
    pub(super) lacks: Option<String>,
}

/// The repository's own.
pub(super) struct Own;

impl Store for Own {
    fn open(&self, place: &GitPlace, _: &GitConfig, _: &Refs) -> Result<Stock, GitFault> {
        Ok(Stock { objects: Objects::open(place)?, lacks: None })
    }
}
