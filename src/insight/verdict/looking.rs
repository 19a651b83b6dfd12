//! What is needed to look at the files of a target, and the means to have one.

use std::collections::HashSet;
use std::sync::Arc;

use super::index::Weights;
use super::lines::{self, Line};
use super::load::LARGEST;
use super::places::Places;
use super::steps::Steps;
use super::{Asked, Reading};
use crate::insight::units::{FileChange, Side, Version};
use crate::lately::Lately;
use crate::path::TreePath;
use crate::snapshot::{Algorithms, BlobId, BlobKind, Content, EntryRef};

/// Whatever is needed to look.
pub(super) struct Looking<'a> {
    pub(super) asked: &'a Asked<'a>,
    pub(super) reading: &'a Reading<'a>,
    pub(super) steps: &'a Steps,
    pub(super) places: &'a Places,
    pub(super) weights: &'a Weights,
    /// Files of which it is not known what the target did to their lines.
    pub(super) unseen: &'a HashSet<&'a TreePath>,
    pub(super) lines: &'a KnownLines,
}

/// The lines of texts that were looked at lately: units that change one file are held against one and the same.
pub(super) struct KnownLines(Lately<(BlobId, u64), Arc<[Line]>>);

/// So many bytes of them are kept, and as many of those before.
const LINES: usize = 32 << 20;

impl KnownLines {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Lately::new(LINES))
    }
}

impl Looking<'_> {
    /// Whether two contents are one.
    pub(super) fn is(&self, a: Option<&Side>, b: Option<&Side>) -> Result<bool, String> {
        match (a, b) {
            (None, None) => Ok(true),
            (Some(a), Some(b)) if a.kind == BlobKind::Submodule || b.kind == BlobKind::Submodule => {
                Ok(a.kind == b.kind && self.known(a) == self.known(b))
            }
            (Some(a), Some(b)) if a.version == b.version => Ok(true),
            (Some(a), Some(b)) => {
                if let (Some(a), Some(b)) = (self.known(a), self.known(b)) {
                    return Ok(a == b);
                }
                let content = |side| self.reading.side(side, LARGEST).map_err(|failure| failure.0);
                if let (Some(a), Some(b)) = (content(a)?, content(b)?) {
                    return Ok(a == b);
                }
                let name = self.name(a)?;
                Ok(name.is_some() && name == self.name(b)?)
            }
            _ => Ok(false),
        }
    }

    /// git's name for a content, where it is known.
    pub(super) fn known(&self, side: &Side) -> Option<BlobId> {
        match &side.version {
            Version::Blob { id, .. } => Some(*id),
            Version::Held(_) | Version::Part { .. } => None,
            Version::File { environment, path } => {
                let snapshot = &self.reading.snapshots[*environment];
                let Content::File(file) = &snapshot.entries[snapshot.find(path)?].content else { return None };
                file.digests.git_blob
            }
        }
    }

    /// git's name for a content, where that can be had without holding it in memory.
    fn name(&self, side: &Side) -> Result<Option<BlobId>, String> {
        match &side.version {
            Version::Blob { .. } | Version::Held(_) | Version::Part { .. } => Ok(self.known(side)),
            Version::File { environment, path } => {
                let Some(entry) = self.reading.snapshots[*environment].find(path) else { return Ok(None) };
                let at = EntryRef { environment: *environment, entry };
                let wanted = Algorithms { git_blob: true, ..Algorithms::default() };
                let digests = self.reading.contents.digests(at, wanted).map_err(|failure| failure.0)?;
                Ok(digests.git_blob)
            }
        }
    }

    pub(super) fn content(&self, side: Option<&Side>) -> Result<Vec<u8>, String> {
        let Some(side) = side else { return Ok(Vec::new()) };
        let content = self.reading.side(side, LARGEST).map_err(|failure| failure.0)?;
        content.ok_or_else(|| format!("{:?} is too large to be compared", side.path))
    }

    /// The lines of a text.
    pub(super) fn lines(&self, side: Option<&Side>) -> Result<Arc<[Line]>, String> {
        // What a content is read as depends on its path, where that is one that has secrets.
        let name = side.and_then(|side| Some((self.known(side)?, lines::number(side.path.as_bytes()))));
        if let Some(lines) = name.and_then(|name| self.lines.0.get(&name)) {
            return Ok(lines);
        }
        let lines: Arc<[Line]> = lines::numbers(&self.content(side)?).into();
        if let Some(name) = name {
            self.lines.0.put(name, lines.clone(), size_of_val(&lines[..]));
        }
        Ok(lines)
    }

    /// The target's present file under the name it has there. A file that is taken away is not there under a name that the source has as well:
    /// that is the file which took its place.
    pub(super) fn tip(&self, change: &FileChange) -> Result<Option<Side>, String> {
        let before = change.before.as_ref().map_or(change.path(), |side| &side.path);
        let (snapshots, target) = (self.reading.snapshots, self.asked.target);
        let sides = || [&change.before, &change.after].into_iter().flatten();
        let is_submodule = sides().any(|side| side.kind == BlobKind::Submodule);
        let present = |path: &TreePath| {
            let submodule = || Side::submodule(snapshots, target, path).filter(|_| is_submodule);
            Side::present(snapshots, target, path).or_else(submodule)
        };
        let is_folder = |side: &Side| present(&side.path).is_none() && snapshots[target].has_below(&side.path);
        if let Some(side) = sides().find(|side| side.kind == BlobKind::Submodule && is_folder(side)) {
            return Err(format!("of which commit the files in {:?} are cannot be told", side.path));
        }
        let source = &self.reading.snapshots[self.asked.source];
        let may_be = |path: &TreePath| change.after.is_some() || path == before || source.find(path).is_none();
        let is_there = |path: &TreePath| may_be(path) && present(path).is_some();
        Ok(self.places.find_known(change.path(), before, &is_there)?.and_then(|path| present(&path)))
    }

    pub(super) fn base(&self, before: &TreePath, after: &TreePath) -> Result<Option<Side>, String> {
        let Some((environment, commit)) = &self.steps.base else { return Ok(None) };
        let at = |path: &TreePath| self.reading.commits.at(*environment, commit, path);
        let is_there = |path: &TreePath| at(path).is_ok_and(|blob| blob.is_some());
        let Some(path) = self.places.find(after, before, &is_there) else { return Ok(None) };
        let blob = at(&path).map_err(|failure| failure.to_string())?;
        let environment = *environment;
        Ok(blob.map(|blob| Side { path, kind: blob.kind, version: Version::Blob { environment, id: blob.id } }))
    }
}
