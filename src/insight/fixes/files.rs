//! The files that fixes are in, each read once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Looking, PartFact};
use crate::path::TreePath;
use crate::snapshot::{Content, EntryRef, Snapshot};
use crate::text::{Document, Limits};

/// Present files, read when they are first asked for.
pub(super) struct Files<'a> {
    looking: &'a Looking<'a>,
    read: RefCell<BTreeMap<EntryRef, Rc<Held>>>,
}

/// What is at the place of a file.
pub(super) enum Found {
    /// Nothing.
    Absent,
    /// The file; the path when it is elsewhere.
    File(Option<TreePath>, Rc<Held>),
    /// Not known, because of this.
    Unknown(PartFact),
}

/// What is known of a content.
pub(super) enum Held {
    /// It, in UTF-8 with LF.
    Text(Vec<u8>),
    /// It is no text, or too large for one.
    Opaque(String),
    /// It is sealed.
    Sensitive,
    /// It could not be read, in words.
    Unread(String),
}

impl<'a> Files<'a> {
    pub(super) fn new(looking: &'a Looking<'a>) -> Self {
        Self { looking, read: RefCell::default() }
    }

    /// The regular file that an environment has for a path, there or elsewhere.
    pub(super) fn entry(&self, environment: usize, path: &TreePath) -> Option<EntryRef> {
        let snapshot = &self.looking.reading.snapshots[environment];
        let entry = match snapshot.find(path) {
            Some(entry) => entry,
            None => elsewhere(snapshot, path)?,
        };
        let is_file = matches!(snapshot.entries[entry].content, Content::File(_));
        is_file.then_some(EntryRef { environment, entry })
    }

    /// What an environment has for a path.
    pub(super) fn find(&self, environment: usize, path: &TreePath) -> Found {
        let snapshot = &self.looking.reading.snapshots[environment];
        if let Some(at) = self.entry(environment, path) {
            let found = &snapshot.entries[at.entry].path;
            return Found::File((found != path).then(|| found.clone()), self.held(at, found));
        }
        match unknown(snapshot, path) {
            Some(why) => Found::Unknown(PartFact::Unread(why)),
            None if (self.looking.is_left_out)(path) => Found::Unknown(PartFact::LeftOut),
            None => Found::Absent,
        }
    }

    fn held(&self, at: EntryRef, path: &TreePath) -> Rc<Held> {
        let known = self.read.borrow().get(&at).cloned();
        known.unwrap_or_else(|| {
            let held = Rc::new(self.read(at, path));
            self.read.borrow_mut().insert(at, Rc::clone(&held));
            held
        })
    }

    fn read(&self, at: EntryRef, path: &TreePath) -> Held {
        if (self.looking.is_sensitive)(path) {
            return Held::Sensitive;
        }
        match self.looking.reading.contents.read(at.environment, path, Limits::default().bytes) {
            Ok(bytes) => Held::new(bytes),
            Err(failure) => Held::Unread(failure.0),
        }
    }
}

impl Held {
    fn new(bytes: Vec<u8>) -> Self {
        match Document::new(bytes, Limits::NONE) {
            Ok(document) => {
                let lines: Vec<_> = (0..document.line_count()).map(|line| document.text(line)).collect();
                Self::Text(lines.join(&b'\n'))
            }
            Err(why) => Self::Opaque(why.to_string()),
        }
    }
}

/// Why it is not known what is at a path that has no file.
fn unknown(snapshot: &Snapshot, path: &TreePath) -> Option<String> {
    let words = |incident: usize| snapshot.incidents.get(incident).map(|it| it.message.clone()).unwrap_or_default();
    if let Some(incident) = snapshot.unread_because() {
        return Some(words(incident.0 as usize));
    }
    for place in std::iter::successors(Some(path.clone()), TreePath::parent) {
        let of_it = |incident: &crate::snapshot::Incident| {
            incident.path.as_ref() == Some(&place) && incident.kind.is_incomplete()
        };
        if let Some(incident) = snapshot.incidents.iter().position(of_it) {
            return Some(words(incident));
        }
        match snapshot.find(&place).map(|at| &snapshot.entries[at].content) {
            Some(Content::Unreadable { incident, .. }) => return Some(words(incident.0 as usize)),
            Some(Content::Submodule { .. }) => {
                return Some("it is in a submodule, whose content this source does not hold".to_owned());
            }
            Some(Content::Symlink { .. }) if place == *path => {
                return Some("it is a link, and links are not followed".to_owned());
            }
            Some(_) => return None,
            None => {}
        }
    }
    None
}

/// The file that a missing one was moved to, as far as names tell: the only one that is called the same in the most equal folders, if it
/// is in one such folder at least or no other file is called so.
fn elsewhere(snapshot: &Snapshot, path: &TreePath) -> Option<usize> {
    let name = path.file_name();
    let is_file = |at: &usize| matches!(snapshot.entries[*at].content, Content::File(_));
    let alike: Vec<(usize, usize)> = (0..snapshot.entries.len())
        .filter(|&at| snapshot.entries[at].path.file_name() == name)
        .filter(is_file)
        .map(|at| (shared(&snapshot.entries[at].path, path), at))
        .collect();
    let &(most, at) = alike.iter().max()?;
    let is_only = alike.iter().filter(|(shared, _)| *shared == most).count() == 1;
    // What packages call alike says nothing.
    let is_telling = most > 1 || alike.len() == 1 && !name.starts_with(b"__") && !name.starts_with(b"index.");
    (is_only && is_telling).then_some(at)
}

/// How many parts at the end of two paths are the same.
fn shared(a: &TreePath, b: &TreePath) -> usize {
    let (a, b): (Vec<&[u8]>, Vec<&[u8]>) = (a.parts().collect(), b.parts().collect());
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}
