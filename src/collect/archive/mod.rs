//! An archive as an environment: read as a stream, never unpacked.
//!
//! Listing goes over the archive once and digests each file on the way, under both names that comparing may ask for, so that telling
//! contents apart needs nothing more. A content that is wanted later is found at once in a tar that is not packed and in a zip; a
//! packed tar is gone over again: once for all contents that are announced ([`Source::prepare`]) and fit into memory, once for all small
//! ones when one is wanted without that. With a state folder the listing is kept ([`kept`]), and what else is found out about contents is
//! in the hash cache as for any file: while the archive is the same file, it is not gone over at all.

mod input;
mod kept;
mod members;
mod read;
mod sparse;
mod tar;
#[cfg(test)]
mod tests;
mod tree;
mod zip;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use self::input::{Fault, FileAt, Form, Limits, Packing};
use self::kept::{Kept, Shelf};
use self::tree::{Locator, Tree};
use super::collected::lock;
use super::naming::Naming;
use super::places::Places;
use super::settle;
use super::walk::in_words;
use crate::collect::{CollectError, Filter, Listing, Source, SourceReader, Stamp, Watch, steady, sys};
use crate::config::PathMap;
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{Content, Counters, Entry, GitState, Incident, IncidentKind, Knows, Names, Snapshot};
use crate::text::Redactor;

/// A tar (plain, or packed by gzip, zstd or xz) or a zip.
pub struct Archive {
    environment: EnvironmentName,
    path: PathBuf,
    canonical: PathBuf,
    file: Arc<File>,
    /// Its state when it was opened.
    stamp: Stamp,
    form: Form,
    strip: u32,
    map: PathMap,
    limits: Limits,
    shelf: Option<Shelf>,
    /// How often it was gone over from its beginning.
    passes: AtomicU64,
    index: OnceLock<Index>,
    /// Contents in memory, by the paths here.
    kept: Mutex<HashMap<TreePath, Arc<[u8]>>>,
    /// All small contents that fit were put there.
    swept: AtomicBool,
}

/// What a listing left for later.
struct Index {
    /// By the paths here.
    locators: BTreeMap<TreePath, Locator>,
    /// Its directory, read when it is needed.
    zip: OnceLock<Option<::zip::ZipArchive<FileAt>>>,
}

/// What one pass over an archive gave.
struct Pass<'a> {
    tree: Tree<'a>,
    names: Names,
    knows: Knows,
    /// Bytes of the file that were read, and bytes of contents that were digested.
    read: u64,
    digested: u64,
    /// Why it ended early; what came before is good.
    ended: Option<Ended>,
    /// There is something after the end of the archive.
    more: bool,
}

struct Ended {
    message: String,
    hint: &'static str,
}

impl Archive {
    /// Opens an archive and recognises its form by its first bytes, whatever it is called. `strip` parts of each name are taken away.
    ///
    /// # Errors
    /// [`CollectError::Stored`] when there is no such file, it may not be read, or it is no archive.
    pub fn open(environment: EnvironmentName, path: &Path, strip: u32, map: PathMap) -> Result<Self, CollectError> {
        let (file, stamp) = open_file(path)?;
        let mut head = Vec::new();
        FileAt::new(&file, 0)
            .take(tar::BLOCK as u64)
            .read_to_end(&mut head)
            .map_err(|error| cannot_read(path, &error))?;
        let form = input::recognise(&head).map_err(|what| CollectError::Stored {
            path: path.to_owned(),
            message: format!("`{}` {what}", path.display()),
            hint: Some("name a .tar, .tar.gz, .tar.zst, .tar.xz or .zip file".to_owned()),
        })?;
        let canonical = path.canonicalize().map_err(|error| cannot_read(path, &error))?;
        Ok(Self {
            environment,
            path: path.to_owned(),
            canonical,
            file,
            stamp,
            form,
            strip,
            map,
            limits: Limits::USUAL,
            shelf: None,
            passes: AtomicU64::new(0),
            index: OnceLock::new(),
            kept: Mutex::default(),
            swept: AtomicBool::new(false),
        })
    }

