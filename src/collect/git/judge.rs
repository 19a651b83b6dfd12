//! Judges a folder: holds its listing against index and HEAD of the repository that tracks it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::checkout::{Checkout, Surroundings, Tracked, find};
use super::fault::GitFault;
use super::files::{GitFiles, Here};
use super::history::GitHistory;
use super::index::FileMode;
use super::store::{Own, Store};
use super::{facts, staged, unstaged, untracked};
use crate::collect::{BlobHasher, Filter, Listing};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{
    Blob, BlobKind, Change, Distance, GitState, GitStatus, Incident, IncidentKind, NotJudged, Submodule,
};

/// What a repository says about a folder.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// Its state.
    pub(crate) state: GitState,
    /// Entries of the listing whose bytes are vouched for by the index to be those of a blob, in order: nothing need be read.
    pub(crate) known: Vec<(usize, [u8; 20])>,
    /// What is worth saying about it.
    pub(crate) incidents: Vec<Incident>,
    /// Its earlier versions, when it has a commit.
    pub(crate) history: Option<GitHistory>,
}

/// Judges the folder `root` whose listing was made with `map` and `filter`.
///
/// # Cost
/// Reads the index and the trees of HEAD, and looks for a repository in each folder. Files are asked of `hasher` only where the
/// index does not vouch for them, in parallel on the pool that it is called in.
pub(crate) fn judge(
    root: &Path,
    map: &PathMap,
    filter: &Filter,
    listing: &Listing,
    hasher: &dyn BlobHasher,
) -> Judgement {
    let files: Arc<dyn GitFiles> = Arc::new(Here);
    let around = Surroundings { files: &files, root, map, filter, listing, hasher, pool: None };
    judge_in(around, &Own).unwrap_or_else(|fault| Judgement::without(GitState::Unknown { reason: fault.to_string() }))
}

/// The same wherever files and objects come from.
pub(super) fn judge_in(around: Surroundings<'_>, store: &dyn Store) -> Result<Judgement, GitFault> {
    let checkout = match find(around.files, around.root)? {
        Some(place) => Checkout::open(place, around, store)?,
        None => None,
    };
    checkout.map_or_else(|| Ok(Judgement::without(GitState::None)), Checkout::judge)
}

impl Judgement {
    /// There is no more to be said than this.
    pub(super) fn without(state: GitState) -> Self {
        Self { state, known: Vec::new(), incidents: Vec::new(), history: None }
    }
}

impl Checkout<'_> {
    fn judge(mut self) -> Result<Judgement, GitFault> {
        let excludes = self.read_rules()?;
        if let Some(reason) = self.repo.lacks.take() {
            // What the index vouches for holds without any object.
            let known = unstaged::vouched(&self);
            return Ok(Judgement { known, ..Judgement::without(GitState::Unknown { reason }) });
        }
        let head = facts::head(&self.repo)?;
        let mut changes = staged::changes(&self, head.commit.as_ref().map(|commit| commit.tree))?;
        let files = unstaged::judge(&self);
        changes.extend(files.changes);
        let nested = untracked::nested(&self);
        changes.extend(untracked::changes(&self, &excludes, &nested));
        changes.sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
        let mut not_judged: Vec<NotJudged> = files.not_judged;
        not_judged.sort_by(|a, b| a.path.cmp(&b.path));
        not_judged.dedup_by(|a, b| a.path == b.path);
        let mut submodules: Vec<Submodule> = files.submodules;
        submodules.sort_by(|a, b| a.path.cmp(&b.path));

        let mut incidents = self.notes(files.left_out);
        let staged = self.staged(&changes);
        let commit = head.commit.as_ref().map(|commit| commit.summary.clone());
        let facts = facts::of_repository(&self.repo, &head)?;
        if facts.is_cut || facts.upstream.as_ref().is_some_and(|upstream| upstream.distance == Distance::Cut) {
            incidents.push(Incident {
                path: None,
                kind: IncidentKind::Note,
                message: "its history is cut off before its branches meet, so how far they are apart is not known"
                    .to_owned(),
                hint: Some("raise `depth`, or leave it out; in a shallow clone, `git fetch --unshallow`".to_owned()),
            });
        }
        let status = GitStatus {
            head: head.head,
            commit,
            upstream: facts.upstream,
            unpushed: facts.unpushed,
            changes,
            not_judged,
            stashes: facts.stashes,
            operation: facts.operation,
            worktrees: facts.worktrees,
            submodules,
            nested,
            prefix: self.prefix.clone(),
        };
        let history = head.id.zip(head.commit).map(|(id, commit)| {
            GitHistory::new(
                Arc::new(self.repo.objects),
                (id, commit.tree),
                self.prefix,
                self.around.map.clone(),
                Some(self.attributes),
            )
            .with_staged(staged)
        });
        Ok(Judgement { state: GitState::Checkout(Box::new(status)), known: files.known, incidents, history })
    }

    /// What the index has at the paths of these changes, which are sorted by path.
    fn staged(&self, changes: &[Change]) -> BTreeMap<TreePath, Blob> {
        let is_changed = |path: &TreePath| changes.binary_search_by(|change| change.path.cmp(path)).is_ok();
        let plain = self.tracked.iter().filter(|path| path.entry.stage == 0 && !path.entry.intent_to_add);
        let blob = |path: &Tracked| {
            let kind = match path.entry.mode {
                FileMode::File => BlobKind::File,
                FileMode::Executable => BlobKind::Executable,
                FileMode::Link => BlobKind::Link,
                FileMode::Gitlink => BlobKind::Submodule,
                FileMode::Folder => return None,
            };
            Some((path.common.clone(), Blob { id: path.entry.id, kind }))
        };
        plain.filter(|path| is_changed(&path.common)).filter_map(blob).collect()
    }

    fn notes(&self, left_out: usize) -> Vec<Incident> {
        let note = |message: String, hint: Option<&str>| Incident {
            path: None,
            kind: IncidentKind::Note,
            message,
            hint: hint.map(str::to_owned),
        };
        let mut notes = Vec::new();
        if left_out > 0 {
            let (paths, are) = if left_out == 1 { ("path", "is") } else { ("paths", "are") };
            notes.push(note(format!("{left_out} tracked {paths} {are} left out by `ignore` and not judged"), None));
        }
        if self.repo.config.has_includes() {
            notes.push(note(
                "the repository's config includes other files, which are not read".to_owned(),
                Some("if they set `core.autocrlf` or an upstream, set it in the repository's own config"),
            ));
        }
        notes
    }
}
