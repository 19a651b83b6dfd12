//! Lists a folder in parallel, by descriptors, following nothing.
//!
//! Each folder is opened anew below the root when its turn comes, so there are never more open folders than threads, however wide or
//! deep the tree is, and no stack grows with its depth. Mount points below the root are part of the tree.

use std::cell::RefCell;
use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{FileType, RawDir, Stat};
use rustix::io::Errno;

use crate::collect::access::Reader;
use crate::collect::naming::{Naming, Place};
use crate::collect::{Filter, Stamp, sys};
use crate::path::TreePath;
use crate::snapshot::{
    Attributes, Content, Counters, Digests, Entry, File, Incident, IncidentId, IncidentKind, Special,
};

/// What is below a root. Common paths; in path order when nothing is mapped.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) entries: Vec<Entry>,
    /// Parallel to `entries`.
    pub(super) stamps: Vec<Option<Stamp>>,
    pub(super) incidents: Vec<Incident>,
    /// What each of `incidents` is made of, as long as nothing else was added to them.
    pub(super) reasons: Vec<Reason>,
    /// The `.git` of repositories, which are no entries; by their names there, in no order.
    pub(super) repositories: Vec<TreePath>,
    pub(super) counters: Counters,
}

/// What was tried, and why it failed.
#[derive(Debug)]
pub(super) struct Reason {
    pub(super) act: &'static str,
    pub(super) why: String,
}

/// Lists everything below `root` that is not left out; `listed` is told of so many more entries, from any thread.
///
/// # Errors
/// When the root itself cannot be listed.
pub(super) fn walk(
    root: BorrowedFd<'_>,
    naming: Naming<'_>,
    filter: &Filter,
    listed: &(dyn Fn(u64) + Sync),
) -> io::Result<Walked> {
    let walk = Walk {
        root,
        naming,
        filter,
        listed,
        reader: Reader::current(),
        lists: Mutex::new(Vec::new()),
        repositories: Mutex::new(Vec::new()),
        next: AtomicU32::new(1),
    };
    rayon::scope(|scope| walk.folder(scope, &Task { list: 0, place: Place::root() }));
    let mut lists = walk.lists.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    // Each task has sent exactly one list, so numbers are places.
    lists.sort_unstable_by_key(|(number, _)| *number);
    let walked = assemble(lists.into_iter().map(|(_, list)| Some(list)).collect())?;
    let repositories = walk.repositories.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Walked { repositories, ..walked })
}

struct Walk<'a> {
    root: BorrowedFd<'a>,
    naming: Naming<'a>,
    filter: &'a Filter,
    listed: &'a (dyn Fn(u64) + Sync),
    reader: Reader,
    lists: Mutex<Vec<(u32, List)>>,
    repositories: Mutex<Vec<TreePath>>,
    next: AtomicU32,
}

/// A folder that is to be listed.
struct Task {
    list: u32,
    place: Place,
}

/// The entries of one folder, or why there are none.
type List = Result<Vec<Item>, Failure>;

/// An entry in the making; there is one for everything that is listed, until it is put in order, so it is kept small.
struct Item {
    path: TreePath,
    seen: Seen,
    mode: u32,
    uid: u32,
    gid: u32,
    stamp: Stamp,
    /// A folder that is left out, and only passed through on the way to a mapped one.
    passage: bool,
    /// Where the content of a folder is.
    list: Option<u32>,
    /// Why the entry is unreadable; it gets its number when everything is put in order.
    failure: Option<Box<Failure>>,
}

/// What is there, as far as a look from outside tells.
enum Seen {
    File,
    Symlink(Box<[u8]>),
    Directory,
    Special(Special),
}

struct Failure {
    kind: IncidentKind,
    act: &'static str,
    error: io::Error,
}

thread_local! {
    /// Room for names as the kernel lists them.
    static NAMES: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(64 * 1024));
}

