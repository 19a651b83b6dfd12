//! Opens folders and files below a descriptor: never through a link, never blocking, without moving access times.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::collect::Stamp;
use crate::snapshot::Timestamp;

/// Flags of every folder that is opened below a root.
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Flags to pass through a folder, which takes no permission to list it. `openat2` refuses `PATH` with any flags but these.
const PASS: OFlags = FOLDER.union(OFlags::PATH);

/// The kernel takes paths of up to 4095 bytes in one call.
const LONGEST_PATH: usize = 4000;

/// Set once the kernel, or what filters its calls, is found not to have `openat2`.
static NO_OPENAT2: AtomicBool = AtomicBool::new(false);

/// Opens the root of an environment. It was named by the user, so links on the way to it are followed.
pub(super) fn open_root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// Opens a folder to list it; an empty path is the root itself.
pub(super) fn open_to_list(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<OwnedFd> {
    without_access_time(|noatime| open_below(root, path, FOLDER | OFlags::RDONLY | OFlags::NONBLOCK | noatime))
}

/// Opens a folder to open files in it, which needs no permission to list it; an empty path is the root itself.
pub(super) fn open_to_enter(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<OwnedFd> {
    Ok(open_below(root, path, PASS)?)
}

/// Opens a file for reading. The caller must look at what was opened: a pipe opens as well, without blocking.
pub(super) fn open_file(folder: BorrowedFd<'_>, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    without_access_time(|noatime| rustix::fs::openat(folder, name, flags | noatime, Mode::empty()))
}

/// Opens a file that the user named, which links may lead to. Here too the caller must look at what was opened.
pub(super) fn open_named_file(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    without_access_time(|noatime| rustix::fs::openat(CWD, path, flags | noatime, Mode::empty()))
}

/// The state of an open file when it is a regular one.
pub(super) fn stamp_of_file(file: BorrowedFd<'_>) -> io::Result<Option<Stamp>> {
    let stat = rustix::fs::fstat(file)?;
    Ok((FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| stamp(&stat)))
}

/// What is at a name, itself and not what it may point to.
pub(super) fn look(folder: BorrowedFd<'_>, name: &std::ffi::CStr) -> rustix::io::Result<Stat> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// Identity and age.
pub(super) fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        device: stat.st_dev,
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: timestamp(stat.st_mtime, stat.st_mtime_nsec),
        changed: timestamp(stat.st_ctime, stat.st_ctime_nsec),
    }
}

fn timestamp(seconds: i64, nanos: u64) -> Timestamp {
    Timestamp { seconds, nanos: u32::try_from(nanos).unwrap_or(0) }
}

/// Only an owner (or root) may ask for access times to be left alone; for others they move as they do for any reader.
fn without_access_time(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> io::Result<OwnedFd> {
    match open(OFlags::NOATIME) {
        Err(Errno::PERM) => Ok(open(OFlags::empty())?),
        other => Ok(other?),
    }
}

/// Opens a folder of any depth below `root` without passing a link.
fn open_below(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let mut rest = path;
    let mut passed: Option<OwnedFd> = None;
    while rest.len() > LONGEST_PATH {
        // A part has at most 255 bytes on common systems; a longer one is cut in the middle and is then not found.
        let at = rest[..LONGEST_PATH].iter().rposition(|&b| b == b'/').unwrap_or(LONGEST_PATH);
        let from = passed.as_ref().map_or(root, AsFd::as_fd);
        passed = Some(open_piece(from, &rest[..at], PASS)?);
        rest = rest[at..].strip_prefix(b"/").unwrap_or(&rest[at..]);
    }
    open_piece(passed.as_ref().map_or(root, AsFd::as_fd), rest, flags)
}

fn open_piece(from: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
    if path.is_empty() {
        return rustix::fs::openat(from, ".", flags, Mode::empty());
    }
    if !path.contains(&b'/') {
        return rustix::fs::openat(from, path, flags, Mode::empty());
    }
    if !NO_OPENAT2.load(Ordering::Relaxed) {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match rustix::fs::openat2(from, path, flags, Mode::empty(), resolve) {
            // Most likely because of the access time; the caller asks again without.
            Err(Errno::PERM) if flags.contains(OFlags::NOATIME) => return Err(Errno::PERM),
            // Not there, or refused by a filter of system calls.
            Err(Errno::NOSYS | Errno::PERM) => NO_OPENAT2.store(true, Ordering::Relaxed),
            // Disturbed by a rename somewhere: the slow way tells.
            Err(Errno::AGAIN) => {}
            other => return other,
        }
    }
    open_part_by_part(from, path, flags)
}

fn open_part_by_part(from: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let mut passed: Option<OwnedFd> = None;
    let mut rest = path;
    while let Some(at) = rest.iter().position(|&b| b == b'/') {
        let folder = passed.as_ref().map_or(from, AsFd::as_fd);
        passed = Some(rustix::fs::openat(folder, &rest[..at], PASS, Mode::empty())?);
        rest = &rest[at + 1..];
    }
    rustix::fs::openat(passed.as_ref().map_or(from, AsFd::as_fd), rest, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slow_way_opens_what_the_fast_way_opens() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("a/b/c")).unwrap();
        std::os::unix::fs::symlink("b", home.path().join("a/link")).unwrap();
        let root = open_root(home.path()).unwrap();
        let flags = FOLDER | OFlags::RDONLY;
        let identity = |fd: OwnedFd| rustix::fs::fstat(fd).unwrap().st_ino;
        let fast = identity(open_below(root.as_fd(), b"a/b/c", flags).unwrap());
        assert_eq!(identity(open_part_by_part(root.as_fd(), b"a/b/c", flags).unwrap()), fast);
        assert_eq!(identity(open_to_enter(root.as_fd(), b"a/b/c").unwrap()), fast);
        assert_eq!(open_below(root.as_fd(), b"a/link/c", flags).unwrap_err(), Errno::LOOP);
        assert!(open_part_by_part(root.as_fd(), b"a/link/c", flags).is_err());
        assert_eq!(open_part_by_part(root.as_fd(), b"a/x/c", flags).unwrap_err(), Errno::NOENT);
    }
}