    /// Keeps its listing in a state folder, and takes it from there. `distrust`: what is there is replaced.
    #[must_use]
    pub fn remembered(mut self, state: Option<&Path>, distrust: bool, redactor: &Redactor) -> Self {
        self.shelf = state.map(|state| Shelf::new(state, distrust, redactor));
        self
    }

    fn count_pass(&self) {
        self.passes.fetch_add(1, Ordering::Relaxed);
    }

    /// A member changes with the archive, and not without it.
    fn stamp_of(&self, size: u64) -> Stamp {
        Stamp { size, ..self.stamp }
    }

    fn zip(&self) -> Option<::zip::ZipArchive<FileAt>> {
        let index = self.index.get().filter(|_| self.form == Form::Zip)?;
        index.zip.get_or_init(|| ::zip::ZipArchive::new(FileAt::new(&self.file, 0)).ok()).clone()
    }

    /// The listing that is kept, as long as the archive is the one that was listed.
    fn kept_listing(&self, filter: &Filter) -> Option<Kept> {
        self.shelf.as_ref()?.take(&self.identity(), filter, &self.map, self.stamp)
    }

    fn listing(&self, kept: Kept, mut counters: Counters) -> Listing {
        let Kept { walked, names, knows, locators } = kept;
        // A second listing, which does not happen, would find the same.
        let _ = self.index.set(Index { locators, zip: OnceLock::new() });
        counters.entries_listed += walked.entries.len() as u64;
        let stamp = |entry: &Entry| match entry.content {
            Content::File(file) => Some(self.stamp_of(file.size)),
            _ => None,
        };
        let stamps = walked.entries.iter().map(stamp).collect();
        let snapshot = Snapshot {
            environment: self.environment.clone(),
            origin: self.origin(),
            entries: walked.entries,
            incidents: walked.incidents,
            knows,
            names,
            git: GitState::NotKept,
        };
        Listing { snapshot, stamps, counters }
    }

    fn pass<'a>(&'a self, filter: &'a Filter, watch: &dyn Watch) -> Result<Pass<'a>, CollectError> {
        self.count_pass();
        let tree = Tree::new(Places::new(Naming::new(&self.map), filter), self.limits);
        let done = match self.form {
            Form::Tar(packing) => members::of_tar(self, packing, tree, watch),
            Form::Zip => zip::members(self, tree, watch),
        };
        done.map_err(|fault| self.unusable(fault))
    }

    /// An archive of which nothing can be used.
    fn unusable(&self, fault: Fault) -> CollectError {
        let path = self.path.display();
        let (message, hint) = match fault {
            Fault::Io(error) => return cannot_read(&self.path, &error),
            Fault::CutOff => (format!("`{path}` is cut off"), "make it, or fetch it, again"),
            Fault::Header(words) | Fault::Damaged(words) => {
                (format!("`{path}` is damaged, so nothing in it is certain: {words}"), "make it, or fetch it, again")
            }
            Fault::Bomb(words) => (format!("`{path}` is not read: {words}"), "look at what is in it"),
        };
        CollectError::Stored { path: self.path.clone(), message, hint: Some(hint.to_owned()) }
    }

    fn ended(&self, fault: Fault, members: u64) -> Result<Ended, Fault> {
        let path = self.path.display();
        let after = format!("what follows the first {members} members is unknown");
        Ok(match fault {
            Fault::CutOff => {
                Ended { message: format!("`{path}` is cut off: {after}"), hint: "make it, or fetch it, again" }
            }
            Fault::Header(words) => {
                Ended { message: format!("`{path}` is damaged: {words}; {after}"), hint: "make it, or fetch it, again" }
            }
            Fault::Bomb(words) => Ended {
                message: format!("`{path}` was not read to its end: {words}; {after}"),
                hint: "look at what is in it",
            },
            other => return Err(other),
        })
    }
}

