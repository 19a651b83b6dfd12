//! Which common paths are left out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::path::TreePath;

/// gitignore rules over common paths. An ignored folder is left out with everything below it, and is not opened.
#[derive(Debug)]
pub struct Filter {
    rules: Gitignore,
    lines: Vec<String>,
}

impl Filter {
    /// Takes rules in the order in which they stand; each was checked by [`crate::config`].
    pub fn new(rules: &[String]) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for rule in rules {
            // A rule that does not parse was refused by the configuration; here it would leave nothing out.
            let _ = builder.add_line(None, rule);
        }
        Self { rules: builder.build().unwrap_or_else(|_| Gitignore::empty()), lines: rules.to_vec() }
    }

    /// The rules as they were written.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether a path is left out by itself. The folders above it were asked about before.
    pub fn leaves_out(&self, path: &TreePath, is_folder: bool) -> bool {
        !self.rules.is_empty()
            && self.rules.matched(Path::new(OsStr::from_bytes(path.as_bytes())), is_folder).is_ignore()
    }

    /// The rule that leaves a path out by itself. Of a path that may be a folder or not, either is asked.
    pub fn rule(&self, path: &TreePath, is_folder: bool) -> Option<&str> {
        let path = Path::new(OsStr::from_bytes(path.as_bytes()));
        let matched = |is_folder| match self.rules.matched(path, is_folder) {
            ignore::Match::Ignore(glob) => Some(glob.original()),
            ignore::Match::None | ignore::Match::Whitelist(_) => None,
        };
        matched(is_folder).or_else(|| matched(true))
    }

    /// Whether a path that is no folder is left out, by itself or with a folder above it.
    pub fn leaves_out_with_folders(&self, path: &TreePath) -> bool {
        self.leaves_out(path, false)
            || std::iter::successors(path.parent(), TreePath::parent).any(|folder| self.leaves_out(&folder, true))
    }
}
