//! A repository, opened if it is of a kind that is understood.

use git2::Oid;

use super::config::GitConfig;
use super::fault::GitFault;
use super::objects::Objects;
use super::place::GitPlace;
use super::refs::Refs;
use super::store::{Own, Stock, Store};

/// An opened repository.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) place: GitPlace,
    pub(crate) config: GitConfig,
    pub(crate) refs: Refs,
    pub(crate) objects: Objects,
    /// Why not all objects are there that are needed.
    pub(super) lacks: Option<String>,
}

impl Repo {
    /// Opens a repository of a kind that is understood; nothing is read of it but config, packed refs and the list of its packs.
    pub(crate) fn open(place: GitPlace) -> Result<Self, GitFault> {
        Self::open_with(place, &Own)
    }

    /// As [`Repo::open`], with objects that are found when config and references are known.
    pub(super) fn open_with(place: GitPlace, store: &dyn Store) -> Result<Self, GitFault> {
        let config = config_of(&place)?;
        let refs = Refs::open(&place)?;
        let Stock { objects, lacks } = store.open(&place, &config, &refs)?;
        Ok(Self { place, config, refs, objects, lacks })
    }

    /// Whether this is a further worktree beside the one that the repository was made with.
    pub(crate) fn is_linked_worktree(&self) -> bool {
        self.place.git_dir != self.place.common_dir
    }
}

/// The commit that HEAD of a repository names, which need not be there; `None` when it is unborn.
pub(super) fn head_of(place: &GitPlace) -> Result<Option<Oid>, GitFault> {
    config_of(place)?;
    Refs::open(place)?.head_id()
}

/// The config of a repository of a kind that is understood.
fn config_of(place: &GitPlace) -> Result<GitConfig, GitFault> {
    let mut config = GitConfig::default();
    config.add_file(&*place.files, &place.common_dir.join("config"))?;
    check_extensions(&config)?;
    if config.get_bool("extensions.worktreeconfig") == Some(true) {
        config.add_file(&*place.files, &place.git_dir.join("config.worktree"))?;
    }
    Ok(config)
}

/// Refuses what git's format says must be refused when it is not understood, and what is understood and not supported.
fn check_extensions(config: &GitConfig) -> Result<(), GitFault> {
    let refuse = |words: String| Err(GitFault::Unsupported(words));
    match config.get("core.repositoryformatversion") {
        None | Some(b"0" | b"1" | b"") => {}
        Some(other) => {
            return refuse(format!("the repository has the format version {}, which is not known", text(other)));
        }
    }
    for (name, value) in config.section("extensions") {
        match name {
            b"noop"
            | b"noop-v1"
            | b"preciousobjects"
            | b"partialclone"
            | b"worktreeconfig"
            | b"relativeworktrees"
            | b"compatobjectformat" => {}
            b"objectformat" if value.eq_ignore_ascii_case(b"sha1") => {}
            b"objectformat" if value.eq_ignore_ascii_case(b"sha256") => {
                return refuse("the repository names its objects by SHA-256, which is not supported".to_owned());
            }
            b"refstorage" if value.eq_ignore_ascii_case(b"files") => {}
            b"refstorage" if value.eq_ignore_ascii_case(b"reftable") => {
                return refuse("the repository keeps its branches as reftable, which is not supported".to_owned());
            }
            _ => {
                return refuse(format!(
                    "the repository has the extension `{}` = `{}`, which is not known",
                    text(name),
                    text(value)
                ));
            }
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