impl Source for Archive {
    fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    fn origin(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    fn identity(&self) -> Vec<u8> {
        [&b"archive"[..], self.canonical.as_os_str().as_bytes(), self.strip.to_string().as_bytes()].join(&0)
    }

    fn list(&self, filter: &Filter, watch: &dyn Watch) -> Result<Listing, CollectError> {
        let mut counters = Counters { files_opened: 1, ..Counters::default() };
        if let Some(kept) = self.kept_listing(filter) {
            watch.listed(0, kept.walked.entries.len() as u64);
            counters.digests_reused += kept.locators.len() as u64;
            return Ok(self.listing(kept, counters));
        }
        let began = steady::clock();
        let Pass { tree, names, knows, read, digested, ended, more } = self.pass(filter, watch)?;
        if !matches!(sys::stamp_of_file(self.file.as_fd()), Ok(Some(now)) if now == self.stamp) {
            return Err(CollectError::Stored {
                path: self.path.clone(),
                message: format!("`{}` changed while it was read", self.path.display()),
                hint: Some("run again when nothing writes to it".to_owned()),
            });
        }
        let (mut walked, locators) = tree.finish();
        if !self.map.is_empty() {
            settle::settle(&mut walked, &self.map, filter, &self.environment)?;
        }
        counters.bytes_read += read;
        counters.bytes_hashed += digested;
        let is_whole = ended.is_none();
        if let Some(Ended { message, hint }) = ended {
            let hint = Some(hint.to_owned());
            walked.incidents.push(Incident { path: None, kind: IncidentKind::Environment, message, hint });
        }
        if more {
            walked.incidents.push(Incident {
                path: None,
                kind: IncidentKind::Note,
                message: format!(
                    "`{}` has more in it after the end of its archive, which was not read",
                    self.path.display()
                ),
                hint: None,
            });
        }
        let kept = Kept { walked, names, knows, locators };
        if let Some(shelf) = self.shelf.as_ref().filter(|_| is_whole) {
            shelf.put(&self.identity(), filter, &self.map, (self.stamp, began), &kept);
        }
        Ok(self.listing(kept, counters))
    }

    fn is_one_file(&self) -> bool {
        true
    }

    fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    fn reader(&self) -> Box<dyn SourceReader + '_> {
        Box::new(read::Reader::new(self))
    }

    fn prepare(&self, paths: &[&TreePath]) {
        if let Form::Tar(packing) = self.form
            && packing != Packing::Plain
        {
            read::keep(self, packing, paths.iter().map(|path| self.map.to_here(path)));
        }
    }
}

impl Archive {
    fn kept(&self, here: &TreePath) -> Option<Arc<[u8]>> {
        lock(&self.kept).get(here).cloned()
    }
}

/// Opens a file that holds an environment, to which the user's path may lead through links. A pipe is not waited for.
pub(super) fn open_file(path: &Path) -> Result<(Arc<File>, Stamp), CollectError> {
    let file: File = sys::open_named_file(path).map_err(|error| cannot_read(path, &error))?.into();
    let stamp = sys::stamp_of_file(file.as_fd()).map_err(|error| cannot_read(path, &error))?;
    let stamp = stamp.ok_or_else(|| {
        let is_folder = file.metadata().is_ok_and(|there| there.is_dir());
        CollectError::Stored {
            path: path.to_owned(),
            message: format!("`{}` is {}", path.display(), if is_folder { "a folder" } else { "no regular file" }),
            hint: Some(if is_folder { "name the folder with `path`" } else { "name a file" }.to_owned()),
        }
    })?;
    Ok((Arc::new(file), stamp))
}

/// The whole of an open file, from its beginning.
pub(super) fn at_start(file: &Arc<File>) -> impl std::io::Read + use<> {
    FileAt::new(file, 0)
}

/// A file that holds an environment and cannot be read.
pub(super) fn cannot_read(path: &Path, error: &std::io::Error) -> CollectError {
    use std::io::ErrorKind;
    let name = path.display();
    let (message, hint) = match error.kind() {
        ErrorKind::NotFound => (format!("`{name}` is not there"), Some("correct the path")),
        ErrorKind::PermissionDenied => {
            (format!("cannot read `{name}`: permission denied"), Some("run as a user who may read it"))
        }
        _ => (format!("cannot read `{name}`: {}", in_words(error)), None),
    };
    CollectError::Stored { path: path.to_owned(), message, hint: hint.map(str::to_owned) }
}
