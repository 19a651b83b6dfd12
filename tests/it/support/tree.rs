//! Trees as literals, written into a temporary folder.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, FileType, Mode};

/// A folder that is being built: each call adds one thing below its root, with the folders above it.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Builds in a folder, which is made when it is not there.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        fs::create_dir_all(&root).unwrap();
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path of the tree is; names may be any bytes.
    pub(crate) fn path(&self, path: impl AsRef<[u8]>) -> PathBuf {
        self.root.join(OsStr::from_bytes(path.as_ref()))
    }

    pub(crate) fn file(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.prepare(path.as_ref()), content).unwrap();
        self
    }

    pub(crate) fn folder(self, path: impl AsRef<[u8]>) -> Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    pub(crate) fn link(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        std::os::unix::fs::symlink(OsStr::from_bytes(target.as_ref()), self.prepare(path.as_ref())).unwrap();
        self
    }

    pub(crate) fn fifo(self, path: impl AsRef<[u8]>) -> Self {
        let path = self.prepare(path.as_ref());
        rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from(0o644), 0).unwrap();
        self
    }

    pub(crate) fn socket(self, path: impl AsRef<[u8]>) -> Self {
        let path = self.prepare(path.as_ref());
        rustix::fs::mknodat(CWD, path, FileType::Socket, Mode::from(0o644), 0).unwrap();
        self
    }

    /// The same device as `/dev/null`; only root can do this.
    pub(crate) fn null_device(self, path: impl AsRef<[u8]>) -> Self {
        let path = self.prepare(path.as_ref());
        let device = rustix::fs::makedev(1, 3);
        rustix::fs::mknodat(CWD, path, FileType::CharacterDevice, Mode::from(0o666), device).unwrap();
        self
    }

    pub(crate) fn mode(self, path: impl AsRef<[u8]>, mode: u32) -> Self {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Sets the time of the last change, in seconds since 1970.
    pub(crate) fn modified(self, path: impl AsRef<[u8]>, seconds: u64) -> Self {
        set_modified(&self.path(path), UNIX_EPOCH + Duration::from_secs(seconds));
        self
    }

    fn prepare(&self, path: &[u8]) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

pub(crate) fn set_modified(path: &Path, time: SystemTime) {
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Waits until the files that exist by now are older than the grain of the file system's clock, so that caches may trust them.
pub(crate) fn settle() {
    std::thread::sleep(Duration::from_millis(120));
}