impl Walk<'_> {
    fn folder<'s>(&'s self, scope: &rayon::Scope<'s>, task: &Task) {
        let list = NAMES.with_borrow_mut(|names| self.list(scope, &task.place, names.spare_capacity_mut()));
        if let Ok(items) = &list {
            (self.listed)(items.len() as u64);
        }
        self.lists.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((task.list, list));
    }

    fn list<'s>(&'s self, scope: &rayon::Scope<'s>, place: &Place, names: &mut [MaybeUninit<u8>]) -> List {
        let folder = sys::open_to_list(self.root, place.here()).map_err(Failure::open)?;
        let mut items = Vec::new();
        let mut folders = Vec::new();
        let mut dir = RawDir::new(folder.as_fd(), names);
        while let Some(next) = dir.next() {
            let next = next.map_err(|errno| Failure::folder("list", errno))?;
            let name = next.file_name();
            // A repository's own files are not part of what was deployed.
            if matches!(name.to_bytes(), b"." | b".." | b".git") {
                if name.to_bytes() == b".git" {
                    self.note_repository(place, folder.as_fd());
                }
                continue;
            }
            let stat = match sys::look(folder.as_fd(), name) {
                Ok(stat) => stat,
                // It went away since it was listed, as if the listing had come a moment later.
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(Failure::folder("look into", errno)),
            };
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            let Some(child) = self.naming.child(place, name.to_bytes(), is_folder, self.filter) else { continue };
            let (passage, mut list) = (child.is_passage(), None);
            let path = if is_folder {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let path = child.common().cloned();
                folders.push(Task { list: number, place: child });
                list = Some(number);
                path
            } else {
                child.into_common()
            };
            let Some(path) = path else { continue };
            let (seen, failure) = self.look_at(&stat, folder.as_fd(), name);
            let (mode, uid, gid) = (stat.st_mode & 0o7777, stat.st_uid, stat.st_gid);
            items.push(Item { path, seen, mode, uid, gid, stamp: sys::stamp(&stat), passage, list, failure });
        }
        let skip = place.common().map_or(0, |path| path.as_bytes().len() + 1);
        if self.naming.is_plain() {
            items.sort_unstable_by(|a, b| a.name_from(skip).cmp(b.name_from(skip)));
        }
        items.shrink_to_fit();
        for task in folders {
            scope.spawn(move |scope| self.folder(scope, &task));
        }
        Ok(items)
    }

    /// A folder without HEAD is no repository; anything else of this name leads to one, or hides one.
    fn note_repository(&self, place: &Place, folder: BorrowedFd<'_>) {
        let is_there = |name: &CStr| sys::look(folder, name).ok();
        let is_folder = |stat: &Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let is_one = is_there(c".git").is_some_and(|stat| !is_folder(&stat) || is_there(c".git/HEAD").is_some());
        let separator: &[u8] = if place.here().is_empty() { b"" } else { b"/" };
        let path = TreePath::new([place.here(), separator, b".git"].concat());
        if let (true, Ok(path)) = (is_one, path) {
            self.repositories.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(path);
        }
    }

    fn look_at(&self, stat: &Stat, folder: BorrowedFd<'_>, name: &CStr) -> (Seen, Option<Box<Failure>>) {
        let mut failure = None;
        let seen = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                if !self.reader.may_read(stat, folder, name) {
                    failure = Some(Box::new(Failure::file("open", Errno::ACCESS)));
                }
                Seen::File
            }
            FileType::Symlink => match rustix::fs::readlinkat(folder, name, Vec::new()) {
                Ok(target) => Seen::Symlink(target.into_bytes().into()),
                Err(errno) => {
                    failure = Some(Box::new(Failure::file("read the link", errno)));
                    Seen::Special(Special::Other)
                }
            },
            FileType::Directory => Seen::Directory,
            FileType::Fifo => Seen::Special(Special::Fifo),
            FileType::Socket => Seen::Special(Special::Socket),
            FileType::BlockDevice => Seen::Special(Special::BlockDevice),
            FileType::CharacterDevice => Seen::Special(Special::CharacterDevice),
            FileType::Unknown => Seen::Special(Special::Other),
        };
        (seen, failure)
    }
}

