//! What a folder's entries are called in common, and which of them are left out.

use crate::collect::Filter;
use crate::config::PathMap;
use crate::path::TreePath;

/// Translates names of one environment while it is walked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming<'a> {
    map: &'a PathMap,
}

/// A place in an environment, under both of its names. The root has none.
#[derive(Debug, Clone)]
pub(super) struct Place {
    here: Option<TreePath>,
    /// `None` when both names are equal.
    common: Option<TreePath>,
    passage: bool,
}

impl<'a> Naming<'a> {
    pub(super) fn new(map: &'a PathMap) -> Self {
        Self { map }
    }

    /// Nothing is called differently.
    pub(super) fn is_plain(self) -> bool {
        self.map.is_empty()
    }

    /// The place of a name inside a folder; `None` when it is left out.
    ///
    /// A folder that is left out is still passed through when something below it is mapped to elsewhere.
    pub(super) fn child(self, parent: &Place, name: &[u8], is_folder: bool, filter: &Filter) -> Option<Place> {
        let here = match &parent.here {
            None => TreePath::new(name),
            Some(folder) => folder.join(name),
        }
        // The system gives no name that is not one.
        .ok()?;
        if self.is_plain() {
            return (!filter.leaves_out(&here, is_folder)).then_some(Place {
                here: Some(here),
                common: None,
                passage: false,
            });
        }
        let mapped = self.map.pairs().iter().find(|pair| pair.here == here);
        let leads_on = is_folder && self.map.pairs().iter().any(|pair| pair.here != here && pair.here.is_within(&here));
        let common = self.map.to_common(&here);
        let out = match mapped {
            None if parent.passage => true,
            None => filter.leaves_out(&common, is_folder),
            // The folders above its common path are other ones than those that were asked about on the way here.
            Some(_) => leaves_out_within(filter, &common) || filter.leaves_out(&common, is_folder),
        };
        (!out || leads_on).then_some(Place { here: Some(here), common: Some(common), passage: out })
    }
}

impl Place {
    /// The folder in which the walk begins.
    pub(super) fn root() -> Self {
        Self { here: None, common: None, passage: false }
    }

    /// The path in the environment; empty for the root.
    pub(super) fn here(&self) -> &[u8] {
        self.here.as_ref().map_or(&[], TreePath::as_bytes)
    }

    /// The common path; `None` for the root.
    pub(super) fn common(&self) -> Option<&TreePath> {
        self.common.as_ref().or(self.here.as_ref())
    }

    /// The same, and nothing else of it.
    pub(super) fn into_common(self) -> Option<TreePath> {
        self.common.or(self.here)
    }

    /// It is left out itself, and only leads to what is not.
    pub(super) fn is_passage(&self) -> bool {
        self.passage
    }
}

/// Whether a folder above `path` is left out.
fn leaves_out_within(filter: &Filter, path: &TreePath) -> bool {
    std::iter::successors(path.parent(), TreePath::parent).any(|folder| filter.leaves_out(&folder, true))
}
