//! Line ends of patches for a checkout that has others than its commits: git takes a patch in those of the commits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::insight::verdict::{Held, ReplayedFile};
use crate::path::TreePath;
use crate::pipeline::Picture;
use crate::snapshot::{CommitReader as _, GitState};
use crate::text::ends::{has_crlf, without_cr};

/// Which files of a checkout end their lines with CR LF because git was told to write them so (`core.autocrlf`, `eol=crlf`).
pub(super) struct Ends<'a> {
    picture: &'a Picture<'a>,
    target: usize,
    /// What was found out, by the path after the steps that were asked about.
    known: BTreeMap<TreePath, bool>,
}

impl<'a> Ends<'a> {
    pub(super) fn new(picture: &'a Picture<'a>, target: usize) -> Self {
        Self { picture, target, known: BTreeMap::new() }
    }

    /// The same step in the line ends that the target has committed; steps are asked about in their order.
    ///
    /// # Cost
    /// Reads what is committed of each file that has CR LF, once.
    pub(super) fn committed<'f>(&mut self, files: &'f [ReplayedFile]) -> Cow<'f, [ReplayedFile]> {
        let is_written: Vec<bool> = files.iter().map(|file| self.is_written(file)).collect();
        if !is_written.contains(&true) {
            return Cow::Borrowed(files);
        }
        let plain = |held: &Held| Held { content: without_cr(&held.content), ..held.clone() };
        let file = |(file, is_written): (&ReplayedFile, bool)| {
            if !is_written {
                return file.clone();
            }
            ReplayedFile { before: file.before.as_ref().map(plain), after: file.after.as_ref().map(plain) }
        };
        Cow::Owned(files.iter().zip(is_written).map(file).collect())
    }

    fn is_written(&mut self, file: &ReplayedFile) -> bool {
        let Some(before) = file.before.as_ref().filter(|before| has_crlf(&before.content)) else { return false };
        let known = self.known.remove(&before.path);
        let is_written = known.unwrap_or_else(|| self.is_committed_without(before).unwrap_or(false));
        if let Some(after) = &file.after {
            self.known.insert(after.path.clone(), is_written);
        }
        is_written
    }

    /// Whether a file has no uncommitted change, and no CR LF in the commit; `None` when there is no such commit or file, or it cannot be read.
    fn is_committed_without(&self, held: &Held) -> Option<bool> {
        let Self { picture, target, .. } = *self;
        let GitState::Checkout(status) = &picture.collected.snapshots[target].git else { return None };
        if status.changes.iter().any(|change| change.path == held.path) {
            return Some(false);
        }
        let commit = &status.commit.as_ref()?.id;
        let blob = picture.collected.at(target, commit, &held.path).ok()??;
        let content = picture.collected.blob(target, &held.path, blob, held.content.len() as u64).ok()?;
        Some(!has_crlf(&content))
    }
}
