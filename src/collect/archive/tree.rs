//! Makes a tree out of members that come in any order, under any name, more than once.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::naming::Place;
use crate::collect::places::Places;
use crate::collect::walk::Walked;
use crate::path::{TreePath, TreePathError};
use crate::snapshot::{Attributes, Content, Entry, File, Incident, IncidentId, IncidentKind, Special};

use super::input::{Fault, Limits};

/// So many names are told of one trouble; the others are counted.
const TOLD: usize = 20;

/// Where the content of a file is in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Locator {
    /// Which member it is.
    pub(super) member: u64,
    /// Where its content begins, in a tar that is not packed, and has no holes there.
    pub(super) at: Option<u64>,
    /// Bytes of its content.
    pub(super) size: u64,
}

/// What is at a path.
#[derive(Debug, Clone)]
pub(super) enum Thing {
    File(File, Locator),
    Symlink(Box<[u8]>),
    Folder,
    Special(Special),
    /// Something is there, and why it is not known what.
    Unreadable(String),
}

#[derive(Debug)]
struct Found {
    thing: Thing,
    attributes: Attributes,
    place: Place,
}

/// The members that came so far, by their paths in the environment.
pub(super) struct Tree<'a> {
    places: Places<'a>,
    limits: Limits,
    found: BTreeMap<TreePath, Found>,
    names: u64,
    refused: Vec<String>,
    refusals: usize,
    again: BTreeSet<TreePath>,
    /// Of members with one name the archive itself gives only the last.
    names_again: bool,
}