impl Item {
    fn name_from(&self, skip: usize) -> &[u8] {
        &self.path.as_bytes()[skip..]
    }
}

impl Failure {
    fn open(error: io::Error) -> Self {
        // What was a folder a moment ago and is none now is in motion rather than closed.
        let kind = match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => IncidentKind::Unstable,
            _ => IncidentKind::Folder,
        };
        Self { kind, act: "open the folder", error }
    }

    fn folder(act: &'static str, errno: Errno) -> Self {
        Self { kind: IncidentKind::Folder, act, error: errno.into() }
    }

    fn file(act: &'static str, errno: Errno) -> Self {
        Self { kind: IncidentKind::File, act, error: errno.into() }
    }

    fn reason(&self) -> Reason {
        let why = match self.kind {
            IncidentKind::Unstable => "it went away or became something else meanwhile".to_owned(),
            _ => in_words(&self.error),
        };
        Reason { act: self.act, why }
    }

    fn incident(&self, reason: &Reason, path: TreePath) -> Incident {
        let hint = match (self.kind, self.error.kind()) {
            (IncidentKind::Unstable, _) => Some("run again when the environment is at rest"),
            (_, io::ErrorKind::PermissionDenied) => Some("run as a user who may read it, or add it to `ignore`"),
            _ => None,
        };
        let Reason { act, why } = reason;
        let message = format!("cannot {act} `{}`: {why}", String::from_utf8_lossy(path.as_bytes()));
        Incident { path: Some(path), kind: self.kind, message, hint: hint.map(str::to_owned) }
    }
}

/// What the system said, in lower case and without its number.
pub(super) fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it is not there any more".to_owned(),
        _ => {
            let text = error.to_string();
            let mut letters = text.split(" (os error").next().unwrap_or_default().chars();
            letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
        }
    }
}

/// Puts the lists into one: everything below a folder directly follows it. The first list is the root's.
fn assemble(mut lists: Vec<Option<List>>) -> io::Result<Walked> {
    let total = lists.iter().flatten().flatten().map(Vec::len).sum();
    let mut walked =
        Walked { entries: Vec::with_capacity(total), stamps: Vec::with_capacity(total), ..Walked::default() };
    let mut take = |number: u32| lists[number as usize].take().expect("each list is referred to once");
    let mut open = vec![take(0).map_err(|failure| failure.error)?.into_iter()];
    walked.counters.folders_listed = 1;
    while let Some(items) = open.last_mut() {
        let Some(Item { path, seen, mode, uid, gid, stamp, passage, list, mut failure }) = items.next() else {
            open.pop();
            continue;
        };
        match list.map(&mut take) {
            Some(Ok(below)) => {
                walked.counters.folders_listed += 1;
                open.push(below.into_iter());
            }
            Some(Err(reason)) => failure = Some(Box::new(reason)),
            None => {}
        }
        if passage && failure.is_none() {
            continue;
        }
        let content = match (failure, seen) {
            (Some(failure), seen) => {
                let reason = failure.reason();
                walked.incidents.push(failure.incident(&reason, path.clone()));
                walked.reasons.push(reason);
                let incident = IncidentId((walked.incidents.len() - 1) as u32);
                Content::Unreadable { incident, folder: matches!(seen, Seen::Directory) }
            }
            (None, Seen::File) => Content::File(File { size: stamp.size, digests: Digests::default() }),
            (None, Seen::Symlink(target)) => Content::Symlink { target },
            (None, Seen::Directory) => Content::Directory,
            (None, Seen::Special(special)) => Content::Special(special),
        };
        let attributes = Attributes { mode, uid, gid, modified: stamp.modified };
        walked.counters.entries_listed += 1;
        walked.entries.push(Entry { path, content, attributes });
        walked.stamps.push(Some(stamp));
    }
    Ok(walked)
}
