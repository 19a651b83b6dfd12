//! Whether this process may read a file, judged from its mode.

use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use rustix::fs::{Access, AtFlags, Stat};

/// Who this process is to the file system.
#[derive(Debug)]
pub(super) struct Reader {
    user: u32,
    /// The effective group and the supplementary ones.
    groups: Vec<u32>,
}

impl Reader {
    /// This process.
    pub(super) fn current() -> Self {
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups().unwrap_or_default().into_iter().map(rustix::process::Gid::as_raw));
        Self { user: rustix::process::geteuid().as_raw(), groups }
    }

    /// Whether a file can be opened for reading. The system is asked only where the mode says no: root, capabilities and access
    /// control lists may know better.
    pub(super) fn may_read(&self, stat: &Stat, folder: BorrowedFd<'_>, name: &CStr) -> bool {
        self.mode_allows(stat.st_mode, stat.st_uid, stat.st_gid)
            || rustix::fs::accessat(folder, name, Access::READ_OK, AtFlags::EACCESS).is_ok()
    }

    fn mode_allows(&self, mode: u32, owner: u32, group: u32) -> bool {
        let bit = if owner == self.user {
            0o400
        } else if self.groups.contains(&group) {
            0o040
        } else {
            0o004
        };
        mode & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_class_that_fits_decides() {
        let reader = Reader { user: 7, groups: vec![70, 71] };
        assert!(reader.mode_allows(0o400, 7, 0));
        assert!(!reader.mode_allows(0o044, 7, 70), "an owner is judged as owner alone");
        assert!(reader.mode_allows(0o040, 0, 71));
        assert!(!reader.mode_allows(0o604, 0, 71), "a member of the group is judged as such");
        assert!(reader.mode_allows(0o604, 0, 0));
        assert!(!reader.mode_allows(0o640, 0, 0));
    }
}
