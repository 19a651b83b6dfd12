//! What members of a list are called in common, and which of them are left out, where nothing walks from folder to folder.

use std::collections::HashMap;

use crate::collect::Filter;
use crate::collect::naming::{Naming, Place};
use crate::path::TreePath;

/// Finds places by paths that come in any order; remembers the folders above them.
pub(super) struct Places<'a> {
    naming: Naming<'a>,
    filter: &'a Filter,
    /// By their paths in the environment; `None` for what is left out.
    folders: HashMap<Box<[u8]>, Option<Place>>,
    bytes: u64,
}

impl<'a> Places<'a> {
    pub(super) fn new(naming: Naming<'a>, filter: &'a Filter) -> Self {
        Self { naming, filter, folders: HashMap::new(), bytes: 0 }
    }

    /// How many folders are remembered, and how long their paths are together.
    pub(super) fn folders(&self) -> usize {
        self.folders.len()
    }

    /// See [`Places::folders`].
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The place of a path; `None` when it, or a folder above it, is left out.
    pub(super) fn place(&mut self, path: &TreePath, is_folder: bool) -> Option<Place> {
        let name = path.file_name();
        let parent = path.as_bytes()[..path.as_bytes().len() - name.len()].strip_suffix(b"/").unwrap_or_default();
        let parent = self.folder(parent)?;
        self.child(&parent, name, is_folder)
    }

    fn child(&self, parent: &Place, name: &[u8], is_folder: bool) -> Option<Place> {
        // A repository's own files are not part of what was deployed.
        if name == b".git" { None } else { self.naming.child(parent, name, is_folder, self.filter) }
    }

    fn folder(&mut self, path: &[u8]) -> Option<Place> {
        if path.is_empty() {
            return Some(Place::root());
        }
        if let Some(known) = self.folders.get(path) {
            return known.clone();
        }
        let mut place = Some(Place::root());
        let mut start = 0;
        for end in (0..path.len()).filter(|&at| path[at] == b'/').chain([path.len()]) {
            let (folder, name) = (&path[..end], &path[start..end]);
            start = end + 1;
            if let Some(known) = self.folders.get(folder) {
                place.clone_from(known);
                continue;
            }
            place = place.and_then(|parent| self.child(&parent, name, true));
            self.bytes += folder.len() as u64;
            self.folders.insert(folder.into(), place.clone());
            if place.is_none() {
                // Whatever is below is left out with it, and need not be remembered.
                break;
            }
        }
        place
    }
}
