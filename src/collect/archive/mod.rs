//! An archive as an environment: read as a stream, never unpacked.
//!
//! Listing goes over the archive once and digests each file on the way, under both names that comparing may ask for, so that telling
//! contents apart needs nothing more. A content that is wanted later is found at once in a tar that is not packed and in a zip; a
//! packed tar is gone over again: once for all contents that are announced ([`Source::prepare`]) and fit into memory, once for all small
//! ones when one is wanted without that.

mod input;
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
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use self::input::{Fault, FileAt, Form, Limits, Packing};
use self::tree::{Locator, Tree};
use super::collected::lock;
use super::naming::Naming;
use super::places::Places;
use super::settle;
use super::walk::in_words;
use crate::collect::{CollectError, Filter, Listing, Source, SourceReader, Stamp, Watch, sys};
use crate::config::PathMap;
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{GitState, Incident, IncidentKind, Knows, Names, Snapshot};

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
    zip: Option<::zip::ZipArchive<FileAt>>,
}

/// What one pass over an archive gave.
struct Pass<'a> {
    tree: Tree<'a>,
    names: Names,
    knows: Knows,
    /// Bytes of the file that were read, and bytes of contents that were digested.
    read: u64,
    digested: u64,
    zip: Option<::zip::ZipArchive<FileAt>>,
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
            index: OnceLock::new(),
            kept: Mutex::default(),
            swept: AtomicBool::new(false),
        })
    }

    fn pass<'a>(&'a self, filter: &'a Filter, watch: &dyn Watch) -> Result<Pass<'a>, CollectError> {
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
        let Pass { tree, names, knows, read, digested, zip, ended, more } = self.pass(filter, watch)?;
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
        // A second listing, which does not happen, would find the same.
        let _ = self.index.set(Index { locators, zip });
        let mut counters = walked.counters;
        counters.files_opened += 1;
        counters.bytes_read += read;
        counters.bytes_hashed += digested;
        let mut snapshot = Snapshot {
            environment: self.environment.clone(),
            origin: self.origin(),
            entries: walked.entries,
            incidents: walked.incidents,
            knows,
            names,
            git: GitState::NotKept,
        };
        if let Some(Ended { message, hint }) = ended {
            let hint = Some(hint.to_owned());
            snapshot.add_incident(Incident { path: None, kind: IncidentKind::Environment, message, hint });
        }
        if more {
            snapshot.add_incident(Incident {
                path: None,
                kind: IncidentKind::Note,
                message: format!(
                    "`{}` has more in it after the end of its archive, which was not read",
                    self.path.display()
                ),
                hint: None,
            });
        }
        Ok(Listing { snapshot, stamps: walked.stamps, counters })
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
