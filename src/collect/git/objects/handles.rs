//! What libgit2 reads objects with.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

use git2::Odb;

use crate::collect::git::fault::GitFault;
use crate::collect::git::files::{GitFiles as _, Here, SMALL};

/// Handles on one folder of objects. libgit2 unpacks one object at a time with each, whoever else waits, so that threads have their own.
pub(super) struct Handles {
    /// The folder, as libgit2 takes it.
    folder: String,
    first: Odb<'static>,
    /// One for each further thread of a pool, opened when it reads something.
    further: Box<[OnceLock<Option<Odb<'static>>>]>,
}

impl Handles {
    /// Opens a folder of objects.
    pub(super) fn open(folder: &Path) -> Result<Self, GitFault> {
        let Some(text) = folder.to_str() else {
            return Err(GitFault::Content {
                path: folder.to_owned(),
                problem: "is not UTF-8, and objects are only read from a path that is",
            });
        };
        check_files(folder, 0)?;
        // Whoever reads an object does it, in a fraction of the time.
        git2::opts::strict_hash_verification(false);
        let first = open(text).map_err(|error| {
            GitFault::Unsupported(format!("cannot open the objects in `{text}`: {}", error.message()))
        })?;
        let further = (1..rayon::current_num_threads()).map(|_| OnceLock::new()).collect();
        Ok(Self { folder: text.to_owned(), first, further })
    }

    /// The handle of this thread. Threads of different pools may have the same.
    pub(super) fn own(&self) -> &Odb<'static> {
        let thread = rayon::current_thread_index().unwrap_or(0) % (self.further.len() + 1);
        let further = thread.checked_sub(1).map(|at| self.further[at].get_or_init(|| open(&self.folder).ok()));
        further.and_then(Option::as_ref).unwrap_or(&self.first)
    }
}

fn open(folder: &str) -> Result<Odb<'static>, git2::Error> {
    let odb = Odb::new()?;
    odb.add_disk_alternate(folder)?;
    Ok(odb)
}

/// Makes sure that libgit2, which opens what it finds, finds regular files only: a pipe would hold it for ever.
///
/// Lists the folders of objects and packs (257 at most) and those of the repositories that objects are borrowed from.
fn check_files(objects: &Path, depth: usize) -> Result<(), GitFault> {
    let fault = |path: &Path, source| GitFault::File { path: path.to_owned(), source };
    let list = |folder: &Path| -> Result<Vec<std::fs::DirEntry>, GitFault> {
        let entries = std::fs::read_dir(folder).map_err(|source| fault(folder, source))?;
        entries.collect::<Result<_, _>>().map_err(|source| fault(folder, source))
    };
    for folder in list(objects)? {
        let path = folder.path();
        if !path.is_dir() {
            continue;
        }
        for file in list(&path)? {
            let kind = file.file_type().map_err(|source| fault(&path, source))?;
            let is_plain = kind.is_file() || kind.is_dir() || file.path().metadata().is_ok_and(|it| it.is_file());
            if !is_plain {
                return Err(GitFault::Content { path: file.path(), problem: "is not a regular file" });
            }
        }
    }
    let borrowed = Here.read(&objects.join("info/alternates"), SMALL)?.unwrap_or_default();
    for line in borrowed.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#') {
        let folder = objects.join(OsStr::from_bytes(line));
        // git goes no further either.
        if depth < 5 && folder.is_dir() {
            check_files(&folder, depth + 1)?;
        }
    }
    Ok(())
}
