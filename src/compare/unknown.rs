//! Keeps "unknown" apart from "absent" where an environment has no entry.

use crate::compare::{Cell, IN_SUBMODULE};
use crate::path::TreePath;
use crate::snapshot::{IncidentId, Snapshot, UnknownPlace};

/// Says what it means that an environment has no entry.
///
/// Unknown are: everything in an environment that was not read, everything below a folder that could not be listed, everything below
/// the place of a submodule whose content the source does not hold, and a path for which there is an incident instead of an entry.
/// Everything else is absent, also what would be below a file or a link.
pub(super) struct Unknown<'a> {
    everything: Option<IncidentId>,
    /// Sorted by path.
    places: Vec<Place<'a>>,
}

/// Says it path by path, in order.
pub(super) struct Asking<'u> {
    unknown: &'u Unknown<'u>,
    next: usize,
    /// Folders among the places that the last path asked for is in, outermost first.
    inside: Vec<Place<'u>>,
}

#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    path: &'a TreePath,
    incident: IncidentId,
    with_content: bool,
}

impl<'a> Unknown<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let place = |place: UnknownPlace<'a>| Place {
            path: place.path,
            incident: place.incident.unwrap_or(IN_SUBMODULE),
            with_content: place.with_content,
        };
        let mut places: Vec<Place<'a>> = snapshot.unknown_places().map(place).collect();
        places.sort_by(|a, b| a.path.cmp(b.path));
        Self { everything: snapshot.unread_because(), places }
    }

    /// Begins at a path.
    pub(super) fn from(&self, path: &TreePath) -> Asking<'_> {
        let mut asking = Asking { unknown: self, next: 0, inside: Vec::new() };
        let mut folders: Vec<TreePath> = std::iter::successors(path.parent(), TreePath::parent).collect();
        folders.reverse();
        for folder in folders {
            let first = self.places.partition_point(|place| *place.path < folder);
            let here = self.places[first..].iter().take_while(|place| *place.path == folder);
            asking.inside.extend(here.filter(|place| place.with_content));
        }
        asking.next = self.places.partition_point(|place| place.path < path);
        asking
    }
}

impl Asking<'_> {
    /// The cell at `path`, where there is no entry. Paths must be asked for in order; some may be left out.
    pub(super) fn cell(&mut self, path: &TreePath) -> Cell {
        if let Some(incident) = self.unknown.everything {
            return Cell::Unreadable(incident);
        }
        let mut here = None;
        while let Some(place) = self.unknown.places.get(self.next).filter(|place| place.path <= path) {
            self.next += 1;
            if place.with_content {
                self.inside.push(*place);
            } else if place.path == path {
                here = Some(place.incident);
            }
        }
        while let Some(place) = self.inside.last() {
            if path.is_within(place.path) {
                return Cell::Unreadable(place.incident);
            }
            self.inside.pop();
        }
        here.map_or(Cell::Absent, Cell::Unreadable)
    }
}