/// The path of a member without its first `strip` parts, as `tar --strip-components` takes them away; `None` when nothing is left.
///
/// # Errors
/// When the name leads out of the archive. It is not bent until it does not.
pub(super) fn member_path(name: &[u8], strip: u32) -> Result<Option<TreePath>, TreePathError> {
    if name.is_empty() {
        return Err(TreePathError::Empty);
    }
    if name.starts_with(b"/") {
        return Err(TreePathError::Absolute);
    }
    let parts: Vec<&[u8]> = name.split(|&b| b == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    if parts.contains(&&b".."[..]) {
        return Err(TreePathError::Parent);
    }
    match parts.get(strip as usize..) {
        None | Some([]) => Ok(None),
        Some(parts) => TreePath::new(parts.join(&b'/')).map(Some),
    }
}

impl<'a> Tree<'a> {
    pub(super) fn new(places: Places<'a>, limits: Limits) -> Self {
        Self {
            places,
            limits,
            found: BTreeMap::new(),
            names: 0,
            refused: Vec::new(),
            refusals: 0,
            again: BTreeSet::new(),
            names_again: false,
        }
    }

    /// Leaves a member out and says why.
    pub(super) fn refuse(&mut self, name: &[u8], why: &str) {
        self.refusals += 1;
        if self.refused.len() < TOLD {
            self.refused.push(format!("`{}` was left out: {why}", String::from_utf8_lossy(name)));
        }
    }

    /// Whether a member is wanted, so that its content has to be read; asked before [`Tree::add`].
    pub(super) fn wants(&mut self, path: &TreePath, is_folder: bool) -> Result<bool, Fault> {
        let wanted = self.places.place(path, is_folder).is_some();
        self.count(0)?;
        Ok(wanted)
    }

    /// Adds a member that [`Tree::wants`]. Of members with one path the last one counts.
    pub(super) fn add(&mut self, path: TreePath, thing: Thing, attributes: Attributes) -> Result<(), Fault> {
        let is_folder = matches!(thing, Thing::Folder);
        let Some(place) = self.places.place(&path, is_folder) else { return Ok(()) };
        let above = path.ancestors().find(|folder| {
            let folder = TreePath::new(*folder).ok().and_then(|folder| self.found.get(&folder));
            folder.is_some_and(|found| !matches!(found.thing, Thing::Folder))
        });
        if let Some(above) = above {
            // Through a link it would be somewhere else.
            let why =
                format!("`{}`, in which it should be, is no folder in this archive", String::from_utf8_lossy(above));
            self.refuse(path.as_bytes(), &why);
            return Ok(());
        }
        let has_content = || {
            self.found
                .range(&path..)
                .find(|(below, _)| **below != path)
                .is_some_and(|(below, _)| below.is_within(&path))
        };
        if !is_folder && has_content() {
            self.refuse(path.as_bytes(), "a folder of that name, with something in it, came before it");
            return Ok(());
        }
        self.count(path.as_bytes().len())?;
        let found = Found { thing, attributes, place };
        if let Some(old) = self.found.insert(path.clone(), found)
            && !(is_folder && matches!(old.thing, Thing::Folder))
        {
            self.again.insert(path);
        }
        Ok(())
    }

    /// What a hard link shares with the member that it names, which has to come before it.
    pub(super) fn linked(&self, target: &TreePath) -> Option<(Thing, Attributes)> {
        let found = self.found.get(target).filter(|found| !matches!(found.thing, Thing::Folder))?;
        Some((found.thing.clone(), found.attributes))
    }

    /// Says that some names are in the archive more than once.
    pub(super) fn note_again(&mut self) {
        self.names_again = true;
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.names += bytes as u64;
        let Limits { names, entries, .. } = self.limits;
        if self.names + self.places.bytes() > names {
            return Err(Fault::Bomb(format!("its paths have more than {names} bytes")));
        }
        if self.found.len() as u64 >= entries || self.places.folders() as u64 >= entries {
            return Err(Fault::Bomb(format!("it has more than {entries} members")));
        }
        Ok(())
    }

    /// The entries by their common paths, in the order of the paths here, with the folders that had no member; and where the contents
    /// are, by the paths here.
    pub(super) fn finish(mut self) -> (Walked, BTreeMap<TreePath, Locator>) {
        self.add_folders();
        let mut walked = Walked::default();
        let mut locators = BTreeMap::new();
        let again = std::mem::take(&mut self.again);
        for (path, Found { thing, attributes, place }) in std::mem::take(&mut self.found) {
            let Some(common) = place.common().filter(|_| !place.is_passage()).cloned() else { continue };
            let content = match thing {
                Thing::File(file, locator) => {
                    locators.insert(path, locator);
                    Content::File(file)
                }
                Thing::Symlink(target) => Content::Symlink { target },
                Thing::Folder => Content::Directory,
                Thing::Special(special) => Content::Special(special),
                Thing::Unreadable(why) => {
                    let message = format!("`{}` {why}", String::from_utf8_lossy(path.as_bytes()));
                    let path = Some(common.clone());
                    walked.incidents.push(Incident { path, kind: IncidentKind::File, message, hint: None });
                    let incident = IncidentId((walked.incidents.len() - 1) as u32);
                    Content::Unreadable { incident, folder: false }
                }
            };
            walked.entries.push(Entry { path: common, content, attributes });
        }
        walked.stamps = vec![None; walked.entries.len()];
        walked.counters.entries_listed = walked.entries.len() as u64;
        walked.incidents.extend(self.troubles(&again));
        (walked, locators)
    }

    fn troubles(&self, again: &BTreeSet<TreePath>) -> Vec<Incident> {
        let mut troubles: Vec<Incident> = Vec::new();
        let mut say = |kind, message: String, hint: Option<&str>| {
            troubles.push(Incident { path: None, kind, message, hint: hint.map(str::to_owned) });
        };
        let hint = "make the archive with names below one folder: tar -C FOLDER -c .";
        for message in &self.refused {
            say(IncidentKind::File, message.clone(), Some(hint));
        }
        let more = self.refusals - self.refused.len();
        if more > 0 {
            say(IncidentKind::File, format!("{more} more members were left out for such reasons"), Some(hint));
        }
        if self.names_again {
            let message = "some names are in the archive more than once; the last of each counts";
            say(IncidentKind::Note, message.to_owned(), None);
        }
        if let Some(first) = again.first() {
            let name = String::from_utf8_lossy(first.as_bytes());
            let others = match again.len() - 1 {
                0 => " is".to_owned(),
                1 => " and 1 other path are".to_owned(),
                more => format!(" and {more} other paths are"),
            };
            let message =
                format!("`{name}`{others} in the archive more than once; the last of each counts, as for tar");
            say(IncidentKind::Note, message, None);
        }
        troubles
    }

    /// Adds folders that have no member of their own. They belong to whom what is in them belongs to, with the permissions that go with
    /// those: nothing else is known of them, and something made up would differ.
    fn add_folders(&mut self) {
        let mut missing: BTreeMap<TreePath, Attributes> = BTreeMap::new();
        for (path, found) in &self.found {
            for folder in path.ancestors().filter_map(|folder| TreePath::new(folder).ok()) {
                if self.found.contains_key(&folder) || missing.contains_key(&folder) {
                    break;
                }
                let mode = match found.thing {
                    Thing::Folder => found.attributes.mode,
                    _ => (found.attributes.mode & 0o666) | ((found.attributes.mode & 0o444) >> 2) | 0o700,
                };
                missing.insert(folder, Attributes { mode, ..found.attributes });
            }
        }
        for (path, attributes) in missing {
            let Some(place) = self.places.place(&path, true) else { continue };
            self.found.insert(path, Found { thing: Thing::Folder, attributes, place });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_first_parts_and_never_lead_out() {
        let path = |name: &[u8], strip| member_path(name, strip).map(|path| path.map(|path| path.as_bytes().to_vec()));
        assert_eq!(path(b"./a//b/", 0), Ok(Some(b"a/b".to_vec())));
        assert_eq!(path(b"./app-1.2/a/b", 1), Ok(Some(b"a/b".to_vec())));
        assert_eq!(path(b"app-1.2", 1), Ok(None));
        assert_eq!(path(b"app-1.2/x", 7), Ok(None));
        assert_eq!(path(b"./", 0), Ok(None));
        assert_eq!(path(b"/etc/passwd", 1), Err(TreePathError::Absolute));
        assert_eq!(path(b"../x", 1), Err(TreePathError::Parent), "not even when that part is stripped");
        assert_eq!(path(b"a/../../x", 0), Err(TreePathError::Parent));
        assert_eq!(path(b"", 0), Err(TreePathError::Empty));
        assert_eq!(path(b"a\0b", 0), Err(TreePathError::Zero));
    }
}
