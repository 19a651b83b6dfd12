//! Which path of the environments a word means.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::compare::Comparison;
use crate::compare::text::select::{Candidate, Selection, select};
use crate::path::TreePath;
use crate::report::escape;
use crate::snapshot::Snapshot;

/// So many of the paths that could be meant are listed.
const CHOICES: usize = 12;

/// What a word means.
pub(crate) enum Selected {
    /// One path that is no folder.
    File(TreePath),
    /// A folder, and what is below it, not in sync, and no folder; in path order.
    Folder { folder: TreePath, paths: Vec<TreePath> },
}

/// Finds the path that is meant, under its common name or as some environment calls it, or by its file name alone.
pub(crate) fn select_path(
    session: &Session,
    listed: &Comparison,
    snapshots: &[Snapshot],
    word: &OsString,
) -> Result<Selected, Failure> {
    let candidates: Vec<Candidate<'_>> = listed
        .rows()
        .map(|row| Candidate { path: row.path(snapshots), is_folder: row.is_folder, in_sync: row.is_same() })
        .collect();
    let maps = || session.config.environments.iter().map(|environment| &environment.map);
    let translate = |path: &TreePath| maps().map(|map| map.to_common(path)).filter(|common| common != path).collect();
    let typed = escape::name(word.as_bytes());
    let selection = select(word.as_bytes(), candidates.iter().copied(), &translate).map_err(|error| {
        Failure::because(error.to_string(), &error.source)
            .hint("name a path as it is below the roots, such as app/services/MemberService.py, or a bare file name")
    })?;
    match selection {
        Selection::One(path) => Ok(Selected::File(path)),
        Selection::Folder { folder, paths } => Ok(Selected::Folder { folder, paths }),
        Selection::Ambiguous(paths) => {
            let failure = Failure::new(format!("`{typed}` could be any of {} paths", paths.len()));
            Err(list(failure.hint("name one of them:"), &paths))
        }
        Selection::Nothing { nearest } => {
            let failure = Failure::new(format!("no environment has a path that is called `{typed}`"));
            Err(if nearest.is_empty() { failure } else { list(failure.hint("alike are:"), &nearest) })
        }
    }
}

fn list(failure: Failure, paths: &[TreePath]) -> Failure {
    let line = |path: &TreePath| format!("  {}", escape::name(path.as_bytes()));
    let listed = paths.iter().take(CHOICES).map(line).fold(failure, |failure, line| failure.detail(&line));
    match paths.len().saturating_sub(CHOICES) {
        0 => listed,
        more => listed.detail(&format!("  and {more} more")),
    }
}
